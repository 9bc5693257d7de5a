import numpy as np
import pytest

from simulators.bms import Bms
from simulators.models import MODELS
from simulators.pack import PackTruth

MODEL = MODELS[0]


def truth(current_a=0.0, cell_v=3.7, cell_c=25.0):
    ones = np.ones(MODEL.cells)
    return PackTruth(cell_v * ones, cell_c * ones, 0.5 * ones, current_a)


def make_bms(seed=1, true_soh=0.9, true_soc=0.5):
    return Bms(MODEL, true_soh, true_soc, seed)


def test_equal_seeds_read_alike():
    readings = [make_bms(4).read(truth(12.0)) for _ in range(2)]
    assert readings[0].pack_current_a == readings[1].pack_current_a
    assert np.array_equal(readings[0].cell_voltage_v, readings[1].cell_voltage_v)


def test_cells_are_read_in_millivolts_near_the_truth():
    volts = make_bms().read(truth()).cell_voltage_v
    assert volts == pytest.approx(3.7, abs=0.005)
    assert np.allclose(volts * 1000.0, np.round(volts * 1000.0))


def test_soc_is_counted_over_the_believed_capacity():
    bms = make_bms()
    before = bms.soc
    bms.count(60.0, 1800.0)
    seen_ah = 0.5 * (60.0 * bms.sensors.current_gain + bms.sensors.current_offset_a)
    assert bms.soc - before == pytest.approx(seen_ah / bms.capacity_ah)


def test_what_the_bms_believes_is_not_the_truth():
    errors = [make_bms(seed).soh - 0.9 for seed in range(40)]
    assert 0.01 < np.std(errors) < 0.05


def test_a_full_pack_sets_the_count_to_one_hundred():
    bms = make_bms(true_soc=0.9)
    assert bms.read(truth(5.0, 4.2)).soc_pct == 100.0


@pytest.mark.parametrize(
    ("cell_c", "level", "charges"),
    [(25.0, 0, True), (52.0, 1, True), (57.0, 2, True), (62.0, 3, False)],
)
def test_heat_raises_the_alarm_and_lowers_the_limit(cell_c, level, charges):
    reading = make_bms().read(truth(cell_c=cell_c))
    assert reading.alarm_level == level
    assert (reading.charge_limit_a > 0.0) is charges


def test_a_stop_holds_until_the_pack_has_cooled():
    bms = make_bms()
    levels = [bms.read(truth(cell_c=c)).alarm_level for c in (62.0, 58.0, 47.0, 43.0)]
    assert levels == [3, 3, 3, 0]


def test_below_freezing_nothing_is_charged():
    assert make_bms().read(truth(cell_c=-3.0)).charge_limit_a == 0.0
