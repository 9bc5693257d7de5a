"""Decisions by chance, one at a time, from the settled stream of `Draws`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from simulators.draws import Draws

BLOCK: Final = 4096

Item = TypeVar("Item")


class Luck:
    """A stream of decisions.

    Args:
        seed: numbers that name the stream; equal numbers, equal decisions on any machine.
    """

    def __init__(self, *seed: int) -> None:
        self._draws = Draws(*seed)
        self._even: list[float] = []
        self._normal: list[float] = []

    def even(self, low: float = 0.0, high: float = 1.0) -> float:
        """Evenly between `low` and `high`."""
        if not self._even:
            self._even = self._draws.uniform(BLOCK).tolist()
        return low + (high - low) * self._even.pop()

    def normal(self, sigma: float = 1.0) -> float:
        """Normal with mean 0."""
        if not self._normal:
            self._normal = self._draws.normal(BLOCK).tolist()
        return sigma * self._normal.pop()

    def chance(self, share: float) -> bool:
        """True in `share` of all cases."""
        return self.even() < share

    def choice(self, items: Sequence[Item]) -> Item:
        """One of `items`."""
        return items[int(self.even() * len(items))]
