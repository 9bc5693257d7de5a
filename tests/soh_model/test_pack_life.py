"""Fusion over a life, the regression over many pairs, and counters that never fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.sample import SampleBatch
from soh_model import CapacityRegression, PackLife, PackSpec, UseCounters

YEAR = int(365.25 * 86400e9)


def reading(years, soh, error=0.02):
    interval = Interval(soh, soh - 1.96 * error, soh + 1.96 * error)
    return Estimate(
        verdict=Verdict.TOLD, soh=interval, rated_ah=100.0, method="test/1", to_ns=int(years * YEAR)
    )


def lived(pairs, error=0.02):
    life = PackLife()
    for years, soh in pairs:
        life = life.with_estimate(reading(years, soh, error))
    return life


def test_many_readings_are_better_than_one_but_not_perfect():
    rng = np.random.default_rng(1)
    times = np.linspace(1, 2, 40)
    life = lived(zip(times, 0.95 - 0.02 * times + rng.normal(0, 0.018, 40), strict=True))
    assert life.soh().value == pytest.approx(0.91, abs=0.015)
    assert 0.03 < life.soh().width < 0.06


def test_interval_holds_over_random_lives():
    held = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        drift, shared = rng.normal(-0.025, 0.015), rng.normal(0, 0.008)
        times = np.sort(rng.uniform(0.5, 3, 12))
        truth = 0.98 + drift * times
        seen = truth + shared + rng.normal(0, 0.018, 12)
        soh = lived(zip(times, seen, strict=True)).soh()
        held.append(soh.low <= truth[-1] <= soh.high)
    assert np.mean(held) > 0.9


def test_one_wild_reading_is_flagged_and_not_absorbed():
    steady = [(1 + k / 10, 0.9) for k in range(6)]
    life = lived([*steady, (1.7, 0.6)])
    assert life.soh() == lived(steady).soh()
    assert len(life.flagged) == 1


def test_three_readings_that_agree_are_believed_after_all():
    steady = [(1 + k / 10, 0.9) for k in range(6)]
    life = lived([*steady, (1.7, 0.6), (1.8, 0.61), (1.9, 0.6)])
    assert life.soh().value == pytest.approx(0.6, abs=0.03)


def test_prognosis_falls_and_widens():
    life = lived([(k, 0.98 - 0.03 * k) for k in range(1, 5)])
    now, later, far = (life.soh(int(years * YEAR)) for years in (4, 6, 9))
    assert now.value > later.value > far.value
    assert now.width < later.width < far.width


def test_an_estimate_that_cannot_tell_changes_nothing():
    life = lived([(1, 0.9)])
    silent = Estimate(verdict=Verdict.CANNOT_TELL, rated_ah=100.0, method="test/1")
    assert life.with_estimate(silent) == life


def test_regression_finds_the_capacity_with_errors_on_both_axes():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(60):
        fit = CapacityRegression(fading=1.0)
        for soc in rng.uniform(0.2, 0.8, 25):
            fit = fit.with_pair(soc + rng.normal(0, 0.02), 80 * soc + rng.normal(0, 0.5), 0.02, 0.5)
        capacity = fit.capacity_ah()
        held.append(capacity.low <= 80 <= capacity.high)
        assert capacity.value == pytest.approx(80, abs=4)
    assert np.mean(held) > 0.88


def test_regression_is_plain_least_squares_where_soc_is_exact():
    fit = CapacityRegression(fading=1.0)
    pairs = [(0.3, 25.0), (0.5, 39.0), (0.7, 57.5)]
    for soc, ah in pairs:
        fit = fit.with_pair(soc, ah, 1e-6, 1.0)
    x, y = np.array(pairs).T
    assert fit.capacity_ah().value == pytest.approx(float(x @ y / (x @ x)), rel=1e-3)


def test_regression_before_any_pair_has_no_answer():
    assert CapacityRegression().capacity_ah() is None


def day(current, soc=None, warm=25.0):
    t = np.arange(len(current)) * 10.0
    columns = {"pack_current_a": current, "temperature_c": np.full((len(t), 2), warm)}
    if soc is not None:
        columns["soc_pct"] = soc
    return SampleBatch.from_arrays(t_s=t, **columns)


@given(st.lists(st.floats(-300, 300) | st.just(float("nan")), max_size=40), st.floats(-30, 70))
def test_counters_never_fall(current, warm):
    before = UseCounters(charged_ah=5.0, discharged_ah=4.0, hours=3.0, deep_discharges=2)
    after = before.with_session(day(np.array(current), warm=warm))
    assert after.charged_ah >= before.charged_ah
    assert after.discharged_ah >= before.discharged_ah
    assert after.hours >= before.hours
    assert sum(after.hours_by_temperature) <= after.hours


def test_counters_count_charge_cycles_and_abuse():
    spec = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=96)
    hours = np.full(361, 100.0)
    counters = UseCounters().with_session(day(hours, soc=np.full(361, 95.0), warm=45.0))
    assert counters.charged_ah == pytest.approx(100.0)
    assert counters.equivalent_cycles(spec) == pytest.approx(0.5)
    assert counters.hours_hot_and_full == pytest.approx(1.0)
    deep = counters.with_session(day(-hours, soc=np.linspace(50, 5, 361)))
    assert deep.deep_discharges == 1


def test_a_gap_counts_nothing():
    batch = SampleBatch.from_arrays(
        t_s=[0, 10, 20, 36000, 36010], pack_current_a=[36.0] * 5, soc_pct=[50.0] * 5
    )
    assert UseCounters().with_session(batch).charged_ah == pytest.approx(0.3)
