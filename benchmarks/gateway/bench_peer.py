"""Our gateway against ThingsBoard IoT Gateway: the same frames, one after the other, in one run.

Both read 16-byte SocketCAN frames from loopback sockets and publish over mosquitto at QoS 1; ours
to a player of the bridge that answers with receipts, the peer's, by the settings of its own
sample, to a player of its platform. Processor time is that of the whole gateway process. Bytes
are those of payloads and topics. The peer reports each frame as it comes, we a sample a second:
so the last column asks what the peer's own JSON would take for one sample a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.gateway import peer_config, peer_venv
from benchmarks.gateway.bench_frames import Measured, measure, pack_log
from benchmarks.gateway.bench_memory import processor_s, status_mb
from benchmarks.gateway.peer_platform import Platform
from benchmarks.timing import table
from simulators.dialects import DIALECTS
from tests.services import Mosquitto, free_port

ROUNDS = 3
SECONDS = 15.0
LOADS = ((8, 43.5), (2, 500.0), (8, 500.0))
"""Buses and frames a second on each: eight packs as they speak, what the peer just bears, and
eight busy buses."""
SETTLE_S = 4.0
IDS = frozenset({0x100, 0x101, 0x102, 0x103, 0x104})


@dataclass(frozen=True)
class Peer:
    """What the peer made of one load."""

    sent: int
    frames: float
    used_s: float
    resident_mb: float
    size: int

    @property
    def per_processor_s(self) -> float:
        """Frames whose values arrived, per second of processor time."""
        return self.frames / self.used_s

    @property
    def lost_pct(self) -> float:
        """Share of the frames whose values never arrived."""
        return 100 - 100 * self.frames / self.sent


Rounds = list[tuple[Measured, Peer]]


def values_per_frame(log: Path) -> float:
    """How many values the peer is configured to find in a frame, the mean over the log."""
    entries = list(peer_config.timeseries(DIALECTS["classic"].path, IDS))
    plain = dict.fromkeys(IDS, 0)
    grouped: dict[tuple[int, int], int] = {}
    for entry in entries:
        if "command" in entry:
            key = (entry["nodeId"], int(entry["command"].rsplit(":", 1)[1]))
            grouped[key] = grouped.get(key, 0) + 1
        else:
            plain[entry["nodeId"]] += 1
    frames = [line.split()[2].split("#") for line in log.read_text().splitlines()]
    found = [
        plain[int(name, 16)] or grouped.get((int(name, 16), int(data[:2], 16)), 0)
        for name, data in frames
    ]
    return sum(found) / len(found)


def measure_peer(folder: Path, log: Path, buses: int, rate: float, seconds: float) -> Peer:
    """The peer under one load."""
    folder.mkdir()
    broker = Mosquitto(folder / "mosquitto")
    broker.start()
    platform, ports = Platform(broker.port), [free_port() for _ in range(buses)]
    peer_config.write(folder, broker.port, ports, DIALECTS["classic"].path, IDS)
    (folder / "logs.json").write_text(peer_venv.sample_logs())
    program = Path(__file__).with_name("peer_process.py")
    with (folder / "peer.log").open("wb") as log_file:
        gateway = subprocess.Popen(
            [str(peer_venv.python()), str(program), str(folder)],
            stdout=log_file,
            stderr=log_file,
        )
    time.sleep(SETTLE_S)
    before_s = processor_s(gateway.pid)
    feeder = [sys.executable, "-m", "benchmarks.gateway.datagrams", str(log)]
    sent = subprocess.run(
        [*feeder, str(seconds), str(rate), *map(str, ports)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    time.sleep(SETTLE_S)
    used_s, resident_mb = processor_s(gateway.pid) - before_s, status_mb(gateway.pid, "VmHWM")
    gateway.kill()
    gateway.wait()
    platform.close()
    broker.stop()
    frames = platform.values / values_per_frame(log)
    return Peer(int(sent), frames, used_s, resident_mb, platform.size)


def json_of_samples(buses: int, seconds: float) -> int:
    """Bytes of the peer's JSON for one sample a second of every value, names in every row."""
    names = [entry["key"] for entry in peer_config.timeseries(DIALECTS["classic"].path, IDS)]
    row = {"ts": 1_775_001_600_000, "values": dict.fromkeys(names, 3.731)}
    return int(len(json.dumps({"pack 1": [row]}, separators=(",", ":"))) * buses * seconds)


def row(load: str, packs: int, rounds: Rounds) -> list[object]:
    """One line of the table: medians, ratios formed within each round."""
    ours, peers = [ours for ours, _ in rounds], [peer for _, peer in rounds]
    hours = packs * SECONDS / 3600
    lost = median(o.lost for o in ours)
    peer_lost = median(p.lost_pct for p in peers)
    resident = [median(one.resident_mb for one in side) for side in (ours, peers)]
    return [
        load,
        f"{median(o.per_processor_s for o in ours):,.0f}",
        f"{median(p.per_processor_s for p in peers):,.0f}",
        f"{median(o.per_processor_s / p.per_processor_s for o, p in rounds):.1f}",
        f"{median(o.size / hours for o in ours) / 1000:,.0f} kB",
        f"{median(p.size / hours for p in peers) / 1000:,.0f} kB",
        f"1/{median(p.size / o.size for o, p in rounds):.0f}",
        f"1/{json_of_samples(packs, SECONDS) / median(o.size for o in ours):.0f}",
        f"{lost} ({peer_lost:.1f} %)",
        f"{resident[0]:.0f} MB ({resident[1]:.0f})",
    ]


def main() -> None:
    """Print the table."""
    peer_venv.python()
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = pack_log(folder)
        for buses, rate in LOADS:
            rounds = [
                (
                    measure(folder / f"ours{buses}x{rate}-{n}", log, buses, rate, SECONDS),
                    measure_peer(folder / f"peer{buses}x{rate}-{n}", log, buses, rate, SECONDS),
                )
                for n in range(ROUNDS)
            ]
            rows.append(tuple(row(f"{buses} x {rate:g}", buses, rounds)))
    head = ("buses x frames/s", "frames per processor second", "peer", "times")
    wire = ("per pack-hour", "peer", "of it", "of its JSON at 1/s")
    table((*head, *wire, "lost (peer)", "peak memory (peer)"), rows)


if __name__ == "__main__":
    main()
