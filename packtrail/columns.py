"""Column chunks: how samples travel.

A chunk is a zstd frame around one MessagePack map (`Chunk`). Every column is a list of
integers: the first value, then the differences, cell by cell, in steps of `step[0] / step[1]`
of its unit; nil is "not known", and the next difference counts from the last known value.
Anybody can read it with a zstd and a MessagePack library: docs/reference/wire.md.

Layout decides the size, not the format: see benchmarks/encoding.py for the alternatives.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection
from fractions import Fraction
from typing import Annotated, Final, NamedTuple, TypeVar, cast

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from packtrail.errors import CodecError, PacktrailError
from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats, SampleBatch
from packtrail.shapes import msgpack_decoder

MAX_SAMPLES: Final = 100_000
MAX_WIDTH: Final = 1_024
MAX_CHUNK_BYTES: Final = 8 * 1024 * 1024
_ZSTD_LEVEL: Final = 3
_AGE_STEP: Final = (1, 100)
_LARGEST: Final = 2**53

Deltas = list[int | None]


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One quantity of a chunk.

    Attributes:
        name: canonical quantity, such as `cell_voltage_v`.
        unit: its unit, for a reader that does not know the name.
        step: numerator and denominator: value = integer * step[0] / step[1].
        data: n integers, or width * n of them, cell after cell, as differences.
        width: number of cells or probes; 0 for one value per pack.
        age: n differences of the value's age in 1/100 s; empty when always fresh.
    """

    name: str
    unit: str
    step: tuple[int, int]
    data: Deltas
    width: Annotated[int, msgspec.Meta(ge=0, le=MAX_WIDTH)] = 0
    age: Deltas = []


class _Skimmed(msgspec.Struct, frozen=True):
    """A column whose integers are still bytes."""

    name: str
    unit: str
    step: tuple[int, int]
    data: msgspec.Raw
    width: Annotated[int, msgspec.Meta(ge=0, le=MAX_WIDTH)] = 0
    age: msgspec.Raw = msgspec.Raw(b"\x90")


class _Skim(msgspec.Struct, frozen=True):
    """A chunk whose columns are still bytes."""

    format: int
    n: Annotated[int, msgspec.Meta(ge=0, le=MAX_SAMPLES)]
    t_ns: list[int]
    columns: list[_Skimmed]


class Chunk(msgspec.Struct, frozen=True):
    """The map inside the zstd frame.

    Attributes:
        format: 1.
        n: number of samples.
        t_ns: UTC nanoseconds of the first sample, then differences.
        columns: the quantities.
    """

    format: int
    n: Annotated[int, msgspec.Meta(ge=0, le=MAX_SAMPLES)]
    t_ns: list[int]
    columns: list[Column]


class Span(NamedTuple):
    """How many samples a chunk holds, and the times of the first and the last, UTC ns."""

    n: int
    from_ns: int
    to_ns: int


_Map = TypeVar("_Map", Chunk, _Skim)
_READER: Final = msgpack_decoder(Chunk)
_SKIMMER: Final = msgpack_decoder(_Skim)
_OWN: Final = threading.local()
_NARROW: Final = re.compile(
    rb"(?:[\x00-\x7f\xc0\xe0-\xff]++|[\xcc\xd0].|[\xcd\xd1]..|[\xce\xd2]....)*+", re.DOTALL
)
"""MessagePack integers of at most 32 bits and nil: 8 MiB of them cannot add up to 2**63."""


def encode_columns(batch: SampleBatch) -> bytes:
    """The chunk that carries `batch`, in the resolution of each quantity.

    Raises:
        CodecError: reason `columns`, when the batch is larger than a chunk may be.
    """
    if len(batch) > MAX_SAMPLES:
        raise CodecError("columns", f"{len(batch)} samples, at most {MAX_SAMPLES}")
    columns = [_column(batch, name) for name in batch.values]
    times = _differences(batch.t_ns)
    chunk = Chunk(1, len(batch), times, columns)
    return zstandard.ZstdCompressor(_ZSTD_LEVEL).compress(msgspec.msgpack.encode(chunk))


def decode_columns(data: bytes, names: Collection[str] | None = None) -> SampleBatch:
    """The samples of a chunk.

    Args:
        data: as it was sent.
        names: quantities that are wanted; all of them by default.

    Raises:
        CodecError: reason `columns`: too large, not a chunk, ragged, or an unknown quantity.
    """
    chunk = read_chunk(data)
    try:
        columns = [one for one in chunk.columns if names is None or one.name in names]
        values = {column.name: _values(column, chunk.n) for column in columns}
        ages = {c.name: _undo(c.age, chunk.n) / _AGE_STEP[1] for c in columns if c.age}
        t_ns = _times(chunk)
        return SampleBatch(t_ns, values, ages)
    except (OverflowError, ValueError, PacktrailError) as error:
        raise CodecError("columns", str(error)) from error


def read_chunk(data: bytes) -> Chunk:
    """The chunk as it was sent, without undoing the differences."""
    return _unpack(data, _READER)


def _unpack(data: bytes, decoder: msgspec.msgpack.Decoder[_Map]) -> _Map:  # noqa: TID251 - a name
    try:
        # A frame states its own size, and the library believes it: look before unpacking.
        if zstandard.frame_content_size(data) > MAX_CHUNK_BYTES:
            raise CodecError("columns", f"more than {MAX_CHUNK_BYTES} bytes unpacked")
        plain = _decompressor().decompress(
            data, max_output_size=MAX_CHUNK_BYTES, allow_extra_data=False
        )
        chunk = decoder.decode(plain)
    except (
        zstandard.ZstdError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise CodecError("columns", str(error)) from error
    if chunk.format != 1:
        raise CodecError("columns", f"format {chunk.format}")
    return chunk


def check_columns(data: bytes) -> Span:
    """Whether `decode_columns` takes a chunk, at an eighth of its price: the same pass.

    Every length, name, step, time and integer is looked at and none is added up: a bridge
    judges with this, and decodes when somebody asks for the samples.

    Raises:
        CodecError: reason `columns`, as `decode_columns` would.
    """
    chunk = _unpack(data, _SKIMMER)
    strange = next((one.name for one in chunk.columns if one.name not in QUANTITIES), None)
    if strange is not None:  # before anything is read whole: a short frame may unpack to much
        raise CodecError("columns", f"unknown quantity {strange[:64]!r}")
    if not all(_is_plain(column, chunk.n) for column in chunk.columns):
        # Too large to be sure, or wrong: the full reading says which, and why.
        return _span(decode_columns(data).t_ns)
    first, *steps = chunk.t_ns or (0,)
    last = first + sum(steps)
    if (
        min(steps, default=0) < 0
        or len(chunk.t_ns) != chunk.n
        or abs(first) + last - first >= 2**62
    ):
        return _span(decode_columns(data).t_ns)
    return Span(chunk.n, first, last)


def widths(data: bytes) -> dict[str, int]:
    """The quantities of a chunk, each with its number of cells or probes; nothing is decoded.

    Raises:
        CodecError: reason `columns`: too large, or not a chunk.
    """
    return {column.name: column.width for column in _unpack(data, _SKIMMER).columns}


def _decompressor() -> zstandard.ZstdDecompressor:
    """One per thread: making one costs as much as using it, and two threads may not share it."""
    found: zstandard.ZstdDecompressor | None = getattr(_OWN, "decompressor", None)
    if found is None:
        found = _OWN.decompressor = zstandard.ZstdDecompressor()
    return found


def _is_plain(column: _Skimmed, n: int) -> bool:
    """Whether a column is surely in order: its integers are too small to run over 64 bits."""
    known = column.name in QUANTITIES and min(column.step) >= 1
    width = column.width or 1
    return known and _holds(column.data, n * width) and _holds(column.age, n, 0)


def _holds(raw: msgspec.Raw, *counts: int) -> bool:
    """Whether an array has one of these lengths and holds nil and narrow integers only."""
    data = bytes(raw)
    if data == b"\x90":
        return 0 in counts
    match data[0]:
        case 0xDC:
            head = 3
        case 0xDD:
            head = 5
        case _:
            head = 1
    count = int.from_bytes(data[1:head], "big") if head > 1 else data[0] - 0x90
    return count in counts and _NARROW.fullmatch(data, head) is not None


def _span(t_ns: NDArray[np.int64]) -> Span:
    first, last = (int(t_ns[0]), int(t_ns[-1])) if len(t_ns) else (0, 0)
    return Span(len(t_ns), first, last)


def _column(batch: SampleBatch, name: str) -> Column:
    quantity, values = QUANTITIES[name], batch.values[name]
    step = Fraction(str(quantity.resolution))
    age = batch.age_s.get(name)
    return Column(
        name=name,
        unit=quantity.unit,
        step=(step.numerator, step.denominator),
        data=_pack(values * (step.denominator / step.numerator)),
        width=values.shape[1] if values.ndim == 2 else 0,
        age=[] if age is None or not np.any(age) else _pack(age * _AGE_STEP[1]),
    )


def _pack(values: Floats) -> Deltas:
    """Integers as differences; each cell's column begins anew from the one before it."""
    flat = values.T.ravel()
    known = np.isfinite(flat)
    integers = np.rint(flat[known])
    if integers.size and np.abs(integers).max() >= _LARGEST:
        raise CodecError("columns", "a value is too large for its step")
    deltas = iter(_differences(integers.astype(np.int64)))
    if known.all():
        return list(deltas)
    return [next(deltas) if here else None for here in known.tolist()]


def _differences(integers: NDArray[np.int64]) -> list[int]:
    differences: list[int] = np.diff(integers, prepend=np.int64(0)).tolist()
    return differences


def _values(column: Column, n: int) -> Floats:
    numerator, denominator = column.step
    if numerator < 1 or denominator < 1:
        raise CodecError("columns", f"{column.name}: step {column.step}")
    flat = _undo(column.data, n * (column.width or 1)) * numerator / denominator
    return flat.reshape(column.width, n).T.copy() if column.width else flat


def _undo(deltas: Deltas, expected: int) -> Floats:
    if len(deltas) != expected:
        raise CodecError("columns", f"{len(deltas)} values where {expected} belong")
    if None not in deltas:
        return _sum(cast("list[int]", deltas)).astype(np.float64)
    values = np.full(expected, np.nan)
    known = [place for place, delta in enumerate(deltas) if delta is not None]
    values[known] = _sum([delta for delta in deltas if delta is not None])
    return values


def _times(chunk: Chunk) -> NDArray[np.int64]:
    if len(chunk.t_ns) != chunk.n:
        raise CodecError("columns", f"{len(chunk.t_ns)} times for {chunk.n} samples")
    return _sum(chunk.t_ns)


def _sum(deltas: list[int]) -> NDArray[np.int64]:
    """Running sum; refuses numbers beyond 64 bits instead of wrapping round."""
    numbers = np.array(deltas, np.int64)
    if numbers.size and np.abs(numbers.astype(np.float64)).sum() >= 2**63:
        raise CodecError("columns", "numbers run over 64 bits")
    return np.cumsum(numbers)
