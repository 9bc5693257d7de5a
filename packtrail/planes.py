"""Integers as differences in byte planes: how the columns of a chunk travel since format 2.

The first integer is its own difference, each further one counts from the last known. A difference
d becomes the code 2d, or -2d - 1 where it is negative, so that small steps are small codes; all
codes have the same number of bytes, and byte 0 (the lowest) of every code comes before byte 1 of
every code. A code with every bit set is "not known". Small steps leave high planes of zeros, which
zstd makes nothing of; nobody has to walk over anything to know that a column has its length.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.errors import CodecError

MAX_SAMPLES: Final = 100_000
MAX_WIDTH: Final = 1_024
MOST_PLANES: Final = 7
"""Differences of integers below 2**53 need no more."""
NARROW_PLANES: Final = 4
"""What a chunk can hold of differences in so few bytes cannot add up to 2**63."""
LARGEST: Final = 2**53
_HEADS: Final = {0xC4: 2, 0xC5: 3, 0xC6: 5}
"""First byte of a MessagePack `bin`, and the bytes before its content."""

Floats = NDArray[np.float64]


def pack_planes(values: Floats) -> bytes:
    """Planes of whole numbers; NaN is "not known".

    Args:
        values: [n], or [n, width] which is taken cell after cell; rounded to integers.

    Raises:
        CodecError: reason `columns`, a number too large to be exact.
    """
    flat = values.T.ravel()
    known = np.isfinite(flat)
    integers = np.rint(flat[known])
    if integers.size and np.abs(integers).max() >= LARGEST:
        raise CodecError("columns", "a value is too large for its step")
    whole = integers.astype(np.int64)
    steps = whole - np.concatenate((np.zeros(1, np.int64), whole[:-1]))[: whole.size]
    found = ((steps << 1) ^ (steps >> 63)).astype(np.uint64)
    planes = _planes_for(int(found.max())) if found.size else 1
    codes = np.full(flat.size, 256**planes - 1, "<u8")
    codes[known] = found
    return codes.view(np.uint8).reshape(-1, 8)[:, :planes].T.tobytes()


def unpack_planes(raw: msgspec.Raw, expected: int) -> Floats:
    """So many numbers, float64 with NaN for "not known".

    Args:
        raw: planes as MessagePack has them: head and content.
        expected: how many numbers there have to be.

    Raises:
        CodecError: reason `columns`: no planes, another number, or they run over 64 bits.
    """
    data = memoryview(raw)
    planes = _count_planes(data, expected)
    if not planes:
        raise CodecError("columns", f"no planes of {expected} values in {len(data)} bytes")
    content = np.frombuffer(data, np.uint8, offset=_HEADS[data[0]]).reshape(planes, expected)
    codes = content[0].astype(np.int64)
    for number, plane in enumerate(content[1:], 1):
        if plane.any():  # one large step leaves planes of zeros
            codes |= plane.astype(np.int64) << 8 * number
    steps = (codes >> 1) ^ -(codes & 1)
    missing = codes == 256**planes - 1
    steps[missing] = 0
    if planes > NARROW_PLANES and np.abs(steps.astype(np.float64)).sum() >= 2**63:
        raise CodecError("columns", "numbers run over 64 bits")
    values = np.cumsum(steps).astype(np.float64)
    values[missing] = np.nan
    return values


def are_narrow(raw: msgspec.Raw, expected: int) -> bool:
    """Whether planes hold so many numbers that surely stay within 64 bits."""
    return 0 < _count_planes(memoryview(raw), expected) <= NARROW_PLANES


def _count_planes(data: memoryview, expected: int) -> int:
    """How many bytes each of `expected` numbers has; 0 where they do not fit. No number has one."""
    length = len(data) - _HEADS.get(data[0], len(data) + 1)
    if length < 0 or not expected:
        return 1 if length == 0 else 0
    planes, rest = divmod(length, expected)
    return 0 if rest or planes > MOST_PLANES else planes


def _planes_for(highest: int) -> int:
    """The highest code and the one that is kept for "not known" beside it."""
    return max(1, ((highest + 1).bit_length() + 7) // 8)
