"""Retired units on a tester: SoH from one set of pulses at an unknown state of charge."""

import numpy as np
import pytest

from packtrail.estimate import Reason, Verdict
from soh_model import ModelError, PulseModel

RATES = np.repeat([0.5, 0.5, 1.0, 1.0, 1.5], 4)
SIGNS = np.tile([1, 1, 0, 0, -1, -1, 0, 0], 3)[:20]


def unit(seed):
    """Ten rows of one unit whose resistances rise as its SoH falls."""
    rng = np.random.default_rng(seed)
    soh = rng.uniform(0.6, 0.95)
    ohm, slow = 0.05 / soh**2 * rng.normal(1, 0.02), 0.03 / soh * rng.normal(1, 0.02)
    soc = np.arange(0.05, 0.55, 0.05) / soh
    rest = 3.4 + 0.7 * soc - 0.15 * np.exp(-soc / 0.05)
    ends = np.where(np.arange(20) % 2 == 0, 0.4, 1.0)
    shape = RATES * (SIGNS * ohm + SIGNS * slow * ends + 0.002 * ends / soh)
    rows = np.column_stack([rest, rest[:, None] + shape[None, :]])
    return rows + rng.normal(0, 2e-4, rows.shape), np.full(10, soh)


def units(seeds):
    rows, soh = zip(*(unit(seed) for seed in seeds), strict=True)
    return np.concatenate(rows), np.concatenate(soh)


@pytest.fixture(scope="module")
def model():
    return PulseModel.fit(*units(range(24)), "LMO")


def test_unseen_units_are_told_within_three_points_and_within_the_interval(model):
    rows, soh = units(range(40, 56))
    answers = model.predict(rows)
    told = [(e.soh, s) for e, s in zip(answers, soh, strict=True) if e.soh]
    assert len(told) > 0.9 * len(rows)
    assert np.mean([abs(i.value - s) for i, s in told]) < 0.03
    assert np.mean([i.low <= s <= i.high for i, s in told]) > 0.88


def test_a_unit_whose_resistance_and_capacity_aged_apart_widens_the_interval(model):
    rows, soh = units(range(24))
    apart = PulseModel.fit(rows, np.where(np.arange(len(soh)) < 30, 1.5 - soh, soh), "LMO")
    told, asked = apart.predict(rows[-10:]), model.predict(rows[-10:])
    assert np.mean([e.soh.width for e in told]) > 2 * np.mean([e.soh.width for e in asked])


def test_what_readings_do_not_show_is_answered_with_the_mean_and_the_spread_of_the_units():
    rows, _ = units(range(24))
    soh = np.repeat(np.random.default_rng(3).uniform(0.6, 0.95, 24), 10)
    fresh = [e.soh for e in PulseModel.fit(rows, soh, "LMO").predict(units(range(60, 70))[0])]
    assert np.mean([abs(i.value - soh.mean()) for i in fresh]) < 0.05
    assert min(i.width for i in fresh) > 0.25


def test_a_resting_voltage_never_seen_is_unfamiliar(model):
    rows, _ = unit(50)
    answer = model.predict(rows[:1] + 0.7)[0]
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.reasons == (Reason.UNFAMILIAR,)


def test_a_missing_voltage_is_not_told(model):
    row = unit(51)[0][:1].copy()
    row[0, 4] = np.nan
    assert model.predict(row)[0].verdict is Verdict.CANNOT_TELL


CHARGED = np.tile(np.arange(0.05, 0.55, 0.05), 24)
"""Charge since empty over rated capacity at which `unit` stands, of 24 units."""


def alike():
    """Rows of 24 units whose resistances are another unit's: only the charge tells them apart."""
    rows, soh = units(range(24))
    rows[:, 1:] = rows[:, :1] + np.roll(rows[:, 1:] - rows[:, :1], 70, axis=0)
    return rows, soh


def test_what_was_put_in_since_empty_tells_units_whose_resistance_shows_nothing():
    """The resting voltage after a known charge shows the size; after an unknown one it does not."""
    rows, soh = alike()
    train, asked = slice(0, 160), slice(160, 240)
    told = PulseModel.fit(rows[train], soh[train], "LMO", charged=CHARGED[train])
    blind = PulseModel.fit(rows[train], soh[train], "LMO")
    known = told.predict(rows[asked], charged=CHARGED[asked])
    unknown = blind.predict(rows[asked])
    errors, widths = zip(*(error_and_width(a, soh[asked]) for a in (known, unknown)), strict=True)
    assert errors[0] < 0.7 * errors[1]
    assert widths[0] < 0.8 * widths[1]


def error_and_width(answers, soh):
    told = [(e.soh, s) for e, s in zip(answers, soh, strict=True) if e.soh]
    return np.mean([abs(i.value - s) for i, s in told]), np.mean([i.width for i, _ in told])


def test_a_charge_told_to_one_side_only_is_refused_with_what_to_do(model):
    rows, _ = unit(52)
    with pytest.raises(ModelError, match="not of both") as refused:
        model.predict(rows, charged=CHARGED[:10])
    assert "charged" in str(refused.value.hint)
    with pytest.raises(ModelError, match="its charge"):
        PulseModel.fit(*units(range(4)), "LMO", charged=np.full(3, 0.5))


def test_a_charge_far_from_the_training_is_unfamiliar():
    rows, soh = units(range(6))
    told = PulseModel.fit(rows, soh, "LMO", charged=CHARGED[:60])
    answer = told.predict(rows[:2], charged=np.array([0.05, 0.9]))
    assert [e.verdict for e in answer] == [Verdict.TOLD, Verdict.CANNOT_TELL]


def test_rows_of_another_length_are_refused():
    with pytest.raises(ModelError):
        PulseModel.fit(np.zeros((50, 9)), np.zeros(50), "LMO")


def test_three_units_are_no_reference():
    with pytest.raises(ModelError):
        PulseModel.fit(*units(range(3)), "LMO")
