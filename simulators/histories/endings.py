"""The ends of packs: second-life products, dismantling, shredding, refining, new cells.

Masses close at every step within the scales' errors, down to lithium, nickel, cobalt and
manganese. Metal lots are stated as kilograms of contained metal, so that water of crystallisation
and reagents do not hide what is missing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from packtrail.codes import Level
from packtrail.event import (
    InspectionRecorded,
    LotPart,
    LotRef,
    MaterialOut,
    MaterialProcessed,
    MaterialUsed,
    ProductAssembled,
    UnitDisassembled,
    UnitRef,
)
from simulators.histories.cast import Party
from simulators.histories.journal import Report
from simulators.histories.packs import MODULES, Pack, code_of
from simulators.histories.scene import SCALE_KG, Scene

BATCH: Final = 6
"""Packs of one chemistry that are shredded together."""
PRODUCT_MODULES: Final = 6
PRODUCT_FROM: Final = 0.82
"""State of health from which a pack is good enough for a product."""
METAL_NAMES: Final = {"Li": "lithium", "Ni": "nickel", "Co": "cobalt", "Mn": "manganese"}
SHRED_YIELD: Final = 0.975
REFINE_YIELD: Final = {"Li": 0.925, "Ni": 0.985, "Co": 0.985, "Mn": 0.983}
"""Near the targets of announcement 42/2024: 90 % of lithium, 98 % of nickel, cobalt, manganese."""
ANALYSIS: Final = 0.006
"""Standard deviation of one chemical analysis, share of the value."""


@dataclass(slots=True)
class Endings:
    """Takes packs that were handed over and brings them to their end.

    Attributes:
        scene: the stage.
        skim: refinery -> share of each metal that it keeps and does not report.
        shelf: modules that wait for a product, by kind of pack: (day, pack, module).
        drums: packs that wait for the shredder, by shredder and kind: (day, pack).
        sold: lots of metal that are for sale: (day, lot, kg).
        shredded: code of a pack -> when and by whom it was shredded.
        bought: lot of metal -> when and by whom it was used, kg.
    """

    scene: Scene
    skim: dict[str, float]
    shelf: dict[str, list[tuple[float, Pack, UnitRef]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    drums: dict[tuple[str, str], list[tuple[float, Pack]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    ways: dict[str, float] = field(default_factory=dict)
    sold: list[tuple[float, LotRef, float]] = field(default_factory=list)
    shredded: dict[str, tuple[float, Party]] = field(default_factory=dict)
    bought: dict[LotRef, tuple[float, Party, float]] = field(default_factory=dict)

    def goes_to(self, day: float, pack: Pack) -> Party:
        """Who takes a retired pack."""
        scene = self.scene
        if pack.soh(day) >= PRODUCT_FROM and scene.luck.chance(0.4):
            return scene.cast["reuse"][0]
        return scene.luck.choice(scene.cast["shredder"])

    def take(self, day: float, pack: Pack, party: Party) -> Report:
        """`party` has the pack in store and takes it apart; its report of that."""
        if party.name.startswith("reuse"):
            return self._reuse(day, pack, party)
        waiting = self.drums[party.name, pack.kind.name]
        report = self._open(day + 2.0, pack, party)
        waiting.append((day + 3.0, pack))
        if len(waiting) == BATCH:
            self._shred(party, waiting)
        return report

    def finish(self) -> None:
        """Shred what is left; what is too little for a product stays on the shelf."""
        for (name, _), waiting in sorted(self.drums.items()):
            if waiting:
                party = next(one for one in self.scene.cast["shredder"] if one.name == name)
                self._shred(party, waiting)

    def _open(self, day: float, pack: Pack, party: Party) -> Report:
        """Housing off, modules out: children and masses close."""
        scene, modules_kg = self.scene, round(MODULES * pack.module_kg, 3)
        kg = scene.weigh(pack.mass_kg)
        housing = MaterialOut(
            LotRef(party.name, f"H{next(scene.numbers)}"),
            "housing",
            round(pack.mass_kg * 0.215, 3),
        )
        body = UnitDisassembled(
            kg_in=kg,
            children=tuple(pack.modules),
            children_kg=modules_kg,
            lots=(housing,),
            loss_kg=round(pack.mass_kg - modules_kg - housing.kg, 3),
            scale_error_kg=2 * SCALE_KG,
        )
        self.fate(pack, "dismantled", party)
        return scene.tell(day, party, pack.unit, body)

    def fate(self, pack: Pack, stage: str, party: Party) -> None:
        """Write down how a pack and its modules ended, and who has them."""
        truth = self.scene.truth
        truth.pack(
            pack.unit,
            lifecycle=stage,
            mass_kg=round(pack.mass_kg, 2),
            holder=party.name,
            vehicles=len(pack.vehicles),
        )
        truth.modules |= {str(module): "recovered" for module in pack.modules}

    def _reuse(self, day: float, pack: Pack, party: Party) -> Report:
        scene, capacity = self.scene, pack.soh(day) * pack.kind.rated_ah
        inspection = InspectionRecorded(
            "GB/T 34015-2017", passed=True, capacity_ah=round(capacity, 1), uncertainty_pct=1.5
        )
        scene.tell(day + 1.0, party, pack.unit, inspection)
        report = self._open(day + 2.0, pack, party)
        shelf = self.shelf[pack.kind.name]
        shelf += [(day + 2.5, pack, module) for module in pack.modules]
        while len(shelf) >= PRODUCT_MODULES:
            self._assemble(party, shelf[:PRODUCT_MODULES])
            del shelf[:PRODUCT_MODULES]
        return report

    def _assemble(self, party: Party, parts: list[tuple[float, Pack, UnitRef]]) -> None:
        """A product with a code of 19 characters from modules of several packs."""
        scene, kind = self.scene, parts[0][1].kind
        day = max(one[0] for one in parts) + scene.luck.even(3.0, 20.0)
        unit = code_of(Level.MODULE, kind, scene.date(day), next(scene.numbers), "SXR", second=True)
        scene.tell(day, party, unit, product_of(parts))
        scene.truth.modules |= {str(module): "repurposed_in" for _, _, module in parts}

    def _shred(self, party: Party, waiting: list[tuple[float, Pack]]) -> None:
        """Modules of several packs become black mass, which a refinery gets."""
        scene, packs = self.scene, [pack for _, pack in waiting]
        day = max(one[0] for one in waiting) + scene.luck.even(1.0, 8.0)
        waiting.clear()
        kg = sum(MODULES * pack.module_kg for pack in packs)
        metal = self._metal(packs)
        black = MaterialOut(
            LotRef(party.name, f"B{next(scene.numbers)}"),
            "black_mass",
            round(0.55 * kg, 2),
            {element: self._analyse(kg * SHRED_YIELD) for element, kg in metal.items()},
        )
        foil = MaterialOut(
            LotRef(party.name, f"F{next(scene.numbers)}"), "foil", round(0.24 * kg, 2)
        )
        body = MaterialProcessed(
            out=(black, foil),
            units_in=tuple(module for pack in packs for module in pack.modules),
            units_kg=round(kg, 2),
            elements_in={element: self._analyse(kg) for element, kg in metal.items()},
            residue_kg=round(0.19 * kg, 2),
            loss_kg=round(0.02 * kg, 2),
            scale_error_kg=round(0.002 * kg, 2),
            process="shred",
        )
        scene.tell(day, party, None, body)
        self.shredded |= {str(pack.unit): (day, party) for pack in packs}
        scene.truth.modules |= {str(one): "recycled" for pack in packs for one in pack.modules}
        refinery = scene.luck.choice(scene.cast["refinery"])
        there, _ = scene.pass_lot(day + 1.0, black.lot, black.kg, party, refinery)
        self._refine(there + scene.luck.even(1.0, 5.0), black, metal, refinery)

    def _metal(self, packs: list[Pack]) -> dict[str, float]:
        metal: dict[str, float] = defaultdict(float)
        for pack in packs:
            for element, share in pack.kind.elements.items():
                metal[element] += share * pack.mass_kg
        return dict(sorted(metal.items()))

    def _refine(self, day: float, black: MaterialOut, metal: dict[str, float], by: Party) -> None:
        """Metals come out; a refinery that skims keeps a share and calls it residue."""
        scene, out = self.scene, []
        for element, full in metal.items():
            there = full * SHRED_YIELD
            made = there * min(0.999, REFINE_YIELD[element] * (1 + scene.luck.normal(0.004)))
            told = made * (1 - self.skim.get(by.name, 0.0))
            self._account(by, element, there, made, told)
            lot = LotRef(by.name, f"{element}{next(scene.numbers)}")
            kg = self._analyse(told)
            out.append(MaterialOut(lot, METAL_NAMES[element], kg, {element: kg}))
            self.sold.append((day + 2.0, lot, kg))
        rest = black.kg - sum(one.kg for one in out)
        body = MaterialProcessed(
            out=tuple(out),
            lots_in=(LotPart(black.lot, black.kg),),
            elements_in={element: self._analyse(kg * SHRED_YIELD) for element, kg in metal.items()},
            residue_kg=round(0.97 * rest, 2),
            loss_kg=round(0.03 * rest, 2),
            scale_error_kg=round(0.003 * black.kg, 2),
            process="hydro",
        )
        scene.tell(day, by, None, body)

    def sell(self) -> None:
        """Makers buy the metals and put them into new cells."""
        scene = self.scene
        for day, lot, kg in self.sold:
            maker = scene.luck.choice(scene.cast["maker"])
            there, _ = scene.pass_lot(day, lot, kg, self.seller(lot), maker)
            day_used = there + scene.luck.even(2.0, 20.0)
            self.bought[lot] = (day_used, maker, kg)
            scene.tell(day_used, maker, None, used(lot, kg))

    def seller(self, lot: LotRef) -> Party:
        """The refinery that a lot of metal is from."""
        return next(one for one in self.scene.cast["refinery"] if one.name == lot.party)

    def _account(self, by: Party, element: str, there: float, made: float, told: float) -> None:
        row = self.scene.truth.metals.setdefault(by.name, {}).setdefault(element, [0.0, 0.0, 0.0])
        for place, kg in enumerate((there, made, told)):
            row[place] = round(row[place] + kg, 6)

    def _analyse(self, kg: float) -> float:
        return round(kg * (1 + self.scene.luck.normal(ANALYSIS)), 4)


def used(lot: LotRef, kg: float) -> MaterialUsed:
    """What a maker says of a whole lot of metal that it put into new cells."""
    element = next(name for name in METAL_NAMES if lot.id.startswith(name))
    return MaterialUsed((LotPart(lot, kg),), elements={element: kg})


def product_of(parts: list[tuple[float, Pack, UnitRef]]) -> ProductAssembled:
    """What a firm says of a product made from modules."""
    kind = parts[0][1].kind
    origins = dict.fromkeys(pack.unit for _, pack, _ in parts)
    volts = kind.nominal_v / MODULES * len(parts)
    return ProductAssembled(
        inputs=tuple(module for _, _, module in parts),
        chemistry=kind.chemistry,
        rated_capacity_ah=round(0.8 * kind.rated_ah, 1),
        nominal_voltage_v=round(volts, 1),
        origins=tuple(origins),
        mass_kg=round(sum(pack.module_kg for _, pack, _ in parts), 2),
        energy_kwh=round(0.0008 * kind.rated_ah * volts, 2),
        use="stationary storage",
        tests=("GB/T 34015-2017",),
    )
