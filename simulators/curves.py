"""Half-cell potentials from the literature, as tables over stoichiometry.

A cell's open-circuit voltage is the positive electrode's potential less the negative's, each at
its own stoichiometry, so ageing that shifts or shrinks an electrode changes the whole curve.
The papers are others than those of `soh_model`, lest a test of the estimator congratulate itself.
A stoichiometry outside 0..1 reads the end of the table; `cells.check` refuses such a state.

Sources:
    Ecker et al., J. Electrochem. Soc. 162 (2015) A1836: Kokam, graphite and Ni-Co oxide.
    Safari and Delacourt, J. Electrochem. Soc. 158 (2011) A562: graphite and LiFePO4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from simulators.arithmetic import Floats, exponential, hyperbolic_tangent, power

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


def graphite_kokam(x: Floats) -> Floats:
    """Ecker et al. 2015, negative electrode: V over the fraction of sites filled."""
    return np.asarray(
        0.140031
        + 0.716502 * exponential(-369.028 * x)
        + 0.12193 * exponential(-35.6478 * (x - 0.0530947))
        - 0.0189193 * hyperbolic_tangent(21.1967 * (x - 0.196176))
        - 0.0169644 * hyperbolic_tangent(27.1365 * (x - 0.312832))
        - 0.0199313 * hyperbolic_tangent(28.5697 * (x - 0.614221))
        - 0.931153 * exponential(36.328 * (x - 1.10743))
    )


def nickel_cobalt(y: Floats) -> Floats:
    """Ecker et al. 2015, positive electrode."""
    return np.asarray(
        4.23285
        - 2.35211 * y
        - 0.0747061 * hyperbolic_tangent(31.886 * (y - 0.0219921))
        + 6.34984 * hyperbolic_tangent(2.66395 * (y - 0.174352))
        - 0.640243 * hyperbolic_tangent(5.48623 * (y - 0.439245))
        - 3.82383 * hyperbolic_tangent(4.12167 * (y - 0.176187))
        - 0.0542123 * hyperbolic_tangent(18.2919 * (y - 0.762272))
    )


def graphite(x: Floats) -> Floats:
    """Safari and Delacourt 2011, negative electrode."""
    return np.asarray(
        0.6379
        + 0.5416 * exponential(-305.5309 * x)
        + 0.044 * hyperbolic_tangent(-(x - 0.1958) / 0.1088)
        - 0.1978 * hyperbolic_tangent((x - 1.0571) / 0.0854)
        - 0.6875 * hyperbolic_tangent((x + 0.0117) / 0.0529)
        - 0.0175 * hyperbolic_tangent((x - 0.5692) / 0.0875)
    )


def lithium_iron_phosphate(y: Floats) -> Floats:
    """Safari and Delacourt 2011, positive electrode."""
    empty = 1.0 - y
    return np.asarray(
        3.4323
        - 0.8428 * exponential(-80.2493 * power(empty, 1.3198))
        - 3.2474e-6 * exponential(20.2645 * power(empty, 3.8003))
        + 3.2482e-6 * exponential(20.2646 * power(empty, 3.7995))
    )
