"""How many bridges and how much disk so many packs need, on paper, from rates that were measured.

`python -m benchmarks.cloud_bridge.sizing [BRIDGE_PER_S]` prints the table of
docs/reference/deployment.md; give the rate that `cloud_bridge.bench_mqtt` finds on your machine.
"""

from __future__ import annotations

import math
import sys
from typing import Final, NamedTuple

from benchmarks.timing import table

BRIDGE_PER_S: Final = 2_366
"""Records that one core commits to PostgreSQL in a second (`cloud_bridge.bench_mqtt`)."""
STORED_BYTES: Final = 4_649
"""A sealed minute of 112 cells (3,179 bytes) with its number and indexes in PostgreSQL."""
HOURS_READ: Final = 2.0
"""A pack is read so long a day, a record a minute: while it charges or stands in a bay."""
PEAK: Final = 3.0
"""The busiest hour against the mean."""
LOAD: Final = 0.6
"""So much of a bridge's rate is planned for; the rest catches up after an outage."""


class Size(NamedTuple):
    """What a fleet needs.

    Attributes:
        packs: how many.
        mean_per_s: records per second, mean over the day.
        peak_per_s: in the busiest hour.
        bridges: one core each; two at least, so that one may be away.
        written_mb_s: into the database in the busiest hour, MB/s.
        stored_tb: kept after a year, TB.
    """

    packs: int
    mean_per_s: float
    peak_per_s: float
    bridges: int
    written_mb_s: float
    stored_tb: float


def size(packs: int, bridge_per_s: float = BRIDGE_PER_S) -> Size:
    """The needs of so many packs."""
    mean = packs * HOURS_READ * 60 / 86_400
    peak = mean * PEAK
    bridges = max(2, math.ceil(peak / (bridge_per_s * LOAD)))
    stored = packs * stored_bytes_per_year() / 1e12
    return Size(packs, mean, peak, bridges, peak * STORED_BYTES / 1e6, stored)


def stored_bytes_per_year() -> float:
    """Telemetry of one pack in PostgreSQL after a year, nothing thrown away."""
    return HOURS_READ * 60 * 365 * STORED_BYTES


def rows(bridge_per_s: float = BRIDGE_PER_S) -> list[tuple[str, ...]]:
    """The table's lines, for fleets up to 40 million packs."""
    found = [size(packs, bridge_per_s) for packs in (1_000, 100_000, 1_000_000, 40_000_000)]
    return [
        (
            f"{one.packs:,}",
            f"{one.mean_per_s:,.0f}",
            f"{one.peak_per_s:,.0f}",
            f"{one.bridges:,}",
            f"{one.written_mb_s:,.1f}",
            f"{one.stored_tb:,.1f}",
        )
        for one in found
    ]


def main(arguments: list[str]) -> None:
    """Print the table."""
    head = ("packs", "records/s, mean", "peak", "bridges", "MB/s written, peak", "TB a year")
    table(head, list(rows(float(arguments[0]) if arguments else BRIDGE_PER_S)))


if __name__ == "__main__":
    main(sys.argv[1:])
