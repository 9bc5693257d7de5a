import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import can
import pytest

import can_decoder
from packtrail.command import run_line
from packtrail.errors import SettingsError
from packtrail.event import decode_event
from packtrail.settings import load
from packtrail.signing import SigningKey
from simulators.buses import bus_arguments
from simulators.clock import StationClock, count_ticks
from simulators.dialects import DIALECTS
from simulators.errors import SimulationError
from simulators.run import StationRun, register
from simulators.settings import MakersSettings, StationSettings, sample_path


class Listener:
    """A real HTTP server on loopback that keeps what it is told and fails as often as asked."""

    def __init__(self, failures=0, status=200):
        self.heard, self.failures, self.status = [], failures, status
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(200)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.failures > 0:
                    outer.failures -= 1
                    self._answer(503)
                    return
                outer.heard.append((self.path, json.loads(body)))
                self._answer(outer.status)

            def _answer(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def settings_of(**changes):
    return StationSettings.model_validate({"speed": 60.0, **changes})


def test_the_sample_is_the_defaults():
    assert load(StationSettings, sample_path()) == StationSettings()


def test_every_fault_of_a_settings_file_is_told_at_once(tmp_path):
    path = tmp_path / "station.toml"
    path.write_text('speed = 0\nseeds = 3\nstart = "now"\n[bus]\nchannel = "can0"\n')
    with pytest.raises(SettingsError) as caught:
        load(StationSettings, path)
    assert len(caught.value.faults) == 4


def test_equal_seeds_write_equal_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        log = tmp_path / f"{name}.log"
        line = ["simulate", "station", "--duration", "6", "--seed", str(seed), "--log", str(log)]
        assert run_line(line) == 0
    a, b, c = ((tmp_path / f"{name}.log").read_bytes() for name in "abc")
    assert a == b != c


def test_a_log_is_read_by_python_can_in_order_of_time(tmp_path):
    StationRun(settings_of()).write_log(tmp_path / "a.log", 3.0)
    with can.LogReader(tmp_path / "a.log") as reader:
        messages = list(reader)
    times = [message.timestamp for message in messages]
    assert times == sorted(times)
    assert {message.channel for message in messages} == {f"slot{n}" for n in range(1, 8)}
    assert times[-1] - times[0] == pytest.approx(180.0, abs=10.0)


def test_the_truth_file_says_where_every_pack_is(tmp_path, capsys):
    log, truth = tmp_path / "a.log", tmp_path / "truth.json"
    line = ["simulate", "station", "--duration", "6", "--log", str(log), "--truth", str(truth)]
    assert run_line(line) == 0
    packs = json.loads(truth.read_text())["packs"]
    assert len({pack["code"] for pack in packs}) == len(packs) == 23
    assert [pack["registered"] for pack in packs].count(False) == 1
    assert "swaps" in capsys.readouterr().out


def test_a_log_without_an_end_is_refused_in_one_line(tmp_path, capsys):
    assert run_line(["simulate", "station", "--log", str(tmp_path / "a.log")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unknown_interface_is_refused_with_a_remedy(tmp_path, capsys):
    path = tmp_path / "station.toml"
    path.write_text('[bus]\ninterface = "socketcan"\nchannel = "nosuchbus{slot}"\n')
    assert run_line(["simulate", "station", "--settings", str(path), "--duration", "1"]) == 2
    assert "nosuchbus1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["simulate", "station", "--speed", "0"],
        ["simulate", "station", "--seed", "1.5"],
        ["simulate", "station", "--duration", "soon"],
        ["demo", "--port", "99999"],
        ["demo", "--duration", "-1"],
        ["demo", "--speed", "nan"],
        ["demo", "--speed", "60", "--fast"],
    ],
    ids=" ".join,
)
def test_numbers_that_cannot_serve_are_refused_in_one_line(options, capsys):
    assert run_line(options) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_slots_on_multicast_are_parted_by_their_ports():
    one, two = (bus_arguments("udp_multicast", "239.74.163.2", slot) for slot in "12")
    assert one["channel"] == two["channel"]
    assert one["port"] != two["port"]
    settings_of(bus={"interface": "udp_multicast", "channel": "239.74.163.2"})


def test_ticks_are_tenths_of_a_second_whatever_the_speed():
    assert list(count_ticks(0.5)) == [0, 1, 2, 3, 4]
    clock = StationClock(1_000_000_000, 240.0)
    assert clock.tick_ns(1) - clock.tick_ns(0) == 24_000_000_000


def test_a_live_bus_carries_frames_with_station_time():
    settings = settings_of(bus={"channel": "live-test-{slot}"})
    bus = can.Bus(interface="virtual", channel="live-test-1", ignore_config=True)
    run = StationRun(settings)
    run.go_live(threading.Event(), 1.0)
    messages = []
    while (message := bus.recv(0)) is not None:
        messages.append(message)
    bus.shutdown()
    times = [message.timestamp - run.clock.start_ns / 1e9 for message in messages]
    assert 30 <= len(messages) <= 120
    assert times == sorted(times)
    assert 50.0 < times[-1] < 60.0
    database = can_decoder.load(DIALECTS["classic"].path)
    status = next(message for message in messages if message.arbitration_id == 0x100)
    values = database.decode(0x100, status.is_extended_id, bytes(status.data))
    assert 250.0 < values["PackVoltage"] < 420.0


def test_a_stopped_station_ends_at_once():
    stop = threading.Event()
    stop.set()
    run = StationRun(settings_of(bus={"channel": "stop-test-{slot}"}))
    run.go_live(stop)
    assert run.frames == 0


def test_the_controller_tells_in_order_and_repeats_what_failed():
    with Listener(failures=3) as gateway:
        settings = settings_of(
            speed=600.0, bus={"channel": "tell-{slot}"}, controller={"url": gateway.url}
        )
        run = StationRun(settings)
        run.go_live(threading.Event(), 2.5)
    paths = [path for path, _ in gateway.heard]
    assert paths[:3] == ["/v1/slots/1/scan", "/v1/slots/1/scan", "/v1/slots/1/insert"]
    swap = next(body for path, body in gateway.heard if path == "/v1/swaps")
    assert set(swap) == {"at", "vehicle", "slot_in", "slot_out", "order"}
    assert swap["vehicle"]["scheme"] == "vin"
    assert swap["at"].startswith("2026-04-01T00:0")


def test_what_the_gateway_refuses_is_not_repeated():
    with Listener(status=409) as gateway:
        settings = settings_of(bus={"channel": "no-{slot}"}, controller={"url": gateway.url})
        StationRun(settings).go_live(threading.Event(), 0.5)
    assert len(gateway.heard) == len({json.dumps(request) for request in gateway.heard})


def test_makers_sign_for_their_packs_and_for_no_others(tmp_path):
    keys = {maker: tmp_path / f"{maker}.pem" for maker in ("SXA", "SXB")}
    for path in keys.values():
        SigningKey.generate().save(path)
    fleet = StationRun(settings_of()).fleet
    file = tmp_path / "events.jsonl"
    count = register(fleet, MakersSettings(keys=keys, file=file), "plates-7")
    events = [decode_event(line) for line in file.read_bytes().splitlines()]
    assert count == len(events) == 22
    for signed in events:
        event = signed.read()
        key = SigningKey.load(keys[event.unit.id[:3]])
        assert signed.accepted_by(key.public)
        assert event.body.rated_capacity_ah > 0


def test_registration_reaches_the_registry_in_one_request(tmp_path):
    SigningKey.generate().save(tmp_path / "a.pem")
    fleet = StationRun(settings_of()).fleet
    with Listener(failures=2) as bridge:
        makers = MakersSettings(keys={"SXA": tmp_path / "a.pem"}, url=f"{bridge.url}/api/v1/events")
        count = register(fleet, makers, "plates-7")
    [(path, events)] = bridge.heard
    assert path == "/api/v1/events"
    assert len(events) == count > 5
    assert len({json.dumps(event) for event in events}) == count


def test_a_registry_that_refuses_is_told_with_its_answer(tmp_path):
    SigningKey.generate().save(tmp_path / "a.pem")
    fleet = StationRun(settings_of()).fleet
    with Listener(status=403) as bridge:
        makers = MakersSettings(keys={"SXA": tmp_path / "a.pem"}, url=f"{bridge.url}/api/v1/events")
        with pytest.raises(SimulationError, match="refuses"):
            register(fleet, makers, "plates-7")
