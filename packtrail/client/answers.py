"""What a bridge answers, as far as a client reads it; members that a newer bridge adds are let be.

Times are RFC 3339 UTC, units stand in the names, event ids lead to the proof. What the access rules
hide is empty, and named in `hidden`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from packtrail.estimate import Estimate
from packtrail.event import (
    InspectionRecorded,
    PlaceRef,
    ProductAssembled,
    SignedEvent,
    TriageDecided,
    UnitRef,
    UnitRegistered,
    VehicleRef,
)


class Verdict(msgspec.Struct, frozen=True):
    """`green`, `amber` or `red`, and a sentence in both languages."""

    level: str
    en: str
    zh: str


class Reading(msgspec.Struct, frozen=True):
    """The newest sample; values by canonical quantity, in its unit."""

    at: str
    values: dict[str, float]


class Hidden(msgspec.Struct, frozen=True):
    """A part of the answer that the access rules hide, and who may ask for it."""

    field: str
    en: str
    zh: str
    who_en: str
    who_zh: str


class PackLine(msgspec.Struct, frozen=True):
    """One pack of the list; shares of health from 0 to 1, with their 95 % interval."""

    code: str
    verdict: Verdict
    lifecycle: str
    safety: str
    standing: str
    soh: float | None = None
    soh_low: float | None = None
    soh_high: float | None = None
    reading: Reading | None = None
    seen_at: str = ""
    hidden: tuple[str, ...] = ()


class Registration(msgspec.Struct, frozen=True):
    """What the maker says, when, and by which event."""

    stated: UnitRegistered | ProductAssembled
    maker: str
    at: str
    event: str


class Binding(msgspec.Struct, frozen=True):
    """What the pack is bound to now."""

    vehicle: VehicleRef | None
    place: PlaceRef | None
    since: str
    event: str


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """One stay in a vehicle or place; `until` is "" while it lasts."""

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    since: str = ""
    until: str = ""
    arrived_by: tuple[str, ...] = ()
    left_by: tuple[str, ...] = ()
    swap: bool = False


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """One report on health: what an estimator found, and what the BMS claims."""

    at: str
    estimate: Estimate
    claimed_soh_pct: float | None = None
    coverage_pct: float | None = None
    throughput_ah: float | None = None
    author: str
    event: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that bears on safety; `cleared` is "" while it is open."""

    kind: str
    severity: str
    where: str = ""
    quantity: str = ""
    value: float | None = None
    limit: float | None = None
    since: str
    cleared: str = ""
    reports: int = 1
    events: tuple[str, ...] = ()


class Custody(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the pack, to whom it is on its way, and whether it is missing."""

    holder: str = ""
    since: str = ""
    event: str = ""
    to_party: str = ""
    order: str = ""
    missing: str = ""
    country: str = ""


class Total(msgspec.Struct, frozen=True):
    """A lifetime counter that no reset of the BMS can lower."""

    name: str
    value: float
    shown: float
    resets: int


class Inspection(msgspec.Struct, frozen=True):
    """A bench test."""

    at: str
    author: str
    event: str
    found: InspectionRecorded


class Triage(msgspec.Struct, frozen=True):
    """Advice on what to do."""

    at: str
    author: str
    event: str
    advice: TriageDecided


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The digital ID.

    Attributes:
        lifecycle: stage of life, such as `in_vehicle`.
        safety: `normal`, `watch`, `restricted` or `quarantine`.
        standing: `clean`, `incomplete` or `contested`.
        contests: what contradicts, with the proof of each, as the bridge writes it.
        gaps: what was never reported, likewise.
        parts: what is inside and what it is inside of, likewise.
        events: how many facts this is the fold of.
    """

    unit: UnitRef
    lifecycle: str
    safety: str
    standing: str
    registration: Registration | None = None
    binding: Binding | None = None
    stays: tuple[Stay, ...] = ()
    swaps: int = 0
    vehicles: int = 0
    health: tuple[Health, ...] = ()
    incidents: tuple[Incident, ...] = ()
    custody: Custody = Custody()
    totals: tuple[Total, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    triage: Triage | None = None
    contests: tuple[dict[str, Any], ...] = ()
    gaps: tuple[dict[str, Any], ...] = ()
    parts: dict[str, Any] = {}
    events: int = 0
    first_at: str = ""
    last_at: str = ""
    life: int = 1

    @property
    def newest_health(self) -> Health | None:
        """The newest report that tells a state of health."""
        told = [point for point in self.health if point.estimate.soh is not None]
        return told[-1] if told else None


class Pack(msgspec.Struct, frozen=True):
    """One pack; `digest` is SHA-256 of the digital ID, "" where parts of it are hidden."""

    code: str
    verdict: Verdict
    state: State
    digest: str = ""
    reading: Reading | None = None
    seen_at: str = ""
    hidden: tuple[Hidden, ...] = ()


class PackPage(msgspec.Struct, frozen=True):
    """One page of packs."""

    packs: tuple[PackLine, ...]
    next: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One line of the ledger; `signed.read()` is the typed event."""

    leaf: int
    event_id: str
    recorded_at: str
    signed: SignedEvent


class EventPage(msgspec.Struct, frozen=True):
    """One page of ledger lines; `next` is the cursor of the page after it, None at the end."""

    events: tuple[Event, ...]
    next: str | None = None


class ColumnPage(msgspec.Struct, frozen=True):
    """One quantity of a page of samples; None is "not known"."""

    unit: str
    vss: str
    values: list[Any]


class SamplePage(msgspec.Struct, frozen=True):
    """One page of samples as columns."""

    code: str
    t_ns: list[int]
    columns: dict[str, ColumnPage]
    next: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of one submitted event: `recorded`, `known` or `refused`."""

    event_id: str
    outcome: str
    leaf: int | None = None
    reason: str = ""
    detail: str = ""


class Outcomes(msgspec.Struct, frozen=True):
    """One outcome per submitted event, in the order of submission."""

    outcomes: tuple[Outcome, ...]


class Head(msgspec.Struct, frozen=True):
    """The newest signed tree head, not checked yet."""

    origin: str
    verifier: str
    public_key: str
    note: str


class Appraisal(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done with a pack and what it is worth, with everything it was made of.

    Attributes:
        facts: what was asked about.
        holds: what has to be cleared first; then nothing is decided.
        decision: the answer, or its refusal with the test that would decide.
        policy: grades and gates in full.
        prices: in full.
        state_digest: SHA-256 of the digital ID at `at`, hex.
        events: ids of the reports that it rests on.
        asked: every safety gate of the policy: passed, failed, undecided or not done.
        cells: which telemetry the gates were answered from; `waiting` days are not read yet.
    """

    unit: UnitRef
    life: int
    at: str
    health_at: str
    holds: tuple[str, ...] = ()
    facts: dict[str, Any]
    decision: dict[str, Any]
    policy: dict[str, Any]
    prices: dict[str, Any]
    state_digest: str
    events: tuple[str, ...] = ()
    asked: tuple[dict[str, Any], ...] = ()
    cells: dict[str, Any] = {}
