"""A fleet in one command: pack-days a second and core, and how memory grows with the fleet.

A lake of as many packs as asked for is laid out, its five distinct days of 2,900 samples and
twelve cells linked into every pack. `packtrail fleet estimate --workers 1` reads it in a process
of its own, whose processor time and peak memory the system tells. The bar for memory is that of
a fleet a tenth the size, measured in the same run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.timing import table
from cloud_bridge.projections.tables import telemetry_table, write_table
from packtrail.sample import SampleBatch
from tests.soh_model.invented import fresh, session

DAYS = 5
PACKS = (10, 100)
DAY_NS = 86_400 * 10**9
ASKED = 10_000


def main() -> None:
    rows: list[tuple[object, ...]] = []
    with TemporaryDirectory() as folder:
        days = _days(Path(folder))
        measured = [_measured(Path(folder), days, packs) for packs in PACKS]
    seconds = (measured[1][0] - measured[0][0]) / (DAYS * (PACKS[1] - PACKS[0]))
    for packs, (taken, peak_mb) in zip(PACKS, measured, strict=True):
        ratio = f"{peak_mb / measured[0][1]:.2f}"
        rows.append((f"{packs * DAYS}", f"{taken:.1f} s", f"{peak_mb:.0f} MB", ratio))
    table(("pack-days", "processor time", "peak memory", "ratio to the smaller"), rows)
    cores = os.cpu_count() or 1
    print(f"\n{1 / seconds:.0f} pack-days a second and core; {ASKED} on {cores} cores: ", end="")
    print(f"{ASKED * seconds / cores / 60:.1f} min")


def _days(folder: Path) -> list[Path]:
    rng, files = np.random.default_rng(1), []
    for day in range(DAYS):
        batch = session(fresh(), rng, start=0.1, stop=0.9)
        batch = SampleBatch(batch.t_ns + (20_500 + day) * DAY_NS, batch.values)
        files.append(folder / f"day-{day}.parquet")
        write_table(files[-1], telemetry_table([batch]))
    return files


def _measured(folder: Path, days: list[Path], packs: int) -> tuple[float, float]:
    """Processor seconds and peak MB of the command over a lake of so many packs."""
    lake, spec = folder / f"lake-{packs}", folder / "spec.toml"
    spec.write_text('chemistry = "NMC"\nrated_ah = 100\ncells_in_series = 12\n', "utf-8")
    for pack in range(packs):
        for number, day in enumerate(days):
            place = lake / "telemetry" / f"pack=P{pack:05}" / f"day=2026-02-{number + 1:02}"
            place.mkdir(parents=True)
            os.link(day, place / "1-1.parquet")
    line = [sys.executable, "-m", "packtrail", "fleet", "estimate", str(lake)]
    line += ["--spec", str(spec), "--out", str(folder / f"{packs}.jsonl"), "--workers", "1"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the command failed with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
