"""The electrode-balance fit on invented cells whose electrodes it is told, but not their age."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packtrail.estimate import Reason, Verdict
from packtrail.sample import SampleBatch
from soh_model import HalfCell, HalfCellPair, PackSpec, estimate
from soh_model.balance_fit import fit_balance
from soh_model.chemistry import fresh_cell
from soh_model.session import prepare
from tests.soh_model.invented import aged_at_random, fresh, half_cells, session


def spec_of(cell, **more):
    negative, positive, x, y = half_cells(cell)
    return PackSpec(
        chemistry=cell.kind,
        rated_ah=100.0,
        cells_in_series=12,
        cell_voltage_min_v=cell.limits[0],
        cell_voltage_max_v=cell.limits[1],
        half_cells=HalfCellPair(HalfCell(*negative), HalfCell(*positive), x, y),
        current_gain_sd=0.005,
        **more,
    )


@pytest.fixture(scope="module")
def answers():
    """True SoH and estimate of 16 random sessions of random packs with known electrodes."""
    pairs = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        new = fresh("NMC", rng)
        cell = aged_at_random(new, rng)
        start = rng.uniform(0.05, 0.35)
        batch = session(cell, rng, start=start, stop=start + 0.5, c_rate=rng.uniform(0.2, 1))
        pairs.append((cell.capacity, estimate(batch, spec_of(new))))
    return pairs


def test_half_a_charge_gives_the_capacity_within_three_points(answers):
    errors = [abs(e.soh.value - truth) for truth, e in answers if e.verdict is Verdict.TOLD]
    assert len(errors) > 11
    assert np.mean(errors) < 0.03


def test_its_interval_holds(answers):
    held = [e.soh.low <= truth <= e.soh.high for truth, e in answers]
    assert np.mean(held) >= 0.85


def test_the_fit_reproduces_the_voltage_it_was_given():
    cell = fresh().aged(0.1, 0.05, 0.05)
    spec = spec_of(fresh())
    clean = prepare(session(cell, np.random.default_rng(1)), spec, fresh_cell(spec))
    assert fit_balance(clean, spec, fresh_cell(spec), 0).misfit_v < 0.005


def test_lithium_loss_is_told_from_a_fresh_cell():
    found = []
    for lithium in (0.0, 0.15):
        spec = spec_of(fresh())
        batch = session(fresh().aged(lithium, lithium / 2, lithium / 2), np.random.default_rng(2))
        clean = prepare(batch, spec, fresh_cell(spec))
        found.append(fit_balance(clean, spec, fresh_cell(spec), 0).theta[0])
    assert found[1] - found[0] > 0.06


def uneven(weak=None, *, lower=0.0, cells=12):
    """A session of cells of which one has less capacity, or stands lower in charge."""
    rng = np.random.default_rng(3)
    base = fresh().aged(0.08, 0.04, 0.04)
    columns = []
    for k in range(cells):
        cell = base.aged(0.09, 0.05, 0.04) if k == weak else base
        # the same ampere-hours pass through every cell of a string
        moved = 0.55 * base.capacity / cell.capacity
        start = 0.2 - (lower if k == cells - 1 else 0.0)
        batch = session(
            cell, np.random.default_rng(4), cells=1, start=start, stop=start + moved, gain=1.0,
            offset=0.0,
        )  # fmt: skip
        columns.append(batch.values["cell_voltage_v"][:, 0] + rng.normal(0, 3e-4))
    n = min(map(len, columns))
    values = {k: v[:n] for k, v in batch.values.items()}
    table = np.column_stack([column[:n] for column in columns])
    return SampleBatch(batch.t_ns[:n], {**values, "cell_voltage_v": table})


def test_the_weak_cell_is_named_and_no_other():
    answer = estimate(uneven(weak=4), spec_of(fresh()))
    assert answer.weakest_cell == 4
    assert answer.soh_weakest.value < answer.soh.value - 0.03
    assert estimate(uneven(), spec_of(fresh())).weakest_cell is None


def test_the_weak_cell_keeps_its_number_when_another_channel_is_dead():
    batch = uneven(weak=4)
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 1] = np.nan
    dead = SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells})
    assert estimate(dead, spec_of(fresh())).weakest_cell == 4


def test_imbalance_costs_the_pack_but_not_its_cells():
    even, off = (estimate(uneven(lower=low), spec_of(fresh())) for low in (0.0, 0.06))
    assert off.soh_weakest.value == pytest.approx(even.soh_weakest.value, abs=0.02)
    assert off.soh_pack.value < even.soh_pack.value - 0.03


def test_pack_is_never_better_than_its_weakest_cell(answers):
    assert all(e.soh_pack.value <= e.soh_weakest.value + 1e-9 for _, e in answers)


def test_resistance_growth_follows_the_resistance():
    found = []
    for ohm in (0.0005, 0.001):
        batch = session(fresh(), np.random.default_rng(5), ohm=ohm)
        answer = estimate(batch, spec_of(fresh(), fresh_resistance_ohm=0.0006))
        found.append(answer.resistance_growth.value)
    assert found[1] / found[0] > 1.5


def test_without_a_fresh_resistance_no_growth_is_claimed():
    answer = estimate(session(fresh(), np.random.default_rng(6)), spec_of(fresh()))
    assert answer.resistance_growth is None


def test_a_short_top_up_is_not_told_from_the_prior_alone():
    batch = session(fresh(), np.random.default_rng(7), start=0.5, stop=0.54, rest_s=200)
    assert estimate(batch, spec_of(fresh())).verdict is Verdict.CANNOT_TELL


def test_three_sessions_are_better_than_one_and_gaps_between_them_do_no_harm():
    cell, spec = fresh().aged(0.1, 0.05, 0.05), spec_of(fresh())
    days = [
        session(cell, np.random.default_rng(k), start=0.25, stop=0.7, rest_s=900) for k in range(3)
    ]
    day_ns = 86400 * 10**9
    together = SampleBatch(
        np.concatenate([b.t_ns + k * day_ns for k, b in enumerate(days)]),
        {name: np.concatenate([b.values[name] for b in days]) for name in days[0].values},
    )
    one, three = estimate(days[0], spec), estimate(together, spec)
    assert three.soh.width < one.soh.width
    assert three.soh.low <= cell.capacity <= three.soh.high


def test_a_stuck_cell_is_left_out_and_said():
    cell, spec = fresh().aged(0.1, 0.05, 0.05), spec_of(fresh())
    batch = session(cell, np.random.default_rng(8), start=0.1)
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 2] = 3.65
    answer = estimate(SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells}), spec)
    assert Reason.FLAT_SENSOR in answer.reasons
    assert answer.soh.value == pytest.approx(estimate(batch, spec).soh.value, abs=0.01)


def test_a_voltage_that_no_cell_of_the_type_can_have_is_implausible():
    batch = session(fresh(), np.random.default_rng(9))
    noisy = batch.values["cell_voltage_v"] + np.random.default_rng(9).normal(
        0, 0.3, (len(batch), 1)
    )
    answer = estimate(
        SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": noisy}), spec_of(fresh())
    )
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.reasons[0] is Reason.IMPLAUSIBLE


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_table_of_numbers_makes_the_fit_raise(data):
    rows, cells = data.draw(st.integers(4, 80)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    steps = rng.choice([0.0, 0.1, 10.0, 600.0], rows)
    current = rng.choice([0.0, 1.0, 40.0, -80.0, 300.0, np.nan], rows)
    volts = rng.choice([2.0, 3.0, 3.5, 3.7, 4.1, 4.5], (rows, cells)) + rng.normal(0, 0.01)
    volts[rng.random((rows, cells)) < data.draw(st.sampled_from([0.0, 0.05, 0.5]))] = np.nan
    batch = SampleBatch.from_arrays(
        t_s=np.cumsum(steps), pack_current_a=current, cell_voltage_v=volts
    )
    answer = estimate(batch, spec_of(fresh(), fresh_resistance_ohm=0.0006))
    assert answer.soh is None or answer.soh.low <= answer.soh.value <= answer.soh.high
