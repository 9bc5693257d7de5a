import json
from dataclasses import replace

import numpy as np
import pyarrow.dataset as ds
import pytest

from packtrail.command import run_line
from simulators.ensemble.lake import Lake
from simulators.ensemble.orders import carry_out, fleet_orders
from simulators.ensemble.year import BlockOrder, run_block
from simulators.errors import SimulationError

ORDER = BlockOrder("SXA-96N150", (0, 1, 2), seed=7, days=8, step_s=300)


def digest_of(results):
    lake = Lake(None)
    for result in results:
        lake.take(result)
    return lake.digest


def test_a_pack_lives_the_same_life_in_any_block_and_with_or_without_numba():
    whole = digest_of([run_block(ORDER)])
    parts = [run_block(replace(ORDER, packs=(n,))) for n in (2, 0, 1)]
    assert digest_of(parts) == whole
    assert digest_of([run_block(replace(ORDER, compiled=False))]) == whole
    assert digest_of([run_block(replace(ORDER, seed=8))]) != whole


def test_mean_and_weakest_stand_for_all_cells():
    mean = run_block(ORDER)
    every = run_block(replace(ORDER, cells=True))
    assert mean.summary["soh"] == pytest.approx(every.summary["soh"], abs=0.002)
    assert mean.summary["soh_weakest"] == pytest.approx(every.summary["soh_weakest"], abs=0.004)
    assert mean.summary["charged_kwh"] == pytest.approx(every.summary["charged_kwh"], rel=0.03)


def test_cold_protection_prevents_plating():
    cold = replace(ORDER, packs=tuple(range(24)), days=5)
    careful = run_block(cold)
    careless = run_block(replace(cold, cold_protection=False))
    assert careless.summary["plated_ah"].max() > 10.0 * careful.summary["plated_ah"].max()
    assert careless.summary["plated_ah"].max() > 0.05


def test_processes_and_a_dask_cluster_give_what_one_process_gives():
    import distributed

    orders = fleet_orders(["SXA-104L160", "SXB-112N120"], 6, 3, 2, workers=2, step_s=300)
    assert len(orders) == 4
    alone = digest_of(carry_out(orders, workers=1))
    done = []
    assert digest_of(carry_out(orders, workers=2, watch=done.append)) == alone
    assert sum(done) == 6 * 2
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
        protocol="tcp",
    ) as cluster:
        assert digest_of(carry_out(orders, scheduler=cluster.scheduler_address)) == alone


def test_a_scheduler_that_is_not_there_is_named():
    orders = fleet_orders(["SXA-104L160"], 1, 3, 1, workers=1)
    with pytest.raises(SimulationError, match="scheduler"):
        list(carry_out(orders, scheduler="nonsense://nowhere"))


@pytest.mark.parametrize(
    ("models", "packs"), [(["SXA-96N150"], 0), (["SXQ-1"], 3)], ids=["no packs", "no model"]
)
def test_impossible_fleets_are_refused(models, packs):
    with pytest.raises(SimulationError, match="no such fleet"):
        fleet_orders(models, packs, 1, 1, workers=1)


def test_the_command_writes_a_lake_that_arrow_reads(tmp_path, capsys):
    lake, plot = tmp_path / "lake", tmp_path / "fleet.svg"
    line = ["simulate", "fleet", "--packs", "5", "--days", "3", "--step", "300", "--workers", "1"]
    assert run_line([*line, "--out", str(lake), "--plot", str(plot)]) == 0
    said = capsys.readouterr().out
    told = json.loads((lake / "run.json").read_text())
    assert told["digest"][:16] in said
    packs = ds.dataset(lake / "packs", partitioning="hive").to_table()
    days = ds.dataset(lake / "days", partitioning="hive").to_table()
    assert packs.num_rows == 5
    assert days.num_rows == 15
    assert np.all(np.diff(np.sort(days["soc_max"].to_numpy())) >= 0.0)
    assert plot.read_text().startswith("<svg")
    assert run_line([*line, "--out", str(lake)]) == 2
    assert "not empty" in capsys.readouterr().err
