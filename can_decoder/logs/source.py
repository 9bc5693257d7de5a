"""Bytes of a log, whatever they are wrapped in.

A path, or `-` for standard input, enters; decompressed chunks leave. A stream that breaks
off or is damaged gives all before the damage and a diagnostic.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

import zstandard

from can_decoder.diagnostic import Diagnostic, Severity
from can_decoder.errors import DecoderError
from packtrail.language import Text

CHUNK = 1 << 22
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
        with ExitStack() as stack:
            try:
                stream = _unwrapped(self._open(stack), stack)
                return stream.read(count)
            except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError):
                return b""

    def chunks(self) -> Iterator[bytes]:
        """Decompressed bytes, about 4 MiB each."""
        with ExitStack() as stack:
            raw = self._open(stack)
            stream = _unwrapped(raw, stack)
            while chunk := self._read(stream):
                self.position = self._tell(raw)
                yield chunk

    def lines(self) -> Iterator[bytes]:
        """Chunks cut at line ends; the last may lack its own."""
        rest = b""
        for chunk in self.chunks():
            whole, _, tail = (rest + chunk).rpartition(b"\n")
            rest = tail
            if whole:
                yield whole + b"\n"
        if rest:
            yield rest

    def _read(self, stream: IO[bytes]) -> bytes:
        """The next chunk; damage ends the file."""
        try:
            if stream is sys.stdin.buffer:
                return sys.stdin.buffer.read1(CHUNK)  # type: ignore[attr-defined,no-any-return]  # a BufferedReader
            return stream.read(CHUNK)
        except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
            self.say(
                f"the file is damaged or cut off: {error}; what stood before was read",
                f"文件损坏或被截断：{error}；此前的内容已读出",
            )
            return b""

    def _open(self, stack: ExitStack) -> IO[bytes]:
        if str(self.path) == STANDARD_INPUT:
            return sys.stdin.buffer
        try:
            raw = stack.enter_context(self.path.open("rb"))
        except OSError as error:
            raise DecoderError(
                Text("the log cannot be read", "无法读取日志"),
                where=str(self.path),
                hint=str(error.strerror),
            ) from error
        self.size = self.path.stat().st_size
        return raw

    def _tell(self, raw: IO[bytes]) -> int:
        return 0 if raw is sys.stdin.buffer else raw.tell()


def packing(path: Path) -> Literal["gzip", "zstd", ""]:
    """How a file is compressed, by its first bytes."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(_GZIP):
        return "gzip"
    return "zstd" if magic == _ZSTD else ""


def _unwrapped(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    if raw is sys.stdin.buffer:
        return raw
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(_GZIP):
        unzipped = gzip.GzipFile(fileobj=raw)
        stack.callback(unzipped.close)
        return cast("IO[bytes]", unzipped)
    if magic == _ZSTD:
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        stack.callback(reader.close)
        return cast("IO[bytes]", reader)
    return raw
