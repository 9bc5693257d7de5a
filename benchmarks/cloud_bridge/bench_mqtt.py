"""From the broker to a durable commit: the whole bridge against the slowest bound of the same run.

Signed minutes of packs wait in the broker's queue for a session that is away. What is measured is
how fast they are drained: by a bare subscriber with the same client library and window, which
acknowledges and forgets; and by the bridge, which judges, commits, answers and only then
acknowledges, on SQLite and on PostgreSQL. The other bounds: one Ed25519 check per record, and the
same bytes committed in the same groups. Each bound has the core for itself; the bridge does all
three on it, so their sum is what one core can do at best.

Beside the clock stands the processor time of this process: Python holds one core at a time, and a
machine that others share tells little by the clock.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.cloud_bridge.bench_ingest import (
    AUTHORITY,
    BATCH,
    EPOCH,
    KEY,
    bare_commits,
    messages,
)
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.service import Bridge
from cloud_bridge.settings import BridgeSettings, MqttSettings
from packtrail.record import unseal
from tests.databases import Postgres
from tests.services import LOOPBACK, Mosquitto

ROUNDS, WAIT_S, RECORDS = 5, 120.0, 6_000
LOOK_S = 0.05
BAR = 0.6


class Bare(MqttLink):
    """The bridge's own client and session; whatever comes is acknowledged and counted.

    Args:
        port: the broker's.
        wanted: so many messages are all.
        plain: read and acknowledge as paho does, message by message.
    """

    def __init__(self, port: int, wanted: int, *, plain: bool = False) -> None:
        super().__init__(MqttSettings(port=port), Inbox(1))
        self.done = threading.Event()
        self._left = wanted
        self._taken: list[int] = []
        self._client.on_publish_read = None if plain else self._read
        self._client.on_message = self._count
        if plain:
            self._client.read_bytes = 1

    def _read(self, _topic: bytes, _data: bytes, packet: int, _qos: int) -> None:
        self._taken.append(packet)
        if len(self._taken) == BATCH or len(self._taken) >= self._left:
            self._client.acknowledge(self._taken)
            self._tell(len(self._taken))
            self._taken.clear()

    def _count(self, client: Client, _data: Any, message: Any) -> None:
        client.ack(message.mid, message.qos)
        self._tell(1)

    def _tell(self, count: int) -> None:
        self._left -= count
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


class Spent(NamedTuple):
    """Seconds by the clock, and of the processor in this process."""

    clock: float
    processor: float


def spent(action: Callable[[], object]) -> Spent:
    """What one call takes."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def drained_bare(port: int, *, plain: bool) -> Spent:
    """What it takes until a bare subscriber has everything."""
    link = Bare(port, RECORDS, plain=plain)

    def drain() -> None:
        link.start()
        assert link.done.wait(WAIT_S)

    taken = spent(drain)
    link.stop()
    return taken


def drained(port: int, folder: Path, store: dict[str, str]) -> Spent:
    """What all records take a running bridge: from its first commit to its last, scaled."""
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

    bridge.start()
    begun = reached(bridge, 1)
    taken = spent(lambda: reached(bridge, RECORDS))
    bridge.stop()
    share = RECORDS / (RECORDS - begun)
    return Spent(taken.clock * share, taken.processor * share)


def reached(bridge: Bridge, wanted: int) -> int:
    """Wait for so many records to be committed; how many there are."""
    deadline = time.perf_counter() + WAIT_S
    while (through := bridge.store.progress("g", EPOCH).through) < wanted:
        assert time.perf_counter() < deadline
        time.sleep(LOOK_S)
    return through


def one_round(sealed: list[tuple[str, bytes]], server: Postgres, folder: Path) -> dict[str, Spent]:
    """What everything takes for all records."""
    broker = Mosquitto(folder / "broker", "max_inflight_messages 0")
    broker.start()
    ways: dict[str, Callable[[Path], Spent]] = {
        "bare subscriber, as paho comes": lambda _: drained_bare(broker.port, plain=True),
        "bound: MQTT to a bare subscriber": lambda _: drained_bare(broker.port, plain=False),
        "the bridge, SQLite": lambda at: drained(broker.port, at, {"path": str(at / "b.sqlite")}),
        "the bridge, PostgreSQL": lambda at: drained(
            broker.port, at, {"postgres": server.database()}
        ),
    }
    found = {}
    for number, (name, drain) in enumerate(ways.items()):
        subscribe(broker.port)
        publish(broker.port, sealed)
        place = folder / str(number)
        place.mkdir()
        found[name] = drain(place)
    broker.stop()
    opened = [unseal(data) for _, data in sealed]
    found["bound: Ed25519 check"] = spent(lambda: [one.accepted_by(KEY.public) for one in opened])
    found["bound: grouped commits"] = spent(lambda: bare_commits(sealed, folder))
    bounds = [taken for name, taken in found.items() if name.startswith("bound")]
    found["the three bounds one after the other"] = Spent(
        sum(one.clock for one in bounds), sum(one.processor for one in bounds)
    )
    return found


def row(name: str, rounds: list[dict[str, Spent]]) -> tuple[str, ...]:
    """Medians of a way, and of its ratio to the slowest bound of its own round."""
    told = [name]
    for which in range(2):
        rate = median(RECORDS / one[name][which] for one in rounds)
        slowest = [max(one[b][which] for b in one if b.startswith("bound")) for one in rounds]
        share = median(bound / one[name][which] for bound, one in zip(slowest, rounds, strict=True))
        told += [f"{rate:,.0f} /s", f"{share:.2f}"]
    return tuple(told)


def main() -> None:
    """Print the table."""
    sealed, found = messages(count=RECORDS), []
    server = Postgres()
    server.start()
    try:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                found.append(one_round(sealed, server, Path(name)))
    finally:
        server.remove()
    size = f"records of {len(sealed[0][1]):,} bytes"
    head = (size, "by the clock", f"of the slowest ({BAR})", "per second of processor", "of it")
    table(head, [row(name, found) for name in found[0]])
