"""A raw sender on vcan0, and the two readers that must agree."""

from __future__ import annotations

import fcntl
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.bus import BusOptions, Haul, PythonCanSource, Source
from gateway.bus.socketcan import SocketCanSource

EFF, RTR, ERR = 0x8000_0000, 0x4000_0000, 0x2000_0000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
READERS = {"packtrail": SocketCanSource, "python-can": PythonCanSource}


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        item.add_marker(pytest.mark.socketcan)


class Sender:
    """Writes frames with whatever flags to vcan0."""

    def __init__(self) -> None:
        self.reopen()

    def reopen(self) -> None:
        """A fresh socket: an interface that went down leaves an error on the old one."""
        self.raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        self.raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1)
        self.raw.bind(("vcan0",))

    def send(self, marked_id: int, data: bytes) -> None:
        """A classic frame."""
        self.raw.send(struct.pack("=IB3x8s", marked_id, len(data), data))

    def send_fd(self, marked_id: int, data: bytes) -> None:
        """A CAN FD frame."""
        self.raw.send(struct.pack("=IB3x64s", marked_id, len(data), data))


@pytest.fixture
def sender() -> Iterator[Sender]:
    sender = Sender()
    yield sender
    sender.raw.close()


@pytest.fixture(params=READERS)
def open_source(request) -> Iterator[Callable[..., Source]]:
    """Opens vcan0 by either reader."""
    opened: list[Source] = []

    def _open(**more) -> Source:
        options = BusOptions("b", "socketcan", "vcan0", **more)
        opened.append(READERS[request.param].open(options))
        return opened[-1]

    yield _open
    for source in opened:
        source.close()


def collect(source: Source, count: int, seconds: float = 10) -> list[Haul]:
    """Hauls until `count` data frames have come."""
    hauls: list[Haul] = []
    deadline = time.monotonic() + seconds
    while sum(len(haul.frames) for haul in hauls) < count and time.monotonic() < deadline:
        hauls.append(source.gather(0.5))
    return hauls


def rows(hauls: list[Haul]) -> list[tuple[int, bool, bytes]]:
    """Identifier, width and payload of every frame, in order."""
    found = []
    for haul in hauls:
        batch = haul.frames
        found += zip(batch.ids.tolist(), batch.extended.tolist(), batch.payloads(), strict=True)
    return found


def times(hauls: list[Haul]) -> list[int]:
    """Times of every frame."""
    return [t_ns for haul in hauls for t_ns in haul.frames.t_ns.tolist()]


def set_link(name: str, *, up: bool) -> None:
    """Raise or lower an interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", name.encode(), IFF_UP if up else 0)
        fcntl.ioctl(control, SIOCSIFFLAGS, request)
