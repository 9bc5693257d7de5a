"""Retired units on a workshop's tester: SoH from one set of short pulses, SoC unknown.

Rows of voltages before and after each pulse enter, with the SoH of units that were measured once;
`predict` answers for units never seen. Data layout: Tao et al., Nat. Commun. 15 (2024) 10154
(PulseBat): U1 at rest, then start and end of charge and discharge pulses of 5 s at 0.5C, 1C and
1.5C. Method: Gaussian processes on three views of the responses, their settings chosen by the
error on left-out units; interval calibrated on the mean of the views over whole left-out units,
wider where units of about that SoH are told less well.
Fails where resistance and capacity age apart: an LFP unit half charged tells little, and the
interval says so. What helps is the charge that was put into the unit since it was empty, where the
workshop counted it: the same resting voltage after less charge is a smaller unit.
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

NEAR_V: Final = 0.05
NEAR_CHARGED: Final = 0.03
"""How far outside the training's resting voltages, V, and charges a row may lie."""

_CHARGE_OF_BOTH: Final = Text(
    "the charge since empty is told of the training or of the rows asked for, not of both",
    "自放空以来的充入电量只在训练数据或待测数据之一中给出",
)
_CHARGE_HINT: Final = Text(
    "give `charged` to both, or fit a model without it",
    "请两者都给出 `charged`，或重新拟合不含它的模型",
)


@dataclass(frozen=True, slots=True)
class PulseModel:
    """A fitted pulse model.

    Attributes:
        chemistry: of the units.
        processes: one per view of the readings.
        calibration: factor on the deviation that left-out units asked for.
        range_v: lowest and highest resting voltage of the training.
        range_charged: least and most charge since empty of the training; None if not told.
    """

    chemistry: str
    processes: tuple[Process, ...]
    calibration: Calibration
    range_v: tuple[float, float]
    range_charged: tuple[float, float] | None = None

    @classmethod
    def fit(
        cls,
        rows: Floats,
        soh: Floats,
        chemistry: str,
        units: Sequence[object] | None = None,
        charged: Floats | None = None,
    ) -> Self:
        """Learn from measured units.

        Args:
            rows: [n, 21] volts, U1 to U21.
            soh: [n] measured SoH of the row's unit, fraction.
            chemistry: of the units.
            units: which unit each row is of. None: rows of equal SoH are one unit.
            charged: [n] charge put in since the unit was empty, over its rated capacity. A model
                that was told it must be told it of every row that it is asked for.

        Raises:
            ModelError: Rows of another length, or fewer than four units.
        """
        _check(rows, charged)
        if len(rows) != len(soh):
            raise ModelError(
                Text(f"{len(rows)} rows, {len(soh)} SoH", f"{len(rows)} 行数据，{len(soh)} 个 SoH")
            )
        names = list(soh.tolist()) if units is None else list(units)
        places = {name: k for k, name in enumerate(dict.fromkeys(names))}
        numbers = np.array([places[name] for name in names])
        if len(places) < FEWEST_UNITS:
            raise ModelError(Text("fewer than four units", "参考单元少于 4 个"))
        family = Family.of([fit_left_out(view, soh, numbers) for view in views(rows, charged)])
        answer = soh - family.residual
        return cls(
            chemistry=chemistry,
            processes=family.processes,
            calibration=calibrated(answer, family.residual, family.deviation, numbers),
            range_v=_range(rows[:, 0]),
            range_charged=None if charged is None else _range(charged),
        )

    def predict(self, rows: Floats, charged: Floats | None = None) -> list[Estimate]:
        """One estimate per row.

        Args:
            rows: [n, 21] volts, U1 to U21.
            charged: [n] charge since empty over rated capacity, where the training had it.

        Raises:
            ModelError: Rows of another length, or the charge is told to a model that was not told
                it, or not told to one that was.
        """
        _check(rows, charged)
        if (charged is None) != (self.range_charged is None):
            raise ModelError(_CHARGE_OF_BOTH, hint=_CHARGE_HINT)
        seen = views(rows, charged)
        mean, spread = together([p.predict(v) for p, v in zip(self.processes, seen, strict=True)])
        half = 1.96 * np.array([self.calibration.at(m) for m in mean.tolist()]) * spread
        value = np.clip(mean, 0.05, 1.2)
        familiar = self._familiar(rows, charged)
        return [
            self._answer(row, float(v), float(h), familiar=bool(known))
            for row, v, h, known in zip(rows, value, half, familiar, strict=True)
        ]

    def _familiar(self, rows: Floats, charged: Floats | None) -> NDArray[np.bool_]:
        """Rows that are whole and within the training's resting voltages and charges, [n]."""
        low, high = self.range_v
        known = np.isfinite(rows).all(axis=1)
        known &= (rows[:, 0] >= low - NEAR_V) & (rows[:, 0] <= high + NEAR_V)
        if charged is None or self.range_charged is None:
            return np.asarray(known)
        least, most = self.range_charged
        known &= (charged >= least - NEAR_CHARGED) & (charged <= most + NEAR_CHARGED)
        return np.asarray(known)

    def _answer(self, row: Floats, value: float, half: float, *, familiar: bool) -> Estimate:
        """One row's estimate; what lies outside the training is not guessed at."""
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


def _check(rows: Floats, charged: Floats | None) -> None:
    """Raise unless every row has its 21 voltages and, where it is told, its charge."""
    if rows.ndim != 2 or rows.shape[1] != READINGS:
        raise ModelError(Text("pulse rows need 21 voltages", "每行脉冲数据需要 21 个电压"))
    if charged is not None and (charged.shape != (len(rows),) or not np.isfinite(charged).all()):
        raise ModelError(
            Text("every row needs its charge since empty", "每行都需要自放空以来的充入电量")
        )


def _range(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def views(rows: Floats, charged: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """Three views of the readings, [n, features] each, all with the resting voltage.

    Responses per C-rate and the shifts that the pulses leave, which differ between charge and
    discharge by the slope of the resting curve; logarithms of the responses over the first one,
    in which a unit's size cancels; logarithms of the instant and slow responses with the shifts.
    The charge since empty stands in all three where it is told.
    """
    rest, response = rows[:, :1], np.diff(rows, axis=1)
    known = rest if charged is None else np.column_stack([rest, charged])
    shifts = rows[:, [4, 8, 12, 16, 20]] - rest
    size = np.log(np.maximum(np.abs(response), 1e-4))
    scaled = [response[:, k::4] / RATES for k in (0, 2, 1, 3)]
    instant_slow = size[:, [0, 4, 8, 12, 16, 1, 5, 9, 13, 17]]
    return (
        np.hstack([known, *scaled, shifts]),
        np.hstack([known, size[:, :1], size[:, 1:] - size[:, :1]]),
        np.hstack([known, instant_slow, shifts]),
    )
