"""Bad data is an outcome with a reason that a technician understands, never an exception."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packtrail.estimate import Advice, Reason, Verdict
from packtrail.sample import SampleBatch
from soh_model import PackSpec, estimate
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)


def good():
    return session(fresh(), np.random.default_rng(1))


def changed(batch, **columns):
    return SampleBatch(batch.t_ns, {**batch.values, **columns})


def refused(batch, spec=SPEC):
    answer = estimate(batch, spec)
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.soh is None
    return answer


def test_current_of_the_wrong_sign_is_named():
    batch = good()
    answer = refused(changed(batch, pack_current_a=-batch.values["pack_current_a"]))
    assert answer.reasons == (Reason.WRONG_SIGN,)
    assert answer.advice is Advice.CHECK_SENSOR


def test_millivolts_for_volts_are_implausible():
    batch = good()
    answer = refused(changed(batch, cell_voltage_v=batch.values["cell_voltage_v"] * 1000))
    assert answer.reasons == (Reason.IMPLAUSIBLE,)


def test_milliamperes_for_amperes_are_implausible():
    batch = good()
    answer = refused(changed(batch, pack_current_a=batch.values["pack_current_a"] * 1000))
    assert answer.reasons == (Reason.IMPLAUSIBLE,)


def test_a_flat_voltage_sensor_is_named():
    batch = good()
    flat = np.full_like(batch.values["cell_voltage_v"], 3.7)
    assert refused(changed(batch, cell_voltage_v=flat)).reasons == (Reason.FLAT_SENSOR,)


def test_no_current_at_all():
    batch = good()
    bare = SampleBatch(batch.t_ns, {"cell_voltage_v": batch.values["cell_voltage_v"]})
    assert refused(bare).reasons == (Reason.NO_CURRENT,)


def test_no_voltage_at_all():
    batch = good()
    bare = SampleBatch(batch.t_ns, {"pack_current_a": batch.values["pack_current_a"]})
    assert refused(bare).reasons == (Reason.NO_CELL_VOLTAGE,)


def test_too_few_samples():
    assert refused(good().window(0, 3)).reasons == (Reason.TOO_SHORT,)


def test_an_empty_batch():
    empty = SampleBatch.from_arrays(t_s=[], pack_current_a=[], pack_voltage_v=[])
    assert refused(empty).verdict is Verdict.CANNOT_TELL


def test_an_unknown_chemistry_is_said_and_not_guessed():
    spec = PackSpec(chemistry="NaFeO", rated_ah=100.0, cells_in_series=12)
    assert refused(good(), spec).reasons == (Reason.UNKNOWN_CHEMISTRY,)


def test_scattered_nan_change_little_and_are_noted():
    batch = good()
    current = batch.values["pack_current_a"].copy()
    current[np.random.default_rng(2).random(len(current)) < 0.1] = np.nan
    answer = estimate(changed(batch, pack_current_a=current), SPEC)
    assert Reason.GAPS in answer.reasons
    assert answer.soh.value == pytest.approx(estimate(batch, SPEC).soh.value, abs=0.02)


def test_a_dead_cell_channel_is_left_out():
    batch = good()
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 3] = np.nan
    answer = estimate(changed(batch, cell_voltage_v=cells), SPEC)
    assert answer.soh.value == pytest.approx(estimate(batch, SPEC).soh.value, abs=0.02)


def test_charge_that_moved_in_a_gap_is_not_counted_on():
    batch = good()
    keep = np.ones(len(batch), bool)
    keep[len(batch) // 3 : 2 * len(batch) // 3] = False
    cut = SampleBatch(batch.t_ns[keep], {k: v[keep] for k, v in batch.values.items()})
    answer = estimate(cut, SPEC)
    assert answer.verdict is Verdict.CANNOT_TELL
    assert Reason.GAPS in answer.reasons


def test_pack_voltage_alone_is_used_and_said():
    batch = good()
    pack = SampleBatch(
        batch.t_ns,
        {
            "pack_current_a": batch.values["pack_current_a"],
            "pack_voltage_v": batch.values["cell_voltage_v"].sum(axis=1),
        },
    )
    answer = estimate(pack, SPEC)
    assert Reason.NO_CELL_VOLTAGE in answer.reasons
    assert answer.soh.value == pytest.approx(estimate(batch, SPEC).soh.value, abs=0.02)


def test_a_jump_of_the_bms_own_soc_is_flagged_and_changes_nothing():
    batch = good()
    soc = np.linspace(20, 85, len(batch))
    soc[len(soc) // 2 :] -= 30
    answer = estimate(changed(batch, soc_pct=soc), SPEC)
    assert Reason.BMS_RESET in answer.reasons
    assert answer.soh == estimate(batch, SPEC).soh


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_table_of_numbers_makes_it_raise(data):
    rows = data.draw(st.integers(0, 60))
    numbers = st.floats(-1e4, 1e4) | st.just(float("nan"))
    column = st.lists(numbers, min_size=rows, max_size=rows)
    batch = SampleBatch.from_arrays(
        t_s=np.cumsum(data.draw(st.lists(st.floats(0, 1e4), min_size=rows, max_size=rows))),
        pack_current_a=data.draw(column),
        cell_voltage_v=np.array(data.draw(column)).reshape(rows, 1),
    )
    assert estimate(batch, SPEC).rated_ah == 100.0


def test_volts_where_millivolts_are_meant_are_implausible():
    batch = good()
    answer = refused(changed(batch, cell_voltage_v=batch.values["cell_voltage_v"] / 1000))
    assert answer.reasons == (Reason.IMPLAUSIBLE,)


def test_the_pack_voltage_in_a_cells_place_is_implausible():
    batch = good()
    pack = batch.values["cell_voltage_v"].sum(axis=1)
    assert refused(changed(batch, cell_voltage_v=pack)).reasons == (Reason.IMPLAUSIBLE,)


def test_a_swapped_cell_order_changes_no_figure_of_the_pack():
    batch = good()
    order = np.random.default_rng(3).permutation(12)
    swapped = estimate(
        changed(batch, cell_voltage_v=batch.values["cell_voltage_v"][:, order]), SPEC
    )
    assert swapped.soh.value == pytest.approx(estimate(batch, SPEC).soh.value, abs=1e-6)


def uneven(offset_v=0.012, seed=5):
    """Cells that differ by some millivolts each, as the cells of a used pack do."""
    batch = session(fresh(), np.random.default_rng(seed))
    spread = np.random.default_rng(seed + 100).normal(0, offset_v, 12)
    return changed(batch, cell_voltage_v=batch.values["cell_voltage_v"] + spread)


@pytest.mark.parametrize("pair", [(2, 9), (0, 11), (4, 5)])
def test_cells_that_change_places_within_a_session_are_named(pair):
    batch = uneven()
    cells = batch.values["cell_voltage_v"].copy()
    assert Reason.CELL_ORDER not in estimate(batch, SPEC).reasons
    half = len(cells) // 2
    cells[half:, list(pair)] = cells[half:, list(pair[::-1])]
    answer = estimate(changed(batch, cell_voltage_v=cells), SPEC)
    assert Reason.CELL_ORDER in answer.reasons
    assert answer.weakest_cell is None
    assert answer.soh.value == pytest.approx(estimate(batch, SPEC).soh.value, abs=1e-3)


def test_a_slave_unit_that_is_numbered_anew_is_named_across_a_gap():
    batch = uneven()
    quiet = slice(60, 120)
    cells = np.delete(batch.values["cell_voltage_v"], quiet, axis=0)
    cells[60:] = np.roll(cells[60:], 6, axis=1)
    cut = SampleBatch(
        np.delete(batch.t_ns, quiet),
        {
            "pack_current_a": np.delete(batch.values["pack_current_a"], quiet),
            "cell_voltage_v": cells,
        },
    )
    assert Reason.CELL_ORDER in estimate(cut, SPEC).reasons


@pytest.mark.parametrize("seed", range(8))
def test_unequal_resistances_and_current_steps_are_no_change_of_order(seed):
    rng = np.random.default_rng(seed)
    batch = uneven(seed=seed)
    current = batch.values["pack_current_a"] * np.where(np.arange(len(batch)) // 40 % 2, 1.0, 0.3)
    drop = current[:, None] * rng.normal(0, 1e-4, 12)
    cells = batch.values["cell_voltage_v"] + drop
    answer = estimate(changed(batch, pack_current_a=current, cell_voltage_v=cells), SPEC)
    assert Reason.CELL_ORDER not in answer.reasons


@pytest.mark.parametrize(("lsb", "named"), [(0.001, False), (0.005, True), (0.01, True)])
def test_the_step_of_voltages_is_found_allowed_for_and_named(lsb, named):
    answer = estimate(session(fresh(), np.random.default_rng(4), lsb=lsb), SPEC)
    assert answer.sensors.voltage_step_v == pytest.approx(lsb, rel=1e-3)
    assert (Reason.COARSE_VOLTAGE in answer.reasons) is named


def test_the_zero_of_the_current_sensor_is_found():
    answer = estimate(session(fresh(), np.random.default_rng(4), offset=0.6), SPEC)
    assert answer.sensors.current_offset_a == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("wrong", [{"lsb": 0.01}, {"gain": 1.02}, {"gain": 0.98}, {"offset": 0.6}])
def test_coarse_steps_and_wrong_current_leave_the_truth_inside(wrong):
    batch = session(fresh(), np.random.default_rng(4), **wrong)
    answer = estimate(batch, SPEC)
    assert answer.soh.low < 1.0 < answer.soh.high


def test_a_current_sensor_off_zero_is_named():
    answer = estimate(session(fresh(), np.random.default_rng(4), offset=0.6), SPEC)
    assert Reason.CURRENT_OFFSET in answer.reasons


def test_every_reason_and_advice_has_both_languages():
    for text in [item.text for item in (*Reason, *Advice)]:
        assert text.say("en") != text.say("zh")
