"""Time of one estimate: twelve cells, ten hours at ten seconds, against its limit.

The pack rests, is charged at C/9.6 and rests, seen through sensors with gain, offset, noise and
steps. Processor time on one core; the limit is 100 ms. The second row is the same session where
the type's half-cell curves are not known, so that only ampere-hours are counted.
"""

from __future__ import annotations

import numpy as np

from benchmarks.timing import processor_us, table
from packtrail.sample import SampleBatch
from soh_model import HalfCell, HalfCellPair, PackSpec, estimate
from tests.soh_model.invented import fresh, half_cells, session

LIMIT_MS = 100.0
ROUNDS = 25


def main() -> None:
    samples, spec = _pack()
    bare = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
    taken = processor_us(
        {
            "electrode balance, twelve cells": lambda: estimate(samples, spec),
            "counting between rests": lambda: estimate(samples, bare),
        },
        repeat=1,
        rounds=ROUNDS,
    )
    print(f"{len(samples)} samples, {samples.t_s[-1] / 3600:.1f} h\n")
    rows: list[tuple[object, ...]] = [
        (name, f"{us / 1000:.1f} ms", f"{LIMIT_MS:.0f} ms", f"{us / 1000 / LIMIT_MS:.2f}")
        for name, us in taken.items()
    ]
    table(("estimate", "median", "limit", "ratio to the limit"), rows)


def _pack() -> tuple[SampleBatch, PackSpec]:
    """Ten hours of an aged pack, and its type."""
    cell = fresh()
    negative, positive, x, y = half_cells(cell)
    spec = PackSpec(
        chemistry="NMC",
        rated_ah=100.0,
        cells_in_series=12,
        fresh_resistance_ohm=0.0008,
        half_cells=HalfCellPair(HalfCell(*negative), HalfCell(*positive), x, y),
    )
    aged = cell.aged(0.08, 0.03, 0.03)
    batch = session(aged, np.random.default_rng(1), c_rate=0.104, start=0.1, stop=0.95, rest_s=4000)
    return batch, spec
