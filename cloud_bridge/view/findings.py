"""What the reports of a pack and of the vehicles around it show together."""

from __future__ import annotations

from typing import Final

from cloud_bridge.fold import Told
from cloud_bridge.inquiry import Finding, inquire
from cloud_bridge.store import Store
from cloud_bridge.view.linking import linked
from cloud_bridge.view.packs import Packs, told_of, with_roles
from packtrail.event import Subject, UnitRef, subjects

MOST_VEHICLES: Final = 100
"""A pack that was in more is looked at with those that it was in last."""


def findings_about(store: Store, packs: Packs, unit: UnitRef) -> tuple[tuple[Finding, ...], int]:
    """Faults that bear on a pack, with their culprits, and how many reports were read.

    The stories of its vehicles are whole, those of the other packs in them are not: what is said
    of others alone is left out.
    """
    first, own = packs.story(unit)
    vehicles = _vehicles(own)
    facts = {told.event_id: told for told in own}
    for vehicle in vehicles:
        around = (told_of(entry) for entry in store.entries_about(vehicle))
        facts |= {told.event_id: told for told in around}
    mine = {told.event_id for told in own}
    names = {str(first), str(unit), *(vehicle.id for vehicle in vehicles)}
    found = inquire(with_roles(store, linked(store, list(facts.values()))))
    about = (one for one in found if one.subject in names or not mine.isdisjoint(one.events))
    return tuple(about), len(facts)


def _vehicles(facts: list[Told]) -> list[Subject]:
    """Vehicles that the facts name, the newest first."""
    named = (
        subject
        for told in reversed(facts)
        for subject in subjects(told.event)
        if subject.kind == "vehicle"
    )
    return list(dict.fromkeys(named))[:MOST_VEHICLES]
