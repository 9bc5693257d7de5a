"""What both sides of a charging post share: messages by period, and patience that runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from can_decoder.gbt27930 import MESSAGES
from simulators.chargepost.faults import Faults
from simulators.chargepost.port import Port, Told
from simulators.frames import PackFrame

MS: Final = 1_000_000
S: Final = 1_000_000_000
GENERAL_S: Final = 5.0
"""Patience for most messages, GB/T 27930-2015, 9.1 to 9.4."""
SHORT_S: Final = 1.0
"""For BCL and CCS."""
READY_S: Final = 60.0
"""For the other side to be ready."""
ERROR_S: Final = 1.0
"""How long BEM or CEM is repeated before the handshake begins again."""
ATTEMPTS: Final = 3
"""New handshakes after an error; then the plug has to be pulled."""


@dataclass(slots=True)
class _Periodic:
    due_ns: int
    period_ns: int
    build: Callable[[], bytes]
    mark: str


class Side:
    """One side: what it repeats, what it waits for, what it has said.

    Args:
        port: its door to the bus.
        faults: what it keeps back.
    """

    error_code = ""
    """`BEM` or `CEM`."""

    def __init__(self, port: Port, faults: Faults) -> None:
        self.port = port
        self.faults = faults
        self.attempts = 0
        self.over = False
        self.errors: list[str] = []
        self.now_ns = 0
        self._periodic: dict[str, _Periodic] = {}
        self._deadlines: dict[str, int] = {}

    @property
    def next_ns(self) -> int:
        """When something is due."""
        times = [p.due_ns for p in self._periodic.values()] + list(self._deadlines.values())
        return min(times, default=self.now_ns + S)

    def poll(self, t_ns: int) -> None:
        """Send what is due, and act on patience that has run out."""
        self.now_ns = t_ns
        self.port.poll(t_ns)
        for name in [n for n, deadline in self._deadlines.items() if deadline <= t_ns]:
            if self._deadlines.pop(name, None) is not None:
                self.ran_out(name)
        for code, item in list(self._periodic.items()):
            if item.due_ns <= t_ns and self._periodic.get(code) is item:
                item.due_ns += item.period_ns
                if not self.keeps_back(item.mark):
                    self.port.send(MESSAGES[code], item.build(), t_ns)

    def hear(self, frame: PackFrame, t_ns: int) -> None:
        """Take a frame of the bus."""
        told = self.port.hear(frame, t_ns)
        if told is not None and not self.over:
            self.now_ns = t_ns
            self.told(told)

    def told(self, told: Told) -> None:
        """Take a whole message."""
        raise NotImplementedError

    def ran_out(self, name: str) -> None:
        """Patience for `name` has run out."""
        raise NotImplementedError

    def keeps_back(self, mark: str) -> bool:
        """Whether a message is kept back by fault; `mark` is its code and state."""
        return mark in self.faults.silent or mark.partition(" ")[0] in self.faults.silent

    def repeat(self, code: str, build: Callable[[], bytes], state: str = "") -> None:
        """Send a message by its period from now on."""
        period = MESSAGES[code].period_ms * MS
        self._periodic[code] = _Periodic(self.now_ns, period, build, f"{code} {state}".strip())

    def silence(self, *codes: str) -> None:
        """Repeat these no more; all if none is named."""
        for code in codes or list(self._periodic):
            self._periodic.pop(code, None)

    def repeats(self, code: str) -> bool:
        """Whether a message is being repeated."""
        return code in self._periodic

    def expect(self, name: str, seconds: float) -> None:
        """Have patience for `name` from now on."""
        self._deadlines[name] = self.now_ns + round(seconds * S)

    def got(self, *names: str) -> None:
        """These have come; all if none is named."""
        for name in names or list(self._deadlines):
            self._deadlines.pop(name, None)

    def fail(self, name: str, build: Callable[[], bytes]) -> None:
        """Say that patience has run out, and only that, for a while."""
        self.silence()
        self.got()
        self.port.clear()
        self.errors.append(name)
        self.repeat(self.error_code, build)
        self.expect("again", ERROR_S)
