"""Scanners on a real terminal line and as key events, and a controller on a real broker."""

from __future__ import annotations

import json
import os
import pty
import struct
import tty
from dataclasses import dataclass, field

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.inputs import Scanner, ScannerOptions, StationMqtt, StationMqttOptions
from gateway.local_api.acts import RefusedError, Told
from tests.gateway.bridge_player import eventually
from tests.gateway.test_binding import A
from tests.services import LOOPBACK


@dataclass
class Ear:
    """Takes what is told; refuses as long as it is told to."""

    told: list[tuple[str, dict]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    def tell(self, path: str, body: bytes) -> Told:
        if self.refusals:
            raise RefusedError(self.refusals.pop(), "not now")
        self.told.append((path, json.loads(body)))
        return Told(lambda _book: None, (), "")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def line():
    """A serial line: what is written to the near end, a scanner at the far end has sent."""
    near, far = pty.openpty()
    tty.setraw(near)
    yield near, os.ttyname(far)
    os.close(far)
    os.close(near)


@pytest.fixture
def scanning(ear):
    running: list[Scanner] = []

    def start(device, **options) -> Scanner:
        from pathlib import Path

        scanner = Scanner(ScannerOptions(Path(device), **options), ear.tell)
        running.append(scanner)
        scanner.start()
        return scanner

    yield start
    for scanner in running:
        scanner.stop()


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\x03", b""])
def test_a_serial_scanner_tells_its_slot_whatever_ends_its_lines(ear, line, scanning, ending):
    near, far = line
    scanner = scanning(far, slot="3")
    eventually(lambda: not scanner.problem)
    os.write(near, b"P/N 88 " + A.encode()[:10])
    os.write(near, A.encode()[10:] + ending)
    eventually(lambda: ear.told)
    assert ear.told == [("/v1/slots/3/scan", {"label": f"P/N 88 {A}", "source": "scanner"})]


def test_a_hand_held_scanner_reads_the_slots_label_first(ear, line, scanning):
    near, far = line
    scanning(far, source="handheld")
    os.write(near, b"%s\r\nPACKTRAIL-SLOT:B/2\r\n%s\r\n%s\r\n" % ((A.encode(),) * 3))
    eventually(lambda: ear.told)
    assert ear.told == [("/v1/slots/B%2F2/scan", {"label": A, "source": "handheld"})]


def test_a_scanner_that_floods_or_sends_rubbish_costs_neither_memory_nor_the_next_label(
    ear, line, scanning
):
    near, far = line
    scanning(far, slot="1")
    for _ in range(50):
        os.write(near, b"x" * 1000)
    os.write(near, b"\r\n\xff\xfe\r\n" + A.encode() + b"\r\n")
    eventually(lambda: len(ear.told) == 3)
    assert [len(body["label"]) for _, body in ear.told[:2]] == [512, 2]
    assert ear.told[2][1]["label"] == A


def test_a_refused_scan_is_no_end(ear, line, scanning):
    near, far = line
    ear.refusals = [404]
    scanning(far, slot="1")
    os.write(near, b"first\r\nsecond\r\n")
    eventually(lambda: ear.told)
    assert ear.told[0][1]["label"] == "second"


def test_a_scanner_that_is_not_there_is_looked_for_again(ear, tmp_path, scanning):
    scanner = scanning(tmp_path / "ttyACM0", slot="1")
    eventually(lambda: scanner.problem)
    os.mkfifo(tmp_path / "ttyACM0")
    handle = os.open(tmp_path / "ttyACM0", os.O_RDWR)
    os.write(handle, b"late\r\n")
    eventually(lambda: ear.told)
    assert scanner.problem == ""
    os.close(handle)


KEYS = {char: code for code, char in enumerate("1234567890-=", 2)}
KEYS |= {char: code for code, char in enumerate("qwertyuiop", 16)}
KEYS |= {char: code for code, char in enumerate("asdfghjkl", 30)}
KEYS |= {char: code for code, char in enumerate("zxcvbnm", 44)} | {"\n": 28, " ": 57}


def typed(text: str) -> bytes:
    """The events of a keyboard, with a report after each."""
    event = struct.Struct("llHHi")
    events = []
    for char in text:
        keys = [42] if char.isupper() else []
        code = KEYS[char.lower()]
        events += [(key, 1) for key in keys] + [(code, 1), (code, 0)] + [(key, 0) for key in keys]
    return b"".join(event.pack(1, 2, 1, *e) + event.pack(1, 2, 0, 0, 0) for e in events)


def test_a_scanner_that_types_is_heard_and_half_an_event_waits(ear, tmp_path, scanning):
    device = tmp_path / "event-kbd"
    os.mkfifo(device)
    handle = os.open(device, os.O_RDWR)
    scanning(device, kind="keyboard", slot="1")
    data = typed(f"p{A}\n")
    os.write(handle, data[:31])
    os.write(handle, data[31:])
    eventually(lambda: ear.told)
    assert ear.told == [("/v1/slots/1/scan", {"label": f"p{A}", "source": "scanner"})]
    os.close(handle)


class Controller:
    """A station controller on the broker."""

    def __init__(self, port: int) -> None:
        self.answers: list[tuple[str, dict]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="controller")
        self._client.on_message = lambda _c, _d, message: self.answers.append(
            (message.topic, json.loads(message.payload))
        )
        self._client.connect(LOOPBACK, port)
        self._client.subscribe("station/answer/#", 1)
        self._client.loop_start()

    def say(self, path: str, body: object, *, retain: bool = False) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._client.publish(f"station/v1/{path}", payload, 1, retain).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def controller(mosquitto):
    controller = Controller(mosquitto.port)
    yield controller
    controller.close()


def listening(ear, port: int) -> StationMqtt:
    listener = StationMqtt(StationMqttOptions(LOOPBACK, port), ear.tell, "station-1")
    listener.start()
    eventually(lambda: not listener.problem)
    return listener


def test_a_controller_on_mqtt_is_heard_and_answered(ear, mosquitto, controller):
    listener = listening(ear, mosquitto.port)
    controller.say("slots/1/scan", {"label": A})
    eventually(lambda: controller.answers)
    assert ear.told == [("/v1/slots/1/scan", {"label": A})]
    assert controller.answers == [("station/answer/v1/slots/1/scan", {"ok": True})]
    ear.refusals = [404]
    controller.say("slots/9/scan", {"label": A})
    controller.say("slots/1/scan", b"x" * 20_000)
    eventually(lambda: len(controller.answers) == 3)
    assert controller.answers[1][1] == {"error": "not now"}
    assert "16384" in controller.answers[2][1]["error"]
    listener.stop()


def test_what_could_not_be_carried_out_comes_again_after_a_restart(ear, mosquitto, controller):
    listening(ear, mosquitto.port).stop()  # the session exists
    controller.say("slots/1/insert", {})
    ear.refusals = [503] * 3
    listener = listening(ear, mosquitto.port)
    eventually(lambda: not ear.refusals or len(ear.refusals) < 3)
    listener.stop()
    assert ear.told == []
    ear.refusals = []
    again = listening(ear, mosquitto.port)
    eventually(lambda: ear.told)
    assert ear.told == [("/v1/slots/1/insert", {})]
    again.stop()


def test_a_retained_message_is_old_news(ear, mosquitto, controller):
    controller.say("slots/1/insert", {}, retain=True)
    listener = listening(ear, mosquitto.port)
    controller.say("slots/2/insert", {})
    eventually(lambda: ear.told)
    assert ear.told == [("/v1/slots/2/insert", {})]
    listener.stop()
