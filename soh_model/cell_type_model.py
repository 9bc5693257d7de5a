"""A learned model of one cell type: windows of its charges and the capacities measured after.

Sessions with known capacities enter `CellTypeModel.fit`; `predict` answers for sessions of other
units of the type with an interval calibrated on whole left-out units (conformal prediction
grouped by cell: Dunn, Wasserman & Ramdas, JASA 2022). It never sees a cycle number or a unit's
own life. Fails, and says so, for a charge that misses the window or was made at a rate and
temperature that the training did not hold together: for LFP, rate and temperature move the
plateau more than a fifth of ageing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Estimate, Interval, Reason, Verdict
from packtrail.language import Text
from packtrail.sample import SampleBatch
from soh_model.chemistry import fresh_cell
from soh_model.errors import ModelError
from soh_model.evidence import cannot_tell, digest
from soh_model.gaussian_process import Process, fit_process
from soh_model.left_out_fit import (
    BAD_ERROR,
    BADLY_TOLD,
    lean_fit,
    left_out_error,
    second_opinions,
)
from soh_model.pack_spec import PackSpec
from soh_model.session import Refusal, Session, prepare
from soh_model.window_features import (
    Passage,
    Window,
    common_window,
    feature_maps,
    lean_maps,
    passage,
)

Floats = NDArray[np.float64]
Units = NDArray[np.int64]

METHOD: Final = "cell-type/3"
FORMAT: Final = 2
BEYOND: Final = 0.03
BATCH_SD: Final = 0.005
"""Capacity by which new cells of one type differ without any window of a charge showing it."""

NARROWEST: Final = 0.6
"""Least factor: a deviation from a coarse grid of settings can be too wide, but not by half."""

MOST_STUDENT: Final = 1.4
FEWEST: Final = 20
"""Training sessions below which a model is refused."""

SAME_UNIT_JUMP: Final = 1.8
"""Mean log jump between consecutive sessions above which a new unit is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTypeModel:
    """A fitted model of a cell type.

    Attributes:
        spec: the type.
        window: voltages that a charge must pass.
        processes: one per view of all features; none where they tell left-out units badly.
        opinions: a second process per view where the first tells left-out units badly.
        lean: one per view of few features where the others tell them badly or cannot be judged.
        widening: factor on the deviation that left-out units asked for.
        conditions: C-rate and temperature of the training, [n][2].
        trained_on: sessions, units, lowest and highest SoH.
    """

    spec: PackSpec
    window: Window
    processes: tuple[Process, ...]
    opinions: tuple[Process, ...]
    lean: tuple[Process, ...]
    widening: float
    conditions: tuple[tuple[float, float], ...]
    trained_on: tuple[int, int, float, float]

    @classmethod
    def fit(
        cls,
        examples: Sequence[tuple[SampleBatch, float]],
        spec: PackSpec,
        units: Sequence[object] | None = None,
    ) -> Self:
        """Learn a type.

        Args:
            examples: sessions, each with the capacity in Ah measured for it, in order of time
                within a unit.
            spec: the type; `rated_ah` scales everything.
            units: which cell each example is of. None: a jump between consecutive sessions
                begins a new one.

        Raises:
            ModelError: Fewer than 20 usable sessions, or no voltage window common to them.
        """
        sessions = [_session(samples, spec) for samples, _ in examples]
        clean = [s for s in sessions if not isinstance(s, Refusal)]
        window = common_window(clean, spec.rated_ah)
        if window is None:
            raise ModelError(
                Text("the sessions share no voltage window", "各次充电没有共同的电压区间")
            )
        seen = [
            None if isinstance(s, Refusal) else passage(s, spec.rated_ah, window) for s in sessions
        ]
        rows = [k for k, p in enumerate(seen) if p is not None]
        if len(rows) < FEWEST:
            raise ModelError(
                Text("fewer than 20 usable sessions", "可用的充电数据少于 20 次"),
                hint=Text("give more reference data", "请提供更多参考数据"),
            )
        passages = [p for p in seen if p is not None]
        soh = np.array([examples[k][1] for k in rows]) / spec.rated_ah
        names = [units[k] for k in rows] if units is not None else None
        return cls._fitted(spec, window, passages, soh, names)

    @classmethod
    def _fitted(
        cls,
        spec: PackSpec,
        window: Window,
        passages: list[Passage],
        soh: Floats,
        names: list[object] | None,
    ) -> Self:
        maps = feature_maps(passages)
        numbers = _numbered(names) if names is not None else _runs(np.column_stack([maps[0], soh]))
        processes = tuple(fit_process(features, soh, numbers) for features in maps)
        error = left_out_error(processes)
        bad = error is not None and error > BADLY_TOLD * float(soh.std())
        replaced = bad and error is not None and error > BAD_ERROR
        lean = lean_fit(lean_maps(passages), soh, numbers) if replaced or error is None else ()
        conditions = sorted({(round(p.c_rate, 2), round(p.temperature_c)) for p in passages})
        return cls(
            spec=spec,
            window=window,
            processes=() if replaced else processes,
            opinions=second_opinions(maps, soh, numbers) if bad and not replaced else (),
            lean=lean,
            widening=float(np.mean([widening(p) for p in (lean if replaced else processes)])),
            conditions=tuple((rate, float(warm)) for rate, warm in conditions),
            trained_on=(len(soh), len(np.unique(numbers)), float(soh.min()), float(soh.max())),
        )

    def predict(self, samples: SampleBatch) -> Estimate:
        """State of health of one unit of the type from one session.

        Args:
            samples: the session, charge current positive.
        """
        session = _session(samples, self.spec)
        if isinstance(session, Refusal):
            return cannot_tell(samples, self.spec, session.reasons, session.advice, METHOD)
        found = passage(session, self.spec.rated_ah, self.window)
        if found is None:
            reasons = (Reason.TOO_LITTLE_CHARGE, *session.findings)
            return cannot_tell(samples, self.spec, reasons, Advice.CHARGE_WIDE, METHOD)
        if not self.is_familiar(found):
            reasons = (Reason.UNFAMILIAR, *session.findings)
            return cannot_tell(samples, self.spec, reasons, Advice.BENCH_TEST, METHOD)
        return self._answer(samples, session, self.interval(found))

    def interval(self, found: Passage) -> Interval:
        """SoH of one passage: the mean of the views, their deviation and disagreement.

        Second opinions move the mean and widen by their disagreement. No view may answer beyond
        what the training held: there it would only extrapolate.
        """
        low, high = self.trained_on[2] - BEYOND, self.trained_on[3] + BEYOND
        full, few = feature_maps([found]), lean_maps([found])
        first, second, lean = (
            [p.predict(view) for p, view in zip(processes, views, strict=bool(processes))]
            for processes, views in (
                (self.processes, full),
                (self.opinions, full),
                (self.lean, few),
            )
        )
        means = np.clip([float(mean[0]) for mean, _ in first + second + lean], low, high)
        known = np.mean([d[0] ** 2 for _, d in first or lean]) + means.var()
        value = float(means.mean())
        half = 1.96 * float(np.hypot(self.widening * np.sqrt(known), BATCH_SD))
        return Interval(value, max(0.0, value - half), value + half)

    def is_familiar(self, found: Passage) -> bool:
        """Whether the training held a charge of about this rate and temperature together."""
        return any(
            abs(found.c_rate - rate) < 0.15 * rate and abs(found.temperature_c - warm) < 8
            for rate, warm in self.conditions
        )

    def _answer(self, samples: SampleBatch, session: Session, soh: Interval) -> Estimate:
        rated = self.spec.rated_ah
        return Estimate(
            verdict=Verdict.TOLD,
            soh=soh,
            capacity_ah=Interval(soh.value * rated, soh.low * rated, soh.high * rated),
            rated_ah=rated,
            reasons=session.findings,
            advice=Advice.NONE if soh.width < 0.08 else Advice.CHARGE_WIDE,
            method=METHOD,
            reference="as the reference data were measured",
            from_ns=int(samples.t_ns[0]),
            to_ns=int(samples.t_ns[-1]),
            samples=len(samples),
            inputs_digest=digest(samples, self.spec),
        )

    def save(self, path: Path) -> None:
        """Store the model as MessagePack, with its version and what it was trained on."""
        stored = _Stored(
            format=FORMAT,
            spec=self.spec,
            window=self.window,
            processes=tuple(process.plain() for process in self.processes),
            opinions=tuple(process.plain() for process in self.opinions),
            lean=tuple(process.plain() for process in self.lean),
            widening=self.widening,
            conditions=self.conditions,
            trained_on=self.trained_on,
        )
        path.write_bytes(msgspec.msgpack.encode(stored))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a stored model.

        Raises:
            ModelError: The file is missing, is no model or is of another version.
        """
        try:
            stored = msgspec.msgpack.decode(path.read_bytes(), type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(str(error), where=str(path)) from error
        if stored.format != FORMAT:
            raise ModelError(f"format {stored.format}, not {FORMAT}", where=str(path))
        return cls(
            spec=stored.spec,
            window=stored.window,
            processes=tuple(Process.of_plain(content) for content in stored.processes),
            opinions=tuple(Process.of_plain(content) for content in stored.opinions),
            lean=tuple(Process.of_plain(content) for content in stored.lean),
            widening=stored.widening,
            conditions=stored.conditions,
            trained_on=stored.trained_on,
        )


class _Stored(msgspec.Struct):
    """The stored form of a model."""

    format: int
    spec: PackSpec
    window: Window
    processes: tuple[dict[str, Any], ...]
    opinions: tuple[dict[str, Any], ...]
    lean: tuple[dict[str, Any], ...]
    widening: float
    conditions: tuple[tuple[float, float], ...]
    trained_on: tuple[int, int, float, float]


def widening(process: Process) -> float:
    """Factor that makes 95 % of left-out rows lie within 1.96 deviations.

    Every unit weighs the same. Two units' worth of faith in the process's own deviation is
    mixed in: the quantile of two cells is no quantile. What a few units leave unknown of
    their own scatter is added as Student's factor, up to `MOST_STUDENT`.
    """
    from scipy.stats import t as student  # noqa: PLC0415 - heavy

    residual, deviation = process.left_out()
    score = np.abs(residual) / deviation / 1.96
    names, place, counts = np.unique(
        np.array(process.units), return_inverse=True, return_counts=True
    )
    order = np.argsort(score)
    reached = np.cumsum(1 / counts[place][order]) / len(names)
    needed = float(score[order][min(int(np.searchsorted(reached, 0.95)), len(score) - 1)])
    few = float(student.ppf(0.975, max(len(names) - 1, 1))) / 1.96
    mixed = float(np.clip((needed * len(names) + 2.0) / (len(names) + 2), NARROWEST, 3.0))
    return mixed * min(few, MOST_STUDENT)


def _session(samples: SampleBatch, spec: PackSpec) -> Session | Refusal:
    fresh = fresh_cell(spec)
    if fresh is None:
        return Refusal((Reason.UNKNOWN_CHEMISTRY,), Advice.BENCH_TEST)
    return prepare(samples, spec, fresh)


def _numbered(names: list[object]) -> Units:
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names])


def _runs(table: Floats) -> Units:
    """Number runs of consecutive similar rows; short runs join the one before."""
    table = table[:, table.std(axis=0) > 1e-9]
    step = np.abs(np.diff(table, axis=0))
    usual = 1.4826 * np.median(step, axis=0) + 0.02 * table.std(axis=0) + 1e-9
    jump = np.log1p(step / usual).mean(axis=1) > SAME_UNIT_JUMP
    numbers, current, length = [0], 0, 1
    for begins in jump.tolist():
        if begins and length >= 5:
            current, length = current + 1, 0
        length += 1
        numbers.append(current)
    return np.array(numbers)
