"""How many may listen at once: a few of each reader, and so many in all."""

from __future__ import annotations

from collections import Counter
from typing import Final

IN_ALL: Final = 100
"""See `http.streams`; the server takes a hundred connections more, for questions."""
OF_ANYBODY: Final = 4
"""Of an address without key, certificate or login."""
OF_A_READER: Final = 20
"""Of a key, a certificate or a person."""


class Seats:
    """Counts who listens. Of the server's own thread alone.

    Args:
        in_all: at most so many.
        of_anybody: at most so many of an address.
        of_a_reader: at most so many of somebody known.
    """

    def __init__(
        self,
        in_all: int = IN_ALL,
        of_anybody: int = OF_ANYBODY,
        of_a_reader: int = OF_A_READER,
    ) -> None:
        self._in_all = in_all
        self._of_anybody = of_anybody
        self._of_a_reader = of_a_reader
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    def take(self, who: str, *, known: bool) -> Seat | None:
        """A seat, or None where there is none left; "" is this machine, which has them all."""
        most = self._of_a_reader if known else self._of_anybody
        if len(self) >= self._in_all or (who and self._taken[who] >= most):
            return None
        self._taken[who] += 1
        return Seat(self, who)

    def free(self, who: str) -> None:
        """Somebody has left."""
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]


class Seat:
    """One place that is taken until `leave`."""

    def __init__(self, seats: Seats, who: str) -> None:
        self._seats: Seats | None = seats
        self._who = who

    def leave(self) -> None:
        """Free it, once."""
        seats, self._seats = self._seats, None
        if seats is not None:
            seats.free(self._who)
