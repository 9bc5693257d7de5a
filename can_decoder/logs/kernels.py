"""Loops for numba: candump lines and BLF objects; `can_decoder.logs.compiled` calls them."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


LATEST_S = 9_200_000_000
LEFT, RIGHT, DOT, BLANK, SIGN, NEWLINE, RETURN = 40, 41, 46, 32, 35, 10, 13


@numba.njit(cache=True, nogil=True)
def edges(raw: Bytes) -> tuple[Numbers, Numbers]:
    """Begin and end of each line, without its line end."""
    count = 0
    for byte in raw:
        count += byte == NEWLINE
    if len(raw) and raw[-1] != NEWLINE:
        count += 1
    begins, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    line, begin = 0, 0
    for at in range(len(raw)):
        if raw[at] == NEWLINE:
            begins[line] = begin
            ends[line] = at - (at > begin and raw[at - 1] == RETURN)
            line, begin = line + 1, at + 1
    if line < count:
        begins[line], ends[line] = begin, len(raw)
    return begins, ends


@numba.njit(cache=True, inline="always")
def _decimal(raw: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """A decimal number of at most `most` digits, and where it ends."""
    value = 0
    limit = min(end, at + most)
    while at < limit and 48 <= raw[at] <= 57:
        value = value * 10 + (raw[at] - 48)
        at += 1
    return value, at


@numba.njit(cache=True, inline="always")
def _time(raw: Bytes, at: int, end: int) -> tuple[int, int]:
    """Nanoseconds of `(seconds.fraction) `, and where the rest begins, -1 if it is no time."""
    if end - at < 12 or raw[at] != LEFT:
        return 0, -1
    whole, dot = _decimal(raw, at + 1, end, 15)
    if dot == at + 1 or dot >= end or raw[dot] != DOT or whole >= LATEST_S:
        return 0, -1
    fraction, stop = _decimal(raw, dot + 1, end, 9)
    if stop == dot + 1 or stop + 1 >= end or raw[stop] != RIGHT or raw[stop + 1] != BLANK:
        return 0, -1
    for _ in range(10 - (stop - dot)):
        fraction *= 10
    return whole * 1_000_000_000 + fraction, stop + 2


@numba.njit(cache=True, inline="always")
def _name(raw: Bytes, first: int, end: int, names: Bytes, sizes: Numbers) -> tuple[int, int]:
    """Number of the channel whose name begins at `first`, -1 if unknown, and its end."""
    at = first
    while at < end and raw[at] != BLANK:
        at += 1
    for place in range(len(sizes)):
        if sizes[place] == at - first:
            step = 0
            while step < at - first and names[place, step] == raw[first + step]:
                step += 1
            if step == at - first:
                return place, at
    return -1, at


@numba.njit(cache=True, inline="always")
def _identifier(raw: Bytes, first: int, end: int, nibbles: Bytes) -> tuple[int, int]:
    """Identifier of three or eight hex digits before `#`, -1 if it is none, and its end."""
    value = 0
    at = first
    while at < end and nibbles[raw[at]] < 16 and at - first < 9:
        value = value << 4 | nibbles[raw[at]]
        at += 1
    digits = at - first
    if at >= end or raw[at] != SIGN or value > 0x1FFFFFFF or digits not in (3, 8):
        return -1, at
    return value, at


@numba.njit(cache=True, inline="always")
def _payload(raw: Bytes, at: int, end: int, nibbles: Bytes, row: Bytes) -> int:
    """Bytes of hex digits up to the end of the line: how many, -1 if they are none."""
    size = end - at
    if size > 16 or size % 2:
        return -1
    size //= 2
    for step in range(size):
        high, low = nibbles[raw[at + 2 * step]], nibbles[raw[at + 2 * step + 1]]
        if high > 15 or low > 15:
            row[:] = 0
            return -1
        row[step] = high << 4 | low
    return size


@numba.njit(cache=True, nogil=True)
def candump(
    raw: Bytes,
    begins: Numbers,
    ends: Numbers,
    names: Bytes,
    sizes: Numbers,
    nibbles: Bytes,
    ids: NDArray[np.uint32],
    extended: NDArray[np.bool_],
    t_ns: Numbers,
    data: Bytes,
    length: Bytes,
    channel: Bytes,
    done: NDArray[np.bool_],
) -> None:
    """Lines `(seconds.fraction) channel id#data`; any other line is left undone."""
    for line in range(len(begins)):
        end = ends[line]
        moment, at = _time(raw, begins[line], end)
        if at < 0:
            continue
        number, at = _name(raw, at, end, names, sizes)
        if number < 0:
            continue
        identifier, stop = _identifier(raw, at + 1, end, nibbles)
        if identifier < 0:
            continue
        size = _payload(raw, stop + 1, end, nibbles, data[line])
        if size < 0:
            continue
        ids[line] = identifier
        extended[line] = stop - at == 9
        t_ns[line] = moment
        length[line] = size
        channel[line] = number
        done[line] = True


@numba.njit(cache=True, inline="always")
def _number(raw: Bytes, at: int, size: int) -> np.int64:
    value = np.int64(0)
    for step in range(size):
        value |= np.int64(raw[at + step]) << np.int64(8 * step)
    return value


@numba.njit(cache=True, nogil=True)
def objects(raw: Bytes, places: Numbers) -> tuple[int, int]:
    """Places of the objects that follow each other from byte 0: how many, and the end.

    Stops at the first byte that begins no object; what is cut off is left for later.
    """
    at = 0
    count = 0
    while at + 32 <= len(raw) and count < len(places):
        if raw[at] != 76 or raw[at + 1] != 79 or raw[at + 2] != 66 or raw[at + 3] != 74:
            return count, at
        size = int(_number(raw, at + 8, 4))
        if size < 16 or at + size > len(raw):
            return count, at
        places[count] = at
        count += 1
        at += size + size % 4
    return count, min(at, len(raw))


@numba.njit(cache=True, nogil=True)
def frames(
    raw: Bytes,
    places: Numbers,
    start_ns: int,
    shapes: NDArray[Any],
    ids: NDArray[np.uint32],
    extended: NDArray[np.bool_],
    t_ns: Numbers,
    data: Bytes,
    length: Bytes,
    channel: Bytes,
    kept: NDArray[np.bool_],
) -> int:
    """Frames of the objects at `places`; returns how many were remote or broken.

    A row of `shapes`: object type, bytes of the channel, place and bytes of the flags, bit of
    a remote frame, places of identifier, length and data, bytes of data at most.
    """
    skipped = 0
    for row in range(len(places)):
        at = places[row]
        kind = _number(raw, at + 12, 4)
        version = _number(raw, at + 6, 2)
        for place in range(len(shapes)):
            shape = shapes[place]
            if shape[0] != kind or version not in (1, 2):
                continue
            header = 32 if version == 1 else 40
            size = _number(raw, at + 8, 4)
            body = at + header
            room = size - header - shape[7]
            remote = _number(raw, body + shape[2], shape[3]) & shape[4] if room >= 0 else 1
            if remote:
                skipped += 1
                break
            identifier = _number(raw, body + shape[5], 4)
            ids[row] = identifier & 0x1FFFFFFF
            extended[row] = identifier >> 31 & 1
            unit = 10_000 if _number(raw, at + 16, 4) == 1 else 1
            t_ns[row] = start_ns + _number(raw, at + 24, 8) * unit
            count = min(np.int64(raw[body + shape[6]]), room, shape[8], data.shape[1])
            for step in range(count):
                data[row, step] = raw[body + shape[7] + step]
            length[row] = count
            channel[row] = min(max(int(_number(raw, body, shape[1])) - 1, 0), 255)
            kept[row] = True
    return skipped
