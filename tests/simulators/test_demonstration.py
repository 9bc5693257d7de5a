"""The demonstration as a person starts it: real processes, real time, its own exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def start(folder, *options):
    return subprocess.Popen(
        [sys.executable, "-m", "packtrail", "demo", "--port", "0", "--folder", folder, *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_that_name(folder):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue  # it ended between the listing and the reading
        if str(folder).encode() in line:
            found.append(line)
    return found


@pytest.mark.slow
def test_an_hour_at_the_station_shows_what_it_promises_and_loses_nothing(tmp_path):
    folder = tmp_path / "demo"
    demo = start(folder, "--duration", "17", "--fast")
    output, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, output
    assert "SoH" in output
    assert "drives on with" in output
    assert "✗" not in output
    assert not processes_that_name(folder)
    truth = json.loads((folder / "station.truth.json").read_text("utf-8"))
    assert len(truth["packs"]) == 23


@pytest.mark.slow
def test_ctrl_c_ends_it_cleanly(tmp_path):
    folder = tmp_path / "demo"
    demo = start(folder)
    for line in demo.stdout:
        if "stands in slot" in line:
            break
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, output
    assert "nothing was lost" in output
    assert not processes_that_name(folder)


def test_a_part_that_cannot_start_is_told_in_one_line(tmp_path):
    (tmp_path / "precious").write_text("x")
    demo = start(tmp_path)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert "not empty" in output
    assert "Traceback" not in output
