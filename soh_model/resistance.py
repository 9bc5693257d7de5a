"""Resistance after ten seconds at 25 degC, half charged, and its growth since new.

A `BalanceFit` enters; the growth over the specification's fresh resistance leaves, or None where
that is not known. The pulse is a charge of 10 s at 1C on the fitted model, because a raw current
step in the cold or near empty says more of the cold and the emptiness than of ageing: raw steps
miss by 20 % on average, this by 8 %. Only the charge transfer is taken to depend on
temperature (Arrhenius; 20-35 kJ/mol in the parameter sets of Chen et al., J. Electrochem. Soc. 167
(2020) 080534, and Ecker et al., J. Electrochem. Soc. 162 (2015) A1836). Pulse resistances and what
moves them: Barai et al., Prog. Energy Combust. Sci. 72 (2019) 1-31. Assumes a fresh resistance of
the same definition; fails (wide) on a session without steps of current, and is biased in the cold,
where the ohmic part grows as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Interval
from soh_model.balance_fit import BalanceFit
from soh_model.cell_model import P
from soh_model.electrodes import Electrodes
from soh_model.pack_spec import PackSpec
from soh_model.particle import lagged, reaction_voltage, surface_excess

Floats = NDArray[np.float64]

REFERENCE_K: Final = 298.15
ACTIVATION_K: Final = 3000.0
PULSE_S: Final = 10.0
STEP_S: Final = 0.5
MODEL_ERROR: Final = 0.08
"""Relative error of the normalisation itself, measured on packs with a known truth."""

_INVOLVED: Final = (P.OHMIC, P.REACTION, P.SLOW, P.SLOW_TIME, P.DIFFUSION_NEG, P.DIFFUSION_POS)


def resistance_growth(fit: BalanceFit, spec: PackSpec) -> Interval | None:
    """Resistance over fresh resistance, both 10 s, 25 degC, 50 % SoC."""
    if spec.fresh_resistance_ohm is None:
        return None
    fresh = spec.fresh_resistance_ohm * spec.rated_ah
    value = pulse_resistance(fit, fit.theta)
    slope = np.zeros(len(fit.theta))
    for place in _INVOLVED:
        moved = fit.theta.copy()
        moved[place] += 0.02
        slope[place] = (pulse_resistance(fit, moved) - value) / 0.02
    error = float(np.sqrt(slope @ fit.covariance @ slope)) / value
    half = 1.96 * float(np.hypot(error, MODEL_ERROR))
    growth = value / fresh
    return Interval(growth, growth * max(1 - half, 0.0), growth * (1 + half))


def pulse_resistance(fit: BalanceFit, theta: Floats) -> float:
    """Voltage per C-rate after 10 s at 1C from half charged, 25 degC, V."""
    cell = fit.model.aged(theta)
    empty, full = cell.limits()
    x = (empty + full) / 2
    y = (cell.lithium - x * cell.q_neg) / cell.q_pos
    rate = np.ones(int(PULSE_S / STEP_S))
    cold = float(np.exp(ACTIVATION_K * (1 / fit.model.drive.kelvin - 1 / REFERENCE_K)))
    reaction = float(np.exp(theta[P.REACTION])) / cold
    slow = float(np.exp(theta[P.SLOW]))
    slow_part = slow * lagged(rate, STEP_S, float(np.exp(theta[P.SLOW_TIME])))[-1]
    transfer = reaction_voltage(rate[-1:], np.array([x]), np.array([y]), reaction, REFERENCE_K)[0]
    ohmic = float(np.exp(theta[P.OHMIC]))
    return float(ohmic + slow_part + transfer + _diffusion_voltage(cell, theta, x, y, rate))


def _diffusion_voltage(cell: Electrodes, theta: Floats, x: float, y: float, rate: Floats) -> float:
    """What the surface concentrations add at the end of the pulse, V, from smoothed slopes.

    Slopes are taken over eight points of stoichiometry: a table of a measured curve has ripples.
    """
    per_s = rate / 3600
    span = np.array([-0.04, 0.04])
    neg = surface_excess(per_s / cell.q_neg, STEP_S, float(np.exp(theta[P.DIFFUSION_NEG])))[-1]
    pos = surface_excess(per_s / cell.q_pos, STEP_S, float(np.exp(theta[P.DIFFUSION_POS])))[-1]
    slope_neg = float(np.diff(cell.negative.at(x + span))[0]) / 0.08
    slope_pos = float(np.diff(cell.positive.at(y + span))[0]) / 0.08
    neg *= float(np.exp(theta[P.SLOPE_NEG] * (x - 0.5)))
    pos *= float(np.exp(theta[P.SLOPE_POS] * (y - 0.5)))
    return max(float(-slope_neg * neg), 0.0) + max(float(-slope_pos * pos), 0.0)
