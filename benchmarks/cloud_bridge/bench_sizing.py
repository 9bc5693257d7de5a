"""What one record costs bridge and database, and what so many packs need then.

Signed minutes of 16 gateways go from the broker through one bridge into PostgreSQL. Counted are the
processor time of the bridge's process, of all processes of PostgreSQL, the log that it wrote, and
what its tables and indexes grew by: nothing that a neighbour on a shared machine takes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.cloud_bridge.bench_ingest import AUTHORITY, RECORDS, messages
from benchmarks.cloud_bridge.bench_mqtt import WAIT_S, publish
from benchmarks.cloud_bridge.bench_two_bridges import (
    GATEWAYS,
    KEYS,
    leave_a_session,
    processor_s,
    settings,
    started,
    stored,
)
from benchmarks.cloud_bridge.sizing import Cost, show
from benchmarks.timing import table
from tests.databases import Postgres
from tests.services import Mosquitto

ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")
GROWN = """
SELECT sum(pg_total_relation_size(oid)), pg_current_wal_insert_lsn() - '0/0'
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def database_s(server: Postgres) -> float:
    """Seconds of processor of the server and of every process it has or had."""
    assert server.process
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _ticks(str(pid), 4) + sum(_ticks(child, 2) for child in children)


def _ticks(pid: str, count: int) -> float:
    """User and system time; with 4 of them those of its children that ended, too (proc(5))."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11 : 11 + count])) / TICKS


def state(
    database: psycopg.Connection[Any], server: Postgres, bridge: subprocess.Popen[bytes]
) -> tuple[float, Cost]:
    """How many records there are, and what everything has taken until now, in all."""
    tables, log = database.execute(GROWN).fetchone() or (0, 0)
    taken = processor_s(bridge) * 1e6, database_s(server) * 1e6
    return stored(database), Cost(*taken, float(tables), float(log))


def drained(sealed: list[tuple[str, bytes]], server: Postgres, folder: Path) -> Cost:
    """What each record took, from the first that is committed to the last."""
    AUTHORITY.save(folder / "bridge.pem")
    broker = Mosquitto(folder / "broker", "max_inflight_messages 0")
    broker.start()
    leave_a_session(broker.port, "one")
    publish(broker.port, sealed)
    conninfo = server.database()
    with psycopg.connect(conninfo, autocommit=True) as database:
        bridge = started(settings(folder, "one", broker.port, conninfo))
        try:
            until(database, 1)
            begun, before = state(database, server, bridge)
            until(database, RECORDS)
            ended, after = state(database, server, bridge)
        finally:
            bridge.terminate()
            bridge.wait(30)
            broker.stop()
    return Cost(*((b - a) / (ended - begun) for a, b in zip(before, after, strict=True)))


def until(database: psycopg.Connection[Any], wanted: int) -> None:
    """Wait for so many records; seldom enough not to be counted for much."""
    deadline = time.monotonic() + WAIT_S
    while stored(database) < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def main() -> None:
    """Print the costs and the table."""
    sealed, found = messages([f"g{n}" for n in range(GATEWAYS)], KEYS), []
    server = Postgres()
    server.start()
    try:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                found.append(drained(sealed, server, Path(name)))
    finally:
        server.remove()
    cost = Cost(*(median(column) for column in zip(*found, strict=True)))
    spread = [f"{min(one):,.0f} to {max(one):,.0f}" for one in zip(*found, strict=True)]
    names = ("bridge, us", "database, us", "tables and indexes, bytes", "log, bytes")
    medians = [f"{value:,.0f}" for value in cost]
    head = (f"a record of {len(sealed[0][1]):,} bytes", "median", "of all rounds")
    table(head, list(zip(names, medians, spread, strict=True)))
    print()
    show(cost)
