"""A Gaussian process whose few settings are those that predict left-out units best.

For reference data of few units and many alike features. Marginal likelihood with a length scale
for each feature takes the ten rows of a unit for ten findings and learns the units by heart; one
length scale for all, chosen by the error on units left out, does not. Features [n, d], values [n]
and the unit of each row enter, a `Process` leaves.
Paper: Sundararajan & Keerthi, Neural Comput. 13 (2001) 1103 (left-out errors as the criterion).
Fails with fewer than about ten units: then the choice of the settings itself is chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

import numpy as np

from soh_model.gaussian_process import Floats, Process, Units, spread_rows, usual_rows

LENGTHS: Final = (1.0, 2.0, 4.0)
"""Length scales, in root mean square deviations of the features."""

LINEAR: Final = (0.03, 0.3, 3.0)
"""Variances of the linear part, the smooth part's being 1."""

NOISE: Final = (0.01, 0.1, 1.0)

BADLY_TOLD: Final = 0.2
"""Left-out error over the spread of the values beyond which likelihood has learned little."""

BAD_ERROR: Final = 0.02
"""Left-out error, in SoH, beyond which likelihood learned ways of cycling and not ageing."""

FEWEST_UNITS: Final = 4
"""Units below which the error on left-out ones chooses nothing."""


def fit_left_out(features: Floats, values: Floats, units: Units) -> Process:
    """The process of the grid with the smallest mean error on left-out units.

    Args:
        features: [n, d].
        values: [n].
        units: [n], which unit each row belongs to.
    """
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 0.0)
    rows = (features - centre)[:, scale > 0] / scale[scale > 0]
    level, spread = float(values.mean()), float(values.std() + 1e-6)
    scaling = (centre, scale, level, spread)
    choices = (
        Process.of(scaling, _theta(rows.shape[1], *choice), rows, units, (values - level) / spread)
        for choice in product(LENGTHS, LINEAR, NOISE)
    )
    return min(choices, key=_left_out_error)


def _theta(width: int, length: float, linear: float, noise: float) -> Floats:
    """The process's parameters: amplitude 1, one length scale, no effect of the unit."""
    alike = np.full(width, np.log(length * np.sqrt(width)))
    return np.concatenate([[0.0], alike, [np.log(linear) / 2, -5.0, np.log(noise) / 2]])


def _left_out_error(process: Process) -> float:
    residual, _ = process.left_out()
    return float(np.abs(residual).mean())


def without_outliers(process: Process) -> Process:
    """The same settings without the rows four deviations off their unit's usual residual.

    A broken capacity test is a row's fault, not its unit's: half a per cent of them would pull
    every answer of the unit.
    """
    keep = usual_rows(process.left_out()[0], process.units)
    if keep.all():
        return process
    return Process.of(
        (process.centre, process.scale, process.level, process.spread),
        process.theta,
        process.rows[keep],
        process.units[keep],
        process.values()[keep],
    )


def lean_fit(views: Sequence[Floats], values: Floats, units: Units) -> tuple[Process, ...]:
    """One process per view of few features, chosen by left-out units and freed of outliers.

    Args:
        views: [n, d] each.
        values: [n].
        units: [n], which unit each row belongs to.
    """
    pick = spread_rows(units)
    return tuple(
        without_outliers(fit_left_out(view[pick], values[pick], units[pick])) for view in views
    )


def left_out_error(processes: Sequence[Process]) -> float | None:
    """Mean error on left-out units, None where there are too few units for one."""
    if len(np.unique(processes[0].units)) < FEWEST_UNITS:
        return None
    return float(np.mean([_left_out_error(process) for process in processes]))


def second_opinions(maps: Sequence[Floats], values: Floats, units: Units) -> tuple[Process, ...]:
    """Processes by left-out units, one per view of all features.

    Args:
        maps: the views, [n, d] each.
        values: [n].
        units: [n], which unit each row belongs to.
    """
    pick = spread_rows(units)
    return tuple(fit_left_out(view[pick], values[pick], units[pick]) for view in maps)
