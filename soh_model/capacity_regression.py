"""Capacity from many pairs of charge and state of charge, both with errors.

Pairs (difference of SoC, ampere-hours between) enter one by one, the capacity with its interval
leaves. Paper: Plett, J. Power Sources 196 (2011) 2319-2331, approximate weighted total least
squares (AWTLS): six running sums, so a pack's whole life costs a few numbers, and older pairs
fade. Assumes that the errors of the pairs are independent and that SoC was read on the aged
curve (`balance_fit`): read on the fresh curve of an aged cell the answer looks certain and is
wrong, and more sessions do not help.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from packtrail.estimate import Interval

FADING: Final = 0.98
"""What remains of the weight of older pairs with each new one."""


@dataclass(frozen=True, slots=True)
class CapacityRegression:
    """The running sums of the regression; scaled so that both axes have like errors.

    Attributes:
        scale: multiplies SoC differences; the ratio of the first pair's errors, Ah.
        sums: Plett's c1 to c6.
        pairs: how many pairs were taken in.
        fading: weight that older pairs keep with each new one.
    """

    scale: float = 0.0
    sums: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    pairs: int = 0
    fading: float = FADING

    def with_pair(
        self, soc: float, charge_ah: float, soc_sd: float, charge_sd_ah: float
    ) -> CapacityRegression:
        """Take in one pair.

        Args:
            soc: state of charge after less that before, fraction, signed.
            charge_ah: charge between, Ah, same sign.
            soc_sd: standard error of `soc`.
            charge_sd_ah: standard error of `charge_ah`, Ah.
        """
        scale = self.scale or charge_sd_ah / soc_sd
        x, y = scale * soc, charge_ah
        vx, vy = (scale * soc_sd) ** 2, charge_sd_ah**2
        new = (x * x / vy, x * y / vy, y * y / vy, x * x / vx, x * y / vx, y * y / vx)
        c1, c2, c3, c4, c5, c6 = (
            self.fading * old + add for old, add in zip(self.sums, new, strict=True)
        )
        sums = (c1, c2, c3, c4, c5, c6)
        return replace(self, scale=scale, sums=sums, pairs=self.pairs + 1)

    def capacity_ah(self) -> Interval | None:
        """Capacity and its 95 % interval, Ah; None before the first pair that moved charge."""
        if not self.pairs or self.sums[3] <= 0:
            return None
        slope = min(self._stationary(), key=self._cost, default=0.0)
        curvature = self._curvature(slope)
        if slope <= 0 or curvature <= 0:
            return None
        half = 1.96 * float(np.sqrt(2 / curvature)) * self.scale
        value = slope * self.scale
        return Interval(value, max(0.0, value - half), value + half)

    def _cost(self, slope: float) -> float:
        """Plett's chi-squared at a scaled capacity, equation 18."""
        c1, c2, c3, c4, c5, c6 = self.sums
        top = np.polyval([c4, -2 * c5, c1 + c6, -2 * c2, c3], slope)
        return float(top) / (1 + slope**2) ** 2

    def _stationary(self) -> list[float]:
        """Positive slopes at which the cost neither rises nor falls: roots of a quartic."""
        c1, c2, c3, c4, c5, c6 = self.sums
        roots = np.roots([c5, 2 * c4 - c1 - c6, 3 * (c2 - c5), c1 + c6 - 2 * c3, -c2])
        return [float(root.real) for root in roots if abs(root.imag) < 1e-6 and root.real > 0]

    def _curvature(self, slope: float) -> float:
        """Second derivative of the cost."""
        step = 1e-4 * slope
        around = [self._cost(slope + k * step) for k in (-1, 0, 1)]
        return (around[0] - 2 * around[1] + around[2]) / step**2
