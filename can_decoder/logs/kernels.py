"""Loops for numba: candump lines and BLF objects; `can_decoder.logs.compiled` calls them."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

LATEST_S = 9_200_000_000
LEFT, RIGHT, DOT, BLANK, SIGN, NEWLINE, RETURN = 40, 41, 46, 32, 35, 10, 13
ZEROS = 0x3030303030303030
HIGH_BITS = 0x8080808080808080
OBJECT = 0x4A424F4C  # LOBJ


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
def _hex_bytes(word: np.uint64) -> tuple[np.uint64, bool]:
    """Eight hex digits to four bytes, the first two digits lowest; and whether they are."""
    high = np.uint64(HIGH_BITS)
    lower = word | np.uint64(0x2020202020202020)
    # adding up to 0x80 sets a byte's high bit from the lowest digit on, and past the highest
    digit = (word + np.uint64(0x5050505050505050)) & ~(word + np.uint64(0x4646464646464646))
    letter = (lower + np.uint64(0x1F1F1F1F1F1F1F1F)) & ~(lower + np.uint64(0x1919191919191919))
    sound = (digit | letter) & ~word & high == high
    nibbles = (word & np.uint64(0x0F0F0F0F0F0F0F0F)) + np.uint64(9) * (
        word >> np.uint64(6) & np.uint64(0x0101010101010101)
    )
    pairs = (nibbles << np.uint64(4) | nibbles >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    fours = (pairs | pairs >> np.uint64(8)) & np.uint64(0x0000FFFF0000FFFF)
    return (fours | fours >> np.uint64(16)) & np.uint64(0xFFFFFFFF), sound


@numba.njit(cache=True, inline="always")
def _last(word: np.uint64, count: int) -> np.uint64:
    """The last `count` characters of a word (1 to 8), zeros before them."""
    kept = np.uint64(8 * (8 - count))
    return word >> kept << kept | np.uint64(ZEROS) & ((np.uint64(1) << kept) - np.uint64(1))


@numba.njit(cache=True, inline="always")
def _first(word: np.uint64, count: int) -> np.uint64:
    """The first `count` characters of a word (0 to 8), zeros behind them."""
    if count >= 8:
        return word
    kept = (np.uint64(1) << np.uint64(8 * count)) - np.uint64(1)
    return word & kept | np.uint64(ZEROS) & ~kept


@numba.njit(cache=True, inline="always")
def _decimal(word: np.uint64) -> np.int64:
    """Eight decimal digits as a number, -1 if they are none."""
    fours = np.uint64(0xF0F0F0F0F0F0F0F0)
    above = (word + np.uint64(0x0606060606060606)) & fours
    if word & fours | above >> np.uint64(4) != np.uint64(0x3333333333333333):
        return np.int64(-1)
    word -= np.uint64(ZEROS)
    pairs = word * np.uint64(10) + (word >> np.uint64(8))
    mask = np.uint64(0x000000FF000000FF)
    upper = (pairs & mask) * np.uint64(0x000F424000000064)
    lower = (pairs >> np.uint64(16) & mask) * np.uint64(0x0000271000000001)
    return np.int64((upper + lower) >> np.uint64(32))


@numba.njit(cache=True, inline="always")
def _usual_time(raw: Bytes, words: Words, at: int, end: int) -> tuple[Any, int]:
    """As `_time`, for seconds of ten digits and fractions of one to eight."""
    stop = at + 13
    while raw[stop] != RIGHT:
        stop += 1
        if stop - at > 20 or stop >= end:
            return 0, -1
    upper = _decimal(words[at + 1])
    lower = _decimal(_last(words[at + 3], 2))
    fraction = _decimal(_first(words[at + 12], stop - at - 12))
    whole = upper * 100 + lower
    if upper < 0 or lower < 0 or fraction < 0 or whole >= LATEST_S or raw[stop + 1] != BLANK:
        return 0, -1
    return whole * 1_000_000_000 + fraction * 10, stop + 2


@numba.njit(cache=True, inline="always")
def _digits(raw: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """A decimal number of at most `most` digits, and where it ends."""
    value = 0
    limit = min(end, at + most)
    while at < limit and 48 <= raw[at] <= 57:
        value = value * 10 + (raw[at] - 48)
        at += 1
    return value, at


@numba.njit(cache=True, inline="always")
def _time(raw: Bytes, words: Words, at: int, end: int) -> tuple[Any, int]:
    """Nanoseconds of `(seconds.fraction) `, and where the rest begins, -1 if it is no time."""
    if end - at < 12 or raw[at] != LEFT:
        return 0, -1
    if raw[at + 11] == DOT and end - at > 15:
        moment, after = _usual_time(raw, words, at, end)
        if after > 0:
            return moment, after
    whole, dot = _digits(raw, at + 1, end, 15)
    if dot == at + 1 or dot >= end or raw[dot] != DOT or whole >= LATEST_S:
        return 0, -1
    fraction, stop = _digits(raw, dot + 1, end, 9)
    if stop == dot + 1 or stop + 1 >= end or raw[stop] != RIGHT or raw[stop + 1] != BLANK:
        return 0, -1
    for _ in range(10 - (stop - dot)):
        fraction *= 10
    return whole * 1_000_000_000 + fraction, stop + 2


@numba.njit(cache=True, inline="always")
def _name(
    raw: Bytes, words: Words, first: int, end: int, names: Words, sizes: Numbers
) -> tuple[int, int]:
    """Number of the channel whose name begins at `first`, -1 if unknown, and its end."""
    word = words[first]
    for place in range(len(sizes)):
        stop = first + sizes[place]
        if stop < end and raw[stop] == BLANK and _first(word, sizes[place]) == names[place]:
            return place, stop
    return -1, first


@numba.njit(cache=True, nogil=True)
def candump(
    raw: Bytes,
    words: Words,
    begins: Numbers,
    ends: Numbers,
    names: Words,
    sizes: Numbers,
    ids: NDArray[np.uint32],
    extended: NDArray[np.bool_],
    t_ns: Numbers,
    data: Words,
    length: Bytes,
    channel: Bytes,
    done: NDArray[np.bool_],
) -> None:
    """Lines `(seconds.fraction) channel id#data`; any other line is left undone.

    `words` are the eight characters from each place on, as one number; `names` likewise the
    channels' names, filled up with zeros. Behind `raw` stand at least as many characters more.
    """
    for line in range(len(begins)):
        end = ends[line]
        moment, at = _time(raw, words, begins[line], end)
        if at < 0:
            continue
        number, at = _name(raw, words, at, end, names, sizes)
        if number < 0 or at + 4 >= end:
            continue
        digits = 3 if raw[at + 4] == SIGN else 8
        sign = at + 1 + digits
        if sign >= end or raw[sign] != SIGN:
            continue
        four, sound = _hex_bytes(_last(words[sign - 8], digits))
        identifier = (
            (four & np.uint64(0xFF)) << np.uint64(24)
            | (four & np.uint64(0xFF00)) << np.uint64(8)
            | four >> np.uint64(8) & np.uint64(0xFF00)
            | four >> np.uint64(24)
        )
        size = end - sign - 1
        if not sound or identifier > np.uint64(0x1FFFFFFF) or size > 16 or size & 1:
            continue
        left, sound = _hex_bytes(_first(words[sign + 1], size))
        right, sound_too = _hex_bytes(_first(words[sign + 9], max(size - 8, 0)))
        if not (sound and sound_too):
            continue
        ids[line] = identifier
        extended[line] = digits == 8
        t_ns[line] = moment
        data[line] = left | right << np.uint64(32)
        length[line] = size >> 1
        channel[line] = number
        done[line] = True


@numba.njit(cache=True, inline="always")
def _number(words: Words, at: int, size: int) -> np.int64:
    """A little-endian number of `size` bytes, 1 to 8."""
    return np.int64(words[at] << np.uint64(64 - 8 * size) >> np.uint64(64 - 8 * size))


@numba.njit(cache=True, nogil=True)
def objects(words: Words, limit: int, places: Numbers, wide: Bytes) -> tuple[int, ...]:
    """Places of the objects that follow each other from byte 0 to `limit`.

    Stops at the first byte that begins no object; what is cut off is left for later. `wide`
    tells per object type whether its payloads may exceed eight bytes.

    Returns:
        How many, the end of the last, and whether one is wide.
    """
    at = count = any_wide = 0
    while at + 32 <= limit and count < len(places):
        if _number(words, at, 4) != OBJECT:
            return count, at, any_wide
        size = int(_number(words, at + 8, 4))
        if size < 16 or at + size > limit:
            return count, at, any_wide
        kind = _number(words, at + 12, 4)
        if kind < len(wide) and wide[kind]:
            any_wide = 1
        places[count] = at
        count += 1
        at += size + size % 4
    return count, min(at, limit), any_wide


@numba.njit(cache=True, nogil=True)
def frames(
    raw: Bytes,
    words: Words,
    places: Numbers,
    start_ns: int,
    shapes: NDArray[Any],
    ids: NDArray[np.uint32],
    extended: NDArray[np.bool_],
    t_ns: Numbers,
    data: Words,
    length: Bytes,
    channel: Bytes,
    kept: NDArray[np.bool_],
) -> int:
    """Frames of the objects at `places`; returns how many were remote or broken.

    A row of `shapes`: object type, bytes of the channel, place and bytes of the flags, bit of
    a remote frame, places of identifier, length and data, bytes of data at most. A row of
    `data` holds as many words as the longest payload needs.
    """
    skipped = 0
    room_of_row = 8 * data.shape[1]
    for row in range(len(places)):
        at = places[row]
        kind = _number(words, at + 12, 4)
        version = _number(words, at + 6, 2)
        for place in range(len(shapes)):
            shape = shapes[place]
            if shape[0] != kind or version not in (1, 2):
                continue
            header = 32 if version == 1 else 40
            body = at + header
            room = _number(words, at + 8, 4) - header - shape[7]
            remote = _number(words, body + shape[2], shape[3]) & shape[4] if room >= 0 else 1
            if remote:
                skipped += 1
                break
            identifier = _number(words, body + shape[5], 4)
            ids[row] = identifier & 0x1FFFFFFF
            extended[row] = identifier >> 31 & 1
            unit = 10_000 if _number(words, at + 16, 4) == 1 else 1
            t_ns[row] = start_ns + np.int64(words[at + 24]) * unit
            count = min(np.int64(raw[body + shape[6]]), room, shape[8], room_of_row)
            for word in range((count + 7) // 8):
                part = words[body + shape[7] + 8 * word]
                over = np.uint64(8 * max(8 * (word + 1) - count, 0))
                data[row, word] = part << over >> over
            length[row] = count
            channel[row] = min(max(int(_number(words, body, shape[1])) - 1, 0), 255)
            kept[row] = True
            break
    return skipped
