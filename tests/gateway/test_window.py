"""Which records are under way: bounded, fair, and complete over any lossy link."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.uplink.window import Window
from packtrail.receipt import Receipt
from packtrail.record import Kind
from packtrail.times import NS_PER_S
from tests.gateway.drafts import alarm, receipt, telemetry
from tests.gateway.memory_outbox import MemoryOutbox

EVERYTHING = 1_000_000


def filled(telemetries: int, alarms: int = 0) -> MemoryOutbox:
    outbox = MemoryOutbox()
    for number in range(telemetries):
        outbox.put(telemetry(number))
    for number in range(alarms):
        outbox.put(alarm(number))
    return outbox


def numbers(records) -> list[int]:
    return [record.address.seq for record in records]


def test_the_window_bounds_what_is_under_way():
    outbox = filled(500)
    window = Window(outbox, limit=64)
    assert numbers(window.fill(0, EVERYTHING)) == list(range(1, 49))
    assert window.fill(0, EVERYTHING) == []
    assert len(window) == 48


def test_alarms_overtake_a_backlog_and_do_not_stop_it():
    outbox = filled(500, alarms=100)
    window = Window(outbox, limit=64)
    sent = numbers(window.fill(0, EVERYTHING))
    assert sent[:16] == list(range(501, 517))
    assert sent[16:] == list(range(1, 49))


def test_alarms_go_before_events_and_events_before_health():
    outbox = filled(3)
    for number, kind in enumerate([Kind.HEALTH, Kind.EVENT, Kind.ALARM]):
        outbox.put(alarm(number, kind))
    assert numbers(Window(outbox).fill(0, EVERYTHING)) == [6, 5, 4, 1, 2, 3]


def test_a_receipt_that_names_what_is_ahead_makes_room_for_further_alarms():
    outbox = filled(500, alarms=100)
    window = Window(outbox, limit=64)
    window.fill(0, EVERYTHING)
    answer = receipt(outbox.epoch, 0, ahead=range(501, 511))
    outbox.settle(answer)
    window.answer(answer, 0)
    assert numbers(window.fill(0, EVERYTHING)) == list(range(517, 527))


def test_answered_records_that_the_outbox_still_holds_are_not_sent_again():
    """The outbox takes them out with its next commit, which may be a moment later."""
    outbox = filled(10, alarms=5)
    window = Window(outbox, limit=8)
    window.fill(0, EVERYTHING)
    window.answer(receipt(outbox.epoch, 6, ahead=[11, 12]), 0)
    again = numbers(window.fill(0, EVERYTHING))
    assert set(again) == {7, 8, 9, 10, 13, 14, 15}


def test_only_the_lowest_record_is_repeated_while_no_receipt_comes():
    window = Window(filled(100), patience_s=10)
    window.fill(0, EVERYTHING)
    assert window.probe(9 * NS_PER_S) is None
    assert window.probe(10 * NS_PER_S).address.seq == 1
    assert window.probe(29 * NS_PER_S) is None, "patience doubles"
    assert window.probe(30 * NS_PER_S).address.seq == 1


def test_a_receipt_after_a_silence_brings_out_all_that_is_overdue():
    outbox = filled(10)
    window = Window(outbox, patience_s=10)
    window.fill(0, EVERYTHING)
    again = window.answer(receipt(outbox.epoch, 4), 11 * NS_PER_S)
    assert numbers(again) == [5, 6, 7, 8, 9, 10]


def test_a_new_connection_starts_from_the_lowest_unanswered_record():
    outbox = filled(10)
    window = Window(outbox)
    window.fill(0, EVERYTHING)
    outbox.settle(receipt(outbox.epoch, 4))
    window.restart()
    assert numbers(window.fill(0, EVERYTHING)) == [5, 6, 7, 8, 9, 10]


class LossyBridge:
    """Stores what reaches it and answers; the link loses messages both ways."""

    def __init__(self) -> None:
        self.stored: set[int] = set()

    def answer(self, outbox: MemoryOutbox) -> Receipt:
        through = 0
        while through + 1 in self.stored:
            through += 1
        ahead = sorted(seq for seq in self.stored if seq > through)[:5]
        return receipt(outbox.epoch, through, ahead)


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(list(Kind)[:4]), min_size=1, max_size=60),
    limit=st.integers(1, 20),
    link=st.randoms(use_true_random=False),
)
def test_over_any_lossy_link_every_record_arrives_and_the_outbox_empties(kinds, limit, link):
    outbox, bridge = MemoryOutbox(), LossyBridge()
    for number, kind in enumerate(kinds):
        outbox.put(telemetry(number) if kind is Kind.TELEMETRY else alarm(number, kind))
    window = Window(outbox, limit=limit, patience_s=1)
    for step in range(3000):
        now_ns = step * NS_PER_S
        if link.random() < 0.02:
            window.restart()
        sent = window.fill(now_ns, EVERYTHING)
        sent += [probe] if (probe := window.probe(now_ns)) else []
        assert len(window) <= limit + 1
        for _ in range(2):
            bridge.stored |= {row.address.seq for row in sent if link.random() < 0.7}
            if sent and link.random() < 0.7:
                answer = bridge.answer(outbox)
                outbox.settle(answer)
                sent = window.answer(answer, now_ns)
        if not outbox.counters().waiting:
            break
    assert outbox.counters().stored == len(kinds)
    assert bridge.stored == set(range(1, len(kinds) + 1))
