"""Reads one CAN bus in a thread of its own, through any python-can interface.

Frames leave in bursts to the mailbox. An adapter that fails, is pulled out or goes bus-off is
closed, and opened again after a pause that grows; python-can's Notifier would end in silence
instead. A bus on which nothing is heard is reported. Nothing is ever written to it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.backoff import delays
from gateway.bus.frame import Burst, Frame, Mailbox
from gateway.bus.python_can import can
from packtrail import logs

PATIENCE_S: Final = 0.25
BURST: Final = 250
GATHER_S: Final = 0.02
_OLDEST_S: Final = 1_000_000_000
"""2001: adapters that count from their own start stamp frames with less."""
_NEWEST_S: Final = 4_102_444_800
"""2100: adapters that stamp frames with more make no sense, and the bridge would refuse it."""

OpenBus = Callable[[], can.BusABC]


@dataclass(frozen=True, slots=True)
class BusOptions:
    """One bus as python-can opens it.

    Attributes:
        name: ours, as slots refer to it.
        interface: python-can's name of the adapter: socketcan, pcan, kvaser, virtual ...
        channel: the adapter's name of the bus.
        bitrate: bit/s, None where the system has set it.
        fd: whether to expect CAN FD.
        silent_s: seconds without a frame after which the bus counts as silent.
        extra: further arguments of the interface.
    """

    name: str
    interface: str
    channel: str
    bitrate: int | None = None
    fd: bool = False
    silent_s: float = 10.0
    extra: dict[str, Any] = field(default_factory=dict)

    def open(self) -> can.BusABC:
        """Open it, without python-can's own configuration files."""
        given: dict[str, Any] = {"bitrate": self.bitrate} if self.bitrate else {}
        if self.fd:
            given["fd"] = True
        return can.Bus(
            interface=self.interface,
            channel=self.channel,
            ignore_config=True,
            **given,
            **self.extra,
        )


@dataclass(frozen=True, slots=True)
class BusState:
    """What an operator sees of a bus.

    Attributes:
        up: whether the adapter is open.
        silent: whether nothing was heard for a while.
        frames: data frames heard.
        dropped: of these, lost because the pipeline was too far behind.
        error_frames: error frames heard.
        restarts: how often the adapter had to be opened again.
        problem: why it is not up.
    """

    up: bool = False
    silent: bool = False
    frames: int = 0
    dropped: int = 0
    error_frames: int = 0
    restarts: int = 0
    problem: str = ""


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
        open_bus: OpenBus | None = None,
        longest_pause_s: float = 10.0,
    ) -> None:
        self.name = options.name
        self._options, self._mailbox = options, mailbox
        self._open = open_bus or options.open
        self._longest_pause_s = longest_pause_s
        self._stopping = threading.Event()
        self._heard = time.monotonic()
        self._state = BusState()
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
            with self._open() as bus:
                self._note(up=True, problem="")
                self._log.info("bus_open")
                self._read(bus)
        except Exception as error:  # noqa: BLE001 - adapters raise what they like; the reader must come back
            return f"{type(error).__name__}: {error}"
        return ""

    def _read(self, bus: can.BusABC) -> None:
        was_silent = False
        while not self._stopping.is_set():
            messages = _gather(bus)
            if messages:
                self._heard = time.monotonic()
                self._pass_on(messages)
            silent = self.state.silent
            if silent != was_silent:
                self._log.info("bus_silent" if silent else "bus_heard")
                was_silent = silent

    def _pass_on(self, messages: list[can.Message]) -> None:
        arrival_ns = time.time_ns()
        frames = list(_data_frames(messages, arrival_ns))
        errors = sum(message.is_error_frame for message in messages)
        taken = not frames or self._mailbox.offer(Burst(self.name, frames))
        self._note(
            frames=self._state.frames + len(frames),
            dropped=self._state.dropped + (0 if taken else len(frames)),
            error_frames=self._state.error_frames + errors,
        )

    def _note(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)


def _gather(bus: can.BusABC) -> list[can.Message]:
    """Wait for a frame, then take what follows within a moment."""
    first = bus.recv(PATIENCE_S)
    if first is None:
        return []
    messages = [first]
    deadline = time.monotonic() + GATHER_S
    while len(messages) < BURST and (left := deadline - time.monotonic()) > 0:
        message = bus.recv(left)
        if message is None:
            break
        messages.append(message)
    return messages


def _data_frames(messages: Iterable[can.Message], arrival_ns: int) -> Iterable[Frame]:
    for message in messages:
        if message.is_error_frame or message.is_remote_frame:
            continue
        stamped = _OLDEST_S <= message.timestamp < _NEWEST_S
        # python-can gives float seconds: good for microseconds, noise below
        t_ns = round(message.timestamp * 1e6) * 1000 if stamped else arrival_ns
        yield Frame(t_ns, message.arbitration_id, message.is_extended_id, bytes(message.data))
