"""The service units are what systemd takes, and shut the services in; scripts are shell."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
UNITS = sorted(PACKAGING.glob("*.service"))


def analyze(verb: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = ["systemd-analyze", verb, *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_has_nothing_to_say_against_a_unit(unit, tmp_path):
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    (tmp_path / unit.name).write_text(there)
    done = analyze("verify", "--man=no", str(tmp_path / unit.name))
    assert (done.returncode, unit.stem in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_service_is_shut_in(unit):
    """systemd's own measure, 0 to 10; a unit without any of it has 9.6."""
    done = analyze("security", "--offline=yes", "--threshold=30", str(unit))
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.parametrize("script", sorted(PACKAGING.glob("*.sh")), ids=lambda path: path.stem)
def test_a_script_is_executable_shell(script):
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_the_image_is_built_from_the_code_and_nothing_secret():
    ignored = (PACKAGING.parent / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    taken = {line[1:] for line in ignored if line.startswith("!")}
    for name in taken:
        assert (PACKAGING.parent / name).exists(), name
    packages = re.search(r"packages = \[(.*?)\]", (PACKAGING.parent / "pyproject.toml").read_text())
    assert packages
    assert set(re.findall(r'"(\w+)"', packages[1])) <= taken
