"""Resident memory and processor time of a gateway with eight packs, over a real broker.

Eight simulated packs speak at their real frame rates for ninety seconds; the records go through
mosquitto to a player of the bridge that answers with receipts. Limit: 120 MB resident.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import table
from simulators.dialects import DIALECTS
from simulators.run import StationRun
from simulators.settings import StationSettings
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.stations import write_settings
from tests.services import Mosquitto

REAL_SECONDS = 90
SLOTS = range(1, 9)
LIMIT_MB = 120.0


def slots() -> str:
    """The settings of eight slots that any simulated pack may stand in."""
    databases = [str(dialect.path) for dialect in DIALECTS.values()]
    return "\n".join(
        f'[[bus]]\nname = "bus{n}"\ninterface = "virtual"\nchannel = "slot{n}"\n'
        f'[[slot]]\nname = "{n}"\nbus = "bus{n}"\nprofiles = ["sim_sxa", "sim_sxb"]\n'
        f"dbc = {databases!r}\n"
        for n in SLOTS
    )


def status_mb(pid: int, name: str) -> float:
    """A figure of /proc/PID/status in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1024


def processor_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path) -> list[tuple[object, ...]]:
    """Run a gateway and look at it every second."""
    log = folder / "station.log"
    station = StationRun(StationSettings.model_validate({"speed": 1.0}))
    station.write_log(log, REAL_SECONDS)
    broker = Mosquitto(folder / "mosquitto")
    broker.start()
    bridge = BridgePlayer(broker.port)
    settings = write_settings(folder, broker.port, slots())
    command = [sys.executable, "-m", "benchmarks.gateway.fed_gateway", str(settings), str(log)]
    gateway = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    resident: list[float] = []
    used_s = 0.0
    while gateway.poll() is None:
        try:
            resident.append(status_mb(gateway.pid, "VmRSS"))
            used_s = processor_s(gateway.pid)
            peak = status_mb(gateway.pid, "VmHWM")
        except (OSError, TypeError):
            break
        time.sleep(1)
    bridge.close()
    broker.stop()
    frames = sum(1 for _ in log.open())
    return [
        ("frames/s", f"{frames / REAL_SECONDS:.0f}"),
        ("records stored", len(bridge.records)),
        ("resident after 10 s", f"{resident[10]:.0f} MB"),
        ("resident at the end", f"{resident[-1]:.0f} MB"),
        ("peak (limit 120)", f"{peak:.0f} MB" + ("" if peak < LIMIT_MB else " TOO MUCH")),
        ("processor, feeder included", f"{100 * used_s / REAL_SECONDS:.1f} % of one core"),
    ]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        table(("eight packs, 90 s", ""), measure(Path(folder)))
