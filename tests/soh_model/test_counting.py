"""The first honest estimate: does its interval hold, and does it say when it cannot tell?"""

import numpy as np
import pytest

from packtrail.estimate import Advice, Reason, Verdict
from soh_model import OcvCurve, PackSpec, estimate
from tests.soh_model.invented import aged_at_random, fresh, session


def spec_of(cell, *, own_curve=True):
    grid = np.linspace(0, 1, 101)
    return PackSpec(
        chemistry=cell.kind,
        rated_ah=100.0,
        cells_in_series=12,
        cell_voltage_min_v=cell.limits[0],
        cell_voltage_max_v=cell.limits[1],
        ocv=OcvCurve(grid, cell.ocv(grid)) if own_curve else None,
    )


def sessions_of(kind, *, own_curve, count=60):
    """True SoH and estimate of random sessions of random aged packs."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        new = fresh(kind, rng)
        cell = aged_at_random(new, rng)
        batch = session(
            cell,
            rng,
            start=rng.uniform(0.05, 0.4),
            stop=rng.uniform(0.6, 1.0),
            c_rate=rng.uniform(0.2, 1),
            rest_s=rng.choice([600, 1800, 3600]),
        )
        yield cell.capacity, estimate(batch, spec_of(new, own_curve=own_curve))


@pytest.mark.parametrize("kind", ["NMC", "LFP"])
@pytest.mark.parametrize("own_curve", [True, False])
def test_interval_holds_on_cells_the_estimator_has_never_seen(kind, own_curve):
    pairs = list(sessions_of(kind, own_curve=own_curve))
    held = [e.soh.low <= truth <= e.soh.high for truth, e in pairs if e.soh]
    assert len(held) > 50
    assert np.mean(held) >= 0.88


def test_wide_nmc_sessions_with_the_types_own_curve_are_mostly_told():
    pairs = list(sessions_of("NMC", own_curve=True))
    told = [(truth, e) for truth, e in pairs if e.verdict is Verdict.TOLD]
    assert len(told) > 0.5 * len(pairs)
    assert np.mean([abs(e.soh.value - truth) for truth, e in told]) < 0.05


def test_a_known_curve_narrows_the_interval():
    cell = fresh().aged(0.1, 0.05, 0.05)
    batch = session(cell, np.random.default_rng(1))
    with_curve, without = (
        estimate(batch, spec_of(fresh(), own_curve=own)).soh.width for own in (True, False)
    )
    assert with_curve < 0.7 * without


def test_longer_rests_narrow_the_interval():
    cell = fresh().aged(0.1, 0.05, 0.05)
    short, long = (
        estimate(session(cell, np.random.default_rng(2), rest_s=s), spec_of(fresh())).soh.width
        for s in (150, 5400)
    )
    assert long < short


def test_between_the_knees_of_lfp_nothing_is_claimed():
    batch = session(fresh("LFP"), np.random.default_rng(3), start=0.65, stop=0.9)
    answer = estimate(batch, spec_of(fresh("LFP")))
    assert answer.verdict is Verdict.CANNOT_TELL
    assert Reason.PLATEAU in answer.reasons
    assert answer.advice is Advice.REST_AT_KNEE


def test_without_rest_it_cannot_tell_and_asks_for_one():
    batch = session(fresh(), np.random.default_rng(4), rest_s=0)
    answer = estimate(batch, spec_of(fresh()))
    assert answer.verdict is Verdict.CANNOT_TELL
    assert answer.reasons[0] is Reason.NO_REST
    assert answer.advice is Advice.REST_LONGER


def test_a_top_up_of_five_percent_is_too_little():
    batch = session(fresh(), np.random.default_rng(5), start=0.6, stop=0.65)
    assert estimate(batch, spec_of(fresh())).reasons == (Reason.TOO_LITTLE_CHARGE,)


@pytest.mark.parametrize("step_s", [1.0, 5.0, 30.0])
def test_sampling_from_one_to_thirty_seconds_gives_the_same_answer(step_s):
    cell = fresh().aged(0.12, 0.05, 0.05)
    batch = session(cell, np.random.default_rng(6), step_s=step_s, gain=1.0, offset=0.0)
    assert estimate(batch, spec_of(fresh())).soh.value == pytest.approx(cell.capacity, abs=0.06)


def test_current_offset_is_zeroed_at_the_rests():
    cell = fresh().aged(0.1, 0.05, 0.05)
    answers = [
        estimate(session(cell, np.random.default_rng(7), gain=1.0, offset=o), spec_of(fresh()))
        for o in (0.0, 0.6)
    ]
    assert answers[1].soh.value == pytest.approx(answers[0].soh.value, abs=0.01)
    assert Reason.CURRENT_OFFSET in answers[1].reasons


def test_the_same_input_gives_the_same_digest_and_another_another():
    batch = session(fresh(), np.random.default_rng(8))
    first, again = (estimate(batch, spec_of(fresh())) for _ in range(2))
    other = estimate(batch.window(0, len(batch) - 1), spec_of(fresh()))
    assert first == again
    assert first.inputs_digest != other.inputs_digest


def test_figures_agree_with_each_other_and_name_the_evidence():
    batch = session(fresh(), np.random.default_rng(9))
    answer = estimate(batch, spec_of(fresh()))
    assert answer.capacity_ah.value == pytest.approx(answer.soh.value * answer.rated_ah)
    assert answer.soh.low < answer.soh.value < answer.soh.high
    assert (answer.from_ns, answer.to_ns) == (batch.t_ns[0], batch.t_ns[-1])
    assert answer.samples == len(batch)
