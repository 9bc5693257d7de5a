"""Frauds in the lives of vehicles that keep their pack, each written into the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from packtrail.codes import Level
from packtrail.event import (
    LotRef,
    PackInstalled,
    UnitRef,
    UsageRecorded,
    VehicleScrapReceived,
)
from simulators.histories.cast import Party
from simulators.histories.endings import Endings, product_of, used
from simulators.histories.journal import Report
from simulators.histories.packs import Pack, code_of
from simulators.histories.roads import Drive, Roads, registered
from simulators.histories.scene import Scene
from simulators.histories.truth import Fraud, Planted

RESET_POINTS = 8.0
"""What a reset meter adds to the health that it claims, percentage points."""
LATE_DAYS: Final = (40.0, 90.0)
"""Between retirement and the offer, where 30 days are allowed from retirement to receipt."""


@dataclass(slots=True)
class Frauds:
    """Lives with a fraud in them.

    Attributes:
        scene: the stage.
        roads: the honest part of the lives.
        endings: where packs end.
        doomed: packs with their modules that will be shredded and sold as well.
    """

    scene: Scene
    roads: Roads
    endings: Endings
    doomed: list[tuple[Pack, list[UnitRef]]] = field(default_factory=list)

    def lives(self) -> dict[tuple[Fraud, str], Callable[[Drive], None]]:
        """Kind and variant -> lives such a life."""
        return {
            (Fraud.CLONED_CODE, "after_recycling"): self.copy_of_the_dead,
            (Fraud.TWO_VEHICLES, "registered_twice"): self.registered_twice,
            (Fraud.TWO_VEHICLES, "fitted_twice"): self.fitted_twice,
            (Fraud.METER_RESET, "claim"): lambda drive: self.reset(drive, RESET_POINTS, -400.0),
            (Fraud.METER_RESET, "counter"): lambda drive: self.reset(drive, 0.0, -400.0),
            (Fraud.REPLAYED, "samples"): self.replayed_samples,
            (Fraud.REPLAYED, "usage"): self.replayed_usage,
            (Fraud.MISSING_PACK, "not_found"): self.missing,
            (Fraud.SPENT_TWICE, "product_and_recycled"): self.product_and_recycled,
            (Fraud.KEPT_BACK, "never"): lambda drive: self.kept_back(drive, None),
            (Fraud.KEPT_BACK, "late"): lambda drive: self.kept_back(drive, LATE_DAYS),
        }

    def plant(self, fraud: Fraud, variant: str, subject: object, *reports: Report) -> Planted:
        """Write it into the truth; whoever told the first false report is the culprit."""
        culprit = reports[0].party.name if reports else ""
        planted = Planted(fraud, variant, str(subject), culprit, reports)
        self.scene.truth.planted.append(planted)
        return planted

    def copy_of_the_dead(self, drive: Drive) -> None:
        """A pack is taken apart; its code is bought and put on another pack."""
        self._honest(drive)
        scene, shop = self.scene, self.scene.luck.choice(self.scene.cast["shop"])
        day, vehicle = drive.end + 60.0, scene.vehicle()
        put = scene.tell(day, shop, drive.pack.unit, PackInstalled(vehicle, reason="repair"))
        self.plant(Fraud.CLONED_CODE, "after_recycling", drive.pack.unit, put).touched = [
            str(vehicle)
        ]

    def registered_twice(self, drive: Drive) -> None:
        """A works puts the code of a pack that drives into a second vehicle's papers."""
        scene, works = self.scene, self.scene.luck.choice(self.scene.cast["works"])
        other = scene.vehicle()
        said = scene.tell(drive.sold + 80.0, works, None, registered(other, drive.pack))
        self._honest(drive)
        planted = self.plant(Fraud.TWO_VEHICLES, "registered_twice", drive.pack.unit, said)
        planted.touched = [str(other), str(drive.vehicle)]

    def fitted_twice(self, drive: Drive) -> None:
        """A shop says that it fitted the pack to a second vehicle; the first drives on with it."""
        scene, other = self.scene, self.scene.vehicle()
        shop = scene.luck.choice(scene.cast["shop"])
        day = scene.luck.even(drive.sold + 100.0, drive.end - 100.0)
        put = scene.tell(day, shop, drive.pack.unit, PackInstalled(other, reason="repair"))
        self.roads.measure(drive, self.roads.visits(drive))
        self.roads.scrap(drive, drive.pack)
        planted = self.plant(Fraud.TWO_VEHICLES, "fitted_twice", drive.pack.unit, put)
        planted.touched = [str(other), str(drive.vehicle)]

    def reset(self, drive: Drive, points: float, charges: float) -> None:
        """Before a sale the meter is reset: from then on it claims more health or fewer charges."""
        scene, days = self.scene, self.roads.visits(drive)
        middle = max(1, len(days) // 2)
        self.roads.measure(drive, days[:middle])
        before = len(scene.journal.reports)
        for day in days[middle:]:
            self.roads.measure_once(drive, day, drive.pack, claim=points, charges=charges)
        false = (
            scene.journal.reports[before::3] if points else scene.journal.reports[before + 1 :: 3]
        )
        self.roads.scrap(drive, drive.pack)
        variant = "claim" if points else "counter"
        self.plant(Fraud.METER_RESET, variant, drive.pack.unit, *false)

    def replayed_samples(self, drive: Drive) -> None:
        """A gateway hands in the samples of an earlier visit as new ones."""
        days = self.roads.visits(drive)
        self.roads.measure(drive, days)
        first = self._told_of(drive, "ConditionCommitted")[0]
        day = days[-1] + 8.0
        again = self.scene.tell(day, drive.bench, drive.pack.unit, first.body)
        self.roads.scrap(drive, drive.pack)
        self.plant(Fraud.REPLAYED, "samples", drive.pack.unit, again)

    def replayed_usage(self, drive: Drive) -> None:
        """A gateway hands in a day that was, with another date on it."""
        days, scene = self.roads.visits(drive), self.scene
        self.roads.measure(drive, days)
        first = self._told_of(drive, "UsageRecorded")[0]
        day = days[-1] + 8.0
        body = _redated(first, scene.date(day).isoformat())
        again = scene.tell(day, drive.bench, drive.pack.unit, body)
        self.roads.scrap(drive, drive.pack)
        self.plant(Fraud.REPLAYED, "usage", drive.pack.unit, again)

    def missing(self, drive: Drive) -> None:
        """The vehicle comes to the yard without its pack, and nobody can say why."""
        scene, yard = self.scene, self.scene.luck.choice(self.scene.cast["yard"])
        self.roads.measure(drive, self.roads.visits(drive))
        body = VehicleScrapReceived(drive.vehicle, (), f"C{next(scene.numbers)}")
        told = scene.tell(drive.end, yard, None, body)
        scene.truth.scrapped(drive.vehicle, "missing", drive.owner)
        scene.truth.pack(drive.pack.unit, lifecycle="missing")
        planted = self.plant(Fraud.MISSING_PACK, "not_found", drive.vehicle, told)
        planted.culprit, planted.touched = "", [str(drive.pack.unit)]

    def kept_back(self, drive: Drive, wait: tuple[float, float] | None) -> None:
        """A yard takes the pack out and keeps it, longer than it may or for ever."""
        self.roads.measure(drive, self.roads.visits(drive))
        yard = self.roads.arrive(drive, drive.pack)
        said = self.roads.retire(drive.end + 0.2, drive.pack, yard, wait)
        self.plant(Fraud.KEPT_BACK, "late" if wait else "never", drive.pack.unit, said)

    def product_and_recycled(self, drive: Drive) -> None:
        """Its modules are shredded, and go into a product as well."""
        scene, roads, pack = self.scene, self.roads, drive.pack
        roads.measure(drive, roads.visits(drive))
        shredder = scene.luck.choice(scene.cast["shredder"])
        yard = self.roads.arrive(drive, pack)
        there = scene.hand_over(drive.end + 3.0, pack, yard, shredder)
        self.endings.take(there, pack, shredder)
        self.doomed.append((drive.pack, list(pack.modules)))

    def finish(self) -> None:
        """Products from what the shredder has had: its day is known only now."""
        scene, reuse = self.scene, self.scene.cast["reuse"][0]
        for pack, modules in self.doomed:
            day = self.endings.shredded[str(pack.unit)][0] + 30.0
            body = product_of([(day, pack, module) for module in modules])
            made = scene.tell(day, reuse, second_code(scene, pack, day), body)
            planted = self.plant(Fraud.SPENT_TWICE, "product_and_recycled", pack.unit, made)
            planted.touched = [*map(str, modules), str(made.unit)]

    def lots_spent_twice(self, number: int) -> None:
        """Lots of metal that a refinery sells twice, and lots that a maker claims twice."""
        sold, bought = self.endings.sold, self.endings.bought
        for place in range(min(2 * number, len(sold))):
            _, lot, _ = sold[place * len(sold) // (2 * number)]
            day, maker, kg = bought[lot]
            if place % 2:
                again = self.scene.tell(day + 30.0, maker, None, used(lot, kg))
                self.plant(Fraud.SPENT_TWICE, "claimed_twice", lot, again)
            else:
                self._sell_again(day + 10.0, lot, kg, maker)

    def _sell_again(self, day: float, lot: LotRef, kg: float, first: Party) -> None:
        scene = self.scene
        others = [one for one in scene.cast["maker"] if one is not first]
        maker, seller = scene.luck.choice(others), self.endings.seller(lot)
        there, offer = scene.pass_lot(day, lot, kg, seller, maker)
        again = scene.tell(there + 5.0, maker, None, used(lot, kg))
        self.plant(Fraud.SPENT_TWICE, "sold_twice", lot, offer, again)

    def _honest(self, drive: Drive) -> None:
        pack = self.roads.live(drive, self.roads.visits(drive))
        self.roads.scrap(drive, pack)

    def _told_of(self, drive: Drive, kind: str) -> list[Report]:
        mine = [one for one in self.scene.journal.reports if one.unit == drive.pack.unit]
        return [one for one in mine if type(one.body).__name__ == kind]


def second_code(scene: Scene, pack: Pack, day: float) -> UnitRef:
    """A code for a product out of a pack's modules."""
    return code_of(
        Level.MODULE, pack.kind, scene.date(day), next(scene.numbers), "SXR", second=True
    )


def _redated(report: Report, day: str) -> UsageRecorded:
    body = report.body
    if not isinstance(body, UsageRecorded):
        raise TypeError(type(body).__name__)
    return msgspec.structs.replace(body, day=day)
