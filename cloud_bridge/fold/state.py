"""`PackState`: the digital ID as of a moment. Axes of state, not one big enum.

Times are RFC 3339 text as the events have them; event ids lead to the proof.
"""

from __future__ import annotations

import msgspec

from cloud_bridge.fold.axes import Lifecycle, Safety, Standing
from cloud_bridge.fold.contests import Contest, Gap
from packtrail.estimate import Estimate
from packtrail.event import (
    InspectionRecorded,
    PlaceRef,
    ProductAssembled,
    TriageDecided,
    UnitRef,
    UnitRegistered,
    VehicleRef,
)


class Binding(msgspec.Struct, frozen=True):
    """What a pack is bound to now: a vehicle or a place, since when and by which event."""

    vehicle: VehicleRef | None
    place: PlaceRef | None
    since: str
    event: str


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of the pack in a vehicle or place.

    Attributes:
        vehicle: the vehicle, or None.
        place: the place, or None.
        since: when it came, "" if that was never reported.
        until: when it left, "" while it is there.
        arrived_by: events that say so; empty if implied by a later one.
        left_by: events that say so.
        swap: whether it left in a battery swap.
    """

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    since: str = ""
    until: str = ""
    arrived_by: tuple[str, ...] = ()
    left_by: tuple[str, ...] = ()
    swap: bool = False


class HealthPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One report on health: what an estimator found, and what the BMS claims."""

    at: str
    estimate: Estimate
    claimed_soh_pct: float | None
    coverage_pct: float | None
    throughput_ah: float | None
    author: str
    event: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that bears on safety, from its first report to its clearance.

    Attributes:
        kind: as reported, such as `over_temperature`.
        severity: as reported; each severity of a kind is opened and cleared by itself.
        where: as first reported.
        quantity: which quantity, "" if none.
        value: the newest value.
        limit: the limit that it crossed.
        since: first report.
        cleared: when it was reported over, "" while it is open.
        reports: how many reports.
        events: the first report and, once cleared, the clearance.
        inspected: event of the inspection that declared it over, or "".
    """

    kind: str
    severity: Safety
    where: str
    quantity: str
    value: float | None
    limit: float | None
    since: str
    cleared: str
    reports: int
    events: tuple[str, ...]
    inspected: str = ""


class Registration(msgspec.Struct, frozen=True):
    """What the maker says, when, and by which event."""

    stated: UnitRegistered | ProductAssembled
    maker: str
    at: str
    event: str


class Alias(msgspec.Struct, frozen=True):
    """A further code of the unit: since and until when, and by which event."""

    code: UnitRef
    since: str
    until: str
    event: str


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is inside a unit, what it is inside of, and what came of it.

    Attributes:
        children: coded units inside now.
        uncoded_cells: cells without a code inside now.
        parent: what the unit is inside of, or None.
        product: the second-life product that it became part of, or None.
        origins: packs that a product was made of.
        lots: lots that the unit became, as `party/number`.
        mass_kg: as last stated, or None.
        loss_kg: lost when it was taken apart.
    """

    children: tuple[UnitRef, ...] = ()
    uncoded_cells: int = 0
    parent: UnitRef | None = None
    product: UnitRef | None = None
    origins: tuple[UnitRef, ...] = ()
    lots: tuple[str, ...] = ()
    mass_kg: float | None = None
    loss_kg: float = 0.0


class Custody(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the unit.

    Attributes:
        holder: party, "" if nobody ever said.
        since: from when on.
        event: by which event.
        to_party: to whom it is offered and on its way, "" if to nobody.
        order: take-back order that runs, "" without one.
        missing: `lost`, `stolen`, or "".
        country: where it was exported to, or "".
    """

    holder: str = ""
    since: str = ""
    event: str = ""
    to_party: str = ""
    order: str = ""
    missing: str = ""
    country: str = ""


class Total(msgspec.Struct, frozen=True):
    """A lifetime counter that no reset or swap of the BMS can lower.

    Attributes:
        name: such as `throughput_ah`.
        value: sum over every BMS that the unit has had.
        shown: what the present BMS shows.
        resets: how often it began anew.
    """

    name: str
    value: float
    shown: float
    resets: int


class Inspection(msgspec.Struct, frozen=True):
    """A bench test: when, by whom, what."""

    at: str
    author: str
    event: str
    found: InspectionRecorded


class Triage(msgspec.Struct, frozen=True):
    """Advice on what to do: when, by whom, what."""

    at: str
    author: str
    event: str
    advice: TriageDecided


class PackState(msgspec.Struct, frozen=True, kw_only=True):
    """The digital ID.

    Attributes:
        unit: whose.
        registration: what the maker says, or None.
        lifecycle: stage of life.
        binding: where it is now, or None.
        stays: where it has been, oldest first, the present stay last.
        swaps: how many swaps it went through, in or out.
        vehicles: how many vehicles it has served.
        health: reports on health, oldest first.
        safety: how careful to be: the worst open incident.
        incidents: oldest first.
        standing: clean, incomplete or contested.
        contests: what contradicts.
        gaps: what was never reported.
        events: how many facts this is the fold of.
        first_at: first occurrence, "" without events.
        last_at: last occurrence.
        stage_since: when the stage of life began, "" where no event says so.
        stage_event: event that began it, or "".
        life: which life, from 1: re-use after recovery and remanufacturing begin a new one.
        aliases: further codes.
        parts: what is inside, what it is inside of.
        custody: who holds it.
        totals: lifetime counters.
        inspections: bench tests, oldest first.
        triage: newest advice, or None.
        repairs: how many.
    """

    unit: UnitRef
    registration: Registration | None
    lifecycle: Lifecycle
    binding: Binding | None
    stays: tuple[Stay, ...]
    swaps: int
    vehicles: int
    health: tuple[HealthPoint, ...]
    safety: Safety
    incidents: tuple[Incident, ...]
    standing: Standing
    contests: tuple[Contest, ...]
    gaps: tuple[Gap, ...]
    events: int
    first_at: str
    last_at: str
    stage_since: str = ""
    stage_event: str = ""
    life: int = 1
    aliases: tuple[Alias, ...] = ()
    parts: Parts = Parts()
    custody: Custody = Custody()
    totals: tuple[Total, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    triage: Triage | None = None
    repairs: int = 0

    @property
    def newest_health(self) -> HealthPoint | None:
        """The newest report that tells a state of health."""
        told = [point for point in self.health if point.estimate.soh is not None]
        return told[-1] if told else None
