"""Safety gates of a used pack: what stops it before anybody asks how healthy it is.

Facts of a pack and a policy enter; the gates that fail, those that stay open because a measurement
straddles its limit, and those that nobody measured leave. Alarms and precursors come first, then
what happened to the pack, insulation (GB 18384, ISO 6469-3), cells that discharge themselves,
cells whose resistance stands out (GB/T 34015.3, UL 1974: sorting before reuse) and packs of
unknown origin. A measurement fails a gate where its whole 95 % interval lies beyond the limit.
Fails to see what was not measured: it says so, and the policy says whether that holds the pack.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from packtrail.estimate import Estimate, Interval
from packtrail.language import Text
from soh_model.policy import Policy


class Alarm(msgspec.Struct, frozen=True):
    """An alarm or precursor in a pack's history.

    Attributes:
        kind: such as `thermal_runaway_precursor`.
        severity: `watch`, `quarantine` or `danger`.
        cleared: whether a competent party declared it over.
    """

    kind: str
    severity: str
    cleared: bool = False


class PackFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a pack at the gate.

    Attributes:
        code: its identifier.
        chemistry: such as `LFP`.
        nominal_kwh: nominal energy.
        estimate: its state of health.
        insulation_ohm: lowest insulation resistance measured, None if never.
        pack_voltage_v: voltage that the insulation was measured at.
        events: events in its history, such as `crash`.
        alarms: alarms and precursors in its history.
        self_discharge_pct_day: what the worst cell loses a day against the median cell, % of its
            charge; None if never measured.
        cell_resistance_ratio: resistance of the worst cell over that of the median cell.
        origin_known: whether its maker and history are on record; None where nobody looked.
    """

    code: str
    chemistry: str
    nominal_kwh: float
    estimate: Estimate
    insulation_ohm: float | None = None
    pack_voltage_v: float | None = None
    events: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    self_discharge_pct_day: Interval | None = None
    cell_resistance_ratio: Interval | None = None
    origin_known: bool | None = None


class GateTest(StrEnum):
    """The measurement that decides a gate. `text` says it."""

    INSULATION = "insulation_resistance"
    LONG_REST = "rest_24h"
    CELL_PULSES = "cell_pulses_10s"
    TRACE_CODE = "trace_code"
    EXAMINE = "examine"

    @property
    def text(self) -> Text:
        """The measurement as a sentence for the workshop."""
        return _TESTS[self]


class Gates(msgspec.Struct, frozen=True):
    """The gates of one pack, by name.

    Attributes:
        failed: beyond doubt, in the order of their weight.
        unsure: whose measurement straddles its limit.
        unmeasured: that the policy has and nobody measured.
        measured: what those with a limit were measured at.
    """

    failed: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    measured: dict[str, Interval] = {}

    def joined(self, other: Gates) -> Gates:
        """Both, each gate named once."""
        return Gates(
            tuple(dict.fromkeys(self.failed + other.failed)),
            self.unsure + other.unsure,
            self.unmeasured + other.unmeasured,
            {**self.measured, **other.measured},
        )


def gates_of(facts: PackFacts, policy: Policy) -> Gates:
    """Every gate of a policy, held to a pack's facts."""
    failed = [
        alarm.kind
        for alarm in facts.alarms
        if alarm.severity in policy.stopping_severities and not alarm.cleared
    ]
    failed += [event for event in facts.events if event in policy.stopping_events]
    gates = Gates(tuple(failed)).joined(_insulation(facts, policy))
    for name, limit, found in (
        ("self_discharge", policy.highest_self_discharge_pct_day, facts.self_discharge_pct_day),
        ("cell_resistance", policy.highest_cell_resistance_ratio, facts.cell_resistance_ratio),
    ):
        if limit is not None:
            gates = gates.joined(_held_to(name, limit, found))
    if policy.known_origin and facts.origin_known is not True:
        asked, origin = facts.origin_known is not None, ("unknown_origin",)
        gates = gates.joined(Gates(origin) if asked else Gates(unmeasured=origin))
    return gates


def _held_to(name: str, limit: float, found: Interval | None) -> Gates:
    """One gate whose measurement must not exceed its limit."""
    if found is None:
        return Gates(unmeasured=(name,))
    beyond = found.low > limit
    near = not beyond and not found.high <= limit
    return Gates((name,) if beyond else (), (name,) if near else (), measured={name: found})


def _insulation(facts: PackFacts, policy: Policy) -> Gates:
    if facts.insulation_ohm is None or not facts.pack_voltage_v:
        return Gates(unmeasured=("insulation",))
    low = facts.insulation_ohm / facts.pack_voltage_v < policy.lowest_insulation_ohm_per_v
    return Gates(("insulation",) if low else ())


def deciding_test(name: str) -> GateTest:
    """The measurement that decides a gate; what happened to a pack is for an examiner."""
    return _TEST_OF.get(name, GateTest.EXAMINE)


def gate_text(name: str) -> Text:
    """A gate's name for a person; an event or alarm that is not in the table as it is."""
    return _NAMES.get(name, Text(name.replace("_", " "), name))


def what_text(name: str) -> Text:
    """What a gate looks at, for a gate that nobody has answered yet."""
    return Text("origin", "来源") if name == "unknown_origin" else gate_text(name)


_NAMES: Final = {
    "insulation": Text("insulation", "绝缘电阻"),
    "self_discharge": Text("self-discharge of a cell", "单体自放电"),
    "cell_resistance": Text("resistance of a cell", "单体内阻"),
    "unknown_origin": Text("unknown origin", "来源不明"),
    "crash": Text("crash", "碰撞"),
    "fire": Text("fire", "起火"),
    "flood": Text("flood", "浸水"),
    "leak": Text("leak", "漏液"),
    "swelling": Text("swelling", "鼓胀"),
    "recall": Text("recall", "召回"),
    "undervoltage": Text("deep undervoltage", "过放欠压"),
    "cell_over_temperature": Text("cell over temperature", "单体过温"),
    "cell_over_voltage": Text("cell over voltage", "单体过压"),
    "cell_under_voltage": Text("cell under voltage", "单体欠压"),
    "thermal_runaway": Text("thermal runaway", "热失控"),
}

_TEST_OF: Final = {
    "insulation": GateTest.INSULATION,
    "self_discharge": GateTest.LONG_REST,
    "cell_resistance": GateTest.CELL_PULSES,
    "unknown_origin": GateTest.TRACE_CODE,
}

_TESTS: Final = {
    GateTest.INSULATION: Text(
        "insulation resistance of both poles at the pack's voltage (GB 18384, ISO 6469-3)",
        "在电池包电压下测量正负极对壳体的绝缘电阻（GB 18384、ISO 6469-3）",
    ),
    GateTest.LONG_REST: Text(
        "rest 24 h without balancing, full or below 20 %, cell voltages recorded throughout",
        "满电或低于 20 % 静置 24 小时，关闭均衡，全程记录单体电压",
    ),
    GateTest.CELL_PULSES: Text(
        "pulses of 10 s at 1C, half charged, 25 degC, cell voltages every second (IEC 62660-1)",
        "25 ℃、半电状态下 1C 脉冲 10 s，每秒记录单体电压（IEC 62660-1）",
    ),
    GateTest.TRACE_CODE: Text(
        "trace the pack's code at its maker or the national platform",
        "通过生产企业或国家平台追溯电池编码",
    ),
    GateTest.EXAMINE: Text("let a competent party examine it", "由有资质的单位检查"),
}
