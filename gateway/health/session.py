"""What a pack did since it arrived, kept small, and when a charge has ended.

Chunks go in as they travel (a few kilobytes a minute), so an hour of a pack costs no more
memory than on the wire, and an estimate is made of exactly what the bridge will hold too.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from packtrail.sample import Sample
from packtrail.times import NS_PER_S

MOST_BYTES: Final = 4_000_000
"""Per slot; the oldest chunks make room. About a day of one-second samples of 100 cells."""
LEAST_CHARGE_S: Final = 300.0
"""A shorter flow of charge current is no charging session."""


class Session:
    """One visitor's chunks and charging.

    Args:
        rest_s: how long no current must flow until a charge counts as ended.
        flowing_a: an absolute current from which on it flows.
    """

    def __init__(self, rest_s: float, flowing_a: float) -> None:
        self._rest_ns = round(rest_s * NS_PER_S)
        self._flowing_a = flowing_a
        self.reset()

    def reset(self) -> None:
        """Another pack."""
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._last_ns: int | None = None
        self._charged_ns = 0
        self._resting_ns: int | None = None
        self.claimed_soh_pct: float | None = None

    @property
    def chunks(self) -> list[bytes]:
        """All chunks since the arrival, in order."""
        return list(self._chunks)

    @property
    def charged(self) -> bool:
        """Whether a charge has happened that no estimate was made of yet."""
        return self._charged_ns >= LEAST_CHARGE_S * NS_PER_S

    def keep(self, columns: bytes) -> None:
        """Take a finished chunk."""
        self._chunks.append(columns)
        self._bytes += len(columns)
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._chunks.popleft())

    def look(self, sample: Sample) -> bool:
        """Follow the current; True when a charge has just ended by rest."""
        claim = sample.values.get("soh_pct")
        self.claimed_soh_pct = claim if isinstance(claim, float) else self.claimed_soh_pct
        current = sample.values.get("pack_current_a")
        if not isinstance(current, float):
            return False
        step_ns = 0 if self._last_ns is None else max(sample.t_ns - self._last_ns, 0)
        self._last_ns = sample.t_ns
        if current >= self._flowing_a:
            self._charged_ns += step_ns
        if abs(current) >= self._flowing_a:
            self._resting_ns = None
            return False
        if self._resting_ns is None or sample.t_ns < self._resting_ns:
            self._resting_ns = sample.t_ns
        return self.charged and sample.t_ns - self._resting_ns >= self._rest_ns

    def estimated(self) -> None:
        """An estimate was asked for; the next one needs another charge."""
        self._charged_ns = 0
