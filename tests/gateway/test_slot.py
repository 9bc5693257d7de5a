"""A slot: frames in; samples by rule, chunks by pack, incidents and estimates out."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.binding import StationState
from gateway.bus import Frame
from gateway.outbox import Held
from gateway.pipeline import recover
from gateway.view import view_slot
from packtrail.columns import decode_columns
from packtrail.event import decode_event
from packtrail.record import MAX_RECORD_BYTES, Kind, Record
from packtrail.times import NS_PER_S
from tests.gateway.drafts import PACK, T0, opened
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.slots import cells, feed, make_slot, status


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


def records(outbox: MemoryOutbox) -> list[Record]:
    return [opened(row.sealed) for row in outbox.waiting(after=0, limit=10_000)]


def times(record: Record) -> list[float]:
    return ((decode_columns(record.body).t_ns - T0) / NS_PER_S).tolist()


def at(seconds: float) -> int:
    return T0 + round(seconds * NS_PER_S)


def test_samples_come_every_second_while_current_flows(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(n / 10, current=50) for n in range(101)])
    slot.flush()
    (record,) = records(outbox)
    assert times(record) == [float(n) for n in range(11)]


def test_at_rest_a_sample_a_minute_is_enough_and_no_gap_for_the_estimator(outbox):
    slot = make_slot(outbox, chunk_s=1000)
    feed(slot, [status(n / 2) for n in range(601)])
    slot.flush()
    kept = times(records(outbox)[0])
    assert max(np.diff(kept)) <= 60
    assert len(kept) <= 8


def test_the_change_from_rest_to_flow_is_kept(outbox):
    slot = make_slot(outbox, chunk_s=1000)
    feed(slot, [status(float(n), current=0 if n < 30 else 50) for n in range(35)])
    slot.flush()
    assert times(records(outbox)[0])[-5:] == [30, 31, 32, 33, 34]


def test_a_gap_in_the_frames_stays_a_gap_in_the_samples(outbox):
    slot = make_slot(outbox, chunk_s=1000)
    feed(slot, [status(n, current=9) for n in (0, 1, 2, 500, 501)])
    slot.flush()
    assert times(records(outbox)[0]) == [0, 1, 2, 500, 501]


def test_a_value_that_is_too_old_is_not_known_any_more(outbox):
    slot = make_slot(outbox, chunk_s=1000)
    feed(slot, [cells(0, 3300, 3300), *[status(n, current=9) for n in range(1, 200)]])
    slot.flush()
    volts = decode_columns(records(outbox)[0].body).values["cell_voltage_v"]
    assert np.isfinite(volts[:99]).all()
    assert np.isnan(volts[101:]).all()


def test_a_chunk_holds_about_a_minute(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(n, current=9) for n in range(130)])
    assert [len(times(record)) for record in records(outbox)] == [61, 61]


def test_frames_that_nobody_understands_make_no_sample(outbox):
    slot = make_slot(outbox)
    feed(slot, [frame._replace(frame_id=77) for frame in (status(0), status(1))])
    slot.flush()
    assert records(outbox) == []
    assert slot.latest is None


def test_a_clock_that_steps_back_ends_the_chunk_and_loses_nothing(outbox):
    slot = make_slot(outbox, chunk_s=1000)
    feed(slot, [status(n, current=9) for n in (100, 101, 102, 5, 6, 7)])
    slot.flush()
    assert [times(record) for record in records(outbox)] == [[100, 101, 102], [5, 6, 7]]


def test_data_before_the_settlement_travel_under_the_slot_alone(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(n, current=9) for n in range(70)])
    slot.know(PACK, at(100))
    feed(slot, [status(n, current=9) for n in range(100, 130)])
    slot.flush()
    assert [(record.unit, record.slot) for record in records(outbox)] == [
        (None, "1"),
        (None, "1"),
        (PACK, "1"),
    ]


def test_an_open_chunk_is_attributed_back_to_the_arrival(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(n, current=9) for n in range(20)])
    slot.know(PACK, at(5))
    slot.flush()
    first, second = records(outbox)
    assert (first.unit, times(first)) == (None, [0, 1, 2, 3, 4])
    assert (second.unit, times(second)[0]) == (PACK, 5)


def test_samples_that_get_another_pack_are_held_by_the_commit_that_releases_them(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(n, current=9) for n in range(20)])
    held = outbox.counters().held
    slot.know(PACK, at(5))
    assert outbox.counters().held == held - 5
    assert outbox.holds == held


def test_what_comes_after_a_pack_has_left_is_not_its_own(outbox):
    slot = make_slot(outbox)
    slot.know(PACK, at(0))
    feed(slot, [status(n, current=9) for n in range(20)])
    slot.leave(at(15))
    slot.flush()
    assert [(r.unit, times(r)[-1]) for r in records(outbox)] == [(PACK, 14), (None, 19)]


def test_what_the_last_pack_said_does_not_hold_for_the_next(outbox):
    slot = make_slot(outbox)
    feed(slot, [status(0, soc=93), cells(0, 3300, 3300)])
    slot.leave(at(1))
    slot.arrive(at(1))
    assert slot.hear_soc(at(1)) is None
    feed(slot, [status(5, soc=20)])
    assert "cell_voltage_v" not in slot.latest.values
    assert slot.hear_soc(at(1)) == 20


def test_an_incident_is_put_at_once_as_an_alarm(outbox):
    slot = make_slot(outbox)
    slot.know(PACK, at(0))
    feed(slot, [status(0, celsius=70)])
    kinds = [record.kind for record in records(outbox)]
    assert kinds == [Kind.ALARM, Kind.ALARM]
    event = decode_event(records(outbox)[0].body).read()
    assert (event.unit, event.from_ns, event.body.kind) == (PACK, at(0), "over_temperature")


def charge(seconds: int, start: int = 0) -> list:
    return [status(start + n, current=60) for n in range(seconds)]


def rest(seconds: int, start: int) -> list:
    return [status(start + n) for n in range(seconds)]


def test_an_estimate_is_asked_for_once_when_a_charge_has_ended_by_rest(outbox):
    asked = []
    slot = make_slot(outbox, asked, rest_s=900)
    slot.know(PACK, at(0))
    feed(slot, charge(600) + rest(899, 600))
    assert asked == []
    feed(slot, rest(3000, 1499))
    (request,) = asked
    assert (request.unit, request.slot) == (PACK, "1")
    assert sum(len(decode_columns(chunk)) for chunk in request.chunks) > 600


def test_an_estimate_is_asked_for_when_a_charged_pack_leaves(outbox):
    asked = []
    slot = make_slot(outbox, asked)
    slot.know(PACK, at(0))
    feed(slot, charge(600))
    slot.leave(at(600))
    assert [request.unit for request in asked] == [PACK]


@pytest.mark.parametrize("seconds", [0, 200])
def test_without_a_charge_no_estimate_is_asked_for(outbox, seconds):
    asked = []
    slot = make_slot(outbox, asked, rest_s=300)
    slot.know(PACK, at(0))
    feed(slot, charge(seconds) + rest(2000, seconds))
    slot.leave(at(3000))
    assert asked == []


def test_of_a_pack_that_is_not_known_no_estimate_is_asked_for(outbox):
    asked = []
    slot = make_slot(outbox, asked)
    feed(slot, charge(600))
    slot.leave(at(600))
    assert asked == []


def test_held_samples_become_the_chunk_that_a_killed_gateway_had_open(outbox):
    held: list[Held] = []
    outbox.hold = held.append
    slot = make_slot(outbox)
    slot.know(PACK, at(0))
    feed(slot, [cells(0, 3300, 3280), *[status(n, current=-7) for n in range(20)]])
    (draft,), _ = recover(held)
    slot.flush()
    (record,) = records(outbox)
    assert draft.columns == record.body
    assert (draft.unit, draft.slot, draft.t_ns) == (PACK, "1", at(0))


def test_several_open_chunks_are_recovered_apart(outbox):
    held: list[Held] = []
    outbox.hold = held.append
    one, two = make_slot(outbox), make_slot(outbox, name="2")
    for n in range(5):
        feed(one, [status(n, current=9)])
        feed(two, [status(n, current=9)])
    drafts, unreadable = recover(held)
    assert unreadable == []
    assert sorted(draft.slot for draft in drafts) == ["1", "2"]
    assert all(len(decode_columns(draft.columns)) == 5 for draft in drafts)


def test_held_samples_that_cannot_be_read_are_named_and_the_others_recovered(outbox):
    held: list[Held] = []
    outbox.hold = held.append
    feed(make_slot(outbox), [status(n, current=9) for n in range(3)])
    drafts, unreadable = recover([*held, Held("old", b"of another version"), Held("odd", b"")])
    assert len(drafts) == 1
    assert sorted(unreadable) == ["odd", "old"]


def test_a_chunk_with_very_many_numbers_ends_before_a_record_grows_too_large(outbox):
    slot = make_slot(outbox, active_s=0.001, chunk_s=1000)
    volts = Frame(T0, 2, False, bytes(range(100, 164)))
    feed(slot, [volts._replace(t_ns=T0 + n * 1_000_000) for n in range(2500)])
    sizes = [len(row.sealed) for row in outbox.waiting(after=0, limit=99)]
    assert len(sizes) >= 3
    assert max(sizes) < MAX_RECORD_BYTES


def test_an_empty_slot_shows_what_speaks_there_and_forgets_what_fell_silent(outbox, monkeypatch):
    slot, nobody = make_slot(outbox), StationState()
    assert view_slot(slot, nobody).quiet_s is None
    feed(slot, [status(n, current=9) for n in range(3)])
    assert view_slot(slot, nobody).current_a == 9
    monkeypatch.setattr("gateway.view.LIVE_S", 0.0)
    silent = view_slot(slot, nobody)
    assert (silent.current_a, silent.t_ns) == (None, 0)
    assert silent.quiet_s is not None
