"""Platforms that speak GB/T 32960 to a bridge in this process, well and badly behaved."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Framer,
    Login,
    Message,
    PlatformLogin,
    Unit,
    build,
    build_login,
    build_platform_login,
    build_report,
)
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import StoredChunk
from packtrail.event import UnitRef
from packtrail.times import NS_PER_S
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import settings_for
from tests.services import free_port

VIN = parts.CAR.id
OTHER_VIN = parts.OTHER_CAR.id
PARTY = "gbt32960-north"
USER, PASSWORD, VARIABLE = "north", "pass-of-north", "PACKTRAIL_TEST_GBT32960"
NOW = time.time_ns() // NS_PER_S * NS_PER_S
"""The whole second in which the tests begin."""


def feed_settings(folder: Path, **feed: object) -> BridgeSettings:
    """Of a bridge without a broker that lets one platform in."""
    peer = {"name": "north", "user": USER, "password_env": VARIABLE, **feed.pop("peer", {})}
    more = {"store": feed.pop("store")} if "store" in feed else {}
    return settings_for(folder, free_port(), gbt32960={"port": 0, "peer": [peer], **feed}, **more)


def login(*codes: str, vin: str = VIN, edition: Edition = Edition.OF_2016, ago: int = 60) -> bytes:
    said = Login(NOW - ago * NS_PER_S, 1, "89860000000000000001", codes)
    return build(Command.LOGIN, vin, build_login(said, edition), edition=edition)


def alarm(level: int, flags: int) -> Unit:
    return Unit("alarms", 0, {"level": level, "flags": flags})


def report(
    *more: Unit,
    vin: str = VIN,
    edition: Edition = Edition.OF_2016,
    ago: int = 30,
    command: Command = Command.REALTIME,
    volts: float = 3.3,
) -> bytes:
    system = {"voltage_v": 4 * volts, "current_a": -5.0}
    cells = Unit("cells", 0, system, {"cell_voltage_v": np.full(4, volts)})
    probes = Unit("probes", 0, lists={"temperature_c": np.array([25.0, 26.0])})
    data = build_report(NOW - ago * NS_PER_S, [cells, probes, *more], edition)
    return build(command, vin, data, edition=edition)


class Line:
    """One connection of a platform."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(10)
        self._framer, self._heard = Framer(), list[Message]()

    def say(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def hear(self) -> Message | None:
        """The next answer; None once the other side has hung up."""
        while not self._heard:
            try:
                piece = self.socket.recv(65_536)
            except (ConnectionError, ssl.SSLError):
                return None
            if not piece:
                return None
            self._heard += self._framer.feed(piece)
        return self._heard.pop(0)

    def ask(self, *messages: bytes) -> list[int | None]:
        """Send, and the response to each."""
        self.say(*messages)
        return [(answer := self.hear()) and answer.response for _ in messages]

    def enter(self, user: str = USER, password: str = PASSWORD) -> int | None:
        data = build_platform_login(PlatformLogin(NOW, 1, user, password))
        return self.ask(build(Command.PLATFORM_LOGIN, "P" * 17, data))[0]


@contextmanager
def entered(port: int) -> Iterator[Line]:
    """A platform that has logged in."""
    line = Line(port)
    try:
        assert line.enter() == 1
        yield line
    finally:
        line.socket.close()


def chunks(store, unit: UnitRef) -> list[StoredChunk]:
    return store.chunks_of(unit, 0, 2**62)
