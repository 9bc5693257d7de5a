"""Bytes of a log, whatever they are wrapped in.

A path, or `-` for standard input, enters; decompressed chunks leave. A stream that breaks
off or is damaged gives all before the damage and a diagnostic.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Literal

import zstandard

from can_decoder.diagnostic import Diagnostic, Severity
from can_decoder.errors import DecoderError
from packtrail.errors import reason_of, remedy_of
from packtrail.language import Text

CHUNK = 1 << 20
LONGEST_LINE = 1 << 16
"""A "line" beyond this is no text; it is passed on so that it cannot fill the memory."""
PACKED_CHUNK = 1 << 16
"""Compressed bytes read at once; a small file may unfold to a thousand times its size."""
GZIP_WINDOW = 31
"""`wbits` of zlib for a gzip header and the largest window."""
STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(slots=True)
class Source:
    """One log being read; findings collect in `diagnostics`.

    Attributes:
        path: the file, or `-`.
        size: bytes of the file as stored, 0 when unknown.
        position: bytes of it that have been read.
        skipped: remote, error and unreadable frames that are no data frames.
    """

    path: Path
    size: int = 0
    position: int = 0
    skipped: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def name(self) -> str:
        """File name for diagnostics."""
        return self.path.name

    def say(self, english: str, chinese: str, severity: Severity = "error", line: int = 0) -> None:
        """Add a diagnostic."""
        self.diagnostics.append(Diagnostic(self.name, line, Text(english, chinese), severity))

    def head(self, count: int = 4096) -> bytes:
        """The first decompressed bytes, without keeping the file open."""
        if str(self.path) == STANDARD_INPUT:
            return b""
        return next(Source(self.path).chunks(), b"")[:count]

    def chunks(self) -> Iterator[bytes]:
        """Decompressed bytes, about a megabyte at a time."""
        if str(self.path) == STANDARD_INPUT:
            while chunk := sys.stdin.buffer.read1(CHUNK):  # type: ignore[union-attr]  # standard input is buffered
                yield chunk
            return
        with self._open() as raw:
            yield from self._unpacked(raw)

    def lines(self) -> Iterator[bytes]:
        """Chunks cut at line ends; the last may lack its own."""
        rest = b""
        for chunk in self.chunks():
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > LONGEST_LINE:
                whole, rest = whole + b"\n" + rest, b""
            if whole:
                yield whole + b"\n"
        if rest:
            yield rest

    def _open(self) -> BufferedReader:
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise DecoderError(
                Text("the log cannot be read: {why}", "无法读取日志：{why}").fill(
                    why=reason_of(error)
                ),
                where=str(self.path),
                hint=remedy_of(error),
            ) from error
        self.size = self.path.stat().st_size
        return raw

    def _unpacked(self, raw: BufferedReader) -> Iterator[bytes]:
        kind = packing(self.path)
        stored = self._stored(raw, PACKED_CHUNK if kind else CHUNK)
        inflate = {"gzip": _gunzipped, "zstd": _unzstd}.get(kind)
        try:
            yield from inflate(stored) if inflate else stored
        except (EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
            self.say(
                f"the file is damaged or cut off: {error}; what stood before was read",
                f"文件损坏或被截断：{error}；此前的内容已读出",
            )

    def _stored(self, raw: BufferedReader, count: int) -> Iterator[bytes]:
        while chunk := raw.read(count):
            self.position += len(chunk)
            yield chunk


def packing(path: Path) -> Literal["gzip", "zstd", ""]:
    """How a file is compressed, by its first bytes."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(_GZIP):
        return "gzip"
    return "zstd" if magic == _ZSTD else ""


def _gunzipped(stored: Iterator[bytes]) -> Iterator[bytes]:
    """All members of a gzip file; what an unfinished one holds comes out before the error."""
    member = zlib.decompressobj(GZIP_WINDOW)
    begun = False
    for chunk in stored:
        data = chunk
        while data:
            begun = True
            if part := member.decompress(data, CHUNK):
                yield part
            data = member.unconsumed_tail
            if member.eof:
                data, begun = member.unused_data.lstrip(b"\0"), False
                member = zlib.decompressobj(GZIP_WINDOW)
    if begun:
        raise EOFError("the compressed data ends too early")


def _unzstd(stored: Iterator[bytes]) -> Iterator[bytes]:
    """All frames of a Zstandard file."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    for chunk in stored:
        data = chunk
        while data:
            part = frame.decompress(data)
            begun = True
            if part:
                yield part
            data = b""
            if frame.eof:
                data, begun = frame.unused_data, False
                frame = zstandard.ZstdDecompressor().decompressobj()
    if begun:
        raise EOFError("the compressed data ends too early")
