"""What lies ahead: simulated lives with a known future, real cells, and the command."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soh_accuracy.bench_prognosis import DISTANCES, foretold
from packtrail.command import run_line
from packtrail.sample import SampleBatch
from soh_model import PackSpec
from soh_model.lifetime import lifetime, sessions_of
from soh_model.prognosis import KNEE, prognosis_of
from soh_model.sample_file import read_samples
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
DAY_NS = 86_400 * 10**9


def life(rng, per_cycle, bend=0.0, noise=0.01, until=300, step=10):
    """Readings of a life that fades by `per_cycle`, faster and faster by `bend`."""
    cycles = np.arange(0, until, step, dtype=float)
    truth = lambda n: 1.0 - per_cycle * n - bend * n**2  # noqa: E731
    seen = truth(cycles) + rng.normal(0, noise, len(cycles))
    return [(n, soh, noise) for n, soh in zip(cycles, seen, strict=True)], truth


def test_the_interval_holds_over_simulated_lives():
    rows = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        fade, bend = rng.uniform(1e-4, 7e-4), rng.uniform(0, 6e-7)
        readings, truth = life(rng, fade, bend, until=int(rng.integers(100, 400)))
        for one in prognosis_of(readings).ahead:
            true = truth(readings[-1][0] + one.cycles)
            held = one.soh.low <= true <= one.soh.high
            rows.append((one.cycles, held, abs(one.soh.value - true)))
    for ahead in (50, 100, 200):
        held, error = np.array([row[1:] for row in rows if row[0] == ahead], float).T
        assert held.mean() >= 0.93
        assert error.mean() < 0.015 + 2e-4 * ahead


def test_the_interval_widens_and_the_value_falls():
    readings, _ = life(np.random.default_rng(1), 4e-4)
    told = [one.soh for one in prognosis_of(readings, (0, 50, 100, 200)).ahead]
    assert all(a.value > b.value for a, b in pairwise(told))
    assert all(a.width < b.width for a, b in pairwise(told))


def test_cycles_left_hold_the_truth():
    readings, _ = life(np.random.default_rng(2), 5e-4)
    left = prognosis_of(readings, end=0.7).remaining
    assert left.low < 600 - readings[-1][0] < left.high
    assert left.value == pytest.approx(310, abs=80)


def test_a_life_past_its_end_has_no_cycles_left():
    readings, _ = life(np.random.default_rng(2), 5e-4)
    assert prognosis_of(readings, end=0.95).remaining.value == 0


def test_a_knee_is_followed_once_it_is_seen_and_widens_what_lies_ahead():
    readings, _ = life(np.random.default_rng(3), 2e-4, until=400)
    steady = prognosis_of(readings, (100,)).ahead[0].soh
    rng, at, soh = np.random.default_rng(4), readings[-1][0], readings[-1][1]
    fall = [(at + 10 * k, soh - 0.012 * k + rng.normal(0, 0.01), 0.01) for k in range(1, 9)]
    after = prognosis_of([*readings, *fall], (100,)).ahead[0].soh
    assert after.width > steady.width
    assert after.low < soh - 0.012 * 18


def test_broken_first_readings_do_not_hold_the_rest():
    readings, truth = life(np.random.default_rng(5), 4e-4)
    (told,) = prognosis_of([(0.0, 0.35, 0.01), *readings[1:]], (50,)).ahead
    assert told.soh.value == pytest.approx(truth(readings[-1][0] + 50), abs=0.04)


def test_two_readings_are_too_few():
    assert prognosis_of([(0, 1.0, 0.01), (50, 0.98, 0.01)]) is None


def test_what_is_not_modelled_is_said_in_both_languages():
    assert "knee" in KNEE.say("en")
    assert "拐点" in KNEE.say("zh")


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "rated"), [("ess_lfp102", 102.0), ("calce_cs2_lco", 1.1)])
def test_real_cells_are_foretold_better_than_by_persistence(real_data, name, rated):
    told = foretold(real_data / "soh" / name, rated)
    for distance in DISTANCES:
        mine = [one for one in told if one.distance == distance]
        error = np.mean([abs(one.soh.value - one.true) for one in mine])
        assert error < 0.9 * np.mean([abs(one.now - one.true) for one in mine])
        assert np.mean([one.soh.low <= one.true <= one.soh.high for one in mine]) > 0.87


def sessions(count):
    rng = np.random.default_rng(6)
    for k in range(count):
        batch = session(fresh().aged(0.02 * k, 0, 0), rng, step_s=30.0, start=0.1, stop=0.9)
        yield SampleBatch(batch.t_ns + (20_000 + 30 * k) * DAY_NS, batch.values)


def test_a_pace_gives_cycles_to_the_sessions():
    found = lifetime(sessions(4), SPEC, cycles_per_year=365.25)
    assert [round(one.cycles) for one in found.readings] == [0, 30, 60, 90]
    assert found.prognosis.readings == 4
    assert found.estimate.method == "counting/1+life/1"


def test_without_a_pace_the_cycles_are_those_in_the_samples():
    found = lifetime(sessions(3), SPEC)
    assert found.readings[-1].cycles == pytest.approx(1.2, abs=0.15)


@pytest.fixture
def shop(tmp_path):
    """Four sessions as files and the specification."""
    for k, batch in enumerate(sessions(4)):
        head = ["t_ns", "pack_current_a", *(f"cell_voltage_v_{i + 1}" for i in range(12))]
        values = np.column_stack([batch.values["pack_current_a"], batch.values["cell_voltage_v"]])
        rows = [
            ",".join([str(t), *(f"{x:.4f}" for x in row)])
            for t, row in zip(batch.t_ns, values, strict=True)
        ]
        (tmp_path / f"s{k}.csv").write_text("\n".join([",".join(head), *rows]), "utf-8")
    text = 'chemistry = "NMC"\nrated_ah = 100.0\ncells_in_series = 12\n'
    (tmp_path / "spec.toml").write_text(text, "utf-8")
    return tmp_path


def run(shop, *names):
    files = [str(shop / name) for name in names]
    return run_line(["soh", "estimate", *files, "--spec", str(shop / "spec.toml")])


@pytest.mark.parametrize(("language", "said"), [("en", "cycles left until 70 %"), ("zh", "拐点")])
def test_many_sessions_are_fused_and_looked_ahead_from(shop, capsys, monkeypatch, language, said):
    monkeypatch.setenv("LANGUAGE", language)
    assert run(shop, "s2.csv", "s0.csv", "s1.csv", "s3.csv") == 0
    assert said in capsys.readouterr().out


def test_one_file_of_several_sessions_is_cut_where_nothing_was_sampled(shop):
    lines = [(shop / f"s{k}.csv").read_text("utf-8").splitlines() for k in range(4)]
    joined = [lines[0][0], *(row for part in lines for row in part[1:])]
    path = shop / "all.csv"
    path.write_text("\n".join(joined), "utf-8")
    assert run(shop, "all.csv") == 0
    assert len(list(sessions_of(read_samples(Path(path))))) == 4


def test_files_of_the_same_time_are_refused_with_the_remedy(shop, capsys):
    assert run(shop, "s1.csv", "s1.csv") == 2
    assert "t_ns" in capsys.readouterr().err
