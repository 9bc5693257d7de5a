"""What the gates are told of the worst cell: errors and coverage of its resistance and its leak.

Resistance over the median cell's: the packs of `sim_pack` of the reference data
(PACKTRAIL_REAL_DATA), whose pulses of 10 s are known for each cell. Self-discharge: invented packs
of twelve cells, one of which leaks by a known rate, in rests of one to six hours.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.soh_accuracy.adapter import _pack_spec
from benchmarks.soh_accuracy.bench_peers import _cases
from benchmarks.soh_accuracy.reference import reference_data
from benchmarks.timing import table
from packtrail.estimate import Interval
from packtrail.sample import SampleBatch
from soh_model import PackSpec
from soh_model.cell_outliers import cell_outliers
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
HOURS = (1, 2, 3, 6)
PACKS = 40
LEAKS_PCT_DAY = (0.0, 0.3, 0.6, 1.5)

Pair = tuple[Interval, float]


def main() -> None:
    rows = [_row(f"self-discharge, rests of {h} h, % a day", _leaks(h)) for h in HOURS]
    folder = reference_data("sim_pack")
    if folder is not None:
        rows.append(_row("resistance over the median, simulated packs", _resistances(folder)))
    table(("worst cell", "n", "MAE", "coverage", "width"), rows)


def _resistances(folder: Path) -> list[Pair]:
    truths, found = json.loads((folder / "truth.json").read_text("utf-8")), []
    for (case, _, batch, curves), truth in zip(_cases(folder), truths, strict=True):
        worst = cell_outliers(batch, _pack_spec(case, curves))
        if worst.resistance_ratio is not None and worst.resistant_cell is not None:
            ohm = np.array(truth["cell_r10s_mohm"])
            found.append(
                (worst.resistance_ratio, float(ohm[worst.resistant_cell] / np.median(ohm)))
            )
    return found


def _leaks(hours: int) -> list[Pair]:
    found = []
    for number in range(PACKS):
        rate = LEAKS_PCT_DAY[number % len(LEAKS_PCT_DAY)]
        worst = cell_outliers(_leaking(hours, rate, number), SPEC)
        if worst.self_discharge_pct_day is not None:
            true = rate if worst.leaking_cell == 0 else 0.0
            found.append((worst.self_discharge_pct_day, true))
    return found


def _leaking(hours: int, pct_day: float, number: int) -> SampleBatch:
    """A pack whose first cell leaks, by the slope of its own curve at the first rest's charge."""
    rng, cell = np.random.default_rng(number), fresh()
    start, rest_s = 0.3, 3600.0 * hours
    batch = session(cell, rng, start=start, stop=0.8, rest_s=rest_s, step_s=20.0)
    cells = batch.values["cell_voltage_v"].copy()
    lost = pct_day / 100 * batch.t_s / 86400
    moved = np.interp(batch.t_s, [rest_s, batch.t_s[-1] - rest_s], [start, 0.8])
    cells[:, 0] += cell.ocv(moved - lost) - cell.ocv(moved)
    return SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells})


def _row(name: str, pairs: list[Pair]) -> tuple[object, ...]:
    if not pairs:
        return name, 0, "not told", "-", "-"
    error = [abs(found.value - true) for found, true in pairs]
    inside = [found.low <= true <= found.high for found, true in pairs]
    width = [found.width for found, _ in pairs]
    return (
        name,
        len(pairs),
        f"{np.mean(error):.3f}",
        f"{np.mean(inside):.0%}",
        f"{np.mean(width):.2f}",
    )
