"""Families of Gaussian processes over several views of the same readings, judged together.

A family answers with the mean of its processes, and its deviation holds theirs and their
disagreement. `simplest` chooses among families by their errors on whole left-out units: of those
that are not certainly worse than the best, by Student's test of the units' differences, the one
with the fewest freedoms (after the rule of one standard error of Breiman, Friedman, Olshen &
Stone, Classification and Regression Trees (1984), 3.4.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from soh_model.gaussian_process import Floats, Process, Units
from soh_model.left_out_fit import LeftOut

CERTAIN: Final = 0.95
"""How certain it must be that a family is worse."""


@dataclass(frozen=True, slots=True)
class Family:
    """Processes over views of the same rows, with their errors on left-out units.

    Attributes:
        processes: one per view.
        residual: value less the mean answer without the row's unit, [n].
        deviation: standard deviation claimed for it, [n].
    """

    processes: tuple[Process, ...]
    residual: Floats
    deviation: Floats

    @classmethod
    def of(cls, members: Sequence[LeftOut]) -> Self:
        """The family of processes that were left-out alike."""
        residual, deviation = together([(m.residual, m.deviation) for m in members])
        return cls(tuple(m.process for m in members), residual, deviation)

    def at(self, rows: NDArray[np.bool_]) -> Self:
        """The same with the errors of some rows only."""
        return type(self)(self.processes, self.residual[rows], self.deviation[rows])

    def unit_errors(self, units: Units) -> Floats:
        """Mean error on each unit left out, [units]."""
        error = np.abs(self.residual)
        return np.array([float(error[units == unit].mean()) for unit in np.unique(units)])


def together(
    answers: Sequence[tuple[Floats, Floats]], sure: int | None = None
) -> tuple[Floats, Floats]:
    """Mean of the views, and a deviation that holds theirs and their disagreement, each [n].

    Args:
        answers: mean and deviation of each view.
        sure: how many of the first have a deviation to go by; all where not given.
    """
    means = np.array([mean for mean, _ in answers])
    own = np.mean([deviation**2 for _, deviation in answers[:sure]], axis=0)
    return means.mean(axis=0), np.sqrt(own + means.var(axis=0))


def simplest(families: Sequence[Family], units: Units) -> int:
    """Place of the first family that is not certainly worse than the best.

    Args:
        families: those of fewer freedoms first.
        units: [n], which unit each row belongs to.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - heavy

    errors = np.array([family.unit_errors(units) for family in families])
    worse = errors - errors[errors.mean(axis=1).argmin()]
    count = errors.shape[1]
    doubt = float(stdtrit(count - 1, CERTAIN)) * worse.std(axis=1, ddof=1) / np.sqrt(count)
    return int(np.flatnonzero(worse.mean(axis=1) <= doubt)[0])
