"""ISO-TP spoken: one end of a conversation as a pure state machine.

Payloads and received frames enter with their time; frames to send leave with the earliest
time at which they may go. Whoever owns the bus and a clock calls `feed`, and `poll` when
`wake_ns` has come. Time-outs after ISO 15765-2: N_Bs and N_Cr one second. Extended and mixed
addressing put an address byte before each frame; on CAN FD frames have up to 64 bytes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from can_decoder.errors import DecoderError
from can_decoder.transport.isotp import (
    CLASSIC_BYTES,
    CONSECUTIVE,
    FIRST,
    FLOW_CONTROL,
    LARGEST,
    N_CR_NS,
    SINGLE,
    Addressing,
)
from packtrail.language import Text

CONTINUE, WAIT, OVERFLOW = 0, 1, 2
LARGEST_SHORT: Final = 4095
"""Longest payload whose size fits the first frame's twelve bits."""
FRAME_SIZES: Final = (8, 12, 16, 20, 24, 32, 48, 64)
"""Frames that CAN FD can carry, from a classic one on."""
N_BS_NS: Final = 1_000_000_000
"""Longest wait for flow control."""


class Due(NamedTuple):
    """A frame to send, not before `t_ns`."""

    t_ns: int
    data: bytes


@dataclass(slots=True)
class IsoTpEndpoint:
    """One end of a conversation.

    Attributes:
        padding: byte that fills frames up to eight, or up to the next size of CAN FD.
        block_size: consecutive frames that we let pass between two flow controls, 0 for all.
        separation_ms: least distance that we ask of the other side's frames, 0 to 127.
        addressing: normal, extended or mixed.
        target: address byte of our frames: N_TA of the other side (extended), N_AE (mixed).
        own: address byte of frames that are for us; others are passed over. By default that
            of `target`, as mixed addressing has it.
        frame_bytes: longest frame that we send, 8 on classic CAN, up to 64 on CAN FD.
        received: payloads that have come whole, oldest first.
        failures: how many payloads, ours or theirs, broke off.
    """

    padding: int = 0xAA
    block_size: int = 0
    separation_ms: int = 0
    addressing: Addressing = Addressing.NORMAL
    target: int = 0
    own: int | None = None
    frame_bytes: int = CLASSIC_BYTES
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

    def __post_init__(self) -> None:
        """Refuse frames and addresses that no bus can carry."""
        addresses = (self.target, 0 if self.own is None else self.own)
        if self.frame_bytes not in FRAME_SIZES or not all(0 <= byte <= 255 for byte in addresses):
            raise DecoderError(
                Text(
                    "a frame has 8, 12, 16, 20, 24, 32, 48 or 64 bytes, and an address is one byte",
                    "帧长须为 8、12、16、20、24、32、48 或 64 字节，地址须为一个字节",
                )
            )

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
            DecoderError: empty, longer than 4095 bytes (a megabyte on CAN FD), or another is
                under way.
        """
        largest = LARGEST_SHORT if self.frame_bytes == CLASSIC_BYTES else LARGEST
        if not 0 < len(payload) <= largest or self._rest:
            raise DecoderError(
                Text(
                    f"a payload has 1 to {largest} bytes, and one is sent at a time",
                    f"负载须为 1 至 {largest} 字节，且一次只发送一个",
                )
            )
        size = len(payload)
        if size < CLASSIC_BYTES - self.addressing.offset:
            return [Due(t_ns, self._framed(bytes([size]) + payload))]
        if self.frame_bytes > CLASSIC_BYTES and size <= self._room - 2:
            return [Due(t_ns, self._framed(bytes([0, size]) + payload))]
        if size <= LARGEST_SHORT:
            head = bytes([FIRST << 4 | size >> 8, size & 0xFF])
        else:
            head = bytes([FIRST << 4, 0]) + size.to_bytes(4, "big")
        cut = self._room - len(head)
        self._rest, self._number = payload[cut:], 1
        self._deadline_ns = t_ns + N_BS_NS
        return [Due(t_ns, self._framed(head + payload[:cut]))]

    def feed(self, data: bytes, t_ns: int) -> list[Due]:
        """Take a frame of the other side; what is to be sent because of it."""
        self.poll(t_ns)
        if self.addressing.offset:
            own = self.target if self.own is None else self.own
            if data[:1] != bytes([own]):
                return []
        body = data[self.addressing.offset :]
        kind = body[0] >> 4 if body else -1
        if kind == SINGLE:
            self._single(body, len(data))
        elif kind == FIRST and len(data) >= CLASSIC_BYTES:
            return self._first(body, t_ns)
        elif kind == CONSECUTIVE:
            return self._consecutive(body, t_ns)
        elif kind == FLOW_CONTROL and len(body) >= 3 and self._rest:
            return self._flow(body, t_ns)
        return []

    def poll(self, t_ns: int) -> None:
        """Give up what has waited too long."""
        if self._deadline_ns is not None and t_ns > self._deadline_ns:
            self._stop_sending(failed=True)
        if self._incoming is not None and t_ns > self._due_in_ns:
            self._incoming = None
            self.failures += 1

    @property
    def _room(self) -> int:
        """Bytes of our frames behind the address byte."""
        return self.frame_bytes - self.addressing.offset

    def _single(self, body: bytes, frame_bytes: int) -> None:
        size, start = body[0] & 0xF, 1
        if frame_bytes > CLASSIC_BYTES and size == 0 and len(body) > 1:
            size, start = body[1], 2
        if 0 < size <= len(body) - start:
            self._incoming = None
            self.received.append(body[start : start + size])

    def _first(self, body: bytes, t_ns: int) -> list[Due]:
        self._size, start = (body[0] & 0xF) << 8 | body[1], 2
        if self._size == 0:
            self._size, start = int.from_bytes(body[2:6], "big"), 6
        if self._size <= max(len(body) - start, CLASSIC_BYTES - 1 - self.addressing.offset):
            return []
        if self._size > LARGEST:
            return [self._flow_control(OVERFLOW, t_ns)]
        self._incoming = bytearray(body[start:])
        self._expected, self._in_block = 1, 0
        self._due_in_ns = t_ns + N_CR_NS
        return [self._flow_control(CONTINUE, t_ns)]

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
            return [self._flow_control(CONTINUE, t_ns)]
        return []

    def _flow_control(self, state: int, t_ns: int) -> Due:
        control = bytes([FLOW_CONTROL << 4 | state, self.block_size, self.separation_ms])
        return Due(t_ns, self._framed(control))

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
            part, self._rest = self._rest[: self._room - 1], self._rest[self._room - 1 :]
            head = bytes([CONSECUTIVE << 4 | self._number])
            frames.append(Due(t_ns + len(frames) * step_ns, self._framed(head + part)))
            self._number = (self._number + 1) & 0xF
        if self._rest:
            self._deadline_ns = frames[-1].t_ns + N_BS_NS
        else:
            self._stop_sending(failed=False)
        return frames

    def _stop_sending(self, *, failed: bool) -> None:
        self._rest, self._deadline_ns = b"", None
        self.failures += failed

    def _framed(self, body: bytes) -> bytes:
        """The frame: address byte in front, filled up to a size that the bus can carry."""
        frame = bytes([self.target])[: self.addressing.offset] + body
        size = next(size for size in FRAME_SIZES if size >= len(frame))
        return frame.ljust(size, bytes([self.padding]))


def separation_ns(code: int) -> int:
    """STmin in nanoseconds: 0 to 127 ms, or 0xF1 to 0xF9 for 100 to 900 microseconds."""
    if code <= 0x7F:
        return code * 1_000_000
    if 0xF1 <= code <= 0xF9:
        return (code - 0xF0) * 100_000
    return 127_000_000
