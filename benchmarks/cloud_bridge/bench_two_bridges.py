"""Two bridges against one: one MQTT 5 shared subscription, one PostgreSQL, a process per bridge.

Signed minutes of 16 gateways wait in the broker, dealt out to the sessions of the group. Beside the
clock stands what the bridges' processors did for a record: two bridges can only be twice as fast
where each, the broker and the database find a core that is free, and this says whether they did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.cloud_bridge.bench_ingest import AUTHORITY, messages
from benchmarks.cloud_bridge.bench_mqtt import RECORDS, WAIT_S, Spent, publish
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Inbox
from cloud_bridge.ingest.mqtt import MqttLink
from cloud_bridge.settings import MqttSettings
from packtrail.signing import SigningKey
from tests.databases import Postgres
from tests.services import LOOPBACK, Mosquitto, free_port

ROUNDS, GATEWAYS = 3, 16
KEYS = [SigningKey.generate() for _ in range(GATEWAYS)]
TICKS = os.sysconf("SC_CLK_TCK")


def settings(folder: Path, name: str, port: int, conninfo: str) -> Path:
    """The settings of one bridge."""
    trust = "".join(
        f'[[trust]]\nparty = "g{n}"\nrole = "gateway"\npublic_key = "{key.public.text}"\n'
        for n, key in enumerate(KEYS)
    )
    file = folder / f"{name}.toml"
    file.write_text(
        f'name = "{name}"\nkey_file = "bridge.pem"\n[store]\npostgres = "{conninfo}"\n'
        f'[mqtt]\nhost = "{LOOPBACK}"\nport = {port}\nclient_id = "{name}"\n'
        f'shared_group = "bridges"\n[http]\nport = {free_port()}\n{trust}'
    )
    return file


def stored(database: psycopg.Connection[tuple[int]]) -> int:
    """How many records are committed; none before a bridge has made the tables."""
    found = database.execute("SELECT to_regclass('record') IS NOT NULL").fetchone()
    if not found or not found[0]:
        return 0
    row = database.execute("SELECT count(*) FROM record").fetchone()
    return row[0] if row else 0


def processor_s(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor that a process has had."""
    told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / TICKS


def leave_a_session(port: int, name: str) -> None:
    """Make a bridge's part of the shared subscription, and leave it."""
    link = MqttLink(MqttSettings(port=port, client_id=name, shared_group="bridges"), Inbox(1))
    link.start()
    while not link.connected:
        time.sleep(0.01)
    link.stop()


def started(file: Path) -> subprocess.Popen[bytes]:
    """A bridge in a process of its own, its log beside its settings."""
    run = [sys.executable, "-m", "packtrail", "bridge", "run", "--settings", str(file)]
    with file.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(run, stdout=log, stderr=log)


def drained(names: list[str], sealed: list[tuple[str, bytes]], server: Postgres) -> Spent:
    """Clock and processor from the first commit to the last, scaled to all records."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        AUTHORITY.save(folder / "bridge.pem")
        broker, conninfo = (
            Mosquitto(folder / "broker", "max_inflight_messages 0"),
            server.database(),
        )
        broker.start()
        for name in names:
            leave_a_session(broker.port, name)
        publish(broker.port, sealed)
        files = [settings(folder, name, broker.port, conninfo) for name in names]
        with psycopg.connect(conninfo, autocommit=True) as database:
            bridges = [started(file) for file in files]
            try:
                return watched(database, bridges)
            except AssertionError:
                for file in files:
                    print(file.with_suffix(".log").read_text()[-2_000:], file=sys.stderr)
                raise
            finally:
                for bridge in bridges:
                    bridge.terminate()
                    bridge.wait(30)
                broker.stop()


def watched(
    database: psycopg.Connection[tuple[int]], bridges: list[subprocess.Popen[bytes]]
) -> Spent:
    """Wait for the last record."""
    deadline = time.monotonic() + WAIT_S
    while not (begun := stored(database)):
        assert all(bridge.poll() is None for bridge in bridges), (
            f"ended: {[b.poll() for b in bridges]}"
        )
        assert time.monotonic() < deadline
        time.sleep(0.005)
    clock, processor = time.perf_counter(), sum(map(processor_s, bridges))
    while stored(database) < RECORDS:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    share = RECORDS / (RECORDS - begun)
    spent = time.perf_counter() - clock, sum(map(processor_s, bridges)) - processor
    return Spent(spent[0] * share, spent[1] * share)


def main() -> None:
    """Print the table."""
    sealed = messages([f"g{n}" for n in range(GATEWAYS)], KEYS, RECORDS)
    ways = {"one bridge": ["one"], "two bridges": ["one", "two"]}
    found: dict[str, list[Spent]] = {name: [] for name in ways}
    server = Postgres()
    server.start()
    try:
        for _ in range(ROUNDS):
            for name, names in ways.items():
                found[name].append(drained(names, sealed, server))
    finally:
        server.remove()
    faster = median(one.clock / two.clock for one, two in zip(*found.values(), strict=True))
    rows = [
        (
            name,
            f"{median(RECORDS / one.clock for one in spent):,.0f} /s",
            f"{median(one.processor / RECORDS for one in spent) * 1e6:,.0f} us",
            f"{median(one.processor / one.clock for one in spent):.2f}",
        )
        for name, spent in found.items()
    ]
    table(("", "records", "of processor each", "cores the bridges had"), rows)
    print(
        f"two against one: {faster:.2f} times; {os.cpu_count()} cores for bridges, broker, database"
    )
