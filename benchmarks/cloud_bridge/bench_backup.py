"""Backup and restoration of a store: time and memory, beside a plain copy and `VACUUM INTO`.

Everything of one run on one file of `big_store` on SQLite; what is written is removed again.
`python -m benchmarks cloud_bridge.bench_backup [--store FOLDER] [--packs N]`
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.cloud_bridge.big_store import build
from benchmarks.timing import table
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore

PACKS: Final = 4_000


class Taken(NamedTuple):
    """What a step took."""

    wall_s: float
    processor_s: float
    peak_mb: float
    written_gb: float


def taken(step: Callable[[Path, Path], None], source: Path, target: Path) -> Taken:
    """Do a step in a process of its own, so that its peak of memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, step, source, target).result()


def _measured(step: Callable[[Path, Path], None], source: Path, target: Path) -> Taken:
    begin, spent = time.monotonic(), time.process_time()
    step(source, target)
    size = target.stat().st_size / 1e9
    return Taken(time.monotonic() - begin, time.process_time() - spent, _peak_mb(), size)


def _peak_mb() -> float:
    """Of this program alone; `getrusage` counts what the process was before it became this."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def back_up(source: Path, target: Path) -> None:
    """`packtrail bridge backup`."""
    with closing(SqliteStore(source)) as store:
        backup(store, target)


def put_back(source: Path, target: Path) -> None:
    """`packtrail bridge restore`."""
    restore(StoreSettings(path=target), source)


def vacuum(source: Path, target: Path) -> None:
    """SQLite's own way to a copy while others write."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    _sync(target)


def copy(source: Path, target: Path) -> None:
    """Byte by byte, which needs a bridge that stands still."""
    with source.open("rb") as one, target.open("wb") as other:
        shutil.copyfileobj(one, other, 1 << 20)
    _sync(target)


def _sync(target: Path) -> None:
    with target.open("rb+") as file:
        os.fsync(file.fileno())


STEPS: Final = {"plain copy": copy, "VACUUM INTO": vacuum, "backup": back_up, "restore": put_back}


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--store", type=Path, metavar="FOLDER")
    reader.add_argument("--packs", type=int, default=PACKS)
    reader.add_argument("--only", nargs="*", choices=STEPS, default=list(STEPS))
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory(dir=args.store) as name:
        folder = Path(name)
        if args.store is None:
            build(folder, args.packs)
        source, saved = (args.store or folder) / "bridge.sqlite", folder / "backup"
        rows = []
        for what in (one for one in STEPS if one in args.only):
            one, other = (
                (saved, folder / "restored") if what == "restore" else (source, folder / "it")
            )
            other = saved if what == "backup" else other
            did = taken(STEPS[what], one, other)
            rows.append((what, *(f"{value:,.1f}" for value in did)))
            print(*rows[-1], flush=True)
            if other != saved:
                other.unlink()
        table((f"{source.stat().st_size / 1e9:.2f} GB", "s", "processor s", "MB", "GB"), rows)


if __name__ == "__main__":
    main()
