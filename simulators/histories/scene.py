"""What every part of a history stands on: parties, journal, chance, truth, and new packs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Final

from packtrail.codes import Level
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.event import (
    Body,
    ChargeRecorded,
    ConditionCommitted,
    CustodyAccepted,
    CustodyOffered,
    LotRef,
    PlaceRef,
    RecoveryReceived,
    UnitRef,
    UsageRecorded,
    VehicleRef,
)
from simulators.histories.cast import Cast, Party
from simulators.histories.journal import Journal, Report
from simulators.histories.luck import Luck
from simulators.histories.packs import KINDS, MODULES, Pack, code_of
from simulators.histories.truth import Truth

SCALE_KG: Final = 0.6
"""95 % half-width of a floor scale for packs, kg."""
MAKER_CODES: Final = {"maker-1": "SXA", "maker-2": "SXB"}
VIN_YEARS: Final = "NPRS"


@dataclass(slots=True)
class Scene:
    """The stage of one history.

    Attributes:
        seed: of everything.
        begin: first day.
        cast: parties.
        journal: what is told.
        luck: decides.
        truth: what really was.
        numbers: serial numbers of codes, vehicles, offers and lots.
    """

    seed: int
    begin: date
    cast: Cast
    journal: Journal
    luck: Luck
    truth: Truth = field(default_factory=Truth)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def tell(self, day: float, party: Party, unit: UnitRef | None, body: Body) -> Report:
        """`party` tells it."""
        return self.journal.tell(day, party, unit, body)

    def date(self, day: float) -> date:
        """The date of a day."""
        return self.begin + timedelta(days=int(day))

    def vehicle(self) -> VehicleRef:
        """A new vehicle."""
        number = next(self.numbers)
        return VehicleRef(
            "vin", f"LSXAA{self.seed % 10_000:04d}{VIN_YEARS[number % 4]}{number:07d}"
        )

    def make(self, day: float) -> Pack:
        """A new pack, put on record with its modules by its maker."""
        luck, maker = self.luck, self.luck.choice(self.cast["maker"])
        kind, made_on = luck.choice(KINDS), self.date(day)
        letters = MAKER_CODES[maker.name]
        modules = [
            code_of(Level.MODULE, kind, made_on, next(self.numbers), letters)
            for _ in range(MODULES)
        ]
        unit = code_of(Level.PACK, kind, made_on, next(self.numbers), letters)
        mass = round(kind.mass_kg * (1 + luck.normal(0.004)), 2)
        pack = Pack(unit, kind, maker, modules, mass, day, luck.even(0.02, 0.07))
        for module in modules:
            self.tell(day + 0.2, maker, module, pack.module_registration(made_on))
        self.tell(day + 0.6, maker, unit, pack.registration(made_on))
        return pack

    def weigh(self, kg: float) -> float:
        """What a scale shows: a fifth of what class III scales and a wet floor may be off."""
        return round(kg * (1 + self.luck.normal(0.0005)), 2)

    def hand_over(self, day: float, pack: Pack, giver: Party, taker: Party) -> float:
        """Offer, acceptance and receipt into store; the day on which it is there."""
        offer, there = f"O{next(self.numbers)}", day + self.luck.even(1.0, 9.0)
        kg = self.weigh(pack.mass_kg)
        offered = CustodyOffered(offer, taker.name, kg=kg, count=1, scale_error_kg=2 * SCALE_KG)
        self.tell(day, giver, pack.unit, offered)
        self._accept(there, pack.unit, giver, taker, offer, self.weigh(pack.mass_kg))
        received = RecoveryReceived(taker.site, from_party=giver.name, kg=pack.mass_kg, count=1)
        self.tell(there + 0.05, taker, pack.unit, received)
        return there + 0.1

    def _accept(
        self, day: float, unit: UnitRef, giver: Party, taker: Party, offer: str, kg: float
    ) -> None:
        taken = CustodyAccepted(
            offer, giver.name, kg=kg, count=1, scale_error_kg=2 * SCALE_KG, site=taker.site
        )
        self.tell(day, taker, unit, taken)

    def retired(self, unit: UnitRef, holder: Party, day: float, received: float | None) -> None:
        """Write down who had to hand over a retired unit, and when somebody had it in store."""
        moments = [day, *([] if received is None else [received])]
        retired, *there = (self.journal.moment_s(one) for one in moments)
        row = {"unit": str(unit), "holder": holder.name, "retired": retired, "received": None}
        self.truth.handovers.append(row | ({"received": there[0]} if there else {}))

    def pass_lot(
        self, day: float, lot: LotRef, kg: float, giver: Party, taker: Party
    ) -> tuple[float, Report]:
        """Offer and acceptance of a lot; the day on which it is there, and the offer."""
        offer, there = f"O{next(self.numbers)}", day + self.luck.even(1.0, 6.0)
        error = round(0.003 * kg, 3)
        offered = CustodyOffered(offer, taker.name, lots=(lot,), kg=kg, scale_error_kg=error)
        said = self.tell(day, giver, None, offered)
        taken = CustodyAccepted(offer, giver.name, lots=(lot,), kg=kg, scale_error_kg=error)
        self.tell(there, taker, None, taken)
        return there, said

    def digest(self, *about: object) -> str:
        """A digest that nothing else of this history has."""
        return hashlib.sha256(f"{self.seed} {about}".encode()).hexdigest()

    def condition(self, day: float, pack: Pack, *, claim: float = 0.0) -> ConditionCommitted:
        """What an estimator finds on a day; `claim` points are added to what the BMS says."""
        soh = pack.soh(day) + self.luck.normal(0.004)
        value = Interval(round(soh, 4), round(soh - 0.025, 4), round(soh + 0.025, 4))
        rated = pack.kind.rated_ah
        estimate = Estimate(
            verdict=Verdict.TOLD,
            soh=value,
            rated_ah=rated,
            method="counting/1",
            samples=3600,
            inputs_digest=self.digest("samples", str(pack.unit), day),
        )
        claimed = round(100 * pack.soh(day) + self.luck.normal(0.3) + claim, 1)
        return ConditionCommitted(estimate, claimed, 96.0, round(self.luck.even(80, 300), 2))

    def charge(self, bench: Party, vehicle: VehicleRef, pack: Pack, times: int) -> ChargeRecorded:
        """An overheard charge: the BMS says how often it was charged."""
        return ChargeRecorded(
            PlaceRef(bench.site, "plug-1"),
            vehicle,
            soc_start_pct=round(self.luck.even(15, 45), 1),
            soc_end_pct=round(self.luck.even(80, 99), 1),
            rated_capacity_ah=pack.kind.rated_ah,
            charge_count=times,
        )

    def usage(self, day: float, pack: Pack) -> UsageRecorded:
        """What a pack did on a day."""
        ah = self.luck.even(0.3, 0.9) * pack.kind.rated_ah
        kwh = ah * pack.kind.nominal_v / 1000
        even = self.luck.even
        return UsageRecorded(
            day=self.date(day).isoformat(),
            covered_h=round(even(6, 20), 3),
            charge_ah=round(ah, 3),
            discharge_ah=round(ah * even(0.8, 1.1), 3),
            charge_kwh=round(kwh, 3),
            discharge_kwh=round(kwh * even(0.75, 1.0), 3),
        )
