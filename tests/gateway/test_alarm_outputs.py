"""Local outputs: a real web server, a real broker, a real file, a real program."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from gateway.alarms import Alarm
from gateway.alarms.output_settings import siren_of
from gateway.alarms.outputs import Siren, Sirens
from gateway.settings import AlarmSettings
from packtrail.errors import SettingsError
from packtrail.event import IncidentRecorded
from packtrail.settings import parse
from tests.gateway.bridge_player import eventually
from tests.gateway.drafts import PACK, T0
from tests.services import Mosquitto, free_port


def alarm(severity: str = "danger", slot: str = "3", *, cleared: bool = False) -> Alarm:
    incident = IncidentRecorded(
        "over_temperature", severity, "temperature_max_c", 71.5, 65.0, "probe 4", cleared
    )
    return Alarm(slot, PACK, T0, incident)


@pytest.fixture
def started():
    running: list[Siren] = []

    def _start(**settings) -> Siren:
        siren = siren_of(parse(AlarmSettings, {"output": [settings]}, Path("test")).output[0])
        siren.start()
        running.append(siren)
        return siren

    yield _start
    for siren in running:
        siren.stop()


class Listener:
    """A web server that keeps what it is told and answers as it is told to."""

    def __init__(self, status: int = 200) -> None:
        bodies: list[dict] = []
        self.bodies, self.status = bodies, status
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/siren?line=2"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


def test_an_alarm_is_posted_within_half_a_second_with_all_that_is_known(started, listener):
    siren = started(by="http", url=listener.url)
    began = time.monotonic()
    siren.warn(alarm())
    eventually(lambda: listener.bodies)
    assert time.monotonic() - began < 0.5
    assert listener.bodies[0] == {
        "slot": "3",
        "pack": str(PACK),
        "at": "2026-03-31T23:33:20.000000000Z",
        "kind": "over_temperature",
        "severity": "danger",
        "state": "active",
        "quantity": "temperature_max_c",
        "value": 71.5,
        "limit": 65.0,
        "where": "probe 4",
        "any_active": True,
    }


def test_an_output_that_fails_is_counted_and_tried_again(started, listener):
    listener.status = 500
    siren = started(by="http", url=listener.url)
    siren.warn(alarm())
    eventually(lambda: siren.state.failed)
    assert "500" in siren.state.problem
    listener.status = 200
    eventually(lambda: siren.state.told)
    assert siren.state.problem == ""


def test_the_sites_broker_is_told_and_keeps_it(started, tmp_path):
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    siren = started(by="mqtt", port=broker.port, topic="hall/alarms")
    siren.warn(alarm())
    eventually(lambda: siren.state.told)
    heard: list[paho.MQTTMessage] = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: heard.append(message)
    client.connect("127.0.0.1", broker.port)
    client.subscribe("hall/alarms/#")
    client.loop_start()
    eventually(lambda: heard)
    client.loop_stop()
    client.disconnect()
    broker.stop()
    assert heard[0].topic == "hall/alarms/3/over_temperature"
    assert json.loads(heard[0].payload)["state"] == "active"


def test_a_relay_closes_with_the_first_danger_and_opens_after_the_last(started, tmp_path):
    line = tmp_path / "value"
    line.write_text("0")
    siren = started(by="file", path=str(line))
    siren.warn(alarm("watch"))
    siren.warn(alarm())
    eventually(lambda: line.read_text() == "1")
    siren.warn(alarm(slot="4"))
    siren.warn(alarm(cleared=True))
    eventually(lambda: siren.state.told == 3)
    assert line.read_text() == "1"
    siren.warn(alarm(slot="4", cleared=True))
    eventually(lambda: line.read_text() == "0")


def test_a_program_of_the_site_gets_the_alarm_on_its_standard_input(started, tmp_path):
    out = tmp_path / "out"
    code = f"import sys; open({str(out)!r}, 'w').write(sys.argv[1] + sys.stdin.read())"
    siren = started(by="command", command=[sys.executable, "-c", code])
    siren.warn(alarm())
    eventually(lambda: siren.state.told)
    assert out.read_text().startswith('on{"slot": "3"')


def test_an_output_that_hangs_does_not_keep_the_others_waiting(started, tmp_path):
    line = tmp_path / "value"
    slow = started(by="command", command=[sys.executable, "-c", "import time; time.sleep(2)"])
    quick = started(by="file", path=str(line))
    Sirens([slow, quick]).warn(alarm())
    eventually(lambda: line.exists() and line.read_text() == "1")
    assert slow.state.told == 0


def test_a_dead_end_costs_its_own_alarms_only(started):
    siren = started(by="http", url=f"http://127.0.0.1:{free_port()}/")
    siren.warn(alarm())
    eventually(lambda: siren.state.failed)
    assert "Refused" in siren.state.problem


@pytest.mark.parametrize(
    "fault",
    [
        {"by": "http", "url": "ftp://somewhere"},
        {"by": "http", "url": "http://"},
        {"by": "mqtt", "topic": "a/#"},
        {"by": "command", "command": []},
        {"by": "smoke"},
        {"by": "file", "path": "x", "least": "panic"},
    ],
)
def test_an_output_that_cannot_be_is_a_fault_of_the_settings(fault):
    with pytest.raises(SettingsError):
        parse(AlarmSettings, {"output": [fault]}, Path("test"))
