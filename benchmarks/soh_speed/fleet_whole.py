"""A whole fleet in one command on all cores: `python -m benchmarks.soh_speed.fleet_whole [DAYS]`.

A lake of 10,000 pack-days (or as many as said), its five distinct days of 2,900 samples and twelve
cells linked into every pack, goes through `packtrail fleet triage`, from samples to decisions. Told
are the time, the processor time and the resident memory of the command and of each worker at each
tenth of the way: flat, whatever the fleet. Ten thousand take some minutes; `make bench` leaves it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import soh_model
from benchmarks.soh_speed.bench_fleet import ASKED, DAYS, _days
from benchmarks.timing import table

LEAST_WORKER_MB = 40.0

PRICES = """
date = "2026-01-05"
source = "invented for this benchmark"
currency = "CNY"
new_per_kwh = 600.0
reuse_cost_per_kwh = 60.0
recycle_cost_per_kwh = 40.0
metal_per_kg = { Ni = 110.0, Co = 180.0 }
recovery = { Ni = 0.95, Co = 0.95 }
payable = { Ni = 0.75, Co = 0.75 }
reuse_factor = { vehicle = 0.6, stationary = 0.4, light = 0.15 }
"""


def main(pack_days: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        packs = pack_days // DAYS
        _lay_out(folder, packs)
        begun = time.monotonic()
        rows = _watched(_command(folder), folder / "decisions.jsonl", packs)
        taken = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    table(("pack-days done", "after", "memory of the command", "of each worker"), rows)
    spent = used.ru_utime + used.ru_stime
    print(f"\n{packs * DAYS} pack-days in {taken:.0f} s on {os.cpu_count()} cores; ", end="")
    print(f"processor time {spent:.0f} s")


def _lay_out(folder: Path, packs: int) -> None:
    days = _days(folder)
    for pack in range(packs):
        for number, day in enumerate(days, 1):
            place = folder / "telemetry" / f"pack=P{pack:05}" / f"day=2026-02-{number:02}"
            place.mkdir(parents=True)
            os.link(day, place / "1-1.parquet")
    spec = 'chemistry = "NMC"\nrated_ah = 100\ncells_in_series = 12\n'
    (folder / "spec.toml").write_text(spec, "utf-8")
    (folder / "prices.toml").write_text(PRICES, "utf-8")


def _command(folder: Path) -> list[str]:
    policy = Path(soh_model.__file__).parent / "sample_policy.toml"
    line = [sys.executable, "-m", "packtrail", "fleet", "triage", str(folder), "--json"]
    line += ["--spec", str(folder / "spec.toml"), "--prices", str(folder / "prices.toml")]
    return [*line, "--policy", str(policy), "--out", str(folder / "decisions.jsonl")]


def _watched(line: list[str], out: Path, packs: int) -> list[tuple[object, ...]]:
    """Resident memory of the command and of each worker, seen from outside."""
    beside, rows, last = out.with_name(out.name + ".writing"), [], (0.0, [0.0])
    begun = time.monotonic()
    process = subprocess.Popen(line)
    while process.poll() is None:
        time.sleep(0.2)
        done = beside.read_bytes().count(b"\n") if beside.exists() else 0
        last = _memory_mb(process.pid) or last
        if done * 10 >= packs * (len(rows) + 1):
            rows.append(_row(done, time.monotonic() - begun, last))
    if not out.exists():
        raise SystemExit(f"the command failed with {process.returncode}")
    return [*rows[:9], _row(packs, time.monotonic() - begun, last)]


def _row(done: int, seconds: float, memory: tuple[float, list[float]]) -> tuple[object, ...]:
    workers = " + ".join(f"{size:.0f}" for size in memory[1])
    return done * DAYS, f"{seconds:.0f} s", f"{memory[0]:.0f} MB", f"{workers} MB"


def _memory_mb(root: int) -> tuple[float, list[float]] | None:
    """Resident memory of the command, and of each process below it that computes.

    None while the processes come or go. Helpers (the resource tracker) hold next to nothing.
    """
    parents: dict[int, int] = {}
    sizes: dict[int, float] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(one.split(":\t", 1) for one in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        pid = int(fields["Pid"])
        parents[pid] = int(fields["PPid"])
        sizes[pid] = int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
    below = sorted(pid for pid in sizes if pid != root and _is_below(pid, root, parents))
    workers = [sizes[pid] for pid in below if sizes[pid] > LEAST_WORKER_MB]
    whole = len(workers) == (os.cpu_count() or 1) and root in sizes
    return (sizes[root], workers) if whole else None


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ASKED)
