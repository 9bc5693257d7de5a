"""Electrode balance: what a full cell can hold between its voltage limits, fresh or aged.

Two half-cell curves, the capacity of each host and the lithium that still cycles enter; the
full-cell curve and the capacity leave. Method: Dubarry et al., J. Power Sources 219 (2012)
204-216; Birkl et al., J. Power Sources 341 (2017) 373-386. It assumes that ageing scales the
half-cell curves and does not change their shape; blends whose parts age apart break that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from soh_model.half_cells import Table

Floats = NDArray[np.float64]

GRID = 600


@dataclass(frozen=True, slots=True)
class Electrodes:
    """A cell's two hosts and its lithium; charges as fractions of rated capacity.

    Attributes:
        negative: curve of the negative electrode.
        positive: curve of the positive electrode.
        q_neg: capacity of the negative host from stoichiometry 0 to 1.
        q_pos: capacity of the positive host from stoichiometry 0 to 1.
        lithium: lithium that cycles, x q_neg + y q_pos at any moment.
        low_v: lower cell voltage limit, V.
        high_v: upper cell voltage limit, V.
    """

    negative: Table
    positive: Table
    q_neg: float
    q_pos: float
    lithium: float
    low_v: float
    high_v: float

    @classmethod
    def of_window(
        cls,
        negative: Table,
        positive: Table,
        x: tuple[float, float],
        y: tuple[float, float],
        limits_v: tuple[float, float],
    ) -> Self:
        """A fresh cell of capacity 1, from the stoichiometries when empty and when full.

        Args:
            negative: its curve.
            positive: its curve.
            x: negative stoichiometry (empty, full).
            y: positive stoichiometry (empty, full); falls.
            limits_v: cell voltage (empty, full), V.
        """
        q_neg, q_pos = 1 / (x[1] - x[0]), 1 / (y[0] - y[1])
        cell = cls(negative, positive, q_neg, q_pos, x[0] * q_neg + y[0] * q_pos, *limits_v)
        scale = 1 / cell.capacity()
        return replace(cell, q_neg=q_neg * scale, q_pos=q_pos * scale, lithium=cell.lithium * scale)

    def aged(self, lli: float, lam_neg: float, lam_pos: float) -> Self:
        """The cell after losses, each a fraction of the fresh amount.

        Args:
            lli: loss of lithium inventory over the fresh inventory.
            lam_neg: loss of negative active material.
            lam_pos: loss of positive active material.
        """
        return replace(
            self,
            q_neg=self.q_neg * (1 - lam_neg),
            q_pos=self.q_pos * (1 - lam_pos),
            lithium=self.lithium * (1 - lli),
        )

    def voltage(self, x: Floats) -> Floats:
        """Open-circuit cell voltage in V at negative stoichiometry `x`, same shape."""
        return self.positive.at((self.lithium - x * self.q_neg) / self.q_pos) - self.negative.at(x)

    def limits(self) -> tuple[float, float]:
        """Negative stoichiometry at the lower and at the upper voltage limit."""
        lowest = max(self.negative.low - 0.05, (self.lithium - 1.05 * self.q_pos) / self.q_neg)
        highest = min(self.negative.high + 0.05, (self.lithium + 0.05 * self.q_pos) / self.q_neg)
        x = np.linspace(lowest, highest, GRID)
        volts = np.maximum.accumulate(self.voltage(x) + 1e-9 * np.arange(GRID))
        ends = np.interp([self.low_v, self.high_v], volts, x)
        return float(ends[0]), float(ends[1])

    def capacity(self) -> float:
        """Charge between the voltage limits at equilibrium, over rated capacity."""
        empty, full = self.limits()
        return (full - empty) * self.q_neg

    def ocv(self, soc: Floats) -> Floats:
        """Open-circuit voltage in V at states of charge of this cell as it is now."""
        empty, full = self.limits()
        return self.voltage(empty + (full - empty) * soc)
