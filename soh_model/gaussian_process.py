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
UNIT_EFFECT: Final = (float(np.log(0.03)), 0.3)
"""Logarithm of a unit's usual effect over the spread of the values, and its deviation."""

_VARYING_UNITS: Final = ((-5.0, 2.0), (-5.0, 1.5), (-4.5, 1.0))
_CONSTANT_UNITS: Final = ((-5.0, 2.0), (-5.0, -4.99), (-1.6, 1.0))
"""Limits of the logarithms of the linear part, the unit effect and the noise."""


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
        new = _scaled(features, self.centre, self.scale)
        cross = sum(_kernels(new, self.rows, self.theta))
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


def fit_process(features: Floats, values: Floats, units: Units) -> Process:
    """Fit by marginal likelihood, drop what lies four deviations off, fit again.

    Where every row of a unit has the same value (one capacity test, many readings), an effect
    of the unit would explain everything and the features nothing: then there is none, and the
    noise stays above a fifth of the spread.

    Args:
        features: [n, d].
        values: [n].
        units: [n], which unit each row belongs to.
    """
    pick = spread_rows(units)
    features, values, units = features[pick], values[pick], units[pick]
    if not np.any(np.abs(values - _unit_medians(values, units)) > 1e-12):
        return _fit(features, values, units, limits=_CONSTANT_UNITS)
    first = _fit(features, values, units)
    keep = usual_rows(first.left_out()[0], units)
    if keep.all():
        return first
    return _fit(features[keep], values[keep], units[keep], start=first.theta)


def usual_rows(residual: Floats, units: Units) -> NDArray[np.bool_]:
    """Rows within four robust deviations of their unit's median residual, [n]."""
    centred = np.abs(residual - _unit_medians(residual, units))
    return np.asarray(centred <= 4 * 1.4826 * float(np.median(centred)) + 1e-6)


def _unit_medians(residual: Floats, units: Units) -> Floats:
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


def _scaled(features: Floats, centre: Floats, scale: Floats) -> Floats:
    varies = scale > 0
    return np.asarray((features - centre)[:, varies] / scale[varies])


def _fit(
    features: Floats,
    values: Floats,
    units: Units,
    start: Floats | None = None,
    limits: tuple[tuple[float, float], ...] = _VARYING_UNITS,
) -> Process:
    from scipy.optimize import minimize  # noqa: PLC0415 - heavy

    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-3 * np.maximum(np.abs(centre), 1e-3), scale, 0.0)
    rows = _scaled(features, centre, scale)
    level, spread = float(np.median(values)), float(values.std() + 1e-6)
    scaled = (values - level) / spread
    width = rows.shape[1]
    if start is None or len(start) != width + 4:
        start = np.concatenate([[0.0], np.full(width, 0.7), np.log([0.3, 0.3, 0.1])])
    bounds = [(-4, 3), *[(-1, 4.5)] * width, *limits]
    same = (units[:, None] == units[None, :]).astype(np.float64)
    found = minimize(
        _loss,
        np.clip(start, *np.array(bounds).T),
        (rows, scaled, same),
        "L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={"maxiter": 40},
    )
    return Process.of((centre, scale, level, spread), found.x, rows, units, scaled)


def _kernels(a: Floats, b: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Smooth (squared exponential) and linear covariance, each [len(a), len(b)]."""
    lengths = np.exp(theta[1:-3])
    near, far = a / lengths, b / lengths
    squares = (near**2).sum(axis=1)[:, None] + (far**2).sum(axis=1)[None, :] - 2 * near @ far.T
    smooth = np.exp(2 * theta[0] - 0.5 * np.maximum(squares, 0.0))
    return smooth, np.exp(2 * theta[-3]) * (1 + a @ b.T / a.shape[1])


def _inverse(rows: Floats, units: Units, theta: Floats) -> Floats:
    """Inverse covariance of the training rows, [n, n]."""
    smooth, linear = _kernels(rows, rows, theta)
    same = units[:, None] == units[None, :]
    unit, noise = np.exp(2 * theta[-2]), np.exp(2 * theta[-1])
    return np.linalg.inv(smooth + linear + unit * same + noise * np.eye(len(rows)))


def _loss(theta: Floats, rows: Floats, values: Floats, same: Floats) -> tuple[float, Floats]:
    """Negative log marginal likelihood, its weak priors, and the gradient.

    Length scales are expected near e deviations. The effect of a unit is expected to be small:
    where few units were measured at different temperatures, it would else explain what the
    temperature does.
    """
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - heavy

    smooth, linear = _kernels(rows, rows, theta)
    unit, noise = np.exp(2 * theta[-2]), np.exp(2 * theta[-1])
    factor = cho_factor(
        smooth + linear + unit * same + noise * np.eye(len(rows)), lower=True, check_finite=False
    )
    inverse = cho_solve(factor, np.eye(len(rows)), check_finite=False)
    weights = inverse @ values
    slope = inverse - np.outer(weights, weights)
    gradient = np.empty_like(theta)
    gradient[0] = np.sum(slope * smooth)
    gradient[1:-3] = _length_gradient(slope * smooth, rows / np.exp(theta[1:-3]))
    gradient[-3] = np.sum(slope * linear)
    gradient[-2] = unit * np.sum(slope * same)
    gradient[-1] = noise * np.trace(slope)
    loss = 0.5 * float(values @ weights) + float(np.log(np.diag(factor[0])).sum())
    lengths, effect = theta[1:-3] - 1.0, (theta[-2] - UNIT_EFFECT[0]) / UNIT_EFFECT[1]
    gradient[1:-3] += lengths / 2
    gradient[-2] += effect / UNIT_EFFECT[1]
    return loss + float((lengths**2).sum()) / 4 + effect**2 / 2, gradient


def _length_gradient(weighted: Floats, near: Floats) -> Floats:
    """Half the sum over pairs of `weighted` times squared distance, per feature, [d].

    Written with matrix products: (a - b)^2 = a^2 + b^2 - 2ab, `weighted` is symmetric.
    """
    margin = weighted.sum(axis=1)
    return np.asarray(margin @ near**2 - np.einsum("ik,ik->k", near, weighted @ near))
