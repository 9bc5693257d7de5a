"""The gateway's clocks: what time it is, how long ago, and how far to believe it.

Timeouts read the monotonic clock only, so a step of the wall clock moves none of them. The
kernel is asked whether a time server disciplines the clock; where it cannot say, the clock
counts as running free.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from typing import Final, Protocol

from packtrail.times import NS_PER_S, ClockQuality

_BUILT_NS: Final = 1_767_225_600 * NS_PER_S
"""2026-01-01: a clock that shows less was never set."""
_STA_UNSYNC: Final = 0x0040
_TIMEX_BYTES: Final = 512
_STATUS_OFFSET: Final = 40
"""Of `struct timex` on 64-bit Linux: modes, offset, freq, maxerror, esterror, status."""


class Clock(Protocol):
    """What the stages ask for the time; a recording answers with `RecordedClock`."""

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        ...

    def mono_ns(self) -> int:
        """Monotonic nanoseconds, for timeouts."""
        ...

    def quality(self) -> ClockQuality:
        """How far `now_ns` can be believed."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clocks of this computer."""

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        return time.time_ns()

    def mono_ns(self) -> int:
        """Monotonic nanoseconds."""
        return time.monotonic_ns()

    def quality(self) -> ClockQuality:
        """Ask the kernel."""
        if time.time_ns() < _BUILT_NS:
            return ClockQuality.UNSET
        return ClockQuality.SYNCED if _disciplined() else ClockQuality.FREE


@dataclass(frozen=True, slots=True)
class RecordedClock(SystemClock):
    """The clock of a replay: the times of its samples come from a recording."""

    def quality(self) -> ClockQuality:
        """Always `recorded`."""
        return ClockQuality.RECORDED


def _disciplined() -> bool:
    """Whether the kernel's clock follows a server (adjtimex(2), read only)."""
    if ctypes.sizeof(ctypes.c_long) != 8:
        return False
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return False
    status = ctypes.c_int.from_buffer(timex, _STATUS_OFFSET).value
    return state >= 0 and not status & _STA_UNSYNC
