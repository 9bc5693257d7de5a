"""Finding where one cell's reference sessions end and the next one's begin."""

import numpy as np

from soh_model.unit_runs import numbered, runs


def cell(seed, start, end, rows=40, level=0.5):
    rng = np.random.default_rng(seed)
    soh = np.linspace(start, end, rows) + rng.normal(0, 0.001, rows)
    return np.column_stack([level * soh, 0.2 * soh**2]) + rng.normal(0, 0.0005, (rows, 2)), soh


def boundaries(*cells):
    readings, soh = (np.concatenate(part) for part in zip(*cells, strict=True))
    return np.flatnonzero(np.diff(runs(readings, soh))) + 1


def test_a_unit_begins_where_capacity_comes_back_and_where_readings_jump_for_good():
    aged, fresh = cell(1, 1.0, 0.8), cell(2, 1.0, 0.8)
    other = cell(3, 0.81, 0.7, level=0.8)
    assert boundaries(aged, fresh, other).tolist() == [40, 80]


def test_a_broken_test_and_a_recovery_of_a_few_per_cent_begin_nothing():
    readings, soh = cell(1, 1.0, 0.8)
    soh[20] -= 0.3
    readings[20] *= 0.7
    soh[30:] += 0.02
    readings[30:] *= 1.02
    assert boundaries((readings, soh)).tolist() == []


def test_units_that_follow_on_one_another_count_as_one():
    assert boundaries(cell(1, 1.0, 0.9), cell(2, 0.9, 0.8)).tolist() == []


def test_names_are_numbered_as_they_appear():
    assert numbered(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
