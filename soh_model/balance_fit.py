"""Electrode-balance fit: lithium loss and loss of both hosts from one session's voltage.

A `Session` and the half-cell curves of the pack's type enter; the modes, the capacity that
follows from them and its error leave. Papers: Dubarry et al., J. Power Sources 219 (2012) 204
(modes); Birkl et al., J. Power Sources 341 (2017) 373; diffusion by `particle`; posterior by
Laplace's approximation at the better of two starts (a little and a lot of lithium loss: the
local minima differ by which knee of the curve a stretch is taken for).
Assumes half-cell curves that keep their shape, and modes that follow the usual proportions
unless the data say otherwise (the prior). Neighbouring samples share their model error, so a
session counts as `INDEPENDENT` readings at most.
Fails (wide) where the session stays on one plateau; biased where the type's curves are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import DegradationModes, Interval
from soh_model.cell_model import CellModel, Drive, P, busiest
from soh_model.chemistry import FreshCell
from soh_model.pack_spec import PackSpec
from soh_model.particle import lagged
from soh_model.session import Session

Floats = NDArray[np.float64]

METHOD: Final = "balance/1"
FITTED_POINTS: Final = 260
INDEPENDENT: Final = 20
REST_ERROR_V: Final = 0.003
"""Model error at rest: half-cell curves carry 1.5-2 mV, the mean of unequal cells the rest."""

RATE_ERROR_V: Final = 0.006
"""Model error per unit of recent C-rate, V."""

STARTS: Final = (0.05, 0.18)
TRIAL: Final = 5
ENOUGH: Final = 25
"""Steps of each start, and of the better one after that."""

NEAR: Final = np.full(len(P), 1e-7)
"""Steps of the fit's derivatives: well within one interval of a half-cell table."""

MOST_PARTS: Final = 3
LEAST_OF_A_PART: Final = 0.2
"""Share of rated capacity that a further part must move to be worth a fit."""

SHARED: Final = 0.6
ACTIVATION_K: Final = 2500.0
"""Arrhenius slope of resistances and diffusion times in the prior, K (about 21 kJ/mol)."""

DIFFUSION_S: Final = {
    "NMC811": (1040.0, 6800.0),
    "NMC111": (9000.0, 700.0),
    "LFP": (3000.0, 400.0),
}
"""Radius squared over diffusivity of (negative, positive) particles, s, from the published
parameter sets of Chen et al. 2020, Ecker et al. 2015 (at mid concentration) and Prada et al.
2013. Other chemistries take `USUAL_DIFFUSION_S`; the fit may move by a factor of four."""

USUAL_DIFFUSION_S: Final = (1500.0, 800.0)

USUAL_MISFIT_V: Final = 0.015
"""What a fit of a driven session leaves at most; beyond, the error grows in proportion."""

IMPLAUSIBLE_V: Final = 0.04
"""A misfit that no cell of the type leaves: a sensor or the specification is wrong."""

MODES_WIDER: Final = 1.15
"""Widening of the modes' intervals, from packs with a known truth."""

STRANGE_TYPE: Final = 1.5
"""Widening for a chemistry whose diffusion times are not published above."""

LLI_PRIOR: Final = (0.11, 0.07)
"""Mean and deviation of lithium loss in packs that come to be asked about."""

LAM_PER_LLI: Final = (0.55, 0.50)
"""Usual loss of (negative, positive) host per lithium loss."""


@dataclass(frozen=True, slots=True)
class BalanceFit:
    """The fitted mean cell.

    Attributes:
        model: the model that was fitted.
        theta: parameters, places as in `P`.
        covariance: of the parameters, [14, 14].
        capacity: over rated capacity.
        slope: derivative of the capacity by the three modes, [3].
        error: standard error of the capacity.
        misfit_v: root mean square of what the model leaves, V.
    """

    model: CellModel
    theta: Floats
    covariance: Floats
    capacity: float
    slope: Floats
    error: float
    misfit_v: float


@dataclass(frozen=True, slots=True)
class Prior:
    """What is expected of the parameters before a session, and how far they may go."""

    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats


def fit_parts(session: Session, spec: PackSpec, fresh: FreshCell) -> list[BalanceFit]:
    """Fit the mean cell to each of the busiest parts, the busiest first.

    Args:
        session: clean samples of one or many sessions.
        spec: the pack's type.
        fresh: its fresh cell; must have electrodes.

    Returns:
        At most `MOST_PARTS` fits; none where every part is shorter than 20 samples.
    """
    parts = busiest(session, LEAST_OF_A_PART * spec.rated_ah, MOST_PARTS)
    return [fit_balance(session, spec, fresh, part) for part in parts]


def combined(fits: list[BalanceFit], spec: PackSpec) -> tuple[float, float]:
    """Capacity over rated of all parts together, and its standard error.

    Every fit holds the prior once; it must count once in all. Half of an error is the type's
    curve and the sensor's gain, which more parts do not cure.
    """
    prior = _capacity_prior(fits[0])
    weights = np.array([1 / fit.error**2 for fit in fits])
    own = np.maximum(weights - 1 / prior**2, 1e-6)
    value = float(weights @ np.array([fit.capacity for fit in fits]) / weights.sum())
    error = float(np.sqrt(1 / (own.sum() + 1 / prior**2)))
    alone = float(np.sqrt(1 / weights.max()))
    return value, max(error, SHARED * alone, spec.current_gain_sd / 2)


def _capacity_prior(fit: BalanceFit) -> float:
    """Standard deviation of the capacity before any data."""
    modes = np.array([1.0, *LAM_PER_LLI]) * LLI_PRIOR[1]
    return float(np.abs(fit.slope @ modes))


def fit_balance(session: Session, spec: PackSpec, fresh: FreshCell, part: int) -> BalanceFit:
    """Fit the mean cell of one part of a session.

    Args:
        session: clean samples.
        spec: the pack's type.
        fresh: its fresh cell; must have electrodes.
        part: which stretch between gaps.
    """
    assert fresh.electrodes is not None
    model = CellModel(fresh.electrodes, Drive.of(session, spec.rated_ah, part))
    prior = _prior(model.drive, session, spec)
    trials = [_run(model, prior, _start(model, prior, lli), TRIAL) for lli in STARTS]
    best = min(trials, key=lambda run: run[0])
    _, theta, covariance = _run(model, prior, best[1], ENOUGH)
    capacity, slope = capacity_slope(model, theta)
    left = model.voltage(theta) - model.drive.volts
    misfit = float(np.sqrt(np.mean(left**2)))
    strange = 1.0 if spec.family in DIFFUSION_S else STRANGE_TYPE
    strange *= max(1.0, misfit / USUAL_MISFIT_V)
    error = strange * float(np.sqrt(slope @ covariance[:3, :3] @ slope))
    return BalanceFit(model, theta, covariance, capacity, slope, error, misfit)


def degradation_modes(fit: BalanceFit) -> DegradationModes:
    """Lithium and host losses of the fitted mean cell, each with its 95 % interval."""
    wider = max(1.0, fit.misfit_v / USUAL_MISFIT_V) * MODES_WIDER
    error = wider * np.sqrt(np.diag(fit.covariance)[:3])
    lithium, negative, positive = (
        Interval(float(value), float(value - 1.96 * sd), float(value + 1.96 * sd))
        for value, sd in zip(fit.theta[:3], error, strict=True)
    )
    return DegradationModes(lithium, negative, positive)


def capacity_slope(model: CellModel, theta: Floats) -> tuple[float, Floats]:
    """Capacity over rated and its derivative by the three modes, [3]."""
    capacity = model.aged(theta).capacity()
    slope = np.empty(3)
    for mode in range(3):
        moved = theta.copy()
        moved[mode] += 1e-3
        slope[mode] = (model.aged(moved).capacity() - capacity) / 1e-3
    return capacity, slope


def _prior(drive: Drive, session: Session, spec: PackSpec) -> Prior:
    cold = float(np.exp(ACTIVATION_K * (1 / drive.kelvin - 1 / 298.15)))
    ohm = (spec.fresh_resistance_ohm or 0.12 / spec.rated_ah) * spec.rated_ah * cold
    negative, positive = DIFFUSION_S.get(spec.family, USUAL_DIFFUSION_S)
    doubt = 0.7 if spec.family in DIFFUSION_S else 1.5
    offset = max(session.offset_sd_a / spec.rated_ah, 2e-4)
    gain = spec.current_gain_sd
    rows = (
        (LLI_PRIOR[0], LLI_PRIOR[1], -0.03, 0.5),
        (0.06, 9.0, -0.03, 0.4),
        (0.055, 9.0, -0.03, 0.4),
        (0.5, 9.0, -0.1, 1.1),
        *((np.log(ohm * share), 0.6, -2.3, 2.5) for share in (0.3, 0.4, 0.3)),
        (np.log(60.0), 0.6, -1.4, 1.9),
        (np.log(negative * cold), doubt, -4 * doubt, 4 * doubt),
        (np.log(positive * cold), doubt, -4 * doubt, 4 * doubt),
        (0.0, 1.0, -4.0, 4.0),
        (0.0, 1.0, -4.0, 4.0),
        (0.0, offset, -5 * offset, 5 * offset),
        (0.0, gain, -5 * gain, 5 * gain),
    )
    table = np.array(rows, np.float64)
    shift = np.where(np.arange(len(table)) < 4, 0.0, table[:, 0])
    return Prior(table[:, 0], table[:, 1], table[:, 2] + shift, table[:, 3] + shift)


def _start(model: CellModel, prior: Prior, lli: float) -> Floats:
    """A starting point with some lithium loss, its SoC read from the first voltage."""
    theta = prior.mean.copy()
    theta[:3] = lli, LAM_PER_LLI[0] * lli, LAM_PER_LLI[1] * lli
    soc = np.linspace(0, 1, 201)
    theta[P.SOC_START] = np.interp(model.drive.volts[0], model.aged(theta).ocv(soc), soc)
    return np.clip(theta, prior.low + 1e-9, prior.high - 1e-9)


def _run(model: CellModel, prior: Prior, start: Floats, steps: int) -> tuple[float, Floats, Floats]:
    """Cost, parameters and covariance after at most some steps from a starting point."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - heavy

    drive = model.drive
    pick = np.unique(np.linspace(0, len(drive.t_s) - 1, FITTED_POINTS).astype(int))
    error = expected_error_v(drive)[pick] * np.sqrt(max(len(pick) / INDEPENDENT, 1.0))
    measured = drive.volts[pick]
    scale = np.minimum(prior.deviation, 0.05)
    scale[P.OHMIC :] = np.minimum(prior.deviation[P.OHMIC :], 0.4)

    def residuals(theta: Floats) -> Floats:
        misfit = (model.voltages(theta[None], pick)[0] - measured) / error
        return np.concatenate([np.clip(misfit, -60, 60), _surprise(theta, prior)])

    def slopes(theta: Floats) -> Floats:
        by_voltage = model.jacobian(theta, steps=NEAR, pick=pick) / error[:, None]
        centre = _surprise(theta, prior)
        moved = [_surprise(row, prior) - centre for row in theta + np.diag(NEAR)]
        return np.vstack([by_voltage, np.array(moved).T / NEAR])

    found = least_squares(
        residuals,
        start,
        jac=slopes,
        bounds=(prior.low, prior.high),
        x_scale=scale,
        max_nfev=steps,
        ftol=1e-4,
        xtol=1e-6,
    )
    information = found.jac.T @ found.jac + 1e-9 * np.eye(len(start))
    return float(found.cost), found.x, np.linalg.inv(information)


def expected_error_v(drive: Drive) -> Floats:
    """Standard deviation of the model's own error at each instant, V, [n]."""
    recent = np.abs(lagged(drive.mean_rate, drive.step_s, 600.0))
    return np.hypot(np.hypot(REST_ERROR_V, drive.step_sd_v), RATE_ERROR_V * recent)


def _surprise(theta: Floats, prior: Prior) -> Floats:
    """How far the parameters are from what is expected, in deviations."""
    lli = theta[P.LLI]
    spread = 0.035 + 0.15 * max(lli, 0.0)
    hosts = (theta[1:3] - np.array(LAM_PER_LLI) * lli) / spread
    return np.concatenate([(theta - prior.mean) / prior.deviation, hosts])
