"""Every store keeps this contract, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import itertools
import re
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.errors import StoreError
from cloud_bridge.store import (
    Arrival,
    Blank,
    Chunk,
    Content,
    Cursor,
    Refused,
    SqliteStore,
    Store,
    Stranger,
)
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.store.statements import migrations, statements
from packtrail.event import (
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    LotPart,
    LotRef,
    MaterialProcessed,
    PackInstalled,
    PlaceRef,
    Subject,
    SwapPerformed,
    TelemetryAttributed,
    UnitRef,
    VehicleRef,
    encode_event,
)
from packtrail.proof import merkle
from packtrail.receipt import Refusal
from packtrail.sample import SampleBatch
from packtrail.times import format_time
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.databases import mortal_postgres, postgres

__all__ = ["mortal_postgres", "postgres"]

NOW = parts.T0 + parts.HOUR


class Sqlite:
    """Stores in one SQLite file."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "db"

    def open(self, **options: Any) -> Store:
        return SqliteStore(self.file, **options)

    def execute(self, statement: str) -> None:
        """What somebody does who has the database and not the store."""
        connection = sqlite3.connect(self.file)
        try:
            connection.execute(statement)
            connection.commit()
        finally:
            connection.close()


class Postgresql:
    """Stores in one PostgreSQL database."""

    name = "postgres"

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def open(self, **options: Any) -> Store:
        return PostgresStore(self.conninfo, **options)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(statement.encode())


Database = Sqlite | Postgresql


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path) -> Database:
    """An empty database that this contract has to hold on; a new kind joins here."""
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return Postgresql(request.getfixturevalue("postgres").database())


@pytest.fixture
def store(database) -> Iterator[Store]:
    made = database.open()
    yield made
    made.close()


def arrival(seq: int, content: Content | None = None, payload: bytes = b"", **where) -> Arrival:
    payload = payload or str(seq).encode()
    address = RecordAddress(where.get("gateway", "g"), where.get("epoch", parts.EPOCH), seq)
    return Arrival(address, hashlib.sha256(payload).digest(), payload, NOW, content or Blank())


def chunk(unit: UnitRef | None = parts.PACK, from_ns: int = parts.T0, slot: str = "3") -> Chunk:
    return Chunk(unit, slot, from_ns, from_ns + parts.MINUTE, 60)


def chunk_of(batch: SampleBatch, unit: UnitRef | None = parts.PACK) -> tuple[Chunk, bytes]:
    """Content and sealed bytes of real telemetry, for `arrival`."""
    data = parts.PlayedGateway().telemetry(batch, unit=unit)[1]
    return Chunk(unit, "3", int(batch.t_ns[0]), int(batch.t_ns[-1]), len(batch)), data


def through(store: Store) -> int:
    return store.progress("g", parts.EPOCH).through


def test_what_is_committed_is_named_in_the_receipt(store):
    committed = store.commit([arrival(1), arrival(2)], [], NOW)
    (progress,) = committed.progress
    assert (progress.through, progress.ahead, progress.refused) == (2, (), ())
    assert committed.stored == 2


def test_a_hole_holds_the_receipt_and_what_is_ahead_is_named(store):
    (progress,) = store.commit([arrival(1), arrival(4), arrival(3)], [], NOW).progress
    assert (progress.through, progress.ahead) == (1, (3, 4))
    (progress,) = store.commit([arrival(2)], [], NOW).progress
    assert (progress.through, progress.ahead) == (4, ())


def test_behind_a_hole_that_nothing_closes_every_record_is_answered(store):
    # Number 1 never comes again: the bridge was restored from a backup that lacks it.
    store.commit([arrival(seq) for seq in range(2, 400)], [], NOW)
    (progress,) = store.commit([arrival(401), arrival(350)], [], NOW).progress
    assert progress.through == 0
    assert progress.ahead == (*range(2, 256), 350, 401)


def test_epochs_and_gateways_count_apart(store):
    other = arrival(1, epoch="ffffffffffffffff")
    committed = store.commit([arrival(1), arrival(2), other, arrival(7, gateway="h")], [], NOW)
    assert [(p.gateway, p.through, p.ahead) for p in committed.progress] == [
        ("g", 2, ()),
        ("g", 1, ()),
        ("h", 0, (7,)),
    ]


def test_a_repeat_changes_nothing_and_is_answered_again(store):
    store.commit([arrival(1, chunk())], [], NOW)
    committed = store.commit([arrival(1, chunk())], [], NOW + 1)
    assert (committed.repeats, committed.stored) == (1, 0)
    assert committed.progress[0].through == 1
    assert store.counts().chunks == 1


def test_a_repeat_within_one_batch_is_stored_once(store):
    committed = store.commit([arrival(1, chunk()), arrival(1, chunk())], [], NOW)
    assert (committed.stored, committed.repeats, store.counts().chunks) == (1, 1, 1)


def test_a_refusal_counts_its_number_as_done_and_is_named_again_after_a_repeat(store):
    refused = arrival(2, Refused("columns", "torn"))
    first = store.commit([arrival(1), refused, arrival(3)], [], NOW)
    assert first.progress[0].through == 3
    assert first.progress[0].refused == (Refusal(2, "columns", "torn"),)
    assert store.commit([arrival(4)], [], NOW).progress[0].refused == ()
    again = store.commit([refused], [], NOW)
    assert again.progress[0].refused == (Refusal(2, "columns", "torn"),)
    assert store.counts().refused == 1


def test_other_content_under_a_taken_number_is_kept_beside_it(store):
    store.commit([arrival(1, chunk(), b"first")], [], NOW)
    for _ in range(2):
        committed = store.commit([arrival(1, chunk(parts.OTHER_PACK), b"second")], [], NOW)
    assert committed.equivocations == 1
    assert committed.progress[0].through == 1
    (found,) = store.equivocations()
    assert found.address.seq == 1
    assert found.digest == hashlib.sha256(b"second").digest()
    assert store.latest_chunks(parts.PACK)[0].data == b"first"
    assert store.latest_chunks(parts.OTHER_PACK) == []


def test_strangers_are_kept_bounded_and_never_answered(database):
    store = database.open(keep_strangers=10)
    strangers = [Stranger(f"t/{i}", "key", b"x") for i in range(8)]
    assert store.commit([], strangers, NOW).progress == ()
    store.commit([], strangers, NOW)
    assert store.counts().strangers == 10
    store.close()


def test_facts_grow_the_tree_of_the_rfc(store):
    facts = [parts.registered(), *(parts.installed(counter=i) for i in range(1, 12))]
    assert store.append(facts, NOW) == tuple(range(12))
    hashes = [merkle.leaf_hash(encode_event(one.signed)) for one in facts]
    assert [store.node(0, i) for i in range(12)] == hashes
    assert merkle.root(2, store.node) == merkle.node_hash(*hashes[:2])
    assert [one.signed for one in store.entries()] == [one.signed for one in facts]


def test_a_fact_that_comes_twice_is_recorded_once(store):
    one = parts.installed()
    assert store.append([one, one], NOW) == (0, None)
    store.commit([arrival(1, one)], [], NOW)
    assert store.size() == 1
    assert through(store) == 1


def test_a_fact_is_found_under_every_unit_it_names(store):
    swap = parts.fact(SwapPerformed(parts.CAR, "north", unit_out=parts.OTHER_PACK))
    store.append([swap], NOW)
    for unit in (parts.PACK, parts.OTHER_PACK):
        assert [one.signed for one in store.entries_of(unit)] == [swap.signed]
        assert store.has_unit(unit)
    assert store.units() == sorted([parts.PACK, parts.OTHER_PACK], key=lambda u: (u.scheme, u.id))


def test_units_are_paged_without_a_gap(store):
    units = [UnitRef("maker_serial", f"S{i:02}") for i in range(7)]
    store.commit([arrival(i + 1, chunk(unit)) for i, unit in enumerate(units)], [], NOW)
    found, after = [], None
    while page := store.units(after, limit=3):
        found, after = [*found, *page], page[-1]
    assert found == units


def test_the_newest_fact_about_a_slot_wins_whatever_the_order(store):
    late = parts.installed(t_ns=parts.T0 + parts.HOUR, unit=parts.OTHER_PACK, counter=2)
    store.append([late, parts.installed(counter=1)], NOW)
    (place,) = store.places("station-1")
    assert (place.place, place.entry.signed) == (parts.SLOT, late.signed)
    assert store.places("somebody-else") == []


def test_the_newest_chunk_of_a_slot_wins_whatever_the_order(store):
    store.commit([arrival(2, chunk(None, parts.T0 + parts.HOUR))], [], NOW)
    store.commit([arrival(1, chunk())], [], NOW)
    (slot,) = store.slots("g")
    assert (slot.slot, slot.unit, slot.address.seq) == ("3", None, 2)


def test_chunks_are_found_by_any_overlap(store):
    chunks = [chunk(from_ns=parts.T0 + i * parts.MINUTE) for i in range(5)]
    store.commit([arrival(i + 1, one) for i, one in enumerate(chunks)], [], NOW)
    middle = parts.T0 + 150 * parts.SECOND
    found = store.chunks_of(parts.PACK, middle, middle + parts.MINUTE)
    assert [one.address.seq for one in found] == [3, 4]
    assert [one.address.seq for one in store.latest_chunks(parts.PACK, 2)] == [5, 4]


def test_checkpoints_are_kept_and_the_first_of_a_size_stays(store):
    store.save_checkpoint(1, b"r", "one", NOW)
    store.save_checkpoint(3, b"s", "three", NOW)
    store.save_checkpoint(3, b"t", "another three", NOW)
    assert store.checkpoint() == "three"
    assert store.checkpoints() == ["one", "three"]


def test_equal_numbers_of_one_author_are_found_together(store):
    facts = [parts.installed(), parts.installed(parts.OTHER_SLOT), parts.installed(counter=2)]
    store.append(facts, NOW)
    found = store.conflicting("station-1", parts.EPOCH, 1)
    assert [one.signed for one in found] == [one.signed for one in facts[:2]]
    assert store.next_counter("station-1", parts.EPOCH) == 3
    assert store.next_counter("nobody", "") == 1


def test_nothing_of_a_batch_that_fails_is_kept(store):
    without_digest = Arrival(RecordAddress("g", parts.EPOCH, 2), None, b"", NOW, Blank())
    with pytest.raises(StoreError):
        store.commit([arrival(1, parts.installed()), without_digest], [], NOW)
    assert (store.size(), through(store), store.counts().units) == (0, 0, 0)


def test_bridges_that_share_a_store_miss_and_double_nothing(store):
    def half(offset: int) -> None:
        for at in range(1 + offset, 121, 2):
            batch = [arrival(at, parts.installed(counter=at)), arrival(at)]
            store.commit(batch, [], NOW)

    threads = [threading.Thread(target=half, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert through(store) == 120
    assert store.size() == 120
    leaves = [merkle.leaf_hash(encode_event(one.signed)) for one in store.entries()]
    assert [store.node(0, i) for i in range(120)] == leaves


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=5), min_size=1, max_size=8))
def test_the_receipt_is_right_after_any_order_of_arrival(store, batches):
    seen: set[int] = set()
    gateway = uuid.uuid4().hex
    for batch in batches:
        arrivals = [arrival(seq, gateway=gateway) for seq in batch]
        (progress,) = store.commit(arrivals, [], NOW).progress
        seen |= set(batch)
        expected = next(seq for seq in range(14) if seq + 1 not in seen)
        assert progress.through == expected
        assert progress.ahead == tuple(sorted(seq for seq in seen if seq > expected))
        assert store.progress(gateway, parts.EPOCH)[2:4] == progress[2:4]


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


def said(body, counter: int, **about):
    return parts.fact(body, counter=counter, **about)


def of(store: Store, unit: UnitRef) -> list[int]:
    return [entry.leaf for entry in store.entries_of(unit)]


def test_facts_are_found_under_everything_that_they_name(store):
    lot = LotRef("recycler-1", "L-1")
    swap = said(SwapPerformed(parts.CAR, "north", unit_out=parts.OTHER_PACK), 1)
    shredded = MaterialProcessed((), units_in=(parts.PACK,), lots_in=(LotPart(lot, 1.5),))
    store.append([swap, said(shredded, 2, unit=None)], NOW)
    assert of(store, parts.PACK) == [0, 1]
    assert of(store, parts.OTHER_PACK) == [0]
    about = [
        [entry.leaf for entry in store.entries_about(Subject(kind, name))]
        for kind, name in (("vehicle", parts.CAR.id), ("site", "north"), ("lot", str(lot)))
    ]
    assert about == [[0], [0], [1]]
    assert store.entries_about(Subject("vehicle", parts.CAR.id), after=0) == []
    assert store.subjects("vehicle") == [parts.CAR.id]
    assert [entry.leaf for entry in store.entries_of_type("MaterialProcessed")] == [1]
    assert store.entry(swap.signed.event_id).leaf == 0
    assert store.entry("none") is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_statements_join_the_story_of_their_target_whichever_came_first(store, order):
    target = parts.installed()
    wrong = said(CorrectionDeclared(target.signed.event_id, "did_not_occur"), 2, unit=None)
    dispute = said(Disputed(wrong.signed.event_id, "it did"), 3, unit=None)
    settled = said(DisputeResolved(dispute.signed.event_id, "upheld"), 4, unit=None)
    story = [target, wrong, dispute, settled]
    store.append([story[order[0]], story[order[1]]], NOW)
    for place in order[2:]:
        store.append([story[place]], NOW)
    assert of(store, parts.PACK) == [0, 1, 2, 3]


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


def test_a_projection_follows_chunks_in_the_order_of_their_commits(store):
    assert store.newest_chunk() == 0
    store.commit([arrival(2, chunk()), arrival(1)], [], NOW)
    store.commit([arrival(3, chunk(None))], [], NOW)
    end = store.newest_chunk()
    first, second = store.chunks_after(0, end)
    assert [one.address.seq for _, one in (first, second)] == [2, 3]
    assert store.chunks_after(first[0], end) == [second]
    assert store.chunks_after(0, first[0]) == [first]


def test_a_cursor_stays_where_it_was_put(store):
    assert store.cursor("influx") == Cursor(0, -1, 0)
    store.move_cursor("influx", Cursor(5, 7), NOW)
    store.move_cursor("lake", Cursor(1, 1), NOW)
    assert store.cursor("influx") == Cursor(5, 7, NOW)
    store.move_cursor("influx", Cursor(), NOW + 1)
    assert store.cursor("influx") == Cursor(0, -1, NOW + 1)


def test_a_projection_misses_nothing_of_bridges_that_write_side_by_side(store):
    ends = threading.Event()
    seen: list[int] = []

    def write(gateway: str) -> None:
        for seq in range(1, 61):
            store.commit([arrival(seq, chunk(), gateway=gateway)], [], NOW)

    def follow() -> None:
        position, last = 0, False
        while not last:
            last = ends.is_set()
            fresh = store.chunks_after(position, store.newest_chunk())
            seen.extend(place for place, _ in fresh)
            position = seen[-1] if seen else 0

    writers = [threading.Thread(target=write, args=(name,)) for name in ("g", "h", "i")]
    reader = threading.Thread(target=follow)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    ends.set()
    reader.join()
    assert len(seen) == 180
    assert seen == sorted(set(seen))


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


def attributed(first_ns: int, last_ns: int, instead_of: UnitRef | None = None, leaf: int = 1):
    """A gateway says late whose slot 3 was."""
    place = PlaceRef("site", "3")
    times = (format_time(first_ns), format_time(last_ns))
    body = TelemetryAttributed(place, *times, instead_of)
    return parts.fact(
        body, unit=parts.PACK, author="g", counter=leaf, t_ns=first_ns, until_ns=last_ns
    )


def spans_of(store: Store, unit: UnitRef) -> list[tuple[int, int]]:
    whole = (0, 2**62)
    return [(c.chunk.from_ns, c.chunk.to_ns) for c in store.chunks_of(unit, *whole)]


@pytest.mark.parametrize("late", [False, True])
def test_telemetry_of_an_unbound_slot_is_a_packs_once_it_is_attributed(store, late):
    first, second, third = (parts.T0 + n * parts.HOUR for n in range(3))
    chunks = [chunk(None, start) for start in (first, second, third)]
    chunks += [chunk(None, second, "4"), chunk(parts.OTHER_PACK, second)]
    told = attributed(second, second + parts.HOUR // 2)
    content = [told, *chunks] if late else [*chunks, told]
    store.commit([arrival(n, one) for n, one in enumerate(content, 1)], [], NOW)
    assert spans_of(store, parts.PACK) == [(second, second + parts.MINUTE)]
    (newest,) = store.latest_chunks(parts.PACK)
    assert newest.chunk.from_ns == second
    assert spans_of(store, parts.OTHER_PACK) == [(second, second + parts.MINUTE)]


def test_a_chunk_that_straddles_the_arrival_counts_from_the_arrival(store):
    half = parts.T0 + parts.MINUTE // 2
    told = attributed(half, parts.T0 + parts.HOUR)
    store.commit([arrival(1, chunk(None)), arrival(2, told)], [], NOW)
    assert spans_of(store, parts.PACK) == [(half, parts.T0 + parts.MINUTE)]


def test_a_mistaken_packs_telemetry_is_taken_from_it(store):
    told = attributed(parts.T0, parts.T0 + parts.HOUR, parts.OTHER_PACK)
    store.commit([arrival(1, chunk(parts.OTHER_PACK)), arrival(2, told)], [], NOW)
    assert spans_of(store, parts.OTHER_PACK) == []
    assert len(spans_of(store, parts.PACK)) == 1
    assert store.latest_chunks(parts.OTHER_PACK) == []


def test_each_attributed_chunk_is_told_once_over_all_steps(store):
    half = parts.T0 + parts.MINUTE // 2
    store.commit([arrival(1, chunk(None))], [], NOW)
    told = attributed(half, parts.T0 + 3 * parts.HOUR)
    store.commit([arrival(2, told)], [], NOW)
    store.commit([arrival(3, chunk(None, parts.T0 + parts.HOUR))], [], NOW)
    steps = [Cursor(), Cursor(1, -1), Cursor(1, 0), Cursor(2, 0)]
    found = [store.chunks_attributed(*step) for step in pairwise(steps)]
    assert [len(one) for one in found] == [0, 1, 1]
    assert all(one.chunk.unit == parts.PACK for step in found for one in step)
    assert found[1][0].chunk.from_ns == half
    whole = store.chunks_attributed(Cursor(), Cursor(2, 0))
    assert whole == [*found[1], *found[2]]


def test_another_gateways_slot_of_the_same_name_stays_untouched(store):
    told = attributed(parts.T0, parts.T0 + parts.HOUR)
    store.commit([arrival(1, chunk(None), gateway="h"), arrival(1, told)], [], NOW)
    assert spans_of(store, parts.PACK) == []


def test_the_newest_fact_of_a_vehicle_is_found_whatever_the_order(store):
    car = VehicleRef("vin", "LTEST000000000001")
    moves = [
        parts.fact(PackInstalled(vehicle=car), unit=unit, t_ns=t_ns, counter=n)
        for n, (unit, t_ns) in enumerate([(parts.OTHER_PACK, NOW), (parts.PACK, NOW - 5)], 1)
    ]
    store.append(moves, NOW)
    assert store.vehicle_fact(car).event.unit == parts.OTHER_PACK
    assert store.vehicle_fact(VehicleRef("vin", "LTEST000000000002")) is None


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
