"""Facts as a fold reads them: the commitments of one vehicle become one name.

Each has a salt of its own, so that nothing but its opening shows whose it is. The links are the
store's; they outlive the keys that opened the commitments, so that a fold is the same before and
after its vehicle was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from cloud_bridge.fold import Told
from cloud_bridge.store import Store
from packtrail.event import Event, VehicleRef
from packtrail.personal import SUBJECT, is_ours, vehicle_of


def linked(store: Store, facts: Sequence[Told]) -> list[Told]:
    """`facts` with subjects in place of the commitments that are known to be theirs."""
    return joined(facts, links_of(store, (told.event for told in facts)))


def links_of(store: Store, events: Iterable[Event]) -> dict[str, str]:
    """Reference -> subject, for what `events` name."""
    return store.links(name for event in events for name in _named(event))


def joined(facts: Iterable[Told], links: Mapping[str, str]) -> list[Told]:
    """The same with the links at hand."""
    if not links:
        return list(facts)
    return under_names(facts, {one: f"{SUBJECT}:{subject}" for one, subject in links.items()})


def under_names(facts: Iterable[Told], names: Mapping[str, str]) -> list[Told]:
    """`facts` with other names for their vehicles and owners, see `renamed`."""
    vehicles = {name: vehicle_named(name) for name in set(names.values())}
    found = []
    for told in facts:
        event = _renamed(told.event, names, vehicles)
        # A story may have ten thousand of them: what is not changed is not made anew.
        found.append(
            told
            if event is told.event
            else Told(told.event_id, event, told.recorded_ns, told.role, told.leaf)
        )
    return found


def renamed(event: Event, names: Mapping[str, str]) -> Event:
    """`event` with other names for its vehicle and owner; both are `scheme:id`, or a bare VIN."""
    return _renamed(event, names, {name: vehicle_named(name) for name in set(names.values())})


def _renamed(event: Event, names: Mapping[str, str], vehicles: Mapping[str, VehicleRef]) -> Event:
    body, changes = event.body, dict[str, object]()
    vehicle, owner = vehicle_of(body), getattr(body, "owner", "")
    if vehicle and (name := names.get(str(vehicle))):
        changes["vehicle"] = vehicles[name]
    if owner and (name := names.get(owner)):
        changes["owner"] = name
    if not changes:
        return event
    return msgspec.structs.replace(event, body=msgspec.structs.replace(body, **changes))


def vehicle_named(text: str) -> VehicleRef:
    """The vehicle of a name as `str(VehicleRef)` gives it."""
    scheme, colon, name = text.partition(":")
    return VehicleRef(scheme, name) if colon else VehicleRef("vin", text)


def _named(event: Event) -> Iterable[str]:
    vehicle, owner = vehicle_of(event.body), getattr(event.body, "owner", "")
    named = [str(vehicle)] if vehicle else []
    return [*named, owner] if is_ours(owner) else named
