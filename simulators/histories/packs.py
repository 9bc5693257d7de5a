"""Packs as physical things: code, modules, mass, what is in them, how they age.

Contents follow from the formula of the cathode: 1.75 kg of LiNi0.6Co0.2Mn0.2O2 per kWh in a pack
of 6 kg/kWh, 2.2 kg of LiFePO4 per kWh in a pack of 7 kg/kWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from packtrail.codes import PackCode
from packtrail.codes.pack_code import Level as CodeLevel
from packtrail.event import Level, UnitRef, UnitRegistered
from simulators.histories.cast import Party

MODULES: Final = 4
MODULE_SHARE: Final = 0.78
"""Of a pack's mass; the rest is housing, cables and coolant plate."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A model of pack: `elements` are kg per kg of pack."""

    name: str
    chemistry: str
    rated_ah: float
    nominal_v: float
    cells: int
    mass_kg: float
    elements: dict[str, float]


KINDS: Final = (
    Kind("N60", "NMC", 160.0, 350.4, 96, 350.0,
         {"Co": 0.0355, "Li": 0.0209, "Mn": 0.0331, "Ni": 0.1060}),
    Kind("F58", "LFP", 174.0, 332.8, 104, 406.0, {"Li": 0.0138}),
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Pack:
    """One pack; a copy bears the unit of another.

    Attributes:
        unit: its code.
        kind: model.
        maker: who made it.
        modules: codes of its modules.
        mass_kg: as weighed at the end of the line.
        born: day of production.
        fade: share of capacity lost per year.
        vehicles: every vehicle that it was in.
    """

    unit: UnitRef
    kind: Kind
    maker: Party
    modules: list[UnitRef]
    mass_kg: float
    born: float
    fade: float
    vehicles: list[str] = field(default_factory=list)

    def soh(self, day: float) -> float:
        """Fraction of the rated capacity that it really has."""
        return 1.0 - self.fade * max(0.0, day - self.born) / 365.0

    @property
    def module_kg(self) -> float:
        """Mass of one module, kg."""
        return round(self.mass_kg * MODULE_SHARE / MODULES, 3)

    def registration(self, made_on: date) -> UnitRegistered:
        """What its maker says of it."""
        kind = self.kind
        return UnitRegistered(
            chemistry=kind.chemistry,
            rated_capacity_ah=kind.rated_ah,
            nominal_voltage_v=kind.nominal_v,
            cells_in_series=kind.cells,
            model=kind.name,
            mass_kg=self.mass_kg,
            made_on=made_on.isoformat(),
            children=tuple(self.modules),
        )

    def module_registration(self, made_on: date) -> UnitRegistered:
        """What its maker says of one of its modules."""
        kind = self.kind
        return UnitRegistered(
            chemistry=kind.chemistry,
            rated_capacity_ah=kind.rated_ah,
            nominal_voltage_v=kind.nominal_v / MODULES,
            cells_in_series=kind.cells // MODULES,
            mass_kg=self.module_kg,
            made_on=made_on.isoformat(),
            level=Level.MODULE,
        )


def code_of(
    level: CodeLevel, kind: Kind, made_on: date, serial: int, maker: str, *, second: bool = False
) -> UnitRef:
    """A code after GB/T 34014: 24 characters, 19 for a second life."""
    made = PackCode.make(
        maker=maker,
        chemistry=kind.chemistry,
        made_on=made_on,
        serial=serial,
        level=level,
        second_life=second,
    )
    return made.unit
