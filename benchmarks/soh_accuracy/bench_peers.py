"""Others' methods on the same sessions: AWTLS over rests, and PyDMA's balancing fit.

Simulated packs with a known truth (`sim_pack` of the reference data, PACKTRAIL_REAL_DATA). All
three get the same zeroed current, the same mean cell and the same fresh half-cell curves. AWTLS
reads SoC at rests of the fresh full-cell curve. PyDMA (TUM, BSD-3, extra `bench`) is made for slow
whole charges: it gets the longest charge of the session, a series resistance to fit, its own
bounds in units of the part that was charged, and the capacity that its balance leaves between
the cell's limits counts. It is tried in its own domain too: invented aged cells charged at C/20
from 3 to 97 %. It runs on these and on the near-full sessions alone: some seconds each.
"""

from __future__ import annotations

import json
import time
import warnings
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.soh_accuracy.adapter import _pack_spec
from benchmarks.soh_accuracy.awtls import awtls
from benchmarks.soh_accuracy.reference import reference_data
from benchmarks.timing import table
from packtrail.estimate import Verdict
from packtrail.sample import SampleBatch
from soh_model import PackSpec, estimate
from soh_model.chemistry import FreshCell, fresh_cell
from soh_model.rests import find_rests
from soh_model.session import Session, prepare
from tests.soh_model.invented import aged_at_random, fresh, half_cells, session

SOC_SD, CHARGE_SD = 0.02, 0.01
LEAST_APART = 0.08
SLOW = 5
Answer = tuple[float, float, float] | None


def main() -> None:
    folder = reference_data("sim_pack")
    if folder is None:
        return
    found: dict[str, list[tuple[dict[str, Any], float, Answer, float]]] = {}
    for case, truth, batch, curves in (*_cases(folder), *_slow_cases()):
        spec = _pack_spec(case, curves)
        new = fresh_cell(spec)
        assert new is not None
        seen = prepare(batch, spec, new)
        assert isinstance(seen, Session)
        methods = {
            "packtrail": lambda b=batch, s=spec: _ours(b, s),
            "AWTLS": lambda x=seen, s=spec, f=new: _by_rests(x, s, f),
        }
        if case["kind"] in ("nearfull", "slow"):
            methods["PyDMA"] = lambda x=seen, s=spec, c=curves: _by_pydma(x, s, c)
        for name, method in methods.items():
            begun = time.process_time()
            answer = method()
            taken = time.process_time() - begun
            found.setdefault(name, []).append((case, truth, answer, taken))
    _report("near-full sessions, answered by each", found, "nearfull")
    _report("C/20 from 3 to 97 %, PyDMA's domain", found, "slow")
    del found["PyDMA"]
    _report("all sessions", found, "")


def _report(title: str, found: dict[str, list[Any]], kind: str) -> None:
    print(f"\n{title}\n")
    rows = []
    for name, answers in found.items():
        wanted = [one for one in answers if _is_of(one[0]["kind"], kind)]
        told = [(t, a) for _, t, a, _ in wanted if a is not None]
        if not told:
            rows.append((name, f"0/{len(wanted)}", *("-",) * 6))
            continue
        error = np.array([100 * (a[0] - t) for t, a in told])
        held = np.mean([a[1] <= t <= a[2] for t, a in told])
        width = np.mean([100 * (a[2] - a[1]) for _, a in told])
        rows.append(
            (
                name,
                f"{len(told)}/{len(wanted)}",
                f"{np.abs(error).mean():.1f}",
                f"{np.median(np.abs(error)):.1f}",
                f"{np.abs(error).max():.1f}",
                f"{100 * held:.0f} %" if width > 0 else "none given",
                f"{width:.0f}",
                f"{np.median([taken for *_, taken in wanted]):.2f} s",
            )
        )
    table(
        ("method", "answered", "MAE", "median", "max", "coverage", "width", "processor time"), rows
    )


def _is_of(case: str, kind: str) -> bool:
    """Whether a case belongs to a table; "" is every session of the reference data."""
    return case == kind if kind else case != "slow"


def _cases(folder: Path) -> Any:
    """Public facts, true SoH of the mean cell, samples and curves of each pack."""
    read = import_module("pyarrow.parquet").read_table(folder / "telemetry.parquet")
    columns = {name: read[name].to_numpy() for name in read.column_names}
    cells = sorted(name for name in columns if name[0] == "v" and name[1:].isdigit())
    cases, truths, ocv = (
        json.loads((folder / name).read_text("utf-8"))
        for name in ("cases_public.json", "truth.json", "ocv.json")
    )
    for case, truth in zip(cases, truths, strict=True):
        rows = columns["case"] == case["case"]
        batch = SampleBatch.from_arrays(
            t_s=columns["t"][rows],
            pack_current_a=columns["I"][rows],
            temperature_c=columns["T"][rows],
            cell_voltage_v=np.column_stack([columns[name][rows] for name in cells]) / 1000,
        )
        yield case, truth["soh_mean"], batch, ocv[case["ocv"]]


def _slow_cases() -> Any:
    """Invented aged cells that are charged slowly and almost whole."""
    new = fresh()
    (x, negative), (y, positive), sto_x, sto_y = half_cells(new)
    curves = {
        "neg_x": x,
        "neg_ocp_V": negative,
        "pos_y": y,
        "pos_ocp_V": positive,
        "fresh": {"x_0": sto_x[0], "x_100": sto_x[1], "y_0": sto_y[0], "y_100": sto_y[1]},
    }
    case = {
        "kind": "slow",
        "chemistry": "NMC",
        "nominal_capacity_Ah": 100.0,
        "cells_series": 12,
        "v_limits": new.limits,
        "fresh_r10s_mohm_cell": 0.8,
    }
    for seed in range(SLOW):
        rng = np.random.default_rng(seed)
        aged = aged_at_random(new, rng)
        batch = session(aged, rng, start=0.03, stop=0.97, c_rate=0.05, step_s=60.0)
        yield case, aged.capacity, batch, curves


def _ours(batch: SampleBatch, spec: PackSpec) -> Answer:
    told = estimate(batch, spec)
    if told.verdict is not Verdict.TOLD or told.soh is None:
        return None
    return told.soh.value, told.soh.low, told.soh.high


def _by_rests(session: Session, spec: PackSpec, fresh: FreshCell) -> Answer:
    pairs = []
    for one, other in combinations(find_rests(session, spec.rated_ah), 2):
        soc = [
            np.interp(r.volts, np.maximum.accumulate(fresh.ocv_v), fresh.soc) for r in (one, other)
        ]
        apart, moved = float(soc[1] - soc[0]), other.charge_ah - one.charge_ah
        if one.part == other.part and abs(moved) > LEAST_APART * spec.rated_ah:
            pairs.append((apart, moved, SOC_SD * np.sqrt(2), CHARGE_SD * spec.rated_ah))
    found = awtls(pairs)
    if found is None:
        return None
    value, sd = (x / spec.rated_ah for x in found)
    return value, value - 1.96 * sd, value + 1.96 * sd


def _by_pydma(session: Session, spec: PackSpec, curves: dict[str, Any]) -> Answer:
    pydma = import_module("pydma")
    rows = _longest_charge(session, spec.rated_ah)
    charge = session.charge_ah[rows] - session.charge_ah[rows.start]
    # its own bounds, in units of the part of the curve that was charged
    part = max(1.0, spec.rated_ah / float(charge[-1]))
    grid = np.linspace(0, 1, 400)
    negative = _extended(grid, curves["neg_x"], curves["neg_ocp_V"])
    # PyDMA's cathode axis rises with the cell's charge
    positive = _extended(1 - grid, curves["pos_y"], curves["pos_ocp_V"])
    config = pydma.DMAConfig(
        direction="charge",
        lower_bounds=(1.0, -part, 1.0, -part),
        upper_bounds=(2.0 * part, 0.0, 2.1 * part, 0.0),
        pocv_current_a=float(np.median(session.current_a[rows])),
        allow_resistance_offset=True,
        speed_preset="fast",
        req_accepted=1,
        max_tries_overall=2,
        print_progress=False,
    )
    analyzer = pydma.DMAAnalyzer(config)
    analyzer.set_anode(pydma.ElectrodeOCP(grid, negative, electrode_type="anode"))
    analyzer.set_cathode(pydma.ElectrodeOCP(grid, positive, electrode_type="cathode"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = analyzer.analyze(charge, session.volts[rows]).fitted_params
    along = np.linspace(-6, 7, 20_001)
    cell = np.interp((along - fit.beta_ca) / fit.alpha_ca, grid, positive) - np.interp(
        (along - fit.beta_an) / fit.alpha_an, grid, negative
    )
    inside = along[(cell >= spec.cell_voltage_min_v) & (cell <= spec.cell_voltage_max_v)]
    inside = inside[(inside > fit.beta_an) & (inside < fit.beta_an + fit.alpha_an)]
    soh = float(np.ptp(inside)) * float(charge[-1]) / spec.rated_ah if len(inside) else np.nan
    return (soh, soh, soh) if np.isfinite(soh) else None


def _longest_charge(session: Session, rated_ah: float) -> slice:
    flowing = np.concatenate([[0], (session.current_a > 0.02 * rated_ah).astype(int), [0]])
    edges = np.flatnonzero(np.diff(flowing))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    start, stop = max(pairs, key=lambda p: session.charge_ah[p[1] - 1] - session.charge_ah[p[0]])
    return slice(int(start), int(stop))


def _extended(grid: Any, x: Any, volts: Any) -> Any:
    """A curve on a grid from 0 to 1, its ends drawn on straight."""
    x, volts = np.asarray(x, float), np.asarray(volts, float)
    order = np.argsort(x)
    x, volts = x[order], volts[order]
    low = volts[0] + (grid - x[0]) * (volts[1] - volts[0]) / (x[1] - x[0])
    high = volts[-1] + (grid - x[-1]) * (volts[-1] - volts[-2]) / (x[-1] - x[-2])
    return np.where(grid < x[0], low, np.where(grid > x[-1], high, np.interp(grid, x, volts)))
