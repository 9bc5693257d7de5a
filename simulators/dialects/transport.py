"""J1939-21 transport, spoken: both sides of a conversation, or a broadcast, as frames in order.

Source: SAE J1939-21:2006, 5.10; packets of a broadcast 10 ms apart, which the 2018 edition admits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulators.frames import PackFrame

CONTROL, DATA = 0xEC00, 0xEB00
RTS, CTS, END, BAM, ABORT = 16, 17, 19, 32, 255
TO_ALL: Final = 0xFF
PACKET_BYTES: Final = 7
BROADCAST_GAP_MS: Final = 10


def group_id(group: int, source: int, destination: int = TO_ALL, priority: int = 6) -> int:
    """29-bit identifier of a parameter group; groups below 0xF000 carry the destination."""
    addressed = (group & 0xFF00) < 0xF000
    return priority << 26 | (group | destination if addressed else group) << 8 | source


def conversation(group: int, data: bytes, source: int, destination: int) -> Iterator[PackFrame]:
    """RTS, CTS, data and acknowledgement of both sides, undisturbed."""
    count, tail = -(-len(data) // PACKET_BYTES), group.to_bytes(3, "little")
    size = len(data).to_bytes(2, "little")
    yield control(bytes([RTS]) + size + bytes([count, 0xFF]) + tail, source, destination)
    yield control(bytes([CTS, count, 1, 0xFF, 0xFF]) + tail, destination, source)
    yield from packets(data, source, destination)
    yield control(bytes([END]) + size + bytes([count, 0xFF]) + tail, destination, source)


def broadcast(group: int, data: bytes, source: int) -> Iterator[PackFrame]:
    """BAM and its packets; each carries the time that it has to wait."""
    count, tail = -(-len(data) // PACKET_BYTES), group.to_bytes(3, "little")
    size = len(data).to_bytes(2, "little")
    yield control(bytes([BAM]) + size + bytes([count, 0xFF]) + tail, source, TO_ALL)
    for number, packet in enumerate(packets(data, source, TO_ALL), start=1):
        yield packet._replace(delay_ms=BROADCAST_GAP_MS * number)


def packets(data: bytes, source: int, destination: int) -> Iterator[PackFrame]:
    """The data frames, numbered from 1, the last one filled up."""
    for number in range(-(-len(data) // PACKET_BYTES)):
        part = data[PACKET_BYTES * number : PACKET_BYTES * (number + 1)].ljust(
            PACKET_BYTES, b"\xff"
        )
        frame_id = group_id(DATA, source, destination, priority=7)
        yield PackFrame(frame_id, True, bytes([number + 1]) + part)


def control(data: bytes, source: int, destination: int) -> PackFrame:
    """A frame of connection management."""
    return PackFrame(group_id(CONTROL, source, destination, priority=7), True, data)
