"""Faults of cell voltage channels: stuck, in coarse steps, or in another order than before.

A table of cell voltages enters; what is wrong with it leaves. A stuck channel is told by its
neighbours, which moved; a step by the smallest difference that all others are multiples of. Cells
that changed places (a harness plugged in anew, a slave unit that was numbered anew) show as
channels that exchange their distance from the median cell at one moment, while the current stays
as it was. Fails to see an exchange of cells that are alike, which harms no figure, and one that
falls together with a step of the current or a long drive.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FINEST_V: Final = 1e-4
"""Differences below this are arithmetic, not steps of a sensor."""

BESIDE: Final = 5
"""Rows on either side of a moment whose medians are compared."""

LEAST_MOVE_V: Final = 0.003
STEADY_PER_RATED: Final = 0.05
"""How much the current may differ on both sides, in A per Ah."""

MOST_MOMENTS: Final = 200


def stuck(cells: Floats) -> NDArray[np.bool_]:
    """Channels that stand still while their neighbours move, [cells]."""
    finite = np.isfinite(cells)
    high = np.max(np.where(finite, cells, -np.inf), axis=0, initial=-np.inf)
    low = np.min(np.where(finite, cells, np.inf), axis=0, initial=np.inf)
    moved = np.where(high >= low, high - low, 0.0)
    usual = float(np.median(moved)) if len(moved) else 0.0
    return np.asarray((usual > 0.02) & (moved < 0.1 * usual))


def voltage_step(table: Floats) -> float:
    """Step of the readings, V, 0 where none shows.

    Args:
        table: voltages of cells [n, cells] or of one [n], V.
    """
    moved = np.abs(np.diff(table, axis=0)).ravel()
    moved = moved[np.isfinite(moved) & (moved > FINEST_V)]
    if len(moved) < 20:
        return 0.0
    step = float(np.quantile(moved, 0.02))
    off = np.abs(moved / step - np.rint(moved / step))
    return (
        round(step, 5) if float(np.mean(off < 0.02 * np.maximum(moved / step, 1))) > 0.98 else 0.0
    )


def rounding_sd(table: Floats, step: float) -> float:
    """Standard error that a step leaves in the mean of the cells, V.

    Cells at different voltages round in different directions: their mean is better than one.

    Args:
        table: voltages of cells, V, [n, cells].
        step: see `voltage_step`.
    """
    if step <= 0:
        return 0.0
    pick = table[:: max(1, len(table) // 50)]
    distinct = float(np.mean([len(np.unique(row[np.isfinite(row)])) for row in pick]))
    return step / float(np.sqrt(12 * max(distinct, 1.0)))


def order_changed(cells: Floats, current: Floats, rated_ah: float, step: float) -> bool:
    """Whether channels exchanged their places at some moment.

    Args:
        cells: voltages of cells, V, [n, cells].
        current: pack current, A, [n].
        rated_ah: rated capacity.
        step: of the voltages, V.
    """
    if cells.shape[1] < 2 or len(cells) < 2 * BESIDE:
        return False
    off = cells - np.nanmedian(cells, axis=1, keepdims=True)
    moved = np.abs(np.diff(off, axis=0))
    least = max(LEAST_MOVE_V, 2.5 * step, 8 * float(np.nanmedian(moved)))
    counts = np.sum(moved > 0.8 * least, axis=1)
    counts[: BESIDE - 1] = 0
    counts[len(counts) - BESIDE + 1 :] = 0
    moments = np.flatnonzero(counts >= 2)
    loudest = moments[np.argsort(-np.nansum(moved[moments], axis=1))][:MOST_MOMENTS]
    steady = STEADY_PER_RATED * rated_ah
    return any(_exchanged(off, current, int(row) + 1, least, steady) for row in loudest)


def _exchanged(off: Floats, current: Floats, row: int, least: float, steady: float) -> bool:
    """Whether the channels that moved at a row took each other's places."""
    before, after = slice(row - BESIDE, row), slice(row, row + BESIDE)
    if abs(float(np.median(current[after]) - np.median(current[before]))) > steady:
        return False
    left, right = np.nanmedian(off[before], axis=0), np.nanmedian(off[after], axis=0)
    if np.sum(np.abs(right - left) > least) < 2:
        return False
    return bool(np.nanmax(np.abs(np.sort(right) - np.sort(left))) < least / 2)
