"""From an event's commit to a listener of server-sent events: 1, 50 and 200 of them.

`python -m benchmarks.cloud_bridge.bench_live` makes a store, runs `packtrail bridge run` on it in a
process of its own, and appends signed events from this one, as another bridge on the same store
would: at moments that the bridge's looks know nothing of. The limit is the time between two looks:
who waits for the next one waits for half of it in the middle and for 95 % of it at p95.

Listeners hear one pack that everybody looks at, or the ledger. "ingest" is the same while gateways
publish signed minutes of telemetry over mosquitto; once on SQLite, once on PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles
from typing import Final, Self
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.cloud_bridge.bench_ingest import KEY, messages
from benchmarks.cloud_bridge.bench_pages import resident_mb, serving
from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.big_world import World, key_of
from benchmarks.timing import table
from cloud_bridge.live.pulse import EVERY_S
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import Fact, Store
from cloud_bridge.store.opening import open_existing
from packtrail.event import Event, PackInstalled, PackRemoved, PlaceRef, UnitRef, sign_event
from packtrail.settings import load
from packtrail.times import ClockQuality, format_time
from tests.databases import Postgres
from tests.services import LOOPBACK, Mosquitto

PACKS, EVENTS, LISTENERS = 1_000, 20, (1, 50, 200)
INGEST_PER_S: Final = 100.0
LATEST_S: Final = 30.0
PATHS: Final = {"pack": "/api/v1/packs/{}/live", "ledger": "/api/v1/ledger/live"}
KNOWN: Final = {"pack": re.compile(rb'"events":(\d+)'), "ledger": re.compile(rb"^id: (\d+)")}
"""A state may be newer than the position that it was read at, which is its id."""


class Ears:
    """Listeners in a thread of their own; each notes when it had what of the ledger.

    Args:
        url: of the bridge.
        path: of the stream.
        many: how many.
        known: finds in a line how many facts one has with it.
    """

    def __init__(self, url: str, path: str, many: int, known: re.Pattern[bytes]) -> None:
        self._place, self._path, self._known = urlsplit(url), path, known
        self.heard: list[list[tuple[int, float]]] = [[] for _ in range(many)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join()

    def wait(self, size: int) -> None:
        """Until everybody has so many facts."""
        until = time.monotonic() + LATEST_S
        while not all(one and one[-1][0] >= size for one in self.heard):
            assert time.monotonic() < until, f"not everybody has heard of fact {size}"
            time.sleep(0.01)

    def after(self, size: int, moment: float) -> list[float]:
        """Seconds from a moment until each listener first had so many facts."""
        return [next(at for known, at in one if known >= size) - moment for one in self.heard]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._all = asyncio.gather(*map(self._listen, self.heard))
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._all)
        self._loop.close()

    async def _listen(self, heard: list[tuple[int, float]]) -> None:
        host, port = self._place.hostname or "", self._place.port
        reader, writer = await asyncio.open_connection(host, port, limit=2**24)
        try:
            writer.write(f"GET {self._path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            status = await reader.readline()
            assert b" 200 " in status, status
            while line := await reader.readline():
                if found := self._known.search(line):
                    heard.append((int(found[1]), time.perf_counter()))
        finally:
            writer.close()


class Teller:
    """Appends signed events of one pack, as another bridge on the store would."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._home = store, world.stations[0]
        self.unit = UnitRef("gbt34014", world.code(0))
        self._number = 0

    def tell(self) -> tuple[int, int, float]:
        """One event; facts of the ledger and of the pack with it, and when it was committed."""
        self._number += 1
        body = (PackInstalled, PackRemoved)[self._number % 2](place=PlaceRef(self._home, "1"))
        now = format_time(time.time_ns())
        event = Event(
            unit=self.unit,
            occurred_from=now,
            occurred_to=now,
            clock=ClockQuality.SYNCED,
            author=self._home,
            stream=f"{time.time_ns():016x}",
            counter=self._number,
            body=body,
        )
        fact = Fact(sign_event(event, key_of(self._home)), event)
        (leaf,) = self._store.append([fact], time.time_ns())
        moment = time.perf_counter()
        assert leaf is not None
        return leaf + 1, self._store.lines_of(self.unit, leaf + 1), moment


def delays(url: str, kind: str, many: int, teller: Teller) -> list[float]:
    """Seconds from each commit to each listener."""
    dice, found = random.Random(many), []
    path = PATHS[kind].format(teller.unit.id)
    with Ears(url, path, many, KNOWN[kind]) as ears:
        time.sleep(2 * EVERY_S)
        told = []
        for _ in range(EVENTS):
            time.sleep(dice.uniform(0.5, 1.5) * EVERY_S)
            in_all, of_the_pack, moment = teller.tell()
            told.append((of_the_pack if kind == "pack" else in_all, moment))
        ears.wait(told[-1][0])
        for size, moment in told:
            found += ears.after(size, moment)
    return found


@contextmanager
def ingesting(port: int, sealed: Sequence[tuple[str, bytes]]) -> Iterator[None]:
    """Records come at an even pace meanwhile; who is through begins again, and they are known."""
    stop = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(LOOPBACK, port)
    client.loop_start()

    def publish() -> None:
        begin, number = time.monotonic(), 0
        while not stop.wait(max(0.0, begin + number / INGEST_PER_S - time.monotonic())):
            client.publish(*sealed[number % len(sealed)], 1)
            number += 1

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


def row(name: str, found: list[float]) -> tuple[str, ...]:
    """A line of the table, ms."""
    cut = quantiles(found, n=20, method="inclusive")
    times = [cut[9], cut[18], max(found)]
    over = f"{cut[18] / (0.95 * EVERY_S):.2f}"
    return (name, *(f"{one * 1000:,.0f}" for one in times), over)


def measure(folder: Path, world: World, database: str, port: int) -> list[tuple[str, ...]]:
    """Every stream and number of listeners, without ingest and with it."""
    store = open_existing(load(BridgeSettings, folder / "bridge.toml").store)
    teller, rows = Teller(store, world), []
    sealed = messages()
    with serving(folder) as (url, pid):
        for kind in PATHS:
            for many in LISTENERS:
                what = f"{database}, {kind}, {many} listening"
                rows.append(row(what, delays(url, kind, many, teller)))
                with ingesting(port, sealed):
                    rows.append(row(f"{what}, ingest", delays(url, kind, many, teller)))
                print(*rows[-2:], sep="\n", flush=True)
        print(f"resident memory of the bridge: {resident_mb(pid)[0]:.0f} MB")
    store.close()
    return rows


def settle(folder: Path, port: int) -> None:
    """Let the bridge hear the broker, trust the gateway of the records and seat all listeners."""
    file = folder / "bridge.toml"
    text = file.read_text().replace("[mqtt]\nport = 1\n", f"[mqtt]\nport = {port}\n")
    text = text.replace("[http]\n", f"[http]\nstreams = {2 * max(LISTENERS)}\n")
    trust = f'\n[[trust]]\nparty = "g"\nrole = "gateway"\npublic_key = "{KEY.public.text}"\n'
    file.write_text(text + trust)


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--only", default="", metavar="DATABASE", help="SQLite or PostgreSQL")
    args, _ = reader.parse_known_args()
    rows: list[tuple[str, ...]] = []
    for database in ("SQLite", "PostgreSQL"):
        if args.only in database:
            rows += on(database)
    head = ("from commit to listener, ms", "p50", "p95", "most", "p95 over that of the next look")
    table(head, rows)


def on(database: str) -> list[tuple[str, ...]]:
    """All of one database."""
    server = Postgres() if database == "PostgreSQL" else None
    with tempfile.TemporaryDirectory() as name:
        folder, broker = Path(name), Mosquitto(Path(name) / "broker")
        broker.start()
        if server:
            server.start()
        try:
            world = build(folder, PACKS, server.database() if server else "")
            settle(folder, broker.port)
            return measure(folder, world, database, broker.port)
        finally:
            broker.stop()
            if server:
                server.remove()


if __name__ == "__main__":
    main()
