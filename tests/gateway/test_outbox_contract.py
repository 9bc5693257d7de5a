"""What every outbox promises, whatever it is made of."""

from __future__ import annotations

import threading

import pytest

from gateway.outbox import Held, Outbox
from packtrail.event import decode_event
from packtrail.record import Kind
from tests.gateway.drafts import GATEWAY, KEY, alarm, opened, receipt, telemetry
from tests.gateway.memory_outbox import MemoryOutbox

WAIT = 5


@pytest.fixture(params=["sqlite", "memory"])
def outbox(request, open_outbox) -> Outbox:
    return open_outbox() if request.param == "sqlite" else MemoryOutbox()


def fill(outbox: Outbox, count: int) -> None:
    done = [outbox.put(telemetry(number)) for number in range(count)]
    assert [future.result(WAIT).seq for future in done] == list(range(1, count + 1))


def test_numbers_are_contiguous_from_one_in_the_order_of_putting(outbox):
    fill(outbox, 250)
    rows = outbox.waiting(after=0, limit=1000)
    assert [row.address.seq for row in rows] == list(range(1, 251))
    assert {row.address.epoch for row in rows} == {outbox.epoch}


def test_records_are_sealed_with_the_gateways_key_and_say_their_number(outbox):
    fill(outbox, 1)
    (row,) = outbox.waiting(after=0, limit=10)
    record = opened(row.sealed)
    assert (record.gateway, record.epoch, record.seq) == row.address
    assert (record.kind, record.body) == (Kind.TELEMETRY, telemetry(0).columns)


def test_a_fact_becomes_a_signed_event_numbered_like_its_record(outbox):
    outbox.put(telemetry())
    seq = outbox.put(alarm(7)).result(WAIT).seq
    record = opened(outbox.waiting(after=0, limit=10)[seq - 1].sealed)
    signed = decode_event(record.body)
    assert signed.accepted_by(KEY.public)
    event = signed.read()
    assert (event.author, event.stream, event.counter) == (GATEWAY, outbox.epoch, seq)
    assert event.body.value == 7


def test_urgent_records_come_by_priority_and_then_in_order(outbox):
    outbox.put(telemetry())
    kinds = [Kind.HEALTH, Kind.EVENT, Kind.ALARM, Kind.EVENT, Kind.ALARM]
    for number, kind in enumerate(kinds):
        outbox.put(alarm(number, kind)).result(WAIT)
    rows = outbox.waiting(after=0, limit=10, urgent=True)
    assert [(row.kind, row.address.seq) for row in rows] == [
        (Kind.ALARM, 4),
        (Kind.ALARM, 6),
        (Kind.EVENT, 3),
        (Kind.EVENT, 5),
        (Kind.HEALTH, 2),
    ]


def test_a_receipt_empties_through_its_number_and_what_it_names_ahead(outbox):
    fill(outbox, 10)
    settled = outbox.settle(receipt(outbox.epoch, 4, ahead=[7, 9])).result(WAIT)
    assert (settled.stored, settled.refused) == (6, 0)
    assert [row.address.seq for row in outbox.waiting(after=0, limit=99)] == [5, 6, 8, 10]


def test_a_repeated_or_stale_receipt_changes_nothing(outbox):
    fill(outbox, 5)
    outbox.settle(receipt(outbox.epoch, 4)).result(WAIT)
    for through in (4, 2, 0):
        assert outbox.settle(receipt(outbox.epoch, through)).result(WAIT).stored == 0
    counters = outbox.counters()
    assert (counters.added, counters.stored, counters.waiting) == (5, 4, 1)


def test_a_receipt_of_another_epoch_or_gateway_changes_nothing(outbox):
    fill(outbox, 3)
    outbox.settle(receipt("0" * 16, 3)).result(WAIT)
    foreign = receipt(outbox.epoch, 3)
    outbox.settle(type(foreign)(gateway="other", epoch=outbox.epoch, through=3, committed_ns=0))
    outbox.settle(receipt("0" * 16, 3)).result(WAIT)
    assert outbox.counters().waiting == 3


def test_refused_records_leave_and_are_counted_as_refused(outbox):
    fill(outbox, 5)
    settled = outbox.settle(receipt(outbox.epoch, 5, refused=[2, 4])).result(WAIT)
    assert (settled.stored, settled.refused) == (3, 2)
    counters = outbox.counters()
    assert (counters.waiting, counters.stored, counters.refused) == (0, 3, 2)


def test_hostile_numbers_in_a_receipt_do_no_harm(outbox):
    fill(outbox, 3)
    evil = receipt(outbox.epoch, -5, ahead=[0, -1], refused=[-7, 0])
    assert outbox.settle(evil).result(WAIT).stored == 0
    assert outbox.counters().waiting == 3


def test_many_threads_put_and_every_record_has_its_own_number(outbox):
    seqs: list[int] = []

    def put_some() -> None:
        futures = [outbox.put(telemetry(number)) for number in range(50)]
        seqs.extend(future.result(WAIT).seq for future in futures)

    threads = [threading.Thread(target=put_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(1, 301))


def test_held_samples_are_released_with_their_chunk(outbox):
    for number in range(5):
        outbox.hold(Held("chunk-a", bytes([number])))
    outbox.hold(Held("chunk-b", b"b"))
    outbox.put(telemetry(chunk="chunk-a")).result(WAIT)
    outbox.settle(receipt(outbox.epoch, 0)).result(WAIT)
    assert outbox.counters().held == 1


def test_held_samples_can_be_given_up(outbox):
    outbox.hold(Held("chunk-a", b"a"))
    outbox.forget("chunk-a")
    outbox.settle(receipt(outbox.epoch, 0)).result(WAIT)
    assert outbox.counters().held == 0


def test_facts_and_notes_are_recorded_together(outbox):
    facts = [alarm(1, Kind.EVENT), alarm(2, Kind.EVENT)]
    assert outbox.record(facts, {"slots": b"state"}).result(WAIT) == 2
    assert [row.kind for row in outbox.waiting(after=0, limit=9)] == [Kind.EVENT, Kind.EVENT]


def test_a_note_without_a_fact_is_recorded_too(outbox):
    assert outbox.record([], {"slots": b"state"}).result(WAIT) == 0


def test_listeners_hear_of_each_commit(outbox):
    heard = threading.Event()
    outbox.subscribe(heard.set)
    outbox.put(alarm())
    assert heard.wait(WAIT)


def test_closing_commits_what_was_put(open_outbox):
    outbox = open_outbox()
    last = [outbox.put(telemetry(number)) for number in range(20)][-1]
    outbox.close()
    assert last.result(0).seq == 20
