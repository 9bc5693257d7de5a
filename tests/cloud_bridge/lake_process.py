"""Carries a store's facts to a lake in tiny portions, joining files all the time, until killed.

`python -m tests.cloud_bridge.lake_process LEAVES DATABASE LAKE`
"""

from __future__ import annotations

import sys
from pathlib import Path

from cloud_bridge.projections import Portion
from cloud_bridge.projections.compaction import Tiers
from cloud_bridge.projections.lake import Lake
from cloud_bridge.store import Cursor, SqliteStore

FEW = Tiers(few=4, small=12, large=40, grace_s=2)


def main() -> None:
    """As the follower does it, three facts at a time."""
    leaves, database, folder = sys.argv[1:]
    store = SqliteStore(Path(database))
    lake = Lake(Path(folder), tiers=FEW)
    while True:
        begin = store.cursor("lake")._replace(moved_ns=0)
        entries = store.entries(begin.leaf, 3)
        if begin.leaf + 1 >= int(leaves):
            break
        end = Cursor(begin.chunk, entries[-1].leaf)
        lake.take(Portion(begin, end, [], entries))
        store.move_cursor("lake", end, 1)
        lake.tidy()


if __name__ == "__main__":
    main()
