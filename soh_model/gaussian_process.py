"""Gaussian-process regression in which the units that were measured matter, not the rows.

Features [n, d], values [n] and the unit of each row enter; a mean and a standard deviation for
new rows leave. Rows of one cell share an error of their own (a random effect), so that a thousand
cycles of two cells are the evidence of two cells: the usual process, which takes rows for
independent, gave 45-80 % coverage on unseen cells for a nominal 95 %.
Paper: Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), ch. 2, 5; the
random effect after Pinheiro & Bates (2000). Fails outside the range of its features, where the
linear part extrapolates and the deviation grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Units = NDArray[np.int64]

MOST_ROWS: Final = 400
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Process:
    """A fitted process.

    Attributes:
        centre: mean of each feature, [d].
        scale: deviation of each feature, [d]; 0 = did not vary and is left out.
        level: median of the values.
        spread: deviation of the values.
        theta: logarithms: amplitude, length scales, linear part, unit effect, noise.
        rows: the training rows, scaled, [n, d'].
        units: unit of each training row, [n].
        weights: inverse covariance times values, [n].
        inverse: inverse covariance, [n, n].
    """

    centre: Floats
    scale: Floats
    level: float
    spread: float
    theta: Floats
    rows: Floats
    units: Units
    weights: Floats
    inverse: Floats

    @classmethod
    def of(
        cls,
        scaling: tuple[Floats, Floats, float, float],
        theta: Floats,
        rows: Floats,
        units: Units,
        values: Floats,
    ) -> Self:
        """Build from hyperparameters and scaled training data."""
        inverse = _inverse(rows, units, theta)
        return cls(*scaling, theta, rows, units, inverse @ values, inverse)

    def plain(self) -> dict[str, Any]:
        """Numbers and lists, without the inverse, which `of_plain` finds again."""
        names = [name for name in self.__slots__ if name != "inverse"]
        return {name: np.asarray(getattr(self, name)).tolist() for name in names}

    @classmethod
    def of_plain(cls, content: dict[str, Any]) -> Self:
        """The process that `plain` described."""
        kinds: dict[str, Any] = {name: np.asarray(value) for name, value in content.items()}
        kinds["level"], kinds["spread"] = content["level"], content["spread"]
        return cls(**kinds, inverse=_inverse(kinds["rows"], kinds["units"], kinds["theta"]))

    def values(self) -> Floats:
        """The training values, scaled, [n]."""
        return np.asarray(np.linalg.solve(self.inverse, self.weights), np.float64)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation for rows of a unit never seen, each [m]."""
        new = standardised(features, self.centre, self.scale)
        cross = sum(kernels(new, self.rows, self.theta))
        linear = np.exp(2 * self.theta[-3]) * (1 + (new**2).mean(axis=1))
        explained = np.einsum("ij,jk,ik->i", cross, self.inverse, cross, optimize=True)
        variance = np.maximum(np.exp(2 * self.theta[0]) + linear - explained, 1e-9)
        variance += np.exp(2 * self.theta[-2]) + np.exp(2 * self.theta[-1])
        return self.level + self.spread * (cross @ self.weights), self.spread * np.sqrt(variance)

    def left_out(self) -> tuple[Floats, Floats]:
        """Each training row's residual and deviation had its whole unit been left out, [n].

        The closed form for blocks: residual = (K^-1 of the block)^-1 (K^-1 y of the block).
        """
        residual, deviation = np.empty(len(self.units)), np.empty(len(self.units))
        for unit in np.unique(self.units):
            block = np.flatnonzero(self.units == unit)
            covariance = np.linalg.inv(self.inverse[np.ix_(block, block)])
            residual[block] = covariance @ self.weights[block]
            deviation[block] = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        return residual * self.spread, deviation * self.spread

    def without(self, unit: int) -> Self:
        """The process with the same settings that never saw one of its units.

        The inverse of the rest is the Schur complement of the unit's block.
        """
        rest, gone = np.flatnonzero(self.units != unit), np.flatnonzero(self.units == unit)
        across = self.inverse[np.ix_(rest, gone)]
        share = np.linalg.solve(self.inverse[np.ix_(gone, gone)], across.T).T
        return type(self)(
            centre=self.centre,
            scale=self.scale,
            level=self.level,
            spread=self.spread,
            theta=self.theta,
            rows=self.rows[rest],
            units=self.units[rest],
            weights=self.weights[rest] - share @ self.weights[gone],
            inverse=self.inverse[np.ix_(rest, rest)] - share @ across.T,
        )


def usual_rows(residual: Floats, units: Units) -> NDArray[np.bool_]:
    """Rows within four robust deviations of their unit's median residual, [n]."""
    centred = np.abs(residual - unit_medians(residual, units))
    return np.asarray(centred <= 4 * 1.4826 * float(np.median(centred)) + 1e-6)


def unit_medians(residual: Floats, units: Units) -> Floats:
    """Each row's median of its unit, [n]."""
    medians = {unit: float(np.median(residual[units == unit])) for unit in np.unique(units)}
    return np.array([medians[unit] for unit in units])


def spread_rows(units: Units) -> NDArray[np.int64]:
    """At most `MOST_ROWS` rows; small units keep more of theirs than large ones."""
    if len(units) <= MOST_ROWS:
        return np.arange(len(units))
    draw = np.random.default_rng(SEED)
    _, place, counts = np.unique(units, return_inverse=True, return_counts=True)
    chance = 1 / np.sqrt(counts[place])
    chosen = draw.choice(len(units), MOST_ROWS, replace=False, p=chance / chance.sum())
    return np.sort(chosen)


def standardised(features: Floats, centre: Floats, scale: Floats) -> Floats:
    """The features that vary, in deviations from their mean, [n, d']."""
    varies = scale > 0
    return np.asarray((features - centre)[:, varies] / scale[varies])


def kernels(a: Floats, b: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Smooth (squared exponential) and linear covariance, each [len(a), len(b)]."""
    lengths = np.exp(theta[1:-3])
    near, far = a / lengths, b / lengths
    squares = (near**2).sum(axis=1)[:, None] + (far**2).sum(axis=1)[None, :] - 2 * near @ far.T
    smooth = np.exp(2 * theta[0] - 0.5 * np.maximum(squares, 0.0))
    return smooth, np.exp(2 * theta[-3]) * (1 + a @ b.T / a.shape[1])


def _inverse(rows: Floats, units: Units, theta: Floats) -> Floats:
    """Inverse covariance of the training rows, [n, n]."""
    smooth, linear = kernels(rows, rows, theta)
    same = units[:, None] == units[None, :]
    unit, noise = np.exp(2 * theta[-2]), np.exp(2 * theta[-1])
    return np.linalg.inv(smooth + linear + unit * same + noise * np.eye(len(rows)))
