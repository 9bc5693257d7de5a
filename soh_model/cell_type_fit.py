"""What a cell type's reference charges teach: the processes to ask and how far to trust them.

Passages of a window, capacities and units enter; processes over all or over few features and the
calibration of their interval leave. Which features and which way of fitting serve a type is
decided by errors on whole left-out units, the settings for each chosen without it: where many
units were cycled alike, all features are best; where each was cycled in its own way, few are.
Fails with fewer than four units that resemble another: then all features and few are asked
together, and the interval rests on the processes' own deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.calibration import Calibration, calibrated, uncalibrated
from soh_model.conditions import familiar_left_out
from soh_model.families import Family, simplest
from soh_model.gaussian_process import Floats, Process, Units, spread_rows
from soh_model.left_out_fit import LeftOut, fit_left_out, left_out_of, without_outliers
from soh_model.likelihood_fit import fit_process
from soh_model.window_features import Passage, feature_maps, lean_maps

BEYOND: Final = 0.03
"""How far outside the training's SoH an answer may lie."""

FEWEST_UNITS: Final = 4
"""Units that resemble another, below which errors on left-out ones choose nothing."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of a type.

    Attributes:
        full: processes over the views of all features, or none.
        lean: processes over the views of few features, or none.
        calibration: of the deviation of their mean.
    """

    full: tuple[Process, ...]
    lean: tuple[Process, ...]
    calibration: Calibration


def learn(passages: list[Passage], soh: Floats, units: Units) -> Learned:
    """Fit every family, and keep the simplest that left-out units do not speak against.

    Args:
        passages: [n].
        soh: capacity over rated capacity, [n].
        units: [n], which unit each passage is of.
    """
    pick = spread_rows(units)
    passages, soh, units = [passages[k] for k in pick], soh[pick], units[pick]
    full, few = feature_maps(passages), lean_maps(passages)
    judged = familiar_left_out(passages, units) & _within_others(soh, units)
    likely = Family.of([_by_likelihood(view, soh, units) for view in full])
    lean = Family.of([_lean(view, soh, units) for view in few])
    if len(np.unique(units[judged])) < FEWEST_UNITS:
        trust = _trust(likely.at(judged), soh[judged], units[judged])
        return Learned(likely.processes, lean.processes, trust)
    left_out = Family.of([fit_left_out(view, soh, units) for view in full])
    families = (lean, left_out, likely)
    chosen = families[simplest([f.at(judged) for f in families], units[judged])]
    trust = _trust(chosen.at(judged), soh[judged], units[judged])
    if chosen is lean:
        return Learned((), lean.processes, trust)
    return Learned(chosen.processes, (), trust)


def _within_others(soh: Floats, units: Units) -> NDArray[np.bool_]:
    """Rows whose value other units had too, [n]: beyond that a process can only be wrong."""
    within = np.zeros(len(soh), np.bool_)
    for unit in np.unique(units):
        others = soh[units != unit]
        low, high = others.min(initial=np.inf) - BEYOND, others.max(initial=-np.inf) + BEYOND
        within[units == unit] = (soh[units == unit] >= low) & (soh[units == unit] <= high)
    return within


def _by_likelihood(view: Floats, soh: Floats, units: Units) -> LeftOut:
    return left_out_of(fit_process(view, soh, units), view, soh, units)


def _lean(view: Floats, soh: Floats, units: Units) -> LeftOut:
    found = fit_left_out(view, soh, units)
    return LeftOut(without_outliers(found.process), found.residual, found.deviation)


def _trust(family: Family, soh: Floats, units: Units) -> Calibration:
    """The calibration by rows that would be told without their unit, answers bounded as then."""
    if len(np.unique(units)) < 2:
        return uncalibrated()
    answer = soh - family.residual
    for unit in np.unique(units):
        rows, others = units == unit, soh[units != unit]
        answer[rows] = np.clip(answer[rows], others.min() - BEYOND, others.max() + BEYOND)
    return calibrated(answer, soh - answer, family.deviation, units)
