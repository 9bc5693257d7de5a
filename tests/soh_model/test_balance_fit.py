"""The electrode-balance fit on invented cells whose electrodes it is told, but not their age."""

import numpy as np
import pytest

from packtrail.estimate import Verdict
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
