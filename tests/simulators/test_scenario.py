"""Scenarios: mistakes in them are named, faults are the same each time, a house is judged."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET

import can
import numpy as np
import pytest

from packtrail.command import run_line
from packtrail.errors import PacktrailError
from simulators.broadcast import TimedFrame
from simulators.run import StationRun
from simulators.scenario import judge, load_expectations, load_scenario, shipped
from simulators.scenario.frame_faults import ERROR, BusFaults
from simulators.scenario.proxy import Proxy
from simulators.scenario.script import expected_beside
from simulators.scenario.small_disk import SmallDisk
from simulators.scenario.verdict import junit
from simulators.settings import StationSettings
from simulators.wire.bus_server import BusServer

FAULTY = "22113518d6735b26505cf307292cfa1f5cb3fec4bab7337c534092be04135d7c"
"""SHA-256 of a flooded station's first four seconds."""
HEAD = """
title = { en = "t", zh = "t" }
proves = { en = "p", zh = "p" }
"""


class Heard:
    def __init__(self) -> None:
        self.frames = []

    def send(self, timed) -> None:
        self.frames.append(timed)

    def close(self) -> None:
        pass


def frames_of(tmp_path, deeds: str, seconds: int = 4, seed: int = 11):
    file = tmp_path / "s.toml"
    file.write_text(f"seed = {seed}\n{HEAD}{deeds}")
    scenario, _ = load_scenario(str(file))
    run, heard = StationRun(StationSettings(seed=seed)), Heard()
    run.misbehave(BusFaults(scenario.deeds, seed, run.clock.speed))
    for tick in range(seconds * 10):
        run.tick(tick, heard)
    return heard.frames


def deed(**what: object) -> str:
    return "[[deed]]\n" + "\n".join(f"{key} = {value!r}" for key, value in what.items()) + "\n"


def test_every_shipped_scenario_is_sound_and_says_what_it_proves():
    assert len(shipped()) >= 10
    for name, path in shipped().items():
        scenario, _ = load_scenario(name)
        assert scenario.proves.text.say()
        assert load_expectations(expected_beside(path)).expect
        assert len(path.read_text("utf-8").splitlines()) < 60, "a page long"


@pytest.mark.parametrize(
    ("deeds", "told"),
    [
        (deed(at_s=1.0, do="explode"), "line 4: deed[1]: there is no 'do' = 'explode'; there are"),
        (deed(at_s=1.0), "line 4: deed[1]: 'do' is missing"),
        (deed(at_s=-1.0, do="network_down"), "line 5: deed[1].at_s: has to be 0.0 or more"),
        (deed(at_s=1.0, do="flood", slot="9"), "line 7: deed[1].slot: has to look like ^[1-8]$"),
        (deed(at_s=1.0, do="flood"), "line 4: deed[1].slot: is missing"),
        (deed(at_s=1.0, do="power_cut", on="sun"), "line 7: deed[1].on: has to be 'gateway',"),
        (
            deed(at_s=1.0, do="silent_bus", slot="1", loudness=3),
            "line 8: deed[1].loudness: there is no such setting",
        ),
        (
            deed(at_s=1.0, do="network_down") + deed(at_s=20.0, do="network_down"),
            "line 4: deed: deed[2].at_s 20: never happens, the scenario ends after 20 s",
        ),
        ("deed = [1]\n", "line 4: deed[1]: has to be a table"),
        ("speed = 0\n", "line 4: speed: has to be 1.0 or more"),
        ("duration_s = nan\n", "line 4: duration_s: has to be"),
        ("seed = 1e3000\nloud = true\n", "line 5: loud: there is no such setting"),
        ("seed = 1\nseed = 2\n", "line 5"),
        ("x = " + "[" * 50_000, "nested too deeply"),
        (
            deed(at_s=1.0, do="disk_full") + deed(at_s=2.0, do="power_cut", on="gateway"),
            "disk_full and power_cut on the gateway need two scenarios",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_mistake_names_file_line_key_and_remedy(tmp_path, deeds, told):
    file = tmp_path / "bad.toml"
    file.write_text(HEAD + deeds)
    with pytest.raises(PacktrailError) as refused:
        load_scenario(str(file))
    assert told in str(refused.value)
    assert "bad.toml" in str(refused.value)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ('what = "records_mising"\nequals = 0', "nothing is called records_mising; there are"),
        ('what = "silent.slot9"\nequals = 0', "nothing is called silent.slot9"),
        ('what = "records_missing"\nequals = nan', "has to be a finite number"),
        ('what = "records_missing"\nat_least = 2\nat_most = 1', "no value lies within ≥ 2 ≤ 1"),
        ('what = "records_missing"\nequals = 2\nat_most = 3', "use `equals` alone"),
        ('what = "records_missing"', "needs `equals`, `at_least` or `at_most`"),
    ],
)
def test_an_expectation_that_cannot_fail_or_be_met_is_refused(tmp_path, expected, told):
    file = tmp_path / "e.toml"
    file.write_text(f'[[expect]]\n{expected}\nsays = {{ en = "a", zh = "b" }}\n')
    with pytest.raises(PacktrailError) as refused:
        load_expectations(file)
    assert told in str(refused.value)


def test_an_unknown_scenario_names_those_that_there_are(capsys):
    assert run_line(["simulate", "run", "no_such"]) == 2
    assert "quiet_day" in capsys.readouterr().err


def test_equal_seeds_and_scripts_give_equal_frames(tmp_path):
    deeds = deed(at_s=1.0, do="flood", slot="3", for_s=2.0, frames_per_s=100)
    first, again = frames_of(tmp_path, deeds), frames_of(tmp_path, deeds)
    assert first == again
    assert hashlib.sha256(repr(first).encode()).hexdigest() == FAULTY, "on any machine"
    quiet = frames_of(tmp_path, "")
    assert len(first) == len(quiet) + 200
    assert [timed for timed in first if timed.frame.frame_id] == quiet


def test_a_pulled_plug_silences_its_slot_alone_and_for_its_time(tmp_path):
    heard = frames_of(tmp_path, deed(at_s=1.0, do="silent_bus", slot="3", for_s=2.0))
    quiet = frames_of(tmp_path, "")
    missing = [timed for timed in quiet if timed not in set(heard)]
    assert {timed.slot for timed in missing} == {"3"}
    begin = quiet[0].t_ns
    seconds = np.array([timed.t_ns - begin for timed in missing]) / 60e9
    assert 0.9 < seconds.min() < 1.3
    assert 2.7 < seconds.max() < 3.1


def test_lost_packets_are_packets_of_transports_alone(tmp_path):
    heard = set(frames_of(tmp_path, deed(at_s=0.0, do="cut_transport", slot="2")))
    missing = [timed for timed in frames_of(tmp_path, "") if timed not in heard]
    assert missing
    assert {timed.frame.frame_id >> 16 & 0xFF for timed in missing} == {0xEB}


def test_a_controller_that_is_off_the_bus_is_heard_as_errors_until_it_is_well(tmp_path):
    deeds = deed(at_s=1.0, do="bus_off", slot="3", for_s=2.0, restart_s=0.5)
    heard, quiet = frames_of(tmp_path, deeds), frames_of(tmp_path, "")
    errors = [timed for timed in heard if timed.frame.error]
    assert {timed.slot for timed in errors} == {"3"}
    assert len(errors) == 4 * 32, "thirty-two failed attempts at each of four restarts"
    begin = quiet[0].t_ns
    left = {(t.t_ns - begin) / 60e9 for t in heard if t.slot == "3" and not t.frame.error}
    assert not [t for t in left if 1.3 < t < 2.7]
    assert [t for t in left if t > 3.1]
    assert [t for t in heard if t.slot != "3"] == [t for t in quiet if t.slot != "3"]


def test_at_the_wrong_bit_rate_every_frame_is_an_error(tmp_path):
    heard = frames_of(tmp_path, deed(at_s=0.0, do="wrong_bit_rate", slot="5"))
    quiet = frames_of(tmp_path, "")
    assert [t.t_ns for t in heard if t.slot == "5"] == [t.t_ns for t in quiet if t.slot == "5"]
    assert all(t.frame.error and not t.frame.data for t in heard if t.slot == "5")


def test_an_error_on_the_wire_is_one_to_python_can():
    buses = BusServer({"slot5": "5"})
    try:
        where = {"host": "127.0.0.1", "port": buses.port}
        with can.Bus(interface="socketcand", channel="slot5", **where) as bus:
            message = None
            for _ in range(50):  # the listener is let in a moment after it was welcomed
                buses.send(TimedFrame(10**18, "5", ERROR))
                message = message or bus.recv(0.1)
            assert message.is_error_frame
            assert message.arbitration_id == 0x88
    finally:
        buses.close()


def test_a_process_believes_the_clock_that_it_is_given():
    code = (
        "import time\n"
        "from simulators.demo.child import set_clock\n"
        "real = time.time_ns()\n"
        "for ahead in (86400.0, -3600.0, 0.0):\n"
        "    set_clock(ahead)\n"
        "    print(round((time.time_ns() - real) / 1e9), round(time.time() - real / 1e9))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["86400", "86400", "-3600", "-3600", "0", "0"]


def test_a_small_disk_fills_up_for_one_process_alone(tmp_path):
    disk = SmallDisk(tmp_path)
    writing = (
        "import sys\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        f"        open({str(tmp_path / 'x')!r}, 'ab', 0).write(bytes(102_400))\n"
        "        print('written', flush=True)\n"
        "    except OSError as error:\n"
        "        print(error.strerror, flush=True)\n"
    )
    with subprocess.Popen(
        [*disk.before, sys.executable, "-c", writing],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def write() -> str:
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        assert write() == "written"
        disk.fill(process.pid)
        assert write() == "No space left on device"
        disk.clear(process.pid)
        assert write() == "written"
        process.stdin.close()
    assert list(tmp_path.iterdir()) == [], "nobody else has seen it"


def test_a_network_is_slow_and_cut_and_mended():
    with socket.create_server(("127.0.0.1", 0)) as server:
        network = Proxy(server.getsockname()[1])
        try:
            near = socket.create_connection(("127.0.0.1", network.port), 5)
            far, _ = server.accept()
            near.sendall(b"hello")
            assert far.recv(10) == b"hello"
            network.cut()
            threading.Event().wait(0.3)
            near.sendall(b"lost")
            far.settimeout(0.3)
            with pytest.raises(TimeoutError):
                far.recv(10)
            network.mend()
            far.settimeout(5)
            assert far.recv(10) == b"", "a connection that stood meanwhile is reset"
            for end in (near, far):
                end.close()
        finally:
            network.close()


def test_checks_become_a_report_that_fails_where_they_fail(tmp_path):
    file = tmp_path / "e.toml"
    says = 'says = { en = "because", zh = "因为" }'
    file.write_text(
        f'[[expect]]\nwhat = "swaps_true"\nequals = 1\n{says}\n'
        f'[[expect]]\nwhat = "swaps_told"\nat_least = 2\nat_most = 3\n{says}\n'
    )
    checks = judge(load_expectations(file), {"swaps_true": 1.0, "swaps_told": 4.0})
    assert [check.met for check in checks] == [True, False]
    suite = ET.fromstring(junit("x", checks, 1.0)).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    told = suite.find("testcase/failure").get("message")
    assert "swaps_told is 4, expected ≥ 2 ≤ 3" in told


@pytest.mark.slow
def test_a_house_that_loses_power_and_network_concludes_the_truth(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    cut = deed(at_s=3.0, do="power_cut", on="gateway", for_s=1.0)
    outage = deed(at_s=5.0, do="network_down", for_s=2.0)
    file.write_text(f"seed = 11\nduration_s = 12\nmisread_share = 0.0\n{HEAD}{cut}{outage}")
    expected = tmp_path / "expected.toml"
    says = 'says = { en = "all", zh = "全部" }'
    bounds = {"records_missing": "equals = 0", "packs_mistaken": "equals = 0"}
    bounds |= {"packs_recognised": "at_least = 6", "records_sealed": "at_least = 8"}
    expected.write_text(
        "".join(f'[[expect]]\nwhat = "{k}"\n{bound}\n{says}\n' for k, bound in bounds.items())
    )
    report = tmp_path / "report.xml"
    plot = tmp_path / "plot.svg"
    line = ["simulate", "run", str(file), "--assert", str(expected), "--junit", str(report)]
    assert run_line([*line, "--plot", str(plot)]) == 0
    drawn = "".join(ET.parse(plot).getroot().itertext())
    for words in ("4 of 4 as expected", "power_cut gateway", "network_down", "slot 8", "sealed"):
        assert words in drawn
    assert "records_missing" in capsys.readouterr().out
    assert ET.parse(report).getroot().find("testsuite").get("failures") == "0"
