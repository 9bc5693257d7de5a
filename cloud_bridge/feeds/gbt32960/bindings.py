"""Which packs a vehicle has, and since when: read from the ledger, kept at hand, bounded.

A platform reconnects without its vehicles logging in again, and a swap station may say meanwhile
that a vehicle drove off with another pack; where several bridges share a store, the platform may
have reported to another one in between. So the ledger is asked, not memory alone, and whatever
it learns of a vehicle from anybody makes this forget what it knew.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold import Told
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.store import Store
from cloud_bridge.view.linking import links_of, vehicle_named
from cloud_bridge.view.stories import told_of
from packtrail.event import (
    Event,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    Subject,
    SwapPerformed,
    UnitRef,
    VehicleRef,
    VehicleRegistered,
)
from packtrail.personal import SUBJECT, vehicle_of

MOST_VEHICLES: Final = 50_000
LOOK_S: Final = 1.0
WHOLE: Final = ""
"""The position of a vehicle's only pack."""
MOVES: Final = ("PackInstalled", "PackRemoved", "SwapPerformed", "VehicleRegistered")
OTHERS: Final = ("CorrectionDeclared", "DisputeResolved")
"""May concern any vehicle."""

Packs = Mapping[str, UnitRef]
"""Position in the vehicle -> pack; `WHOLE` where there is one."""
_NOTHING: Final[Packs] = {}
Standing = set[tuple[str, str]]
"""Kind and severity of the incidents that are open."""


@dataclass(slots=True)
class Vehicle:
    """One vehicle.

    Attributes:
        times: when its packs changed, UTC ns, rising.
        packs: what it had from each of these moments on.
        newest_ns: of its newest report here.
        alarmed_ns: of the newest alarm that the ledger knows, begun or ended.
        standing: incidents that the platform told of its packs and that are not over.
    """

    times: list[int] = field(default_factory=list)
    packs: list[Packs] = field(default_factory=list)
    newest_ns: int = 0
    alarmed_ns: int = 0
    standing: Standing = field(default_factory=set)

    def at(self, t_ns: int) -> Packs:
        """What it had at a moment; nothing where that is not known."""
        place = bisect_right(self.times, t_ns)
        return self.packs[place - 1] if place else {}

    def change(self, t_ns: int, packs: Packs) -> None:
        """What it has from a moment on; what is known of later moments stays."""
        place = bisect_right(self.times, t_ns)
        self.times.insert(place, t_ns)
        self.packs.insert(place, dict(packs))


class Bindings:
    """The vehicles that were heard of lately.

    Args:
        store: where the ledger is.
        clock: monotonic seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._kept: OrderedDict[tuple[str, VehicleRef], Vehicle] = OrderedDict()
        self._parties: set[str] = set()
        self._leaf = store.size() - 1
        self._looked = clock()

    def of(self, vehicle: VehicleRef, party: str) -> Vehicle:
        """What is known of a vehicle, for what a platform reports of it.

        Raises:
            StoreError: the ledger does not answer.
        """
        self._look()
        key = (party, vehicle)
        self._parties.add(party)
        if key not in self._kept:
            self._kept[key] = self._read(vehicle, party)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_VEHICLES:
            self._kept.popitem(last=False)
        return self._kept[key]

    def forget(self, vehicle: VehicleRef, party: str) -> None:
        """Ask the ledger again: what was to be stated was not."""
        self._kept.pop((party, vehicle), None)

    def look_at_once(self) -> None:
        """A platform connects: what it told another bridge a moment ago counts already."""
        self._looked = -math.inf

    def _look(self) -> None:
        """What others said since; once a second is soon enough for reports half a minute apart."""
        if self._clock() - self._looked < LOOK_S:
            return
        newest = self._store.size() - 1
        for kind in MOVES:
            self._renew(list(_events(self._store, kind, self._leaf)))
        self._hear_of_alarms(list(_events(self._store, "IncidentRecorded", self._leaf)))
        if any(self._store.entries_of_type(kind, self._leaf, 1) for kind in OTHERS):
            self._kept.clear()
        self._leaf, self._looked = newest, self._clock()

    def _renew(self, events: Sequence[Event]) -> None:
        """Read the vehicles that were spoken of once more, whoever did and on whichever bridge."""
        for vehicle in self._meant(events):
            for key in [(party, vehicle) for party in self._parties]:
                before = self._kept.get(key)
                if before is not None:
                    self._read_again(key, before)

    def _hear_of_alarms(self, events: Sequence[Event]) -> None:
        """Of reports that came by another bridge: newer ones of these packs than any heard here."""
        told: dict[tuple[str, UnitRef], int] = {}
        for event in events:
            if event.unit:
                key = (event.author, event.unit)
                told[key] = max(told.get(key, 0), event.from_ns)
        for (party, vehicle), before in list(self._kept.items()) if told else ():
            packs = before.packs[-1].values() if before.packs else ()
            if any(told.get((party, unit), 0) > before.newest_ns for unit in packs):
                self._read_again((party, vehicle), before)

    def _read_again(self, key: tuple[str, VehicleRef], before: Vehicle) -> None:
        party, vehicle = key
        self._kept[key] = self._read(vehicle, party)
        self._kept[key].newest_ns = before.newest_ns

    def _meant(self, events: Sequence[Event]) -> set[VehicleRef]:
        """The vehicles of `events` as platforms name them: what is committed to is opened."""
        links = links_of(self._store, events)
        opened = Subjects(self._store).shown(f"{SUBJECT}:{one}" for one in links.values())
        names = {str(one) for event in events if (one := vehicle_of(event.body))}
        return {
            vehicle_named(opened.get(f"{SUBJECT}:{links[name]}", name) if name in links else name)
            for name in names
        }

    def _read(self, vehicle: VehicleRef, party: str) -> Vehicle:
        name = Subjects(self._store).vehicle(vehicle)
        lines = self._store.entries_about(Subject("vehicle", str(name)))
        found, packs = Vehicle(), _NOTHING
        for told in Settlement(in_order(map(told_of, lines))).standing:
            changed = _after(packs, told)
            if changed is not None:
                packs = changed
                found.change(told.event.from_ns, packs)
        for unit in packs.values():
            self._hear(found, unit, party)
        return found

    def _hear(self, found: Vehicle, unit: UnitRef, party: str) -> None:
        """What the platform told of a pack and has not told to be over.

        A report from before the newest of it ends nothing, whichever bridge heard that one.
        """
        standing: Standing = set()
        for told in in_order(map(told_of, self._store.entries_of(unit))):
            body = told.event.body
            if isinstance(body, IncidentRecorded) and told.event.author == party:
                (standing.discard if body.cleared else standing.add)((body.kind, body.severity))
                found.alarmed_ns = max(found.alarmed_ns, told.event.from_ns)
        found.standing |= standing


def _events(store: Store, kind: str, after: int) -> Iterable[Event]:
    while page := store.entries_of_type(kind, after):
        yield from (entry.event for entry in page)
        after = page[-1].leaf


def _after(packs: Packs, told: Told) -> Packs | None:
    """What a vehicle has after a fact; None where the fact moves nothing."""
    unit = told.event.unit
    match told.event.body:
        case VehicleRegistered(packs=units) if units:
            return _by_place(units)
        case PackInstalled(position=position) if unit:
            return _without(packs, unit, position) | {position: unit}
        case PackRemoved() if unit:
            return _without(packs, unit)
        case SwapPerformed(unit_out=out):
            rest = _without(packs, out) if out else {}
            return rest | {WHOLE: unit} if unit else rest
    return None


def _without(packs: Packs, unit: UnitRef, position: str | None = None) -> dict[str, UnitRef]:
    """The packs without one, and without what contradicts a pack at `position`."""
    rest = {place: other for place, other in packs.items() if other != unit}
    if position is not None:
        alike = (place for place in rest if (place == WHOLE) == (position == WHOLE))
        rest = {place: rest[place] for place in alike if place != position}
    return rest


def _by_place(units: tuple[UnitRef, ...]) -> Packs:
    if len(units) == 1:
        return {WHOLE: units[0]}
    return {str(number): unit for number, unit in enumerate(units, start=1)}
