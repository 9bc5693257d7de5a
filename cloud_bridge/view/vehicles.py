"""Vehicles as they are asked for, read through the index of what each fact names."""

from __future__ import annotations

from cloud_bridge.fold import Told, VehicleState, fold_vehicle
from cloud_bridge.store import Store
from cloud_bridge.view.linking import linked
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import Subject, VehicleRef


def parse_vehicle(text: str) -> VehicleRef:
    """The vehicle that a path names: a VIN, `subject:ID`, or `scheme:id` of another kind."""
    scheme, colon, name = text.partition(":")
    if colon and scheme.isidentifier() and name:
        return VehicleRef(scheme, name)
    return VehicleRef("vin", text.strip().upper())


def vehicle_state(store: Store, vehicle: VehicleRef) -> VehicleState | None:
    """The fold of every fact that names `vehicle`; None if none does."""
    with store.reading():
        facts = linked(store, _facts(store, vehicle))
        return fold_vehicle(vehicle, with_roles(store, facts)) if facts else None


def _facts(store: Store, vehicle: VehicleRef) -> list[Told]:
    """Every fact that names the vehicle, and what corrects or disputes one of those."""
    subject = Subject("vehicle", str(vehicle))
    facts = {told.event_id: told for told in _about(store, subject)}
    fresh = list(facts)
    while fresh:
        said = [told for event in fresh for told in _about(store, Subject("event", event))]
        fresh = [told.event_id for told in said if told.event_id not in facts]
        facts |= {told.event_id: told for told in said}
    return list(facts.values())


def _about(store: Store, subject: Subject) -> list[Told]:
    facts, after = [], -1
    while page := store.entries_about(subject, after):
        facts += [told_of(entry) for entry in page]
        after = page[-1].leaf
    return facts
