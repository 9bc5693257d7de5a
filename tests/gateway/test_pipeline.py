"""The pipeline's thread: bursts and acts in order, facts and memory on disk together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from gateway.binding import Book, StationState, decode_state
from gateway.bus import Burst, Mailbox, batch_of
from gateway.pipeline import STATE_NOTE, Pipeline
from packtrail.event import decode_event
from packtrail.times import ClockQuality
from tests.gateway.drafts import PACK, T0, opened
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.slots import make_slot, status

WAIT = 5


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def failures() -> list[BaseException]:
    return []


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def pipeline(outbox, mailbox, failures) -> Iterator[Pipeline]:
    pipeline = make_pipeline(outbox, mailbox, failures)
    pipeline.start()
    yield pipeline
    pipeline.stop()


def make_pipeline(outbox, mailbox, failures, state=None) -> Pipeline:
    slot = make_slot(outbox)
    book = Book(
        "site",
        state or StationState(),
        lambda _slot, since: slot.hear_soc(since),
        lambda: ClockQuality.FREE,
        confirm=False,
    )
    return Pipeline([slot], {"bus": ["1"]}, book, mailbox, outbox, failures.append)


def told(outbox: MemoryOutbox) -> list:
    rows = [row for row in outbox.waiting(after=0, limit=999) if row.kind.carries_event]
    return [decode_event(opened(row.sealed).body).read() for row in rows]


def enter(pipeline: Pipeline, act, digest: str = "") -> int:
    return pipeline.act(act, digest).result(WAIT).result(WAIT)


def test_an_arrival_is_announced_with_the_charge_heard_afterwards(pipeline, outbox, mailbox):
    assert enter(pipeline, lambda book: book.scan("1", PACK.id, "scanner", T0)) == 0
    assert enter(pipeline, lambda book: book.insert("1", T0, None)) == 0
    mailbox.put(Burst("bus", batch_of([status(1, soc=37)])))
    enter(pipeline, lambda book: book.tick())
    (event,) = told(outbox)
    assert (event.unit, event.body.soc_pct) == (PACK, 37.0)


def test_facts_and_what_is_remembered_of_them_go_together(pipeline, outbox):
    enter(pipeline, lambda book: book.scan("1", PACK.id, "scanner", T0))
    enter(pipeline, lambda book: book.insert("1", T0, None))
    assert enter(pipeline, lambda book: book.remove("1", T0 + 9, None)) == 2
    assert decode_state(outbox.note(STATE_NOTE)) == pipeline.state


def test_a_request_that_was_carried_out_is_not_carried_out_again(pipeline, outbox):
    act = lambda book: book.scan("1", PACK.id, "scanner", T0)  # noqa: E731
    enter(pipeline, act, "digest-1")
    enter(pipeline, act, "digest-1")
    assert len(pipeline.state.visit("1").readings) == 1
    enter(pipeline, act, "digest-2")
    assert len(pipeline.state.visit("1").readings) == 2


def test_a_restarted_pipeline_knows_its_packs(outbox, pipeline, failures):
    enter(pipeline, lambda book: book.scan("1", PACK.id, "scanner", T0))
    enter(pipeline, lambda book: book.insert("1", T0, None))
    state = decode_state(outbox.note(STATE_NOTE))
    again = make_pipeline(outbox, Mailbox(), failures, state)
    assert again.slots["1"].unit == PACK


def test_stopping_works_off_what_was_heard(outbox, failures):
    mailbox = Mailbox()
    pipeline = make_pipeline(outbox, mailbox, failures)
    for second in range(50):
        mailbox.put(Burst("bus", batch_of([status(second, current=9)])))
    pipeline.start()
    pipeline.stop()
    assert pipeline.slots["1"].samples == 50
    assert outbox.counters().waiting == 1
    assert failures == []


def test_an_act_that_fails_belongs_to_its_caller_and_stops_nobody(pipeline):
    with pytest.raises(ZeroDivisionError):
        pipeline.act(lambda _book: 1 / 0).result(WAIT)
    assert enter(pipeline, lambda book: book.tick()) == 0


def test_an_error_of_our_own_ends_the_pipeline_and_leaves_no_caller_waiting(outbox, failures):
    mailbox = Mailbox()
    pipeline = make_pipeline(outbox, mailbox, failures)
    mailbox.put(Burst("bus", ["this is no frame"]))
    waiting = pipeline.act(lambda book: book.tick())
    pipeline.start()
    with pytest.raises(CancelledError):
        waiting.result(WAIT)
    pipeline.stop()
    assert len(failures) == 1
