"""Resident memory of the bridge over stores of several sizes: it may not grow with the packs.

`python -m benchmarks.cloud_bridge.bench_memory --packs 2000 100000 1000000 --folder F` makes a
store of each size in F (or takes the one that is there), runs `packtrail bridge run` on it, and
reads its memory when it answers, after it has followed the ledger for a while (`--seconds`; how
many lines that were is told beside), and after so many packs have been asked for that all that is
kept of stories is full. A ledger is followed from its beginning here: that is when most is in hand.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from benchmarks.cloud_bridge.bench_pages import Client, resident_mb, serving
from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.big_world import World
from benchmarks.timing import table

PACKS, SECONDS, ASKED = [2_000, 20_000], 60.0, 2_000
FOLLOWED: Final = re.compile(r'_projected_total\{kind="fact",projection="watch"\} (\S+)')
ROUTES: Final = ("/packs/{}", "/api/v1/packs/{}", "/api/v1/packs/{}/proof")


def row(folder: Path, world: World, seconds: float, asked: int) -> tuple[str, ...]:
    """One size: lines followed, MB when it answers, after following, after asking, at most."""
    dice = random.Random(1)
    with serving(folder) as (url, pid):
        client = Client(url)
        first = resident_mb(pid)[0]
        time.sleep(seconds)
        followed, after = lines(url), resident_mb(pid)[0]
        for _ in range(asked):
            route = dice.choice(ROUTES).format(world.code(dice.randrange(world.packs)))
            assert client.ask(route)[1] == 200, route
        now, most = resident_mb(pid)
    sizes = (f"{one:.0f}" for one in (first, after, now, most))
    return (f"{world.packs + 1:,}", f"{world.size:,}", f"{followed:,.0f}", *sizes)


def lines(url: str) -> float:
    """How many lines of the ledger the watch has followed."""
    with urlopen(f"{url}/metrics") as answer:
        found = FOLLOWED.search(answer.read().decode())
    return float(found[1]) if found else 0.0


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, nargs="+", default=PACKS)
    reader.add_argument("--folder", type=Path)
    reader.add_argument("--seconds", type=float, default=SECONDS)
    reader.add_argument("--asked", type=int, default=ASKED)
    args, _ = reader.parse_known_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for packs in args.packs:
            folder = (args.folder or Path(temporary)) / str(packs)
            world = World(packs, 0)
            if not (folder / "bridge.toml").exists():
                world = build(folder, packs)
            rows.append(row(folder, world, args.seconds, args.asked))
            print(*rows[-1], sep="; ", flush=True)
    head = ("packs", "lines", f"followed in {args.seconds:.0f} s", "MB when it answers")
    table((*head, "after following", f"after {args.asked:,} questions", "at most"), rows)


if __name__ == "__main__":
    main()
