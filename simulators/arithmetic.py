"""exp, log, cosine and tanh of plain arithmetic: the same bits on every machine.

The C library's and numpy's own versions differ in the last bit between releases and processors,
and a simulation has to write the same bytes everywhere. IEEE 754 rounds `+ - * / sqrt` and powers
of two in one way only, so a function made of these alone is settled. Each numpy call is one
operation, hence no compiler can fuse two. Errors are below 3e-16 of the result (`cosine`: 1e-13).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LN2_HIGH: Final = 0.6931471803691238
"""The first 33 bits of ln 2, so that a small multiple of it is exact (Cody and Waite 1980)."""
LN2_LOW: Final = 1.9082149292705877e-10
LARGEST: Final = 700.0
"""Beyond this an exponential is held; no quantity of a cell comes near."""
_EXP: Final = (
    1 / 6227020800, 1 / 479001600, 1 / 39916800, 1 / 3628800, 1 / 362880, 1 / 40320, 1 / 5040,
    1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0,
)  # fmt: skip
_LOG: Final = tuple(1.0 / n for n in range(21, 0, -2))
_COS: Final = (
    1 / 620448401733239439360000, -1 / 1124000727777607680000, 1 / 2432902008176640000,
    -1 / 6402373705728000, 1 / 20922789888000, -1 / 87178291200, 1 / 479001600, -1 / 3628800,
    1 / 40320, -1 / 720, 1 / 24, -0.5, 1.0,
)  # fmt: skip


def exponential(x: ArrayLike) -> Floats:
    """E to the power of `x`, the shape of `x`."""
    held = np.minimum(np.maximum(np.asarray(x, np.float64), -LARGEST), LARGEST)
    twos = np.rint(held * 1.4426950408889634)
    rest = held - twos * LN2_HIGH
    return np.asarray(np.ldexp(_series(_EXP, rest - twos * LN2_LOW), twos.astype(np.int32)))


def logarithm(x: ArrayLike) -> Floats:
    """Natural logarithm of positive `x`, by the series of the inverse hyperbolic tangent."""
    fraction, twos = np.frexp(np.asarray(x, np.float64))
    low = fraction < 0.7071067811865476
    fraction = np.where(low, 2.0 * fraction, fraction)
    power = twos - low.astype(np.int32)
    ratio = (fraction - 1.0) / (fraction + 1.0)
    series = 2.0 * (ratio * _series(_LOG, ratio * ratio))
    return np.asarray(power * LN2_HIGH + (series + power * LN2_LOW))


def power(base: ArrayLike, exponent: float) -> Floats:
    """`base` to a constant power; 0 stays 0."""
    positive = np.maximum(np.asarray(base, np.float64), 1e-300)
    raised = exponential(exponent * logarithm(positive))
    return np.where(np.asarray(base) > 0.0, raised, 0.0)


def hyperbolic_tangent(x: ArrayLike) -> Floats:
    """Tanh of `x`."""
    return np.asarray(1.0 - 2.0 / (exponential(2.0 * np.asarray(x, np.float64)) + 1.0))


def cosine(turns: ArrayLike) -> Floats:
    """Cosine of an angle given in turns; 0.5 gives -1."""
    angle = np.asarray(turns, np.float64)
    part = (angle - np.rint(angle)) * 6.283185307179586
    return _series(_COS, part * part)


def sum_of_rows(rows: Floats) -> Floats:
    """Sum over the first of two axes, row by row in order, [columns].

    numpy adds rows in order unless there is one column, which it would add in pairs.
    """
    if rows.shape[1] > 1:
        return np.asarray(np.add.reduce(rows, axis=0))
    return np.array([sum(rows[1:, 0].tolist(), float(rows[0, 0]))])


def _series(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """A polynomial by Horner's rule, highest power first."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
