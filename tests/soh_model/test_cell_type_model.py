"""A model learned from reference cells: does its interval hold on cells that it never saw?"""

import msgspec
import numpy as np
import pytest

from packtrail.estimate import Reason, Verdict
from packtrail.sample import SampleBatch
from soh_model import CellTypeModel, ModelError, PackSpec
from soh_model.cell_type_fit import learn
from soh_model.likelihood_fit import fit_process
from soh_model.window_features import STEPS, Passage
from tests.soh_model.invented import fresh

RATED = 100.0
SPEC = PackSpec(chemistry="NMC", rated_ah=RATED, cells_in_series=1)


def life(seed, sessions=14, c_rate=0.5, temperature_c=25.0):
    """Charges through 3.65-4.05 V over one cell's life, each with the capacity at that time."""
    rng = np.random.default_rng(seed)
    modes, ohm = rng.uniform(0.3, 0.7, 2), rng.uniform(0.0004, 0.0007)
    for age in np.linspace(0.01, 0.2, sessions):
        cell = fresh().aged(age, age * modes[0], age * modes[1])
        yield window(cell, rng, ohm * (1 + 2 * age), c_rate, temperature_c), cell.capacity * RATED


def window(cell, rng, ohm, c_rate=0.5, temperature_c=25.0, low=3.65, high=4.05):
    current = c_rate * RATED
    low_q, high_q = cell.ends()
    charge = np.arange(low_q, high_q, c_rate * 30 / 3600)
    volts = cell.voltage(charge) + ohm * current + rng.normal(0, 5e-4, len(charge))
    inside = (volts >= low) & (volts <= high)
    t = np.arange(inside.sum()) * 30.0
    return SampleBatch.from_arrays(
        t_s=t,
        pack_current_a=np.full(len(t), current),
        pack_voltage_v=volts[inside],
        temperature_c=np.full(len(t), temperature_c),
    )


@pytest.fixture(scope="module")
def examples():
    return [pair for seed in range(6) for pair in life(seed)]


@pytest.fixture(scope="module")
def model(examples):
    return CellTypeModel.fit(examples, SPEC)


def test_unseen_cells_are_told_within_two_points_and_within_the_interval(model):
    pairs = [(model.predict(b), c / RATED) for seed in (20, 21, 22) for b, c in life(seed)]
    errors = [abs(e.soh.value - truth) for e, truth in pairs]
    held = [e.soh.low <= truth <= e.soh.high for e, truth in pairs]
    assert np.mean(errors) < 0.02
    assert np.mean(held) > 0.9


def test_units_are_found_where_the_sequence_jumps(model):
    assert model.trained_on[1] == 6


def test_a_charge_that_misses_the_window_cannot_be_told(model):
    rng = np.random.default_rng(1)
    answer = model.predict(window(fresh(), rng, 5e-4, low=3.65, high=3.8))
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.reasons[0] is Reason.TOO_LITTLE_CHARGE


def test_a_rate_never_seen_is_unfamiliar_and_not_guessed(model):
    answer = model.predict(window(fresh(), np.random.default_rng(1), 5e-4, c_rate=1.0))
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.reasons[0] is Reason.UNFAMILIAR


def test_a_temperature_never_seen_is_unfamiliar(model):
    batch = window(fresh(), np.random.default_rng(1), 5e-4, temperature_c=0.0)
    assert model.predict(batch).reasons[0] is Reason.UNFAMILIAR


def test_a_stored_model_answers_as_before(model, examples, tmp_path):
    model.save(tmp_path / "type.soh")
    again = CellTypeModel.load(tmp_path / "type.soh")
    assert again.trained_on == model.trained_on
    batch = examples[3][0]
    assert again.predict(batch).soh.value == pytest.approx(model.predict(batch).soh.value, abs=1e-9)


def test_all_features_are_asked_only_where_left_out_units_prove_that_they_serve_better(examples):
    rng = np.random.default_rng(4)
    steps = 0.05 + 0.01 * rng.random((60, STEPS))
    passages = [Passage(tuple(s), 0.5, 25.0, 0.0, 1.0) for s in steps.tolist()]
    units = np.repeat(np.arange(6), 10)
    fine = learn(passages, 0.5 + 6 * steps[:, 4] + 3 * steps[:, 1], units)
    assert (len(fine.full), len(fine.lean)) == (4, 0)
    total = learn(passages, 0.4 + steps.sum(axis=1), units)
    assert (len(total.full), len(total.lean)) == (0, 3)
    few = learn(passages, 0.4 + steps.sum(axis=1), units // 2)
    assert (len(few.full), len(few.lean)) == (4, 3)


def test_a_type_whose_windows_show_nothing_is_told_as_widely_as_its_units_differ(examples):
    badly = badly_told(examples)
    low, high = badly.trained_on[2:]
    assert badly.predict(examples[3][0]).soh.width > 0.5 * (high - low)


def test_broken_capacity_tests_do_not_pull_the_answers_of_a_type_known_from_three_cells(examples):
    """Three cells are too few to judge by leaving out: few features are asked as well."""
    few, units = examples[:42], [k // 14 for k in range(42)]
    broken = [(batch, c - 12.0 * (k % 14 == 3)) for k, (batch, c) in enumerate(few)]
    whole, marred = (CellTypeModel.fit(pairs, SPEC, units=units) for pairs in (few, broken))
    assert len(marred.lean) == 3
    for batch, _ in examples[42:56]:
        off = marred.predict(batch).soh.value - whole.predict(batch).soh.value
        assert abs(off) < 0.01


def badly_told(examples):
    """A type whose windows show nothing of the capacity: the capacities are shuffled."""
    order = np.random.default_rng(5).permutation(len(examples))
    shuffled = [(batch, examples[k][1]) for (batch, _), k in zip(examples, order, strict=True)]
    return CellTypeModel.fit(shuffled, SPEC, units=[k // 5 for k in range(len(examples))])


def test_a_stored_model_of_few_features_answers_as_before(examples, tmp_path):
    model = badly_told(examples)
    model.save(tmp_path / "type.soh")
    told, again = (
        m.predict(examples[3][0]).soh for m in (model, CellTypeModel.load(tmp_path / "type.soh"))
    )
    assert (again.value, again.width) == pytest.approx((told.value, told.width), abs=1e-9)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        CellTypeModel.load(tmp_path / "x")
    with pytest.raises(ModelError):
        CellTypeModel.load(tmp_path / "absent")


def test_a_model_of_an_earlier_format_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "old.soh").write_bytes(msgspec.msgpack.encode({"format": 2, "widening": 1.2}))
    with pytest.raises(ModelError, match=r"format 2, not 3") as refused:
        CellTypeModel.load(tmp_path / "old.soh")
    assert "fit the type again" in str(refused.value.hint)
    assert refused.value.where == str(tmp_path / "old.soh")


def test_too_few_examples_are_refused(examples):
    with pytest.raises(ModelError):
        CellTypeModel.fit(examples[:10], SPEC)


def test_rows_of_one_unit_do_not_make_the_process_certain():
    """Two units with errors of their own: the deviation for a third stays as wide as they are."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 1, (120, 1))
    units = np.repeat(np.arange(4), 30)
    shift = np.array([-0.1, 0.1, -0.1, 0.1])[units]
    process = fit_process(x, x[:, 0] + shift + rng.normal(0, 0.005, 120), units)
    _, deviation = process.predict(np.array([[0.5]]))
    assert deviation[0] > 0.05


def test_left_out_residuals_are_those_of_a_fit_without_the_unit():
    rng = np.random.default_rng(3)
    x, units = rng.uniform(0, 1, (60, 2)), np.repeat(np.arange(6), 10)
    y = x.sum(axis=1) + rng.normal(0, 0.05, 6)[units] + rng.normal(0, 0.02, 60)
    process = fit_process(x, y, units)
    kept = np.isin(process.units, [0, 1, 2, 3, 4])
    covariance = np.linalg.inv(process.inverse)
    values = covariance @ process.weights
    alone = covariance[np.ix_(~kept, kept)] @ np.linalg.solve(
        covariance[np.ix_(kept, kept)], values[kept]
    )
    residual, _ = process.left_out()
    assert residual[~kept] == pytest.approx(process.spread * (values[~kept] - alone), abs=1e-6)
