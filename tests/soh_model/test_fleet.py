"""`packtrail fleet` on a lake as the bridge's projection writes it."""

import json
from pathlib import Path
from urllib.parse import quote

import msgspec
import numpy as np
import pytest

import soh_model
from cloud_bridge.projections.tables import telemetry_table, write_table
from packtrail.command import run_line
from packtrail.sample import SampleBatch
from soh_model.fleet.cluster import carry_out
from soh_model.fleet.lake import packs_in, read_day
from soh_model.fleet.work import PackOrder
from soh_model.pack_spec import PackSpec
from tests.soh_model.invented import fresh, session

DAY_NS = 86_400 * 10**9
FIRST_NS = 20_500 * DAY_NS
CODES = ("A-001", "A-002", "B:001")
SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)


def day_folder(lake, code, day):
    return lake / "telemetry" / f"pack={quote(code, safe='')}" / f"day=2026-02-{day + 1:02}"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Three packs, two days each; the second day of a pack stands in two files that overlap."""
    folder = tmp_path_factory.mktemp("lake")
    rng = np.random.default_rng(5)
    for code in CODES:
        for day in range(2):
            batch = session(fresh(), rng, step_s=30.0, start=0.1, stop=0.9)
            batch = SampleBatch(batch.t_ns + FIRST_NS + day * DAY_NS, batch.values)
            half = len(batch) // 2
            parts = [batch] if day == 0 else [batch.window(0, half), batch.window(half - 9, 9999)]
            for k, part in enumerate(parts):
                path = day_folder(folder, code, day) / f"{k:012}-{k:012}.parquet"
                write_table(path, telemetry_table([part]))
    return folder


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text('chemistry = "NMC"\nrated_ah = 100\ncells_in_series = 12\n', encoding="utf-8")
    return path


def orders(lake):
    return [PackOrder(pack, SPEC) for pack in packs_in(lake)]


def test_a_day_is_read_as_it_was_written_and_no_sample_twice(lake):
    batch = read_day(day_folder(lake, "A-001", 1))
    assert len(np.unique(batch.t_ns)) == len(batch) > 300
    assert batch.values["cell_voltage_v"].shape == (len(batch), 12)
    assert np.isfinite(batch.values["pack_current_a"]).all()


def test_one_process_and_a_dask_cluster_give_the_same_in_order(lake):
    import distributed

    alone = list(carry_out(orders(lake), 1))
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        spread = list(carry_out(orders(lake), 1, cluster.scheduler_address))
    assert [result.code for result in alone] == list(CODES)
    assert msgspec.json.encode(spread) == msgspec.json.encode(alone)


def test_days_are_fused_and_hold_the_truth(lake):
    result = next(carry_out(orders(lake), 1))
    assert (result.days, result.told, result.life.readings) == (2, 2, 2)
    assert result.estimate.soh.low < 1.0 < result.estimate.soh.high
    assert result.counters.equivalent_cycles(SPEC) == pytest.approx(0.8, abs=0.05)
    assert result.nominal_kwh == pytest.approx(100 * 12 * 3.7 / 1000, rel=0.05)


def test_the_command_writes_a_line_a_pack_and_reports(lake, spec, tmp_path, capsys):
    out = tmp_path / "results.jsonl"
    line = ["fleet", "estimate", str(lake), "--spec", str(spec), "--out", str(out)]
    assert run_line([*line, "--workers", "1"]) == 0
    assert "3 packs, 6 pack-days; 3 told" in capsys.readouterr().out
    rows = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    assert [row["code"] for row in rows] == list(CODES)
    assert run_line(["fleet", "report", str(out), "--json"]) == 0
    (group,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (group["chemistry"], group["told"], group["worst"] in CODES) == ("NMC", 3, True)
    assert group["median"] == pytest.approx(1.0, abs=0.08)


def test_packs_of_no_given_type_are_named_and_the_rest_is_done(lake, spec, tmp_path, capsys):
    out = tmp_path / "results.jsonl"
    line = ["fleet", "estimate", str(lake), "--spec", f"A-={spec}", "--out", str(out)]
    assert run_line([*line, "--workers", "1"]) == 1
    said = capsys.readouterr().out
    assert "1 packs of no given type, such as B:001" in said
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


def test_a_damaged_day_costs_only_itself(lake, spec, tmp_path, capsys):
    path = day_folder(tmp_path, "A-001", 0) / "000000000000-000000000000.parquet"
    write_table(path, telemetry_table([session(fresh(), np.random.default_rng(1), step_s=30.0)]))
    broken = day_folder(tmp_path, "A-001", 1)
    broken.mkdir()
    (broken / "000000000001-000000000001.parquet").write_bytes(b"PAR1 torn")
    out = tmp_path / "results.jsonl"
    line = ["fleet", "estimate", str(tmp_path), "--spec", str(spec), "--out", str(out)]
    assert run_line([*line, "--workers", "1"]) == 1
    assert "1 days could not be read" in capsys.readouterr().out
    row = json.loads(out.read_text(encoding="utf-8"))
    assert row["days"] == 1
    assert "day=2026-02-02" in row["faults"][0]


def test_a_simulated_lake_is_reported_but_has_no_samples(tmp_path, spec, capsys):
    import pyarrow as pa
    from pyarrow import parquet

    folder = tmp_path / "packs" / "model=SXA-96N150"
    folder.mkdir(parents=True)
    columns = {"pack": ["S-0", "S-1"], "chemistry": ["nmc", "nmc"], "soh": [0.9, 0.8]}
    parquet.write_table(pa.table(columns), folder / "part-000000.parquet")
    line = ["fleet", "estimate", str(tmp_path), "--spec", str(spec), "--out", str(tmp_path / "x")]
    assert run_line(line) == 2
    assert "holds no samples" in capsys.readouterr().err
    assert run_line(["fleet", "report", str(tmp_path)]) == 0
    assert "median SoH 85.0 %" in capsys.readouterr().out


def test_a_folder_without_either_is_one_line_with_the_remedy(tmp_path, spec, capsys):
    line = ["fleet", "estimate", str(tmp_path), "--spec", str(spec), "--out", str(tmp_path / "x")]
    assert run_line(line) == 2
    assert "telemetry/pack=CODE" in capsys.readouterr().err


@pytest.fixture
def shop(tmp_path):
    """Policy and prices beside what is on record of one pack."""
    policy = Path(soh_model.__file__).parent / "sample_policy.toml"
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES, encoding="utf-8")
    facts = tmp_path / "facts.jsonl"
    facts.write_text(
        '{"code": "A-002", "events": ["crash"]}\n{"code": "A-001", "origin_known": true}\n',
        encoding="utf-8",
    )
    return ["--policy", str(policy), "--prices", str(prices), "--facts", str(facts)]


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


def test_triage_goes_from_the_lake_to_a_decision_on_every_pack(lake, spec, shop, tmp_path, capsys):
    out = tmp_path / "decisions.jsonl"
    line = ["fleet", "triage", str(lake), "--spec", str(spec), *shop, "--workers", "1"]
    run_line([*line, "--json", "--out", str(out)])
    rows = {row["code"]: row for row in map(json.loads, out.read_text("utf-8").splitlines())}
    assert list(rows) == list(CODES)
    assert (rows["A-002"]["decided"], rows["A-002"]["gates"]) == ("recycle", ["crash"])
    assert rows["A-001"]["value"]["inputs"]["nominal_kwh"] > 4
    assert "unknown_origin" not in rows["A-001"]["unmeasured_gates"]
    assert "unknown_origin" in rows["B:001"]["unmeasured_gates"]
    assert "3 packs" in capsys.readouterr().err
    run_line([*line, "--csv"])
    assert capsys.readouterr().out.splitlines()[2].startswith("A-002,recycle,crash")


def test_a_line_of_facts_that_is_none_is_named_with_its_place(lake, spec, shop, tmp_path, capsys):
    (tmp_path / "facts.jsonl").write_text('{"code": "A"}\n{"cod": 1}\n', encoding="utf-8")
    line = ["fleet", "triage", str(lake), "--spec", str(spec), *shop, "--workers", "1"]
    assert run_line(line) == 2
    assert "facts.jsonl:2" in capsys.readouterr().err
