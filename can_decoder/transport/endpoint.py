"""ISO-TP spoken: one end of a conversation as a pure state machine.

Payloads and received frames enter with their time; frames to send leave with the earliest
time at which they may go. Whoever owns the bus and a clock calls `feed`, and `poll` when
`wake_ns` has come. Time-outs after ISO 15765-2: N_Bs and N_Cr one second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from can_decoder.errors import DecoderError
from can_decoder.transport.isotp import CONSECUTIVE, FIRST, FLOW_CONTROL, N_CR_NS, SINGLE
from packtrail.language import Text

CONTINUE, WAIT, OVERFLOW = 0, 1, 2
LARGEST_PAYLOAD: Final = 4095
SINGLE_BYTES: Final = 7
FIRST_BYTES: Final = 6
N_BS_NS: Final = 1_000_000_000
"""Longest wait for flow control."""


class Due(NamedTuple):
    """A frame to send, not before `t_ns`."""

    t_ns: int
    data: bytes


@dataclass(slots=True)
class IsoTpEndpoint:
    """One end of a conversation with normal addressing on classic CAN.

    Attributes:
        padding: byte that fills frames up to eight.
        block_size: consecutive frames that we let pass between two flow controls, 0 for all.
        separation_ms: least distance that we ask of the other side's frames, 0 to 127.
        received: payloads that have come whole, oldest first.
        failures: how many payloads, ours or theirs, broke off.
    """

    padding: int = 0xAA
    block_size: int = 0
    separation_ms: int = 0
    received: deque[bytes] = field(default_factory=deque)
    failures: int = 0
    _rest: bytes = b""
    _number: int = 0
    _deadline_ns: int | None = None
    _incoming: bytearray | None = None
    _size: int = 0
    _expected: int = 0
    _in_block: int = 0
    _due_in_ns: int = 0

    @property
    def is_sending(self) -> bool:
        """Whether a payload is under way."""
        return bool(self._rest)

    @property
    def wake_ns(self) -> int | None:
        """When `poll` should be called next, None if nothing is awaited."""
        waits = [self._deadline_ns] if self._deadline_ns is not None else []
        waits += [self._due_in_ns] if self._incoming is not None else []
        return min(waits, default=None)

    def send(self, payload: bytes, t_ns: int) -> list[Due]:
        """Begin to send a payload.

        Raises:
            DecoderError: empty, longer than 4095 bytes, or another is under way.
        """
        if not 0 < len(payload) <= LARGEST_PAYLOAD or self._rest:
            raise DecoderError(
                Text(
                    "a payload has 1 to 4095 bytes, and one is sent at a time",
                    "负载须为 1 至 4095 字节，且一次只发送一个",
                )
            )
        if len(payload) <= SINGLE_BYTES:
            return [Due(t_ns, self._padded(bytes([len(payload)]) + payload))]
        self._rest, self._number = payload[FIRST_BYTES:], 1
        self._deadline_ns = t_ns + N_BS_NS
        head = bytes([FIRST << 4 | len(payload) >> 8, len(payload) & 0xFF])
        return [Due(t_ns, head + payload[:FIRST_BYTES])]

    def feed(self, data: bytes, t_ns: int) -> list[Due]:
        """Take a frame of the other side; what is to be sent because of it."""
        self.poll(t_ns)
        kind = data[0] >> 4 if data else -1
        if kind == SINGLE:
            self._single(data)
        elif kind == FIRST and len(data) == 8:
            return self._first(data, t_ns)
        elif kind == CONSECUTIVE:
            return self._consecutive(data, t_ns)
        elif kind == FLOW_CONTROL and len(data) >= 3 and self._rest:
            return self._flow(data, t_ns)
        return []

    def poll(self, t_ns: int) -> None:
        """Give up what has waited too long."""
        if self._deadline_ns is not None and t_ns > self._deadline_ns:
            self._stop_sending(failed=True)
        if self._incoming is not None and t_ns > self._due_in_ns:
            self._incoming = None
            self.failures += 1

    def _single(self, data: bytes) -> None:
        size = data[0] & 0xF
        if 0 < size < len(data):
            self._incoming = None
            self.received.append(data[1 : 1 + size])

    def _first(self, data: bytes, t_ns: int) -> list[Due]:
        self._size = (data[0] & 0xF) << 8 | data[1]
        if self._size <= SINGLE_BYTES:
            return []
        self._incoming = bytearray(data[2:])
        self._expected, self._in_block = 1, 0
        self._due_in_ns = t_ns + N_CR_NS
        return [self._clear_to_send(t_ns)]

    def _consecutive(self, data: bytes, t_ns: int) -> list[Due]:
        if self._incoming is None:
            return []
        if data[0] & 0xF != self._expected:
            self._incoming = None
            self.failures += 1
            return []
        self._incoming += data[1:]
        self._expected = (self._expected + 1) & 0xF
        self._due_in_ns = t_ns + N_CR_NS
        if len(self._incoming) >= self._size:
            self.received.append(bytes(self._incoming[: self._size]))
            self._incoming = None
            return []
        self._in_block += 1
        if self.block_size and self._in_block == self.block_size:
            self._in_block = 0
            return [self._clear_to_send(t_ns)]
        return []

    def _clear_to_send(self, t_ns: int) -> Due:
        control = bytes([FLOW_CONTROL << 4 | CONTINUE, self.block_size, self.separation_ms])
        return Due(t_ns, self._padded(control))

    def _flow(self, data: bytes, t_ns: int) -> list[Due]:
        state = data[0] & 0xF
        if state == WAIT:
            self._deadline_ns = t_ns + N_BS_NS
            return []
        if state != CONTINUE:
            self._stop_sending(failed=True)
            return []
        return self._block(data[1], separation_ns(data[2]), t_ns)

    def _block(self, size: int, step_ns: int, t_ns: int) -> list[Due]:
        """The consecutive frames that one flow control allows."""
        frames: list[Due] = []
        while self._rest and (size == 0 or len(frames) < size):
            part, self._rest = self._rest[:SINGLE_BYTES], self._rest[SINGLE_BYTES:]
            head = bytes([CONSECUTIVE << 4 | self._number])
            frames.append(Due(t_ns + len(frames) * step_ns, self._padded(head + part)))
            self._number = (self._number + 1) & 0xF
        if self._rest:
            self._deadline_ns = frames[-1].t_ns + N_BS_NS
        else:
            self._stop_sending(failed=False)
        return frames

    def _stop_sending(self, *, failed: bool) -> None:
        self._rest, self._deadline_ns = b"", None
        self.failures += failed

    def _padded(self, data: bytes) -> bytes:
        return data.ljust(8, bytes([self.padding]))


def separation_ns(code: int) -> int:
    """STmin in nanoseconds: 0 to 127 ms, or 0xF1 to 0xF9 for 100 to 900 microseconds."""
    if code <= 0x7F:
        return code * 1_000_000
    if 0xF1 <= code <= 0xF9:
        return (code - 0xF0) * 100_000
    return 127_000_000
