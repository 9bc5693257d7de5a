"""Packs with a known truth that are not part of the project."""

import json

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
        half_cells=pair,
    )


@pytest.fixture(scope="module")
def answers(real_data):
    """True mean SoH and estimate of each pack."""
    parquet = pytest.importorskip("pyarrow.parquet")
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
        pairs.append((true["soh_mean"], estimate(batch, spec_of(case, ocv[case["ocv"]]))))
    return pairs


def test_interval_holds_on_aged_packs(answers):
    held = [e.soh.low <= true <= e.soh.high for true, e in answers if e.soh]
    assert len(held) > 35
    assert np.mean(held) > 0.92


def test_what_is_told_is_within_five_points_on_average(answers):
    errors = [abs(e.soh.value - true) for true, e in answers if e.verdict == "told"]
    assert len(errors) > 20
    assert np.mean(errors) < 0.05
