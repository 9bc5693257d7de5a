"""The intake without a broker: order of answers, waiting, and a store that does not answer."""

from __future__ import annotations

import base64
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cloud_bridge.errors import ContentError, StoreError
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.intake import REFUSALS_PER_RECEIPT, Intake
from cloud_bridge.ingest.presence import MOST, Presence
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import SqliteStore
from packtrail.event import KeyRotated, PackInstalled
from packtrail.receipt import MAX_RECEIPT_BYTES, open_receipt
from packtrail.record import Kind
from packtrail.signing import SigningKey
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import until


@dataclass
class Notebook:
    """Writes down what the intake answers, in order."""

    said: list[tuple[str, object]] = field(default_factory=list)

    def answer(self, gateway: str, receipt: bytes) -> None:
        assert len(receipt) <= MAX_RECEIPT_BYTES
        self.said.append(("receipt", open_receipt(receipt, parts.AUTHORITY.public)))

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.said.append(("ack", len(deliveries)))


@dataclass
class Bench:
    """An intake over a store in a folder."""

    store: SqliteStore
    inbox: Inbox
    link: Notebook
    intake: Intake
    metrics: Metrics


@pytest.fixture
def bench(tmp_path):
    store = SqliteStore(tmp_path / "db", busy_s=0.05)
    inbox, link, metrics, known = Inbox(50), Notebook(), Metrics(), parts.trust()
    intake = Intake(
        inbox, link, store, lambda: known, parts.AUTHORITY, metrics, batch=10, batch_s=0.01
    )
    yield Bench(store, inbox, link, intake, metrics)
    store.close()


def deliveries(*messages: tuple[str, bytes]) -> list[Delivery]:
    return [Delivery(topic, data, i, 0) for i, (topic, data) in enumerate(messages)]


def test_the_receipt_goes_before_the_brokers_acknowledgement(bench):
    gateway = parts.PlayedGateway()
    bench.intake.take(deliveries(gateway.telemetry(), gateway.telemetry()))
    (first, receipt), second = bench.link.said
    assert (first, receipt.through, second) == ("receipt", 2, ("ack", 2))


def test_strangers_are_acknowledged_and_not_answered(bench):
    bench.intake.take(deliveries(("nonsense", b""), ("packtrail/1/x/record/0/0", b"")))
    assert bench.link.said == [("ack", 2)]


def test_many_refusals_come_in_receipts_of_bounded_size(bench):
    gateway = parts.PlayedGateway()
    poison = [gateway.record(Kind.TELEMETRY, b"x") for _ in range(REFUSALS_PER_RECEIPT * 2 + 1)]
    bench.intake.take(deliveries(*poison))
    receipts = [said for what, said in bench.link.said if what == "receipt"]
    assert [len(receipt.refused) for receipt in receipts] == [128, 128, 1]
    named = [refusal.seq for receipt in receipts for refusal in receipt.refused]
    assert named == list(range(1, 258))


def test_refusals_in_any_script_leave_the_receipt_small(bench):
    gateway = parts.PlayedGateway()
    other = "站" * 128
    messages = [
        gateway.tell(PackInstalled(place=parts.SLOT), author=other)
        for _ in range(REFUSALS_PER_RECEIPT)
    ]
    bench.intake.take(deliveries(*messages))
    assert [len(said.refused) for what, said in bench.link.said if what == "receipt"] == [128]


def test_a_store_that_does_not_answer_gets_nothing_acknowledged(bench, tmp_path):
    other = sqlite3.connect(tmp_path / "db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as told:
        bench.intake.take(deliveries(parts.PlayedGateway().telemetry()))
    assert told.value.retryable
    assert bench.link.said == []
    other.rollback()
    other.close()


def test_the_batch_is_tried_again_until_the_store_answers(bench, tmp_path):
    other = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    stop = threading.Event()
    thread = threading.Thread(target=bench.intake.run, args=(stop,))
    thread.start()
    bench.inbox.put(deliveries(parts.PlayedGateway().telemetry())[0])
    fault = until(lambda: bench.intake.fault)
    assert "数据库无响应" in fault.zh
    other.rollback()
    until(lambda: bench.link.said)
    assert bench.intake.fault is None
    assert bench.intake.silent_s < 10
    stop.set()
    thread.join()
    other.close()
    assert bench.store.counts().chunks == 1


class HeldStore(SqliteStore):
    """A store whose commits wait until they are let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)

    def commit(self, arrivals, strangers, now_ns):
        self.asked.release()
        assert self.let_go.acquire(timeout=20)
        return super().commit(arrivals, strangers, now_ns)


@pytest.fixture
def held(tmp_path):
    """Two batches of one record, the first of which is being committed; how often was judged."""
    store, inbox, link, known = HeldStore(tmp_path / "db"), Inbox(50), Notebook(), parts.trust()
    judged = []

    def trust():
        judged.append(store.size())
        return known

    intake = Intake(inbox, link, store, trust, parts.AUTHORITY, Metrics(), batch=1, batch_s=0.01)
    stop = threading.Event()
    running = threading.Thread(target=intake.run, args=(stop,))

    def begin(*messages):
        for one in deliveries(*messages):
            inbox.put(one)
        running.start()
        assert store.asked.acquire(timeout=20)
        return store, judged, link

    yield begin
    stop.set()
    for _ in range(9):
        store.let_go.release()
    running.join(20)
    assert not running.is_alive()
    store.close()


def test_the_next_batch_is_judged_while_one_is_committed(held):
    gateway = parts.PlayedGateway()
    store, judged, link = held(gateway.telemetry(), gateway.telemetry())
    until(lambda: len(judged) == 2)
    assert link.said == []
    store.let_go.release()
    until(lambda: len(link.said) == 2)
    assert link.said[0][1].through == 1
    assert store.asked.acquire(timeout=20)
    store.let_go.release()
    until(lambda: len(link.said) == 4)
    assert link.said[2][1].through == 2


def test_whoever_comes_after_a_change_of_keys_is_judged_after_it(held):
    gateway = parts.PlayedGateway()
    new = SigningKey.from_seed(b"next".ljust(32, b"."))
    proof = base64.b64encode(new.sign("rotation", gateway.key.key_id.encode())).decode()
    rotation = KeyRotated(new.public.text, proof, format_time(parts.T0))
    store, judged, link = held(gateway.tell(rotation, unit=None), gateway.telemetry())
    time.sleep(0.2)
    assert judged == [0]
    store.let_go.release()
    until(lambda: len(judged) == 2)
    assert judged == [0, 1]
    assert link.said[0][1].refused == ()


class ChokingStore(SqliteStore):
    """A store that cannot hold what was read in one slot."""

    def commit(self, arrivals, strangers, now_ns):
        if any(getattr(one.content, "slot", "") == "choke" for one in arrivals):
            raise ContentError("no database holds that")
        return super().commit(arrivals, strangers, now_ns)


def test_a_record_that_no_database_can_hold_is_refused_and_holds_up_no_other(tmp_path):
    store, link, gateway, known = (
        ChokingStore(tmp_path / "db"),
        Notebook(),
        parts.PlayedGateway(),
        parts.trust(),
    )
    intake = Intake(Inbox(50), link, store, lambda: known, parts.AUTHORITY, Metrics())
    slots = ["3", "3", "choke", "3", "3", "choke", "3"]
    committed = intake.take(deliveries(*(gateway.telemetry(slot=slot) for slot in slots)))
    assert (committed.stored, committed.refused) == (5, 2)
    assert sum(count for what, count in link.said if what == "ack") == 7
    receipts = [said for what, said in link.said if what == "receipt"]
    refused = [(one.seq, one.reason) for said in receipts for one in said.refused]
    assert refused == [(3, "store"), (6, "store")]
    assert receipts[-1].through == 7
    store.close()


def test_a_full_inbox_makes_the_broker_wait_until_there_is_room():
    inbox = Inbox(1)
    first, second = deliveries(("a", b""), ("b", b""))
    assert inbox.put(first)
    waiting = threading.Thread(target=inbox.put, args=(second,))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    assert inbox.batch(1, 0.01) == [first]
    waiting.join(5)
    assert inbox.batch(1, 0.01) == [second]


def test_an_inbox_full_of_large_messages_makes_the_broker_wait():
    inbox = Inbox(10, most_bytes=100)
    small, large, other = deliveries(("a", b"1"), ("b", b"2" * 100), ("c", b"3"))
    assert inbox.put(small)
    waiting = threading.Thread(target=inbox.put, args=(large,))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    assert inbox.batch(1, 0.01) == [small]
    waiting.join(5)
    assert not waiting.is_alive()
    threading.Thread(target=inbox.put, args=(other,)).start()
    assert inbox.batch(2, 0.05) == [large]
    assert until(lambda: inbox.batch(2, 0.05)) == [other]


def test_a_closed_inbox_lets_nobody_wait():
    inbox = Inbox(1)
    one = deliveries(("a", b""))[0]
    inbox.put(one)
    inbox.close()
    assert inbox.put(one) is False


def test_a_batch_leaves_when_it_is_full_or_has_waited():
    inbox = Inbox(10)
    for one in deliveries(*[(str(i), b"") for i in range(5)]):
        inbox.put(one)
    assert len(inbox.batch(3, 10.0)) == 3
    assert len(inbox.batch(3, 0.01)) == 2
    assert inbox.batch(3, 0.01, idle_s=0.01) == []


def test_a_batch_leaves_in_a_lull_for_more_may_wait_for_the_answer():
    inbox = Inbox(100)
    for delivery in deliveries(("a", b""), ("b", b"")):
        inbox.put(delivery)
    begin = time.monotonic()
    assert len(inbox.batch(10, 30.0)) == 2
    assert time.monotonic() - begin < 10


def test_presence_believes_two_words_and_remembers_a_bounded_number():
    presence = Presence()
    presence.tell("packtrail/1/g/status", b"online")
    assert presence.of("g") is True
    for topic, payload in (
        ("packtrail/1/g/status", b"<script>"),
        ("packtrail/1/g/h/status", b"offline"),
        ("other", b"offline"),
    ):
        presence.tell(topic, payload)
    assert presence.of("g") is True
    presence.tell("packtrail/1/g/status", b"offline")
    assert presence.of("g") is False
    for i in range(MOST + 10):
        presence.tell(f"packtrail/1/n{i}/status", b"online")
    assert presence.of(f"n{MOST + 5}") is None
