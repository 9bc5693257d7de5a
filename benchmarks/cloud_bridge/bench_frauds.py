"""Life histories with planted frauds through a real store, beside the truth: what the bridge finds.

`python -m benchmarks cloud_bridge.bench_frauds`, or `python -m
benchmarks.cloud_bridge.bench_frauds [PACKS [FRAUDS [SEED ...]]]`. An honest fleet is played for
each seed as well: whatever is said of it is a false alarm. Then every conclusion is set beside that
of the truth file: stages of life, accounts at scrapping, holders, duties, masses.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.cloud_bridge.conclusions import compare
from benchmarks.cloud_bridge.planted_frauds import Concluded, play, score
from benchmarks.timing import table
from cloud_bridge.inquiry.yields import detection_limit
from simulators.histories.history import History, Order

MEMORY = Path("/dev/shm")
LOT_SCATTER = 0.006
"""Standard deviation of one lot's yield over three elements in these histories."""
BEGIN = date(2026, 4, 6)
"""From when on the duty to hand over is law."""
SEEDS = (201, 202)
"""Never used for tuning."""
NAMED = {
    "last holder": "by name",
    "who has the pack": "by name",
    "vehicles served": "to the number",
    "mass when taken apart": "within the scale's error",
    "metal that a works reports": "within 1 %",
}
"""Conclusions whose values are names or numbers: told as one line."""


def played(order: Order) -> tuple[History, Concluded]:
    """A history and what the bridge concludes of it."""
    history = History(order).live()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return history, play(history, Path(folder) / "store.db")


class Tally:
    """Adds up what was planted, found and concluded over several histories."""

    def __init__(self) -> None:
        self.events = 0
        self.frauds: Counter[str] = Counter()
        self.conclusions: Counter[tuple[str, str, str]] = Counter()

    def add(self, order: Order) -> None:
        """Play a history, say what was taken and what is falsely said."""
        begun = time.perf_counter()
        history, concluded = played(order)
        counts, false = score(history, concluded)
        self.events += concluded.taken
        self.frauds += counts
        self.conclusions += compare(history.truth.told(), concluded)
        spent = time.perf_counter() - begun
        print(f"seed {order.seed}, {'frauds' if order.each else 'honest'}: {concluded.taken} "
              f"events taken, {concluded.known} told twice, {len(concluded.refused)} refused, "
              f"{spent:.0f} s", flush=True)  # fmt: skip
        print(f"  said of what no fraud touched: {len(false)} {false[:3] or ''}", flush=True)


def main(packs: int = 400, frauds: int = 4, seeds: Sequence[int] = SEEDS) -> None:
    """Print the tables."""
    tally = Tally()
    for seed in seeds:
        tally.add(Order(packs, seed, frauds, BEGIN))
        tally.add(Order(packs, seed, 0, BEGIN, skim=0.0, skewed=False))
    fleets = len(seeds)
    print(
        f"\n{fleets} fleets with frauds, {fleets} honest, of {packs} packs: {tally.events} events\n"
    )
    _frauds(tally.frauds)
    print()
    _conclusions(tally.conclusions)
    print("\nshare kept back that is found in 95 of 100 cases, by lots of the party (others 3 x)")
    for lots in (5, 10, 20, 50, 100):
        print(f"  {lots:4} lots {100 * detection_limit(LOT_SCATTER, lots, 3 * lots):5.2f} %")


def _frauds(counts: Counter[str]) -> None:
    rows: list[tuple[object, ...]] = []
    for name in sorted({name.partition("|")[0] for name in counts}):
        planted, found = counts[f"{name}|planted"], counts[f"{name}|found"]
        nobody = name.startswith("missing_pack")
        blamed = "nobody lied" if nobody else counts[f"{name}|blamed"]
        rows.append((name, planted, found, planted - found, blamed))
    table(("planted", "number", "found", "missed", "culprit named"), rows)


def _conclusions(counts: Counter[tuple[str, str, str]]) -> None:
    lines: dict[tuple[str, str], Counter[str]] = {}
    for (name, value, how), number in counts.items():
        shown = NAMED.get(name, value)
        lines.setdefault((name, shown), Counter())[how] += number
    rows: list[tuple[object, ...]] = [
        (name, value, *(one[how] for how in ("found", "missed", "false")))
        for (name, value), one in sorted(lines.items())
    ]
    table(("conclusion", "is", "found", "missed", "false"), rows)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers[:2] or (400, 4)), seeds=numbers[2:] or SEEDS)
