"""Reports become visits of vehicles and steps of packs, each told in one or more events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cloud_bridge.fold.told import Told
from packtrail.event import (
    ChargeRecorded,
    PackInstalled,
    PackRemoved,
    SwapPerformed,
    UnitRef,
    VehicleRegistered,
)

TOGETHER_NS: Final = 5 * 60 * 10**9
"""Removal and installation by one reporter so close together are one visit."""
VEHICLE: Final = "v:"
SITE: Final = "s:"
NOWHERE: Final = ""


@dataclass(slots=True)
class Visit:
    """A vehicle gave one pack, took another, or both.

    Attributes:
        vehicle: its name.
        author: reporter.
        site: where, "" if not told.
        t_ns: when.
        gives: pack that left it, or None.
        takes: pack that it left with, or None.
        told: the events.
    """

    vehicle: str
    author: str
    site: str
    t_ns: int
    gives: UnitRef | None
    takes: UnitRef | None
    told: tuple[Told, ...]

    @property
    def events(self) -> tuple[str, ...]:
        """Ids of its events."""
        return tuple(one.event_id for one in self.told)


@dataclass(slots=True)
class Step:
    """A pack left somewhere, came somewhere, or both.

    Attributes:
        unit: which.
        t_ns: when.
        leaves: `v:vehicle`, `s:site`, or "" if not told.
        arrives: the same.
        told: the event.
        visit: the visit of a vehicle that it is part of, or None.
    """

    unit: UnitRef
    t_ns: int
    leaves: str
    arrives: str
    told: Told
    visit: Visit | None = None


def visits_of(facts: Sequence[Told]) -> tuple[dict[str, list[Visit]], dict[str, Visit]]:
    """Visits of each vehicle in order, and event id -> visit; `facts` are in order."""
    visits: dict[str, list[Visit]] = defaultdict(list)
    by_event: dict[str, Visit] = {}
    for told in facts:
        visit = _visit(told)
        if visit is None:
            continue
        line = visits[visit.vehicle]
        if line and _belong_together(line[-1], visit):
            last = line[-1]
            last.gives, last.takes = last.gives or visit.gives, last.takes or visit.takes
            last.told = (*last.told, told)
            by_event[told.event_id] = last
        else:
            line.append(visit)
            by_event[told.event_id] = visit
    return visits, by_event


def steps_of(facts: Iterable[Told], by_event: dict[str, Visit]) -> dict[UnitRef, list[Step]]:
    """Steps of each pack in order."""
    steps: dict[UnitRef, list[Step]] = defaultdict(list)
    for told in facts:
        visit = by_event.get(told.event_id)
        for unit, leaves, arrives in _steps(told):
            steps[unit].append(Step(unit, told.event.from_ns, leaves, arrives, told, visit))
    return steps


def sightings_of(facts: Iterable[Told]) -> dict[UnitRef, list[Step]]:
    """Packs that were charged in a vehicle: they move nothing, but show where the pack was."""
    seen: dict[UnitRef, list[Step]] = defaultdict(list)
    for told in facts:
        unit, body = told.event.unit, told.event.body
        if unit and isinstance(body, ChargeRecorded) and body.vehicle:
            spot = f"{VEHICLE}{body.vehicle}"
            seen[unit].append(Step(unit, told.event.from_ns, spot, spot, told))
    return seen


def _visit(told: Told) -> Visit | None:
    event = told.event
    match event.body:
        case SwapPerformed(vehicle=vehicle, site=site, unit_out=out):
            gives, takes = out, event.unit
        case PackRemoved(vehicle=vehicle) as body if vehicle:
            site, gives, takes = _site(body), event.unit, None
        case PackInstalled(vehicle=vehicle) as body if vehicle:
            site, gives, takes = _site(body), None, event.unit
        case _:
            return None
    return Visit(str(vehicle), event.author, site, event.from_ns, gives, takes, (told,))


def _belong_together(last: Visit, visit: Visit) -> bool:
    if last.author != visit.author or visit.t_ns - last.t_ns > TOGETHER_NS:
        return False
    same_gives = None in (last.gives, visit.gives) or last.gives == visit.gives
    same_takes = None in (last.takes, visit.takes) or last.takes == visit.takes
    # A pack that was put in and is taken out at once is two visits, not one.
    return same_gives and same_takes and (last.takes is None or last.takes != visit.gives)


def _steps(told: Told) -> list[tuple[UnitRef, str, str]]:
    unit, body = told.event.unit, told.event.body
    match body:
        case SwapPerformed(vehicle=vehicle, site=site, unit_out=out):
            steps = [(unit, SITE + site, f"{VEHICLE}{vehicle}")] if unit else []
            return steps + ([(out, f"{VEHICLE}{vehicle}", SITE + site)] if out else [])
        case PackInstalled() if unit:
            return [(unit, NOWHERE, _spot(body))]
        case PackRemoved() if unit:
            return [(unit, _spot(body), NOWHERE)]
        case VehicleRegistered(vehicle=vehicle, packs=packs):
            return [(pack, NOWHERE, f"{VEHICLE}{vehicle}") for pack in packs]
    return []


def _spot(body: PackInstalled | PackRemoved) -> str:
    if body.vehicle:
        return f"{VEHICLE}{body.vehicle}"
    return SITE + body.place.site if body.place else NOWHERE


def _site(body: PackInstalled | PackRemoved) -> str:
    return body.place.site if body.place else ""
