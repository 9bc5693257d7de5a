"""Frauds in the lives of vehicles that keep their pack, each written into the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from packtrail.codes import Level
from packtrail.event import (
    LotPart,
    MaterialUsed,
    PackInstalled,
    UnitRef,
    UsageRecorded,
    VehicleScrapReceived,
)
from simulators.histories.endings import METAL_NAMES, Endings, product_of
from simulators.histories.journal import Report
from simulators.histories.packs import Pack, code_of
from simulators.histories.roads import Drive, Roads, registered
from simulators.histories.scene import Scene
from simulators.histories.truth import Fraud, Planted

RESET_POINTS = 8.0
"""What a reset meter adds to the health that it claims, percentage points."""


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
        self._honest(drive)
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
        scene.truth.vehicles[str(drive.vehicle)] = "missing"
        row = scene.truth.packs.setdefault(str(drive.pack.unit), {})
        row["lifecycle"] = "missing"
        planted = self.plant(Fraud.MISSING_PACK, "not_found", drive.vehicle, told)
        planted.culprit, planted.touched = "", [str(drive.pack.unit)]

    def product_and_recycled(self, drive: Drive) -> None:
        """Its modules are shredded, and go into a product as well."""
        scene, roads, pack = self.scene, self.roads, drive.pack
        roads.measure(drive, roads.visits(drive))
        shredder = scene.luck.choice(scene.cast["shredder"])
        yard = scene.luck.choice(scene.cast["yard"])
        scrapped = VehicleScrapReceived(drive.vehicle, (pack.unit,), f"C{next(scene.numbers)}")
        scene.tell(drive.end, yard, None, scrapped)
        scene.truth.vehicles[str(drive.vehicle)] = "present"
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

    def lot_sold_twice(self, number: int) -> None:
        """A lot of metal is sold to a second maker; the second use is one too many."""
        scene = self.scene
        sold = self.endings.sold
        for place in range(min(number, len(sold))):
            day, lot, kg = sold[place * len(sold) // number]
            element = next(one for one in METAL_NAMES if lot.id.startswith(one))
            maker = scene.luck.choice(scene.cast["maker"])
            used = MaterialUsed((LotPart(lot, kg),), elements={element: kg})
            report = scene.tell(day + 40.0, maker, None, used)
            self.plant(Fraud.SPENT_TWICE, "lot", lot, report).culprit = lot.party

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
