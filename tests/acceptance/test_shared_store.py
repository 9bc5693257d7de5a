"""The promise with two bridges: one MQTT 5 shared subscription, one PostgreSQL, kill -9 anywhere.

The broker hands each record of the gateway to either bridge; both answer from what the common
store holds. A bridge, both, or the database server is killed in full flow and started again. In
the end every record that reached the outbox is in the store once, and both bridges had their
part in it.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from packtrail.columns import decode_columns
from packtrail.event import IncidentRecorded, decode_event
from packtrail.record import unseal
from packtrail.signing import SigningKey
from tests.acceptance.house import DRAIN_S, GATEWAY, Process, Stream
from tests.databases import Postgres, mortal_postgres
from tests.services import LOOPBACK, Mosquitto, free_port, wait_for_port

__all__ = ["mortal_postgres"]

KILLS = 10


class SharedBridge(Process):
    """`packtrail bridge run`, one of several on one database and one subscription."""

    def __init__(self, folder: Path, name: str, broker: int, conninfo: str, gateway: str) -> None:
        super().__init__(folder, name)
        self.http_port = free_port()
        self.settings = folder / f"{name}.toml"
        self.settings.write_text(
            f'name = "{name}"\nkey_file = "bridge.pem"\n[store]\npostgres = "{conninfo}"\n'
            f'[mqtt]\nhost = "{LOOPBACK}"\nport = {broker}\nclient_id = "{name}"\n'
            f'shared_group = "bridges"\n[ingest]\nbatch_ms = 20\n[http]\nport = {self.http_port}\n'
            f'[[trust]]\nparty = "{GATEWAY}"\nrole = "gateway"\npublic_key = "{gateway}"\n'
        )

    def arguments(self) -> list[str]:
        return ["packtrail", "bridge", "run", "--settings", str(self.settings)]


@pytest.fixture
def house(mortal_postgres, tmp_path):
    """Database, broker, two bridges and the stream, running; all ended afterwards."""
    conninfo = mortal_postgres.database()
    broker = Mosquitto(tmp_path / "mosquitto")
    keys = {}
    for name in ("gateway", "bridge"):
        SigningKey.generate().save(tmp_path / f"{name}.pem")
        keys[name] = SigningKey.load(tmp_path / f"{name}.pem").public.text
    bridges = [
        SharedBridge(tmp_path, name, broker.port, conninfo, keys["gateway"])
        for name in ("one", "two")
    ]
    stream = Stream(tmp_path, broker.port, "5", keys["bridge"])
    parts = [broker, *bridges, stream]
    try:
        for part in parts:
            part.start()
        yield mortal_postgres, conninfo, bridges, stream
    finally:
        for part in reversed(parts):
            part.kill()


def committed(conninfo: str) -> int:
    """How many records are dealt with; none before a bridge has made the tables."""
    with psycopg.connect(conninfo) as database:
        try:
            row = database.execute("SELECT count(*) FROM record").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return row[0] if row else 0


def wait_for_flow(conninfo: str, bridges: list[SharedBridge], seconds: float = 60) -> None:
    """Until records are committed that were not before."""
    deadline, before = time.monotonic() + seconds, committed(conninfo)
    while committed(conninfo) == before:
        assert time.monotonic() < deadline, "nothing flows"
        revive(bridges)
        time.sleep(0.05)


def numbers_in(conninfo: str) -> Counter[int]:
    """How often each known number took effect."""
    found: Counter[int] = Counter()
    with psycopg.connect(conninfo) as database:
        for (data,) in database.execute("SELECT data FROM chunk"):
            batch = decode_columns(unseal(data).read().body)
            found.update(int(n) for n in batch.values["charge_throughput_ah"])
        for (data,) in database.execute("SELECT signed FROM ledger"):
            body = decode_event(data).read().body
            if isinstance(body, IncidentRecorded):
                found[int(body.value or 0)] += 1
    return found


def strike(chance: random.Random, postgres: Postgres, bridges: list[SharedBridge]) -> str:
    """Kill one bridge, both, or the database, and start it again."""
    what = chance.choice(["bridge", "bridges", "database", "all"])
    struck = {"bridge": [chance.choice(bridges)], "database": []}.get(what, bridges)
    for part in struck:
        part.kill()
    if what in ("database", "all"):
        postgres.kill()
        time.sleep(chance.choice([0, 0.3]))
        postgres.start()
    for part in struck:
        part.start()
    return what


def revive(bridges: list[SharedBridge]) -> None:
    """What systemd does: a bridge that started while its database was away has ended."""
    for bridge in bridges:
        if bridge.process.poll() is not None:
            bridge.start()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_bridges_on_one_database_lose_and_double_nothing(house):
    postgres, conninfo, bridges, stream = house
    chance, kills = random.Random(5), Counter()
    for bridge in bridges:
        wait_for_port(bridge.http_port, bridge.process)
    for _ in range(KILLS):
        wait_for_flow(conninfo, bridges)
        time.sleep(chance.uniform(0, 0.4))
        kills[strike(chance, postgres, bridges)] += 1

    revive(bridges)
    stream.until.touch()
    stream.process.wait(DRAIN_S)
    assert stream.process.returncode == 0, stream.log.read_text()[-2000:]
    for bridge in bridges:
        bridge.process.terminate()
        assert bridge.process.wait(15) == 0, bridge.log.read_text()[-2000:]

    journal = [int(line) for line in (stream.folder / "journal").read_text().split()]
    found = numbers_in(conninfo)
    assert kills["database"] + kills["all"] > 2
    assert kills["bridge"] + kills["bridges"] > 2
    assert len(journal) > 200
    assert [n for n in journal if n not in found] == []
    assert [n for n, times in found.items() if times > 1] == []
    with psycopg.connect(conninfo) as database:
        holes = database.execute(
            "SELECT epoch FROM record GROUP BY epoch HAVING max(seq) <> count(*)"
        ).fetchall()
    assert holes == []
