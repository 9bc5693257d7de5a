"""How many cores and how much disk so many packs need, on paper, from costs that were measured.

`python -m benchmarks.cloud_bridge.sizing` prints the table of docs/reference/deployment.md;
`python -m benchmarks cloud_bridge.bench_sizing` measures the costs on your machine first.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from benchmarks.timing import table

HOURS_READ: Final = 2.0
"""A pack is read so long a day, a record a minute: while it charges or stands in a bay."""
PEAK: Final = 3.0
"""The busiest hour against the mean."""
LOAD: Final = 0.6
"""So much of a core is planned for; the rest catches up after an outage."""


class Cost(NamedTuple):
    """What one record takes, a sealed minute of 112 cells.

    Attributes:
        bridge_us: processor time of the bridge, microseconds.
        database_us: processor time of all processes of PostgreSQL, microseconds.
        stored_bytes: table and indexes.
        log_bytes: write-ahead log.
    """

    bridge_us: float
    database_us: float
    stored_bytes: float
    log_bytes: float


MEASURED: Final = Cost(bridge_us=100, database_us=30, stored_bytes=4_432, log_bytes=4_037)
"""Medians of `cloud_bridge.bench_sizing`."""


class Size(NamedTuple):
    """What a fleet needs.

    Attributes:
        packs: how many.
        mean_per_s: records per second, mean over the day.
        peak_per_s: in the busiest hour.
        bridges: one core each; two at least, so that one may be away.
        database_cores: of PostgreSQL.
        written_mb_s: by the database in the busiest hour, tables and log, MB/s.
        stored_tb: kept after a year, TB.
    """

    packs: int
    mean_per_s: float
    peak_per_s: float
    bridges: int
    database_cores: int
    written_mb_s: float
    stored_tb: float


def size(packs: int, cost: Cost = MEASURED) -> Size:
    """The needs of so many packs."""
    mean = packs * HOURS_READ * 60 / 86_400
    peak = mean * PEAK
    return Size(
        packs,
        mean,
        peak,
        max(2, _cores(peak, cost.bridge_us)),
        _cores(peak, cost.database_us),
        peak * (cost.stored_bytes + cost.log_bytes) / 1e6,
        packs * stored_bytes_per_year(cost) / 1e12,
    )


def stored_bytes_per_year(cost: Cost = MEASURED) -> float:
    """Telemetry of one pack in PostgreSQL after a year, nothing thrown away."""
    return HOURS_READ * 60 * 365 * cost.stored_bytes


def rows(cost: Cost = MEASURED) -> list[tuple[str, ...]]:
    """The table's lines, for fleets up to 40 million packs."""
    found = [size(packs, cost) for packs in (1_000, 100_000, 1_000_000, 40_000_000)]
    return [
        (
            f"{one.packs:,}",
            f"{one.mean_per_s:,.0f}",
            f"{one.peak_per_s:,.0f}",
            f"{one.bridges:,}",
            f"{one.database_cores:,}",
            f"{one.written_mb_s:,.1f}",
            f"{one.stored_tb:,.1f}",
        )
        for one in found
    ]


def show(cost: Cost = MEASURED) -> None:
    """Print the table."""
    head = ("packs", "records/s, mean", "peak", "bridges", "cores of the database")
    table((*head, "MB/s written, peak", "TB a year"), list(rows(cost)))


def _cores(per_s: float, each_us: float) -> int:
    return math.ceil(per_s * each_us / 1e6 / LOAD)


if __name__ == "__main__":
    show()
