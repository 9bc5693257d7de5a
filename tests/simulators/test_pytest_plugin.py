"""The plugin as another project uses it, and what its makers refuse."""

import shlex
import shutil
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from packtrail.command import run_line
from packtrail.errors import SettingsError
from simulators.errors import SimulationError
from simulators.models import find_model
from simulators.pytest_plugin import fleet, swap_station, virtual_pack

pytest_plugins = ["pytester"]
CI = Path(__file__).resolve().parents[2] / "packaging" / "ci"
__all__ = ["fleet", "swap_station", "virtual_pack"]


def script_of(file):
    """The shell lines of a CI file, whichever of the two it is."""
    content = yaml.safe_load((CI / file).read_text("utf-8"))
    if "jobs" in content:
        return [step["run"] for step in content["jobs"]["packs"]["steps"] if "run" in step]
    return content["packs"]["script"]


def test_another_project_runs_the_shipped_example(pytester):
    pytester.makepyfile((CI / "test_with_simulated_packs.py").read_text("utf-8"))
    result = pytester.runpytest_subprocess("-p", "simulators.pytest_plugin", "-W", "error")
    result.assert_outcomes(passed=4)


FILES = ("github-actions.yml", "gitlab-ci.yml")


def commands_of(file):
    """The command lines of a CI file that are ours, by the word after `simulate`."""
    lines = [shlex.split(line) for line in script_of(file)]
    return [line[1:] for line in lines if line[0] == "packtrail"]


def beside(folder):
    """A folder as the examples expect it: scenario and expectations under tests/."""
    (folder / "tests").mkdir()
    for name in ("yard.toml", "yard.expected.toml"):
        shutil.copy(CI / name, folder / "tests" / name)


@pytest.mark.parametrize("file", FILES)
def test_the_ci_examples_record_a_station(file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plugin = [shlex.split(line)[3:5] for line in script_of(file)]
    assert ["-p", "simulators.pytest_plugin"] in plugin
    (line,) = [line for line in commands_of(file) if line[1] == "station"]
    line[line.index("--duration") + 1] = "1"
    assert run_line(line) == 0, capsys.readouterr().err
    assert (tmp_path / "truth.json").stat().st_size > 1000
    assert (tmp_path / "station.log").stat().st_size > 1000


def test_the_ci_examples_play_the_same_scenarios_and_keep_what_they_write():
    first, second = ([line for line in commands_of(file) if line[1] == "run"] for file in FILES)
    assert first == second
    for file in FILES:
        kept = (CI / file).read_text("utf-8").split("artifact")[-1]
        for line in first:
            written = [line[n + 1] for n, word in enumerate(line) if word in ("--junit", "--plot")]
            assert written
            assert all(name in kept for name in written)


@pytest.mark.slow
def test_the_scenario_of_the_ci_examples_is_played_and_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    beside(tmp_path)
    (line,) = [line for line in commands_of(FILES[0]) if "--assert" in line]
    assert run_line(line) == 0, capsys.readouterr().out
    suite = ET.parse(tmp_path / "yard.xml").getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "SXQ-1"}, "no such pack model"),
        ({"model": replace(find_model("SXA-96N150"), cells=0)}, "0 cells"),
        ({"model": replace(find_model("SXA-96N150"), rated_ah=-5.0)}, "-5 Ah"),
        ({"model": replace(find_model("SXA-96N150"), probes=0)}, "probe"),
        ({"soc": 1.2}, "soc 1.2"),
        ({"lithium_loss": -0.1}, "lithium_loss -0.1"),
    ],
    ids=["model", "cells", "rating", "probes", "soc", "age"],
)
def test_a_pack_that_cannot_be_is_refused(virtual_pack, options, told):
    with pytest.raises(SimulationError, match=told):
        virtual_pack(**options)


def test_a_pack_that_leaves_physical_bounds_stops_and_says_where(virtual_pack):
    pack = virtual_pack("SXA-96N150", soc=0.9, speed=600)
    with pytest.raises(SimulationError, match=r"cell \d+: .* is not within") as stopped:
        pack.run(30.0, current_a=300.0)
    assert pack.code in str(stopped.value)


def test_equal_packs_send_equal_frames_and_others_do_not(virtual_pack):
    one, same, other = (virtual_pack("SXC-108N155", seed=n, load=0.3) for n in (1, 1, 2))
    sent = [pack.run(1.0, current_a=-80.0) for pack in (one, same, other)]
    assert sent[0] == sent[1] != sent[2]
    assert one.code != other.code
    assert one.true_soc < 0.5
    assert one.bus_load == pytest.approx(0.3, abs=0.02)


def test_a_pack_speaks_by_the_clock_until_it_is_told_to_stop(virtual_pack):
    stop, pack = threading.Event(), virtual_pack("SXB-120L135")
    bus = pack.listen()
    threading.Timer(0.35, stop.set).start()
    sent = pack.live(stop=stop)
    heard = [message for _ in range(sent) if (message := bus.recv(timeout=0.5))]
    assert len(heard) == sent > 10


def test_a_station_is_heard_by_slot_and_goes_live(swap_station):
    station = swap_station(speed=60)
    bus = station.listen("1")
    frames = station.run(minutes=1)
    expected = sum(timed.slot == "1" for timed in frames)
    assert sum(bus.recv(timeout=0.0) is not None for _ in range(expected + 1)) == expected > 0
    with station.live() as run:
        assert bus.recv(timeout=5.0) is not None
    assert run.frames > 0


def test_what_stopped_a_live_station_reaches_the_test(swap_station):
    station = swap_station(bus={"interface": "nonsense"})
    with pytest.raises(SimulationError, match="nonsense"), station.live():
        pass


def test_impossible_stations_and_fleets_are_refused(swap_station, fleet):
    with pytest.raises(SettingsError, match=r"vehicles.*misread_share"):
        swap_station(vehicles=0, misread_share=2)
    with pytest.raises(SimulationError, match="no such fleet"):
        fleet(packs=0)
