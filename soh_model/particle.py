"""How far a cell's voltage is from equilibrium while current flows: one particle per electrode.

Rates enter on a uniform grid of time, concentration differences and slow voltages leave. Paper:
Guo, Sikha & White, J. Electrochem. Soc. 158 (2011) A122 (single-particle model); the sphere's
response is the sum over the roots of tan a = a, each a first-order lag, so a session of
hours costs microseconds. Assumes one mean particle size and a diffusion time that changes only
slowly with concentration; fails at rates where the electrolyte runs empty (above 3C).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROOTS: Final = (4.493409, 7.725252, 10.904122, 14.066194)
_BEYOND: Final = 0.1 - sum(1 / root**2 for root in _ROOTS)
"""What the roots left out add in the steady state: all 1/a^2 sum to 1/10."""

GAS_OVER_FARADAY: Final = 8.314462 / 96485.33

REMEMBERED: Final = 4
"""Answers kept: a fit's numerical derivative asks for the same time constants again and again."""


class Responses:
    """What lags answer to one drive and to a current of one, kept for the last time constants.

    All lags are linear, so an error of the sensor's gain or zero needs no new filtering.

    Args:
        rate: drive on a uniform grid, [n].
        step_s: distance of the grid, s.
    """

    def __init__(self, rate: Floats, step_s: float) -> None:
        both, keep = np.stack([rate, np.ones_like(rate)]), lru_cache(REMEMBERED)
        self._excess = keep(lambda time_s: surface_excess(both, step_s, time_s))
        self._beside = keep(lambda time_s: surface_excess(both, step_s, time_s))
        self._lagged = keep(lambda time_s: lagged(both, step_s, time_s))

    def negative(self, diffusion_s: float, offset: float) -> Floats:
        """`surface_excess` of the rate less an offset, for one electrode."""
        return _less(self._excess(diffusion_s), offset)

    def positive(self, diffusion_s: float, offset: float) -> Floats:
        """The same for the other electrode, whose answers are remembered apart."""
        return _less(self._beside(diffusion_s), offset)

    def lagged(self, time_s: float, offset: float) -> Floats:
        """`lagged` of the rate less an offset."""
        return _less(self._lagged(time_s), offset)


def _less(answers: Floats, offset: float) -> Floats:
    """The answer to a drive less that to an offset."""
    return np.asarray(answers[0] - offset * answers[1])


def surface_excess(rate: Floats, step_s: float, diffusion_s: float) -> Floats:
    """Surface stoichiometry less the mean one.

    Args:
        rate: change of the mean stoichiometry per second over each step, [..., n].
        step_s: length of a step, s.
        diffusion_s: radius squared over diffusivity, s.
    """
    from scipy.signal import lfilter  # noqa: PLC0415 - heavy

    excess = (2 / 3) * diffusion_s * _BEYOND * rate
    for root in _ROOTS:
        speed = root**2 / diffusion_s
        keep = float(np.exp(-speed * step_s))
        excess = excess + (2 / 3) * lfilter([(1 - keep) / speed], [1.0, -keep], rate)
    return np.asarray(excess)


def lagged(signal: Floats, step_s: float, time_s: float) -> Floats:
    """First-order lag of a signal, same shape."""
    from scipy.signal import lfilter  # noqa: PLC0415 - heavy

    keep = float(np.exp(-step_s / time_s))
    return np.asarray(lfilter([1 - keep], [1.0, -keep], signal))


def reaction_voltage(
    current: Floats, x: Floats, y: Floats, resistance: float | Floats, kelvin: float
) -> Floats:
    """Overpotential of both charge transfers (Butler-Volmer, symmetric), V.

    Args:
        current: C-rate, charge positive, [..., n].
        x: negative surface stoichiometry, [n].
        y: positive surface stoichiometry, [n].
        resistance: small-signal resistance of both together at half filling, V per C-rate.
        kelvin: temperature, K.
    """
    unit = 2 * GAS_OVER_FARADAY * kelvin
    total = np.zeros_like(current)
    for sto in (x, y):
        slowness = 0.5 / np.sqrt(np.clip(sto * (1 - sto), 0.01, 0.25))
        total += unit * np.arcsinh(current * resistance / 2 * slowness / unit)
    return total
