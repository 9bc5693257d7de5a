"""The outbox on disk: restarts, kills, restored and cloned files, full disks."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import GatewayError
from gateway.outbox import Held, schema
from packtrail.errors import CodecError
from packtrail.event import TelemetryThinned, decode_event
from packtrail.record import MAX_RECORD_BYTES, Kind
from tests.gateway.bridge_player import eventually
from tests.gateway.drafts import alarm, opened, receipt, telemetry

WAIT = 5
UNSEALABLE = replace(alarm(), body=TelemetryThinned("", "", 2**60))
"""Canonical JSON holds no integer beyond 2**53."""


def seqs(outbox) -> list[int]:
    return [row.address.seq for row in outbox.waiting(after=0, limit=100_000)]


def test_a_reopened_outbox_goes_on_where_it_stopped(open_outbox):
    first = open_outbox()
    first.put(telemetry(1)).result(WAIT)
    first.close()
    again = open_outbox()
    assert again.epoch == first.epoch
    assert again.put(telemetry(2)).result(WAIT).seq == 2
    assert again.counters().added == 2


def test_held_samples_come_back_after_a_restart_in_order(open_outbox):
    first = open_outbox()
    for number in range(3):
        first.hold(Held("slot-1", bytes([number])))
    first.close()
    assert open_outbox().recovered() == [Held("slot-1", bytes([n])) for n in range(3)]


def test_notes_come_back_after_a_restart(open_outbox):
    first = open_outbox()
    assert first.note("slots") is None
    first.record([], {"slots": b"one"}).result(WAIT)
    first.record([], {"slots": b"two"}).result(WAIT)
    first.close()
    assert open_outbox().note("slots") == b"two"


def test_a_second_gateway_cannot_open_the_same_outbox(open_outbox):
    open_outbox()
    with pytest.raises(GatewayError, match="another gateway"):
        open_outbox()


def test_a_backup_put_back_starts_a_new_epoch_and_old_records_drain(open_outbox, tmp_path):
    first = open_outbox()
    first.put(telemetry(1)).result(WAIT)
    first.hold(Held("slot-1", b"old"))
    first.record([], {"slots": b"old"}).result(WAIT)
    first.close()
    shutil.copy(tmp_path / "outbox.db", tmp_path / "backup.db")
    later = open_outbox()
    later.put(telemetry(2)).result(WAIT)
    later.close()
    for file in tmp_path.glob("outbox.db-*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "outbox.db")
    restored = open_outbox()
    assert restored.epoch != first.epoch
    assert restored.recovered() == []
    assert restored.note("slots") is None
    restored.put(telemetry(3)).result(WAIT)
    addresses = [row.address[1:] for row in restored.waiting(after=0, limit=9)]
    assert addresses == [(first.epoch, 1), (restored.epoch, 1)]
    restored.settle(receipt(first.epoch, 2)).result(WAIT)
    assert [row.address.epoch for row in restored.waiting(after=0, limit=9)] == [restored.epoch]


def test_a_copy_elsewhere_starts_a_new_epoch(open_outbox, tmp_path):
    first = open_outbox()
    first.close()
    shutil.copy(tmp_path / "outbox.db", tmp_path / "clone.db")
    assert open_outbox("clone.db").epoch != first.epoch
    shutil.copy(tmp_path / "outbox.db", tmp_path / "with_mark.db")
    shutil.copy(tmp_path / "outbox.db.mark", tmp_path / "with_mark.db.mark")
    assert open_outbox("with_mark.db").epoch != first.epoch


def test_a_lost_or_spoiled_mark_starts_a_new_epoch(open_outbox, tmp_path):
    epochs = set()
    for spoil in (None, Path.unlink, lambda mark: mark.write_bytes(b"{")):
        if spoil:
            spoil(tmp_path / "outbox.db.mark")
        outbox = open_outbox()
        epochs.add(outbox.epoch)
        outbox.close()
    assert len(epochs) == 3


def test_a_receipt_beyond_our_numbers_proves_a_rollback_and_renumbers(open_outbox):
    """Five were put in a life that the bridge remembers and this file does not."""
    first = open_outbox()
    first.put(telemetry(1)).result(WAIT)
    first.close()
    rolled_back = open_outbox()
    rolled_back.put(telemetry(2)).result(WAIT)
    rolled_back.put(alarm(3)).result(WAIT)
    rolled_back.settle(receipt(first.epoch, 5)).result(WAIT)
    rolled_back.put(telemetry(4)).result(WAIT)
    assert rolled_back.epoch != first.epoch
    rows = rolled_back.waiting(after=0, limit=9)
    assert [row.address[1:] for row in rows] == [
        (first.epoch, 1),
        (rolled_back.epoch, 1),
        (rolled_back.epoch, 2),
        (rolled_back.epoch, 3),
    ]
    event = decode_event(opened(rows[2].sealed).body).read()
    assert (event.stream, event.counter, event.body.value) == (rolled_back.epoch, 2, 3)
    counters = rolled_back.counters()
    assert counters.added == counters.waiting == 4


def test_the_file_shrinks_once_an_outage_is_over(open_outbox, tmp_path):
    outbox = open_outbox()
    puts = [outbox.put(telemetry(number, size=20_000)) for number in range(2000)]
    assert puts[-1].result(30).seq == 2000
    full = (tmp_path / "outbox.db").stat().st_size
    assert full > 30_000_000
    for through in range(25, 2001, 25):
        outbox.settle(receipt(outbox.epoch, through)).result(WAIT)
    outbox.close()
    assert (tmp_path / "outbox.db").stat().st_size < full / 4


def test_a_full_quota_turns_the_oldest_telemetry_into_blanks_and_says_so(open_outbox):
    outbox = open_outbox(quota_bytes=100_000)
    outbox.put(alarm(0)).result(WAIT)
    for number in range(60):
        outbox.put(telemetry(number, size=4000)).result(WAIT)
    outbox.put(alarm(1)).result(WAIT)
    records = [opened(row.sealed) for row in outbox.waiting(after=0, limit=1000)]
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    kinds = [record.kind for record in records]
    assert kinds.count(Kind.ALARM) == 2
    assert kinds[1] is Kind.BLANK
    thinned = kinds.count(Kind.BLANK)
    told = [decode_event(r.body).read().body for r in records if r.kind is Kind.EVENT]
    assert all(isinstance(body, TelemetryThinned) for body in told)
    assert sum(body.records for body in told) == thinned == outbox.counters().thinned
    assert outbox.counters().waiting_bytes <= 100_000


def test_a_full_disk_costs_telemetry_but_no_event(open_outbox):
    """The file may not grow beyond 60 pages, which SQLite reports as a full disk."""
    outbox = open_outbox(max_pages=60)
    futures = [outbox.put(telemetry(number, size=4000)) for number in range(40)]
    facts = [outbox.put(alarm(number)) for number in range(20)]
    assert all(future.result(20) for future in (*futures, *facts))
    kinds = [row.kind for row in outbox.waiting(after=0, limit=1000)]
    assert kinds.count(Kind.ALARM) == 20
    assert outbox.counters().thinned > 0
    assert seqs(outbox) == list(range(1, len(kinds) + 1))


def test_receipts_make_room_on_a_disk_that_is_full_of_facts(open_outbox):
    outbox = open_outbox(max_pages=60)
    assert outbox.trouble == ""
    facts = [outbox.put(replace(alarm(n), slot="x" * 4000)) for n in range(60)]
    eventually(lambda: "full" in outbox.trouble)
    assert not facts[-1].done()

    def all_taken() -> bool:
        """The bridge answers what it has got; each answer makes room for the next facts."""
        rows = outbox.waiting(after=0, limit=1000)
        if rows:  # an answer that finds no room is given again
            with contextlib.suppress(CancelledError, TimeoutError):
                outbox.settle(receipt(outbox.epoch, rows[-1].address.seq)).result(1)
        return all(fact.done() for fact in facts)

    eventually(all_taken)
    assert [fact.result(WAIT).seq for fact in facts] == list(range(1, 61))
    eventually(lambda: outbox.trouble == "")


def test_a_receipt_of_an_older_epoch_reaches_no_record_of_a_newer_one(open_outbox, tmp_path):
    old = open_outbox()
    old.put(telemetry(1)).result(WAIT)
    old.close()
    (tmp_path / "outbox.db.mark").unlink()
    outbox = open_outbox()
    outbox.put(telemetry(2)).result(WAIT)
    beyond = 1 << 40 | 1  # a number that would stand at the newer record's place
    forged = receipt(old.epoch, beyond, ahead=[beyond, 2**63], refused=[beyond, 2**64 - 1])
    outbox.settle(forged).result(WAIT)
    assert [row.address.epoch for row in outbox.waiting(after=0, limit=9)] == [outbox.epoch]


def test_samples_that_went_to_another_chunk_are_held_on_with_the_same_commit(open_outbox):
    outbox = open_outbox()
    for number in range(3):
        outbox.hold(Held("a", bytes([number])))
    draft = replace(telemetry(1, chunk="a"), still_open=(Held("b", b"\2"),))
    outbox.put(draft).result(WAIT)
    assert outbox.counters().held == 1
    outbox.close()
    assert open_outbox().recovered() == [Held("b", b"\2")]


def test_a_record_that_the_bridge_would_not_look_at_is_refused_before_it_has_a_number(open_outbox):
    outbox = open_outbox()
    with pytest.raises(CodecError, match="size"):
        outbox.put(telemetry(1, size=MAX_RECORD_BYTES)).result(WAIT)
    assert outbox.put(telemetry(2)).result(WAIT).seq == 1


def test_what_no_record_can_carry_is_refused_alone(open_outbox):
    outbox = open_outbox()
    before, spoiled, after = (outbox.put(draft) for draft in (alarm(1), UNSEALABLE, alarm(2)))
    with pytest.raises(ValueError, match="integer"):
        spoiled.result(WAIT)
    assert (before.result(WAIT).seq, after.result(WAIT).seq) == (1, 2)
    assert outbox.counters().dropped == 1


def test_facts_that_cannot_all_be_recorded_leave_no_note(open_outbox):
    outbox = open_outbox()
    done = outbox.record([alarm(1), UNSEALABLE], {"slots": b"new"})
    with pytest.raises(ValueError, match="integer"):
        done.result(WAIT)
    outbox.close()
    again = open_outbox()
    assert again.note("slots") is None
    assert again.counters().added == 0


def test_a_damaged_file_is_set_aside_and_recording_goes_on(open_outbox, tmp_path):
    (tmp_path / "outbox.db").write_bytes(b"this is no database" * 100)
    outbox = open_outbox()
    assert outbox.put(telemetry()).result(WAIT).seq == 1
    assert list(tmp_path.glob("outbox.db.damaged-*"))


def test_a_file_of_a_newer_packtrail_is_refused(open_outbox, tmp_path):
    open_outbox().close()
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(GatewayError, match="newer packtrail"):
        open_outbox()


def test_an_outbox_where_nothing_can_be_written_says_what_to_do(open_outbox, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GatewayError) as caught:
        open_outbox("file/outbox.db")
    assert caught.value.hint


def test_sql_steps_are_numbered_without_holes():
    assert [number for number, _ in schema.steps()] == list(range(1, len(schema.steps()) + 1))


WRITER = """
import sys
from pathlib import Path
from gateway.outbox import SqliteOutbox
from packtrail import logs
from tests.gateway.drafts import GATEWAY, KEY, alarm, telemetry

logs.configure()
outbox = SqliteOutbox(Path(sys.argv[1]), gateway=GATEWAY, key=KEY)
number = 0
while True:
    done = [outbox.put(telemetry(number + i)) for i in range(30)]
    done.append(outbox.put(alarm(number)))
    for future in done:
        print(future.result().seq, flush=True)
    number += 30
"""


def test_kill_9_loses_nothing_that_was_committed(open_outbox, tmp_path):
    """A process writes and reports numbers, and is killed in the middle, four times."""
    reported: list[int] = []
    for lines in (1, 40, 137, 301):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "outbox.db")],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        reported += [int(child.stdout.readline()) for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        reported += [int(line) for line in child.stdout if line.endswith(b"\n")]
        child.stdout.close()
        child.wait(WAIT)
    outbox = open_outbox()
    rows = outbox.waiting(after=0, limit=1_000_000)
    assert len({row.address.epoch for row in rows}) == 1
    assert [row.address.seq for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(set(reported)) == reported
    assert len(rows) >= reported[-1]
    assert all(opened(row.sealed).seq == row.address.seq for row in rows)
