"""Every safety gate of a policy as a person reads of it: done, not done, near its limit, failed.

Facts, a policy and the decision on them enter; a row per gate leaves, with what was measured, the
limit, whether that limit is settled, and the measurement that would decide it where it is open.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from packtrail.estimate import Interval
from packtrail.language import Text
from soh_model.gates import GateTest, PackFacts, deciding_test, what_text
from soh_model.policy import Policy
from soh_model.triage import Decision

HISTORY: Final = "history"
"""Incidents and alarms together, where none stops the pack."""


class GateOutcome(StrEnum):
    """What came of a gate."""

    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "unsure"
    NOT_DONE = "not_done"

    @property
    def text(self) -> Text:
        """The outcome in a word or two."""
        return _OUTCOMES[self]


class GateReport(msgspec.Struct, frozen=True, kw_only=True):
    """One gate.

    Attributes:
        gate: its name, or the event or alarm that stopped the pack.
        outcome: what came of it.
        measured: with its 95 % interval; equal ends where no error is known; None where nothing
            was measured or the gate measures nothing.
        limit: of the policy, in the same unit; None where there is none.
        unit: of both.
        provisional: whether the policy calls the limit provisional.
        test: the measurement that decides it, where it is open.
    """

    gate: str
    outcome: GateOutcome
    measured: Interval | None = None
    limit: float | None = None
    unit: str = ""
    provisional: bool = False
    test: GateTest | None = None

    @property
    def text(self) -> Text:
        """What the gate looks at."""
        return _HISTORY if self.gate == HISTORY else what_text(self.gate)

    @property
    def unit_text(self) -> Text:
        """The unit of its figures."""
        return _UNITS.get(self.unit, Text(self.unit, self.unit))


def gate_reports(facts: PackFacts, policy: Policy, decision: Decision) -> tuple[GateReport, ...]:
    """A row for each gate that the policy has, then one for each event that stopped the pack."""
    limits = {
        "insulation": policy.lowest_insulation_ohm_per_v,
        "self_discharge": policy.highest_self_discharge_pct_day,
        "cell_resistance": policy.highest_cell_resistance_ratio,
    }
    rows = [
        GateReport(
            gate=name,
            outcome=_outcome(name, decision),
            measured=_insulation(facts) if name == "insulation" else decision.measured.get(name),
            limit=limit,
            unit=_UNIT_OF[name],
            provisional=name in policy.provisional,
            test=_test(name, decision),
        )
        for name, limit in limits.items()
        if limit is not None
    ]
    if policy.known_origin:
        name = "unknown_origin"
        outcome = _outcome(name, decision)
        rows.append(GateReport(gate=name, outcome=outcome, test=_test(name, decision)))
    return (*rows, *_history(rows, decision))


def _history(rows: list[GateReport], decision: Decision) -> list[GateReport]:
    """What on record stops the pack; one row where nothing does."""
    named = {row.gate for row in rows}
    stopped = [
        GateReport(gate=name, outcome=GateOutcome.FAILED, test=_test(name, decision))
        for name in decision.gates
        if name not in named
    ]
    return stopped or [GateReport(gate=HISTORY, outcome=GateOutcome.PASSED)]


def _outcome(name: str, decision: Decision) -> GateOutcome:
    for outcome, gates in (
        (GateOutcome.FAILED, decision.gates),
        (GateOutcome.UNSURE, decision.unsure_gates),
        (GateOutcome.NOT_DONE, decision.unmeasured_gates),
    ):
        if name in gates:
            return outcome
    return GateOutcome.PASSED


def _test(name: str, decision: Decision) -> GateTest | None:
    """What would decide an open gate; a gate that nobody asked for tells it as well."""
    open_anyway = name in (*decision.unsure_gates, *decision.unmeasured_gates)
    return decision.tests.get(name) or (deciding_test(name) if open_anyway else None)


def _insulation(facts: PackFacts) -> Interval | None:
    if facts.insulation_ohm is None or not facts.pack_voltage_v:
        return None
    per_volt = facts.insulation_ohm / facts.pack_voltage_v
    return Interval(per_volt, per_volt, per_volt)


_HISTORY: Final = Text("incidents and alarms on record", "记录中的事故与报警")
_UNIT_OF: Final = {
    "insulation": "ohm/V",
    "self_discharge": "%/d",
    "cell_resistance": "x median",
}
_UNITS: Final = {
    "ohm/V": Text("Ω/V", "Ω/V"),
    "%/d": Text("% a day", "%/天"),
    "x median": Text("× median", "倍中位数"),
}
_OUTCOMES: Final = {
    GateOutcome.PASSED: Text("passed", "通过"),
    GateOutcome.FAILED: Text("failed", "未通过"),
    GateOutcome.UNSURE: Text("undecided", "未定"),
    GateOutcome.NOT_DONE: Text("not done", "未做"),
}
