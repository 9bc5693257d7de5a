"""How much a metered link may carry in a day: when it is used up, telemetry waits.

Sizes of what is sent and received enter, the answer whether telemetry may go leaves. Alarms,
events and health reports always go, and count. The day is that of UTC; what was spent of it is
remembered in the outbox, so that a restart does not begin a new day.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.outbox import Outbox
from packtrail.shapes import from_json
from packtrail.times import NS_PER_S

NOTE: Final = "data_budget"
OVERHEAD_BYTES: Final = 120
"""TCP, IP, TLS and MQTT around one message and its acknowledgement."""
DAY_S: Final = 86_400
STEPS_A_DAY: Final = 50
"""How often in a day's budget what was spent is written down."""


class _Spent(msgspec.Struct, frozen=True):
    day: int
    count: int


@dataclass(slots=True)
class Budget:
    """A day's bytes; 0 for a link that is not metered.

    Args:
        outbox: remembers what was spent.
        daily_bytes: what a day may cost.
        now_ns: the gateway's UTC.
        mono_s: seconds that no clock step moves: a clock that was a year ahead and comes
            back must not hold the telemetry for a year.
    """

    outbox: Outbox
    daily_bytes: int = 0
    now_ns: Callable[[], int] = time.time_ns
    mono_s: Callable[[], float] = time.monotonic
    _day: int = 0
    _spent: int = 0
    _written: int = 0
    _began_s: float = 0.0

    def __post_init__(self) -> None:
        """Go on with the day that the last run began."""
        self._began_s = self.mono_s()
        data = self.outbox.note(NOTE)
        try:
            known = from_json(data, _Spent) if data else _Spent(0, 0)
        except msgspec.DecodeError:
            known = _Spent(0, 0)
        self._day, self._spent, self._written = known.day, known.count, known.count

    @property
    def left_bytes(self) -> int | None:
        """What today still allows; None without a limit."""
        self._turn_the_day()
        return max(self.daily_bytes - self._spent, 0) if self.daily_bytes else None

    @property
    def allows_telemetry(self) -> bool:
        """Whether telemetry may go now."""
        return self.left_bytes != 0

    def spend(self, size: int) -> None:
        """Count a message of so many bytes, topic and payload."""
        if not self.daily_bytes:
            return
        self._turn_the_day()
        self._spent += size + OVERHEAD_BYTES
        if self._spent - self._written > self.daily_bytes // STEPS_A_DAY:
            self._write()

    def _turn_the_day(self) -> None:
        today = self.now_ns() // (DAY_S * NS_PER_S)
        full_day = self.mono_s() - self._began_s >= DAY_S
        if today > self._day or (today < self._day and full_day):
            self._day, self._spent, self._began_s = today, 0, self.mono_s()
            if self.daily_bytes:
                self._write()

    def _write(self) -> None:
        self._written = self._spent
        spent = msgspec.json.encode(_Spent(self._day, self._spent))
        self.outbox.record((), {NOTE: spent})
