"""How much each may ask: a token bucket per key, person or address, in bounded memory.

After the generic cell rate algorithm: of each only the moment is kept at which its bucket would
be full again. Each bridge counts by itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST: Final = 20_000
"""So many are remembered; then whoever asked longest ago is forgotten, and has a full bucket."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a minute, evenly, and so many at once."""

    per_minute: float
    at_once: int


class Limits:
    """Counts requests. Safe to call from any thread.

    Args:
        anybody: of an address without key, certificate or login.
        known: of a key, a certificate or a person.
        now: monotonic seconds.
        most: how many are remembered.
    """

    def __init__(
        self,
        anybody: Rate,
        known: Rate,
        now: Callable[[], float] = time.monotonic,
        most: int = MOST,
    ) -> None:
        self._anybody = anybody
        self._known = known
        self._now = now
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, who: str, *, known: bool, tokens: int = 1) -> float:
        """Take tokens; 0, or for how long there are too few, seconds (nothing is taken then).

        What costs more than a whole bucket takes a full one.
        """
        rate = self._known if known else self._anybody
        each = 60.0 / rate.per_minute
        now = self._now()
        with self._lock:
            taken = each * min(tokens, rate.at_once)
            full_at = max(self._full_at.get(who, now), now) + taken
            late = full_at - now - each * rate.at_once
            if late > 1e-9:
                return late
            self._full_at[who] = full_at
            self._full_at.move_to_end(who)
            while len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return 0.0
