"""Every cell against the mean: the cells of a pack share current, clock and sensor gain.

A `BalanceFit` of the mean cell and each cell's voltage enter; each cell's capacity, state of
charge and resistance leave. Paper: Plett, Battery Management Systems vol. 2 (2015), 5.3
(bar-delta filtering), here as a linear fit of voltage differences on the mean model's derivatives
and, for cells far out, as a fit about their own point. A prior with heavy tails (Student)
holds equal cells together and lets a weak one go. Fails where a short stretch cannot tell a cell
that is low
in charge from one that is low in capacity: the error then says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.balance_fit import BalanceFit, capacity_slope
from soh_model.cell_model import P
from soh_model.session import Session

Floats = NDArray[np.float64]

FREE: Final = (P.LLI, P.LAM_NEG, P.LAM_POS, P.SOC_START, P.OHMIC, P.REACTION)
SPREAD_SD: Final = np.array([0.025, 0.012, 0.012, 0.02, 0.06, 0.06, 0.0005])
"""Usual deviation between cells of one pack in the free parameters and the sensor's offset, V."""

LAM_WITH_LLI: Final = (0.55, 0.50)
BLOCKS: Final = 400
INDEPENDENT: Final = 60
READING_ERROR_V: Final = 0.0012
RATE_ERROR_V: Final = 0.002
BENT: Final = 1.0
"""Share of the curve's bend that counts as error of a difference."""

FAR_OUT: Final = 0.015
"""A capacity this far from the mean is fitted about the cell's own point."""

NAMED_GAP: Final = 0.0175
TAIL: Final = 3.0
"""Degrees of freedom of the spread: cells fail one by one."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a pack at the session's start; all arrays [cells].

    Attributes:
        capacity: over rated capacity.
        error: its standard error against the mean cell.
        soc: state of charge.
        ohmic: logarithm of the ohmic resistance over that of the mean cell.
        reaction: the same for the charge transfer.
    """

    capacity: Floats
    error: Floats
    soc: Floats
    ohmic: Floats
    reaction: Floats

    @property
    def usable(self) -> float:
        """What the string can deliver from its first full to its first empty cell, over rated."""
        below, above = self.capacity * self.soc, self.capacity * (1 - self.soc)
        return float(below.min() + above.min())

    @property
    def lost_to_imbalance(self) -> float:
        """Capacity over rated that balancing would give back."""
        return float(self.capacity.min()) - self.usable


def fit_cells(session: Session, fit: BalanceFit) -> Cells | None:
    """Each cell's difference from the mean, None where cells were not read one by one."""
    if session.cells is None or session.cells.shape[1] < 2:
        return None
    off_mean = _differences(session, fit)
    scale = _scale(fit)
    moves, errors = _linear(off_mean, fit.model.jacobian(fit.theta, FREE), scale, fit.slope)
    for cell in np.flatnonzero(np.abs(moves[:, :3] @ fit.slope) > FAR_OUT).tolist():
        moves[cell], errors[cell] = _about_itself(off_mean[:, cell], fit, scale, moves[cell])
    shifts = np.array([_capacity(fit, move) for move in moves]) - fit.capacity
    return Cells(
        capacity=fit.capacity + shifts - shifts.mean(),
        error=errors,
        soc=fit.theta[P.SOC_START] + moves[:, 3] - moves[:, 3].mean(),
        ohmic=moves[:, 4],
        reaction=moves[:, 5],
    )


def _differences(session: Session, fit: BalanceFit) -> Floats:
    """Cell voltages less the mean on the fit's grid, V, [n, cells]."""
    assert session.cells is not None
    rows = slice(*np.searchsorted(session.t_s, fit.model.drive.t_s[[0, -1]]) + np.array([0, 1]))
    t, off = session.t_s[rows], session.cells[rows] - session.volts[rows, None]
    off = np.where(np.isfinite(off), off, 0.0)
    return np.array([np.interp(fit.model.drive.t_s, t, column) for column in off.T]).T


def _scale(fit: BalanceFit) -> Floats:
    """Error of a block's mean difference, V, [blocks], for as many readings as are independent."""
    rate = _blocks(np.abs(fit.model.drive.mean_rate)[:, None])[:, 0]
    bend = _blocks(_bend(fit)[:, None])[:, 0]
    error = np.hypot(READING_ERROR_V, RATE_ERROR_V * np.minimum(rate, 2.0))
    error = np.hypot(error, BENT * bend)
    return np.asarray(error * np.sqrt(max(len(error) / INDEPENDENT, 1.0)))


def _bend(fit: BalanceFit) -> Floats:
    """What a straight line leaves of the voltage two points of SoC to either side, V, [n].

    At a knee of the curve a cell's difference says little: where the mean's knee is imperfect
    by a per cent, so is every difference.
    """
    there = []
    for step in (-0.02, 0.0, 0.02):
        theta = fit.theta.copy()
        theta[P.SOC_START] += step
        there.append(fit.model.voltage(theta))
    return np.asarray(np.abs(there[0] - 2 * there[1] + there[2]) / 2)


def _blocks(table: Floats) -> Floats:
    """Means over at most `BLOCKS` runs of rows, [blocks, columns]."""
    length = max(1, len(table) // BLOCKS)
    whole = len(table) // length * length
    return np.asarray(table[:whole].reshape(-1, length, table.shape[1]).mean(axis=1))


def _linear(
    off_mean: Floats, jacobian: Floats, scale: Floats, slope: Floats
) -> tuple[Floats, Floats]:
    """Moves [cells, 7] of all cells about the mean's point and errors of their capacities."""
    design = np.hstack([_blocks(jacobian), np.ones((len(scale), 1))]) / scale[:, None]
    target = design.T @ (_blocks(off_mean) / scale[:, None])
    normal = design.T @ design
    solved = [_one(normal, target[:, cell], slope) for cell in range(target.shape[1])]
    return np.array([move for move, _ in solved]), np.array([error for _, error in solved])


def _one(normal: Floats, target: Floats, slope: Floats) -> tuple[Floats, float]:
    """One cell's move and the error of its capacity, the prior's tail widened as needed."""
    usual = _prior_information()
    prior = usual
    for _ in range(4):
        move = np.asarray(np.linalg.solve(normal + prior, target), np.float64)
        strange = float(move[:3] @ usual[:3, :3] @ move[:3]) / 3
        prior = usual.copy()
        prior[:3, :3] *= min((TAIL + 1) / (TAIL + 2 * strange), 1.33)
    covariance = np.linalg.inv(normal + prior)
    return move, float(np.sqrt(slope @ covariance[:3, :3] @ slope))


def _prior_information() -> Floats:
    """Inverse covariance of the moves; host losses follow the lithium loss."""
    information = np.diag(1 / SPREAD_SD**2)
    tie = np.array([[1.0, 0, 0], [-LAM_WITH_LLI[0], 1, 0], [-LAM_WITH_LLI[1], 0, 1]])
    information[:3, :3] = tie.T @ information[:3, :3] @ tie
    return np.asarray(information)


def _about_itself(
    off_mean: Floats, fit: BalanceFit, scale: Floats, move: Floats
) -> tuple[Floats, float]:
    """Gauss-Newton about the cell's own point; three steps are enough for a 20 % cell."""
    base, error = fit.model.voltage(fit.theta), 0.0
    for _ in range(3):
        theta = _moved(fit, move)
        jacobian = fit.model.jacobian(theta, FREE)
        known = fit.model.voltage(theta) - base
        target = off_mean - known + jacobian @ move[:6]
        slope = capacity_slope(fit.model, theta)[1]
        moves, errors = _linear(target[:, None], jacobian, scale, slope)
        move, error = np.clip(moves[0], -0.4, 0.4), float(errors[0])
    return move, error


def _moved(fit: BalanceFit, move: Floats) -> Floats:
    theta = fit.theta.copy()
    theta[list(FREE)] += move[:6]
    theta[:3] = np.clip(theta[:3], -0.1, 0.6)
    return theta


def _capacity(fit: BalanceFit, move: Floats) -> float:
    return fit.model.aged(_moved(fit, move)).capacity()


def standing_out(cells: Cells) -> int | None:
    """The weakest cell if it is weaker than the next by more than chance, else None.

    Nearly two points of capacity and more than the error of the difference: on packs with a known
    truth this names four of five weak cells and one sound cell in ten packs.
    """
    order = np.argsort(cells.capacity)
    gap = float(cells.capacity[order[1]] - cells.capacity[order[0]])
    doubt = float(np.hypot(cells.error[order[0]], cells.error[order[1]]))
    return int(order[0]) if gap > max(NAMED_GAP, doubt) else None
