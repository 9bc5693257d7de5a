"""Half-cell potentials from the literature, as tables over stoichiometry.

A cell's open-circuit voltage is the positive electrode's potential less the negative's, each at
its own stoichiometry, so ageing that shifts or shrinks an electrode changes the whole curve.
A stoichiometry outside 0..1 reads the end of the table; `cells.check` refuses such a state.

Sources:
    Chen et al., J. Electrochem. Soc. 167 (2020) 080534: LG M50, graphite-SiOx and NMC811.
    Safari and Delacourt, J. Electrochem. Soc. 158 (2011) A562: graphite and LiFePO4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POINTS: Final = 8193
"""Fine enough that linear reading stays within 0.1 mV between the published curves' knees."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A potential over stoichiometry, tabulated at equal steps for fast reading.

    Attributes:
        potential_v: [n], at stoichiometries 0..1.
        rise_v: [n - 1], difference between neighbours.
    """

    potential_v: Floats
    rise_v: Floats

    @classmethod
    def of(cls, potential: Callable[[Floats], Floats]) -> Self:
        """Tabulate a formula."""
        table = potential(np.linspace(0.0, 1.0, POINTS))
        return cls(table, np.diff(table))

    def at(self, stoichiometry: Floats) -> Floats:
        """Volts against lithium, the shape of `stoichiometry`."""
        place = np.clip(stoichiometry, 0.0, 1.0) * (POINTS - 1)
        index = np.minimum(place.astype(np.intp), POINTS - 2)
        return self.potential_v.take(index) + (place - index) * self.rise_v.take(index)


def graphite_siox(x: Floats) -> Floats:
    """Chen et al. 2020, equation of U-: V against lithium over the fraction of sites filled."""
    return np.asarray(
        1.9793 * np.exp(-39.3631 * x)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )


def nmc811(y: Floats) -> Floats:
    """Chen et al. 2020, equation of U+."""
    return np.asarray(
        -0.8090 * y
        + 4.4875
        - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )


def graphite(x: Floats) -> Floats:
    """Safari and Delacourt 2011, negative electrode."""
    return np.asarray(
        0.6379
        + 0.5416 * np.exp(-305.5309 * x)
        + 0.044 * np.tanh(-(x - 0.1958) / 0.1088)
        - 0.1978 * np.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * np.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * np.tanh((x - 0.5692) / 0.0875)
    )


def lithium_iron_phosphate(y: Floats) -> Floats:
    """Safari and Delacourt 2011, positive electrode."""
    empty = 1.0 - y
    return np.asarray(
        3.4323
        - 0.8428 * np.exp(-80.2493 * empty**1.3198)
        - 3.2474e-6 * np.exp(20.2645 * empty**3.8003)
        + 3.2482e-6 * np.exp(20.2646 * empty**3.7995)
    )
