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
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Advice, Estimate, Interval, Reason, Verdict
from packtrail.language import Text
from packtrail.sample import SampleBatch
from soh_model.calibration import Calibration
from soh_model.cell_type_file import StoredType, read_type, write_type
from soh_model.cell_type_fit import BEYOND, learn
from soh_model.chemistry import fresh_cell
from soh_model.conditions import Conditions, conditions_of, is_familiar
from soh_model.errors import ModelError
from soh_model.evidence import cannot_tell, digest
from soh_model.families import together
from soh_model.gaussian_process import Process
from soh_model.pack_spec import PackSpec
from soh_model.session import Refusal, Session, prepare
from soh_model.unit_runs import numbered, runs
from soh_model.window_features import (
    Passage,
    Window,
    common_window,
    feature_maps,
    lean_maps,
    passage,
)

Floats = NDArray[np.float64]

METHOD: Final = "cell-type/4"
BATCH_SD: Final = 0.005
"""Capacity by which new cells of one type differ without any window of a charge showing it."""

FEWEST: Final = 20
"""Training sessions below which a model is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTypeModel:
    """A fitted model of a cell type.

    Attributes:
        spec: the type.
        window: voltages that a charge must pass.
        full: one process per view of all features; none where few features serve better.
        lean: one per view of few features; none where all serve better.
        calibration: factor on the deviation that left-out units asked for.
        conditions: C-rate and temperature of the training.
        trained_on: sessions, units, lowest and highest SoH.
    """

    spec: PackSpec
    window: Window
    full: tuple[Process, ...]
    lean: tuple[Process, ...]
    calibration: Calibration
    conditions: Conditions
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
        readings = feature_maps(passages)[0]
        numbers = runs(readings, soh) if names is None else numbered(names)
        learned = learn(passages, soh, numbers)
        return cls(
            spec=spec,
            window=window,
            full=learned.full,
            lean=learned.lean,
            calibration=learned.calibration,
            conditions=conditions_of(passages),
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
        if not is_familiar(found, self.conditions):
            reasons = (Reason.UNFAMILIAR, *session.findings)
            return cannot_tell(samples, self.spec, reasons, Advice.BENCH_TEST, METHOD)
        return self._answer(samples, session, self.interval(found))

    def interval(self, found: Passage) -> Interval:
        """SoH of one passage: the mean of the views, their deviation and disagreement, calibrated.

        It does not go beyond what the training held: there a process would only extrapolate.
        """
        views = (*feature_maps([found])[: len(self.full)], *lean_maps([found])[: len(self.lean)])
        processes = (*self.full, *self.lean)
        means, deviations = together(
            [process.predict(view) for process, view in zip(processes, views, strict=True)],
            sure=len(self.full) or len(self.lean),
        )
        low, high = self.trained_on[2] - BEYOND, self.trained_on[3] + BEYOND
        value = float(np.clip(means[0], low, high))
        sure = self.calibration.at(value) * float(deviations[0])
        half = 1.96 * float(np.hypot(sure, BATCH_SD))
        return Interval(value, max(0.0, value - half), value + half)

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
        stored = StoredType(
            spec=self.spec,
            window=self.window,
            full=tuple(process.plain() for process in self.full),
            lean=tuple(process.plain() for process in self.lean),
            calibration=self.calibration,
            conditions=self.conditions,
            trained_on=self.trained_on,
        )
        write_type(path, stored)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a stored model.

        Raises:
            ModelError: The file is missing, is no model or is of another version.
        """
        stored = read_type(path)
        return cls(
            spec=stored.spec,
            window=stored.window,
            full=tuple(Process.of_plain(content) for content in stored.full),
            lean=tuple(Process.of_plain(content) for content in stored.lean),
            calibration=stored.calibration,
            conditions=stored.conditions,
            trained_on=stored.trained_on,
        )


def _session(samples: SampleBatch, spec: PackSpec) -> Session | Refusal:
    fresh = fresh_cell(spec)
    if fresh is None:
        return Refusal((Reason.UNKNOWN_CHEMISTRY,), Advice.BENCH_TEST)
    return prepare(samples, spec, fresh)
