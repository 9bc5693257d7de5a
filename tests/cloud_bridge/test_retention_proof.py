"""What is left of telemetry that went proves what it was; what went otherwise is found."""

from __future__ import annotations

import subprocess
import sys
import threading
from random import Random

import msgspec
import pytest

from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.samples import copied_chunk, retired_sample, sample_proof
from cloud_bridge.ledger.audit import audit
from cloud_bridge.ledger.days import check_sample, name_of
from cloud_bridge.ledger.retired import RetiredRecord, removed_root
from cloud_bridge.settings import StoreSettings
from packtrail.event import (
    RetiredDay,
    TelemetryRetired,
    UnitDestroyed,
)
from packtrail.signing import SigningKey
from packtrail.times import format_time
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.retention_parts import TODAY, Yard, at_day, faults, one, rule, yard
from tests.cloud_bridge.running import until
from tests.cloud_bridge.test_keeping import Kept, place
from tests.databases import postgres

__all__ = ["one", "place", "postgres", "yard"]

KEY = parts.AUTHORITY.public
FOREIGN = SigningKey.from_seed(bytes(32))


def test_the_database_itself_refuses_bytes_that_go_without_a_word(yard, place):
    yard.fill([0])
    yard.close_days()
    empty = "x''" if place.settings.path else "''"
    for change in (
        f"data = {empty}",
        f"data = {empty}, retired = NULL",
        f"data = {empty}, retired = 1, samples = 9",
        "retired = 1",
    ):
        with pytest.raises(Exception, match="append-only"):
            execute(yard, f"UPDATE chunk SET {change} WHERE seq = 1")
    yard.retain()
    with pytest.raises(Exception, match="append-only"):
        execute(yard, f"UPDATE chunk SET data = {empty}, retired = 0 WHERE seq = 1")
    with pytest.raises(Exception, match="append-only"):
        execute(yard, "DELETE FROM chunk WHERE seq = 1")


def execute(yard: Yard, statement: str) -> None:
    with yard.store._transaction() as rows:
        rows.connection.execute(statement.encode() if hasattr(rows, "_copies") else statement)


def test_stolen_is_told_from_retired(yard, place):
    yard.fill(range(4))
    yard.close_days()
    yard.retain(rule("sample", "always", every=2))
    leaf = yard.store.size() - 1
    assert faults(yard) == {}
    hand = place.hand()
    empty = "x''" if place.settings.path else "''"
    kept = yard.left()
    seq = 3 * min(kept) + 2
    gone = 3 * next(day for day in range(4) if day not in kept) + 1
    hand.execute(f"UPDATE chunk SET data = {empty} WHERE seq = {seq}")
    (fault,) = faults(yard)["chunks"]
    assert f"station-1/{parts.EPOCH}/{seq}: its bytes are gone, and no statement" in fault
    told = {one.name: one.faults for one in audit(yard.store, parts.PACK, ORIGIN, KEY)}
    assert f"{seq}: its bytes are gone" in told["retired"][0]

    hand.execute(f"UPDATE chunk SET retired = {leaf} WHERE seq = {seq}")
    assert f"leaf {leaf}: it retires 6 records, 7 say" in faults(yard)["retired"][0]
    # In the place of one that the statement speaks of.
    hand.execute(f"UPDATE chunk SET retired = NULL WHERE seq = {gone}")
    assert "are not those that it retires" in faults(yard)["retired"][0]
    hand.execute(f"UPDATE chunk SET retired = {leaf} WHERE seq = {gone}")
    hand.execute(f"UPDATE chunk SET retired = {leaf - 1} WHERE seq = {seq}")
    assert f"no statement of retirement stands at leaf {leaf - 1}" in faults(yard)["retired"][0]
    hand.close()


@pytest.mark.parametrize(
    "column", ["slot", "from_ns", "to_ns", "samples", "scheme", "unit", "epoch", "seq", "gateway"]
)
def test_what_is_left_of_a_retired_chunk_cannot_be_changed_unseen(one, column):
    one.fill(range(2))
    one.close_days()
    one.retain()
    hand = Kept(StoreSettings(path=one.folder / "bridge.sqlite")).hand()
    number = ["samples", "seq", "from_ns", "to_ns"]
    change = f"{column} + 1" if column in number else f"'{column}x'"
    if column == "seq":
        change = "seq + 900"
    hand.execute(f"UPDATE chunk SET {column} = {change} WHERE seq = 2")
    hand.close()
    assert "retired" in faults(one)


def test_a_forged_statement_is_found(yard, place):
    """Somebody with the database writes a statement of his own and takes the bytes."""
    yard.fill(range(2))
    yard.close_days()
    (chunk, *_) = yard.store.day_chunks(parts.PACK, at_day(0), at_day(1))
    root = next(b for b in bodies(yard) if getattr(b, "day", "") == name_of(TODAY))
    record = RetiredRecord(
        chunk.address, chunk.digest, chunk.slot, chunk.from_ns, chunk.to_ns, chunk.samples
    )
    body = TelemetryRetired(
        (RetiredDay(name_of(TODAY), root.root, root.revision, 1, 2),),
        chunk.samples,
        chunk.size,
        removed_root([record]),
        "yard/1",
        "00" * 32,
    )
    about = {"author": ORIGIN, "stream": "retention", "counter": 1, "t_ns": at_day(0)}
    forged = parts.fact(body, key=FOREIGN, **about)
    seen = {parts.PACK: yard.store.newest_line(parts.PACK)}
    leaf = yard.store.retire(forged, [chunk.address], seen, yard.now_ns)
    found = faults(yard)
    assert any(f"leaf {leaf}: key" in fault for fault in found["lines"])
    # A gateway that is trusted for other things may not say it either.
    said = yard.gateway.tell(body, t_ns=at_day(0))
    yard.receive(said, at_ns=yard.now_ns)
    assert yard.store.refusals()[0].reason == "not_entitled"


def bodies(yard: Yard) -> list[object]:
    return [entry.event.body for entry in yard.store.entries_of(parts.PACK)]


def test_a_chunk_that_was_changed_is_evidence_and_stays(yard, place):
    yard.fill(range(2))
    yard.close_days()
    hand = place.hand()
    hand.execute("UPDATE chunk SET data = (SELECT data FROM chunk WHERE seq = 3) WHERE seq = 2")
    hand.close()
    report = yard.retain()
    assert report.chunks == 5
    assert f"station-1/{parts.EPOCH}/2: not what came under this number" in report.faults[0]
    assert yard.left() == {0: 1}


def test_a_day_that_does_not_fit_its_root_stays(yard, place):
    yard.fill(range(2))
    yard.close_days()
    hand = place.hand()
    hand.execute("DELETE FROM chunk WHERE seq = 1")
    hand.close()
    report = yard.retain()
    assert report.chunks == 3
    assert f"{name_of(TODAY)}: not what leaf" in report.faults[0]


def test_what_comes_into_the_story_meanwhile_stops_it(yard):
    yard.fill(range(2))
    yard.close_days()
    (chunk, *_) = yard.store.day_chunks(parts.PACK, at_day(0), at_day(1))
    body = TelemetryRetired((), 0, 0, "", "", "")
    about = {"key": parts.AUTHORITY, "author": ORIGIN, "stream": "retention", "counter": 1}
    fact = parts.fact(body, **about)
    seen = {parts.PACK: yard.store.newest_line(parts.PACK)}
    yard.say(UnitDestroyed("fire", 210.5))
    assert yard.store.retire(fact, [chunk.address], seen, yard.now_ns) is None
    seen = {parts.PACK: yard.store.newest_line(parts.PACK)}
    twice = [chunk.address, RecordAddress("station-1", parts.EPOCH, 999)]
    assert yard.store.retire(fact, twice, seen, yard.now_ns) is None
    second = parts.fact(body, **{**about, "counter": 2})
    assert yard.store.retire(second, [chunk.address], seen, yard.now_ns) is None
    assert (yard.left(), yard.retired()) == ({0: 3, 1: 3}, [])
    assert yard.store.retire(fact, [chunk.address], seen, yard.now_ns) is not None
    seen = {parts.PACK: yard.store.newest_line(parts.PACK)}
    assert yard.store.retire(second, [chunk.address], seen, yard.now_ns) is None


def test_a_retired_sample_says_when_and_why_and_a_copy_is_still_proven(one):
    one.fill(range(2))
    one.close_days()
    (chunk, *_) = one.store.chunks_of(parts.PACK, 0, 2**62)
    moment = chunk.chunk.from_ns + parts.SECOND
    assert retired_sample(one.store, parts.PACK, moment) is None
    one.retain()
    told = retired_sample(one.store, parts.PACK, moment)
    date = format_time(one.now_ns)[:10]
    assert f"was retired on {date} under yard/1" in told.describe("en")
    assert name_of(TODAY) in told.describe("en")
    assert f"已于 {date} 按 yard/1 清除" in told.describe("zh")
    again = copied_chunk(one.store, parts.PACK, moment, chunk.data, "copy")
    proof = sample_proof(one.store, parts.PACK, again, ORIGIN, KEY)
    assert [check for check in check_sample(proof, KEY) if check.faults] == []
    earlier = msgspec.json.encode(proof)
    assert copied_chunk(one.store, parts.PACK, moment, earlier, "copy").data == chunk.data
    foreign = parts.PlayedGateway().telemetry(parts.samples(9, at_day(0)))[1]
    for data in (foreign, b"no record", b"{}", b'{"record": "?"}'):
        with pytest.raises(Exception, match="sealed"):
            copied_chunk(one.store, parts.PACK, moment, data, "copy")


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_backup_takes_along_what_is_left(place, tmp_path, request, target):
    store = place.open()
    yard = Yard(store, tmp_path)
    yard.fill(range(3))
    yard.close_days()
    yard.retain(rule("sample", "always", every=2))
    left = yard.left()
    backup(store, tmp_path / "backup")
    store.close()
    other = StoreSettings(path=tmp_path / "other.sqlite")
    if target == "postgres":
        other = StoreSettings(postgres=request.getfixturevalue("postgres").database())
    restore(other, tmp_path / "backup")
    moved = Kept(other)
    assert moved.checks() == {}
    store = moved.open()
    yard = Yard(store, tmp_path)
    assert yard.left() == left
    assert yard.retain().chunks == sum(left.values())
    assert faults(yard) == {}
    store.close()


def test_killed_at_any_point_it_leaves_kept_or_retired(yard, place):
    yard.fill(range(40), hours=3)
    yard.close_days()
    yard.policy()
    chance, gone = Random(3), 0
    where = str(place.settings.path or place.settings.postgres)
    command = [sys.executable, "-m", "tests.cloud_bridge.retiring_process", where]
    for _ in range(2):
        enough = yard.store.size() + chance.randint(1, 8)
        with subprocess.Popen(
            [*command, str(yard.folder / "retention.toml"), str(yard.now_ns)]
        ) as child:
            until(lambda size=enough: yard.store.size() >= size, 60)
            child.kill()
        yard.authority.seal()
        before, gone = gone, sum(day.records for body in yard.retired() for day in body.days)
        assert before < gone < 120
        assert gone + sum(yard.left().values()) == 120
        assert faults(yard) == {}
    yard.retain()
    assert yard.left() == {}
    assert sum(day.records for body in yard.retired() for day in body.days) == 120
    assert faults(yard) == {}


def test_two_bridges_on_one_postgres_retire_one_at_a_time(postgres, tmp_path):
    kept = Kept(StoreSettings(postgres=postgres.database()), postgres)
    stores = [kept.open(), kept.open()]
    assert stores[0].lead("retention")
    assert not stores[1].lead("retention")
    yards = [Yard(store, tmp_path) for store in stores]
    yards[0].fill(range(20), hours=4)
    yards[0].close_days()
    policy = yards[0].policy()
    # Even without the lease nothing goes twice and no number is used twice.
    reports = []

    def retire(yard: Yard) -> None:
        reports.append(yard.retain(policy=policy, batch=4))

    threads = [threading.Thread(target=retire, args=(yard,)) for yard in yards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while yards[0].left():
        yards[0].retain(policy=policy, batch=4)
    assert sum(day.records for body in yards[0].retired() for day in body.days) == 80
    assert faults(yards[0]) == {}
    assert len(reports) == 2
    counters = [entry.event.counter for entry in stores[0].entries_of_type("TelemetryRetired")]
    assert sorted(set(counters)) == sorted(counters)
    for store in stores:
        store.close()
