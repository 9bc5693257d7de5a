"""Intervals that hold on units never seen: conformal scaling by whole left-out units.

Answers, residuals and claimed deviations of left-out rows enter; a factor on the deviation
leaves, as a function of the answer: units near the end of their life are told less well than
fresh ones, and one factor for all would be too wide for these and too narrow for those.
Every unit weighs the same, however many rows it has. Papers: Dunn, Wasserman & Ramdas, JASA 118
(2023) 2491 (conformal prediction with groups); Lei et al., JASA 113 (2018) 1094, 5.2 (locally
weighted); Barber et al., Ann. Statist. 49 (2021) 486 (residuals of left-out fits).
Fails for a unit unlike all of the training: no residual can tell of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from soh_model.gaussian_process import Floats, Units

PLACES: Final = 9
"""Answers at which the factor is kept; between them it is interpolated."""

REACH: Final = 0.5
"""How far a residual speaks for other answers, in deviations of the values."""

FAITH: Final = 5.0
"""Units' worth of the overall factor that is mixed into the local one."""

OWN_FAITH: Final = 2.0
"""Units' worth of the claimed deviation itself, where fewer than four units test it."""

FEWEST_UNITS: Final = 4
"""Units below which a factor cannot depend on the answer."""

MOST_OF_FEW: Final = 3.0
"""Factor that two or three units may ask for at most."""

MOST_STUDENT: Final = 1.4
"""What a few units leave unknown of their own scatter, at most."""


class Calibration(msgspec.Struct, frozen=True):
    """A factor on the deviation, as a function of the answer.

    Attributes:
        answers: rising, [PLACES].
        factors: [PLACES].
    """

    answers: tuple[float, ...]
    factors: tuple[float, ...]

    def at(self, answer: float) -> float:
        """The factor for one answer."""
        return float(np.interp(answer, self.answers, self.factors))


def calibrated(answer: Floats, residual: Floats, deviation: Floats, units: Units) -> Calibration:
    """The calibration that left-out rows ask for.

    Args:
        answer: what was answered without the row's unit, [n].
        residual: the value less that, [n].
        deviation: standard deviation claimed, [n].
        units: [n], which unit each row belongs to.
    """
    _, place, counts = np.unique(units, return_inverse=True, return_counts=True)
    if len(counts) < FEWEST_UNITS:
        return _of_few(np.abs(residual) / deviation, 1 / counts[place], len(counts))
    left_out = _LeftOut(
        answer=answer,
        score=np.abs(residual) / deviation,
        weight=1 / counts[place],
        width=REACH * float((answer + residual).std()) + 1e-6,
    )
    apart = np.empty(len(answer))
    for unit in range(len(counts)):
        apart[place == unit] = left_out.scale(answer[place == unit], place != unit)
    factor = _factor(left_out.score / apart, left_out.weight, len(counts))
    places = np.linspace(float(answer.min()), float(answer.max()), PLACES)
    factors = factor * left_out.scale(places, np.ones(len(answer), np.bool_))
    return Calibration(tuple(places.tolist()), tuple(factors.tolist()))


def uncalibrated() -> Calibration:
    """What to add to a deviation that no second unit could test."""
    return Calibration((0.0,), (MOST_STUDENT,))


def _of_few(score: Floats, weight: Floats, units: int) -> Calibration:
    """One factor for all answers; the deviation itself counts as much as two units."""
    found = min(_factor(score, weight, units), MOST_OF_FEW)
    return Calibration((0.0,), ((found * units + OWN_FAITH * MOST_STUDENT) / (units + OWN_FAITH),))


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """Answers to left-out rows, their errors over the claimed deviation and weights, [n] each."""

    answer: Floats
    score: Floats
    weight: Floats
    width: float

    def scale(self, at: Floats, rows: NDArray[np.bool_]) -> Floats:
        """Root mean square score of the rows that were answered nearly so, [len(at)].

        All rows count for the overall score that is mixed in: without a unit's own, the one odd
        unit of many would be measured by the others' calm, and all answers widened by it.
        """
        squares = self.score**2
        near = np.exp(-0.5 * ((at[:, None] - self.answer[rows]) / self.width) ** 2)
        near *= self.weight[rows]
        overall = float(self.weight @ squares / self.weight.sum())
        found = (near @ squares[rows] + FAITH * overall) / (near.sum(axis=1) + FAITH)
        return np.asarray(np.sqrt(found + 1e-12))


def _factor(score: Floats, weight: Floats, units: int) -> float:
    """Factor that makes 95 % of the scores lie within 1.96 deviations.

    Halfway between their quantile and Student's factor on their root mean square: the first
    alone hangs on the worst unit, the second takes no heavy tail for possible.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - heavy

    order = np.argsort(score)
    reached = np.cumsum(weight[order]) / weight.sum()
    quantile = float(np.interp(0.95, reached, score[order])) / 1.96
    few = float(stdtrit(max(units - 1, 1), 0.975)) / 1.96
    rms = float(np.sqrt(weight @ score**2 / weight.sum()))
    return (quantile + min(few, MOST_STUDENT) * rms) / 2
