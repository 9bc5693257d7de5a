"""Lives in vehicles that keep their pack: sale, visits to shops, repairs, owners, scrapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from packtrail.codes import Level
from packtrail.event import (
    CustodyAccepted,
    CustodyOffered,
    MissingPackExplained,
    OwnerChanged,
    PackInstalled,
    PackRemoved,
    RecoveryReceived,
    Replacement,
    UnitRepaired,
    UnitRetired,
    VehicleMode,
    VehicleRef,
    VehicleRegistered,
    VehicleScrapReceived,
    VehicleSold,
)
from simulators.histories.cast import Party
from simulators.histories.endings import Endings
from simulators.histories.journal import Report
from simulators.histories.packs import Pack, code_of
from simulators.histories.scene import MAKER_CODES, Scene

VISIT_DAYS: Final = 150.0
REPAIR_SHARE: Final = 0.15
OWNER_SHARE: Final = 0.3
REPLACED_SHARE: Final = 0.06
EXPLAINED_SHARE: Final = 0.05
WAIT_DAYS: Final = (2.0, 12.0)
"""Between retirement and the offer to a lawful taker."""
REGIONS: Final = ("330100", "440300", "110000", "510100", "420100")


@dataclass(slots=True)
class Drive:
    """One vehicle with its pack, as far as a fraud has to know it.

    Attributes:
        vehicle: which.
        pack: its pack, the first one.
        shop: who repairs it.
        bench: that shop's gateway.
        sold: day of sale.
        end: day of scrapping.
        owner: commitment of the present owner.
    """

    vehicle: VehicleRef
    pack: Pack
    shop: Party
    bench: Party
    sold: float
    end: float
    owner: str


class Roads:
    """Drives vehicles from production to scrap.

    Args:
        scene: the stage.
        endings: takes the packs over.
    """

    def __init__(self, scene: Scene, endings: Endings) -> None:
        self.scene, self.endings = scene, endings

    def begin(self) -> Drive:
        """Pack and vehicle are made and sold."""
        scene, luck = self.scene, self.scene.luck
        day = luck.even(1.0, 200.0)
        pack, works = scene.make(day), luck.choice(scene.cast["works"])
        offer, kg = f"O{next(scene.numbers)}", pack.mass_kg
        offered = CustodyOffered(offer, works.name, kg=kg, count=1, scale_error_kg=1.0)
        scene.tell(day + 2, pack.maker, pack.unit, offered)
        taken = CustodyAccepted(offer, pack.maker.name, kg=kg, count=1, scale_error_kg=1.0)
        scene.tell(day + 4, works, pack.unit, taken)
        vehicle, sold = scene.vehicle(), day + luck.even(15.0, 60.0)
        scene.tell(day + 8, works, None, registered(vehicle, pack))
        dealer = luck.choice(scene.cast["dealer"])
        owner = f"commitment-{next(scene.numbers)}"
        scene.tell(sold, dealer, None, VehicleSold(vehicle, luck.choice(REGIONS), owner))
        pack.vehicles.append(str(vehicle))
        place = int(luck.even() * len(scene.cast["shop"]))
        shop, bench = scene.cast["shop"][place], scene.cast["bench"][place]
        return Drive(vehicle, pack, shop, bench, sold, sold + luck.even(500.0, 900.0), owner)

    def visits(self, drive: Drive) -> list[float]:
        """Days on which the vehicle is at its shop, in order."""
        days, day = [], drive.sold + self.scene.luck.even(20.0, VISIT_DAYS)
        while day < drive.end - 20.0:
            days.append(day)
            day += VISIT_DAYS * self.scene.luck.even(0.7, 1.3)
        return days

    def measure(self, drive: Drive, days: Sequence[float], pack: Pack | None = None) -> None:
        """At each visit the gateway tells of health, of the last charge and of the day."""
        for day in days:
            self.measure_once(drive, day, pack or drive.pack)

    def measure_once(
        self, drive: Drive, day: float, pack: Pack, *, claim: float = 0.0, charges: float = 0.0
    ) -> None:
        """One visit; `claim` points of health and `charges` are what a false meter adds."""
        scene, bench = self.scene, drive.bench
        scene.tell(day, bench, pack.unit, scene.condition(day, pack, claim=claim))
        times = max(1, round(0.4 * (day - pack.born) + charges))
        charge = scene.charge(bench, drive.vehicle, pack, times)
        scene.tell(day + 0.02, bench, pack.unit, charge)
        scene.tell(day + 0.03, bench, pack.unit, scene.usage(day, pack))

    def live(self, drive: Drive, days: Sequence[float]) -> Pack:
        """An honest middle of a life; the pack that is in the vehicle at its end."""
        luck, scene = self.scene.luck, self.scene
        if luck.chance(OWNER_SHARE):
            drive.owner = f"commitment-{next(scene.numbers)}"
            when = luck.even(drive.sold + 60, drive.end - 60)
            changed = OwnerChanged(drive.owner, drive.vehicle)
            scene.tell(when, luck.choice(scene.cast["dealer"]), None, changed)
        if len(days) > 2 and luck.chance(REPLACED_SHARE):
            return self._replace(drive, days)
        if len(days) > 1 and luck.chance(REPAIR_SHARE):
            self._repair(drive, days[len(days) // 2] + 0.3)
        self.measure(drive, days)
        return drive.pack

    def _repair(self, drive: Drive, day: float) -> None:
        """Out, one module exchanged, in again; the old module goes to a shredder."""
        scene, pack, shop = self.scene, drive.pack, drive.shop
        old = pack.modules.pop(0)
        made_on = scene.date(day - 30)
        letters = MAKER_CODES[pack.maker.name]
        new = code_of(Level.MODULE, pack.kind, made_on, next(scene.numbers), letters)
        pack.modules.append(new)
        scene.tell(day - 30, pack.maker, new, pack.module_registration(made_on))
        scene.tell(day, shop, pack.unit, PackRemoved(drive.vehicle, reason="repair"))
        body = UnitRepaired(
            (Replacement(old, new),),
            mass_before_kg=scene.weigh(pack.mass_kg),
            mass_after_kg=pack.mass_kg,
            description="module exchanged",
        )
        scene.tell(day + 0.2, shop, pack.unit, body)
        scene.tell(day + 0.3, shop, pack.unit, PackInstalled(drive.vehicle, reason="repair"))
        scene.tell(day + 0.4, shop, old, UnitRetired("exchanged"))
        taker = scene.luck.choice(scene.cast["shredder"])
        received = RecoveryReceived(taker.site, from_party=shop.name, count=1)
        scene.tell(day + 9.0, taker, old, received)
        scene.retired(old, shop, day + 0.4, day + 9.0)
        scene.truth.modules[str(old)] = "recovered"

    def _replace(self, drive: Drive, days: Sequence[float]) -> Pack:
        """Another pack for the rest of the vehicle's life; the old one is handed over."""
        scene, shop, middle = self.scene, drive.shop, len(days) // 2
        day = days[middle] - 1.0
        spare = scene.make(day - 20.0)
        self.measure(drive, days[:middle])
        scene.tell(day, shop, drive.pack.unit, PackRemoved(drive.vehicle, reason="repair"))
        scene.tell(day + 0.1, shop, spare.unit, PackInstalled(drive.vehicle, reason="repair"))
        spare.vehicles.append(str(drive.vehicle))
        self.retire(day + 0.2, drive.pack, shop)
        self.measure(drive, days[middle:], spare)
        return spare

    def retire(
        self, day: float, pack: Pack, party: Party, wait: tuple[float, float] | None = WAIT_DAYS
    ) -> Report:
        """Retired by `party`, handed over between so many days later, brought to its end.

        With None for `wait` it is never handed over. Returns the report of the retirement.
        """
        scene, kg = self.scene, self.scene.weigh(pack.mass_kg)
        said = scene.tell(day, party, pack.unit, UnitRetired("end of use", kg))
        if wait is None:
            scene.retired(pack.unit, party, day, None)
            scene.truth.pack(pack.unit, lifecycle="retired", holder=party.name)
            return said
        taker = self.endings.goes_to(day, pack)
        there = scene.hand_over(day + scene.luck.even(*wait), pack, party, taker)
        scene.retired(pack.unit, party, day, there - 0.05)
        self.endings.take(there, pack, taker)
        return said

    def scrap(self, drive: Drive, pack: Pack) -> None:
        """The vehicle comes to a yard, whole or with a lawful explanation."""
        if self.scene.luck.chance(EXPLAINED_SHARE):
            self._explain(drive, pack)
            return
        yard = self.arrive(drive, pack)
        self.retire(drive.end + 0.2, pack, yard)

    def arrive(self, drive: Drive, pack: Pack) -> Party:
        """The vehicle comes to a yard with its pack, which is taken out; the yard."""
        scene, yard = self.scene, self.scene.luck.choice(self.scene.cast["yard"])
        body = VehicleScrapReceived(drive.vehicle, (pack.unit,), f"C{next(scene.numbers)}")
        scene.tell(drive.end, yard, None, body)
        scene.truth.scrapped(drive.vehicle, "present", yard.name)
        removed = PackRemoved(drive.vehicle, reason="scrapping")
        scene.tell(drive.end + 0.1, yard, pack.unit, removed)
        return yard

    def _explain(self, drive: Drive, pack: Pack) -> None:
        """Its pack was retired at a shop before, for which there is a voucher."""
        scene, yard = self.scene, self.scene.luck.choice(self.scene.cast["yard"])
        self.retire(drive.end - 5.0, pack, drive.shop)
        body = VehicleScrapReceived(drive.vehicle, (), f"C{next(scene.numbers)}")
        scene.tell(drive.end, yard, None, body)
        voucher = MissingPackExplained(drive.vehicle, voucher=f"V{next(scene.numbers)}")
        scene.tell(drive.end + 3.0, yard, pack.unit, voucher)
        scene.truth.scrapped(drive.vehicle, "explained", drive.owner)


def registered(vehicle: VehicleRef, pack: Pack) -> VehicleRegistered:
    """What the works says of a vehicle that keeps its pack."""
    return VehicleRegistered(vehicle, VehicleMode.FIXED, 1, (pack.unit,), model="Sedan")
