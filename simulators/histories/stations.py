"""Swap vehicles and stations: packs wander, each swap told by the station's gateway."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from packtrail.event import (
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    UnitRef,
    VehicleMode,
    VehicleRef,
    VehicleRegistered,
    VehicleScrapReceived,
)
from simulators.histories.cast import Party
from simulators.histories.journal import Report
from simulators.histories.packs import Pack
from simulators.histories.roads import Roads
from simulators.histories.scene import Scene

SWAP_DAYS: Final = 25.0
FIRST_DAY: Final = 40.0
LAST_DAY: Final = 900.0
MEASURE_EVERY: Final = 5
RACK: Final = "rack"


@dataclass(slots=True, eq=False)
class Body:
    """A physical pack; a copy bears the code of another."""

    pack: Pack
    copy: bool = False
    swaps: int = 0


@dataclass(slots=True)
class Copied:
    """What a copied code did.

    Attributes:
        reports: those that the copy caused.
        touched: vehicles that it was in.
    """

    reports: list[Report] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class Stations:
    """A region of swap stations.

    Args:
        scene: the stage.
        roads: retire the packs in the end.
        packs: how many, spares included.
    """

    def __init__(self, scene: Scene, roads: Roads, packs: int) -> None:
        self.scene, self.roads = scene, roads
        self.copied: dict[UnitRef, Copied] = defaultdict(Copied)
        self.stock: dict[str, list[Body]] = {one.name: [] for one in scene.cast["station"]}
        self.inside: dict[VehicleRef, Body] = {}
        self._number = packs

    def run(self, copies: int) -> None:
        """All of it, with so many copied codes."""
        self._open()
        self._plant(copies)
        for day, vehicle in self._calls():
            self._swap(day, vehicle)
        self._close()

    def _open(self) -> None:
        """One pack in five is a spare at a station, the rest leave the works in a vehicle."""
        scene = self.scene
        for number in range(self._number):
            pack = scene.make(scene.luck.even(1.0, 20.0))
            day = pack.born + 5.0
            if number % 5 == 0:
                station = scene.cast["station"][number // 5 % len(self.stock)]
                self._store(day + 5.0, station, Body(pack))
                continue
            vehicle, works = scene.vehicle(), scene.luck.choice(scene.cast["works"])
            body = VehicleRegistered(
                vehicle, VehicleMode.SWAP, 1, (pack.unit,), "Taxi", battery_owner="operator"
            )
            scene.tell(day, works, None, body)
            pack.vehicles.append(str(vehicle))
            self.inside[vehicle] = Body(pack)

    def _store(self, day: float, station: Party, body: Body) -> Report:
        self.stock[station.name].append(body)
        slot = PlaceRef(station.site, RACK)
        return self.scene.tell(day, station, body.pack.unit, PackInstalled(place=slot))

    def _plant(self, copies: int) -> None:
        """A forger's pack with the code of one that drives is put into another station."""
        driving = [body for _, body in sorted(self.inside.items(), key=lambda one: str(one[0]))]
        for number in range(min(copies, len(driving))):
            real = driving[number * len(driving) // max(1, copies)]
            station = self.scene.cast["station"][number % len(self.stock)]
            day = FIRST_DAY + self.scene.luck.even(0.0, 1.0)
            report = self._store(day, station, Body(real.pack, copy=True))
            self.copied[real.pack.unit].reports.append(report)

    def _calls(self) -> list[tuple[float, VehicleRef]]:
        """When each vehicle comes to swap, in order."""
        calls: list[tuple[float, VehicleRef]] = []
        luck = self.scene.luck
        for vehicle in sorted(self.inside, key=str):
            day = FIRST_DAY + luck.even(1.0, SWAP_DAYS)
            while day < LAST_DAY:
                calls.append((day, vehicle))
                day += SWAP_DAYS * luck.even(0.4, 1.6)
        return sorted(calls, key=lambda call: (call[0], str(call[1])))

    def _swap(self, day: float, vehicle: VehicleRef) -> None:
        scene = self.scene
        station = scene.luck.choice(scene.cast["station"])
        shelf = self.stock[station.name]
        if not shelf:
            return
        out, into = self.inside[vehicle], shelf.pop(0)
        body = SwapPerformed(
            vehicle,
            station.site,
            out.pack.unit,
            f"S{next(scene.numbers)}",
            round(scene.luck.even(5, 35), 1),
            round(scene.luck.even(85, 98), 1),
        )
        report = scene.tell(day, station, into.pack.unit, body)
        self.inside[vehicle] = into
        shelf.append(out)
        for one in (out, into):
            self._note(one, vehicle, report)
        out.swaps += 1
        if out.swaps % MEASURE_EVERY == 0 and not out.copy:
            condition = scene.condition(day + 0.1, out.pack)
            scene.tell(day + 0.1, station, out.pack.unit, condition)

    def _note(self, one: Body, vehicle: VehicleRef, report: Report) -> None:
        if one.copy:
            told = self.copied[one.pack.unit]
            told.reports.append(report)
            told.touched.add(str(vehicle))
        elif str(vehicle) not in one.pack.vehicles:
            one.pack.vehicles.append(str(vehicle))

    def _close(self) -> None:
        """Packs at stations retire; vehicles are scrapped without one, for it is not theirs."""
        scene, operator = self.scene, self.scene.cast["operator"][0]
        for station in scene.cast["station"]:
            for body in self.stock[station.name]:
                day = LAST_DAY + scene.luck.even(5.0, 120.0)
                if not body.copy and body.pack.unit not in self.copied:
                    removed = PackRemoved(place=PlaceRef(station.site, RACK), reason="retirement")
                    scene.tell(day, station, body.pack.unit, removed)
                    self.roads.retire(day + 0.5, body.pack, operator)
        for number, (vehicle, body) in enumerate(
            sorted(self.inside.items(), key=lambda one: str(one[0]))
        ):
            if number % 3 == 0:
                self._scrap(vehicle)
            if not body.copy:
                served = len(body.pack.vehicles)
                scene.truth.pack(body.pack.unit, lifecycle="in_service", vehicles=served)

    def _scrap(self, vehicle: VehicleRef) -> None:
        scene, yard = self.scene, self.scene.luck.choice(self.scene.cast["yard"])
        day = LAST_DAY + scene.luck.even(5.0, 150.0)
        body = VehicleScrapReceived(
            vehicle, (), f"C{next(scene.numbers)}", battery_owner="operator"
        )
        scene.tell(day, yard, None, body)
        scene.truth.scrapped(vehicle, "exempt", "")
