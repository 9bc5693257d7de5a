"""Pack models of three invented makers: what a type plate and a data sheet say.

Maker SXA broadcasts on classic 11-bit identifiers, maker SXB in the style of J1939, maker SXC in
CAN FD. Each builds an NMC and an LFP pack. The data sheet's open-circuit curve is that of a
fresh cell, rounded to millivolts: what a maker would hand to a station, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from packtrail.language import Text
from simulators.ageing import Modes, make_bank
from simulators.cells import open_circuit_v
from simulators.chemistry import LFP, NMC, Chemistry
from simulators.draws import Draws
from simulators.errors import SimulationError


@dataclass(frozen=True, slots=True, eq=False)
class PackModel:
    """One type of pack.

    Attributes:
        name: as on the type plate.
        maker: manufacturer code of the pack code, 3 characters.
        specification: specification code of the pack code, 2 characters.
        chemistry: what its cells are made of.
        cells: cells in series.
        rated_ah: rated capacity.
        probes: temperature probes, spread evenly over the cells.
        mass_kg: mass of the pack.
        dialect: how its BMS speaks, a key of `dialects.DIALECTS`.
    """

    name: str
    maker: str
    specification: str
    chemistry: Chemistry
    cells: int
    rated_ah: float
    probes: int
    mass_kg: float
    dialect: str

    @property
    def nominal_v(self) -> float:
        """Nominal voltage of the pack."""
        return self.cells * self.chemistry.nominal_v

    @property
    def nominal_kwh(self) -> float:
        """Nominal energy of the pack."""
        return self.nominal_v * self.rated_ah / 1000.0

    @property
    def probe_cells(self) -> tuple[int, ...]:
        """Which cell each probe sits on, from 0."""
        places = (np.arange(self.probes) + 0.5) * self.cells / self.probes
        return tuple(int(place) for place in places)

    def data_sheet_ocv(self, points: int = 41) -> tuple[list[float], list[float]]:
        """State of charge, fraction, and open-circuit voltage of a fresh cell, V, rising."""
        zero = np.zeros(1)
        bank = make_bank(
            self.chemistry,
            self.rated_ah,
            Modes(zero, zero, zero, zero),
            Draws(0),
        )
        soc = np.linspace(0.0, 1.0, points)
        volts = [
            float(open_circuit_v(bank, bank.empty_ah + share * bank.capacity_ah)[0])
            for share in soc
        ]
        return [round(float(s), 4) for s in soc], [round(v, 3) for v in volts]


MODELS: Final = (
    PackModel("SXA-96N150", "SXA", "N1", NMC, 96, 150.0, 24, 330.0, "classic"),
    PackModel("SXB-112N120", "SXB", "N2", NMC, 112, 120.0, 16, 315.0, "j1939"),
    PackModel("SXA-104L160", "SXA", "L1", LFP, 104, 160.0, 26, 395.0, "classic"),
    PackModel("SXB-120L135", "SXB", "L2", LFP, 120, 135.0, 20, 390.0, "j1939"),
)
"""The pack models of the simulated station, in a fixed order."""

FURTHER_MODELS: Final = (
    PackModel("SXC-108N155", "SXC", "N3", NMC, 108, 155.0, 28, 352.0, "flexible"),
    PackModel("SXC-120L175", "SXC", "L3", LFP, 120, 175.0, 30, 431.0, "flexible"),
)
"""Those of maker SXC, who speaks CAN FD; its packs do not come to the station by themselves."""

ALL_MODELS: Final = MODELS + FURTHER_MODELS


def find_model(name: str) -> PackModel:
    """The model of that name.

    Raises:
        SimulationError: there is none; the known ones are named.
    """
    for model in ALL_MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in ALL_MODELS)
    raise SimulationError(
        Text("no such pack model", "没有这种电池包型号"),
        where=name,
        hint=Text(f"models: {known}", f"可选型号：{known}"),
    )
