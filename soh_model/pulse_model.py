"""Retired units on a workshop's tester: SoH from one set of short pulses, SoC unknown.

Rows of voltages before and after each pulse enter, with the SoH of units that were measured once;
`predict` answers for units never seen. Data layout: Tao et al., Nat. Commun. 15 (2024) 10154
(PulseBat): U1 at rest, then start and end of charge and discharge pulses of 5 s at 0.5C, 1C and
1.5C. Method: Gaussian processes on three views of the responses, their settings chosen by the
error on left-out units; interval calibrated on the mean of the views over whole left-out units,
wider where units of about that SoH are told less well.
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
from soh_model.calibration import Calibration, calibrated
from soh_model.errors import ModelError
from soh_model.families import Family, together
from soh_model.gaussian_process import Process
from soh_model.left_out_fit import fit_left_out

Floats = NDArray[np.float64]

METHOD: Final = "pulse/3"
READINGS: Final = 21
"""Voltages per row: U1 at rest, U2..U9 at 0.5C, U10..U17 at 1C, U18..U21 at 1.5C."""

RATES: Final = np.array([0.5, -0.5, 1.0, -1.0, 1.5])
"""C-rate of each pulse, charge positive."""

FEWEST_UNITS: Final = 4


@dataclass(frozen=True, slots=True)
class PulseModel:
    """A fitted pulse model.

    Attributes:
        chemistry: of the units.
        processes: one per view of the readings.
        calibration: factor on the deviation that left-out units asked for.
        range_v: lowest and highest resting voltage of the training.
    """

    chemistry: str
    processes: tuple[Process, ...]
    calibration: Calibration
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
        family = Family.of([fit_left_out(view, soh, numbers) for view in views(rows)])
        answer = soh - family.residual
        return cls(
            chemistry=chemistry,
            processes=family.processes,
            calibration=calibrated(answer, family.residual, family.deviation, numbers),
            range_v=(float(rows[:, 0].min()), float(rows[:, 0].max())),
        )

    def predict(self, rows: Floats) -> list[Estimate]:
        """One estimate per row.

        Args:
            rows: [n, 21] volts, U1 to U21.
        """
        mean, spread = together(
            [p.predict(v) for p, v in zip(self.processes, views(rows), strict=True)]
        )
        half = 1.96 * np.array([self.calibration.at(m) for m in mean.tolist()]) * spread
        value = np.clip(mean, 0.05, 1.2)
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


def views(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Three views of the readings, [n, features] each, all with the resting voltage.

    Responses per C-rate and the shifts that the pulses leave, which differ between charge and
    discharge by the slope of the resting curve; logarithms of the responses over the first one,
    in which a unit's size cancels; logarithms of the instant and slow responses with the shifts.
    """
    rest, response = rows[:, :1], np.diff(rows, axis=1)
    shifts = rows[:, [4, 8, 12, 16, 20]] - rest
    size = np.log(np.maximum(np.abs(response), 1e-4))
    scaled = [response[:, k::4] / RATES for k in (0, 2, 1, 3)]
    instant_slow = size[:, [0, 4, 8, 12, 16, 1, 5, 9, 13, 17]]
    return (
        np.hstack([rest, *scaled, shifts]),
        np.hstack([rest, size[:, :1], size[:, 1:] - size[:, :1]]),
        np.hstack([rest, instant_slow, shifts]),
    )
