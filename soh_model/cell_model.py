"""The mean cell of a pack as a function of eleven and three numbers.

A session resampled to a uniform grid and a parameter vector enter; the cell voltage leaves. The
parameters are the three degradation modes, where the cell started, four resistances and lags,
two diffusion times with their slope over concentration, and the current sensor's errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.electrodes import Electrodes
from soh_model.particle import lagged, reaction_voltage, surface_excess
from soh_model.session import Session

Floats = NDArray[np.float64]

MOST_POINTS: Final = 600
FEWEST_POINTS: Final = 20


class P(IntEnum):
    """Places of the parameters; resistances in V per C-rate, times in s, both as logarithms."""

    LLI = 0
    LAM_NEG = 1
    LAM_POS = 2
    SOC_START = 3
    OHMIC = 4
    REACTION = 5
    SLOW = 6
    SLOW_TIME = 7
    DIFFUSION_NEG = 8
    DIFFUSION_POS = 9
    SLOPE_NEG = 10
    SLOPE_POS = 11
    OFFSET = 12
    GAIN = 13


@dataclass(frozen=True, slots=True)
class Drive:
    """One part of a session on a uniform grid.

    Attributes:
        t_s: seconds, [n].
        step_s: distance of the grid.
        charge: charge since the start over rated capacity, [n].
        mean_rate: mean C-rate over the step that ends here, [n].
        rate: C-rate at this instant, [n].
        volts: mean cell voltage at this instant, V, [n].
        kelvin: temperature, K.
    """

    t_s: Floats
    step_s: float
    charge: Floats
    mean_rate: Floats
    rate: Floats
    volts: Floats
    kelvin: float

    @classmethod
    def of(cls, session: Session, rated_ah: float, part: int) -> Drive:
        """One part of the session, resampled.

        Args:
            session: clean samples.
            rated_ah: rated capacity.
            part: number of the stretch between gaps, see `busiest`.
        """
        rows = session.part == part
        t = session.t_s[rows]
        charge = session.charge_ah[rows] / rated_ah
        current = session.current_a[rows] / rated_ah
        step = max(float(np.median(np.diff(t))), float(np.ptp(t)) / MOST_POINTS, 1.0)
        grid = np.arange(t[0], t[-1], step)
        moved = np.interp(grid, t, charge)
        instant = np.interp(grid, t, current)
        return cls(
            t_s=grid,
            step_s=step,
            charge=moved - moved[0],
            mean_rate=np.concatenate([instant[:1], np.diff(moved) * 3600 / step]),
            rate=instant,
            volts=np.interp(grid, t, session.volts[rows]),
            kelvin=273.15 + float(np.median(session.temperature_c[rows])),
        )


def busiest(session: Session, least_ah: float, most: int) -> list[int]:
    """Parts that moved at least some charge, those that moved most first.

    Args:
        session: clean samples.
        least_ah: charge that a part must move; the busiest counts in any case.
        most: how many parts at most.
    """
    parts, counts = np.unique(session.part, return_counts=True)
    moved = {
        int(part): float(np.ptp(session.charge_ah[session.part == part]))
        for part, count in zip(parts, counts, strict=True)
        if count >= FEWEST_POINTS
    }
    order = sorted(moved, key=lambda part: -moved[part])
    return [part for k, part in enumerate(order[:most]) if k == 0 or moved[part] >= least_ah]


@dataclass(frozen=True, slots=True)
class CellModel:
    """A fresh cell under a drive.

    Attributes:
        fresh: the electrodes of the fresh cell.
        drive: what was done to it.
    """

    fresh: Electrodes
    drive: Drive

    def aged(self, theta: Floats) -> Electrodes:
        """The electrodes after the modes of `theta`."""
        return self.fresh.aged(
            float(theta[P.LLI]), float(theta[P.LAM_NEG]), float(theta[P.LAM_POS])
        )

    def voltage(self, theta: Floats) -> Floats:
        """Cell voltage over the drive, V, [n]."""
        drive, cell, gain = self.drive, self.aged(theta), 1 / (1 + theta[P.GAIN])
        rate, instant = ((r - theta[P.OFFSET]) * gain for r in (drive.mean_rate, drive.rate))
        hours = (drive.t_s - drive.t_s[0]) / 3600
        charge = (drive.charge - theta[P.OFFSET] * hours) * gain
        empty, full = cell.limits()
        x = empty + (full - empty) * theta[P.SOC_START] + charge / cell.q_neg
        y = (cell.lithium - x * cell.q_neg) / cell.q_pos
        x_surface, y_surface = surfaces(theta, cell, rate, drive.step_s, x, y)
        reaction = np.exp(theta[P.REACTION])
        slow = lagged(rate, drive.step_s, float(np.exp(theta[P.SLOW_TIME])))
        return np.asarray(
            cell.positive.at(y_surface)
            - cell.negative.at(x_surface)
            + np.exp(theta[P.OHMIC]) * instant
            + np.exp(theta[P.SLOW]) * slow
            + reaction_voltage(instant, x_surface, y_surface, reaction, drive.kelvin)
        )

    def jacobian(self, theta: Floats, columns: tuple[int, ...]) -> Floats:
        """Derivative of the voltage by some parameters, [n, len(columns)]."""
        centre, found = self.voltage(theta), []
        for column in columns:
            moved = theta.copy()
            moved[column] += STEPS[column]
            found.append((self.voltage(moved) - centre) / STEPS[column])
        return np.array(found).T


STEPS: Final = np.array(
    [1e-3, 1e-3, 1e-3, 1e-3, 1e-2, 1e-2, 1e-2, 1e-2, 2e-2, 2e-2, 2e-2, 2e-2, 2e-5, 1e-4]
)
"""Step of each parameter in numerical derivatives."""


def surfaces(
    theta: Floats, cell: Electrodes, rate: Floats, step_s: float, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Surface stoichiometries of both electrodes, [n] each."""
    per_s = rate / 3600
    ahead = surface_excess(per_s / cell.q_neg, step_s, float(np.exp(theta[P.DIFFUSION_NEG])))
    behind = surface_excess(per_s / cell.q_pos, step_s, float(np.exp(theta[P.DIFFUSION_POS])))
    return (
        x + ahead * np.exp(theta[P.SLOPE_NEG] * (x - 0.5)),
        y - behind * np.exp(theta[P.SLOPE_POS] * (y - 0.5)),
    )
