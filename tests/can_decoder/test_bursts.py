"""A burst leaves a tracker in the state that its frames leave it in one by one."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from can_decoder import FrameBatch, profiles
from can_decoder.profiles import Tracker
from can_decoder.profiles.bursts import group_filter

T0 = 1_775_000_000_000_000_000
SHIPPED = ("nissan_leaf", "sim_sxa", "sim_sxb", "tesla_model_s", "gbt27930", "stationary_can")


def batch_of(frames: list[tuple[int, int, bool, bytes]]) -> FrameBatch:
    times, ids, extended, payloads = zip(*frames, strict=True)
    data = np.frombuffer(b"".join(p.ljust(8, b"\0") for p in payloads), np.uint8).reshape(-1, 8)
    return FrameBatch.from_arrays(
        ids, extended, np.array(times, np.int64), data, [len(p) for p in payloads]
    )


def same_state(one: Tracker, other: Tracker, t_ns: int) -> None:
    left, right = one.snapshot(t_ns), other.snapshot(t_ns)
    assert left.values.keys() == right.values.keys()
    for name, value in left.values.items():
        assert np.array_equal(value, right.values[name], equal_nan=True), name
        assert np.array_equal(left.age_s[name], right.age_s[name], equal_nan=True), name


def identifiers(name: str) -> list[tuple[int, bool]]:
    return [(one.frame_id, one.extended) for one in profiles.find(name).tracker().filters]


@pytest.mark.parametrize("name", SHIPPED)
@given(data=st.data())
def test_a_burst_is_worth_its_frames(name, data):
    known = [*identifiers(name), (0x7AA, False)]
    few = st.lists(st.sampled_from(known), min_size=1, max_size=4).flatmap(
        lambda chosen: st.lists(
            st.tuples(st.sampled_from(chosen), st.binary(min_size=6, max_size=8)),
            min_size=1,
            max_size=40,
        )
    )
    frames = [
        (T0 + n * 1_000_000, frame_id, extended, payload)
        for n, ((frame_id, extended), payload) in enumerate(data.draw(few))
    ]
    whole, single = profiles.find(name).tracker(), profiles.find(name).tracker()
    cut = data.draw(st.integers(0, len(frames)))
    for part in (frames[:cut], frames[cut:]):
        if part:
            whole.feed_batch(batch_of(part))
    for frame in frames:
        single.feed(*frame)
    same_state(whole, single, T0 + 1_000_000_000)
    assert whole.counts.unknown == single.counts.unknown
    assert whole.counts.repeated == single.counts.repeated
    assert whole.counts.skipped == single.counts.skipped


def test_what_a_later_frame_makes_up_for_is_counted_and_not_decoded():
    health = bytes.fromhex("1027803e10270000")
    found = []
    for frame_id, _ in identifiers("sim_sxa"):
        tracker = profiles.find("sim_sxa").tracker()
        tracker.feed_batch(batch_of([(T0 + n, frame_id, False, health) for n in range(100)]))
        found.append((tracker.counts.superseded, tracker.counts.decoded))
    assert (99, 1) in found


@pytest.mark.parametrize(
    ("pgn", "wanted", "other"),
    [(0xF004, 0x0CF00455, 0x0CF10455), (0xEB00, 0x1CEB56F4, 0x1CEC56F4)],
)
def test_group_filters_leave_priority_source_and_destination_open(pgn, wanted, other):
    chosen = group_filter(pgn)
    assert chosen.admits(wanted, extended=True)
    assert not chosen.admits(other, extended=True)
    assert not chosen.admits(wanted & 0x7FF, extended=False)


def test_the_filters_of_a_profile_admit_every_frame_it_understands():
    filters = profiles.find("gbt27930").tracker().filters
    assert any(one.admits(0x1CEC56F4, extended=True) for one in filters)
    assert not any(one.admits(0x18FF1234, extended=True) for one in filters)


def test_payloads_of_a_batch_are_those_of_its_rows():
    batch = batch_of(
        [(T0, 1, False, b""), (T0, 2, True, struct.pack(">d", 1.5)), (T0, 3, False, b"a")]
    )
    assert batch.payloads() == [batch.payload(row) for row in range(3)]
    assert batch.keys() == [1, 2 | 0x8000_0000, 3]
