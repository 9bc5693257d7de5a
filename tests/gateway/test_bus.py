"""Bus readers on python-can's virtual bus."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Iterator

import can
import pytest

from can_decoder import FrameBatch
from gateway.bus import (
    Burst,
    BusOptions,
    BusReader,
    Call,
    Frame,
    Mailbox,
    PythonCanSource,
    batch_of,
)
from packtrail.times import NS_PER_S
from tests.gateway.bridge_player import eventually


@pytest.fixture
def channel() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def sender(channel) -> Iterator[can.BusABC]:
    with can.Bus(
        interface="virtual", channel=channel, preserve_timestamps=True, ignore_config=True
    ) as bus:
        yield bus


@pytest.fixture
def run_reader() -> Iterator:
    readers: list[BusReader] = []

    def _run(options: BusOptions, mailbox: Mailbox, **more) -> BusReader:
        reader = BusReader(options, mailbox, longest_pause_s=0.1, **more)
        readers.append(reader)
        reader.start()
        return reader

    yield _run
    for reader in readers:
        reader.stop()


def virtual(channel: str, **more) -> BusOptions:
    return BusOptions("slot-1", "virtual", channel, **more)


def message(number: int = 1, **more) -> can.Message:
    return can.Message(
        timestamp=1_775_000_000.25 + number,
        arbitration_id=number,
        is_extended_id=False,
        data=bytes([number]),
        **more,
    )


def single_frames(batch: FrameBatch) -> list[Frame]:
    columns = (batch.t_ns.tolist(), batch.ids.tolist(), batch.extended.tolist())
    return [Frame(*row) for row in zip(*columns, batch.payloads(), strict=True)]


def frames_in(mailbox: Mailbox, count: int) -> list[Frame]:
    frames: list[Frame] = []
    while len(frames) < count:
        item = mailbox.take(5)
        assert isinstance(item, Burst)
        frames += single_frames(item.frames)
    return frames


def test_frames_keep_their_order_their_data_and_the_senders_time(run_reader, channel, sender):
    mailbox = Mailbox()
    reader = run_reader(virtual(channel), mailbox)
    eventually(lambda: reader.state.up)
    for number in range(1, 201):
        sender.send(message(number % 256))
    frames = frames_in(mailbox, 200)
    assert [frame.frame_id for frame in frames] == [n % 256 for n in range(1, 201)]
    assert frames[0] == Frame(1_775_000_001_250_000_000, 1, False, b"\x01")
    assert (reader.state.frames, reader.state.dropped) == (200, 0)


def test_error_and_remote_frames_are_no_data(run_reader, channel, sender):
    mailbox = Mailbox()
    reader = run_reader(virtual(channel), mailbox)
    eventually(lambda: reader.state.up)
    sender.send(message(1, is_error_frame=True))
    sender.send(can.Message(arbitration_id=2, is_remote_frame=True, is_extended_id=False))
    sender.send(message(3))
    assert [frame.frame_id for frame in frames_in(mailbox, 1)] == [3]
    assert reader.state.error_frames == 1


@pytest.mark.parametrize("stamp", [12.5, 0.0, -5.0, 9.2e9, 1e30, math.inf, math.nan])
def test_a_time_that_is_no_utc_is_replaced_by_the_arrival(run_reader, channel, sender, stamp):
    mailbox = Mailbox()
    reader = run_reader(virtual(channel), mailbox)
    eventually(lambda: reader.state.up)
    sender.send(can.Message(timestamp=stamp, arbitration_id=1, data=b"", is_extended_id=False))
    heard_ns = frames_in(mailbox, 1)[0].t_ns
    assert abs(heard_ns - time.time_ns()) < 60 * NS_PER_S
    assert reader.state.restarts == 0


def test_an_adapter_that_does_not_exist_is_tried_again_and_named(run_reader):
    reader = run_reader(BusOptions("b", "no_such_interface", "0"), Mailbox())
    eventually(lambda: reader.state.restarts >= 2)
    assert "no_such_interface" in reader.state.problem
    assert not reader.state.up


def test_an_adapter_that_fails_while_reading_is_opened_again(run_reader, channel, sender):
    opened = []

    class Flaky(can.interfaces.virtual.VirtualBus):
        def recv(self, timeout=None):
            if len(opened) == 1:
                raise OSError("adapter pulled out")
            return super().recv(timeout)

    def open_bus() -> PythonCanSource:
        opened.append(1)
        return PythonCanSource(Flaky(channel))

    mailbox = Mailbox()
    reader = run_reader(virtual(channel), mailbox, open_bus=open_bus)
    eventually(lambda: len(opened) == 2 and reader.state.up)
    assert reader.state.restarts == 1
    sender.send(message(7))
    assert frames_in(mailbox, 1)[0].frame_id == 7


def test_a_silent_bus_is_reported_and_heard_again(run_reader, channel, sender):
    reader = run_reader(virtual(channel, silent_s=0.1), Mailbox())
    eventually(lambda: reader.state.silent)
    sender.send(message())
    eventually(lambda: not reader.state.silent)


def test_a_full_mailbox_costs_frames_that_are_counted_and_never_blocks(run_reader, channel, sender):
    mailbox = Mailbox(capacity=10)
    reader = run_reader(virtual(channel), mailbox)
    eventually(lambda: reader.state.up)
    for number in range(100):
        sender.send(message(number))
    eventually(lambda: reader.state.frames == 100)
    assert mailbox.depth + reader.state.dropped == 100
    assert reader.state.dropped > 0


def test_a_recording_waits_for_room():
    mailbox = Mailbox(capacity=10)
    burst = Burst("log", batch_of([Frame(0, 1, False, b"")] * 10))
    mailbox.put(burst)
    second = threading.Thread(target=mailbox.put, args=(burst,))
    second.start()
    assert mailbox.depth == 10
    mailbox.take(1)
    second.join(5)
    assert mailbox.depth == 10


def test_calls_are_taken_between_bursts_even_when_full():
    mailbox = Mailbox(capacity=1)
    mailbox.put(Burst("b", batch_of([Frame(0, 1, False, b"")])))
    mailbox.call(lambda: 42)
    assert isinstance(mailbox.take(1), Burst)
    assert isinstance(mailbox.take(1), Call)


def test_a_closed_mailbox_gives_out_the_rest_and_cancels_new_calls():
    mailbox = Mailbox()
    mailbox.put(Burst("b", batch_of([Frame(0, 1, False, b"")])))
    mailbox.close()
    assert mailbox.call(lambda: 42).cancelled()
    assert not mailbox.drained
    assert mailbox.take(1)
    assert mailbox.take(0.01) is None
    assert mailbox.drained
