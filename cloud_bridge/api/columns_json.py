"""Columns of samples as JSON: each number is put into words once, however often it comes.

A sensor has few values: two hours of 108 cells at a millivolt are 780,000 numbers and some sixty
words. The bytes are those of msgspec, which writes the words; only -0.0 is written as 0.0.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats

AT_ONCE: Final = 32_768
"""Cells worded together: their arrays stay in the processor's cache."""
WIDEST: Final = 65_536
"""Steps between the smallest and the largest value for which a table of all of them is made."""
LARGEST: Final = 2.0**53
"""From here on not every whole number is one."""

Words = NDArray[np.bytes_]


def column_json(name: str, column: Floats) -> msgspec.Raw:
    """A column [n] as a list of numbers, [n, width] as a list of lists; NaN becomes null."""
    if not column.size:
        return msgspec.Raw(msgspec.json.encode(column.tolist()))
    rows = max(1, AT_ONCE * len(column) // column.size)
    parts = [_listed(name, column[at : at + rows]) for at in range(0, len(column), rows)]
    return msgspec.Raw(b"[%b]" % b"".join(parts)[:-1])


def _listed(name: str, column: Floats) -> bytes:
    """Each number or row with a comma after it."""
    words, places = _worded(name, column.ravel())
    if column.ndim == 1:
        cells = _ended(words, b"", b",")[places]
    else:
        cells = _rows(words, places.reshape(column.shape))
    # Cells are of one width, filled up with zeros, which no JSON holds.
    return cells.tobytes().translate(None, b"\0")


def _rows(words: Words, places: NDArray[np.intp]) -> Words:
    """A word for each cell, the first and last of a row with its brackets."""
    if places.shape[1] == 1:
        return _ended(words, b"[", b"],")[places]
    cells = _ended(words, b"", b"],")[places]  # as wide as the widest
    cells[:, 1:-1] = _ended(words, b"", b",")[places[:, 1:-1]]
    cells[:, 0] = _ended(words, b"[", b",")[places[:, 0]]
    return cells


def _ended(words: Words, before: bytes, after: bytes) -> Words:
    return np.char.add(np.char.add(before, words), after)


def _worded(name: str, flat: Floats) -> tuple[Words, NDArray[np.intp]]:
    """Words, and for each value which of them it is; the last one is null."""
    known = np.isfinite(flat)
    found = _on_steps(name, flat, known) or _as_they_are(flat, known)
    values, places = found
    places[~known] = len(values)
    texts = msgspec.json.encode([*values.tolist(), None])[1:-1].split(b",")
    return np.array(texts), places


def _on_steps(
    name: str, flat: Floats, known: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.intp]] | None:
    """Values that are whole steps of their quantity, as chunks carry them; None for others."""
    numerator, denominator = _step(name)
    scale = denominator / numerator
    least = float(np.min(flat, where=known, initial=np.inf)) * scale
    most = float(np.max(flat, where=known, initial=-np.inf)) * scale
    if not (0 <= most - least < WIDEST and max(-least, most) < LARGEST):
        return None
    low, high = round(least), round(most)
    places = np.zeros(len(flat), np.intp)
    places[known] = np.rint(flat[known] * scale) - low
    table = np.arange(low, high + 1) * numerator / denominator
    if not np.array_equal(table[places[known]], flat[known]):
        return None
    there = np.flatnonzero(np.bincount(places, minlength=len(table)))
    renumbered = np.zeros(len(table), np.intp)
    renumbered[there] = np.arange(len(there))
    return table[there], renumbered[places]


def _as_they_are(flat: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.intp]]:
    values, inverse = np.unique(flat[known] + 0.0, return_inverse=True)
    places = np.zeros(len(flat), np.intp)
    places[known] = inverse
    return values, places


@cache
def _step(name: str) -> tuple[Any, Any]:
    step = Fraction(str(QUANTITIES[name].resolution))
    return step.numerator, step.denominator
