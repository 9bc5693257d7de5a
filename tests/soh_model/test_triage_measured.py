"""`packtrail triage` on packs whose facts stand in their samples alone."""

import json
from pathlib import Path

import numpy as np
import pytest

import soh_model
from cloud_bridge.projections.tables import telemetry_table, write_table
from packtrail.command import run_line
from packtrail.sample import SampleBatch
from tests.soh_model.invented import fresh, session

POLICY = Path(soh_model.__file__).parent / "sample_policy.toml"
PRICES = """
date = "2026-01-05"
source = "invented for this test"
currency = "CNY"
new_per_kwh = 600.0
reuse_cost_per_kwh = 60.0
recycle_cost_per_kwh = 40.0
metal_per_kg = { Ni = 110.0, Co = 180.0 }
recovery = { Ni = 0.95, Co = 0.95 }
payable = { Ni = 0.75, Co = 0.75 }
reuse_factor = { vehicle = 0.6, stationary = 0.4, light = 0.15 }
"""
HOUR_NS = 3600 * 10**9


def samples(number, *, leaking_mv_h=0.0, extra_ohm=0.0, rest_s=10_800):
    """A day of a rest, a charge and a rest; cell 10 sinks, cell 5 resists."""
    rng = np.random.default_rng(number)
    batch = session(fresh(), rng, rest_s=rest_s, step_s=20.0, start=0.1, stop=0.9, ohm=0.001)
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 9] -= leaking_mv_h / 1000 * batch.t_s / 3600
    cells[:, 4] += extra_ohm * batch.values["pack_current_a"]
    values = {**batch.values, "cell_voltage_v": cells, "pack_voltage_v": cells.sum(axis=1)}
    values["insulation_ohm"] = np.full(len(batch), 2e6)
    return SampleBatch(batch.t_ns + number * 48 * HOUR_NS, values)


@pytest.fixture
def shop(tmp_path):
    """Prices, a type, and a function that lays a pack's two days and facts beside them."""
    (tmp_path / "prices.toml").write_text(PRICES, "utf-8")
    spec = 'chemistry = "NMC622"\nrated_ah = 100\ncells_in_series = 12\n'
    (tmp_path / "type.toml").write_text(spec, "utf-8")

    def lay(code, *, stated=None, **faults):
        files = []
        for number in range(2):
            files.append(f"{code}-{number}.parquet")
            write_table(tmp_path / files[-1], telemetry_table([samples(number, **faults)]))
        facts = {"code": code, "samples": files, "spec": "type.toml", "origin_known": True}
        path = tmp_path / f"{code}.json"
        path.write_text(json.dumps(facts | (stated or {})), "utf-8")
        return path

    return lay


def run(*packs_and_more):
    folder = Path(packs_and_more[0]).parent
    line = ["triage", *map(str, packs_and_more), "--policy", str(POLICY)]
    return run_line([*line, "--prices", str(folder / "prices.toml")])


def decided(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sound_pack_is_decided_from_its_samples_alone(shop, capsys):
    run(shop("SOUND"), "--json")
    (decision,) = decided(capsys)
    leak, ohm = (decision["measured"][gate] for gate in ("self_discharge", "cell_resistance"))
    assert leak["high"] < 0.5
    assert ohm["high"] < 1.5
    assert (decision["gates"], decision["unsure_gates"]) == ([], [])
    assert decision["unmeasured_gates"] == []
    assert set(decision["provisional"]) == {"self_discharge", "cell_resistance"}
    assert decision["value"]["inputs"]["nominal_kwh"] == pytest.approx(4.4, rel=0.1)


def test_leaking_and_resisting_cells_hold_the_pack_and_the_test_is_named(shop, capsys):
    path = shop("WORN", leaking_mv_h=1.5, extra_ohm=0.0015)
    assert run(path, "--json") == 1
    (decision,) = decided(capsys)
    assert set(decision["gates"]) == {"self_discharge", "cell_resistance"}
    assert decision["decided"] is None
    assert decision["tests"]["self_discharge"] == "rest_24h"
    assert decision["tests"]["cell_resistance"] == "cell_pulses_10s"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en_GB.UTF-8",
            ("% a day [limit provisional]", "decide self-discharge of a cell: rest"),
        ),
        ("zh_CN.UTF-8", ("%/天 [限值未定]", "单体自放电的判定方法：满电或低于")),
    ],
)
def test_what_was_measured_and_which_limit_is_not_settled_is_said(
    shop, capsys, monkeypatch, language, words
):
    monkeypatch.setenv("LC_ALL", language)
    run(shop("WORN", leaking_mv_h=1.5))
    told = capsys.readouterr()
    assert all(word in told.out for word in words)
    assert "28 " in told.err


def test_what_the_file_states_outweighs_the_samples(shop, capsys):
    bench = {"value": 0.1, "low": 0.05, "high": 0.2}
    run(shop("WORN", leaking_mv_h=1.5, stated={"self_discharge_pct_day": bench}), "--json")
    (decision,) = decided(capsys)
    assert decision["measured"]["self_discharge"] == bench
    assert "self_discharge" not in decision["gates"]


def test_a_rest_too_short_leaves_the_gate_unmeasured(shop, capsys):
    run(shop("SHORT", rest_s=1800), "--json")
    assert "self_discharge" in decided(capsys)[0]["unmeasured_gates"]


def test_a_pack_that_cannot_be_read_costs_only_itself(shop, tmp_path, capsys):
    good = shop("SOUND")
    nameless = tmp_path / "bare.json"
    nameless.write_text('{"code": "B", "samples": ["SOUND-0.parquet"]}', "utf-8")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\xff{")
    assert run(nameless, broken, good, "--json") == 2
    told = capsys.readouterr()
    assert [json.loads(line)["code"] for line in told.out.splitlines()] == ["SOUND"]
    faults = [line for line in told.err.splitlines() if line.startswith("packtrail:")]
    assert "bare.json" in faults[0]
    assert "--spec" in faults[0]
    assert "broken.json" in faults[1]
    run(nameless, "--spec", str(tmp_path / "type.toml"), "--json")
    assert decided(capsys)[0]["code"] == "B"
