"""What an operator sees of a running gateway, as plain frozen values.

The station page, `/v1/slots`, `/health` and the metrics all read this and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway.alarms.features import Features
from gateway.binding import Case, StationState
from gateway.bus import BusState
from gateway.health import DeskState
from gateway.outbox import Counters
from gateway.pipeline import Slot
from gateway.uplink import UplinkState
from packtrail.estimate import Interval
from packtrail.event import IncidentRecorded, Reading

LIVE_S: Final = 5.0
"""What a BMS said so long ago still holds for an empty slot; frames come many times a second."""


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot.

    Attributes:
        name: of the slot.
        state: `empty`, `waiting` (a pack that is not recognised yet), `contested` or `bound`.
        code: the pack's code, "" while it is not settled.
        problem: why it is not settled, "" for nothing.
        since_ns: UTC of the arrival, 0 for an empty slot.
        t_ns: UTC of the newest sample, 0 for none.
        soc_pct: state of charge as the BMS says.
        current_a: charge positive.
        voltage_v: of the pack.
        spread_v: largest cell voltage minus smallest.
        temperature_c: the warmest.
        soh: last estimate with its 95 % interval, fractions.
        alarms: what is wrong now.
        samples: kept since the start.
        readings: how the visitor's identity was read.
        quiet_s: seconds since anything was heard there, None for never.
    """

    name: str
    state: str
    code: str
    problem: str
    since_ns: int
    t_ns: int
    soc_pct: float | None
    current_a: float | None
    voltage_v: float | None
    spread_v: float | None
    temperature_c: float | None
    soh: Interval | None
    alarms: list[IncidentRecorded]
    samples: int
    readings: tuple[Reading, ...] = ()
    quiet_s: float | None = None


@dataclass(frozen=True, slots=True)
class StationView:
    """The whole gateway.

    Attributes:
        gateway: its id.
        site: where it stands.
        slots: in the order of the settings.
        outbox: what waits and what went through.
        uplink: the link and the receipts.
        buses: by name.
        estimates: what became of requests for estimates.
        frames: worked off by the pipeline.
        frames_waiting: heard and not yet worked off.
        problems: what keeps the gateway from doing its work and a restart may heal.
        troubles: what keeps it and no restart heals, such as a disk that takes nothing.
        cases: visits that ended before anybody knew whose they were.
    """

    gateway: str
    site: str
    slots: list[SlotView]
    outbox: Counters
    uplink: UplinkState
    buses: dict[str, BusState]
    estimates: DeskState
    frames: int
    frames_waiting: int
    problems: list[str]
    troubles: list[str] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def view_slot(slot: Slot, state: StationState) -> SlotView:
    """Look at one slot."""
    visit, quiet_s = state.visit(slot.name), slot.quiet_s
    # A pack that has left may be heard for a moment longer; what it said is not the slot's.
    here = visit.present or (quiet_s is not None and quiet_s < LIVE_S)
    sample = slot.latest if here else None
    values = sample.values if sample else {}
    features = Features().of(sample) if sample else {}

    def number(name: str) -> float | None:
        value = values.get(name)
        return round(value, 4) if isinstance(value, float) else None

    def feature(name: str) -> float | None:
        return round(features[name].value, 4) if name in features else None

    return SlotView(
        name=slot.name,
        state=_state(visit.present, bool(visit.unit), visit.problem),
        code=str(visit.unit) if visit.unit else "",
        problem=visit.problem,
        since_ns=visit.since_ns,
        t_ns=sample.t_ns if sample else 0,
        soc_pct=number("soc_pct"),
        current_a=number("pack_current_a"),
        voltage_v=number("pack_voltage_v"),
        spread_v=feature("cell_spread_v"),
        temperature_c=feature("temperature_max_c"),
        soh=state.healths.get(str(visit.unit)) if visit.unit else None,
        alarms=slot.alarms,
        samples=slot.samples,
        readings=visit.readings,
        quiet_s=None if quiet_s is None else round(quiet_s, 1),
    )


def _state(present: bool, bound: bool, problem: str) -> str:
    if not present:
        return "empty"
    if bound:
        return "bound"
    return "contested" if problem else "waiting"
