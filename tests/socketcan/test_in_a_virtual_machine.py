"""Runs the tests of `kernel/` on Debian's own kernel under QEMU, for this one has no SocketCAN."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSIDE = Path(__file__).parent / "kernel"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
QUIET = ("-p", "no:hypothesispytest", "-p", "no:pytest_cov", "--confcutdir", str(INSIDE))


@pytest.mark.slow
@pytest.mark.socketcan
def test_everything_that_needs_the_kernel_passes_in_a_virtual_machine():
    wanted = len(
        re.findall(r"^def test_", "".join(p.read_text() for p in INSIDE.glob("*.py")), re.MULTILINE)
    )
    run = subprocess.run(
        [ROOT / "packaging" / "socketcan-vm", *PYTEST, *QUIET, str(INSIDE)],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed, run.stdout
    assert int(passed[1]) >= wanted > 8
