import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import publish, subscribe
from rich.console import Console

from cloud_bridge.settings import BridgeSettings
from packtrail.errors import PacktrailError
from packtrail.estimate import Estimate, Interval, Reason, Verdict
from packtrail.event import (
    ConditionCommitted,
    Event,
    IdentityContested,
    IncidentRecorded,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    TelemetryCommitted,
    TelemetryThinned,
    UnitRef,
    UnitRegistered,
    UsageRecorded,
    VehicleRef,
)
from packtrail.settings import load
from packtrail.times import ClockQuality
from simulators.demo.expectations import judge_path, judge_run, judge_truth
from simulators.demo.layout import Layout, Ports
from simulators.demo.observed import PathSeen, SlotSeen, Snapshot, Tally
from simulators.demo.panel import Panels
from simulators.demo.processes import Child, Family
from simulators.demo.sentences import tell
from simulators.demo.toml import write_toml
from simulators.demo.watch import Watcher, count_slot
from simulators.demo.web import sum_metric
from simulators.errors import SimulationError
from simulators.models import MODELS
from simulators.settings import StationSettings
from soh_model import PackSpec

CODE = "SXAPEN17K20A00C8V0077013"
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
PLAIN = (
    st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_characters="\x7f"))
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.floats(-1e6, 1e6)
    | st.lists(st.integers(0, 9))
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tables(depth):
    if depth == 0:
        return st.dictionaries(KEYS, PLAIN, max_size=3)
    inner = tables(depth - 1)
    return st.dictionaries(
        KEYS, PLAIN | inner | st.lists(inner, min_size=1, max_size=2), max_size=3
    )


@given(content=tables(2))
def test_written_toml_reads_back(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("toml") / "a.toml"
    write_toml(path, content)
    assert tomllib.loads(path.read_text("utf-8")) == content


def test_every_settings_file_of_the_demo_is_taken_by_its_role(tmp_path):
    layout = Layout(tmp_path / "demo", Ports.choose(0))
    layout.write(start="2026-04-01T00:00:00Z", speed=60.0, seed=3)
    station = load(StationSettings, layout.station)
    assert station.makers is not None
    assert all(path.exists() for path in station.makers.keys.values())
    assert load(BridgeSettings, layout.bridge).http.port == layout.ports.bridge
    specs = [PackSpec.load(layout.folder / f"{model.name}.toml") for model in MODELS]
    assert [spec.cells_in_series for spec in specs] == [96, 112, 104, 120]


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "precious").write_text("x")
    layout = Layout(tmp_path, Ports.choose(0))
    with pytest.raises(SimulationError, match="not empty"):
        layout.write(start="2026-04-01T00:00:00Z", speed=60.0, seed=3)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_taken_port_is_said_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PacktrailError, match="taken") as caught:
            Ports.choose(taken.getsockname()[1])
    assert "--port" in caught.value.describe("zh")


def test_the_broker_carries_a_retained_message(tmp_path):
    port, family = free_port(), Family(tmp_path)
    broker = family.start("broker", ["broker", str(port)])
    try:
        family.wait_until(lambda: listens(port), broker, 20.0)
        publish.single("a/b", b"hello", qos=1, retain=True, hostname="127.0.0.1", port=port)
        message = subscribe.simple("a/b", qos=1, hostname="127.0.0.1", port=port)
        assert message.payload == b"hello"
    finally:
        family.stop()
    assert broker.ended


def test_a_broker_without_its_port_ends_and_says_why(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        child = Child("broker", ["broker", str(taken.getsockname()[1])], tmp_path)
        deadline = time.monotonic() + 20.0
        while not child.ended and time.monotonic() < deadline:
            time.sleep(0.05)
    assert child.stop() == 2
    assert "taken" in child.failure().describe("en")


def test_children_end_when_their_parent_is_killed(tmp_path):
    port = free_port()
    script = (
        "import sys,time\n"
        "from pathlib import Path\n"
        "from simulators.demo.processes import Child\n"
        f"child = Child('broker', ['broker', '{port}'], Path(sys.argv[1]))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    pid = int(parent.stdout.readline())
    wait_for(lambda: listens(port))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


BODIES = [
    UnitRegistered("NMC", 150.0, 350.4, 96),
    PackInstalled(place=PlaceRef("s", "3")),
    PackInstalled(vehicle=VehicleRef("vin", "LSX0EV009T1000001")),
    PackRemoved(place=PlaceRef("s", "3")),
    PackRemoved(vehicle=VehicleRef("vin", "LSX0EV009T1000001")),
    SwapPerformed(VehicleRef("vin", "LSX0EV009T1000001"), "s", UnitRef("gbt34014", CODE)),
    ConditionCommitted(
        Estimate(verdict=Verdict.TOLD, soh=Interval(0.9, 0.85, 0.95), rated_ah=150.0, method="m")
    ),
    ConditionCommitted(
        Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=150.0, method="m", reasons=(Reason.NO_REST,))
    ),
    IncidentRecorded("over_temperature", "watch", "temperature_max_c", 56.0, 55.0),
    IncidentRecorded("over_temperature", "watch", cleared=True),
    IdentityContested(PlaceRef("s", "4"), "sources_disagree"),
    TelemetryThinned("", "", 4),
    UsageRecorded("2026-04-01", 6.5, charge_kwh=31.2, discharge_kwh=0.4),
    TelemetryCommitted("2026-04-01", "00" * 32, 12, 720),
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_every_event_is_a_sentence_in_both_languages_without_the_vin(body):
    event = Event(
        unit=UnitRef("gbt34014", CODE),
        occurred_from="2026-04-01T00:00:00Z",
        occurred_to="2026-04-01T00:00:00Z",
        clock=ClockQuality.SYNCED,
        author="a",
        stream="s",
        counter=1,
        body=body,
    )
    sentence = tell(event)
    assert sentence.en != sentence.zh
    assert event.type not in sentence.en + sentence.zh
    assert any("一" <= character <= "鿿" for character in sentence.zh)
    assert "LSX0EV009T1000001" not in sentence.en + sentence.zh


def slot(state="bound", **changes):
    values = {
        "name": "3",
        "state": state,
        "code": CODE,
        "problem": "",
        "t_ns": 1_775_001_600_000_000_000,
        "soc_pct": 61.0,
        "current_a": 200.0,
        "temperature_c": 56.0,
        "soh": (0.9, 0.85, 0.95),
        "registered": False,
        "alarms": ("over_temperature",),
    }
    return SlotSeen(**(values | changes))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
def test_the_panel_shows_what_was_seen(language, width, monkeypatch, tmp_path):
    monkeypatch.setenv("LANG", f"{language}_XX.UTF-8")
    panels = Panels(Layout(tmp_path, Ports(1, 2, 3)), 60.0)
    out = io.StringIO()
    shown = Snapshot(
        (slot(), slot("empty", name="4"), slot("contested", problem="sources_disagree"))
    )
    Console(file=out, width=width).print(panels.draw(shown, width))
    text = out.getvalue()
    assert "http://127.0.0.1:2/" in text
    assert "90 %" in text
    assert all(len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("height", [18, 24, 50])
def test_the_panel_fits_the_terminal_and_keeps_its_addresses(
    language, height, monkeypatch, tmp_path
):
    monkeypatch.setenv("LANG", f"{language}_XX.UTF-8")
    panels = Panels(Layout(tmp_path, Ports(1, 2, 3)), 60.0)
    shown = Snapshot(tuple(slot(name=str(number)) for number in range(8)))
    out = io.StringIO()
    Console(file=out, width=80).print(panels.draw(shown, 80, height))
    lines = out.getvalue().splitlines()
    assert len(lines) <= height
    assert "http://127.0.0.1:2/" in out.getvalue()


def test_a_contested_slot_is_settled_once_it_is_bound():
    tally = Tally()
    for state in ("waiting", "contested", "contested"):
        count_slot(tally, slot(state))
    assert tally.contested == {"3"}
    assert not tally.settled
    count_slot(tally, slot("bound"))
    assert tally.settled == {"3"}


def test_a_short_run_is_not_blamed_and_a_long_one_is():
    assert not any(finding.missed for finding in judge_run(Tally(), 1.0))
    assert sum(finding.missed for finding in judge_run(Tally(), 100.0)) >= 5


@pytest.mark.parametrize(
    ("path", "missed"),
    [
        (PathSeen(sealed=5, through=5), False),
        (PathSeen(sealed=5, through=4), True),
        (PathSeen(sealed=5, through=5, waiting=1), True),
        (PathSeen(), False),
        (PathSeen(through=5), True),
    ],
)
def test_only_a_path_without_loss_is_complete(path, missed):
    assert judge_path(path).missed is missed


def test_an_interval_that_misses_the_truth_is_counted_as_such():
    tally = Tally(told={"A": Interval(0.9, 0.85, 0.95), "B": Interval(0.9, 0.85, 0.95)})
    assert judge_truth(tally, {"A": 0.94, "B": 0.96}).seen == 1


def test_metrics_are_summed_over_their_labels():
    text = '# HELP a b\na_total{x="1"} 2.0\na_total{x="2"} 3\nab_total 7\n'
    assert sum_metric(text, "a_total") == 5.0
    assert sum_metric(text, "absent") == 0.0


class Answers:
    """A real HTTP server that answers from a table of paths."""

    def __init__(self, table):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = table.get(self.path)
                data = (
                    b""
                    if body is None
                    else (body.encode() if isinstance(body, str) else json.dumps(body).encode())
                )
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

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


def test_the_watcher_sees_nothing_where_nobody_answers():
    url = f"http://127.0.0.1:{free_port()}"
    assert Watcher(url, url).look() == Snapshot()


def test_the_watcher_reads_gateway_and_bridge():
    pack = {
        "code": CODE,
        "seen_at": "x",
        "soh": 0.9,
        "soh_low": 0.8,
        "soh_high": 1.0,
        "lifecycle": "registered",
        "reading": None,
    }
    view = {
        "name": "3",
        "state": "bound",
        "code": CODE,
        "problem": "",
        "t_ns": 5,
        "soc_pct": 1.0,
        "current_a": 2.0,
        "temperature_c": 3.0,
        "alarms": [{"kind": "bms_alarm"}],
    }
    table = {
        "/api/v1/packs?limit=200": {"packs": [pack]},
        f"/api/v1/packs/{CODE}/events": {"events": [{"leaf": 1, "signed": {"bad": 1}}]},
        "/api/v1/stations": {"stations": [{"through": 4}]},
        "/health": {"problems": ["p"], "faults": ["f"]},
        "/v1/slots": {"slots": [view]},
        "/metrics": "packtrail_gateway_outbox_added_total 4.0\n",
    }
    with Answers(table) as both:
        seen = Watcher(both.url, both.url).look()
    assert seen.slots[0].soh == (0.9, 0.8, 1.0)
    assert seen.slots[0].alarms == ("bms_alarm",)
    assert seen.path == PathSeen(sealed=4, through=4, faults=("p", "f"))
    assert seen.newest == ()
