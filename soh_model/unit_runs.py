"""Which rows of reference data are of one unit, where nobody said so.

Rows in order of time within a unit and of one unit after another enter; a number per row leaves.
A unit begins where the readings jump and stay there, or where capacity comes back for good: a
broken test or a rest between two tests moves single rows. Fails for units that begin as the one
before ended: they count as one, which makes intervals wider, not narrower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Units = NDArray[np.int64]

JUMP: Final = 1.5
"""Mean log jump, in usual steps, above which a new unit is assumed."""

RISE: Final = 0.05
"""Capacity over rated capacity that no cell regains."""

SHORTEST: Final = 5
"""Rows of a run below which no other begins, and whose medians must differ."""


def numbered(names: Sequence[object]) -> Units:
    """Numbers from 0 for names, in the order in which they first appear."""
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names])


def runs(readings: Floats, soh: Floats) -> Units:
    """Numbers of runs of consecutive similar rows.

    Args:
        readings: of each row, [n, columns].
        soh: capacity over rated capacity, [n].
    """
    table = np.column_stack([readings, soh])
    table = table[:, table.std(axis=0) > 1e-9]
    usual = 1.4826 * np.median(np.abs(np.diff(table, axis=0)), axis=0)
    usual += 0.02 * table.std(axis=0) + 1e-9
    numbers, current, length = [0], 0, 1
    for place in range(1, len(table)):
        begins = _jumps(table, place, usual) or _comes_back(soh, place)
        if length >= SHORTEST and begins:
            current, length = current + 1, 0
        length += 1
        numbers.append(current)
    return np.array(numbers)


def _jumps(table: Floats, place: int, usual: Floats) -> bool:
    """Whether both this row and the next few differ from the ones before."""
    return all(float(np.log1p(np.abs(j) / usual).mean()) > JUMP for j in _steps(table, place))


def _comes_back(soh: Floats, place: int) -> bool:
    """Whether both this row's capacity and the next few's are above the ones before."""
    return all(float(step) > RISE for step in _steps(soh, place))


def _steps(rows: Floats, place: int) -> tuple[Floats, Floats]:
    """From the row before to this one, and from the median of a few before to a few after."""
    before, after = rows[max(0, place - SHORTEST) : place], rows[place : place + SHORTEST]
    lasting = np.median(after, axis=0) - np.median(before, axis=0)
    return rows[place] - rows[place - 1], np.asarray(lasting)
