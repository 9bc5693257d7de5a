"""Around an alarm everything is kept: frames on the disk, dense samples on their way."""

from __future__ import annotations

import numpy as np
import pytest

import can_decoder
from gateway.alarms import Alarm
from gateway.bus import batch_of
from gateway.pipeline.closeup import MOST_FILES, CloseUpShelf
from gateway.pipeline.ring import Ring, joined
from packtrail.columns import decode_columns
from packtrail.record import Kind
from packtrail.times import NS_PER_S
from tests.gateway.drafts import PACK, T0, opened
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.slots import feed, make_slot, status


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


def frames(seconds: int, hot_at: int) -> list:
    per_second = 50
    return [
        status(n / per_second, current=0, celsius=25 if n < hot_at * per_second else 70)
        for n in range(seconds * per_second)
    ]


def test_half_a_minute_before_and_after_an_alarm_is_kept_frame_by_frame(outbox, tmp_path):
    shelf, told = CloseUpShelf(tmp_path / "closeups"), []
    slot = make_slot(outbox, shelf=shelf, warn=told.append, rest_s=60)
    slot.know(PACK, T0)
    feed(slot, frames(120, hot_at=60))
    shelf.finish()
    assert isinstance(told[0], Alarm)
    (path,) = (tmp_path / "closeups").glob("*.log")
    assert path.name == "20260331233420-1-over_temperature.log"
    (kept,) = can_decoder.read_log(path)
    assert len(kept) == pytest.approx(60 * 50, rel=0.05)
    assert kept.t_ns[0] == pytest.approx(T0 + 30 * NS_PER_S, abs=2 * NS_PER_S)
    assert kept.t_ns[-1] == pytest.approx(T0 + 90 * NS_PER_S, abs=2 * NS_PER_S)
    chunks = [opened(row.sealed) for row in outbox.waiting(after=0, limit=100)]
    dense = [c for c in chunks if c.kind is Kind.TELEMETRY and c.unit == PACK]
    times = np.concatenate([decode_columns(c.body).t_ns for c in dense])
    assert len(times) == pytest.approx(60 * 20, rel=0.1)
    assert np.diff(np.sort(times[times > T0 + 20 * NS_PER_S])).max() <= 0.06 * NS_PER_S


def test_a_pack_that_leaves_during_a_closeup_keeps_what_was_seen(outbox, tmp_path):
    shelf = CloseUpShelf(tmp_path)
    slot = make_slot(outbox, shelf=shelf)
    slot.know(PACK, T0)
    feed(slot, frames(10, hot_at=5))
    slot.leave(T0 + 10 * NS_PER_S)
    shelf.finish()
    assert len(list(tmp_path.glob("*.log"))) == 1


def test_the_shelf_has_room_for_so_many_and_a_full_disk_costs_a_file_only(outbox, tmp_path):
    for number in range(MOST_FILES + 5):
        (tmp_path / f"2020010100{number:04d}-1-old.log").write_text("x")
    shelf = CloseUpShelf(tmp_path)
    slot = make_slot(outbox, shelf=shelf)
    feed(slot, frames(3, hot_at=1))
    slot.finish(with_estimate=False)
    shelf.finish()
    names = sorted(path.name for path in tmp_path.glob("*.log"))
    assert len(names) == MOST_FILES
    assert names[-1].endswith("over_temperature.log")
    blocked = CloseUpShelf(tmp_path / names[0] / "below-a-file")
    other = make_slot(outbox, shelf=blocked)
    feed(other, frames(3, hot_at=1))
    other.finish(with_estimate=False)
    blocked.finish()
    assert outbox.counters().waiting


def test_the_ring_forgets_by_time_by_size_and_when_time_runs_back():
    ring = Ring(span_ns=10 * NS_PER_S, most_bytes=10_000)
    for second in range(30):
        ring.add(batch_of([status(second), status(second + 0.5)]))
    kept = joined(ring.frames())
    assert kept.t_ns[0] >= T0 + 18 * NS_PER_S
    ring.add(batch_of([status(1000 + n / 1000) for n in range(1000)]))
    assert len(joined(ring.frames())) <= 1000
    ring.add(batch_of([status(1)]))
    assert len(joined(ring.frames())) == 1
    assert len(joined([])) == 0


def test_an_alarm_on_a_bus_that_falls_silent_is_told_without_another_frame(outbox):
    told = []
    slot = make_slot(outbox, warn=told.append)
    feed(slot, [status(0.0), status(0.05, celsius=70)])
    assert told == []
    slot._fed -= 1.0
    slot.tick()
    assert [alarm.incident.severity for alarm in told] == ["watch", "danger"]
    slot.tick()
    assert len(told) == 2


def test_an_alarm_is_looked_for_five_times_a_second(outbox):
    told = []
    slot = make_slot(outbox, warn=told.append)
    feed(slot, [status(n / 100, celsius=25 if n < 101 else 70) for n in range(140)])
    assert told[0].t_ns - T0 <= 1.25 * NS_PER_S


def test_alarms_active_at_a_restart_are_not_raised_again(outbox):
    first = make_slot(outbox)
    feed(first, [status(0, celsius=70)])
    raised = outbox.counters().waiting
    second = make_slot(outbox)
    second.resume(None, 0)
    feed(second, [status(1, celsius=70), status(2, celsius=70)])
    assert outbox.counters().waiting == raised
    feed(second, [status(3, celsius=20)])
    assert outbox.counters().waiting == raised + 2
