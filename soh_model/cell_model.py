"""The mean cell of a pack as a function of eleven and three numbers.

A session resampled to a uniform grid and a parameter vector enter; the cell voltage leaves. The
parameters are the three degradation modes, where the cell started, four resistances and lags,
two diffusion times with their slope over concentration, and the current sensor's errors.
Papers: Guo, Sikha & White 2011 for the particles (see `particle`), Dubarry et al. 2012 for the
modes (see `electrodes`). Assumes one temperature a session, resistances that do not change with
state of charge beyond the reaction's own law, and no hysteresis. Fails above some 3C and below
freezing, where the electrolyte limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.electrodes import Electrodes
from soh_model.particle import Responses, reaction_voltage
from soh_model.session import Session

Floats = NDArray[np.float64]

Places = NDArray[np.int64] | slice

EVERYWHERE: Final = slice(None)
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
        step_sd_v: standard error of `volts` by their step, V.
    """

    t_s: Floats
    step_s: float
    charge: Floats
    mean_rate: Floats
    rate: Floats
    volts: Floats
    kelvin: float
    step_sd_v: float = 0.0

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
            step_sd_v=session.step_sd_v,
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
        responses: what slow processes answer to the drive.
    """

    fresh: Electrodes
    drive: Drive
    responses: Responses = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the answers to the drive."""
        responses = Responses(self.drive.mean_rate, self.drive.step_s)
        object.__setattr__(self, "responses", responses)

    def aged(self, theta: Floats) -> Electrodes:
        """The electrodes after the modes of `theta`."""
        return self.fresh.aged(
            float(theta[P.LLI]), float(theta[P.LAM_NEG]), float(theta[P.LAM_POS])
        )

    def voltage(self, theta: Floats) -> Floats:
        """Cell voltage over the drive, V, [n]."""
        return np.asarray(self.voltages(theta[None])[0])

    def voltages(self, thetas: Floats, pick: Places = EVERYWHERE) -> Floats:
        """Cell voltages of several parameter vectors at once, V.

        Args:
            thetas: [k, 14]; vectors that share modes or time constants cost little more than one.
            pick: places of the drive, [m]; all where not given.

        Returns:
            [k, m].
        """
        drive = self.drive
        par = {place: thetas[:, place, None] for place in P}
        q_neg, q_pos, lithium, empty, full = self._hosts(thetas)
        gain = 1 / (1 + par[P.GAIN])
        instant = (drive.rate[pick] - par[P.OFFSET]) * gain
        hours = (drive.t_s[pick] - drive.t_s[0]) / 3600
        charge = (drive.charge[pick] - par[P.OFFSET] * hours) * gain
        x = empty + (full - empty) * par[P.SOC_START] + charge / q_neg
        y = (lithium - x * q_neg) / q_pos
        ahead, behind, slow = self._answers(thetas, pick)
        x_surface = x + gain * ahead / q_neg * np.exp(par[P.SLOPE_NEG] * (x - 0.5))
        y_surface = y - gain * behind / q_pos * np.exp(par[P.SLOPE_POS] * (y - 0.5))
        reaction = np.exp(par[P.REACTION])
        return np.asarray(
            self.fresh.positive.at(y_surface)
            - self.fresh.negative.at(x_surface)
            + np.exp(par[P.OHMIC]) * instant
            + gain * np.exp(par[P.SLOW]) * slow
            + reaction_voltage(instant, x_surface, y_surface, reaction, drive.kelvin)
        )

    def _hosts(self, thetas: Floats) -> Floats:
        """Both hosts, lithium and the negative stoichiometry when empty and full, [5, k, 1]."""
        modes, which = np.unique(thetas[:, :3], axis=0, return_inverse=True)
        cells = [self.aged(mode) for mode in modes]
        table = np.array([(c.q_neg, c.q_pos, c.lithium, *c.limits()) for c in cells])
        return table[which.ravel()].T[:, :, None]

    def _answers(self, thetas: Floats, pick: Places) -> tuple[Floats, Floats, Floats]:
        """Surface less mean charge of both electrodes and the slow lag, at gain one, [k, m]."""
        answers, rows = self.responses, []
        times = np.exp(thetas[:, [P.DIFFUSION_NEG, P.DIFFUSION_POS, P.SLOW_TIME]]).tolist()
        for (negative, positive, slow), offset in zip(times, thetas[:, P.OFFSET], strict=True):
            ahead = answers.negative(negative, offset)[pick]
            behind = answers.positive(positive, offset)[pick]
            rows.append((ahead / 3600, behind / 3600, answers.lagged(slow, offset)[pick]))
        ahead, behind, slow = np.array(rows).transpose(1, 0, 2)
        return ahead, behind, slow

    def jacobian(
        self,
        theta: Floats,
        columns: tuple[int, ...] = tuple(P),
        steps: Floats | None = None,
        pick: Places = EVERYWHERE,
    ) -> Floats:
        """Derivative of the voltage by some parameters, [m, len(columns)].

        Args:
            theta: where.
            columns: which parameters.
            steps: how far each is moved, [14]; by default `STEPS`.
            pick: places of the drive, [m].
        """
        steps = (STEPS if steps is None else steps)[list(columns)]
        moves = np.zeros((len(columns) + 1, len(theta)))
        moves[np.arange(1, len(columns) + 1), columns] = steps
        found = self.voltages(theta + moves, pick)
        return np.asarray(((found[1:] - found[0]) / steps[:, None]).T)


STEPS: Final = np.array(
    [1e-3, 1e-3, 1e-3, 1e-3, 1e-2, 1e-2, 1e-2, 1e-2, 2e-2, 2e-2, 2e-2, 2e-2, 2e-5, 1e-4]
)
"""Step of each parameter in numerical derivatives."""
