"""PyBaMM as the peer: published cells by the Doyle-Fuller-Newman model, as truth for our cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pybamm
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EDGE_S = 1e-3
"""A step of the current takes so long, which the solver can follow."""


@dataclass(frozen=True, slots=True, eq=False)
class PeerCell:
    """A published parameter set.

    Attributes:
        name: of the set in PyBaMM.
        values: PyBaMM's parameter values.
        rated_ah: nominal capacity.
        positive_ah: capacity of the positive electrode's sites.
        negative_ah: of the negative electrode's.
        lithium_ah: lithium in both electrodes.
        limits_v: voltage limits.
    """

    name: str
    values: Any
    rated_ah: float
    positive_ah: float
    negative_ah: float
    lithium_ah: float
    limits_v: tuple[float, float]

    @classmethod
    def load(cls, name: str) -> PeerCell:
        """The set as PyBaMM ships it."""
        pybamm.set_logging_level("ERROR")
        values = pybamm.ParameterValues(name)
        symbols = pybamm.LithiumIonParameters()
        return cls(
            name=name,
            values=values,
            rated_ah=float(values["Nominal cell capacity [A.h]"]),
            positive_ah=float(values.evaluate(symbols.p.Q_init)),
            negative_ah=float(values.evaluate(symbols.n.Q_init)),
            lithium_ah=float(values.evaluate(symbols.Q_Li_particles_init)),
            limits_v=(
                float(values["Lower voltage cut-off [V]"]),
                float(values["Upper voltage cut-off [V]"]),
            ),
        )

    def potential(self, side: str, filling: Floats) -> Floats:
        """Half-cell potential of `Positive` or `Negative` over filling, from the set itself."""
        curve = self.values[f"{side} electrode OCP [V]"]
        values = [pybamm.Scalar(float(x)) for x in filling]
        return np.array([float(curve(v).evaluate()) for v in values])

    def filling(self, soc: float) -> float:
        """Filling of the negative electrode at a state of charge between the limits."""
        x_0, x_100, _, _ = pybamm.lithium_ion.get_min_max_stoichiometries(self.values)
        return float(x_0 + soc * (x_100 - x_0))

    def voltage(self, rate: Floats, soc: float) -> Floats:
        """Terminal voltage just after each second has begun with its current.

        Args:
            rate: current over the rating, 1/h, charge positive, [seconds]; held for a second.
            soc: state of charge at the beginning.
        """
        times, amperes = _held(-rate * self.rated_ah)
        values = self.values.copy()
        values["Current function [A]"] = pybamm.Interpolant(times, amperes, pybamm.t)
        simulation = pybamm.Simulation(
            pybamm.lithium_ion.DFN(),
            parameter_values=values,
            solver=pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8),
        )
        wanted = np.arange(len(rate)) + 2.0 * EDGE_S
        solution = simulation.solve([0.0, wanted[-1] + EDGE_S], t_interp=wanted, initial_soc=soc)
        return np.asarray(solution["Terminal voltage [V]"](wanted), np.float64)


def _held(amperes: Floats) -> tuple[Floats, Floats]:
    """Points of a current that is held for each second and steps within a millisecond."""
    steps = np.flatnonzero(np.diff(amperes)) + 1
    times = np.concatenate([[0.0], np.stack([steps, steps + EDGE_S], axis=1).ravel()])
    values = np.concatenate(
        [amperes[:1], np.stack([amperes[steps - 1], amperes[steps]], axis=1).ravel()]
    )
    end = float(len(amperes))
    return np.append(times, end), np.append(values, values[-1])
