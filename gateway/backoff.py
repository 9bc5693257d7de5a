"""How long to wait before a broker or a bus is tried again."""

from __future__ import annotations

import random
from collections.abc import Iterator


def delays(
    first_s: float = 1.0, longest_s: float = 60.0, source: random.Random | None = None
) -> Iterator[float]:
    """Seconds to wait: doubling up to the longest, each drawn from its upper half.

    The draw keeps a thousand gateways from returning in the same second after a broker's
    restart. The iterator never ends; take a new one after a success.
    """
    draw = source or random.Random()  # noqa: S311 - spreads load, guards nothing
    ceiling = first_s
    while True:
        yield draw.uniform(ceiling / 2, ceiling)
        ceiling = min(ceiling * 2, longest_s)
