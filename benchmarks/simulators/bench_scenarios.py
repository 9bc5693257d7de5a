"""What gateway and bridge conclude over the shipped scenarios, against what was true.

`python -m benchmarks.simulators.bench_scenarios [HOUSES]`: so many at a time (3), each of them a
whole house of processes that mostly waits. Found, missed and false are counted over all of them;
a scenario is as expected when each of its own expectations is met.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.timing import table
from packtrail import logs
from packtrail.language import Text
from packtrail.progress import watched
from simulators.scenario import Scenario, judge, load_expectations, load_scenario, shipped
from simulators.scenario.play import Observed, Performance
from simulators.scenario.script import BusOff, DiskFull, SilentBus, WrongBitRate, expected_beside

HOUSES: Final = 3
ANNOUNCED: Final = {"runaway": "thermal_runaway_precursor", "drifting_cells": "cell_over_voltage"}
"""The incident that a scenario's deed has to raise on its victim."""
Counts = tuple[float, float, float]


class Played(NamedTuple):
    """A scenario that was played to its end."""

    name: str
    failed: list[str]
    conclusions: dict[str, Counts]


def conclusions(name: str, scenario: Scenario, seen: Observed) -> dict[str, Counts]:
    """Found, missed and false of each conclusion in one scenario."""
    astray = seen["swaps_missed"]
    wrong = seen["estimates_wrong"]
    return {
        "records stored": (seen["records_stored"], max(seen["records_missing"], 0), 0),
        "packs recognised": (seen["packs_recognised"], 0, seen["packs_mistaken"]),
        "identities settled": (
            seen["identities_settled"],
            seen["identities_contested"] - seen["identities_settled"],
            0,
        ),
        "swaps told": (
            min(seen["swaps_told"], seen["swaps_true"]),
            max(astray, 0),
            max(-astray, 0),
        ),
        "estimates with the truth inside": (seen["estimates_told"] - wrong, 0, wrong),
        "alarms of faults that endanger": _alarms(name, seen),
        "buses that went silent": _silence(scenario, seen),
        "disks that took nothing": _disk(scenario, seen),
    }


def _alarms(name: str, seen: Observed) -> Counts:
    due = ANNOUNCED.get(name)
    found = seen.get(f"victims.{due}", 0.0)
    on_others = sum(seen.get(f"others.{kind}", 0.0) for kind in ANNOUNCED.values())
    return found, max(1 - found, 0) if due else 0, on_others


def _silence(scenario: Scenario, seen: Observed) -> Counts:
    told = {key.removeprefix("silent.slot") for key in seen if key.startswith("silent.")}
    true = {d.slot for d in scenario.deeds if isinstance(d, SilentBus | BusOff | WrongBitRate)}
    return len(told & true), len(true - told), seen["silent_baseless"]


def _disk(scenario: Scenario, seen: Observed) -> Counts:
    full = any(isinstance(deed, DiskFull) for deed in scenario.deeds)
    told = seen["commits_failed"] > 0
    return full and told, full and not told, 0


def play(name: str, path: Path) -> Played:
    """Play a shipped scenario and judge it."""
    scenario, _ = load_scenario(name)
    with tempfile.TemporaryDirectory(prefix="packtrail-scenario-") as folder:
        seen = Performance(scenario, Path(folder)).run()
    expected = expected_beside(path)
    checks = judge(load_expectations(expected), seen) if expected else []
    failed = [
        f"{check.expectation.what} {check.seen:g} instead of {check.expectation.bounds}"
        for check in checks
        if not check.met
    ]
    return Played(name, failed, conclusions(name, scenario, seen))


def play_all(houses: int) -> list[Played]:
    """Every shipped scenario, so many at a time, by name."""
    scenarios = shipped()
    bar = watched(Text("playing", "正在运行"), len(scenarios), Text("scenarios", "场景"))
    with ThreadPoolExecutor(houses) as pool, bar as advance:
        under_way = [pool.submit(play, name, path) for name, path in scenarios.items()]
        for _ in as_completed(under_way):
            advance(1)
    return [one.result() for one in under_way]


def main(houses: int = HOUSES) -> None:
    """Play all of them and print the sums."""
    logs.configure(level="CRITICAL")
    played = play_all(houses)
    table(
        ("scenario", "as expected", "swaps missed"),
        [
            (p.name, "; ".join(p.failed) or "yes", f"{p.conclusions['swaps told'][1]:g}")
            for p in played
        ],
    )
    sums: dict[str, list[float]] = {}
    for one in played:
        for what, counts in one.conclusions.items():
            so_far = sums.get(what, [0.0, 0.0, 0.0])
            sums[what] = [a + b for a, b in zip(so_far, counts, strict=True)]
    print(f"\n{sum(not p.failed for p in played)} of {len(played)} scenarios as expected\n")
    table(
        ("conclusion", "found", "missed", "false"),
        [(what, *(f"{count:g}" for count in counts)) for what, counts in sums.items()],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else HOUSES)
