"""Equilibrium potentials of the common electrodes against lithium, from published fits.

A stoichiometry (0 to 1, lithium in the host) enters, volts leave. Each formula stands with its
source; outside the measured range the curves are continued steeply, so that a full-cell curve
made of them always rises. Assumes equilibrium at 25 degC and one branch: charge and discharge of
silicon and LFP differ by 10-200 mV. Real materials of one name differ by 10-30 mV: see `chemistry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from soh_model.errors import ModelError

Floats = NDArray[np.float64]

BEYOND_V_PER_STO: Final = 20.0
"""Slope that continues a curve beyond its table: an empty or full host ends abruptly."""


def plain(numbers: Iterable[float]) -> tuple[float, ...]:
    """The same numbers as plain floats, so that a value can be compared, hashed and encoded."""
    return tuple(float(number) for number in numbers)


class HalfCell(msgspec.Struct, frozen=True):
    """One electrode's equilibrium curve as a table.

    Attributes:
        sto: lithium in the host, rising, 0 to 1.
        potential_v: potential against lithium, V, same length; falls with `sto`.
    """

    sto: tuple[float, ...]
    potential_v: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse tables that are too short, ragged or not rising; arrays become tuples."""
        msgspec.structs.force_setattr(self, "sto", plain(self.sto))
        msgspec.structs.force_setattr(self, "potential_v", plain(self.potential_v))
        if len(self.sto) != len(self.potential_v) or len(self.sto) < 5:
            raise ModelError("a half-cell curve needs two columns of at least five points")
        if any(b <= a for a, b in zip(self.sto, self.sto[1:], strict=False)):
            raise ModelError("a half-cell curve's stoichiometry must rise")

    def potential(self, sto: Floats) -> Floats:
        """Potential in V at any stoichiometry, same shape."""
        return Table.of(self).at(sto)


class Table:
    """A half-cell curve ready for evaluation: a uniform grid with steep continuations.

    Args:
        sto: [n] rising stoichiometry.
        potential_v: [n] volts against lithium.
    """

    __slots__ = ("high", "low", "sto", "volts")

    def __init__(self, sto: Floats, potential_v: Floats) -> None:
        self.sto = np.linspace(sto[0], sto[-1], 801)
        self.volts = np.interp(self.sto, sto, potential_v)
        self.low, self.high = float(sto[0]), float(sto[-1])

    @classmethod
    def of(cls, curve: HalfCell) -> Table:
        """The table of a `HalfCell`."""
        return cls(np.array(curve.sto), np.array(curve.potential_v))

    def at(self, sto: Floats) -> Floats:
        """Potential in V, same shape as `sto`."""
        inside = np.interp(sto, self.sto, self.volts)
        beyond = np.minimum(sto - self.low, 0.0) + np.maximum(sto - self.high, 0.0)
        return np.asarray(inside - BEYOND_V_PER_STO * beyond, np.float64)


def nmc811(y: Floats) -> Floats:
    """LiNi0.8Mn0.1Co0.1O2 of the LG M50; Chen et al., J. Electrochem. Soc. 167 (2020) 080534."""
    return np.asarray(
        -0.8090 * y
        + 4.4875
        - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )


def nmc532(y: Floats) -> Floats:
    """LiNi0.5Mn0.3Co0.2O2; Mohtat et al., J. Electrochem. Soc. 167 (2020) 110561."""
    return np.asarray(
        4.3452
        - 1.6518 * y
        + 1.6225 * y**2
        - 2.0843 * y**3
        + 3.5146 * y**4
        - 2.2166 * y**5
        - 0.5623e-4 * np.exp(109.451 * y - 100.006)
    )


def nca(y: Floats) -> Floats:
    """LiNi0.8Co0.15Al0.05O2; Kim et al., J. Electrochem. Soc. 158 (2011) A955."""
    powers = (1.638, -2.222, 15.056, -23.488, 81.246, -344.566, 621.3475, -554.774, 264.427)
    return np.asarray(
        np.polyval([*powers, -66.3691, 11.8058], y) - 0.61386 * np.exp(5.8201 * y**136.4)
    )


def lco(y: Floats) -> Floats:
    """LiCoO2; Doyle's Dualfoil fit as published by Marquis et al., SIAM J. Appl. Math. 2019."""
    y = 1.062 * y
    return np.asarray(
        2.16216
        + 0.07645 * np.tanh(30.834 - 54.4806 * y)
        + 2.1581 * np.tanh(52.294 - 50.294 * y)
        - 0.14169 * np.tanh(11.0923 - 19.8543 * y)
        + 0.2051 * np.tanh(1.4684 - 5.4888 * y)
        + 0.2531 * np.tanh((0.56478 - y) / 0.1316)
        - 0.02167 * np.tanh((y - 0.525) / 0.006)
    )


def lmo(y: Floats) -> Floats:
    """LiMn2O4; Doyle et al., J. Electrochem. Soc. 143 (1996) 1890, equation 4."""
    return np.asarray(
        4.19829
        + 0.0565661 * np.tanh(-14.5546 * y + 8.60942)
        - 0.0275479 * ((0.998432 - y) ** -0.492465 - 1.90111)
        - 0.157123 * np.exp(-0.04738 * y**8)
        + 0.810239 * np.exp(-40 * (y - 0.133875))
    )


def lfp(y: Floats) -> Floats:
    """LiFePO4; Prada et al., J. Electrochem. Soc. 160 (2013) A616. Hysteresis is left out."""
    return np.asarray(3.4077 - 0.020269 * y + 0.5 * np.exp(-150 * y) - 0.9 * np.exp(-30 * (1 - y)))


def graphite(x: Floats) -> Floats:
    """Graphite; Mohtat et al., J. Electrochem. Soc. 167 (2020) 110561."""
    steps: tuple[tuple[float, float, float], ...] = (
        (0.0120, 0.127, 0.016),
        (0.0118, 0.155, 0.016),
        (0.0035, 0.220, 0.020),
        (0.0095, 0.190, 0.013),
        (0.0145, 0.490, 0.020),
        (0.0800, 1.030, 0.055),
    )
    falls = sum(height * np.tanh((x - at) / width) for height, at, width in steps)
    return np.asarray(0.063 + 0.8 * np.exp(-75 * (x + 0.001)) - falls)


def silicon_graphite(x: Floats) -> Floats:
    """Graphite with silicon oxide of the LG M50; Chen et al. 2020, as `nmc811`."""
    return np.asarray(
        1.9793 * np.exp(-39.3631 * x)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )


def lto(x: Floats) -> Floats:
    """Li4Ti5O12: a 1.55 V two-phase plateau with exponential ends (Ohzuku et al. 1995), our fit."""
    return np.asarray(1.55 + 0.6 * np.exp(-120 * x) - 0.35 * np.exp(-60 * (1 - x)))


MATERIALS: Final[dict[str, tuple[Callable[[Floats], Floats], float, float]]] = {
    "nmc811": (nmc811, 0.16, 0.98),
    "nmc532": (nmc532, 0.0, 0.96),
    "nca": (nca, 0.27, 0.995),
    "lco": (lco, 0.30, 0.97),
    "lmo": (lmo, 0.165, 0.99),
    "lfp": (lfp, 0.002, 0.998),
    "graphite": (graphite, 0.0, 0.99),
    "silicon_graphite": (silicon_graphite, 0.005, 0.99),
    "lto": (lto, 0.002, 0.998),
}
"""Material -> its formula and the range of stoichiometry that the formula is good for."""


def tabulated(material: str, points: int = 400) -> HalfCell:
    """The table of a named material.

    Args:
        material: a key of `MATERIALS`.
        points: length of the table; denser towards both ends, where the curves bend.
    """
    formula, low, high = MATERIALS[material]
    sto = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, points))) / 2
    return HalfCell(tuple(sto.tolist()), tuple(formula(sto).tolist()))
