"""What the reports of a pack and of the vehicles around it show together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final
from weakref import WeakKeyDictionary

from cloud_bridge.inquiry import Finding, inquire
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.store import Store
from cloud_bridge.view.linking import linked
from cloud_bridge.view.packs import Packs
from cloud_bridge.view.stories import Story, told_of, with_roles
from packtrail.event import UnitRef

MOST_VEHICLES: Final = 100
"""A pack that was in more is looked at with those that it was in last."""


KEPT: Final = 200
"""So many packs' findings are kept until the ledger says more of the pack or its vehicles."""

Found = tuple[tuple[Finding, ...], int]
_kept: WeakKeyDictionary[Packs, OrderedDict[UnitRef, tuple[tuple[object, ...], Found]]] = (
    WeakKeyDictionary()
)
_lock = threading.Lock()


def findings_about(store: Store, packs: Packs, unit: UnitRef) -> Found:
    """Faults that bear on a pack, with their culprits, and how many reports were read.

    The stories of its vehicles are whole, those of the other packs in them are not: what is said
    of others alone is left out.
    """
    own = packs.told(unit)
    mark = (len(own.facts), own.facts[-1].leaf if own.facts else -1)
    around = tuple((one, store.newest_line_about(one)) for one in own.vehicles[:MOST_VEHICLES])
    stamp = (mark, around, key_lines(store).through)
    with _lock:
        known = _kept.setdefault(packs, OrderedDict()).get(unit)
    if known and known[0] == stamp:
        return known[1]
    found = _inquired(store, own, unit)
    with _lock:
        kept = _kept[packs]
        kept[unit] = stamp, found
        kept.move_to_end(unit)
        if len(kept) > KEPT:
            kept.popitem(last=False)
    return found


def _inquired(store: Store, story: Story, unit: UnitRef) -> Found:
    own, vehicles = story.facts, story.vehicles[:MOST_VEHICLES]
    facts = {told.event_id: told for told in own}
    for vehicle in vehicles:
        around = (told_of(entry) for entry in store.entries_about(vehicle))
        facts |= {told.event_id: told for told in around}
    mine = {told.event_id for told in own}
    names = {str(story.unit), str(unit), *(vehicle.id for vehicle in vehicles)}
    found = inquire(with_roles(store, linked(store, list(facts.values()))))
    about = (one for one in found if one.subject in names or not mine.isdisjoint(one.events))
    return tuple(about), len(facts)
