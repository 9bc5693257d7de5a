"""Functions of a chemistry as tables, so that a step needs no exponential.

Half-cell potentials are read linearly between `curves.POINTS` places. The factors of resistance
are read at the nearest of places so close that the error is below 0.05 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from simulators.arithmetic import Floats, exponential
from simulators.cells import KELVIN, REFERENCE_K
from simulators.chemistry import Chemistry
from simulators.curves import POINTS

COLDEST_C: Final = -60.0
WARMEST_C: Final = 160.0
PER_KELVIN: Final = 64.0
CHARGE_PLACES: Final = 16384
LAST_PLACE: Final = float(POINTS - 1)
LAST_WARMTH: Final = (WARMEST_C - COLDEST_C) * PER_KELVIN


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What the steps of a chemistry read.

    Attributes:
        positive_v: potential of the positive electrode over its filling, [POINTS].
        positive_rise_v: difference to the next place, [POINTS]; the last is 0.
        negative_v: the same of the negative electrode.
        negative_rise_v: the same.
        warmth: factor of resistance over temperature, [1 + places].
        emptiness: factor of resistance over state of charge, [1 + places].
    """

    positive_v: Floats
    positive_rise_v: Floats
    negative_v: Floats
    negative_rise_v: Floats
    warmth: Floats
    emptiness: Floats


@cache
def tables_of(chemistry: Chemistry) -> Tables:
    """The tables of a chemistry, made once."""
    places = int(LAST_WARMTH)
    temperature_c = COLDEST_C + (np.arange(places + 1) + 0.5) / PER_KELVIN
    inverse_k = 1.0 / (temperature_c + KELVIN) - 1.0 / REFERENCE_K
    soc = (np.arange(CHARGE_PLACES + 1) + 0.5) / CHARGE_PLACES
    return Tables(
        positive_v=chemistry.positive.potential_v,
        positive_rise_v=np.append(chemistry.positive.rise_v, 0.0),
        negative_v=chemistry.negative.potential_v,
        negative_rise_v=np.append(chemistry.negative.rise_v, 0.0),
        warmth=exponential(chemistry.activation_k * inverse_k),
        emptiness=1.0 + chemistry.empty_rise * exponential(-10.0 * np.minimum(soc, 1.0)),
    )
