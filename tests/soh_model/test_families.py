"""The simplest family of processes that left-out units do not speak against."""

import numpy as np
import pytest

from soh_model.families import Family, simplest, together

UNITS = np.repeat(np.arange(8), 5)


def family(errors):
    residual = np.repeat(np.asarray(errors, float), 5)
    return Family((), residual, np.ones(len(residual)))


def test_a_simple_family_stays_unless_it_is_certainly_worse():
    rng = np.random.default_rng(1)
    best = 0.02 + 0.005 * rng.random(8)
    unsure = best + rng.normal(0.002, 0.01, 8)
    assert simplest([family(unsure), family(best)], UNITS) == 0
    assert simplest([family(best + 0.01), family(best)], UNITS) == 1


def test_every_unit_weighs_the_same():
    units = np.repeat([0, 1], [90, 10])
    often_right = Family((), np.where(units == 0, 0.0, 0.1), np.ones(100))
    assert often_right.unit_errors(units).tolist() == pytest.approx([0.0, 0.1])


def test_disagreement_widens_and_only_the_sure_tell_their_own_deviation():
    one, two = (np.array([0.8]), np.array([0.01])), (np.array([0.9]), np.array([0.5]))
    mean, deviation = together([one, two], sure=1)
    assert mean[0] == pytest.approx(0.85)
    assert deviation[0] == pytest.approx(np.hypot(0.01, 0.05))
