"""Column chunks of format 1: differences as lists of MessagePack integers, nil for "not known".

Gateways send format 2 (`packtrail.planes`) by now; what was signed in format 1 is read for ever.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.errors import CodecError
from packtrail.planes import MAX_SAMPLES, MAX_WIDTH, Floats
from packtrail.shapes import msgpack_decoder

Deltas = list[int | None]

_DELTAS: Final = msgpack_decoder(Deltas)
_NARROW: Final = re.compile(
    rb"(?:[\x00-\x7f\xc0\xe0-\xff]++|[\xcc\xd0].|[\xcd\xd1]..|[\xce\xd2]....)*+", re.DOTALL
)
"""MessagePack integers of at most 32 bits and nil: 8 MiB of them cannot add up to 2**63."""


class ListedColumn(msgspec.Struct, frozen=True):
    """One quantity of a chunk of format 1.

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


class ListedChunk(msgspec.Struct, frozen=True):
    """The map inside the zstd frame, in format 1.

    Attributes:
        format: 1.
        n: number of samples.
        t_ns: UTC nanoseconds of the first sample, then differences.
        columns: the quantities.
    """

    format: int
    n: Annotated[int, msgspec.Meta(ge=0, le=MAX_SAMPLES)]
    t_ns: list[int]
    columns: list[ListedColumn]


def unpack_list(raw: msgspec.Raw, expected: int) -> Floats:
    """So many numbers, float64 with NaN for nil.

    Args:
        raw: a MessagePack array.
        expected: how many there have to be.

    Raises:
        msgspec.DecodeError: something else than integers and nil.
        CodecError: reason `columns`: another number of them, or they run over 64 bits.
        OverflowError: one of them does.
    """
    deltas = _DELTAS.decode(raw)
    if len(deltas) != expected:
        raise CodecError("columns", f"{len(deltas)} values where {expected} belong")
    if None not in deltas:
        return running_sum(cast("list[int]", deltas)).astype(np.float64)
    values = np.full(expected, np.nan)
    known = [place for place, delta in enumerate(deltas) if delta is not None]
    values[known] = running_sum([delta for delta in deltas if delta is not None])
    return values


def is_narrow(array: msgspec.Raw, expected: int) -> bool:
    """Whether an array has this length and holds nil and narrow integers only."""
    raw = bytes(array)
    head = 1 if raw[0] >> 4 == 0x9 else {0xDC: 3, 0xDD: 5}.get(raw[0], 0)
    count = int.from_bytes(raw[1:head], "big") if head > 1 else raw[0] & 0xF
    return bool(head) and count == expected and _NARROW.fullmatch(raw, head) is not None


def running_sum(deltas: list[int]) -> NDArray[np.int64]:
    """Of differences; refuses numbers beyond 64 bits instead of wrapping round.

    Raises:
        CodecError: reason `columns`.
        OverflowError: a difference alone is beyond.
    """
    numbers = np.array(deltas, np.int64)
    if numbers.size and np.abs(numbers.astype(np.float64)).sum() >= 2**63:
        raise CodecError("columns", "numbers run over 64 bits")
    return np.cumsum(numbers)
