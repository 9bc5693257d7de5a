"""Retired units on a workshop's tester: SoH from one set of short pulses, SoC unknown.

Rows of voltages before and after each pulse enter, with the SoH of units that were measured once;
`predict` answers for units never seen. Data layout: Tao et al., Nat. Commun. 15 (2024) 10154
(PulseBat): U1 at rest, then start and end of charge and discharge pulses of 5 s at 0.5C, 1C and
1.5C. Method: a Gaussian process on the resting voltage, what the pulses shift it by and the
logarithms of the instant and slow responses; interval calibrated on whole left-out units.
Fails where resistance and capacity age apart: an LFP unit half charged tells little, and the
interval says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Estimate, Interval, Reason, Verdict
from packtrail.language import Text
from soh_model.cell_type_model import widening
from soh_model.errors import ModelError
from soh_model.gaussian_process import Process, fit_process

Floats = NDArray[np.float64]

METHOD: Final = "pulse/1"
READINGS: Final = 21
"""Voltages per row: U1 at rest, U2..U9 at 0.5C, U10..U17 at 1C, U18..U21 at 1.5C."""

FEWEST_UNITS: Final = 4


@dataclass(frozen=True, slots=True)
class PulseModel:
    """A fitted pulse model.

    Attributes:
        chemistry: of the units.
        processes: one per view of the readings.
        widening: factor on the deviation that left-out units asked for.
        range_v: lowest and highest resting voltage of the training.
    """

    chemistry: str
    processes: tuple[Process, ...]
    widening: float
    range_v: tuple[float, float]

    @classmethod
    def fit(
        cls,
        rows: Floats,
        soh: Floats,
        chemistry: str,
        units: Sequence[object] | None = None,
    ) -> Self:
        """Learn from measured units.

        Args:
            rows: [n, 21] volts, U1 to U21.
            soh: [n] measured SoH of the row's unit, fraction.
            chemistry: of the units.
            units: which unit each row is of. None: rows of equal SoH are one unit.

        Raises:
            ModelError: Rows of another length, or fewer than four units.
        """
        if rows.ndim != 2 or rows.shape[1] != READINGS or len(rows) != len(soh):
            raise ModelError(Text("pulse rows need 21 voltages", "每行脉冲数据需要 21 个电压"))
        names = list(soh.tolist()) if units is None else list(units)
        places = {name: k for k, name in enumerate(dict.fromkeys(names))}
        numbers = np.array([places[name] for name in names])
        if len(places) < FEWEST_UNITS:
            raise ModelError(Text("fewer than four units", "参考单元少于 4 个"))
        processes = tuple(fit_process(view, soh, numbers) for view in views(rows))
        return cls(
            chemistry=chemistry,
            processes=processes,
            widening=float(np.mean([widening(process) for process in processes])),
            range_v=(float(rows[:, 0].min()), float(rows[:, 0].max())),
        )

    def predict(self, rows: Floats) -> list[Estimate]:
        """One estimate per row.

        Args:
            rows: [n, 21] volts, U1 to U21.
        """
        answers = [p.predict(v) for p, v in zip(self.processes, views(rows), strict=True)]
        means = np.array([mean for mean, _ in answers])
        spread = np.sqrt(np.mean([d**2 for _, d in answers], axis=0) + means.var(axis=0))
        half = 1.96 * self.widening * spread
        value = np.clip(means.mean(axis=0), 0.05, 1.2)
        return [
            self._answer(row, float(v), float(h))
            for row, v, h in zip(rows, value, half, strict=True)
        ]

    def _answer(self, row: Floats, value: float, half: float) -> Estimate:
        """One row's estimate; a resting voltage outside the training's is not guessed at."""
        low, high = self.range_v
        familiar = bool(np.isfinite(row).all()) and low - 0.05 <= row[0] <= high + 0.05
        interval = Interval(value, max(0.0, value - half), value + half)
        return Estimate(
            verdict=Verdict.TOLD if familiar else Verdict.CANNOT_TELL,
            soh=interval if familiar else None,
            rated_ah=0.0,
            reasons=() if familiar else (Reason.UNFAMILIAR,),
            advice=Advice.NONE if familiar and half < 0.05 else Advice.BENCH_TEST,
            method=METHOD,
            reference="as the reference units were measured",
            samples=len(row),
        )


def views(rows: Floats) -> tuple[Floats, Floats]:
    """Two views of the readings, [n, features] each.

    The first has the resting voltage, the shifts that the pulses leave and the main responses;
    the second the logarithms of all responses at 0.5C and the first at higher rates.
    """
    rest = rows[:, :1]
    response = np.log(np.maximum(np.abs(np.diff(rows, axis=1)), 1e-4))
    shifts = rows[:, [4, 8, 12, 16, 20]] - rest
    faster = np.log(np.maximum((rows[:, 9] - rows[:, 0]) / (rows[:, 1] - rows[:, 0]), 1e-3))
    return (
        np.hstack([rest, shifts, response[:, [0, 1, 4, 5, 8, 16]]]),
        np.hstack([rest, response[:, [0, 1, 2, 3, 4, 5, 8, 9, 16, 17]], faster[:, None]]),
    )
