"""What a cell is made of: electrode balance, resistances, heat, per ampere-hour of rating.

Two cells are described: graphite against a nickel-cobalt oxide (ternary), and graphite against
LFP with its hysteresis. Everything scales with the rating, so one table serves any size of cell.

Sources:
    Electrode balance of NMC: stoichiometries 0.0103-0.83 and 0.95-0.2352, which give 2.8 and
        4.2 V with the curves of Ecker et al., J. Electrochem. Soc. 162 (2015) A1836.
    Electrode balance of LFP: excess of graphite of 8 %, after Safari and Delacourt,
        J. Electrochem. Soc. 158 (2011) A562.
    Circuit with two RC pairs and one-state hysteresis: Plett, Battery Management Systems,
        Volume I, Artech House 2015, chapter 2.
    LFP hysteresis of about 20 mV between branches: Dreyer et al., Nature Materials 9 (2010) 448.
    Resistance over temperature (Arrhenius) and its rise when empty: Waag, Kaebitz and Sauer,
        Applied Energy 102 (2013) 885.
    Resistances and heat capacity are those usual for prismatic vehicle cells of 100-200 Ah.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulators.curves import (
    Curve,
    graphite,
    graphite_kokam,
    lithium_iron_phosphate,
    nickel_cobalt,
)


@dataclass(frozen=True, slots=True, eq=False)
class Chemistry:
    """One kind of cell, for a rating of 1 Ah; resistances in ohm x Ah.

    Attributes:
        name: `nmc` or `lfp`.
        letter: battery type in the pack code (GB/T 34014, position 5).
        positive: potential of the positive electrode.
        negative: potential of the negative electrode.
        positive_ah: host capacity of the positive electrode per Ah of rating, fresh.
        negative_ah: host capacity of the negative electrode per Ah of rating, fresh.
        lithium_ah: lithium that moves between them per Ah of rating, fresh.
        empty_v: cell voltage at which the cell counts as empty.
        full_v: cell voltage at which it counts as full.
        nominal_v: voltage on the label.
        ohmic: ohmic resistance at 25 degC and half charge, ohm Ah.
        fast: resistance of the fast RC pair (charge transfer), ohm Ah.
        fast_s: its time constant.
        slow: resistance of the slow RC pair (diffusion), ohm Ah.
        slow_s: its time constant.
        activation_k: activation energy over the gas constant, kelvin.
        empty_rise: how much larger the resistance is at 0 % than at 50 % (1 = twice).
        hysteresis_v: half the distance between charge and discharge branch.
        hysteresis_rate: how many branch changes one full capacity drives.
        heat_j_per_k: heat capacity per Ah.
        cooling_w_per_k: heat given to the coolant per kelvin, per Ah.
    """

    name: str
    letter: str
    positive: Curve
    negative: Curve
    positive_ah: float
    negative_ah: float
    lithium_ah: float
    empty_v: float
    full_v: float
    nominal_v: float
    ohmic: float
    fast: float
    fast_s: float
    slow: float
    slow_s: float
    activation_k: float
    empty_rise: float
    hysteresis_v: float
    hysteresis_rate: float
    heat_j_per_k: float
    cooling_w_per_k: float


NMC: Final = Chemistry(
    name="nmc",
    letter="E",
    positive=Curve.of(nickel_cobalt),
    negative=Curve.of(graphite_kokam),
    positive_ah=1.0 / (0.95 - 0.2352),
    negative_ah=1.0 / (0.83 - 0.0103),
    lithium_ah=0.83 / (0.83 - 0.0103) + 0.2352 / (0.95 - 0.2352),
    empty_v=2.8,
    full_v=4.2,
    nominal_v=3.65,
    ohmic=0.070,
    fast=0.035,
    fast_s=12.0,
    slow=0.045,
    slow_s=150.0,
    activation_k=2400.0,
    empty_rise=0.9,
    hysteresis_v=0.0,
    hysteresis_rate=0.0,
    heat_j_per_k=15.0,
    cooling_w_per_k=0.022,
)

LFP: Final = Chemistry(
    name="lfp",
    letter="B",
    positive=Curve.of(lithium_iron_phosphate),
    negative=Curve.of(graphite),
    positive_ah=1.06,
    negative_ah=1.145,
    lithium_ah=1.06,
    empty_v=2.5,
    full_v=3.65,
    nominal_v=3.2,
    ohmic=0.055,
    fast=0.030,
    fast_s=15.0,
    slow=0.040,
    slow_s=180.0,
    activation_k=2800.0,
    empty_rise=0.7,
    hysteresis_v=0.010,
    hysteresis_rate=20.0,
    heat_j_per_k=18.0,
    cooling_w_per_k=0.020,
)

CHEMISTRIES: Final = {chemistry.name: chemistry for chemistry in (NMC, LFP)}
"""The chemistries by name."""
