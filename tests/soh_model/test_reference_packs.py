"""Packs with a known truth that are not part of the project."""

import json
from importlib import import_module

import numpy as np
import pytest

from packtrail.sample import SampleBatch
from soh_model import HalfCell, HalfCellPair, PackSpec, estimate

pytestmark = pytest.mark.real_data


def spec_of(case, curves):
    fresh = curves["fresh"]
    pair = HalfCellPair(
        HalfCell(curves["neg_x"], curves["neg_ocp_V"]),
        HalfCell(curves["pos_y"], curves["pos_ocp_V"]),
        (fresh["x_0"], fresh["x_100"]),
        (fresh["y_0"], fresh["y_100"]),
    )
    low, high = case["v_limits"]
    return PackSpec(
        chemistry=case["chemistry"],
        rated_ah=case["nominal_capacity_Ah"],
        cells_in_series=case["cells_series"],
        cell_voltage_min_v=low,
        cell_voltage_max_v=high,
        fresh_resistance_ohm=case["fresh_r10s_mohm_cell"] / 1000,
        half_cells=pair,
    )


@pytest.fixture(scope="module")
def answers(real_data):
    """What is true of each pack, and its estimate."""
    parquet = import_module("pyarrow.parquet")
    folder = real_data / "soh" / "sim_pack"
    table = parquet.read_table(folder / "telemetry.parquet")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    names = [f"v{k:02d}" for k in range(1, 13)]
    volts = np.column_stack([columns[name] for name in names]) / 1000.0
    cases, truth, ocv = (
        json.loads((folder / name).read_text())
        for name in ("cases_public.json", "truth.json", "ocv.json")
    )
    pairs = []
    for case, true in zip(cases, truth, strict=True):
        rows = columns["case"] == case["case"]
        batch = SampleBatch.from_arrays(
            t_s=columns["t"][rows],
            pack_current_a=columns["I"][rows],
            temperature_c=columns["T"][rows],
            cell_voltage_v=volts[rows],
        )
        pairs.append((true, estimate(batch, spec_of(case, ocv[case["ocv"]]))))
    return pairs


@pytest.fixture(scope="module")
def chemistries(real_data):
    """Cathode of each pack."""
    path = real_data / "soh" / "sim_pack" / "cases_public.json"
    return [case["chemistry"].split("/")[0] for case in json.loads(path.read_text())]


def test_interval_holds_on_aged_packs(answers):
    held = [e.soh.low <= true["soh_mean"] <= e.soh.high for true, e in answers if e.soh]
    assert len(held) > 35
    assert np.mean(held) > 0.9


def test_what_is_told_is_within_three_points_on_average(answers):
    errors = [abs(e.soh.value - true["soh_mean"]) for true, e in answers if e.verdict == "told"]
    assert len(errors) > 20
    assert np.mean(errors) < 0.03


def test_nmc_packs_are_within_the_target_of_three_points(answers, chemistries):
    told = [
        abs(e.soh.value - true["soh_mean"])
        for (true, e), kind in zip(answers, chemistries, strict=True)
        if kind != "LFP" and e.soh
    ]
    assert np.mean(told) < 0.03


def test_pack_and_weakest_cell_are_near_their_truth(answers):
    weakest = [abs(e.soh_weakest.value - true["soh_min_cell"]) for true, e in answers]
    pack = [abs(e.soh_pack.value - true["soh_pack"]) for true, e in answers]
    assert np.mean(weakest) < 0.04
    assert np.mean(pack) < 0.04


def test_resistance_growth_is_within_a_tenth_on_average(answers):
    errors = [
        abs(e.resistance_growth.value / true["r_growth_mean"] - 1)
        for true, e in answers
        if e.resistance_growth
    ]
    assert np.mean(errors) < 0.1


def test_weak_cells_are_named_and_sound_ones_are_not(answers):
    named, wrong = [], []
    for true, e in answers:
        capacities = np.array(true["cell_capacity_Ah"]) / e.rated_ah
        gap = np.sort(capacities)[1] - capacities.min()
        stands_out = gap > 0.03
        (named if stands_out else wrong).append(
            e.weakest_cell == capacities.argmin() if stands_out else e.weakest_cell is not None
        )
    assert np.mean(named) >= 0.7
    assert np.mean(wrong) <= 0.15


@pytest.mark.parametrize(
    ("mode", "true"), [("lithium", "lli"), ("negative", "lam_n"), ("positive", "lam_p")]
)
def test_modes_hold_the_true_losses_and_beat_the_mean(answers, mode, true):
    told = [
        (getattr(e.modes, mode), t[true]) for t, e in answers if e.modes and e.verdict == "told"
    ]
    held = [found.low <= truth <= found.high for found, truth in told]
    assert np.mean(held) >= 0.88
    missed = np.array([found.value - truth for found, truth in told])
    truths = np.array([truth for _, truth in told])
    assert np.abs(missed).mean() < np.abs(truths - truths.mean()).mean()
