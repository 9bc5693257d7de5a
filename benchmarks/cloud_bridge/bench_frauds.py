"""Life histories with planted frauds through a real store: found, missed, false, and who is blamed.

`python -m benchmarks cloud_bridge.bench_frauds`, or `python -m
benchmarks.cloud_bridge.bench_frauds [PACKS [FRAUDS]]`. The honest fleet is played as well: whatever
is said of it is a false alarm.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.cloud_bridge.planted_frauds import Concluded, play, score, stages_off
from cloud_bridge.inquiry.yields import detection_limit
from simulators.histories.history import History, Order

MEMORY = Path("/dev/shm")
LOT_SCATTER = 0.006
"""Standard deviation of one lot's yield over three elements in these histories."""


def played(order: Order) -> tuple[History, Concluded]:
    """A history and what the bridge concludes of it."""
    history = History(order).live()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return history, play(history, Path(folder) / "store.db")


def main(packs: int = 600, frauds: int = 5) -> None:
    """Print the tables."""
    for title, order in (
        ("frauds", Order(packs, 11, frauds)),
        ("honest parties", Order(packs, 12, 0, skim=0.0, skewed=False)),
    ):
        begun = time.perf_counter()
        history, concluded = played(order)
        counts, false = score(history, concluded)
        spent = time.perf_counter() - begun
        print(f"{title}: {packs} packs, {concluded.taken} events taken, {concluded.known} told")
        print(f"  twice, {len(concluded.refused)} refused, {spent:.0f} s")
        _table(counts)
        print(f"  said of what no fraud touched: {len(false)} {false[:3] or ''}")
        off, of = stages_off(history, concluded)
        print(f"  fates that the bridge has otherwise: {off} of {of}\n")
    print("share kept back that is found in 95 of 100 cases, by lots of the party (others 3 x)")
    for lots in (5, 10, 20, 50, 100):
        print(f"  {lots:4} lots {100 * detection_limit(LOT_SCATTER, lots, 3 * lots):5.2f} %")


def _table(counts: Counter[str]) -> None:
    names = sorted({name.partition("|")[0] for name in counts})
    for name in names:
        planted, found = counts[f"{name}|planted"], counts[f"{name}|found"]
        blamed = counts[f"{name}|blamed"]
        print(f"  {name:36} planted {planted:3} found {found:3} missed {planted - found:3} "
              f"culprit named {blamed:3}")  # fmt: skip


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
