"""SoH 50, 100 and 200 cycles ahead on the capacity histories of real cells.

Every fifth cycle or so one reading with the error of a good session (1 % of SoH, drawn anew) is
taken in; from six readings on, the future of the history is told and compared. The peer of the
same run is persistence, the SoH as it is now. Needs the reference data: PACKTRAIL_REAL_DATA, or
shared/data beside the project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.timing import table
from soh_model.prognosis import Trend

ROOT = Path(__file__).parents[2]
SETS = {"calb_nmc58": 58.0, "ess_lfp102": 102.0, "calce_cs2_lco": 1.1, "nasa_pcoe": 2.0}
DISTANCES = (50, 100, 200)
STEP = 5
ERROR = 0.01

Row = tuple[float, bool, float, float]


def main() -> None:
    folder = Path(os.environ.get("PACKTRAIL_REAL_DATA", ROOT.parent / "shared" / "data")) / "soh"
    if not folder.is_dir():
        print(f"no reference data at {folder}: set PACKTRAIL_REAL_DATA")
        return
    rows: list[tuple[object, ...]] = []
    for name, rated in SETS.items():
        told = foretold(folder / name, rated)
        rows += [_row(name, distance, told[distance]) for distance in DISTANCES if told[distance]]
    header = ("cells", "ahead", "n", "MAE", "of persistence", "ratio", "coverage", "width")
    table(header, rows)


def foretold(folder: Path, rated: float, seed: int = 0) -> dict[int, list[Row]]:
    """Distance -> (error, inside, width, error of persistence) of every origin of every cell."""
    rng = np.random.default_rng(seed)
    found: dict[int, list[Row]] = {distance: [] for distance in DISTANCES}
    for cycles, soh in histories(folder, rated):
        trend, last = Trend(), -np.inf
        for cycle, true in zip(cycles, soh, strict=True):
            if cycle - last < STEP:
                continue
            last = cycle
            trend.take(cycle, true + rng.normal(0, ERROR), ERROR)
            if trend.readings < 6 or trend.readings % 4:
                continue
            for distance in DISTANCES:
                near = np.abs(cycles - (cycle + distance)) <= STEP
                if near.any():
                    later = float(np.median(soh[near]))
                    one = trend.soh(distance)
                    inside = one.low <= later <= one.high
                    found[distance].append((one.value - later, inside, one.width, true - later))
    return found


def histories(folder: Path, rated: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cycles and SoH of every cell with 30 plausible capacity tests."""
    columns = import_module("pyarrow.parquet").read_table(folder / "truth.parquet").to_pydict()
    cells = np.array(columns["cell"])
    soh = np.array(columns["capacity_Ah"], float) / rated
    cycles = np.array(columns["cycle"], float)
    usable = (soh > 0.3) & (soh < 1.3)
    for cell in sorted(set(cells)):
        rows = np.flatnonzero(usable & (cells == cell))
        _, first = np.unique(cycles[rows], return_index=True)
        rows = rows[first]
        if len(rows) >= 30:
            # some number impedance tests too: tests of capacity count
            counted = np.arange(len(rows), dtype=float) if "kind" in columns else cycles[rows]
            yield counted, soh[rows]


def _row(name: str, distance: int, told: list[Row]) -> tuple[object, ...]:
    error, inside, width, still = np.array(told, float).T
    mae, persistence = np.abs(error).mean(), np.abs(still).mean()
    return (
        name,
        distance,
        len(told),
        f"{100 * mae:.1f}",
        f"{100 * persistence:.1f}",
        f"{mae / persistence:.2f}",
        f"{100 * inside.mean():.0f} %",
        f"{100 * width.mean():.0f}",
    )
