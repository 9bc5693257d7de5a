"""A pack's control unit is asked who it is, over a bus of python-can."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import can
import pytest

from can_decoder.transport import IsoTpEndpoint
from gateway.identify import UdsAsker, UdsOptions
from tests.gateway.bridge_player import eventually
from tests.gateway.test_binding import A

REQUEST, RESPONSE = 0x7E4, 0x7EC
VIN = "LTEST000000000001"
TARGET = f"""
name = "sxa"
request_id = {REQUEST}
response_id = {RESPONSE}
session = true
field = [{{ did = 0xF1A0, name = "pack_code" }}, {{ did = 0xF190, name = "vin" }}]
"""


class ControlUnit:
    """Answers on a virtual bus from a table; silent for the first `deaf` questions."""

    def __init__(self, channel: str, deaf: int = 0) -> None:
        self.deaf = deaf
        self.asked: list[bytes] = []
        self._answers = {
            b"\x22\xf1\xa0": b"\x62\xf1\xa0" + A.encode(),
            b"\x22\xf1\x90": b"\x62\xf1\x90" + VIN.encode(),
            b"\x10\x03": b"\x50\x03\x00\x32\x01\xf4",
        }
        self._link = IsoTpEndpoint()
        self._bus = can.Bus(interface="virtual", channel=channel)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._bus.shutdown()

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self._bus.recv(0.05)
            if message is None or message.arbitration_id != REQUEST:
                continue
            frames = self._link.feed(bytes(message.data), time.monotonic_ns())
            while self._link.received:
                question = self._link.received.popleft()
                self.asked.append(question)
                if self.deaf:
                    self.deaf -= 1
                elif question in self._answers:
                    frames += self._link.send(self._answers[question], time.monotonic_ns())
            for frame in frames:
                self._bus.send(
                    can.Message(arbitration_id=RESPONSE, is_extended_id=False, data=frame.data)
                )


@pytest.fixture
def options(tmp_path: Path) -> UdsOptions:
    (tmp_path / "sxa.toml").write_text(TARGET)
    return UdsOptions(str(tmp_path / "sxa.toml"), "virtual", f"diag-{tmp_path.name}")


@pytest.fixture
def heard() -> list:
    return []


def asker_of(options: UdsOptions, heard: list, **more) -> UdsAsker:
    asker = UdsAsker({"1": options}, lambda slot, r: heard.append((slot, r)), pause_s=0.05, **more)
    asker.start()
    return asker


@pytest.mark.parametrize("deaf", [0, 3])
def test_an_arriving_pack_is_asked_until_it_says_its_code_and_vehicle(options, heard, deaf):
    unit, asker = ControlUnit(options.channel, deaf), asker_of(options, heard)
    asker.arrived("2")  # a slot without a diagnostic bus
    asker.arrived("1")
    eventually(lambda: len(heard) == 2)
    asker.stop()
    unit.close()
    assert [(slot, r.source, r.raw) for slot, r in heard] == [
        ("1", "uds", A),
        ("1", "uds_vin", VIN),
    ]
    assert bytes.fromhex(heard[0][1].data) == A.encode()
    assert {question[0] for question in unit.asked} <= {0x10, 0x22, 0x3E}, "it only reads"


def test_a_silent_unit_and_a_bus_that_is_not_there_are_given_up(options, heard):
    asker = asker_of(options, heard, attempts=1)
    asker.arrived("1")
    nowhere = UdsOptions(options.target, "socketcan", "no-such-bus")
    lost = asker_of(nowhere, heard, attempts=2)
    lost.arrived("1")
    time.sleep(0.1)
    asker.stop()
    lost.stop()
    assert heard == []
