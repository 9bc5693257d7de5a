"""Station time: a start plus speed times the monotonic clock, in ticks.

A tick is a tenth of a second of real time whatever the speed, so buses carry real frame rates
while station time runs ahead. Ticks are numbered: a run that falls behind catches up and loses
none, and the same ticks give the same frames whether anybody waits for them or not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from packtrail.times import NS_PER_S

TICKS_PER_S: Final = 10


@dataclass(frozen=True, slots=True)
class StationClock:
    """When ticks happen, in station time.

    Attributes:
        start_ns: UTC of tick 0.
        speed: station seconds per real second.
    """

    start_ns: int
    speed: float

    @property
    def tick_s(self) -> float:
        """Station seconds from tick to tick."""
        return self.speed / TICKS_PER_S

    def tick_ns(self, tick: int) -> int:
        """UTC nanoseconds of a tick."""
        return self.start_ns + round(tick * self.tick_s * NS_PER_S)

    def at_ns(self, seconds: float) -> int:
        """UTC nanoseconds of a moment given in station seconds after the start."""
        return self.start_ns + round(seconds * NS_PER_S)


def count_ticks(real_seconds: float | None) -> Iterator[int]:
    """Tick numbers from 0, without end where no duration is given; nobody waits."""
    tick = 0
    while real_seconds is None or tick < real_seconds * TICKS_PER_S:
        yield tick
        tick += 1


def wait_ticks(real_seconds: float | None, stop: threading.Event) -> Iterator[int]:
    """The same ticks, each when its time has come by the monotonic clock, until `stop`."""
    begun_s = time.monotonic()
    for tick in count_ticks(real_seconds):
        ahead_s = begun_s + tick / TICKS_PER_S - time.monotonic()
        if stop.wait(max(0.0, ahead_s)):
            return
        yield tick
