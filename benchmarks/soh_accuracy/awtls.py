"""Plett's approximate weighted total least squares, as published: a peer of the pack fit.

Paper: G. L. Plett, "Recursive approximate weighted total least squares estimation of battery cell
total capacity", J. Power Sources 196 (2011) 2319-2331, section 4 (proportional errors scaled to
one, six recursive sums, quartic of equation 21, Hessian for the error). A port from the paper's
equations, apart from `soh_model.capacity_regression`. As its users do, it reads the state of
charge at rests from the fresh cell's open-circuit curve.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def awtls(pairs: Iterable[tuple[float, float, float, float]]) -> tuple[float, float] | None:
    """Capacity and its standard error, Ah; None where no pair determines it.

    Args:
        pairs: (difference of SoC, ampere-hours, their standard errors), signed alike.
    """
    sums, scale = np.zeros(6), 0.0
    for x, y, sd_x, sd_y in pairs:
        scale = scale or sd_x / sd_y
        y_scaled, var_x, var_y = scale * y, sd_x**2, (scale * sd_y) ** 2
        products = np.array([x * x, x * y_scaled, y_scaled**2])
        sums += np.concatenate([products / var_y, products / var_x])
    if not scale:
        return None
    c1, c2, c3, c4, c5, c6 = sums
    roots = np.roots([c5, 2 * c4 - c1 - c6, 3 * (c2 - c5), c1 + c6 - 2 * c3, -c2])
    real = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > 0]
    if not real:
        return None

    def cost(q: float) -> float:
        top = c4 * q**4 - 2 * c5 * q**3 + (c1 + c6) * q**2 - 2 * c2 * q + c3
        return float(top / (q * q + 1) ** 2)

    best = min(real, key=cost)
    step = 1e-4 * best
    bend = (cost(best + step) - 2 * cost(best) + cost(best - step)) / step**2
    return (best / scale, float(np.sqrt(2 / bend)) / scale) if bend > 0 else None
