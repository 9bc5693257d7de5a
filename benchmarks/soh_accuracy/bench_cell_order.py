"""Whether renumbered cells are noticed: both halves of simulated packs' sessions, one permuted.

The 45 packs of `sim_pack` of the reference data (PACKTRAIL_REAL_DATA). A wrong number is a cell
that was followed to another one; "as before" of permuted cells would be the silent mixing.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.soh_accuracy.adapter import _pack_spec
from benchmarks.soh_accuracy.bench_peers import _cases
from benchmarks.soh_accuracy.reference import reference_data
from benchmarks.timing import table
from packtrail.sample import SampleBatch
from soh_model.cell_order import Match, Order, matched
from soh_model.cell_outliers import cell_figures


def main() -> None:
    folder = reference_data("sim_pack")
    if folder is None:
        return
    rng, kept, dealt = np.random.default_rng(0), Counter[str](), Counter[str]()
    for case, _, batch, curves in _cases(folder):
        spec, half = _pack_spec(case, curves), len(batch) // 2
        older = cell_figures(batch.window(0, half), spec)
        newer, order = batch.window(half, len(batch)), rng.permutation(12)
        _count(kept, matched(older.signature, cell_figures(newer, spec).signature), np.arange(12))
        match = matched(older.signature, cell_figures(_dealt(newer, order), spec).signature)
        _count(dealt, match, np.argsort(order))
    head = (*(order.value for order in Order), "cells followed", "of them wrong")
    rows: list[tuple[object, ...]] = [
        (name, *(found[key] for key in head))
        for name, found in (("in their places", kept), ("dealt at random", dealt))
    ]
    table(("second half", *head), rows)


def _dealt(batch: SampleBatch, order: np.ndarray) -> SampleBatch:
    cells = batch.values["cell_voltage_v"][:, order]
    return SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells})


def _count(found: Counter[str], match: Match, true: np.ndarray) -> None:
    found[match.order.value] += 1
    for place, right in zip(match.places, true, strict=False):
        found["cells followed"] += place is not None
        found["of them wrong"] += place is not None and place != right
