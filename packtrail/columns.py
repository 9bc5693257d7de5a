"""Column chunks: how samples travel.

A chunk is a zstd frame around one MessagePack map (`Chunk`). Every column is integers in steps of
`step[0] / step[1]` of its unit: the first value, then the differences, cell by cell, as bytes in
planes (`packtrail.planes`); what is not known is said to be so, and the next difference counts
from the last known value. Anybody can read it with a zstd and a MessagePack library:
docs/reference/wire.md. Chunks of format 1 hold lists in place of bytes and are read for ever.

Layout decides the size, not the format: see benchmarks/encoding.py for the alternatives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
import zstandard

from packtrail.errors import CodecError, PacktrailError
from packtrail.listed import is_narrow, running_sum, unpack_list
from packtrail.planes import MAX_SAMPLES, MAX_WIDTH, Floats, are_narrow, pack_planes, unpack_planes
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch
from packtrail.shapes import msgpack_decoder

FORMAT: Final = 2
LISTED: Final = 1
"""The format before: see `packtrail.listed`."""
MAX_CHUNK_BYTES: Final = 8 * 1024 * 1024
_ZSTD_LEVEL: Final = 3
_AGE_STEP: Final = (1, 100)

Width = Annotated[int, msgspec.Meta(ge=0, le=MAX_WIDTH)]
Samples = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAMPLES)]


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One quantity of a chunk.

    Attributes:
        name: canonical quantity, such as `cell_voltage_v`.
        unit: its unit, for a reader that does not know the name.
        step: numerator and denominator: value = integer * step[0] / step[1].
        data: planes of n integers, or of width * n, cell after cell.
        width: number of cells or probes; 0 for one value per pack.
        age: planes of the n ages of the values in 1/100 s; empty when always fresh.
    """

    name: str
    unit: str
    step: tuple[int, int]
    data: bytes
    width: Width = 0
    age: bytes = b""


class Chunk(msgspec.Struct, frozen=True):
    """The map inside the zstd frame.

    Attributes:
        format: 2.
        n: number of samples.
        t_ns: UTC nanoseconds of the first sample, then differences.
        columns: the quantities.
    """

    format: int
    n: Samples
    t_ns: list[int]
    columns: list[Column]


class _Skimmed(msgspec.Struct, frozen=True):
    """A column of either format; its numbers are what MessagePack wrote."""

    name: str
    unit: str
    step: tuple[int, int]
    data: msgspec.Raw
    width: Width = 0
    age: msgspec.Raw = msgspec.Raw()


class _Skim(msgspec.Struct, frozen=True):
    """A chunk of either format."""

    format: int
    n: Samples
    t_ns: list[int]
    columns: list[_Skimmed]


class Span(NamedTuple):
    """How many samples a chunk holds, and the times of the first and the last, UTC ns."""

    n: int
    from_ns: int
    to_ns: int


class _Numbers(NamedTuple):
    """How a format writes numbers: to read so many, and to see that they surely can be read."""

    unpack: Callable[[msgspec.Raw, int], Floats]
    are_narrow: Callable[[msgspec.Raw, int], bool]


_FORMATS: Final = {
    LISTED: _Numbers(unpack_list, is_narrow),
    FORMAT: _Numbers(unpack_planes, are_narrow),
}
_SKIMMER: Final = msgpack_decoder(_Skim)
_OWN: Final = threading.local()


def encode_columns(batch: SampleBatch) -> bytes:
    """The chunk that carries `batch`, in the resolution of each quantity.

    Raises:
        CodecError: reason `columns`, when the batch is larger than a chunk may be.
    """
    if len(batch) > MAX_SAMPLES:
        raise CodecError("columns", f"{len(batch)} samples, at most {MAX_SAMPLES}")
    columns = [_column(batch, name) for name in batch.values]
    times: list[int] = np.diff(batch.t_ns, prepend=np.int64(0)).tolist()
    chunk = Chunk(FORMAT, len(batch), times, columns)
    return zstandard.ZstdCompressor(_ZSTD_LEVEL).compress(msgspec.msgpack.encode(chunk))


def decode_columns(data: bytes, names: Collection[str] | None = None) -> SampleBatch:
    """The samples of a chunk.

    Args:
        data: as it was sent.
        names: quantities that are wanted; all of them by default.

    Raises:
        CodecError: reason `columns`: too large, not a chunk, ragged, or an unknown quantity.
    """
    chunk = _unpack(data)
    try:
        columns = [one for one in chunk.columns if names is None or one.name in names]
        numbers = _FORMATS[chunk.format]
        values = {column.name: _values(column, chunk.n, numbers) for column in columns}
        ages = {
            one.name: numbers.unpack(one.age, chunk.n) / _AGE_STEP[1]
            for one in columns
            if not _is_fresh(one, numbers)
        }
        if len(chunk.t_ns) != chunk.n:
            raise CodecError("columns", f"{len(chunk.t_ns)} times for {chunk.n} samples")
        return SampleBatch(running_sum(chunk.t_ns), values, ages)
    except (OverflowError, ValueError, msgspec.DecodeError, PacktrailError) as error:
        raise CodecError("columns", str(error)) from error


def check_columns(data: bytes) -> Span:
    """Whether `decode_columns` takes a chunk, at a fraction of its price: the same pass.

    Every name, step, time and length is looked at; that no integer runs over 64 bits follows from
    their width. A bridge judges with this, and decodes when somebody asks for the samples.

    Raises:
        CodecError: reason `columns`, as `decode_columns` would.
    """
    chunk = _unpack(data)
    strange = next((one.name for one in chunk.columns if one.name not in QUANTITIES), None)
    if strange is not None:  # before anything is read whole: a short frame may unpack to much
        raise CodecError("columns", f"unknown quantity {strange[:64]!r}")
    numbers = _FORMATS[chunk.format]
    first, *steps = chunk.t_ns or (0,)
    last = first + sum(steps)
    plain = all(_is_plain(column, chunk.n, numbers) for column in chunk.columns)
    rising = min(steps, default=0) >= 0 and abs(first) + last - first < 2**62
    if plain and rising and len(chunk.t_ns) == chunk.n:
        return Span(chunk.n, first, last)
    # Too large to be sure, or wrong: the full reading says which, and why.
    t_ns = decode_columns(data).t_ns
    return Span(len(t_ns), int(t_ns[0]), int(t_ns[-1])) if len(t_ns) else Span(0, 0, 0)


def widths(data: bytes) -> dict[str, int]:
    """The quantities of a chunk, each with its number of cells or probes; nothing is decoded.

    Raises:
        CodecError: reason `columns`: too large, or not a chunk.
    """
    return {column.name: column.width for column in _unpack(data).columns}


def _unpack(data: bytes) -> _Skim:
    try:
        # A frame states its own size, and the library believes it: look before unpacking.
        if zstandard.frame_content_size(data) > MAX_CHUNK_BYTES:
            raise CodecError("columns", f"more than {MAX_CHUNK_BYTES} bytes unpacked")
        plain = _decompressor().decompress(
            data, max_output_size=MAX_CHUNK_BYTES, allow_extra_data=False
        )
        chunk = _SKIMMER.decode(plain)
    except (
        zstandard.ZstdError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise CodecError("columns", str(error)) from error
    if chunk.format not in _FORMATS:
        raise CodecError("columns", f"format {chunk.format}")
    return chunk


def _decompressor() -> zstandard.ZstdDecompressor:
    """One per thread: making one costs as much as using it, and two threads may not share it."""
    found: zstandard.ZstdDecompressor | None = getattr(_OWN, "decompressor", None)
    if found is None:
        found = _OWN.decompressor = zstandard.ZstdDecompressor()
    return found


def _is_plain(column: _Skimmed, n: int, numbers: _Numbers) -> bool:
    """Whether a column is surely in order: its integers are too small to run over 64 bits."""
    return (
        min(column.step) >= 1
        and numbers.are_narrow(column.data, n * (column.width or 1))
        and (_is_fresh(column, numbers) or numbers.are_narrow(column.age, n))
    )


def _is_fresh(column: _Skimmed, numbers: _Numbers) -> bool:
    """Whether it holds no ages."""
    return not len(column.age) or numbers.are_narrow(column.age, 0)


def _column(batch: SampleBatch, name: str) -> Column:
    quantity, values = QUANTITIES[name], batch.values[name]
    step = Fraction(str(quantity.resolution))
    age = batch.age_s.get(name)
    return Column(
        name=name,
        unit=quantity.unit,
        step=(step.numerator, step.denominator),
        data=pack_planes(values * (step.denominator / step.numerator)),
        width=values.shape[1] if values.ndim == 2 else 0,
        age=b"" if age is None or not np.any(age) else pack_planes(age * _AGE_STEP[1]),
    )


def _values(column: _Skimmed, n: int, numbers: _Numbers) -> Floats:
    numerator, denominator = column.step
    if numerator < 1 or denominator < 1:
        raise CodecError("columns", f"{column.name}: step {column.step}")
    flat = numbers.unpack(column.data, n * (column.width or 1)) * numerator / denominator
    return flat.reshape(column.width, n).T.copy() if column.width else flat
