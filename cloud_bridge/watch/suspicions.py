"""What contradicts a clock, a map or a pack's whereabouts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cloud_bridge.fold import ContestReason, Stay, Told
from cloud_bridge.inquiry.entries import steps_of, visits_of
from cloud_bridge.inquiry.inquire import FUTURE_NS
from cloud_bridge.inquiry.travel import Position, too_fast
from packtrail.event import UnitRef
from packtrail.times import parse_time

LEEWAY_NS: Final = 15 * 60 * 10**9
"""So much are the ends of a stay in doubt: a report of a move and telemetry share no clock."""
FOR_EVER_NS: Final = 2**63 - 1


class Sent(NamedTuple):
    """Telemetry of one unit that a gateway read in one slot, from the first sample to the last.

    Times are UTC ns.
    """

    gateway: str
    slot: str
    from_ns: int
    to_ns: int

    @property
    def source(self) -> str:
        """Gateway and slot, as a statement names them; ids of gateways hold no space."""
        return f"{self.gateway} {self.slot}"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that cannot be.

    Attributes:
        reason: which contradiction.
        events: the fewest event ids that prove it.
        culprits: those of them that are likeliest to be wrong.
        sent: the telemetry that contradicts them, or None.
    """

    reason: ContestReason
    events: tuple[str, ...]
    culprits: tuple[str, ...] = ()
    sent: Sent | None = None

    @property
    def name(self) -> tuple[str, tuple[str, ...], str]:
        """What makes it the same suspicion when more of the same is seen."""
        return self.reason, self.events, self.sent.source if self.sent else ""


def ahead_of_time(facts: Iterable[Told]) -> list[Suspicion]:
    """Reports that were received before they say that they happened (I18)."""
    return [
        Suspicion(ContestReason.CLOCK, (told.event_id,), (told.event_id,))
        for told in facts
        if told.recorded_ns and told.event.from_ns > told.recorded_ns + FUTURE_NS
    ]


def too_far(unit: UnitRef, facts: Sequence[Told], sites: Mapping[str, Position]) -> list[Suspicion]:
    """Sightings of the unit farther apart than anything travels in the time between (I6).

    Args:
        unit: whose.
        facts: about it, in order.
        sites: where sites are; others count for nothing.
    """
    _, by_event = visits_of(facts)
    steps = steps_of(facts, by_event).get(unit, [])
    return [
        Suspicion(ContestReason.TOO_FAST, (before.told.event_id, step.told.event_id))
        for before, step in too_fast(steps, sites)
    ]


def wrong_source(
    stays: Iterable[Stay],
    sent: Iterable[Sent],
    sites: Mapping[str, frozenset[str]],
    authors: Mapping[str, str],
) -> list[Suspicion]:
    """Telemetry from a gateway that cannot have had the unit at its plug (I14).

    Args:
        stays: where the unit was.
        sent: what gateways say they read of it.
        sites: gateway -> sites that it has ever reported from; nothing is held against one
            that has reported from none.
        authors: event id -> who states it.

    Returns:
        One for each stay that a source contradicts, with the first telemetry that does.
    """
    known = [(stay, *_surely(stay)) for stay in stays if stay.since and stay.arrived_by]
    found: dict[object, Suspicion] = {}
    for one in sent:
        for stay, from_ns, to_ns in known:
            low, high = max(one.from_ns, from_ns), min(one.to_ns, to_ns)
            own_word = authors.get(stay.arrived_by[-1]) == one.gateway
            home = sites.get(one.gateway, frozenset())
            if low <= high and _elsewhere(stay, one, home, own_word=own_word):
                seen = Sent(one.gateway, one.slot, low, high)
                suspicion = Suspicion(ContestReason.WRONG_SOURCE, stay.arrived_by[-1:], sent=seen)
                found.setdefault(suspicion.name, suspicion)
    return list(found.values())


def _surely(stay: Stay) -> tuple[int, int]:
    """The part of a stay in which it was there by anybody's clock."""
    until_ns = parse_time(stay.until) - LEEWAY_NS if stay.until else FOR_EVER_NS
    return parse_time(stay.since) + LEEWAY_NS, until_ns


def _elsewhere(stay: Stay, sent: Sent, home: frozenset[str], *, own_word: bool) -> bool:
    """Whether a unit that stays there cannot be read from this gateway's slot.

    Others name slots as they like, and a workshop reads packs inside their vehicles: those two
    count against a gateway only by its own word.
    """
    if stay.place is None:
        return own_word
    if stay.place.site not in home:
        return bool(home)
    return own_word and bool(stay.place.slot) and stay.place.slot != sent.slot
