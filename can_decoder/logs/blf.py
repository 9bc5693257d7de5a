"""Vector BLF to batches: containers inflated, objects found and read as arrays.

A container's objects stand one behind the other, each with its size. Their signatures are
searched all at once and the sizes prove the chain; only where that fails is it walked. Object
layouts are those of Vector's published binlog header. Times count from the file's start,
which BLF states without a zone and which is taken as UTC.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch
from can_decoder.logs import compiled
from can_decoder.logs.candump import LATEST_NS
from can_decoder.logs.source import Source

SIGNATURE: Final = b"LOGG"
OBJECT: Final = b"LOBJ"
BASE: Final = struct.Struct("<4sHHII")  # signature, header bytes, header version, bytes, type
CONTAINER, MESSAGE, MESSAGE2, FD, FD64 = 10, 1, 86, 100, 101
HEADER_BYTES: Final = {1: 32, 2: 40}
TEN_MICROSECONDS: Final = 1
REMOTE: Final = 0x80
FD64_REMOTE: Final = 0x0010
EXTENDED: Final = 1 << 31
LARGEST_OBJECT: Final = 1 << 26
LARGEST_CONTENT: Final = 1 << 28
DEFLATED: Final = 2
EPOCH_NS: Final = 1_000_000_000
DLC_BYTES: Final = np.array([*range(9), 12, 16, 20, 24, 32, 48, 64], np.uint8)

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """Where an object keeps its frame, counted from the end of its header.

    Attributes:
        channel: bytes of the channel number (from 1).
        flags: place and type of the flags, and the bit of a remote frame in them.
        identifier: place of the identifier.
        length: place of the number of valid bytes, or of the length code.
        data: place of the payload.
        width: bytes of payload at most.
    """

    channel: int
    flags: tuple[int, str, int]
    identifier: int
    length: int
    data: int
    width: int


SHAPES: Final = {
    MESSAGE: Shape(2, (2, "u1", REMOTE), 4, 3, 8, 8),
    MESSAGE2: Shape(2, (2, "u1", REMOTE), 4, 3, 8, 8),
    FD: Shape(2, (2, "u1", REMOTE), 4, 14, 20, 64),
    FD64: Shape(1, (12, "<u4", FD64_REMOTE), 4, 2, 40, 64),
}


SHAPE_TABLE: Final = np.array(
    [
        (
            kind,
            shape.channel,
            shape.flags[0],
            np.dtype(shape.flags[1]).itemsize,
            shape.flags[2],
            shape.identifier,
            shape.length,
            shape.data,
            shape.width,
        )
        for kind, shape in SHAPES.items()
    ],
    np.int64,
)
"""`SHAPES` for compiled loops."""


def read_blf(source: Source) -> Iterator[FrameBatch]:
    """Batches of a BLF file, one per container."""
    reader = _Reader(source)
    for chunk in source.chunks():
        yield from reader.feed(chunk)
    reader.finish()


def _unpacked(container: bytes) -> bytes:
    """What a container holds; few bytes may claim to be gigabytes, so no more than the limit.

    Raises:
        zlib.error: damaged, cut off, or larger than the limit.
        struct.error: too short for its own header.
    """
    packing = struct.unpack_from("<H14x", container, BASE.size)[0]
    content = container[BASE.size + 16 :]
    if packing != DEFLATED:
        return content
    worker = zlib.decompressobj()
    content = worker.decompress(content, LARGEST_CONTENT)
    if not worker.eof:
        raise zlib.error(f"incomplete, or more than {LARGEST_CONTENT >> 20} MB")
    return content


@dataclass(slots=True)
class _Reader:
    source: Source
    start_ns: int = 0
    begun: bool = False
    stored: bytes = b""
    inner: bytes = b""

    def feed(self, chunk: bytes) -> Iterator[FrameBatch]:
        """Take more of the file."""
        self.stored += chunk
        at = 0
        if not self.begun:
            if len(self.stored) < 72:
                return
            at = self._file_header()
        while (end := self._object_end(at)) and end <= len(self.stored):
            batch = self._outer_object(at)
            if len(batch):
                yield batch
            at = end
        self.stored = self.stored[at:]

    def finish(self) -> None:
        """Say what was cut off."""
        if self.stored.strip(b"\0") or not self.begun:
            self.source.say(
                "the file is cut off in the middle of an object; what stood before was read",
                "文件在对象中途被截断；此前的内容已读出",
            )

    def _file_header(self) -> int:
        size = struct.unpack_from("<I", self.stored, 4)[0]
        year, month, _, day, hour, minute, second, milli = struct.unpack_from(
            "<8H", self.stored, 40
        )
        try:
            start = datetime(year, month, day, hour, minute, second, milli * 1000, UTC)
            start_ns = round(start.timestamp() * 1000) * 1_000_000
            self.start_ns = start_ns if abs(start_ns) < LATEST_NS else 0
        except ValueError:
            self.start_ns = 0  # no date was written: times count from zero
        self.begun = True
        return int(size)

    def _object_end(self, at: int) -> int:
        """End of the object at `at` with its padding, 0 if it is not there yet."""
        if at + BASE.size > len(self.stored):
            return 0
        signature, _, _, size, _ = BASE.unpack_from(self.stored, at)
        if signature != OBJECT or not BASE.size <= size <= LARGEST_OBJECT:
            return self._resume(at)
        return int(at + size + size % 4)

    def _resume(self, at: int) -> int:
        """Damage: go on at the next object that can be found."""
        found = self.stored.find(OBJECT, at + 1)
        if self.stored[at : at + BASE.size].strip(b"\0"):
            self.source.say(
                "bytes that are no object were skipped", "跳过了不属于任何对象的字节", "warning"
            )
        return found if found > 0 else len(self.stored)

    def _outer_object(self, at: int) -> FrameBatch:
        signature, _, _, size, kind = BASE.unpack_from(self.stored, at)
        if signature != OBJECT:
            return FrameBatch.empty()
        if kind != CONTAINER:
            return self._frames(self.stored[at : at + size])
        try:
            content = self.inner + _unpacked(self.stored[at : at + size])
        except (zlib.error, struct.error) as error:
            self.source.say(
                f"a container is damaged and left out: {error}", f"容器损坏，已略过：{error}"
            )
            self.inner = b""
            return FrameBatch.empty()
        return self._frames(content)

    def _frames(self, content: bytes) -> FrameBatch:
        """Frames of the objects in a container; a cut last object waits for the next one."""
        raw = np.frombuffer(content, np.uint8)
        if compiled.is_worth_it(self.source.size):
            found = compiled.read_objects(raw, self.start_ns, SHAPE_TABLE)
            if found is not None:
                batch, end, skipped = found
                self.inner = content[end:]
                self.source.skipped += skipped
                return batch
        places, end = _objects(raw)
        self.inner = content[end:] if len(content) - end < LARGEST_OBJECT else b""
        return self._batch(raw, places)

    def _batch(self, raw: Bytes, places: Places) -> FrameBatch:
        kinds = _gather(raw, places + 12, "<u4")
        versions = _gather(raw, places + 6, "<u2")
        known = sorted({*np.unique(kinds).tolist()} & SHAPES.keys())
        parts = []
        for kind in known:
            for version, header in HEADER_BYTES.items():
                chosen = np.flatnonzero((kinds == kind) & (versions == version))
                if len(chosen):
                    parts.append((chosen, self._shape(raw, places[chosen], header, SHAPES[kind])))
        return self._joined(parts)

    def _joined(
        self, parts: list[tuple[Places, tuple[FrameBatch, NDArray[np.bool_]]]]
    ) -> FrameBatch:
        if not parts:
            return FrameBatch.empty()
        self.source.skipped += sum(int(np.sum(~keep)) for _, (_, keep) in parts)
        if len(parts) == 1:
            _, (batch, keep) = parts[0]
            return batch if keep.all() else batch.select(keep)
        order = np.argsort(np.concatenate([chosen for chosen, _ in parts]), kind="stable")
        width = max(batch.data.shape[1] for _, (batch, _) in parts)
        batches = [batch for _, (batch, _) in parts]
        whole = FrameBatch(
            np.concatenate([b.ids for b in batches])[order],
            np.concatenate([b.extended for b in batches])[order],
            np.concatenate([b.t_ns for b in batches])[order],
            np.concatenate(
                [np.pad(b.data, ((0, 0), (0, width - b.data.shape[1]))) for b in batches]
            )[order],
            np.concatenate([b.length for b in batches])[order],
            np.concatenate([b.channel for b in batches])[order],
        )
        return whole.select(np.concatenate([keep for _, (_, keep) in parts])[order])

    def _shape(
        self, raw: Bytes, places: Places, header: int, shape: Shape
    ) -> tuple[FrameBatch, NDArray[np.bool_]]:
        """Frames of one kind of object, and which of them carry data."""
        body = places + header
        sizes = _gather(raw, places + 8, "<u4").astype(np.int64)
        whole = sizes >= header + shape.data
        body = np.where(whole, body, 0)
        identifiers = _gather(raw, body + shape.identifier, "<u4")
        place, kind, remote = shape.flags
        flags = _gather(raw, body + place, kind)
        channel = _gather(raw, body, "<u2" if shape.channel == 2 else "u1")
        room = np.clip(sizes - header - shape.data, 0, shape.width)
        length = np.minimum(_gather(raw, body + shape.length, "u1"), room)
        width = max(8, int(length.max(initial=0)))
        rows = body + shape.data
        data = _window(raw, rows, width)
        batch = FrameBatch(
            identifiers & np.uint32(0x1FFF_FFFF),
            identifiers >= EXTENDED,
            self._times(raw, places),
            data,
            length.astype(np.uint8),
            (channel.astype(np.int64) - 1).clip(0, 255).astype(np.uint8),
        )
        return batch, whole & (flags & remote == 0)

    def _times(self, raw: Bytes, places: Places) -> NDArray[np.int64]:
        """Header: flags at 16 give the unit, the time stands at 24."""
        unit = np.where(_gather(raw, places + 16, "<u4") == TEN_MICROSECONDS, 10_000, 1)
        return self.start_ns + _gather(raw, places + 24, "<u8").astype(np.int64) * unit


def _objects(raw: Bytes) -> tuple[Places, int]:
    """Places of all whole objects, and the end of the last."""
    words = raw[: len(raw) // 4 * 4].view("<u4")
    places = np.flatnonzero(words == int.from_bytes(OBJECT, "little")).astype(np.int64) * 4
    places = places[places + 32 <= len(raw)]
    if len(places) and places[0] == 0:
        sizes = _gather(raw, places + 8, "<u4").astype(np.int64)
        ends = places + sizes + sizes % 4
        whole = places + sizes <= len(raw)
        if np.array_equal(ends[:-1], places[1:]) and whole[:-1].all() and sizes.min() >= BASE.size:
            return (
                (places, min(int(ends[-1]), len(raw)))
                if whole[-1]
                else (places[:-1], int(places[-1]))
            )
    return _walk(raw.tobytes())


def _walk(content: bytes) -> tuple[Places, int]:
    """Places of all whole objects, one after the other."""
    places = []
    at = content.find(OBJECT)
    while at >= 0 and at + 32 <= len(content):
        signature, _, _, size, _ = BASE.unpack_from(content, at)
        if signature != OBJECT or size < BASE.size:
            at = content.find(OBJECT, at + 1)
            continue
        if at + size > len(content):
            break
        places.append(at)
        at += size + size % 4
        if content[at : at + 4] != OBJECT:
            found = content.find(OBJECT, at)
            at = found if found >= 0 else len(content)
    return np.array(places, np.int64), len(content) if at < 0 else min(at, len(content))


def _gather(raw: Bytes, places: Places, kind: str) -> NDArray[np.unsignedinteger]:
    """One little-endian number at each place; places past the end give 0."""
    raw = _long_enough(raw, places, np.dtype(kind).itemsize)
    numbers = np.ndarray((len(raw) - np.dtype(kind).itemsize + 1,), kind, raw, strides=(1,))
    found: NDArray[np.unsignedinteger] = numbers[places]
    return found


def _window(raw: Bytes, places: Places, width: int) -> Bytes:
    """`width` bytes from each place, zero past the end, [n, width]."""
    raw = _long_enough(raw, places, width)
    rows = np.ndarray((len(raw) - width + 1,), f"V{width}", raw, strides=(1,))
    return rows[places].view(np.uint8).reshape(len(places), width)


def _long_enough(raw: Bytes, places: Places, width: int) -> Bytes:
    """`raw`, with zeros behind it where one of the windows reaches past its end."""
    missing = int(places.max(initial=0)) + width - len(raw)
    return raw if missing <= 0 else np.append(raw, np.zeros(missing, np.uint8))
