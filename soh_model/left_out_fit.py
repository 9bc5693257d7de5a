"""A Gaussian process whose few settings are those that predict left-out units best.

For reference data of few units and many alike features. Marginal likelihood with a length scale
for each feature takes the ten rows of a unit for ten findings and learns the units by heart; one
length scale for all, chosen by the error on units left out, does not. Features [n, d], values [n]
and the unit of each row enter; a `Process` and its errors on left-out units leave. Those errors
are nested: the settings for a unit are chosen by the other units alone, since errors that chose
the settings are too small by a fifth.
Papers: Sundararajan & Keerthi, Neural Comput. 13 (2001) 1103 (left-out errors as the criterion);
Varma & Simon, BMC Bioinformatics 7 (2006) 91 (nested errors).
Fails with fewer than about ten units: then the choice of the settings itself is chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from soh_model.gaussian_process import Floats, Process, Units, usual_rows

LENGTHS: Final = (1.0, 2.0, 4.0)
"""Length scales, in root mean square deviations of the features."""

LINEAR: Final = (0.03, 0.3, 3.0)
"""Variances of the linear part, the smooth part's being 1."""

NOISE: Final = (0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A process and what it would have said of each training row without the row's unit.

    Attributes:
        process: fitted to all units.
        residual: value less answer, [n].
        deviation: the standard deviation claimed for it, [n].
    """

    process: Process
    residual: Floats
    deviation: Floats


def fit_left_out(features: Floats, values: Floats, units: Units) -> LeftOut:
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
    grid = [_theta(rows.shape[1], *choice) for choice in product(LENGTHS, LINEAR, NOISE)]
    told = np.array(
        [
            Process.of(scaling, theta, rows, units, (values - level) / spread).left_out()
            for theta in grid
        ]
    )
    best, nested = _chosen(np.abs(told[:, 0]), units)
    process = Process.of(scaling, grid[best], rows, units, (values - level) / spread)
    every = np.arange(len(values))
    return LeftOut(process, told[nested, 0, every], told[best, 1])


def _chosen(error: Floats, units: Units) -> tuple[int, Units]:
    """The best of the grid by all units, and for each row the best by the other units, [n]."""
    nested = np.empty(len(units), np.int64)
    for unit in np.unique(units):
        others = units != unit
        nested[~others] = error[:, others].mean(axis=1).argmin() if others.any() else 0
    return int(error.mean(axis=1).argmin()), nested


def _theta(width: int, length: float, linear: float, noise: float) -> Floats:
    """The process's parameters: amplitude 1, one length scale, no effect of the unit."""
    alike = np.full(width, np.log(length * np.sqrt(width)))
    return np.concatenate([[0.0], alike, [np.log(linear) / 2, -5.0, np.log(noise) / 2]])


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


def left_out_of(process: Process, features: Floats, values: Floats, units: Units) -> LeftOut:
    """What a process of fixed settings says of units that it is made to forget.

    Args:
        process: fitted to these units; it may have dropped some of the rows.
        features: [n, d].
        values: [n].
        units: [n], which unit each row belongs to.
    """
    residual, deviation = np.empty(len(values)), np.empty(len(values))
    for unit in np.unique(units):
        rows = units == unit
        mean, deviation[rows] = process.without(int(unit)).predict(features[rows])
        residual[rows] = values[rows] - mean
    return LeftOut(process, residual, deviation)
