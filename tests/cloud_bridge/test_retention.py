"""Telemetry goes by policy, with its proof kept: never what a rule holds, never without a word."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.fold.fold import fold
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.samples import copied_chunk, retired_sample, sample_proof
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.audit import audit
from cloud_bridge.ledger.days import DAY_NS, check_sample, day_of, name_of
from cloud_bridge.ledger.retired import RetiredRecord, removed_root
from cloud_bridge.retention.holds import FOREVER, holds_of
from cloud_bridge.retention.policy import read_policy
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Fact, StoredChunk
from cloud_bridge.view import Packs
from packtrail.errors import SettingsError
from packtrail.estimate import Estimate, Verdict
from packtrail.event import (
    ConditionCommitted,
    Disputed,
    IncidentRecorded,
    RetiredDay,
    TelemetryAttributed,
    TelemetryRetired,
    UnitDestroyed,
    UnitRetired,
)
from packtrail.signing import SigningKey
from packtrail.times import format_time
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.retention_parts import FLOOR, TODAY, Yard, rule
from tests.cloud_bridge.running import until
from tests.cloud_bridge.test_keeping import Kept, place
from tests.databases import postgres

__all__ = ["place", "postgres"]

KEY = parts.AUTHORITY.public
FOREIGN = SigningKey.from_seed(bytes(32))
ESTIMATE = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=150.0, method="m/1")


@pytest.fixture
def yard(place: Kept, tmp_path) -> Iterator[Yard]:
    store = place.open()
    yield Yard(store, tmp_path)
    store.close()


@pytest.fixture
def one(tmp_path) -> Iterator[Yard]:
    """On SQLite alone, where the database is not what is asked about."""
    store = Kept(StoreSettings(path=tmp_path / "bridge.sqlite")).open()
    yield Yard(store, tmp_path)
    store.close()


def faults(yard: Yard) -> dict[str, tuple[str, ...]]:
    with_own = verify_whole(yard.store, ORIGIN, KEY, 1)
    return {one.name: one.faults for one in with_own if one.faults}


def at_day(day: int, hour: float = 0.0) -> int:
    return (TODAY + day) * DAY_NS + round(hour * parts.HOUR)


def test_without_apply_nothing_goes_and_it_is_told_what_would(yard):
    yard.fill(range(4))
    yard.close_days()
    report = yard.retain(apply=False)
    assert (report.packs, report.touched, report.days, report.chunks) == (1, 1, 4, 12)
    assert report.size_bytes > 12 * 200
    assert report.statements == 0
    assert yard.left() == {0: 3, 1: 3, 2: 3, 3: 3}
    assert yard.retired() == []


def test_what_no_rule_holds_goes_under_one_statement_for_a_span_of_days(yard):
    yard.fill(range(4))
    yard.close_days()
    size = yard.store.size()
    report = yard.retain()
    assert (report.chunks, report.statements) == (12, 1)
    assert yard.left() == {}
    (body,) = yard.retired()
    assert [(day.day, day.records, day.kept) for day in body.days] == [
        (name_of(TODAY + day), 3, 0) for day in range(4)
    ]
    assert (body.samples, body.size_bytes) == (120, report.size_bytes)
    assert (body.policy, len(body.policy_digest)) == ("yard/1", 64)
    assert yard.store.size() == size + 1
    assert yard.store.counts().chunks == 12, "numbers, digests and spans stay"
    assert faults(yard) == {}
    assert [check for check in audit(yard.store, parts.PACK, ORIGIN, KEY) if check.faults] == []
    again = yard.retain()
    assert (again.chunks, again.statements) == (0, 0)


def test_a_portion_is_bounded_and_a_large_day_is_cut(yard):
    yard.fill(range(3), hours=5)
    yard.close_days()
    report = yard.retain(batch=3)
    assert (report.statements, report.chunks) == (6, 15)
    first, second, *_ = yard.retired()
    assert [(day.records, day.kept) for day in first.days] == [(3, 2)]
    assert [(day.records, day.kept) for day in second.days] == [(2, 0)]
    assert faults(yard) == {}


def test_only_a_day_whose_root_stands_may_go(yard):
    yard.fill(range(2))
    assert yard.retain().chunks == 0
    yard.close_days()
    yard.fill([5])
    yard.now_ns += 1
    assert yard.retain().chunks == 6
    assert yard.left() == {5: 3}


def test_a_day_is_kept_to_the_nanosecond_that_the_rule_says(yard):
    yard.fill(range(2))
    yard.close_days()
    yard.now_ns = at_day(0 + 1 + 10) - 1
    assert yard.retain().chunks == 0
    yard.now_ns += 1
    assert yard.retain().chunks == 3
    assert yard.left() == {1: 3}


def test_a_pack_waits_until_many_days_are_due(one):
    one.fill(range(6))
    one.close_days()
    one.now_ns = at_day(1 + 10 + 4)
    assert one.retain(gather_days=5).chunks == 0
    one.now_ns = at_day(1 + 10 + 5)
    report = one.retain(gather_days=5)
    assert (report.statements, report.days) == (1, 6)


def test_telemetry_of_an_incident_and_of_an_estimate_stays_chunk_by_chunk(yard):
    yard.fill(range(4))
    alarm = IncidentRecorded("over_temperature", "danger")
    over = IncidentRecorded("over_temperature", "danger", cleared=True)
    yard.say(alarm, t_ns=at_day(1, 1.001))
    yard.say(over, t_ns=at_day(1, 1.002))
    for day in (0, 2, 3):
        span = {"t_ns": at_day(day, 1.9), "until_ns": at_day(day, 2.1)}
        yard.say(ConditionCommitted(ESTIMATE), **span)
    yard.close_days()
    rules = [rule("alarm", "incident"), rule("evidence", "estimate", newest=2)]
    report = yard.retain(*rules)
    assert yard.left() == {1: 1, 2: 1, 3: 1}
    assert report.kept == {"alarm": 1, "evidence": 2}
    assert faults(yard) == {}
    more = yard.retain(rule("evidence", "estimate", newest=1))
    assert more.chunks == 2
    assert yard.left() == {3: 1}
    assert faults(yard) == {}


def test_what_is_kept_of_a_thinned_day_is_proven_as_before(yard):
    yard.fill(range(2))
    span = {"t_ns": at_day(1, 1.0), "until_ns": at_day(1, 1.001)}
    yard.say(ConditionCommitted(ESTIMATE), **span)
    yard.close_days()
    yard.retain(rule("evidence", "estimate"))
    (chunk,) = yard.store.chunks_of(parts.PACK, 0, 2**62)
    proof = sample_proof(yard.store, parts.PACK, chunk, ORIGIN, KEY)
    assert len(proof.path) == 2, "the hashes of its retired neighbours"
    assert [check for check in check_sample(proof, KEY) if check.faults] == []


@pytest.mark.parametrize("every", [2, 7])
def test_every_so_manieth_day_stays(one, every):
    one.fill(range(14), hours=1)
    one.close_days()
    one.retain(rule("sample", "always", every=every))
    assert set(one.left()) == {day for day in range(14) if not (TODAY + day) % every}


def test_a_stage_a_contradiction_and_a_duty_hold_everything(yard):
    yard.fill(range(2))
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    yard.close_days()
    assert yard.retain(rule("stage", "stage", stages=["registered"])).kept == {"stage": 2}
    retired = yard.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    duty = rule("duty", "duty")
    assert yard.retain(duty).kept == {"duty": 2}
    yard.say(Disputed(retired.signed.event_id, "not ours"), t_ns=at_day(4))
    disputed = rule("dispute", "contested", reasons=["disputed"])
    assert yard.retain(disputed).kept == {"dispute": 2}
    assert yard.retain(rule("stage", "stage", stages=["registered"])).chunks == 6


def test_rules_bind_from_and_to_their_dates(one):
    one.fill(range(2))
    one.close_days()
    tomorrow = name_of(day_of(one.now_ns) + 1)
    yesterday = name_of(day_of(one.now_ns) - 1)
    long = {"when": "always", "days": 9999}
    assert one.retain(rule("later", **long) + f'to = "{tomorrow}"\n').chunks == 0
    ended = rule("ended", **long) + f'to = "{yesterday}"\n'
    begins = rule("begins", **long).replace("2020-01-01", tomorrow)
    assert one.retain(ended, begins, apply=False).chunks == 6
    floor_ended = FLOOR.replace('from = "2020-01-01"', f'from = "2020-01-01"\nto = "{yesterday}"')
    (one.folder / "ended.toml").write_text(floor_ended, "utf-8")
    policy = read_policy(one.folder / "ended.toml")
    assert one.retain(policy=policy).kept == {"undecided": 2}


def test_what_was_told_to_be_another_packs_and_what_has_no_pack_stays(yard):
    yard.fill(range(2))
    slot = yard.gateway.telemetry(parts.samples(10, at_day(0, 5)), unit=None)
    told = yard.gateway.tell(
        TelemetryAttributed(
            parts.SLOT, format_time(at_day(1)), format_time(at_day(1, 1.5)), parts.PACK
        ),
        unit=parts.OTHER_PACK,
        t_ns=at_day(1),
        until_ns=at_day(1, 1.5),
    )
    yard.receive(slot, told)
    yard.close_days()
    assert yard.retain().chunks == 4
    assert sum(yard.left(parts.OTHER_PACK).values()) == 2
    assert faults(yard) == {}


def test_late_telemetry_of_a_retired_day_is_taken_and_makes_a_revision(yard):
    yard.fill(range(2))
    yard.close_days()
    yard.retain()
    late = yard.gateway.telemetry(parts.samples(10, at_day(0, 9)))
    repeat = yard.gateway.sent[1]
    yard.now_ns += parts.SECOND
    yard.receive(late, repeat, at_ns=yard.now_ns)
    assert yard.store.progress("station-1", parts.EPOCH).through == yard.gateway.seq
    assert yard.left() == {0: 1}, "what comes again stays retired, what is new is there"
    yard.now_ns += parts.SECOND
    yard.close_days()
    assert faults(yard) == {}
    assert yard.retain(apply=False).chunks == 1
    assert yard.retain().chunks == 1
    first, second = yard.retired()
    assert [(day.revision, day.records, day.kept) for day in second.days] == [(1, 1, 0)]
    assert first.days[0].root != second.days[0].root
    assert faults(yard) == {}


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


RULES = st.lists(
    st.one_of(
        st.builds(lambda days: ("always", {"days": days}), st.integers(0, 12)),
        st.builds(
            lambda every, days: ("always", {"every": every, "days": days}),
            st.integers(2, 5),
            st.integers(0, 30),
        ),
        st.builds(
            lambda around, days: ("incident", {"around_days": around, "days": days}),
            st.sampled_from([0, 0.25, 1]),
            st.integers(0, 30),
        ),
        st.builds(lambda newest: ("estimate", {"newest": newest}), st.integers(0, 2)),
        st.just(("contested", {"reasons": ["disputed"]})),
        st.just(("stage", {"stages": ["destroyed"]})),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A database with telemetry of eight days and their roots."""
    folder = tmp_path_factory.mktemp("filled")
    store = Kept(StoreSettings(path=folder / "bridge.sqlite")).open()
    yard = Yard(store, folder)
    yard.fill(range(8))
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    yard.close_days()
    store.close()
    return folder / "bridge.sqlite"


def acted(yard: Yard, alarms, reports, acts) -> Iterator[Fact]:
    """What happened to the pack, as facts."""
    for at, hour in alarms:
        about = {"t_ns": at_day(at, hour), "until_ns": at_day(at, hour + 0.5)}
        yield yard.fact(IncidentRecorded(f"k{at}-{hour}", "watch"), **about)
        done = {"t_ns": at_day(at, hour + 0.6), "until_ns": at_day(at, hour + 0.6)}
        yield yard.fact(IncidentRecorded(f"k{at}-{hour}", "watch", cleared=True), **done)
    for at in reports:
        yield yard.fact(ConditionCommitted(ESTIMATE), t_ns=at_day(at), until_ns=at_day(at, 1.5))
    if "destroy" in acts:
        yield yard.fact(UnitDestroyed("fire", 210.5), t_ns=at_day(8))
    if "dispute" in acts:
        first = yard.store.entries_of(parts.PACK)[0]
        yield yard.fact(Disputed(first.event_id, "no"), t_ns=at_day(9))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rules=RULES,
    alarms=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 23)), max_size=2),
    reports=st.lists(st.integers(0, 7), max_size=3),
    acts=st.sets(st.sampled_from(["dispute", "destroy"])),
    day=st.integers(8, 25),
    batch=st.integers(3, 24),
)
def test_nothing_goes_that_a_rule_holds_and_all_else_does(
    filled, tmp_path, rules, alarms, reports, acts, day, batch
):
    """The rules are read anew here, from their words, by other code than decides."""
    file = tmp_path / "bridge.sqlite"
    for left_over in tmp_path.glob("bridge.sqlite*"):
        left_over.unlink()
    shutil.copy(filled, file)
    store = Kept(StoreSettings(path=file)).open()
    yard = Yard(store, tmp_path, counter=100)
    store.append(list(acted(yard, alarms, reports, acts)), yard.now_ns)
    spans = [(at_day(at, 1.5), at_day(at)) for at in reports]
    yard.now_ns = at_day(day)
    texts = [rule(f"r{n}", when, **more) for n, (when, more) in enumerate(rules)]
    newest = sorted(set(spans), reverse=True)
    touches = {
        "always": lambda one, more: one.chunk.to_ns // DAY_NS % more.get("every", 1) == 0,
        "incident": lambda one, more: any(
            one.chunk.to_ns >= at_day(at, hour - 24 * more["around_days"])
            and one.chunk.from_ns <= at_day(at, hour + 0.6 + 24 * more["around_days"])
            for at, hour in alarms
        ),
        "estimate": lambda one, more: any(
            one.chunk.to_ns >= begin and one.chunk.from_ns <= end
            for end, begin in newest[: more["newest"] or None]
        ),
        "contested": lambda _one, _more: "dispute" in acts,
        "stage": lambda _one, _more: "destroy" in acts,
    }

    def held(one: StoredChunk) -> bool:
        age = yard.now_ns - (one.chunk.to_ns // DAY_NS + 1) * DAY_NS
        return any(
            touches[when](one, more) and ("days" not in more or age < more["days"] * DAY_NS)
            for when, more in [("always", {"days": 10}), *rules]
        )

    there = yard.store.chunks_of(parts.PACK, 0, 2**62, 10**6)
    wanted = {one.address for one in there if held(one)}
    yard.retain(*texts, batch=batch)
    left = {one.address for one in yard.store.chunks_of(parts.PACK, 0, 2**62, 10**6)}
    assert left == wanted
    assert faults(yard) == {}
    store.close()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('name = "x"\nkeep = []', "least period"),
        (FLOOR.replace('"yard/1"', '" "'), "name and version"),
        (FLOOR + rule("floor", "duty"), "floor stands twice"),
        (FLOOR + rule("a", "stage"), "stages are missing"),
        (FLOOR + rule("a", "stage", stages=["asleep"]), "asleep"),
        (FLOOR + rule("a", "duty", newest=3), 'newest says nothing with when = "duty"'),
        (FLOOR + rule("a", "always", every=0), "too small"),
        (FLOOR + rule("a", "sometimes"), "sometimes"),
        (FLOOR + rule("a", "heard"), "days are missing"),
        (FLOOR + rule("a", "stage", stages=["retired"], duties=["x"]), "duties says nothing"),
        (FLOOR.replace("days = 10", "days = 10\nregistered = true"), "least period"),
        (FLOOR.replace("2020-01-01", "soon"), "soon"),
        (FLOOR + "days = []", "retention.toml"),
    ],
)
def test_a_table_that_means_nothing_is_refused(tmp_path, table, said):
    file = tmp_path / "retention.toml"
    file.write_text(table, "utf-8")
    with pytest.raises(SettingsError, match=said):
        read_policy(file)


def test_our_own_rules_keep_a_pack_for_its_life(one):
    policy = read_policy()
    one.fill(range(3))
    one.say(parts.REGISTRATION, t_ns=at_day(-9))
    one.close_days()
    one.now_ns = at_day(365 * 20)
    report = one.retain(policy=policy)
    assert (report.chunks, report.kept) == (0, {"life": 3})
    one.say(UnitDestroyed("fire", 210.5), t_ns=at_day(9))
    assert one.retain(policy=policy, apply=False).kept.keys() <= {"contested", "duty"}
    first, facts = Packs(one.store).story(parts.PACK)
    held = holds_of(policy.binding(one.now_ns), fold(first, facts), facts)
    assert {hold.rule.id for hold in held} >= {"telemetry", "every_30th"}
    assert all(hold.until_ns(at_day(0), at_day(0)) < FOREVER for hold in held if not hold.whole)


def test_telemetry_of_a_pack_that_nobody_registered_goes_a_year_after_the_last_of_it(yard, place):
    """And not before three years, not with a dispute, an open duty or a registration."""
    policy, year = read_policy(), 365
    yard.fill([0, 1, 800])
    yard.now_ns = at_day(802)
    yard.close_days()
    yard.now_ns = at_day(3 * year - 1)
    assert yard.retain(policy=policy).chunks == 0
    yard.now_ns = at_day(3 * year + 2)
    report = yard.retain(policy=policy)
    assert (report.chunks, report.kept["unregistered"]) == (0, 2), "silent since day 800 only"
    yard.now_ns = at_day(800 + 1 + year)
    dry = yard.retain(policy=policy, apply=False)
    every = sum(not (TODAY + day) % 30 for day in (0, 1))
    assert dry.chunks == 3 * (2 - every)
    assert len(yard.left()) == 3, "without --apply nothing goes"
    if dry.chunks:
        assert yard.retain(policy=policy).chunks == dry.chunks
        assert yard.retired()[0].policy == "packtrail-default/2"
    assert faults(yard) == {}, "its proof is kept"
    assert 800 in yard.left()


@pytest.mark.parametrize("what", ["dispute", "duty", "registration"])
def test_an_unregistered_pack_is_held_by_a_dispute_a_duty_or_a_late_registration(one, what):
    policy = read_policy()
    one.fill(range(2))
    one.close_days()
    one.now_ns = at_day(365 * 4)
    assert one.retain(policy=policy, apply=False).chunks > 0
    if what == "dispute":
        one.say(Disputed(one.store.entries_of(parts.PACK)[0].event_id, "no"), t_ns=at_day(9))
    elif what == "duty":
        one.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    else:
        one.say(parts.REGISTRATION, t_ns=at_day(9))
    report = one.retain(policy=policy)
    assert report.chunks == 0
    rules = {"dispute": "disputed", "duty": "duty", "registration": "life"}
    assert rules[what] in report.kept
