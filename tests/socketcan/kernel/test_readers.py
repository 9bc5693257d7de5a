"""Our reader and python-can's on the kernel's own SocketCAN: the same frames, the same health."""

from __future__ import annotations

import random
import socket
import struct
import time

import numpy as np

from can_decoder import IdFilter, profiles
from gateway.bus import Burst, BusOptions, BusReader, Condition, Mailbox, PythonCanSource
from gateway.bus.socketcan import SocketCanSource
from packtrail.times import NS_PER_S
from tests.socketcan.kernel.conftest import EFF, ERR, RTR, collect, rows, set_link, times


def test_classic_frames_keep_identifier_width_data_and_the_kernels_time(open_source, sender):
    source = open_source()
    before_ns = time.time_ns()
    sender.send(0x123, b"\x01\x02\x03")
    sender.send(0x18FF50E5 | EFF, bytes(range(8)))
    sender.send(0x7FF, b"")
    hauls = collect(source, 3)
    assert rows(hauls) == [
        (0x123, False, b"\x01\x02\x03"),
        (0x18FF50E5, True, bytes(range(8))),
        (0x7FF, False, b""),
    ]
    assert all(before_ns - 1000 <= t_ns <= time.time_ns() for t_ns in times(hauls))


def test_fd_frames_come_whole_beside_classic_ones(open_source, sender):
    source = open_source(fd=True)
    sender.send_fd(0x1A0 | EFF, bytes(range(64)))
    sender.send(0x1A1, b"\x07")
    sender.send_fd(0x1A2, bytes(range(12)))
    assert rows(collect(source, 3)) == [
        (0x1A0, True, bytes(range(64))),
        (0x1A1, False, b"\x07"),
        (0x1A2, False, bytes(range(12))),
    ]


def test_error_frames_are_health_and_remote_frames_nothing(open_source, sender):
    source = open_source()
    sender.send(0x004 | ERR, b"\x00\x10" + bytes(6))
    sender.send(0x100 | RTR, b"")
    sender.send(0x040 | ERR, bytes(8))
    sender.send(0x100 | ERR, bytes(8))
    sender.send(0x55, b"\x01")
    hauls = collect(source, 1)
    assert rows(hauls) == [(0x55, False, b"\x01")]
    assert sum(haul.error_frames for haul in hauls) == 3
    told = [condition for haul in hauls for condition in haul.conditions]
    assert told == [Condition.PASSIVE, Condition.BUS_OFF, Condition.ACTIVE]


def test_the_kernel_filters_what_the_profile_does_not_need(open_source, sender):
    filters = profiles.find("sim_sxa").tracker().filters
    source = open_source(filters=filters)
    wanted = sorted({one.frame_id | (EFF if one.extended else 0) for one in filters})
    for marked_id in wanted:
        sender.send(0x5A5, b"\x01")
        sender.send(marked_id, bytes(8))
        sender.send(marked_id ^ EFF, bytes(8))
    found = rows(collect(source, len(wanted)))
    assert sorted(i | (EFF if extended else 0) for i, extended, _ in found) == wanted


def test_a_group_filter_takes_every_sender_of_the_group(open_source, sender):
    source = open_source(filters=(IdFilter(0x00F004 << 8, 0x03FFFF00, extended=True),))
    for frame_id in (0x0CF00400, 0x18F00421, 0x18F00521):
        sender.send(frame_id | EFF, b"\x01")
    sender.send(0x0CF00455 | EFF, b"\x02")
    assert [row[0] for row in rows(collect(source, 3))] == [0x0CF00400, 0x18F00421, 0x0CF00455]


def test_both_readers_give_the_same_columns_for_the_same_traffic(sender):
    options = BusOptions("b", "socketcan", "vcan0", fd=True)
    choice = random.Random(7)
    with SocketCanSource.open(options) as ours, PythonCanSource.open(options) as theirs:
        left, right = [], []
        for number in range(300):
            marked = choice.choice([choice.randrange(0x800), choice.randrange(1 << 29) | EFF])
            kind = choice.randrange(10)
            if kind == 0:
                sender.send(marked | RTR, b"")
            elif kind < 4:
                sender.send_fd(marked, choice.randbytes(choice.choice([12, 24, 48, 64])))
            else:
                sender.send(marked, choice.randbytes(choice.randrange(9)))
            if number % 100 == 99:  # python-can leaves the socket its small buffer
                left += collect(ours, 101, 1)
                right += collect(theirs, 101, 1)
    assert rows(left) == rows(right)
    assert len(rows(left)) > 250
    apart = np.array(times(left)) - np.array(times(right))
    assert np.abs(apart).max() < 2000  # python-can's float seconds hold microseconds


def test_frames_that_the_kernel_had_to_drop_are_counted(sender):
    with SocketCanSource.open(BusOptions("b", "socketcan", "vcan0")) as source:
        source._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for number in range(500):
            sender.send(number, b"\x01")
        first = collect(source, 500, 2)
        sender.send(0x7AA, b"\x01")
        last = collect(source, 1)
        heard = len(rows(first)) + len(rows(last))
        assert 0 < heard < 501
        assert last[-1].overflowed == 501 - heard


def test_a_thousand_frames_come_in_few_bursts_and_none_is_lost(sender):
    with SocketCanSource.open(BusOptions("b", "socketcan", "vcan0")) as source:
        for number in range(1000):
            sender.send(number, struct.pack(">H", number))
        hauls = collect(source, 1000)
        assert [row[0] for row in rows(hauls)] == list(range(1000))
        assert len(hauls) < 20
        steps = np.diff(times(hauls))
        assert (steps >= 0).all()


def wait_until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_interface_that_goes_down_and_comes_back_is_read_again(sender):
    mailbox = Mailbox()
    reader = BusReader(BusOptions("b", "socketcan", "vcan0"), mailbox, longest_pause_s=0.3)
    reader.start()
    try:
        wait_until(lambda: reader.state.up)
        set_link("vcan0", up=False)
        wait_until(lambda: not reader.state.up)
        assert "ENETDOWN" in reader.state.problem
        set_link("vcan0", up=True)
        wait_until(lambda: reader.state.up)
        restarts = reader.state.restarts
        sender.raw.close()
        sender.reopen()
        sender.send(0x321, b"\x05")
        item = mailbox.take(10)
        assert isinstance(item, Burst)
        assert item.frames.ids.tolist() == [0x321]
        assert restarts >= 1
        assert reader.state.problem == ""
    finally:
        set_link("vcan0", up=True)
        reader.stop()


def test_an_interface_that_is_not_there_is_named():
    reader = BusReader(BusOptions("b", "socketcan", "can77"), Mailbox(), longest_pause_s=0.3)
    reader.start()
    wait_until(lambda: reader.state.restarts >= 1)
    reader.stop()
    assert not reader.state.up
    assert "No such device" in reader.state.problem


def test_bus_off_is_told_and_lasts_until_a_frame_is_heard(sender):
    mailbox = Mailbox()
    reader = BusReader(BusOptions("b", "socketcan", "vcan0"), mailbox, longest_pause_s=0.3)
    reader.start()
    try:
        wait_until(lambda: reader.state.up)
        sender.send(0x040 | ERR, bytes(8))
        wait_until(lambda: reader.state.bus_offs == 1 and reader.state.up)
        assert reader.state.condition is Condition.BUS_OFF
        assert "restart-ms" in reader.state.problem
        sender.send(0x1, b"\x01")
        wait_until(lambda: reader.state.condition is Condition.ACTIVE)
        assert (reader.state.frames, reader.state.problem) == (1, "")
    finally:
        reader.stop()


def test_a_burst_keeps_nanoseconds(sender):
    with SocketCanSource.open(BusOptions("b", "socketcan", "vcan0")) as source:
        for number in range(50):
            sender.send(number, b"\x01")
        stamps = times(collect(source, 50))
    assert all(t_ns > 1_700_000_000 * NS_PER_S for t_ns in stamps)
    assert any(t_ns % 1000 for t_ns in stamps)
