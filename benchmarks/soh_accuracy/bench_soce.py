"""State of certified energy against the energy that real cells gave on whole discharges.

The reference data's sets with discharges (PACKTRAIL_REAL_DATA). Energy is the integral of voltage
and current of a discharge whose charge is the tested capacity. Certified is what new units of the
type gave: the median of the first discharges of the development units, at the same chamber
temperature. The cold is left out: SOCE is of 25 degC. So is NASA's set, whose discharges end at
voltages of their own. The cells discharge at 1C, SOCE is stated for C/3. Two tables: `energy.py`
alone, from the capacity as tested; and the whole way, from a window of a charge by a
`CellTypeModel` of the other half of the units, on units left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.soh_accuracy.reference import reference_data
from benchmarks.soh_accuracy.split import held_units
from benchmarks.timing import table
from packtrail.estimate import Interval
from packtrail.sample import SampleBatch
from soh_model import CellTypeModel, PackSpec, estimate
from soh_model.chemistry import FreshCell, fresh_cell
from soh_model.energy import mean_voltage, state_of_certified_energy, usable_kwh

SETS: Final = {
    "calb_nmc58": ("NMC", 58.0, (3.75, 3.90)),
    "calce_cs2_lco": ("LCO", 1.1, (3.80, 4.10)),
}
COLDEST_C: Final = 20.0
NEW: Final = 5
"""First discharges of a unit that count as new."""

SAME: Final = 0.02
"""How far the charge of a discharge may be from the capacity that its tester wrote."""

Row = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cycle:
    """One cycle of a cell: capacity as tested Ah, energy Wh, and its charge within the window."""

    cell: str
    kind: str
    capacity_ah: float
    energy_wh: float
    charge: SampleBatch | None


def main() -> None:
    folder = reference_data()
    if folder is None:
        return
    alone, whole = [], []
    for name in SETS:
        cycles = cycles_of(folder, name)
        alone.append(_figures(name, from_capacity(cycles, name)))
        whole.append(_figures(name, from_a_charge(cycles, name)))
    head = ("cells", "n", "MAE", "bias", "max", "coverage", "width")
    print("energy.py alone, from the capacity as tested; points of SOCE\n")
    table(head, alone)
    print("\nfrom a window of a charge, units left out; points of SOCE\n")
    table(head, whole)


def from_capacity(cycles: list[Cycle], name: str) -> list[Row]:
    """(estimate, low, high, measured) of every cycle of the held units, capacity given."""
    found = []
    for cycle, spec, fresh, certified in _held(cycles, name):
        soh = cycle.capacity_ah / spec.rated_ah
        volts = mean_voltage(fresh.curve(min(soh, 1.0))[1], spec)
        usable = usable_kwh(Interval(soh, soh, soh), volts, spec, whole_pack=True)
        soce = state_of_certified_energy(usable, fresh.ocv_v, spec)
        assert soce is not None
        found.append((soce.value, soce.low, soce.high, cycle.energy_wh / certified))
    return found


def from_a_charge(cycles: list[Cycle], name: str, every: int = 3) -> list[Row]:
    """The same by a model of the cell type that never saw the unit; what it cannot tell is left."""
    chemistry, rated, _ = SETS[name]
    held = held_units(sorted({cycle.cell for cycle in cycles}))
    dev = [c for c in cycles if c.cell not in held and c.charge is not None]
    spec = PackSpec(chemistry=chemistry, rated_ah=rated, cells_in_series=1)
    examples = [(c.charge, c.capacity_ah) for c in dev[::every] if c.charge is not None]
    units = [c.cell for c in dev[::every]]
    model, found = CellTypeModel.fit(examples, spec, units=units), []
    for cycle, own, _, certified in list(_held(cycles, name))[::every]:
        if cycle.charge is None:
            continue
        soce = estimate(cycle.charge, own, model).soce
        if soce is not None:
            found.append((soce.value, soce.low, soce.high, cycle.energy_wh / certified))
    return found


def _held(cycles: list[Cycle], name: str) -> Iterator[tuple[Cycle, PackSpec, FreshCell, float]]:
    """Cycles of the held units with their type, and the energy of new ones of their kind, Wh."""
    chemistry, rated, _ = SETS[name]
    held = held_units(sorted({cycle.cell for cycle in cycles}))
    certified = _certified([cycle for cycle in cycles if cycle.cell not in held])
    for cycle in cycles:
        if cycle.cell not in held or cycle.kind not in certified:
            continue
        spec = PackSpec(
            chemistry=chemistry,
            rated_ah=rated,
            cells_in_series=1,
            certified_energy_kwh=certified[cycle.kind] / 1000,
        )
        fresh = fresh_cell(spec)
        assert fresh is not None
        yield cycle, spec, fresh, certified[cycle.kind]


def _certified(cycles: list[Cycle]) -> dict[str, float]:
    """Kind -> median energy of the first discharges of its units, Wh."""
    first: dict[str, list[float]] = {}
    seen: dict[str, int] = {}
    for cycle in cycles:
        seen[cycle.cell] = seen.get(cycle.cell, 0) + 1
        if seen[cycle.cell] <= NEW:
            first.setdefault(cycle.kind, []).append(cycle.energy_wh)
    return {kind: float(np.median(energies)) for kind, energies in first.items()}


def cycles_of(folder: Path, name: str) -> list[Cycle]:
    """Cycles in order whose discharge was recorded whole."""
    read = import_module("pyarrow.parquet").read_table
    rows = {n: c.to_numpy() for n, c in _columns(read(folder / name / "timeseries.parquet"))}
    tests = {n: c.to_numpy() for n, c in _columns(read(folder / name / "truth.parquet"))}
    _, rated, window = SETS[name]
    tested = {
        (str(cell), int(cycle)): (float(ah), f"{_temperature_c(tests, k):.0f}")
        for k, (cell, cycle, ah) in enumerate(
            zip(tests["cell"], tests["cycle"], tests["capacity_Ah"], strict=True)
        )
        if 0.3 * rated < ah < 1.3 * rated and _temperature_c(tests, k) >= COLDEST_C
    }
    names = np.array([f"{cell}" for cell in rows["cell"]])
    edges = np.flatnonzero((np.diff(rows["cycle"]) != 0) | (names[1:] != names[:-1])) + 1
    found = []
    for start, stop in zip([0, *edges.tolist()], [*edges.tolist(), len(names)], strict=True):
        key = (str(names[start]), int(rows["cycle"][start]))
        if key in tested:
            part = {n: rows[n][start:stop].astype(float) for n in ("t", "I", "V")}
            found += _cycle(key[0], *tested[key], part, window)
    return found


def _columns(read: object) -> Iterator[tuple[str, object]]:
    return ((name, read[name]) for name in read.column_names)  # type: ignore[attr-defined,index]


def _temperature_c(tests: dict[str, np.ndarray], row: int) -> float:
    """Of the chamber, 25 degC where nothing is told."""
    return float(tests["T_chamber"][row]) if "T_chamber" in tests else 25.0


def _cycle(
    cell: str, capacity: float, kind: str, part: dict[str, np.ndarray], window: tuple[float, float]
) -> list[Cycle]:
    t, i, v = part["t"], part["I"], part["V"]
    out = np.minimum(i, 0.0)
    charge = -float(np.sum((out[1:] + out[:-1]) / 2 * np.diff(t))) / 3600
    if abs(charge / capacity - 1) > SAME:
        return []
    power = out * v
    energy = -float(np.sum((power[1:] + power[:-1]) / 2 * np.diff(t))) / 3600
    # what the thinned record lost of the charge it lost of the energy too
    return [Cycle(cell, kind, capacity, energy * capacity / charge, _window(t, i, v, window))]


def _window(
    t: np.ndarray, i: np.ndarray, v: np.ndarray, window: tuple[float, float]
) -> SampleBatch | None:
    """The longest charge between two voltages, None where it does not hold both."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (i > 0.02).astype(int), [0]])))
    if not len(edges):
        return None
    start, stop = max(
        zip(edges[::2], edges[1::2], strict=True), key=lambda run: t[run[1] - 1] - t[run[0]]
    )
    if v[start] > window[0] or v[start:stop].max() < window[1]:
        return None
    first = start + int(np.argmax(v[start:stop] >= window[0]))
    last = start + int(np.argmax(v[start:stop] >= window[1]))
    rows = slice(first, last + 1)
    if last - first < 4:
        return None
    return SampleBatch.from_arrays(
        t_s=t[rows] - t[first], pack_current_a=i[rows], cell_voltage_v=v[rows][:, None]
    )


def _figures(name: str, rows: list[Row]) -> tuple[object, ...]:
    if not rows:
        return (name, 0, "-", "-", "-", "-", "-")
    value, low, high, true = 100 * np.array(rows).T
    error = value - true
    return (
        name,
        len(rows),
        f"{np.abs(error).mean():.2f}",
        f"{error.mean():+.2f}",
        f"{np.abs(error).max():.1f}",
        f"{np.mean((low <= true) & (true <= high)):.0%}",
        f"{np.mean(high - low):.1f}",
    )
