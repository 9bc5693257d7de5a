"""The README's commands, run as they stand, one after another, in an empty folder.

Only what differs from machine to machine is replaced: the ports, and the CAN adapter.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import Mosquitto, free_port

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")


def commands(readme: str) -> list[str]:
    """The `sh` blocks of a README, in order."""
    return FENCE.findall((ROOT / readme).read_text("utf-8"))


def preamble(ports: dict[str, int]) -> str:
    """`packtrail` of this tree; after `init`, the settings get this machine's ports and bus."""
    # A default stands behind a "#" in the sample; another port has to stand in front of it.
    changes = "".join(f"s/^(# )?port = {old}.*/port = {new}/;" for old, new in ports.items())
    return (
        "set -euo pipefail\n"
        "packtrail() {\n"
        f'  {sys.executable} -m packtrail "$@" || return $?\n'
        '  if [ "${2:-}" = init ]; then\n'
        f'    sed -Ei \'{changes} s/"socketcan"/"virtual"/\' "$3"/*.toml\n'
        "  fi\n"
        "}\n"
    )


def run_story(readme: str, folder: Path, broker: int) -> tuple[int, str]:
    """Run all blocks as one script in a process group of its own, ended afterwards."""
    ports = {"1883": broker, "8080": free_port(), "8470": free_port()}
    story = "\n".join(commands(readme))
    for old, new in ports.items():
        story = re.sub(rf"127\.0\.0\.1:{old}\b", f"127.0.0.1:{new}", story)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with (folder / "told.txt").open("w") as told:
        process = subprocess.Popen(
            ["bash", "-c", preamble(ports) + story],
            cwd=folder,
            env=environment,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = process.wait(240)
    finally:
        with contextlib.suppress(ProcessLookupError):  # nothing was left running
            os.killpg(process.pid, signal.SIGTERM)
    return code, (folder / "told.txt").read_text("utf-8")


@pytest.mark.slow
def test_every_command_of_the_readme_works(tmp_path):
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    try:
        code, told = run_story("README.md", tmp_path, broker.port)
    finally:
        broker.stop()
    assert code == 0, told[-6000:]
    for sentence in ("ready to run", "0 without a receipt", "sound:", "SoH"):
        assert sentence in told, told


def test_both_readmes_give_the_same_commands():
    assert [re.sub(r"\s*#.*", "", block) for block in commands("README.zh-CN.md")] == [
        re.sub(r"\s*#.*", "", block) for block in commands("README.md")
    ]


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_no_link_leads_nowhere(page):
    targets = [t for t in LINK.findall(page.read_text("utf-8")) if "://" not in t]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []
