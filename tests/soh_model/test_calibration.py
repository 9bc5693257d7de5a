"""Intervals from left-out units: do they hold on other units, and are they no wider than needed?"""

import numpy as np
import pytest

from soh_model.calibration import MOST_STUDENT, calibrated, uncalibrated


def left_out(seed, units, rows=12, claimed=0.01):
    """Answers whose errors are of the unit, and four times as large below 80 % SoH as above."""
    rng = np.random.default_rng(seed)
    soh = np.sort(rng.uniform(0.6, 1.0, (units, rows)), axis=1)
    error = rng.normal(0, 1, (units, 1)) * np.where(soh < 0.8, 0.04, 0.01)
    numbers = np.repeat(np.arange(units), rows)
    return soh.ravel() - error.ravel(), error.ravel(), np.full(units * rows, claimed), numbers


def held(calibration, answer, error, deviation):
    half = 1.96 * np.array([calibration.at(a) for a in answer]) * deviation
    return np.abs(error) <= half, 2 * half


def test_the_interval_holds_on_other_units_and_follows_their_state_of_health():
    calibration = calibrated(*left_out(1, 40))
    answer, error, deviation, _ = left_out(2, 400)
    inside, width = held(calibration, answer, error, deviation)
    assert 0.92 < inside.mean() < 0.99
    assert inside[answer < 0.75].mean() > 0.88
    assert width[answer < 0.7].mean() > 1.6 * width[answer > 0.9].mean()


@pytest.mark.parametrize("claimed", [0.002, 0.3])
def test_what_the_process_claims_of_itself_matters_not_where_units_are_many(claimed):
    usual, other = calibrated(*left_out(1, 40)), calibrated(*left_out(1, 40, claimed=claimed))
    for answer in (0.65, 0.8, 0.95):
        assert claimed * other.at(answer) == pytest.approx(0.01 * usual.at(answer), rel=1e-6)


def test_a_unit_with_many_rows_weighs_no_more_than_another():
    answer, error, deviation, units = left_out(1, 12)
    often = np.concatenate([np.arange(len(units)), *[np.flatnonzero(units == 0)] * 30])
    more = calibrated(answer[often], error[often], deviation[often], units[often])
    once = calibrated(answer, error, deviation, units)
    assert more.at(0.9) == pytest.approx(once.at(0.9), rel=0.02)


def test_two_units_shift_the_factor_and_do_not_decide_it():
    answer, _, deviation, units = left_out(1, 2)
    sure = calibrated(answer, np.full(len(units), 1e-6), deviation, units)
    far = calibrated(answer, np.full(len(units), 1.0), deviation, units)
    assert sure.at(0.8) == pytest.approx(MOST_STUDENT / 2, abs=0.01)
    assert far.at(0.8) == pytest.approx((3 + MOST_STUDENT) / 2, abs=0.01)
    assert uncalibrated().at(0.8) == MOST_STUDENT
