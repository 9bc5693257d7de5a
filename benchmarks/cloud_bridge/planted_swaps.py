"""A region of swap stations whose reports go wrong on purpose, with the truth beside them.

Every swap is told by the bay (half of the bays in one event, half as removal and installation)
and by the rack's own system. Planted: reports that are lost, vehicle numbers misread, packs with a
copied code, and racks whose clock is ten minutes off.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count

from cloud_bridge.fold import Told
from cloud_bridge.inquiry import Position
from packtrail.event import (
    Body,
    Event,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    UnitRef,
    VehicleRef,
    at,
)
from packtrail.times import ClockQuality, parse_time

T0 = parse_time("2026-04-01T00:00:00Z")
SECOND = 10**9
SWAP_EVERY_S = 60
SKEW_S = 600


@dataclass
class Planted:
    """What was planted, and the reports that the bridge gets."""

    told: list[Told] = field(default_factory=list)
    sites: dict[str, Position] = field(default_factory=dict)
    lost: list[tuple[str, frozenset[str], int]] = field(default_factory=list)
    """Station, vehicle and packs concerned, time."""
    misread: list[frozenset[str]] = field(default_factory=list)
    """Ids of the events that name the wrong vehicle."""
    copied: dict[str, set[str]] = field(default_factory=dict)
    """Code -> events of the copy."""
    skewed: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    """Packs and vehicles that any fault touches."""
    swaps: int = 0


@dataclass
class Pack:
    """A physical pack: a copy bears the code of another."""

    unit: UnitRef
    copy: bool = False


class Region:
    """Stations, vehicles and packs of one region.

    Args:
        seed: of everything random.
        stations: how many.
        vehicles: how many; each begins with a pack.
        lost: share of swaps whose removal (or whole report) is lost.
        misread: share of swaps whose vehicle number is misread.
        copies: how many packs have a twin with the same code.
        skewed: how many racks have a clock that is off.
    """

    def __init__(
        self,
        seed: int,
        *,
        stations: int = 5,
        vehicles: int = 400,
        lost: float = 0.01,
        misread: float = 0.005,
        copies: int = 1,
        skewed: int = 1,
    ) -> None:
        self.random = random.Random(seed)
        self.lost, self.misread = lost, misread
        self.truth = Planted()
        self.numbers = count()
        serial = count(1)
        self.cars = [VehicleRef("vin", f"L{seed:05d}{i:011d}") for i in range(vehicles)]
        self.inside = {car: self._pack(seed, next(serial)) for car in self.cars}
        self.stock = {
            f"site-{i}": [self._pack(seed, next(serial)) for _ in range(40)]
            for i in range(stations)
        }
        for site in self.stock:
            position = Position(30 + self.random.random(), 120 + self.random.random())
            self.truth.sites[site] = position
        for site in self.random.sample(sorted(self.stock), skewed):
            self.truth.skewed.add(f"rack-{site}")
        self.skew = dict.fromkeys(sorted(self.truth.skewed), 0)
        for author in self.skew:
            self.skew[author] = self.random.choice((-SKEW_S, SKEW_S)) * SECOND
        self.last_seen = dict.fromkeys(self.cars, -(10**9))
        self.last_moved: dict[int, int] = {}
        self._plant_copies(copies)

    def run(self, swaps: int) -> Planted:
        """Perform `swaps` swaps and tell of them."""
        self._open()
        for number in range(swaps):
            self._swap(number)
        self.truth.swaps = swaps
        return self.truth

    def _pack(self, seed: int, serial: int) -> Pack:
        return Pack(UnitRef("gbt34014", f"000PB010{seed % 10**6:06d}ABG{serial:07d}"))

    def _plant_copies(self, copies: int) -> None:
        """Copies lie at the first station, their originals in vehicles."""
        for car in self.random.sample(self.cars, copies):
            unit = self.inside[car].unit
            self.truth.copied[str(unit)] = set()
            self.truth.touched.add(str(unit))
            first = min(self.stock)
            self.stock[first].append(Pack(unit, copy=True))

    def _open(self) -> None:
        for car, pack in self.inside.items():
            self._tell("maker", -3600, PackInstalled(vehicle=car, reason="production"), pack)
        for site, packs in self.stock.items():
            for slot, pack in enumerate(packs):
                place = PlaceRef(site, str(slot))
                self._tell(f"rack-{site}", -1800, PackInstalled(place=place), pack)

    def _swap(self, number: int) -> None:
        t_s = number * SWAP_EVERY_S
        ready = [car for car in self.random.sample(self.cars, 8) if self._free(car, number)]
        car = ready[0] if ready else max(self.cars, key=lambda c: number - self.last_seen[c])
        site = self.random.choice(sorted(self.stock))
        rested = [one for one in self.stock[site] if self._rested(one, t_s)]
        incoming = self.random.choice(rested)
        outgoing, place = self.inside[car], PlaceRef(site, "1")
        self.stock[site].remove(incoming)
        self.stock[site].append(outgoing)
        self.inside[car] = incoming
        self.last_seen[car] = number
        self.last_moved[id(incoming)] = self.last_moved[id(outgoing)] = t_s
        self._tell(f"rack-{site}", t_s - 60, PackRemoved(place=place), incoming)
        self._bay(t_s, site, car, outgoing, incoming)
        self._tell(f"rack-{site}", t_s + 60, PackInstalled(place=place), outgoing)

    def _free(self, car: VehicleRef, number: int) -> bool:
        return number - self.last_seen[car] > 60

    def _rested(self, pack: Pack, t_s: int) -> bool:
        return t_s - self.last_moved.get(id(pack), -(10**9)) > 3 * SKEW_S

    def _bay(self, t_s: int, site: str, car: VehicleRef, out: Pack, into: Pack) -> None:
        chance = self.random.random()
        lost, misread = chance < self.lost, self.lost <= chance < self.lost + self.misread
        named = self.random.choice([c for c in self.cars if c != car]) if misread else car
        if lost or misread:
            self.truth.touched |= {str(out.unit), str(into.unit), str(car), str(named)}
        if lost:
            told_of = frozenset({str(car), str(out.unit), str(into.unit)})
            self.truth.lost.append((site, told_of, T0 + t_s * SECOND))
        events = self._report(t_s, site, named, out, into, lost=lost)
        if misread:
            self.truth.misread.append(frozenset(events))

    def _report(
        self, t_s: int, site: str, car: VehicleRef, out: Pack, into: Pack, *, lost: bool
    ) -> list[str]:
        author = f"bay-{site}"
        if int(site.removeprefix("site-")) % 2:
            place = PlaceRef(site, "bay")
            told = [] if lost else [self._tell(author, t_s, PackRemoved(car, place), out)]
            return [*told, self._tell(author, t_s + 20, PackInstalled(car, place), into)]
        if lost:
            return []
        swap = SwapPerformed(car, site, unit_out=out.unit)
        event = self._tell(author, t_s, swap, into)
        if out.copy:
            self.truth.copied[str(out.unit)].add(event)
        return [event]

    def _tell(self, author: str, t_s: int, body: Body, pack: Pack) -> str:
        number = next(self.numbers)
        true_ns = T0 + t_s * SECOND
        event = Event(
            unit=pack.unit,
            **at(true_ns + self.skew.get(author, 0)),
            clock=ClockQuality.SYNCED,
            author=author,
            stream="s",
            counter=number,
            body=body,
        )
        event_id = f"{number:064x}"
        self.truth.told.append(Told(event_id, event, true_ns + 2 * SECOND))
        if pack.copy:
            self.truth.copied[str(pack.unit)].add(event_id)
        return event_id
