"""One side's door to the bus: short messages as they are, long ones by RTS/CTS, both ways.

Source: SAE J1939-21:2006, 5.10.2-5.10.3; timers T2 = T3 = 1250 ms. Frames to send are collected
in `outbox`; messages that have come whole are returned by `hear`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from can_decoder.gbt27930 import MESSAGES, ChargeMessage
from simulators.dialects.transport import (
    ABORT,
    CTS,
    END,
    PACKET_BYTES,
    RTS,
    control,
    packets,
)
from simulators.frames import PackFrame

TIMEOUT_NS: Final = 1_250_000_000
SINGLE_BYTES: Final = 8
BY_PGN: Final = {message.pgn: message for message in MESSAGES.values()}


class Told(NamedTuple):
    """A message that has come whole."""

    code: str
    data: bytes


@dataclass(slots=True)
class Port:
    """The transport of one side.

    Attributes:
        source: own address.
        destination: the other side's.
        outbox: frames to send.
        aborts_first: breaks off its first transfer, as some units do.
        repeats_rts: asks twice before it sends.
        failures: transfers that were not answered in time.
    """

    source: int
    destination: int
    outbox: deque[PackFrame] = field(default_factory=deque)
    aborts_first: bool = False
    repeats_rts: bool = False
    failures: int = 0
    _waiting: dict[int, bytes] = field(default_factory=dict)
    _sending: int | None = None
    _data: bytes = b""
    _deadline_ns: int = 0
    _incoming: dict[int, bytes] = field(default_factory=dict)
    _incoming_pgn: int | None = None
    _size: int = 0

    def send(self, message: ChargeMessage, data: bytes, t_ns: int) -> None:
        """Send a message; a long one waits for the one under way, and the latest value counts."""
        if len(data) <= SINGLE_BYTES:
            self.outbox.append(PackFrame(message.frame_id, True, data))
            return
        self._waiting[message.pgn] = data
        self.poll(t_ns)

    def poll(self, t_ns: int) -> None:
        """Begin the next transfer if none is under way; give up one that got no answer."""
        if self._sending is not None and t_ns > self._deadline_ns:
            self._control(ABORT, bytes([3, 0xFF, 0xFF, 0xFF]), self._sending)
            self._sending = None
            self.failures += 1
        if self._sending is None and self._waiting:
            self._sending = next(iter(self._waiting))
            self._data = self._waiting.pop(self._sending)
            self._deadline_ns = t_ns + TIMEOUT_NS
            for _ in range(2 if self.repeats_rts else 1):
                self._control(RTS, self._shape(self._data), self._sending)

    def clear(self) -> None:
        """Forget what was under way."""
        self._waiting.clear()
        self._incoming.clear()
        self._sending = self._incoming_pgn = None

    def hear(self, frame: PackFrame, t_ns: int) -> Told | None:
        """Take a frame of the other side; the message that it is or completes, if any."""
        if frame.frame_id & 0xFFFF != self.source << 8 | self.destination:
            return None
        kind = frame.frame_id >> 16 & 0xFF
        if kind == 0xEC:
            self._controlled(frame.data, t_ns)
            return None
        if kind == 0xEB:
            return self._packet(frame.data)
        message = BY_PGN.get(kind << 8)
        return Told(message.code, frame.data) if message else None

    def _controlled(self, data: bytes, t_ns: int) -> None:
        pgn = int.from_bytes(data[5:8], "little")
        if data[0] == RTS:
            self._size, self._incoming_pgn = data[1] | data[2] << 8, pgn
            self._incoming.clear()
            self._control(CTS, bytes([data[3], 1, 0xFF, 0xFF]), pgn)
        elif data[0] == CTS and pgn == self._sending and data[1]:
            self._answer_cts(data, t_ns)
        elif data[0] == END and pgn == self._sending:
            self._sending = None
            self.poll(t_ns)
        elif data[0] == ABORT and pgn == self._incoming_pgn:
            self._incoming_pgn = None

    def _answer_cts(self, data: bytes, t_ns: int) -> None:
        assert self._sending is not None
        if self.aborts_first:
            self.aborts_first = False
            self._control(ABORT, bytes([0xFF, 0xFF, 0xFF, 0xFF]), self._sending)
            self._sending = None
            return
        frames = list(packets(self._data, self.source, self.destination))
        first = data[2] - 1
        self.outbox.extend(frames[first : first + data[1]])
        self._deadline_ns = t_ns + TIMEOUT_NS

    def _packet(self, data: bytes) -> Told | None:
        if self._incoming_pgn is None:
            return None
        self._incoming[data[0]] = data[1:8]
        count = -(-self._size // PACKET_BYTES)
        if any(number not in self._incoming for number in range(1, count + 1)):
            return None
        pgn, self._incoming_pgn = self._incoming_pgn, None
        whole = b"".join(self._incoming[number] for number in range(1, count + 1))[: self._size]
        self._control(END, self._shape(whole), pgn)
        message = BY_PGN.get(pgn)
        return Told(message.code, whole) if message else None

    def _shape(self, data: bytes) -> bytes:
        count = -(-len(data) // PACKET_BYTES)
        return len(data).to_bytes(2, "little") + bytes([count, 0xFF])

    def _control(self, kind: int, middle: bytes, pgn: int) -> None:
        data = bytes([kind]) + middle + pgn.to_bytes(3, "little")
        self.outbox.append(control(data, self.source, self.destination))
