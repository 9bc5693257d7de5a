"""What gateway and bridge conclude over the shipped scenarios, against what was true.

Each scenario is a whole house of processes and takes about half a minute. Found, missed and
false are counted over all of them; `expected` counts scenarios whose own expectations are met.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.timing import table
from packtrail import logs
from simulators.scenario import judge, load_expectations, load_scenario, shipped
from simulators.scenario.play import Observed, Performance
from simulators.scenario.script import expected_beside

ANNOUNCED = {"runaway": "thermal_runaway_precursor", "drifting_cells": "cell_over_voltage"}
"""The incident that a scenario's deed has to raise on its victim."""


def conclusions(name: str, seen: Observed) -> dict[str, tuple[float, float, float]]:
    """Found, missed and false of each conclusion in one scenario."""
    kind = ANNOUNCED.get(name)
    raised = seen.get(f"victims.{kind}", 0.0)
    return {
        "records stored": (seen["records_stored"], seen["records_missing"], 0),
        "packs recognised": (seen["packs_recognised"], 0, seen["packs_mistaken"]),
        "swaps told": (
            seen["swaps_told"],
            max(seen["swaps_missed"], 0),
            -min(seen["swaps_missed"], 0),
        ),
        "estimates with the truth inside": (
            seen["estimates_told"] - seen["estimates_wrong"],
            0,
            seen["estimates_wrong"],
        ),
        "deeds that must be raised": (raised, 1 - raised, 0) if kind else (0, 0, 0),
    }


def main() -> None:
    """Play all of them and print the sums."""
    logs.configure(level="CRITICAL")
    sums: dict[str, Counter[str]] = {}
    met = []
    for name, path in shipped().items():
        scenario, _ = load_scenario(name)
        with tempfile.TemporaryDirectory(prefix="packtrail-scenario-") as folder:
            seen = Performance(scenario, Path(folder)).run()
        expected = expected_beside(path)
        checks = judge(load_expectations(expected), seen) if expected else []
        failed = [check.expectation.what for check in checks if not check.met]
        met.append(not failed)
        print(f"{name}: {'as expected' if not failed else ', '.join(failed)}", flush=True)
        for what, (found, missed, false) in conclusions(name, seen).items():
            sums.setdefault(what, Counter()).update(found=found, missed=missed, false=false)
    rows = [(what, s["found"], s["missed"], s["false"]) for what, s in sums.items()]
    print(f"\n{sum(met)} of {len(met)} scenarios as expected\n")
    table(
        ("conclusion", "found", "missed", "false"),
        [tuple(f"{c:g}" if isinstance(c, float) else c for c in row) for row in rows],
    )


if __name__ == "__main__":
    main()
