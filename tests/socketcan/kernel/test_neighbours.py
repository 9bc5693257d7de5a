"""Neighbours on SocketCAN: identification over the kernel's ISO-TP, the simulators' buses."""

from __future__ import annotations

import socket
import threading
import time

from can_decoder.uds import Identification, find_target
from gateway.bus import BusOptions
from gateway.bus.socketcan import SocketCanSource
from simulators.broadcast import TimedFrame
from simulators.buses import SlotBuses
from simulators.dialects import PackFrame
from tests.socketcan.kernel.conftest import collect, rows

CODE = "001PB24F3A0000FBV0000123"
VIN = "LPACK000000000001"


def control_unit(stop: threading.Event, request_id: int, answer_id: int) -> None:
    """An ECU on a kernel ISO-TP socket: VIN, one long serial, and refusals of all else."""
    with socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_ISOTP) as unit:
        unit.bind(("vcan0", request_id, answer_id))
        unit.settimeout(0.2)
        while not stop.is_set():
            try:
                asked = unit.recv(4095)
            except TimeoutError:
                continue
            if asked[:1] == b"\x22" and asked[1:3] == b"\xf1\x90":
                unit.send(b"\x62" + asked[1:3] + VIN.encode())
            elif asked[:1] == b"\x22" and asked[1:3] == b"\xf1\x8c":
                unit.send(b"\x62" + asked[1:3] + CODE.encode())
            elif asked[:1] == b"\x10":
                unit.send(b"\x50\x03\x00\x32\x01\xf4")
            else:
                unit.send(b"\x7f" + asked[:1] + b"\x31")


def test_a_pack_is_identified_by_uds_over_the_kernels_iso_tp(sender):
    target = find_target("generic")
    stop = threading.Event()
    unit = threading.Thread(target=control_unit, args=(stop, target.request_id, target.response_id))
    unit.start()
    time.sleep(0.5)
    asking = Identification(target)
    try:
        with SocketCanSource.open(BusOptions("b", "socketcan", "vcan0")) as source:
            due = asking.start(time.monotonic_ns())
            deadline = time.monotonic() + 60
            while not asking.is_done and time.monotonic() < deadline:
                for frame in due:
                    sender.send(target.request_id, frame.data)
                due = []
                for frame_id, _, data in rows([source.gather(0.1)]):
                    if frame_id == target.response_id:
                        due += asking.feed(data, time.monotonic_ns())
                due += asking.poll(time.monotonic_ns())
    finally:
        stop.set()
        unit.join()
    assert asking.is_done
    assert VIN in asking.identity.values.values()
    assert CODE in asking.identity.values.values()
    assert asking.identity.refused


def test_the_simulators_buses_are_heard(sender):
    buses = SlotBuses("socketcan", "vcan{slot}", ["0", "1"])
    options = [BusOptions("b", "socketcan", f"vcan{n}") for n in (0, 1)]
    with SocketCanSource.open(options[0]) as first, SocketCanSource.open(options[1]) as second:
        for slot, number in (("0", 1), ("1", 2), ("0", 3)):
            buses.send(TimedFrame(time.time_ns(), slot, PackFrame(number, False, b"\x01")))
        assert [row[0] for row in rows(collect(first, 2))] == [1, 3]
        assert [row[0] for row in rows(collect(second, 1))] == [2]
    buses.close()
