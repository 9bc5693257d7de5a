"""A whole bridge in this process, and a gateway's client that talks to it over a broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self, TypeVar

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings
from packtrail.receipt import Receipt, open_receipt
from packtrail.signing import VerifyKey
from packtrail.topics import receipt_topic
from tests.cloud_bridge import parts

T = TypeVar("T")


def until(ask: Callable[[], T], seconds: float = 10) -> T:
    """The first true answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"nothing after {seconds} s")


def settings_for(folder: Path, port: int, **more: object) -> BridgeSettings:
    """Settings of a bridge whose files lie in `folder`."""
    key_file = folder / "bridge.pem"
    if not key_file.exists():
        parts.AUTHORITY.save(key_file)
    trusted = [
        {"party": "station-1", "role": "gateway", "public_key": parts.STATION.public.text},
        {"party": "maker-1", "role": "maker", "public_key": parts.MAKER.public.text},
    ]
    mqtt = {"port": port, **more.pop("mqtt", {})}
    content = {
        "key_file": str(key_file),
        "store": {"path": str(folder / "bridge.sqlite")},
        "mqtt": mqtt,
        "ingest": {"batch_ms": 10},
        "http": {"port": 0},
        "trust": trusted,
        **more,
    }
    return BridgeSettings.model_validate(content)


@contextmanager
def running(settings: BridgeSettings, *, connected: bool = True) -> Iterator[Bridge]:
    """A started bridge, stopped at the end."""
    bridge = Bridge(settings)
    bridge.start()
    try:
        if connected:
            until(lambda: bridge.link.connected)
        yield bridge
    finally:
        bridge.stop()


@dataclass
class Wire:
    """A gateway's connection: publishes records, collects receipts."""

    port: int
    gateway: str = "station-1"
    bridge: VerifyKey = parts.AUTHORITY.public
    receipts: list[Receipt] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda c, *_: c.subscribe(receipt_topic(self.gateway), 1)
        subscribed: list[int] = []
        self._client.on_subscribe = lambda *_: subscribed.append(1)
        self._client.on_message = lambda _c, _d, message: self.receipts.append(
            open_receipt(message.payload, self.bridge)
        )
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        until(lambda: subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, *messages: tuple[str, bytes]) -> None:
        for topic, data in messages:
            self._client.publish(topic, data, qos=1).wait_for_publish(5)

    def shout(self, *messages: tuple[str, bytes]) -> None:
        """Send at QoS 0."""
        for topic, data in messages:
            self._client.publish(topic, data, qos=0).wait_for_publish(5)

    def receipt(self, through: int) -> Receipt:
        """Wait for a receipt that reaches `through`."""
        return until(lambda: next((r for r in self.receipts if r.through >= through), None))

    @property
    def through(self) -> int:
        """What the newest receipts reach."""
        return max((receipt.through for receipt in self.receipts), default=0)

    def send_window(self, gateway: parts.PlayedGateway, chance: Random, width: int = 20) -> None:
        """Send what is not answered yet, a bounded window of it, in any order."""
        last = min(gateway.seq, self.through + width)
        window = range(self.through + 1, last + 1)
        self.send(*(gateway.sent[seq] for seq in chance.sample(window, len(window))))

    def wait_for_progress(self, seconds: float) -> None:
        """Until a receipt reaches further, or for so long."""
        before, deadline = self.through, time.monotonic() + seconds
        while self.through == before and time.monotonic() < deadline:
            time.sleep(0.002)
