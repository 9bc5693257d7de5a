"""A leaking cell sinks against its neighbours during a rest."""

import numpy as np
import pytest

from packtrail.sample import SampleBatch
from soh_model import PackSpec
from soh_model.chemistry import fresh_cell
from soh_model.rests import find_rests
from soh_model.self_discharge import self_discharge, volts_per_share
from soh_model.session import prepare
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
FRESH = fresh_cell(SPEC)


def rested(hours, leak_mv_per_day):
    """The last rest of a session in which cell 5 sinks."""
    batch = session(fresh(), np.random.default_rng(1), rest_s=hours * 3600, step_s=30.0)
    cells = batch.values["cell_voltage_v"].copy()
    cells[:, 5] -= leak_mv_per_day / 1000 * batch.t_s / 86400
    clean = prepare(SampleBatch(batch.t_ns, {**batch.values, "cell_voltage_v": cells}), SPEC, FRESH)
    return clean, find_rests(clean, SPEC.rated_ah)[-1]


def test_a_leaking_cell_is_found_and_its_rate_measured():
    clean, rest = rested(10, 24.0)
    found = self_discharge(clean, rest, FRESH)
    assert found.leaking[0] == 5
    assert found.mv_per_day[5] == pytest.approx(-24, abs=4)


def test_sound_cells_are_not_accused():
    assert self_discharge(*rested(10, 0.0), FRESH).leaking == ()


def test_a_short_rest_says_nothing():
    assert self_discharge(*rested(0.6, 24.0), FRESH) is None


def test_on_the_lfp_plateau_the_same_drift_is_more_charge():
    lfp = fresh_cell(PackSpec(chemistry="LFP", rated_ah=100.0, cells_in_series=12))
    assert volts_per_share(lfp, 3.312) < volts_per_share(FRESH, 3.7) / 3
