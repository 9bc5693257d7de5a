"""The database below a store: its steps, its faults, and what nobody may change in it."""

from __future__ import annotations

import re
import sqlite3

import psycopg
import pytest

from cloud_bridge.errors import StoreError
from cloud_bridge.store import Refused, SqliteStore
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.store.statements import migrations, statements
from packtrail.event import Subject, SwapPerformed, encode_event
from tests.cloud_bridge import parts
from tests.contracts.stores import NOW, arrival, chunk, through

APPEND_ONLY = {
    "record": "seq",
    "refused": "seq",
    "equivocation": "seq",
    "unit": "id",
    "chunk": "samples",
    "ledger": "leaf",
    "ledger_unit": "leaf",
    "tree": "hash",
    "checkpoint": "root",
}


def test_what_is_recorded_can_be_neither_changed_nor_deleted(database):
    store = database.open()
    bad = arrival(3, Refused("x"))
    store.commit([arrival(1, chunk()), arrival(2, parts.installed()), bad], [], NOW)
    store.commit([arrival(1, payload=b"other")], [], NOW)
    store.save_checkpoint(1, b"r", "n", NOW)
    store.close()
    other = {"hash": "''", "root": "''", "id": "'x'"}
    for table, column in APPEND_ONLY.items():
        value = other.get(column, f"{column} + 1")
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {value}"):
            with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match="only"):
                database.execute(change)
        if database.name == "postgres":
            with pytest.raises(psycopg.IntegrityError, match="append-only"):
                database.execute(f"TRUNCATE {table} CASCADE")


def test_a_store_of_a_newer_version_is_left_alone(database):
    database.open().close()
    database.execute(
        "PRAGMA user_version = 99"
        if database.name == "sqlite"
        else "INSERT INTO schema_version VALUES (99)"
    )
    with pytest.raises(StoreError, match="newer version"):
        database.open()


def test_every_database_takes_the_same_steps():
    steps = {
        kind: [(m.version, m.name) for m in migrations(kind)] for kind in ("sqlite", "postgres")
    }
    assert steps["sqlite"] == steps["postgres"]
    assert statements("sqlite").keys() <= statements("postgres").keys()


def test_what_a_released_version_wrote_is_carried_over(tmp_path):
    """Version 0.1.0 had the first step only."""
    old = sqlite3.connect(tmp_path / "db")
    old.executescript(migrations("sqlite")[0].script)
    old.execute("PRAGMA user_version = 1")
    row = ("g", parts.EPOCH, 7, *(parts.PACK.scheme, parts.PACK.id), "3", 1, 2, 60, b"sealed", NOW)
    old.execute(f"INSERT INTO chunk VALUES ({', '.join('?' * len(row))})", row)
    swap = parts.fact(SwapPerformed(parts.CAR, "north"))
    line = encode_event(swap.signed)
    row = (0, swap.signed.event_id, "SwapPerformed", "station-1", parts.EPOCH, 1, NOW, line)
    old.execute(f"INSERT INTO ledger VALUES ({', '.join('?' * len(row))})", row)
    old.commit()
    old.close()
    store = SqliteStore(tmp_path / "db")
    (kept,) = store.latest_chunks(parts.PACK)
    assert (kept.address.seq, kept.data, kept.recorded_ns) == (7, b"sealed", NOW)
    assert store.newest_chunk() == 1
    car = store.entries_about(Subject("vehicle", parts.CAR.id))
    assert [entry.event.body.vehicle for entry in car] == [parts.CAR]
    assert len(store.entries_about(Subject("site", "north"))) == 1
    store.close()


def test_a_file_that_is_no_database_is_refused_with_its_name(tmp_path):
    (tmp_path / "db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="db: "):
        SqliteStore(tmp_path / "db")


def test_what_a_store_holds_survives_its_closing(database):
    store = database.open()
    store.commit([arrival(1, chunk()), arrival(2, parts.installed())], [], NOW)
    store.close()
    again = database.open()
    assert through(again) == 2
    assert again.size() == 1
    again.close()


def test_a_postgres_that_is_killed_takes_back_what_was_under_way(mortal_postgres):
    store = PostgresStore(mortal_postgres.database())
    store.commit([arrival(1, chunk())], [], NOW)
    mortal_postgres.kill()
    with pytest.raises(StoreError, match="does not answer") as told:
        store.commit([arrival(2, chunk())], [], NOW)
    assert told.value.retryable
    with pytest.raises(StoreError):
        store.counts()
    mortal_postgres.start()
    assert through(store) == 1
    store.commit([arrival(2, chunk())], [], NOW)
    assert (through(store), store.counts().chunks) == (2, 2)
    store.close()


def test_a_password_or_address_that_is_wrong_is_one_line_without_secrets():
    with pytest.raises(StoreError) as told:
        PostgresStore("postgresql://bridge@127.0.0.1:1/x", password="geheim")
    assert "geheim" not in told.value.describe("en")
    with pytest.raises(StoreError, match="cannot be read"):
        PostgresStore("postgresql://[")


def test_an_error_in_a_pipeline_is_told_as_what_it_is(postgres):
    store = PostgresStore(postgres.database())
    row = {"size": 1, "root": b"", "note": "n", "now": 1}
    line = {"leaf": 0, "event_id": "e", "type": "t", "author": "a", "stream": "s", "counter": 1}
    line |= {"now": 1, "signed": b""}

    def write() -> None:
        with store._transaction(1) as rows:
            rows.run_many("insert_checkpoint", [row])
            rows.run_many("insert_ledger", [line])
            rows.run_many("insert_ledger", [line])

    with pytest.raises(StoreError, match="refuses: duplicate key") as caught:
        write()
    assert not caught.value.retryable
    assert (store.size(), store.checkpoint()) == (0, None)
    assert store.append([parts.installed()], parts.T0) == (0,)
    store.close()


@pytest.mark.parametrize("name", ["find_records", "find_events", "spoken_of"])
def test_what_a_batch_asks_costs_the_same_in_a_store_of_any_size(postgres, name):
    store = PostgresStore(postgres.database())
    values = {"gateway": "g", "epoch": "e", "seqs": "[7, 8]", "event_ids": '["a", "b"]'}
    with store._transaction() as rows:
        rows.connection.execute("SET LOCAL enable_seqscan = off")  # as in a table that is large
        plan = rows.connection.execute(b"EXPLAIN " + store._statements[name], values).fetchall()
    told = "\n".join(line for (line,) in plan)
    column = {"find_records": "seq", "find_events": "event_id", "spoken_of": "id"}[name]
    # The index itself is asked for each wanted value, not for everything beside it.
    assert re.search(rf"Index Cond: .*{column} = ", told), told
    store.close()
