"""The learned tasks of the reference data: units, what a field sees of them, what is true.

Windows of voltage are cut here, before any estimator sees a charge: no whole charge, cycle number
or column made from the truth goes on. `hidden` is what these tasks do not tell, for the question
what it would be worth: the charge put into a pulsed unit since it was empty, the discharge by which
a cell's capacity was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.soh_accuracy import adapter
from benchmarks.soh_accuracy.adapter import _cell
from soh_model.cell_type_model import _session
from soh_model.pack_spec import PackSpec
from soh_model.pulse_model import views
from soh_model.session import Refusal
from soh_model.window_features import common_window, feature_maps, lean_maps, passage

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

READINGS: Final = [f"U{k}" for k in range(1, 22)]
ODD: Final = (0.3, 1.3)
"""Capacities over the rated one outside of which a test was broken."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task: readings of units and their true SoH.

    Attributes:
        name: as in the tables.
        target: mean error asked for, points of SoH.
        chemistry: of the units.
        rated_ah: rated capacity.
        unit: which unit each reading is of, [n].
        soh: what is true, [n].
        seen: sessions, or rows of 21 voltages, length n.
        features: everything known of each reading, [n, d], for other methods.
        views: what a process told of `hidden` gets, each [n, d'].
        hidden: what the task does not tell, [n, k].
        hidden_is: what that is.
        pulses: whether `seen` are rows of pulses.
    """

    name: str
    target: float
    chemistry: str
    rated_ah: float
    unit: NDArray[Any]
    soh: Floats
    seen: Any
    features: Floats
    views: tuple[Floats, ...]
    hidden: Floats
    hidden_is: str
    pulses: bool

    def answers(self, known: Rows, asked: Rows) -> Floats:
        """SoH, low and high of `asked` by a model of `known`, [m, 3]; NaN is "cannot tell"."""
        if self.pulses:
            pulse = adapter.fit_pulse(self.seen[known], self.soh[known], self.chemistry)
            return np.asarray(adapter.predict_pulse(pulse, self.seen[asked]))
        sessions = [self.seen[k] for k in known.tolist()]
        ampere_hours = self.soh[known] * self.rated_ah
        model = adapter.fit(sessions, ampere_hours, self.chemistry, self.rated_ah)
        told = [adapter.predict(model, self.seen[k]) for k in asked.tolist()]
        return np.array([answer or (np.nan,) * 3 for answer in told])


def pulse_task(folder: Path, kind: str, target: float) -> Task:
    """Retired units of one kind."""
    table = pd.read_parquet(folder / "retired_pulse" / "pulse.parquet")
    table = table[table.pack_type == kind]
    rows = table[READINGS].to_numpy(float)
    return Task(
        name=f"retired {kind}",
        target=target,
        chemistry=str(table.chemistry.iloc[0]),
        rated_ah=0.0,
        unit=table.cell.to_numpy(),
        soh=table.soh.to_numpy(float),
        seen=rows,
        features=np.hstack(views(rows)),
        views=views(rows),
        hidden=table[["soc_pct"]].to_numpy(float) / 100,
        hidden_is="the charge since empty",
        pulses=True,
    )


def cell_task(
    folder: Path,
    name: str,
    chemistry: str,
    rated_ah: float,
    low_high: tuple[float, float],
    target: float,
) -> Task:
    """Charges of one cell type through a window of voltage."""
    table = pd.read_parquet(folder / name / "timeseries.parquet")
    truth = pd.read_parquet(folder / name / "truth.parquet")
    discharges: dict[Any, tuple[float, ...]] = {}
    if "phase" in table:
        truth = truth[truth.kind == "discharge"]
        discharges = _discharges(table[table.phase == -1])
        table = table[table.phase == 1]
    capacity = truth.drop_duplicates(["cell", "cycle"]).set_index(["cell", "cycle"]).capacity_Ah
    seen, soh, keys = [], [], []
    for key, charge in table.groupby(["cell", "cycle"], observed=True):
        share = float(capacity.get(key, np.nan)) / rated_ah
        window = _cut(charge, rated_ah, low_high) if ODD[0] < share < ODD[1] else None
        if window is not None:
            seen.append(window)
            soh.append(share)
            keys.append(key)
    maps = _maps(seen, chemistry, rated_ah)
    return Task(
        name=f"{name} {low_high[0]}-{low_high[1]} V",
        target=target,
        chemistry=chemistry,
        rated_ah=rated_ah,
        unit=np.array([key[0] for key in keys]),
        soh=np.array(soh),
        seen=seen,
        features=np.hstack(maps[0]),
        views=maps[1],
        hidden=np.array([discharges.get(key, ()) for key in keys]).reshape(len(keys), -1),
        hidden_is="the discharge that measures",
        pulses=False,
    )


def _cut(charge: pd.DataFrame, rated_ah: float, low_high: tuple[float, float]) -> Any:
    """The longest charge from where it reaches one voltage to where it reaches the other."""
    t, current, volts = (charge[c].to_numpy(float) for c in ("t", "I", "V"))
    flowing = np.concatenate([[0], (current > 0.02 * rated_ah).astype(int), [0]])
    edges = np.flatnonzero(np.diff(flowing))
    if not len(edges):
        return None
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    start, stop = max(pairs, key=lambda p: t[p[1] - 1] - t[p[0]])
    along = volts[start:stop]
    if len(along) < 10 or along[0] > low_high[0] or along.max() < low_high[1]:
        return None
    first, last = (start + int(np.argmax(along >= edge)) for edge in low_high)
    if last - first < 3:
        return None
    rows = slice(first, last + 1)
    warm = charge["T"].to_numpy(float)[rows] if "T" in charge else np.full(last + 1 - first, 25.0)
    return {"t": t[rows] - t[first], "I": current[rows], "V": volts[rows], "T": warm}


def _discharges(table: pd.DataFrame) -> dict[Any, tuple[float, ...]]:
    """Largest current, lowest voltage and first temperature of each discharge."""
    groups = table.groupby(["cell", "cycle"], observed=True)
    rows = groups.agg({"I": "min", "V": "min", "T": "first"})
    return dict(zip(rows.index, rows.itertuples(index=False, name=None), strict=True))


def _maps(seen: list[Any], chemistry: str, rated_ah: float) -> tuple[tuple[Floats, ...], ...]:
    """All features of the windows, and the views of few of them."""
    spec = PackSpec(chemistry=chemistry, rated_ah=rated_ah, cells_in_series=1)
    ready = [_session(_cell(one), spec) for one in seen]
    sessions = [s for s in ready if not isinstance(s, Refusal)]
    window = common_window(sessions, rated_ah)
    assert window is not None
    assert len(sessions) == len(seen)
    passages = [p for s in sessions if (p := passage(s, rated_ah, window)) is not None]
    assert len(passages) == len(seen)
    return feature_maps(passages)[:2], lean_maps(passages)
