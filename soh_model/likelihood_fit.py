"""Gaussian processes fitted by marginal likelihood: a length scale for each feature.

Features [n, d], values [n] and the unit of each row enter, a `Process` leaves. Best where many
sessions show the same ageing; where few units were cycled in many ways it learns the ways, and
`left_out_fit` does better.
Paper: Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), ch. 5.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from soh_model.gaussian_process import (
    Floats,
    Process,
    Units,
    kernels,
    spread_rows,
    standardised,
    unit_medians,
    usual_rows,
)

UNIT_EFFECT: Final = (float(np.log(0.03)), 0.3)
"""Logarithm of a unit's usual effect over the spread of the values, and its deviation."""

_VARYING_UNITS: Final = ((-5.0, 2.0), (-5.0, 1.5), (-4.5, 1.0))
_CONSTANT_UNITS: Final = ((-5.0, 2.0), (-5.0, -4.99), (-1.6, 1.0))
"""Limits of the logarithms of the linear part, the unit effect and the noise."""


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
    if not np.any(np.abs(values - unit_medians(values, units)) > 1e-12):
        return _fit(features, values, units, limits=_CONSTANT_UNITS)
    first = _fit(features, values, units)
    keep = usual_rows(first.left_out()[0], units)
    if keep.all():
        return first
    return _fit(features[keep], values[keep], units[keep], start=first.theta)


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
    rows = standardised(features, centre, scale)
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


def _loss(theta: Floats, rows: Floats, values: Floats, same: Floats) -> tuple[float, Floats]:
    """Negative log marginal likelihood, its weak priors, and the gradient.

    Length scales are expected near e deviations. The effect of a unit is expected to be small:
    where few units were measured at different temperatures, it would else explain what the
    temperature does.
    """
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - heavy

    smooth, linear = kernels(rows, rows, theta)
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
