"""From the broker to a durable commit: the whole bridge against the slowest bound of the same run.

Signed minutes of packs wait in the broker's queue for a session that is away. What is measured is
how fast they are drained: by a bare subscriber with the same client library and window, which
acknowledges and forgets; and by the bridge, which judges, commits, answers and only then
acknowledges, on SQLite and on PostgreSQL. The other bounds: one Ed25519 check per record, and the
same bytes committed in the same groups. The broker has to work for each of them, on the same cores.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.cloud_bridge.bench_ingest import (
    AUTHORITY,
    EPOCH,
    KEY,
    RECORDS,
    bare_commits,
    messages,
    per_second,
    timed,
)
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings, MqttSettings
from packtrail.record import unseal
from tests.databases import Postgres
from tests.services import LOOPBACK, Mosquitto

ROUNDS, WAIT_S = 3, 120.0
BAR = 0.6


class Bare(MqttLink):
    """The bridge's own client and session; whatever comes is acknowledged and counted."""

    def __init__(self, port: int, wanted: int) -> None:
        super().__init__(MqttSettings(port=port), Inbox(1))
        self.done = threading.Event()
        self._left = wanted
        self._client.on_message = self._count

    def _count(self, client: Client, _data: Any, message: Any) -> None:
        client.ack(message.mid, message.qos)
        self._left -= 1
        if not self._left:
            self.done.set()


def publish(port: int, sealed: list[tuple[str, bytes]]) -> None:
    """Put every record into the broker."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(500)
    client.connect(LOOPBACK, port)
    client.loop_start()
    told = [client.publish(topic, data, 1) for topic, data in sealed]
    for one in told:
        one.wait_for_publish(WAIT_S)
    client.disconnect()
    client.loop_stop()


def subscribe(port: int) -> None:
    """Make the bridge's session, and leave it."""
    link = Bare(port, 1)
    link.start()
    deadline = time.monotonic() + WAIT_S
    while not link.connected and time.monotonic() < deadline:
        time.sleep(0.01)
    link.stop()


def drained_bare(port: int) -> float:
    """Seconds until a bare subscriber has everything."""
    link = Bare(port, RECORDS)

    def drain() -> None:
        link.start()
        assert link.done.wait(WAIT_S)

    seconds = timed(drain)
    link.stop()
    return seconds


def drained(port: int, folder: Path, store: dict[str, str]) -> float:
    """Seconds until the bridge has committed everything; its start is not counted."""
    key_file = folder / "bridge.pem"
    AUTHORITY.save(key_file)
    settings = BridgeSettings.model_validate(
        {
            "key_file": str(key_file),
            "store": store,
            "mqtt": {"port": port},
            "http": {"port": 0},
            "trust": [{"party": "g", "role": "gateway", "public_key": KEY.public.text}],
        }
    )
    bridge = Bridge(settings)
    start = time.perf_counter()
    bridge.start()
    while bridge.store.progress("g", EPOCH).through < RECORDS:
        assert time.perf_counter() < start + WAIT_S
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    bridge.stop()
    return seconds


def one_round(sealed: list[tuple[str, bytes]], server: Postgres, folder: Path) -> dict[str, float]:
    """Records per second of everything."""
    broker = Mosquitto(folder / "broker", "max_inflight_messages 0")
    broker.start()
    rates = {}
    stores = {
        "bound: MQTT to a bare subscriber": None,
        "the bridge, SQLite": {"path": str(folder / "bridge.sqlite")},
        "the bridge, PostgreSQL": {"postgres": server.database()},
    }
    for number, (name, store) in enumerate(stores.items()):
        subscribe(broker.port)
        publish(broker.port, sealed)
        place = folder / str(number)
        place.mkdir()
        spent = drained(broker.port, place, store) if store else drained_bare(broker.port)
        rates[name] = RECORDS / spent
    broker.stop()
    opened = [unseal(data) for _, data in sealed]
    checks = timed(lambda: [one.accepted_by(KEY.public) for one in opened])
    rates["bound: Ed25519 check"] = RECORDS / checks
    rates["bound: grouped commits"] = RECORDS / bare_commits(sealed, folder)
    return rates


def main() -> None:
    """Print the table."""
    sealed, found = messages(), []
    server = Postgres()
    server.start()
    try:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                found.append(one_round(sealed, server, Path(name)))
    finally:
        server.remove()
    rates = {name: median(one[name] for one in found) for name in found[0]}
    slowest = min(rate for name, rate in rates.items() if name.startswith("bound"))
    rows = [
        (name, per_second(1, 1 / rate), f"{rate / slowest:.2f}") for name, rate in rates.items()
    ]
    table(
        (f"records of {len(sealed[0][1]):,} bytes", "per second", f"of the slowest ({BAR})"), rows
    )
