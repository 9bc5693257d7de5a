"""A week without a link at 20 packs, in accelerated time, and how fast it drains afterwards.

Records are those of a station: a chunk of a minute of 112 cells for each pack, charging at the
rates of the sampling rule. The bridge is a player that stores numbers and answers with
receipts over a real mosquitto, so that what is measured is the gateway.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np

from gateway.outbox import SqliteOutbox, Telemetry
from gateway.uplink import Broker, Uplink, paho_links
from packtrail.columns import encode_columns
from packtrail.sample import SampleBatch
from packtrail.times import NS_PER_S, ClockQuality
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, KEY, PACK, T0
from tests.services import LOOPBACK, Mosquitto

PACKS, MINUTES = 20, 7 * 24 * 60
WEEK_S = 7 * 86_400


class QuickBridge(BridgePlayer):
    """Answers now and then instead of for each record, as a bridge with batches does."""

    def __init__(self, port: int) -> None:
        self._pending = 0
        self._guard = threading.Lock()
        self.through = 0
        super().__init__(port)

    def say_receipt(self, gateway: str, epoch: str) -> None:
        self._pending += 1
        if self._pending >= 16 or len(self.records) >= self.expected:
            self._pending = 0
            self._answer(gateway, epoch)

    expected = 0

    def _answer(self, gateway: str, epoch: str) -> None:
        from packtrail.receipt import Receipt, seal_receipt
        from packtrail.topics import receipt_topic

        while (epoch, self.through + 1) in self.records:
            self.through += 1
        answer = Receipt(
            gateway=gateway, epoch=epoch, through=self.through, committed_ns=time.time_ns()
        )
        self._client.publish(receipt_topic(gateway), seal_receipt(answer, BRIDGE_KEY), qos=1)


def chunk_of(random: np.random.Generator) -> bytes:
    """A minute of a charging pack, one sample a second."""
    n = 60
    cells = 3.3 + np.cumsum(random.normal(0, 2e-4, (n, 112)), axis=0)
    values = {
        "cell_voltage_v": np.round(cells, 3),
        "pack_voltage_v": np.round(cells.sum(axis=1), 1),
        "pack_current_a": np.round(120 + random.normal(0, 0.3, n), 1),
        "soc_pct": np.round(40 + np.arange(n) * 0.02, 1),
        "temperature_c": np.round(30 + random.normal(0, 0.1, (n, 16)), 0),
    }
    t_ns = T0 + np.arange(n) * NS_PER_S
    return encode_columns(SampleBatch(t_ns, values))


def a_week_offline(folder: Path) -> None:
    """Fill, look at the file, drain, look again; prints what was measured."""
    folder.mkdir()
    share = float(os.environ.get("DURABILITY_WEEK", "1"))
    count = int(PACKS * MINUTES * share)
    random = np.random.default_rng(7)
    bodies = [chunk_of(random) for _ in range(50)]
    outbox = SqliteOutbox(folder / "outbox.db", gateway=GATEWAY, key=KEY)
    begun = time.monotonic()
    last = None
    for number in range(count):
        body, t_ns = bodies[number % len(bodies)], T0 + number * 3 * NS_PER_S
        last = outbox.put(Telemetry(PACK, str(number % PACKS), t_ns, ClockQuality.FREE, body))
        while number % 2000 == 1999 and not last.done():
            time.sleep(0.01)
    assert last is not None
    last.result(600)
    filled_s = time.monotonic() - begun
    size = sum(file.stat().st_size for file in folder.glob("outbox.db*")) / 1e6
    dropped = outbox.counters().dropped + outbox.counters().thinned
    print(
        f"{share:g} weeks offline, {PACKS} packs: {count} records in {filled_s:.0f} s, "
        f"{size:.0f} MB on disk (a week {size / share:.0f} MB, limit 2000), given up {dropped}",
        flush=True,
    )
    drained_s, repeats, stored = _drain(folder, outbox, count)
    left = sum(file.stat().st_size for file in folder.glob("outbox.db*")) / 1e6
    ratio = WEEK_S * share / drained_s
    print(
        f"drained in {drained_s:.0f} s = {ratio:.0f} x real time (limit 50), "
        f"lost {count - stored}, sent twice {repeats}, {left:.0f} MB left on disk",
        flush=True,
    )


def _drain(folder: Path, outbox: SqliteOutbox, count: int) -> tuple[float, int, int]:
    broker = Mosquitto(folder / "mosquitto")
    broker.start()
    bridge = QuickBridge(broker.port)
    bridge.expected = count
    address = Broker(LOOPBACK, broker.port, client_id=GATEWAY)
    links = paho_links(address, GATEWAY, 64)
    uplink = Uplink(outbox, gateway=GATEWAY, bridge=BRIDGE_KEY.public, make_link=links)
    begun = time.monotonic()
    uplink.start()
    while outbox.counters().waiting:
        time.sleep(0.05)
    drained_s = time.monotonic() - begun
    uplink.stop()
    outbox.close()
    stored, repeats = len(bridge.records), bridge.repeats
    bridge.close()
    broker.stop()
    return drained_s, repeats, stored
