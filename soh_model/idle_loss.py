"""What a resting pack loses: the fall of its mean cell's voltage over the open circuit's slope.

Time, mean cell voltage and temperature of one rest and the fresh cell enter; the loss in percent of
the capacity per month leaves with a 95 % interval, or None. It is what the whole pack loses, its
cells' self-discharge and what the battery management system draws from it; `self_discharge` tells
which cell leaks more than its neighbours. Paper: Zilberman, Sturm & Jossen, J. Power Sources 425
(2019) 217-226 (self-discharge from the decay of the rest voltage).
Assumes no current, the fresh type's slope to 20 %, 0.3 mV/K of the open-circuit voltage, and that
relaxation slows down. The first quarter, at least six hours, is left out. The interval holds the
scatter of block means (which drift together, so that samples are no measure of it), the slope that
a relaxation may still have, the drift of temperature and the curve's slope. Fails, and says so by
None: a rest below a day, a plateau (LFP between 30 and 90 %), a relaxation that is not over, a
sensor too coarse: wherever the interval is wider than 1.5 % a month to either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Interval
from soh_model.chemistry import FreshCell
from soh_model.self_discharge import volts_per_share

Floats = NDArray[np.float64]

METHOD: Final = "idle-loss/1"
SHORTEST_S: Final = 86_400.0
SETTLING_S: Final = 6 * 3600.0
SETTLING: Final = 0.25
BLOCKS: Final = 12
T_95: Final = 2.228
"""Student's t for `BLOCKS` - 2 degrees of freedom, 95 % to both sides."""
KELVIN_V: Final = 0.0003
"""Entropy of usual cathodes against graphite: at most so much open-circuit voltage per kelvin
(Viswanathan et al., J. Power Sources 195 (2010) 3720-3729)."""
CURVE: Final = 0.2
WIDEST_PCT_MONTH: Final = 1.5
DAYS: Final = 365.25 / 12


@dataclass(frozen=True, slots=True)
class IdleLoss:
    """What was lost.

    Attributes:
        pct_month: % of the capacity per month, with its 95 % interval; not below 0.
        hours: of rest that it was found in.
    """

    pct_month: Interval
    hours: float


def idle_loss(
    t_s: Floats, volts: Floats, temperature_c: Floats, fresh: FreshCell
) -> IdleLoss | None:
    """The loss over one rest; None where it cannot be told.

    Args:
        t_s: seconds, rising, [n].
        volts: mean cell, V, [n].
        temperature_c: of the cells, [n]; NaN where unknown, which counts as 10 K of drift.
        fresh: the type's fresh cell, for the slope of its curve.
    """
    known = np.isfinite(volts)
    t_s, volts, temperature_c = t_s[known], volts[known], temperature_c[known]
    if len(t_s) < 2 * BLOCKS or t_s[-1] - t_s[0] < SHORTEST_S:
        return None
    span = float(t_s[-1] - t_s[0])
    late = t_s - t_s[0] >= max(SETTLING_S, SETTLING * span)
    days, means, warmth = _blocks(t_s[late], volts[late], temperature_c[late])
    if len(days) < BLOCKS:
        return None
    slope, scatter = _line(days, means)
    half = np.sqrt(scatter**2 + _relaxing(days, means) ** 2 + _warming(days, warmth) ** 2)
    steep = volts_per_share(fresh, float(means.mean()))
    value = -100 * DAYS * slope / steep
    wide = float(np.hypot(100 * DAYS * half / steep, CURVE * value))
    if wide > WIDEST_PCT_MONTH or value + wide < 0:
        return None
    interval = Interval(max(0.0, value), max(0.0, value - wide), value + wide)
    return IdleLoss(interval, span / 3600)


def _blocks(t_s: Floats, volts: Floats, temperature_c: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean time (days), voltage and temperature of spans of equal length that have samples."""
    edges = np.linspace(t_s[0], t_s[-1], BLOCKS + 1)[1:-1]
    number = np.digitize(t_s, edges)
    count = np.bincount(number, minlength=BLOCKS)
    there = count > 0

    def means(values: Floats) -> Floats:
        return np.bincount(number, values, BLOCKS)[there] / count[there]

    return means(t_s) / 86_400, means(volts), means(temperature_c)


def _line(days: Floats, values: Floats) -> tuple[float, float]:
    """Slope a day, and the 95 % half-width of it."""
    x = days - days.mean()
    slope = float(x @ values / (x @ x))
    left = values - values.mean() - slope * x
    error = float(np.sqrt(left @ left / (len(days) - 2) / (x @ x)))
    return slope, T_95 * error


def _relaxing(days: Floats, means: Floats) -> float:
    """What of the slope may be relaxation: one that decays lost at least so much between halves."""
    middle = len(days) // 2
    early, late = _line(days[:middle], means[:middle]), _line(days[middle:], means[middle:])
    return abs(early[0] - late[0]) / 2


def _warming(days: Floats, warmth: Floats) -> float:
    """What of the slope may be temperature."""
    drift = _line(days, warmth)[0] if np.isfinite(warmth).all() else 10 / float(np.ptp(days))
    return KELVIN_V * abs(drift)
