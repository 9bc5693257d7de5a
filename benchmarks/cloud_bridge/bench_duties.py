"""A first list of duties: how long it takes, against reading and decoding the same lines once.

`python -m benchmarks.cloud_bridge.bench_duties --packs 20000` makes a store (see `big_store`),
or takes the one in `--folder`, and begins its list anew: within one process, and in processes of
their own (`--jobs`). The limit is what nobody can do without: each line that calls for a duty, and
each that reports one, read and decoded once in one process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from benchmarks.cloud_bridge.big_store import build
from benchmarks.timing import table
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.judging import calling
from cloud_bridge.rules.open_duties import REPORTS
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore, Store

PACKS: Final = 20_000


def decoded(store: Store, types: list[str]) -> tuple[int, float, float]:
    """Lines of some types read and decoded once: how many, seconds, processor seconds."""
    begin, used, lines = time.monotonic(), _used(), 0
    for kind in types:
        after = -1
        while page := store.entries_of_type(kind, after):
            lines += sum(1 for entry in page if entry.event.type == kind)
            after = page[-1].leaf
    return lines, time.monotonic() - begin, _used() - used


def listed(store: Store, settings: StoreSettings, jobs: int) -> tuple[float, float]:
    """A list from its beginning to its end: seconds, processor seconds of all processes."""
    book = DutyBook()
    book.rebuild(store)
    begin, used = time.monotonic(), _used()
    if jobs:
        book.build(store, settings, jobs, threading.Event())
    book.advance(store, time.time_ns())
    return time.monotonic() - begin, _used() - used


def _used() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def main() -> None:
    """Measure, print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, default=PACKS)
    reader.add_argument("--folder", type=Path)
    reader.add_argument("--jobs", type=int, default=2)
    args, _ = reader.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary) / "store"
        if not (folder / "bridge.sqlite").exists():
            build(folder, args.packs, "")
        settings = StoreSettings(path=folder / "bridge.sqlite")
        store = SqliteStore(folder / "bridge.sqlite")
        packs = store.counts().units
        print(f"{packs:,} packs, {store.size():,} lines")
        lines, limit_s, limit_used = decoded(store, [*calling(DutyBook().own.duty), *REPORTS])
        rows = [(f"limit: {lines:,} lines decoded", f"{limit_s:.1f}", f"{limit_used:.1f}", "", "")]
        for name, jobs in (("this process", 0), ("1 process", 1), (f"{args.jobs}", args.jobs)):
            took, used = listed(store, settings, jobs)
            share = f"{used / limit_used:.1f}"
            rows.append((name, f"{took:.1f}", f"{used:.1f}", f"{packs / took:,.0f}", share))
        store.close()
    table(("list by", "s", "processor s", "packs/s", "processor over the limit"), rows)


if __name__ == "__main__":
    main()
