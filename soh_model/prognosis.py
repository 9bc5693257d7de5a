"""State of health ahead: where it will be after so many cycles, and how many are left.

Readings of a pack's life in order enter (cycles, SoH, standard error); the SoH at given distances
with an interval that widens, and the cycles until an end of life leave. Method: a random walk
with drift whose drift walks too (local linear trend; Harvey 1989, ch. 2.3; Plett 2015, ch. 4.9),
by Kalman filters that differ in how restless level and drift are. Each filter weighs as much as it
foretold the readings so far, older ones fading, so that a life that bends widens its own future.
The interval is calibrated on whole left-out lives (`DOWN`, `UP`).
Assumes that use goes on as it was, that readings are of one temperature and rate, and that what
bends, bends slowly. Not modelled, and said so (`KNEE`): a knee, the sudden fall of plating or
drying cells; nothing in the readings before one announces it. Fails where few readings or a
short span are given: then the answer is the population's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.estimate import Interval
from packtrail.language import Text

Floats = NDArray[np.float64]

METHOD: Final = "trend/2"
UNIT_CYCLES: Final = 100.0
"""Cycles that the constants below are stated for; about a year of a car."""

DRIFT_PRIOR: Final = (-0.025, 0.03)
"""Change of SoH per unit before any reading, and its deviation between packs."""

START_SD: Final = 0.15
"""Deviation of the level between packs before any reading."""

LEVEL_WALKS: Final = (0.0005, 0.002, 0.008)
DRIFT_WALKS: Final = (0.0005, 0.003, 0.02, 0.08)
"""Deviations that a unit adds to the level, and to the drift per unit."""

NOISES: Final = (1.0, 2.5, 6.0)
"""The readings' standard errors may be too small by these factors."""

FADING: Final = 0.97
"""Weight that a reading keeps with each new one in choosing among the filters."""

OUTLIER: Final = 3.0
"""Deviations beyond which a reading counts as if its error were as much larger."""

AGREE: Final = 3
"""Outliers in a row that are believed: the pack has changed, or the first readings were broken."""

ALWAYS: Final = 0.25
"""Weight that is shared by all filters alike, whatever they foretold."""

CALIBRATED: Final = (0.0, 50.0, 100.0, 200.0)
DOWN: Final = (1.0, 1.8, 1.8, 1.2)
UP: Final = (1.0, 0.9, 0.9, 0.9)
"""What the mixture's half-widths below and above the median are stretched by, by cycles ahead.

Conformal scores on 23 lives of real cells, each life of equal weight, either side by itself
(Romano et al., NeurIPS 2019): 4.5 % may fall below, 0.5 % stay above, for what lies ahead falls
sooner than it fell. The present is known by its readings: the stretch grows from nothing.
"""

END_OF_LIFE: Final = 0.7
MOST_UNITS: Final = 30.0
FEWEST_READINGS: Final = 3

KNEE: Final = Text(
    "a sudden fall (knee) is not foreseen: test again every 100 cycles, below 80 % every 50",
    "无法预见容量突降（拐点）：请每 100 次循环复测一次，低于 80 % 时每 50 次复测一次",
)


class Ahead(msgspec.Struct, frozen=True):
    """SoH at a distance from the last reading, in cycles."""

    cycles: float
    soh: Interval


class Prognosis(msgspec.Struct, frozen=True, kw_only=True):
    """A pack's future, as far as its past tells.

    Attributes:
        ahead: SoH at the distances asked for.
        remaining: cycles until SoH falls to `end`: value, and where the lower and the upper bound
            do; at most `MOST_UNITS` hundred.
        end: SoH at which life ends.
        readings: how many readings it rests on.
        span: cycles between the first and the last of them.
        method: name and version.
    """

    ahead: tuple[Ahead, ...]
    remaining: Interval
    end: float
    readings: int
    span: float
    method: str = METHOD


class _Filters:
    """Kalman filters of level and drift, one for each restlessness; arrays [filters]."""

    def __init__(self) -> None:
        walks = np.meshgrid(LEVEL_WALKS, DRIFT_WALKS, NOISES, indexing="ij")
        self.level_walk, self.drift_walk, self.noise = (walk.ravel() for walk in walks)
        count = len(self.noise)
        self.level = np.full(count, 0.9)
        self.strange = 0
        self.drift = np.full(count, DRIFT_PRIOR[0])
        self.var = np.tile([[START_SD**2, 0.0, DRIFT_PRIOR[1] ** 2]], (count, 1)).T
        self.log_weight = -2.0 * np.log(self.noise)

    def moved(self, units: float) -> tuple[Floats, Floats]:
        """Level [filters] and variances (ll, ld, dd) [3, filters] so far ahead."""
        ll, ld, dd = self.var
        q = self.drift_walk**2
        return self.level + self.drift * units, np.array(
            [
                ll + 2 * units * ld + units**2 * dd + self.level_walk**2 * units + q * units**3 / 3,
                ld + units * dd + q * units**2 / 2,
                dd + q * units,
            ]
        )

    def take(self, units: float, soh: float, error: float) -> None:
        """A reading so many units after the last."""
        level, var = self.moved(units)
        self.strange = self.strange + 1 if self._is_strange(soh - level, var[0], error) else 0
        if self.strange == AGREE:
            var[0] += START_SD**2
            self.strange = 0
        expected = var[0] + (self.noise * error) ** 2
        off = soh - level
        far = off**2 / expected
        foretold = -0.5 * (np.minimum(far, OUTLIER**2) + np.log(expected))
        self.log_weight = FADING * self.log_weight + foretold
        expected = expected * np.maximum(1.0, far / OUTLIER**2)
        gain_level, gain_drift = var[0] / expected, var[1] / expected
        self.level = level + gain_level * off
        self.drift = self.drift + gain_drift * off
        self.var = np.array(
            [
                var[0] - gain_level * var[0],
                var[1] - gain_level * var[1],
                var[2] - gain_drift * var[1],
            ]
        )

    def _is_strange(self, off: Floats, var: Floats, error: float) -> bool:
        """Whether a reading is an outlier to most."""
        far = off**2 / (var + (self.noise * error) ** 2)
        return float(self.weights @ (far > OUTLIER**2)) > 0.5

    @property
    def weights(self) -> Floats:
        """Share of each filter, sum 1."""
        weights = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray((1 - ALWAYS) * weights / weights.sum() + ALWAYS / len(weights))


class Trend:
    """The readings of one life, taken in one after the other.

    Args:
        shared: standard error that all readings have in common; it shifts the level for good.
    """

    def __init__(self, shared: float = 0.0) -> None:
        self.shared = shared
        self._filters = _Filters()
        self._first = self._last = 0.0
        self.readings = 0

    def take(self, cycles: float, soh: float, error: float) -> None:
        """A reading.

        Args:
            cycles: equivalent full cycles so far, not fewer than at the reading before.
            soh: fraction of rated capacity.
            error: its standard error.
        """
        units = max(0.0, cycles - self._last) / UNIT_CYCLES if self.readings else 0.0
        self._filters.take(units, soh, max(error, 1e-4))
        self._first = self._first if self.readings else cycles
        self._last = cycles
        self.readings += 1

    def soh(self, ahead: float) -> Interval:
        """SoH so many cycles after the last reading: median and central 95 %."""
        level, var = self._filters.moved(ahead / UNIT_CYCLES)
        low, value, high = _quantiles(level, self._sd(var), self._filters.weights)
        low = value - float(np.interp(ahead, CALIBRATED, DOWN)) * (value - low)
        high = value + float(np.interp(ahead, CALIBRATED, UP)) * (high - value)
        top = max(self._top(), value)
        return Interval(max(0.0, value), max(0.0, low), min(high, top))

    def prognosis(self, distances: Sequence[float], end: float = END_OF_LIFE) -> Prognosis | None:
        """SoH at distances in cycles and the cycles left; None for less than three readings."""
        if self.readings < FEWEST_READINGS:
            return None
        return Prognosis(
            ahead=tuple(Ahead(cycles, self.soh(cycles)) for cycles in distances),
            remaining=self._remaining(end),
            end=end,
            readings=self.readings,
            span=self._last - self._first,
        )

    def _top(self) -> float:
        """Upper bound of the present SoH: what lies ahead is not better."""
        var = self._filters.var
        return _quantiles(self._filters.level, self._sd(var), self._filters.weights)[2]

    def _sd(self, var: Floats) -> Floats:
        return np.asarray(np.sqrt(var[0] + self.shared**2))

    def _remaining(self, end: float) -> Interval:
        grid = np.linspace(0.0, MOST_UNITS * UNIT_CYCLES, 61)
        table = [self.soh(float(cycles)) for cycles in grid]
        low, value, high = (
            _first_below(grid, [getattr(one, name) for one in table], end)
            for name in ("low", "value", "high")
        )
        return Interval(value, low, max(high, value))


def prognosis_of(
    readings: Iterable[tuple[float, float, float]],
    distances: Sequence[float] = (50.0, 100.0, 200.0),
    end: float = END_OF_LIFE,
) -> Prognosis | None:
    """The future of a life.

    Args:
        readings: (equivalent full cycles, SoH, standard error) in order.
        distances: cycles after the last reading to be told.
        end: SoH at which life ends.
    """
    trend = Trend()
    for cycles, soh, error in readings:
        trend.take(cycles, soh, error)
    return trend.prognosis(distances, end)


def _first_below(grid: Floats, values: list[float], end: float) -> float:
    """Where values first fall to the end, the last of the grid where they do not."""
    below = np.flatnonzero(np.array(values) <= end)
    if not len(below):
        return float(grid[-1])
    last = int(below[0])
    if last == 0:
        return 0.0
    before, after = values[last - 1], values[last]
    return float(grid[last] - (grid[last] - grid[last - 1]) * (end - after) / (before - after))


def _quantiles(level: Floats, sd: Floats, weights: Floats) -> tuple[float, float, float]:
    """2.5, 50 and 97.5 % of a mixture of Gaussians, by its distribution on a grid."""
    used = weights > 1e-4
    level, sd, weights = level[used], sd[used], weights[used]
    low, high = float((level - 5 * sd).min()), float((level + 5 * sd).max())
    grid = np.linspace(low, high, 250)
    reached = weights @ _cdf((grid - level[:, None]) / sd[:, None])
    found = np.interp([0.025, 0.5, 0.975], reached / weights.sum(), grid)
    return float(found[0]), float(found[1]), float(found[2])


_STANDARD: Final = np.linspace(-6, 6, 1201)
_REACHED: Final = np.array([NormalDist().cdf(x) for x in _STANDARD])


def _cdf(z: Floats) -> Floats:
    return np.asarray(np.interp(z, _STANDARD, _REACHED))
