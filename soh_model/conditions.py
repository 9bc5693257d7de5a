"""At which rates and temperatures reference charges were made, and what is near enough to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from soh_model.window_features import Passage

RATE_NEAR: Final = 0.15
"""Share by which a rate may differ."""

TEMPERATURE_NEAR_C: Final = 8.0

Conditions: TypeAlias = tuple[tuple[float, float], ...]
"""C-rate and mean temperature, degC, of distinct charges."""


def conditions_of(passages: Sequence[Passage]) -> Conditions:
    """The distinct conditions of charges, to a hundredth of a C-rate and a degree."""
    return tuple(sorted({(round(p.c_rate, 2), float(round(p.temperature_c))) for p in passages}))


def is_familiar(charge: Passage, known: Conditions) -> bool:
    """Whether some charge was made at about this rate and temperature together."""
    return any(
        abs(charge.c_rate - rate) < RATE_NEAR * rate
        and abs(charge.temperature_c - warm) < TEMPERATURE_NEAR_C
        for rate, warm in known
    )


def familiar_left_out(passages: Sequence[Passage], units: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows that would be answered had their own unit not been measured, [n].

    What would be refused must not calibrate what is told.
    """
    told = np.zeros(len(passages), np.bool_)
    for unit in np.unique(units):
        known = conditions_of([passages[k] for k in np.flatnonzero(units != unit).tolist()])
        for k in np.flatnonzero(units == unit).tolist():
            told[k] = is_familiar(passages[k], known)
    return told
