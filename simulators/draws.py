"""Random numbers whose bits no library release can change.

numpy promises the raw stream of `PCG64` (NEP 19), not what `Generator` makes of it, and its
normal deviates call the C library's logarithm. So uniform deviates are taken from the raw stream,
normal ones by the inverse distribution function of Wichura (Applied Statistics 37 (1988) 477,
algorithm AS 241, relative error 1e-16) in settled arithmetic.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simulators.arithmetic import Floats, exponential, logarithm

_CENTRE: Final = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_NEAR: Final = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR: Final = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


class Draws:
    """A stream of deviates.

    Args:
        seed: numbers that name the stream; equal numbers, equal stream.
    """

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed))

    def uniform(self, *shape: int) -> Floats:
        """Evenly between 0 and 1, neither included, float64 [shape]."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        return (((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).reshape(shape)

    def normal(self, *shape: int) -> Floats:
        """Normal with mean 0 and variance 1, float64 [shape]."""
        return inverse_normal(self.uniform(*shape))

    def lognormal(self, sigma: float, *shape: int) -> Floats:
        """Positive with median 1, float64 [shape]."""
        return exponential(sigma * self.normal(*shape))


def inverse_normal(share: Floats) -> Floats:
    """The normal deviate below which `share` lies."""
    distance = share - 0.5
    tail = np.minimum(share, 1.0 - share)
    root = np.sqrt(-logarithm(tail))
    outside = np.where(root <= 5.0, _ratio(_NEAR, root - 1.6), _ratio(_FAR, root - 5.0))
    inside = distance * _ratio(_CENTRE, 0.180625 - distance * distance)
    return np.where(np.abs(distance) <= 0.425, inside, np.where(distance < 0.0, -outside, outside))


def _ratio(tables: tuple[tuple[float, ...], tuple[float, ...]], x: Floats) -> Floats:
    upper, lower = (np.full_like(x, table[0]) for table in tables)
    for above, below in zip(tables[0][1:], tables[1][1:], strict=True):
        upper = upper * x + above
        lower = lower * x + below
    return upper / lower
