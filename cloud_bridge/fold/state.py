"""`PackState`: the digital ID as of a moment. Axes of state, not one big enum.

Times are RFC 3339 text as the events have them; event ids lead to the proof.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from packtrail.estimate import Estimate
from packtrail.event import PlaceRef, UnitRef, UnitRegistered, VehicleRef
from packtrail.language import Text


class Lifecycle(StrEnum):
    """Where in its life a pack is."""

    UNREGISTERED = "unregistered"
    REGISTERED = "registered"
    STOCKED = "stocked"
    IN_SERVICE = "in_service"

    @property
    def text(self) -> Text:
        """The stage's name."""
        return _LIFECYCLE[self]


class Safety(StrEnum):
    """How careful one has to be, rising."""

    OK = "ok"
    WATCH = "watch"
    QUARANTINE = "quarantine"
    DANGER = "danger"

    @property
    def rank(self) -> int:
        """0 for `ok` to 3 for `danger`."""
        return list(Safety).index(self)

    @property
    def text(self) -> Text:
        """The level's name."""
        return _SAFETY[self]


class Standing(StrEnum):
    """How the record itself stands."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    CONTESTED = "contested"

    @property
    def text(self) -> Text:
        """The standing's name."""
        return _STANDING[self]


class ContestReason(StrEnum):
    """How facts contradict each other."""

    UNREGISTERED = "unregistered"
    BEFORE_REGISTRATION = "before_registration"
    REGISTRATIONS_DIFFER = "registrations_differ"
    TWO_PLACES = "two_places"
    NOT_THERE = "not_there"
    SWAP_MISMATCH = "swap_mismatch"
    EQUIVOCATION = "equivocation"
    IDENTITY = "identity"

    @property
    def text(self) -> Text:
        """The contradiction as a sentence."""
        return _CONTESTS[self]


class Contest(msgspec.Struct, frozen=True, order=True):
    """A contradiction and the fewest events that prove it."""

    reason: ContestReason
    events: tuple[str, ...]


class Gap(msgspec.Struct, frozen=True, order=True):
    """Something that must have happened and was never reported: an `arrival`."""

    what: str
    events: tuple[str, ...]


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


class Registration(msgspec.Struct, frozen=True):
    """What the maker says, when, and by which event."""

    stated: UnitRegistered
    maker: str
    at: str
    event: str


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

    @property
    def newest_health(self) -> HealthPoint | None:
        """The newest report that tells a state of health."""
        told = [point for point in self.health if point.estimate.soh is not None]
        return told[-1] if told else None


_LIFECYCLE = {
    Lifecycle.UNREGISTERED: Text("not registered", "未登记"),
    Lifecycle.REGISTERED: Text("registered", "已登记"),
    Lifecycle.STOCKED: Text("in stock", "在库"),
    Lifecycle.IN_SERVICE: Text("in service", "在用"),
}
_SAFETY = {
    Safety.OK: Text("no open incident", "无未解除事件"),
    Safety.WATCH: Text("watch", "关注"),
    Safety.QUARANTINE: Text("quarantine", "隔离"),
    Safety.DANGER: Text("danger", "危险"),
}
_STANDING = {
    Standing.CLEAN: Text("clean", "一致"),
    Standing.INCOMPLETE: Text("incomplete", "不完整"),
    Standing.CONTESTED: Text("contested", "存疑"),
}
_CONTESTS = {
    ContestReason.UNREGISTERED: Text(
        "no maker has registered this code", "没有生产企业登记过此编码"
    ),
    ContestReason.BEFORE_REGISTRATION: Text("used before it was registered", "登记之前已被使用"),
    ContestReason.REGISTRATIONS_DIFFER: Text(
        "registered twice with different data", "重复登记且内容不同"
    ),
    ContestReason.TWO_PLACES: Text("reported in two places at once", "同时被报告在两处"),
    ContestReason.NOT_THERE: Text(
        "taken out of a place that it was not in", "从其并不在的位置被取出"
    ),
    ContestReason.SWAP_MISMATCH: Text(
        "swapped out of a vehicle that it was not in", "从其并不在的车辆上换下"
    ),
    ContestReason.EQUIVOCATION: Text(
        "one reporter gave two contents under one number", "同一报告方以同一序号给出两种内容"
    ),
    ContestReason.IDENTITY: Text("the code was read differently", "编码读取结果不一致"),
}
