"""Our SocketCAN reader on datagrams of a loopback socket: what needs no CAN in the kernel.

The kernel's own CAN is tested in tests/socketcan; the system calls, the times and the columns
are the same for any datagram socket.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest

from can_decoder import IdFilter
from gateway.bus import Condition
from gateway.bus.socketcan import EFF, ERR, RTR, SocketCanSource, kernel_filters


class Line:
    """Datagrams in, a source out."""

    def __init__(self) -> None:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("127.0.0.1", 0))
        self.source = SocketCanSource(receiver)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.connect(receiver.getsockname())

    def send(self, marked: int, data: bytes) -> None:
        """One frame, classic or FD by its length."""
        form = "=IB3x8s" if len(data) <= 8 else "=IB3x64s"
        self.sender.send(struct.pack(form, marked, len(data), data))


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.source.close()
    line.sender.close()


def test_frames_become_columns_with_the_kernels_times(line):
    before_ns = time.time_ns()
    line.send(0x123, b"\x01\x02")
    line.send(0x18FF50E5 | EFF, bytes(range(8)))
    batch = line.source.gather(1).frames
    assert batch.ids.tolist() == [0x123, 0x18FF50E5]
    assert batch.extended.tolist() == [False, True]
    assert batch.payloads() == [b"\x01\x02", bytes(range(8))]
    assert (batch.t_ns >= before_ns).all()
    assert (np.diff(batch.t_ns) > 0).all()


def test_fd_and_classic_frames_share_a_burst(line):
    line.send(1, bytes(range(64)))
    line.send(2, b"\x09")
    batch = line.source.gather(1).frames
    assert batch.data.shape == (2, 64)
    assert batch.payloads() == [bytes(range(64)), b"\x09"]


def test_a_length_beyond_the_frame_is_cut_to_it(line):
    line.sender.send(struct.pack("=IB3x8s", 5, 255, b"\x01" * 8))
    assert line.source.gather(1).frames.payloads() == [b"\x01" * 8]


def test_error_frames_are_conditions_and_remote_frames_nothing(line):
    line.send(0x004 | ERR, b"\x00\x04" + bytes(6))
    line.send(0x008 | ERR, bytes(8))
    line.send(7 | RTR, b"")
    line.send(7, b"\x01")
    haul = line.source.gather(1)
    assert haul.frames.ids.tolist() == [7]
    assert (haul.error_frames, haul.conditions) == (2, (Condition.WARNING,))


def test_an_empty_line_gives_nothing_in_time(line):
    began = time.monotonic()
    assert len(line.source.gather(0.05).frames) == 0
    assert time.monotonic() - began < 1


def test_bursts_do_not_share_memory(line):
    line.send(1, b"\x01")
    first = line.source.gather(1).frames
    line.send(2, b"\x02")
    line.source.gather(1)
    assert (first.ids.tolist(), first.payloads()) == ([1], [b"\x01"])


def test_kernel_filters_tell_11_from_29_bits_and_leave_remote_frames_out():
    raw = kernel_filters(
        (IdFilter(0x12, 0x7FF, extended=False), IdFilter(0x34, 0xFF, extended=True))
    )
    assert struct.unpack("=4I", raw) == (0x12, 0x7FF | EFF | RTR, 0x34 | EFF, 0xFF | EFF | RTR)
