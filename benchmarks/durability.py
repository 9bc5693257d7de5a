"""`python -m benchmarks durability`: 200 kills, power cuts, a full disk, clock steps, a week.

`DURABILITY_STRIKES=30` makes it shorter; a strike kills one process, two or all. Everything is
real: mosquitto, PostgreSQL, the bridge and the gateway's outbox and uplink as processes; a power
cut takes back what was written after the last sync of each file.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path

from packtrail import logs
from tests.acceptance.house import House
from tests.acceptance.offline import a_week_offline
from tests.acceptance.power import clock_steps, full_disk, power_cuts, samples_lost_at_kills
from tests.databases import Postgres

STRIKES = int(os.environ.get("DURABILITY_STRIKES", "120"))
SEED = 2026


def main() -> None:
    """Run all of it and print what was lost and doubled."""
    logs.configure(level="CRITICAL")
    with tempfile.TemporaryDirectory(prefix="packtrail-durability-") as folder:
        kills(Path(folder, "kills"))
        cut, lost, doubled = power_cuts(Path(folder, "power"), random.Random(SEED))
        print(f"power cuts {cut}: committed records lost {lost}, doubled {doubled}", flush=True)
        facts, lost, doubled, given_up = full_disk(Path(folder, "full"), random.Random(SEED))
        print(
            f"disk full: {facts} facts lost {lost}, doubled {doubled}; "
            f"telemetry given up and told {given_up}",
            flush=True,
        )
        steps, lost, doubled = clock_steps(Path(folder, "clock"))
        print(f"clock steps of a day {steps}: lost {lost}, doubled {doubled}", flush=True)
        killed, worst = samples_lost_at_kills(Path(folder, "samples"), random.Random(SEED))
        print(f"gateway kills {killed}: at most {worst:.2f} s of samples lost each", flush=True)
        a_week_offline(Path(folder, "week"))


def kills(folder: Path) -> None:
    """Gateway, broker, bridge and database, killed in one run."""
    folder.mkdir()
    database = Postgres()
    database.start()
    house = House(folder, "mosquitto", "5", SEED, database)
    begun = time.monotonic()
    try:
        house.start()
        for number in house.strike(STRIKES):
            if number % 20 == 0:
                print(f"  {number} strikes, {time.monotonic() - begun:.0f} s", flush=True)
        house.settle()
        verdict = house.verdict()
    finally:
        house.end()
        database.remove()
    died = ", ".join(f"{name} {count}" for name, count in sorted(verdict.kills.items()))
    print(
        f"kill -9 {sum(verdict.kills.values())} in {STRIKES} strikes ({died}): "
        f"{verdict.known} records, lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, "
        f"holes {len(verdict.holes)}",
        flush=True,
    )
