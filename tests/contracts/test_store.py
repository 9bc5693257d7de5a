"""Records and receipts: every store keeps this contract, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import threading
import uuid

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.errors import StoreError
from cloud_bridge.ingest.judge import judge
from cloud_bridge.store import Arrival, Blank, Refused, Stranger
from packtrail.event import PackInstalled, encode_event
from packtrail.proof import merkle
from packtrail.receipt import Refusal
from packtrail.record import Kind
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.contracts.stores import NOW, arrival, chunk, through


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


def test_what_the_judge_says_of_hostile_text_can_be_kept(store):
    gateway = parts.PlayedGateway()
    said = msgspec.structs.replace(parts.signed(PackInstalled(place=parts.SLOT)), key_id="\x00")
    topic, data = gateway.record(Kind.EVENT, encode_event(said))
    bad = judge(topic, data, parts.trust(), NOW)
    strange = judge("packtrail/\x00", b"", parts.trust(), NOW)
    assert isinstance(bad, Arrival)
    assert isinstance(strange, Stranger)
    (progress,) = store.commit([bad], [strange], NOW).progress
    assert [one.reason for one in progress.refused] == ["key"]
    assert [one.topic for one, _ in store.strangers(1)] == ["packtrail/\\x00"]


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
