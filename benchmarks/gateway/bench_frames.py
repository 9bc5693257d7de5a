"""Frames per processor second from the bus to the acknowledged record, and where it breaks.

Simulated packs speak faster than real ones; their frames reach the gateway's SocketCAN reader
as datagrams (see `datagrams`), its records go through mosquitto to a player of the bridge that
answers with receipts. Processor time is that of the whole gateway process.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.bench_memory import processor_s, status_mb
from benchmarks.timing import table
from simulators.run import StationRun
from simulators.settings import StationSettings
from tests.gateway.bridge_player import BridgePlayer, eventually
from tests.gateway.stations import write_settings
from tests.services import Mosquitto

SECONDS = 15.0
CHARGED = "slot3"
"""Where a pack that speaks classic CAN is under charge from the first minute on."""
LOADS = ((8, 500), (20, 2000), (32, 4000))
"""Buses and frames a second on each: a station, the budget of a small computer, the limit."""


@dataclass(frozen=True)
class Measured:
    """One load."""

    sent: int
    told: Mapping[str, int]
    used_s: float
    resident_mb: float
    records: int
    size: int
    seconds: float

    @property
    def per_processor_s(self) -> float:
        """Frames per second of processor time."""
        return self.told["frames"] / self.used_s

    @property
    def lost(self) -> int:
        """Frames that were sent and not worked off."""
        return self.sent - self.told["frames"]


def pack_log(folder: Path) -> Path:
    """A minute of one simulated pack while it is charged."""
    log = folder / "packs.log"
    StationRun(StationSettings.model_validate({"speed": 1.0})).write_log(log, 120)
    lines = [line.split() for line in log.read_text().splitlines()]
    later = float(lines[0][0].strip("()")) + 60
    chosen = [line for line in lines if line[1] == CHARGED and float(line[0].strip("()")) > later]
    log.write_text("\n".join(" ".join(line) for line in chosen) + "\n")
    return log


def slots(count: int) -> str:
    """Settings of so many slots on as many buses."""
    return "\n".join(
        f'[[bus]]\nname = "bus{n}"\ninterface = "virtual"\nchannel = "slot{n}"\n'
        f'[[slot]]\nname = "{n}"\nbus = "bus{n}"\nprofiles = ["sim_sxa", "sim_sxb"]\n'
        for n in range(1, count + 1)
    )


def measure(folder: Path, log: Path, buses: int, rate: float, seconds: float) -> Measured:
    """One gateway under one load."""
    folder.mkdir()
    broker = Mosquitto(folder / "mosquitto")
    broker.start()
    bridge = BridgePlayer(broker.port)
    settings = write_settings(folder, broker.port, slots(buses))
    gateway = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway.measured_gateway", str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    ports = json.loads(gateway.stdout.readline())
    time.sleep(1)
    before_s, began = processor_s(gateway.pid), time.monotonic()
    feeder = [sys.executable, "-m", "benchmarks.gateway.datagrams", str(log)]
    sent = subprocess.run(
        [*feeder, str(seconds), str(rate), *map(str, ports)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    time.sleep(2)
    used_s, resident_mb = processor_s(gateway.pid) - before_s, status_mb(gateway.pid, "VmHWM")
    gateway.send_signal(signal.SIGTERM)
    told = json.loads(gateway.stdout.read().splitlines()[-1])
    gateway.wait()
    eventually(lambda: len(bridge.seqs()) >= buses)
    bridge.close()
    broker.stop()
    spent = time.monotonic() - began
    return Measured(int(sent), told, used_s, resident_mb, len(bridge.records), bridge.size, spent)


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = pack_log(folder)
        for buses, rate in LOADS:
            found = measure(folder / f"{buses}x{rate}", log, buses, rate, SECONDS)
            rows.append(
                (
                    f"{buses} x {rate}",
                    f"{found.sent / SECONDS:,.0f}",
                    found.lost,
                    f"{found.told['overflowed']} / {found.told['dropped']}",
                    f"{100 * found.used_s / SECONDS:.0f} %",
                    f"{found.per_processor_s:,.0f}",
                    f"{found.resident_mb:.0f} MB",
                    found.records,
                )
            )
    head = ("buses x frames/s", "sent/s", "lost", "by kernel / by us", "of a core")
    table((*head, "frames per processor second", "peak memory", "records"), rows)


if __name__ == "__main__":
    main()
