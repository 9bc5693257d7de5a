"""Whether two sessions of one pack number its cells alike.

What sets a cell apart in one session (its resistance over the median cell's, its state of charge
less the median cell's) is held to the next: a slave unit that was numbered anew, or a harness
plugged in anew between two files, shows as figures that no longer belong to their numbers. The sum
of squared differences over their variances is held to that of numbers dealt at random (its mean and
variance over all permutations; Hoeffding, Ann. Math. Stat. 22 (1951) 558-566). Where the numbers
are no better than that, or single cells are far from themselves, each cell is assigned anew at
least cost (Kuhn-Munkres, by scipy) and followed where any other place would fit much less well.
Assumes that resistances keep their ratio and that states of charge drift by half a point. Fails,
and says so (`unclear`, `unknown`), where cells are too alike, or were balanced or replaced in
between; fails to see two cells that changed places and are alike, which harms no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from soh_model.chemistry import FreshCell
from soh_model.rests import find_rests
from soh_model.self_discharge import volts_per_share
from soh_model.session import Session

Floats = NDArray[np.float64]

DRIFT: Final = (0.01, 0.005)
"""How much a cell's resistance ratio and state of charge change of themselves."""

SCALE: Final = (0.15, 0.25)
"""The same as a share: temperature, and the slope of an aged cell's curve."""

READING_ERROR_V: Final = 0.001
SURPRISE: Final = 25.0
"""Squared deviations (of two figures) at which a cell is no longer itself: five in a million."""

CERTAIN: Final = 9.0
"""Squared deviations by which the second best place of a cell must be worse."""

BY_CHANCE: Final = -3.0
"""Deviations below the mean of all permutations from which on numbers are no accident."""

FEWEST_DEALT: Final = 5
"""Fewer cells have too few permutations: there only a cell far from itself tells."""

NEVER: Final = 1e9


class Order(StrEnum):
    """How the cells of a session are numbered against those of the session before."""

    SAME = "same"
    MOVED = "moved"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


class CellOrder(msgspec.Struct, frozen=True):
    """What became of the numbering over some sessions.

    Attributes:
        realigned: sessions whose cells were numbered otherwise, and could be followed.
        unclear: sessions whose cells could not be followed: nothing said of a single cell before
            them is carried over.
        unchecked: sessions that show too little of their cells to be compared.
    """

    realigned: int = 0
    unclear: int = 0
    unchecked: int = 0

    def with_order(self, order: Order) -> CellOrder:
        """Count one more session."""
        return CellOrder(
            self.realigned + (order is Order.MOVED),
            self.unclear + (order is Order.UNCLEAR),
            self.unchecked + (order is Order.UNKNOWN),
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """What sets each cell apart; arrays [2, cells]: resistance ratio less one, SoC less median.

    Attributes:
        off: the figures, NaN where unknown.
        error: their standard errors.
    """

    off: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class Match:
    """The cells of an older session among those of a newer one.

    Attributes:
        order: how they are numbered.
        places: index in the newer session of each cell of the older, None where it is lost; empty
            unless `moved`.
    """

    order: Order
    places: tuple[int | None, ...] = ()

    def followed(self, cell: int | None) -> int | None:
        """The older session's cell by its number in the newer one; None where that is lost."""
        if cell is None or self.order is Order.UNCLEAR:
            return None
        return self.places[cell] if self.order is Order.MOVED else cell


def signature(
    session: Session, ohms: tuple[Floats, float] | None, fresh: FreshCell, rated_ah: float
) -> Signature | None:
    """What sets each cell of a session apart, None where nothing does.

    Args:
        session: the samples.
        ohms: resistance of each of its cells over the median's, and their standard error.
        fresh: the type's fresh cell, for the slope of its curve.
        rated_ah: rated capacity.
    """
    if session.cells is None or session.cells.shape[1] < 2:
        return None
    off = np.full((2, session.channels), np.nan)
    error = np.full_like(off, np.nan)
    if ohms is not None:
        off[0, session.cell_numbers], error[0, session.cell_numbers] = ohms[0] - 1, ohms[1]
    charge = _charges(session, fresh, rated_ah)
    if charge is not None:
        off[1, session.cell_numbers], error[1, session.cell_numbers] = charge
    return Signature(off, error) if np.isfinite(off).any() else None


def _charges(session: Session, fresh: FreshCell, rated_ah: float) -> tuple[Floats, float] | None:
    """State of charge of each cell less the median's, at the rest that shows it best."""
    found = []
    for rest in find_rests(session, rated_ah):
        if rest.cells is not None and np.isfinite(rest.cells).all():
            slope = volts_per_share(fresh, rest.volts)
            off = (rest.cells - np.median(rest.cells)) / slope
            found.append((float(np.hypot(READING_ERROR_V, session.step_v / 2)) / slope, off))
    if not found:
        return None
    error, off = min(found, key=lambda one: one[0])
    return off, error


def matched(older: Signature | None, newer: Signature | None) -> Match:
    """Where each cell of the older session is in the newer one."""
    if older is None or newer is None:
        return Match(Order.UNKNOWN)
    if older.off.shape != newer.off.shape:
        return Match(Order.UNCLEAR)
    cost, figures = _cost(older, newer)
    if not figures:
        return Match(Order.UNKNOWN)
    dealt = _dealt(cost)
    by_number = dealt is None or float(np.trace(cost)) < dealt[0] + BY_CHANCE * dealt[1]
    if float(np.diag(cost).max()) <= SURPRISE:
        if by_number:
            return Match(Order.SAME)
        if dealt is not None and figures > dealt[0] + BY_CHANCE * dealt[1]:
            return Match(Order.UNKNOWN)
    return _assigned(cost, by_number=by_number)


def _cost(older: Signature, newer: Signature) -> tuple[Floats, int]:
    """Squared deviations between each older [rows] and each newer cell [columns]; how many figures.

    Figures that one of the sessions lacks are left out; a cell that was not read matches any.
    """
    total, figures = np.zeros((older.off.shape[1],) * 2), 0
    for k in range(len(older.off)):
        a, b = older.off[k][:, None], newer.off[k][None, :]
        variance = older.error[k][:, None] ** 2 + newer.error[k][None, :] ** 2
        variance = variance + DRIFT[k] ** 2 + (SCALE[k] * np.maximum(np.abs(a), np.abs(b))) ** 2
        squared = (a - b) ** 2 / variance
        figures += int(np.isfinite(np.diag(squared)).sum())
        total += np.where(np.isfinite(squared), squared, 0.0)
    return total, figures


def _dealt(cost: Floats) -> tuple[float, float] | None:
    """Mean and deviation of the cost of numbers dealt at random, None for a few cells."""
    count = len(cost)
    if count < FEWEST_DEALT:
        return None
    centred = cost - cost.mean(axis=0) - cost.mean(axis=1, keepdims=True) + cost.mean()
    return float(cost.mean() * count), float(np.sqrt((centred**2).sum() / (count - 1)))


def _assigned(cost: Floats, *, by_number: bool) -> Match:
    """The cheapest assignment, as far as it is plausible and no other is nearly as good.

    Args:
        cost: squared deviations.
        by_number: whether most cells are where they were: then one stays, unless a move explains
            much more.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - heavy, and rarely needed

    cells = np.arange(len(cost))
    moving = cost + (CERTAIN * (cells[:, None] != cells) if by_number else 0.0)
    places = linear_sum_assignment(moving)[1]
    if by_number and bool((places == cells).all()):
        return Match(Order.SAME)
    best = float(moving[cells, places].sum())
    followed: list[int | None] = []
    for cell, place in zip(cells.tolist(), places.tolist(), strict=True):
        other = moving.copy()
        other[cell, place] = NEVER
        sure = float(other[linear_sum_assignment(other)].sum()) >= best + CERTAIN
        followed.append(place if sure and cost[cell, place] <= SURPRISE else None)
    lost = all(place is None for place in followed)
    return Match(Order.UNCLEAR) if lost else Match(Order.MOVED, tuple(followed))
