"""Telemetry, whose it is, and the order it is told in: every store keeps this contract."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from cloud_bridge.store import Cursor, Store
from packtrail.event import UnitRef
from tests.cloud_bridge import parts
from tests.contracts.stores import NOW, arrival, attributed, chunk


def test_the_newest_chunk_of_a_slot_wins_whatever_the_order(store):
    store.commit([arrival(2, chunk(None, parts.T0 + parts.HOUR))], [], NOW)
    store.commit([arrival(1, chunk())], [], NOW)
    (slot,) = store.slots("g")
    assert (slot.slot, slot.unit, slot.address.seq) == ("3", None, 2)


def test_chunks_are_found_by_any_overlap(store):
    chunks = [chunk(from_ns=parts.T0 + i * parts.MINUTE) for i in range(5)]
    store.commit([arrival(i + 1, one) for i, one in enumerate(chunks)], [], NOW)
    middle = parts.T0 + 150 * parts.SECOND
    found = store.chunks_of(parts.PACK, middle, middle + parts.MINUTE)
    assert [one.address.seq for one in found] == [3, 4]
    assert [one.address.seq for one in store.latest_chunks(parts.PACK, 2)] == [5, 4]


def test_days_of_telemetry_are_counted_without_their_bytes(store):
    day = 24 * parts.HOUR
    spans = [parts.T0, parts.T0 + parts.MINUTE, parts.T0 + day]
    store.commit([arrival(i + 1, chunk(from_ns=at)) for i, at in enumerate(spans)], [], NOW)
    store.commit([arrival(9, chunk(None))], [], NOW)
    newest, older = store.telemetry_days(parts.PACK, 100)
    assert (newest.day, newest.chunks) == ((parts.T0 + day) // day, 1)
    assert (older.day, older.chunks) == (parts.T0 // day, 2)
    assert newest.position > older.position
    assert [one.chunks for one in store.telemetry_days(parts.PACK, 2)] == [1, 1]
    assert store.telemetry_days(parts.OTHER_PACK, 100) == []


def test_a_projection_follows_chunks_in_the_order_of_their_commits(store):
    assert store.newest_chunk() == 0
    store.commit([arrival(2, chunk()), arrival(1)], [], NOW)
    store.commit([arrival(3, chunk(None))], [], NOW)
    end = store.newest_chunk()
    first, second = store.chunks_after(0, end)
    assert [one.address.seq for _, one in (first, second)] == [2, 3]
    assert store.chunks_after(first[0], end) == [second]
    spans = store.chunk_spans_after(0, end)
    assert [(at, replace(one, data=b"")) for at, one in (first, second)] == spans
    assert store.chunks_after(0, first[0]) == [first]


def test_a_cursor_stays_where_it_was_put(store):
    assert store.cursor("influx") == Cursor(0, -1, 0)
    store.move_cursor("influx", Cursor(5, 7), NOW)
    store.move_cursor("lake", Cursor(1, 1), NOW)
    assert store.cursor("influx") == Cursor(5, 7, NOW)
    store.move_cursor("influx", Cursor(), NOW + 1)
    assert store.cursor("influx") == Cursor(0, -1, NOW + 1)


def test_a_projection_misses_nothing_of_bridges_that_write_side_by_side(store):
    ends = threading.Event()
    seen: list[int] = []

    def write(gateway: str) -> None:
        for seq in range(1, 61):
            store.commit([arrival(seq, chunk(), gateway=gateway)], [], NOW)

    def follow() -> None:
        position, last = 0, False
        while not last:
            last = ends.is_set()
            fresh = store.chunks_after(position, store.newest_chunk(), 200)
            seen.extend(place for place, _ in fresh)
            position = seen[-1] if seen else 0

    writers = [threading.Thread(target=write, args=(name,)) for name in ("g", "h", "i")]
    reader = threading.Thread(target=follow)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    ends.set()
    reader.join()
    assert len(seen) == 180
    assert seen == sorted(set(seen))


def spans_of(store: Store, unit: UnitRef) -> list[tuple[int, int]]:
    whole = (0, 2**62)
    return [(c.chunk.from_ns, c.chunk.to_ns) for c in store.chunks_of(unit, *whole)]


@pytest.mark.parametrize("late", [False, True])
def test_telemetry_of_an_unbound_slot_is_a_packs_once_it_is_attributed(store, late):
    first, second, third = (parts.T0 + n * parts.HOUR for n in range(3))
    chunks = [chunk(None, start) for start in (first, second, third)]
    chunks += [chunk(None, second, "4"), chunk(parts.OTHER_PACK, second)]
    told = attributed(second, second + parts.HOUR // 2)
    content = [told, *chunks] if late else [*chunks, told]
    store.commit([arrival(n, one) for n, one in enumerate(content, 1)], [], NOW)
    assert spans_of(store, parts.PACK) == [(second, second + parts.MINUTE)]
    (newest,) = store.latest_chunks(parts.PACK)
    assert newest.chunk.from_ns == second
    assert spans_of(store, parts.OTHER_PACK) == [(second, second + parts.MINUTE)]


def test_a_chunk_that_straddles_the_arrival_counts_from_the_arrival(store):
    half = parts.T0 + parts.MINUTE // 2
    told = attributed(half, parts.T0 + parts.HOUR)
    store.commit([arrival(1, chunk(None)), arrival(2, told)], [], NOW)
    assert spans_of(store, parts.PACK) == [(half, parts.T0 + parts.MINUTE)]


def test_a_mistaken_packs_telemetry_is_taken_from_it(store):
    told = attributed(parts.T0, parts.T0 + parts.HOUR, parts.OTHER_PACK)
    store.commit([arrival(1, chunk(parts.OTHER_PACK)), arrival(2, told)], [], NOW)
    assert spans_of(store, parts.OTHER_PACK) == []
    assert len(spans_of(store, parts.PACK)) == 1
    assert store.latest_chunks(parts.OTHER_PACK) == []


def test_each_attributed_chunk_is_told_once_over_all_steps(store):
    half = parts.T0 + parts.MINUTE // 2
    store.commit([arrival(1, chunk(None))], [], NOW)
    told = attributed(half, parts.T0 + 3 * parts.HOUR)
    store.commit([arrival(2, told)], [], NOW)
    store.commit([arrival(3, chunk(None, parts.T0 + parts.HOUR))], [], NOW)
    steps = [Cursor(), Cursor(1, -1), Cursor(1, 0), Cursor(2, 0)]
    found = [store.chunks_attributed(*step) for step in pairwise(steps)]
    assert [len(one) for one in found] == [0, 1, 1]
    assert all(one.chunk.unit == parts.PACK for step in found for one in step)
    assert found[1][0].chunk.from_ns == half
    whole = store.chunks_attributed(Cursor(), Cursor(2, 0))
    assert whole == [*found[1], *found[2]]


def test_another_gateways_slot_of_the_same_name_stays_untouched(store):
    told = attributed(parts.T0, parts.T0 + parts.HOUR)
    store.commit([arrival(1, chunk(None), gateway="h"), arrival(1, told)], [], NOW)
    assert spans_of(store, parts.PACK) == []
