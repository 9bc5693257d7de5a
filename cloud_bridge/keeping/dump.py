"""A backup file: every row of every table, compressed, with a digest of all at its end.

Frames of MessagePack, each after its length (4 bytes, big-endian), inside one zstd stream: the
head, blocks of rows, the end. It belongs to no database: what SQLite gave PostgreSQL takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

import msgspec
import zstandard

from cloud_bridge.errors import BridgeError
from cloud_bridge.store.tables import Table
from packtrail.language import Text
from packtrail.shapes import from_msgpack, msgpack_decoder

KIND: Final = "packtrail-bridge-backup"
ROWS: Final = 500
MAX_FRAME_BYTES: Final = 1 << 30

Row = Sequence[Any]


class Head(msgspec.Struct, frozen=True):
    """What a backup says of itself first: its kind, the schema's version, its tables."""

    kind: str
    version: int
    made_ns: int
    tables: tuple[Table, ...]


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Rows of the table with this number; -1 for the end, whose rows hold counts and digest."""

    table: int
    rows: list[list[Any]]


class _Sight(msgspec.Struct, frozen=True, array_like=True):
    """A block whose rows are not looked into."""

    table: int
    rows: msgspec.Raw


def write_dump(file: BinaryIO, head: Head, contents: Iterable[Iterable[Row]]) -> list[int]:
    """Write head, rows and end.

    Args:
        file: where to.
        head: names the tables.
        contents: the rows of each, in that order.

    Returns:
        How many rows each table had.
    """
    digest, counts = hashlib.sha256(), []
    compressor = zstandard.ZstdCompressor(level=3)
    with compressor.stream_writer(file, closefd=False) as stream:

        def put(frame: bytes) -> None:
            framed = len(frame).to_bytes(4, "big") + frame
            digest.update(framed)
            stream.write(framed)

        put(msgspec.msgpack.encode(head))
        for number, rows in enumerate(contents):
            counts.append(0)
            for block in _blocks(rows):
                counts[-1] += len(block)
                put(msgspec.msgpack.encode(Block(number, block)))
        put(msgspec.msgpack.encode(Block(-1, [counts, [digest.digest()]])))
    return counts


Tell = Callable[[Table, list[list[Any]]], None]
"""Gets the rows of a block, with their table."""


class Dump:
    """A backup file, read from its beginning.

    Args:
        file: at its first byte.
        where: for errors.

    Raises:
        BridgeError: it is no backup.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._where = where
        self._stream = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
        self._digest = hashlib.sha256()
        self._shape = msgpack_decoder(Block)
        try:
            self.head = from_msgpack(self._frame(), Head)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._fault(Text("not a backup of a bridge", "不是云桥备份")) from error
        if self.head.kind != KIND:
            raise self._fault(Text("not a backup of a bridge", "不是云桥备份"))

    def check(self, name: str, tell: Tell) -> int:
        """Read to the end, without looking into rows of other tables than one; how many there are.

        Args:
            name: of that table.
            tell: gets its rows, block by block, before it is known that the file is whole.

        Raises:
            BridgeError: something was changed, or the file ends early.
        """
        sight = msgpack_decoder(_Sight)
        while True:
            before, frame = self._digest.digest(), self._frame()
            try:
                number = sight.decode(frame).table
                if number != -1:
                    self._tell_of(number, frame, name, tell)
                    continue
                counts, digest = self._shape.decode(frame).rows
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                raise self._changed() from error
            if digest != [before] or len(counts) != len(self.head.tables):
                raise self._changed()
            return sum(counts)

    def _tell_of(self, number: int, frame: bytes, name: str, tell: Tell) -> None:
        if not 0 <= number < len(self.head.tables):
            raise self._changed()
        table = self.head.tables[number]
        if table.name == name:
            tell(table, self._shape.decode(frame).rows)

    def blocks(self) -> Iterator[tuple[Table, list[list[Any]]]]:
        """Every block of rows, up to the end, which has to fit what came before it.

        Raises:
            BridgeError: something was changed, or the file ends early.
        """
        counts = [0] * len(self.head.tables)
        while True:
            before = self._digest.digest()
            try:
                block = self._shape.decode(self._frame())
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise self._changed() from error
            if block.table == -1:
                break
            if not 0 <= block.table < len(counts):
                raise self._changed()
            counts[block.table] += len(block.rows)
            yield self.head.tables[block.table], block.rows
        if block.rows != [counts, [before]]:
            raise self._changed()

    def _frame(self) -> bytes:
        length = self._read(4)
        size = int.from_bytes(length, "big")
        if size > MAX_FRAME_BYTES:
            raise self._changed()
        frame = self._read(size)
        self._digest.update(length)
        self._digest.update(frame)
        return frame

    def _read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            try:
                part = self._stream.read(missing)
            except zstandard.ZstdError as error:
                raise self._changed() from error
            if not part:
                raise self._fault(Text("the backup ends early", "备份文件不完整"))
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _changed(self) -> BridgeError:
        return self._fault(Text("the backup was damaged", "备份文件已损坏"))

    def _fault(self, what: Text) -> BridgeError:
        hint = Text("take another backup; nothing was written", "请使用其他备份；未写入任何内容")
        return BridgeError(what, where=self._where, hint=hint)


def _blocks(rows: Iterable[Row]) -> Iterator[list[list[Any]]]:
    source = iter(rows)
    while block := [list(row) for row in islice(source, ROWS)]:
        yield block
