"""SoH 50, 100 and 200 cycles ahead on the capacity histories of real cells.

Every fifth cycle or so one reading with the error of a good session (1 % of SoH, drawn anew) is
taken in; from six readings on, the future of the history is told and compared. The peer of the
same run is persistence, the SoH as it is now. The stretch of the interval was found on these very
lives, so that its coverage is told a second time with factors from the other lives alone. Needs the
reference data: PACKTRAIL_REAL_DATA, or shared/data beside the project.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.soh_accuracy.reference import reference_data
from benchmarks.timing import table
from packtrail.estimate import Interval
from soh_model.prognosis import Trend

SETS = {"calb_nmc58": 58.0, "ess_lfp102": 102.0, "calce_cs2_lco": 1.1, "nasa_pcoe": 2.0}
DISTANCES = (50, 100, 200)
STEP = 5
ERROR = 0.01

SEEDS = 3
BELOW, ABOVE = 0.955, 0.995
"""Quantiles of the scores on either side that the stretch is taken at."""


class Told(NamedTuple):
    """One future: its life, what was foretold, and what came."""

    life: str
    distance: int
    soh: Interval
    true: float
    now: float


def main() -> None:
    folder = reference_data()
    if folder is None:
        return
    told = [
        one
        for seed in range(SEEDS)
        for name, rated in SETS.items()
        for one in foretold(folder / name, rated, seed)
    ]
    left_out = _left_out(told)
    rows: list[tuple[object, ...]] = []
    for name in SETS:
        for distance in DISTANCES:
            mine = [
                (one, inside)
                for one, inside in zip(told, left_out, strict=True)
                if one.life.startswith(name) and one.distance == distance
            ]
            if mine:
                rows.append(_row(name, distance, mine))
    rows.append(_row("all", "", list(zip(told, left_out, strict=True))))
    header = ("cells", "ahead", "n", "MAE", "of persistence", "ratio", "coverage", "left out")
    table((*header, "width"), rows)


def foretold(folder: Path, rated: float, seed: int = 0) -> list[Told]:
    """Every future of every life of a set."""
    rng = np.random.default_rng(seed)
    found: list[Told] = []
    for number, (cycles, soh) in enumerate(histories(folder, rated)):
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
                    life = f"{folder.name}/{number}"
                    later = float(np.median(soh[near]))
                    found.append(Told(life, distance, trend.soh(distance), later, float(true)))
    return found


def _left_out(told: list[Told]) -> list[bool]:
    """Whether each future is inside where the other lives alone say how far to stretch."""
    off = np.array([one.true - one.soh.value for one in told])
    down = np.array([one.soh.value - one.soh.low for one in told])
    up = np.array([one.soh.high - one.soh.value for one in told])
    below = np.maximum(-off, 0.0) / np.maximum(down, 1e-4)
    above = np.maximum(off, 0.0) / np.maximum(up, 1e-4)
    lives = np.array([f"{one.life} {one.distance}" for one in told])
    counts = Counter(lives.tolist())
    weight = np.array([1 / counts[life] for life in lives.tolist()])
    cells, inside = np.array([one.life for one in told]), np.zeros(len(told), bool)
    for life in set(cells.tolist()):
        others, mine = cells != life, cells == life
        inside[mine] = below[mine] <= _quantile(below[others], weight[others], BELOW)
        inside[mine] &= above[mine] <= _quantile(above[others], weight[others], ABOVE)
    return [bool(one) for one in inside]


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, share)), len(order) - 1)])


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


def _row(name: str, distance: object, told: list[tuple[Told, bool]]) -> tuple[object, ...]:
    error = np.array([one.soh.value - one.true for one, _ in told])
    still = np.array([one.now - one.true for one, _ in told])
    inside = [one.soh.low <= one.true <= one.soh.high for one, _ in told]
    mae, persistence = np.abs(error).mean(), np.abs(still).mean()
    return (
        name,
        distance,
        len(told),
        f"{100 * mae:.1f}",
        f"{100 * persistence:.1f}",
        f"{mae / persistence:.2f}",
        f"{100 * np.mean(inside):.0f} %",
        f"{100 * np.mean([held for _, held in told]):.0f} %",
        f"{100 * np.mean([one.soh.width for one, _ in told]):.0f}",
    )
