"""Bits flipped, rows removed and lines reordered all over a store: found, missed, false.

Twenty pieces of each kind are planted at once in a store of `big_store` on SQLite, which is then
verified and put back. Found is what a fault names by its place; false is a fault that names
nothing that was touched. `python -m benchmarks cloud_bridge.bench_damage [--store FOLDER]`
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.cloud_bridge.bench_verify import Run, verified
from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.planted_damage import KINDS, Damage, Planter, opened
from benchmarks.timing import table
from cloud_bridge.keeping import faults
from cloud_bridge.store import SqliteStore

EACH: Final = 20
PACKS: Final = 4_000
SEED: Final = 7


def plant(path: Path, each: int, damage: list[Damage]) -> None:
    """Damage of every kind, each piece listed as soon as it is done."""
    with closing(SqliteStore(path)) as store:
        size = store.size()
    with opened(path) as connection:
        planter = Planter(connection, random.Random(SEED), size)
        damage.extend(kind(planter) for _ in range(each) for kind in KINDS)


def undo(path: Path, damage: Sequence[Damage]) -> None:
    """Put everything back, the last first."""
    with opened(path) as connection:
        for one in reversed(damage):
            for statement, values in one.undo:
                connection.execute(statement, values)


def told(path: Path, jobs: int) -> Run:
    """A verification, and every fault that it tells."""
    vars(faults)["SHOWN"] = 100_000  # a person is shown a hundred of a kind
    with closing(SqliteStore(path)) as store:
        return verified(store, jobs)


def show(damage: Sequence[Damage], faults_told: Sequence[str]) -> None:
    """Print the table."""
    found, missed = Counter[str](), Counter[str]()
    for one in damage:
        hit = any(one.names(fault) for fault in faults_told)
        (found if hit else missed)[one.kind] += 1
    false = [fault for fault in faults_told if not any(one.names(fault) for one in damage)]
    kinds = dict.fromkeys(one.kind for one in damage)
    table(("planted", "found and located", "missed"), [(k, found[k], missed[k]) for k in kinds])
    print(f"{len(faults_told)} faults told, {len(false)} of them name nothing that was touched")
    for fault in false[:20]:
        print("  ", fault)


def main() -> None:
    """Plant, verify, undo."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--store", type=Path, metavar="FOLDER")
    reader.add_argument("--each", type=int, default=EACH)
    reader.add_argument("--jobs", type=int, default=2)
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        folder = args.store or Path(name)
        if args.store is None:
            build(folder, PACKS)
        path = folder / "bridge.sqlite"
        damage, begin = list[Damage](), time.monotonic()
        try:
            plant(path, args.each, damage)
            run = told(path, args.jobs)
            show(damage, run.faults)
            rate, line = run.lines / run.wall_s, run.processor_s / run.lines * 1e6
            print(
                f"{run.lines:,} lines, {run.wall_s:.0f} s, {rate:,.0f} lines/s, {line:.0f} us each"
            )
            print(f"{run.main_mb:.0f} MB in this process, {run.worker_mb:.0f} MB in each other")
        finally:
            undo(path, damage)
        print(f"{time.monotonic() - begin:.0f} s; everything was put back")


if __name__ == "__main__":
    main()
