"""The worst cells of a session against the median cell."""

import numpy as np
import pytest

from packtrail.estimate import Interval, Reason
from packtrail.sample import SampleBatch
from soh_model import PackSpec, estimate
from soh_model.cell_outliers import CellOutliers, cell_outliers
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)


def with_cells(batch, cells):
    return SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells})


@pytest.fixture(scope="module")
def batch():
    """A rest of three hours, a charge and a rest."""
    return session(fresh(), np.random.default_rng(8), rest_s=10_800, step_s=20.0, ohm=0.001)


def test_a_cell_of_twice_the_resistance_is_found_with_its_ratio(batch):
    extra = np.zeros(12)
    extra[4] = 0.001
    cells = batch.values["cell_voltage_v"] + batch.values["pack_current_a"][:, None] * extra
    found = cell_outliers(with_cells(batch, cells), SPEC)
    assert found.resistant_cell == 4
    ratio = found.resistance_ratio
    assert 1.5 < ratio.low < 2.0 < ratio.high < 2.5


def test_equal_cells_are_no_outliers(batch):
    found = cell_outliers(batch, SPEC)
    assert found.resistance_ratio.low < 1.1
    assert found.self_discharge_pct_day.low < 0.3


def test_a_cell_that_sinks_during_the_rest_is_found(batch):
    hours = batch.t_s / 3600
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 9] -= 0.002 * np.minimum(hours, 3.0)
    found = cell_outliers(with_cells(batch, cells), SPEC)
    assert found.leaking_cell == 9
    assert found.self_discharge_pct_day.low > 0.5


def test_what_cannot_be_seen_is_none(batch):
    pack = {
        "pack_current_a": batch.values["pack_current_a"],
        "pack_voltage_v": batch.values["cell_voltage_v"].sum(axis=1),
    }
    assert cell_outliers(SampleBatch(batch.t_ns, pack), SPEC) == CellOutliers()
    short = cell_outliers(batch.window(530, 600), SPEC)
    assert short.self_discharge_pct_day is None


def test_the_better_known_figure_is_kept(batch):
    known = cell_outliers(batch, SPEC)
    assert known.with_newer(CellOutliers()) == known
    assert CellOutliers().with_newer(known) == known


def test_a_cell_that_began_to_leak_does_not_hide_behind_an_older_measurement():
    sound = CellOutliers(Interval(0.02, -0.05, 0.1), 3, Interval(1.1, 1.0, 1.2), 2)
    leaks = CellOutliers(Interval(1.5, 0.9, 2.1), 7, Interval(1.1, 0.8, 1.4), 5)
    both = sound.with_newer(leaks)
    assert (both.leaking_cell, both.self_discharge_pct_day.low) == (7, 0.9)
    assert both.resistant_cell == 2
    assert leaks.with_newer(sound).leaking_cell == 3


def resting(*, sinking_v=0.0, moving=True):
    """A day of rest and nothing else, cell 3 sinking: what the gate's own test asks for."""
    rng, t_s = np.random.default_rng(3), np.arange(0.0, 86_400.0, 30.0)
    cells = 3.7 + rng.normal(0, 0.005, 12) + rng.normal(0, 0.0005, (len(t_s), 12))
    cells[:, 3] -= sinking_v * t_s / 86_400
    if not moving:
        cells[:] = cells[0]
    draw = rng.normal(-0.02, 0.01, len(t_s))
    return SampleBatch.from_arrays(t_s=t_s, cell_voltage_v=cells, pack_current_a=draw)


@pytest.mark.parametrize(("sinking_v", "low"), [(0.010, 0.4), (0.0, -0.5)])
def test_a_rest_alone_answers_the_gate_that_asks_for_one(sinking_v, low):
    found = cell_outliers(resting(sinking_v=sinking_v), SPEC).self_discharge_pct_day
    assert found.low > low
    assert (found.value > 0.5) is bool(sinking_v)


def test_a_rest_of_voltages_that_never_move_is_no_measurement():
    assert cell_outliers(resting(moving=False), SPEC) == CellOutliers()


def test_a_rest_alone_still_tells_no_capacity():
    assert Reason.TOO_LITTLE_CHARGE in estimate(resting(), SPEC).reasons
