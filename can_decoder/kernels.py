"""Loops for numba; see `can_decoder.compiled`, the only importer."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


@numba.njit(cache=True, nogil=True)
def sort_rows(
    codes: NDArray[np.signedinteger[Any]], messages: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Stable counting sort: row numbers by code, and where each code begins."""
    counts = np.zeros(messages + 1, np.intp)  # one place for negative codes, before the others
    for code in codes:
        counts[np.uint64(code + 1)] += 1
    counts[0] = 0
    starts = np.cumsum(counts)
    places = starts.copy()
    order = np.empty(starts[-1], np.intp)
    for row in range(len(codes)):
        code = codes[row]
        if code >= 0:
            place = places[np.uint64(code)]
            order[place] = row
            places[np.uint64(code)] = place + 1
    return order, starts


@numba.njit(cache=True, nogil=True)
def route(
    ids: NDArray[np.uint32], extended: NDArray[np.uint8], table: Words, factor: int, shift: int
) -> NDArray[np.int16]:
    """Code of each identifier, -1 for unknown ones; see `Router.compiled_table`.

    Unsigned numbers of 64 bits and no branches: conversions and wrong guesses cost most here.
    """
    found = np.empty(len(ids), np.int16)
    factor_, shift_, low = np.uint64(factor), np.uint64(shift), np.uint64(0xFFFFFFFF)
    for row in range(len(ids)):
        number = np.uint64(ids[row]) & np.uint64(0x1FFFFFFF)
        is_long = np.uint64(extended[row]) | (number + np.uint64(0xFFFFF800)) >> np.uint64(32)
        key = number | is_long << np.uint64(31)
        entry = table[(key * factor_ & low) >> shift_]
        found[row] = np.int16(np.int64(entry & low) if entry >> np.uint64(32) == key else -1)
    return found


@numba.njit(cache=True, inline="always")
def _swapped(word: np.uint64) -> np.uint64:
    """The word with its bytes reversed."""
    word = (word & np.uint64(0x00FF00FF00FF00FF)) << np.uint64(8) | (
        word >> np.uint64(8)
    ) & np.uint64(0x00FF00FF00FF00FF)
    word = (word & np.uint64(0x0000FFFF0000FFFF)) << np.uint64(16) | (
        word >> np.uint64(16)
    ) & np.uint64(0x0000FFFF0000FFFF)
    return word << np.uint64(32) | word >> np.uint64(32)


BLOCK = 2048


@numba.njit(cache=True, nogil=True)
def fill(
    rows: NDArray[np.intp],
    at: int,
    words: Words,
    big: NDArray[np.bool_],
    signed: NDArray[np.bool_],
    up: Words,
    down: Words,
    scale: NDArray[np.float64],
    offset: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Decode `rows` into one row of `out` per field, from column `at` on, block by block."""
    little = np.empty(BLOCK, np.uint64)
    swapped = np.empty(BLOCK, np.uint64)
    any_big = big.any()
    for begin in range(0, len(rows), BLOCK):
        count = min(BLOCK, len(rows) - begin)
        for i in range(count):
            little[i] = words[rows[begin + i]]
        if any_big:
            for i in range(count):
                swapped[i] = _swapped(little[i])
        for place in range(len(scale)):
            source = swapped if big[place] else little
            target = out[place, at + begin : at + begin + count]
            factor, shift = scale[place], offset[place]
            _shifted(source, count, signed[place], up[place], down[place], factor, target)
            if shift != 0.0:
                for i in range(count):
                    target[i] += shift


@numba.njit(cache=True, inline="always")
def _shifted(
    source: Words,
    count: int,
    signed: bool,
    up: int,
    down: int,
    factor: float,
    target: NDArray[np.float64],
) -> None:
    """Bits to numbers times a factor; times 1.0 changes no bit."""
    if signed:
        for i in range(count):
            target[i] = np.float64(np.int64(source[i] << up) >> np.int64(down)) * factor
    else:
        for i in range(count):
            target[i] = np.float64(np.int64(source[i] << up >> down)) * factor
