"""Reads one CAN bus in a thread of its own, through whatever source its adapter has.

Bursts of columns leave to the mailbox. An adapter that fails, is pulled out or goes bus-off
is closed, and opened again after a pause that grows; python-can's Notifier would end in
silence instead. A bus on which nothing is heard is reported. Nothing is ever written to it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import Any, Final

from gateway.backoff import delays
from gateway.bus.frame import Burst
from gateway.bus.mailbox import Mailbox
from gateway.bus.socketcan import SocketCanSource
from gateway.bus.source import Haul, OpenSource, PythonCanSource, Source
from gateway.bus.state import BusOptions, BusState, Condition
from packtrail import logs

PATIENCE_S: Final = 0.25
BUS_OFF_HINT: Final = (
    "the controller is bus-off: check bit rate, wiring and termination; for SocketCAN let the "
    "kernel restart it: ip link set <channel> type can restart-ms 100"
)


class BusOff(Exception):  # noqa: N818 - what the standard calls the state
    """The controller took itself off the bus; only a fresh start brings it back."""


def open_source(options: BusOptions) -> Source:
    """Our own reader for SocketCAN, python-can's for everything else."""
    if options.interface == "socketcan" and options.reader == "packtrail":
        return SocketCanSource.open(options)
    return PythonCanSource.open(options)


class BusReader:
    """Reads a bus until it is stopped.

    Args:
        options: which bus.
        mailbox: where bursts go.
        open_bus: opens the adapter; by default as the options say.
        longest_pause_s: the longest wait between two attempts to open.
    """

    def __init__(
        self,
        options: BusOptions,
        mailbox: Mailbox,
        open_bus: OpenSource | None = None,
        longest_pause_s: float = 10.0,
    ) -> None:
        self.name = options.name
        self._options, self._mailbox = options, mailbox
        self._open = open_bus or partial(open_source, options)
        self._longest_pause_s = longest_pause_s
        self._stopping = threading.Event()
        self._heard = time.monotonic()
        self._state = BusState()
        self._overflowed_before = 0
        self._log = logs.get("gateway.bus").bind(bus=options.name)
        self._thread = threading.Thread(target=self._run, name=f"bus-{options.name}")

    @property
    def state(self) -> BusState:
        """What an operator sees."""
        quiet_s = time.monotonic() - self._heard
        return replace(self._state, silent=quiet_s > self._options.silent_s)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the adapter."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        pauses = delays(0.2, self._longest_pause_s)
        while not self._stopping.is_set():
            frames = self._state.frames
            problem = self._read_until_it_fails()
            if self._state.frames > frames:
                pauses = delays(0.2, self._longest_pause_s)
            if not self._stopping.is_set():
                self._note(up=False, problem=problem, restarts=self._state.restarts + 1)
                self._log.warning("bus_lost", why=problem)
                self._stopping.wait(next(pauses))

    def _read_until_it_fails(self) -> str:
        try:
            with self._open() as source:
                is_off = self._state.condition is Condition.BUS_OFF  # until it speaks again
                self._note(up=True, problem=self._state.problem if is_off else "")
                self._log.info("bus_open")
                self._overflowed_before = self._state.overflowed
                self._read(source)
        except Exception as error:  # noqa: BLE001 - adapters raise what they like; the reader must come back
            return f"{type(error).__name__}: {error}"
        return ""

    def _read(self, source: Source) -> None:
        was_silent = False
        while not self._stopping.is_set():
            haul = source.gather(PATIENCE_S)
            if len(haul.frames):
                self._heard = time.monotonic()
                self._pass_on(haul)
            if haul.error_frames or haul.conditions:
                self._learn(haul)
            silent = self.state.silent
            if silent != was_silent:
                self._log.info("bus_silent" if silent else "bus_heard")
                was_silent = silent

    def _pass_on(self, haul: Haul) -> None:
        count = len(haul.frames)
        taken = self._mailbox.offer(Burst(self.name, haul.frames))
        if self._state.condition is Condition.BUS_OFF:
            self._note(condition=Condition.ACTIVE, problem="")
        self._note(
            frames=self._state.frames + count,
            dropped=self._state.dropped + (0 if taken else count),
            overflowed=self._overflowed_before + haul.overflowed,
        )

    def _learn(self, haul: Haul) -> None:
        """Follow the controller; one that took itself off is started afresh."""
        self._note(error_frames=self._state.error_frames + haul.error_frames)
        for condition in haul.conditions:
            if condition is not self._state.condition:
                self._log.warning("bus_condition", condition=condition.value)
            offs = self._state.bus_offs + (condition is Condition.BUS_OFF)
            self._note(condition=condition, bus_offs=offs)
        if self._state.condition is Condition.BUS_OFF:
            raise BusOff(BUS_OFF_HINT)

    def _note(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
