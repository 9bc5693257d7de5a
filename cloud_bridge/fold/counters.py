"""Lifetime counters and health over time: resets, replays and risen health are found (I13).

Counters never fall: where the BMS began anew, an offset is added, so that totals go on. A claimed
health that rises by more than noise without an inspection or another BMS is the known fraud of
resetting the meter before a sale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.state import Total
from cloud_bridge.fold.told import Told
from packtrail.estimate import Estimate
from packtrail.event import (
    BmsReplaced,
    ChargeRecorded,
    ConditionCommitted,
    Counter,
    CounterReset,
    InspectionRecorded,
    UnitRepaired,
    UsageRecorded,
)

CLAIM_NOISE_PCT: Final = 2.0
"""A BMS relearns upward by so much, percentage points of SoH; 3 points is a planted reset."""
SAME_VALUES: Final = 3
"""So many integrals of a day cannot agree with another day's by chance."""
HEALTH_MARGIN: Final = 0.01
"""Two estimates contradict if the later one's lower bound lies so far above the upper bound."""


@dataclass(slots=True)
class Meters:
    """Follows the counters and the health of one unit."""

    totals: dict[str, Total] = field(default_factory=dict)
    contests: list[Contest] = field(default_factory=list)
    claimed: Told | None = None
    measured: Told | None = None
    seen: dict[object, Told] = field(default_factory=dict)
    charged: Told | None = None

    def walk(self, facts: Sequence[Told]) -> Meters:
        """Follow `facts`, in order; returns itself."""
        for told in facts:
            match told.event.body:
                case ConditionCommitted() as body:
                    self._health(told, body)
                case ChargeRecorded(charge_count=int()):
                    self._count(told)
                case UsageRecorded() as body:
                    self._repeat(told, body)
                case BmsReplaced(counters=counters):
                    self.claimed = self.charged = None
                    self._restart(told, counters)
                case CounterReset() as body:
                    self.charged = None
                    self._restart(told, body.counters)
                    if body.detected:
                        self.contests.append(contest(ContestReason.COUNTER_FELL, [told], [told]))
                case InspectionRecorded() | UnitRepaired():
                    self.claimed = self.measured = None
        return self

    def _restart(self, told: Told, counters: Sequence[Counter]) -> None:
        for one in counters:
            before = self.totals.get(one.name)
            if before and one.before < before.shown - 1e-9:
                self.contests.append(contest(ContestReason.COUNTER_FELL, [told], [told]))
            offset = before.value - before.shown if before else 0.0
            shown = max(one.before, before.shown if before else 0.0)
            resets = (before.resets if before else 0) + 1
            self.totals[one.name] = Total(one.name, offset + shown, one.after, resets)

    def _health(self, told: Told, body: ConditionCommitted) -> None:
        self._replay(told, body.estimate)
        self._claim(told, body.claimed_soh_pct)
        self._measure(told, body.estimate)

    def _replay(self, told: Told, estimate: Estimate) -> None:
        digest = estimate.inputs_digest
        if not digest:
            return
        first = self.seen.setdefault(digest, told)
        if first.event.from_ns != told.event.from_ns:
            self.contests.append(contest(ContestReason.REPLAYED, [first, told], [told]))

    def _count(self, told: Told) -> None:
        """The number of charges that the BMS states only grows (GB/T 27930, BRM)."""
        if self.charged and _charges(told) < _charges(self.charged):
            proof = [self.charged, told]
            self.contests.append(contest(ContestReason.COUNTER_FELL, proof, [told]))
        self.charged = told

    def _repeat(self, told: Told, body: UsageRecorded) -> None:
        """Charge and energy to the last digit as on another day: that day, told again."""
        moved = (body.charge_ah, body.discharge_ah, body.charge_kwh, body.discharge_kwh)
        if sum(value > 0 for value in moved) < SAME_VALUES:
            return
        first = self.seen.setdefault((body.covered_h, *moved), told)
        if isinstance(first.event.body, UsageRecorded) and first.event.body.day != body.day:
            self.contests.append(contest(ContestReason.REPLAYED, [first, told], [told]))

    def _claim(self, told: Told, claimed_pct: float | None) -> None:
        if claimed_pct is None:
            return
        before = _claimed(self.claimed)
        if self.claimed and before is not None and claimed_pct > before + CLAIM_NOISE_PCT:
            self.contests.append(contest(ContestReason.METER_RESET, [self.claimed, told], [told]))
        # A slow climb must not slip through step by step: the lowest claim stays the measure.
        if before is None or claimed_pct <= before or claimed_pct > before + CLAIM_NOISE_PCT:
            self.claimed = told

    def _measure(self, told: Told, estimate: Estimate) -> None:
        if estimate.soh is None:
            return
        before = _measured(self.measured)
        if self.measured and before and before.soh:
            if before.method.split("/")[0] != estimate.method.split("/")[0]:
                return
            if estimate.soh.low > before.soh.high + HEALTH_MARGIN:
                proof = [self.measured, told]
                self.contests.append(contest(ContestReason.HEALTH_ROSE, proof, [told]))
            elif estimate.soh.high >= before.soh.high:
                return
        self.measured = told


def _charges(told: Told) -> int:
    body = told.event.body
    return (body.charge_count or 0) if isinstance(body, ChargeRecorded) else 0


def _claimed(told: Told | None) -> float | None:
    body = told.event.body if told else None
    return body.claimed_soh_pct if isinstance(body, ConditionCommitted) else None


def _measured(told: Told | None) -> Estimate | None:
    body = told.event.body if told else None
    return body.estimate if isinstance(body, ConditionCommitted) else None
