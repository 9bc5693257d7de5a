"""UDS identification of an arriving pack (ISO 14229-1 over ISO 15765-2).

A thread of its own asks the slot's control unit for the fields of its target file. A field
`pack_code` is a reading of the pack's code, `vin` one of the vehicle that it belongs to; both
keep their raw bytes. A unit that is silent (contactors still open) is asked a few times more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from can_decoder.errors import DecoderError
from can_decoder.transport import Due
from can_decoder.uds import Identification, Identity, Target, find_target
from gateway.bus.python_can import can
from packtrail import logs
from packtrail.event import Reading
from packtrail.times import format_time

ATTEMPTS: Final = 5
PAUSE_S: Final = 3.0
LONGEST_S: Final = 30.0
PACK_CODE, VIN = "pack_code", "vin"
UDS, UDS_VIN = "uds", "uds_vin"

Heard = Callable[[str, Reading], None]
"""Told of each reading: the slot, and what was read."""


@dataclass(frozen=True, slots=True)
class UdsOptions:
    """How a slot's control unit is reached.

    Attributes:
        target: name or path of the target file: identifiers and fields.
        interface: python-can's name of the adapter on the diagnostic bus.
        channel: the adapter's name of the bus.
        bitrate: bit/s, None where the system has set it.
        extra: further arguments of the interface.
    """

    target: str
    interface: str
    channel: str
    bitrate: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def open(self) -> can.BusABC:
        """Open the bus, deaf to everything but the answers."""
        target = find_target(self.target)
        mask = 0x1FFFFFFF if target.extended else 0x7FF
        answers = {"can_id": target.response_id, "can_mask": mask, "extended": target.extended}
        given: dict[str, Any] = {"bitrate": self.bitrate} if self.bitrate else {}
        return can.Bus(
            interface=self.interface,
            channel=self.channel,
            ignore_config=True,
            can_filters=[answers],
            **given,
            **self.extra,
        )


class UdsAsker:
    """Asks, one slot after the other.

    Args:
        slots: slot -> how it is reached.
        heard: where readings go.
        attempts: how often a silent unit is asked.
        pause_s: between two attempts.
    """

    def __init__(
        self,
        slots: Mapping[str, UdsOptions],
        heard: Heard,
        *,
        attempts: int = ATTEMPTS,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._slots, self._heard = dict(slots), heard
        self._attempts, self._pause_s = attempts, pause_s
        self._arrivals: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._log = logs.get("gateway.identify")
        self._thread = threading.Thread(target=self._run, name="identify")

    def arrived(self, slot: str) -> None:
        """A pack was put into a slot; never blocks."""
        if slot in self._slots:
            self._arrivals.put(slot)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        self._arrivals.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (slot := self._arrivals.get()) is not None:
            for _ in range(self._attempts):
                if self._stopping.is_set() or self._ask(slot):
                    break
                self._stopping.wait(self._pause_s)

    def _ask(self, slot: str) -> bool:
        """Whether the unit said who it is."""
        options = self._slots[slot]
        try:
            target = find_target(options.target)
            with options.open() as bus:
                identity = converse(bus, target, self._stopping)
        except (can.CanError, OSError, ValueError, DecoderError) as error:
            self._log.warning("identification_failed", slot=slot, why=str(error))
            return False
        readings = readings_of(identity, time.time_ns())
        for reading in readings:
            self._heard(slot, reading)
        self._log.info("identified", slot=slot, fields=sorted(identity.values))
        return bool(readings)


def converse(bus: can.BusABC, target: Target, stopping: threading.Event) -> Identity:
    """Ask everything that a target names.

    Raises:
        can.CanError: the bus does not take or give frames.
    """
    asking = Identification(target)
    end_ns = time.monotonic_ns() + int(LONGEST_S * 1e9)
    _send(bus, target, asking.start(time.monotonic_ns()))
    while not asking.is_done and not stopping.is_set() and time.monotonic_ns() < end_ns:
        wake_ns = asking.wake_ns or end_ns
        message = bus.recv(min(max(wake_ns - time.monotonic_ns(), 0) / 1e9, 0.2))
        now_ns = time.monotonic_ns()
        if message is not None and _is_answer(message, target):
            _send(bus, target, asking.feed(bytes(message.data), now_ns))
        _send(bus, target, asking.poll(now_ns))
    return asking.identity


def readings_of(identity: Identity, now_ns: int) -> list[Reading]:
    """What an identity says of the pack, the surest first."""
    at = format_time(now_ns)
    named = ((PACK_CODE, UDS), (VIN, UDS_VIN))
    return [
        Reading(source, identity.values[name], at, identity.values[name].encode().hex())
        for name, source in named
        if identity.values.get(name)
    ]


def _send(bus: can.BusABC, target: Target, frames: list[Due]) -> None:
    for frame in frames:
        wait_ns = frame.t_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / 1e9)
        bus.send(
            can.Message(
                arbitration_id=target.request_id,
                is_extended_id=target.extended,
                data=frame.data,
            )
        )


def _is_answer(message: can.Message, target: Target) -> bool:
    return (message.arbitration_id, message.is_extended_id) == (
        target.response_id,
        target.extended,
    ) and not (message.is_error_frame or message.is_remote_frame)
