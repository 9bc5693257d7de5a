"""What a resting pack loses is found where a rest can tell it, and nowhere else."""

import numpy as np
import pytest

from soh_model import PackSpec
from soh_model.chemistry import fresh_cell
from soh_model.idle_loss import WIDEST_PCT_MONTH, idle_loss
from tests.soh_model.invented import Cell

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
FRESH = fresh_cell(SPEC)
DAYS = 365.25 / 12


def rest(pct_month, days=4.0, seed=0, kind="NMC", start=0.62, **more):
    """A rest of an invented cell, a reading each minute, averaged over a hundred cells."""
    chance = np.random.default_rng(seed)
    t_s = np.arange(0, days * 86400, 60.0)
    left = start - pct_month / 100 / DAYS * t_s / 86400
    volts = Cell(kind=kind).voltage(left) + 0.004 * np.exp(-t_s / more.get("relax_s", 2400))
    warmth = 25 + more.get("warming", 0.0) * t_s / 86400 + np.sin(2 * np.pi * t_s / 86400)
    volts = volts + 0.0002 * (warmth - 25) + chance.normal(0, more.get("noise", 2e-4), len(t_s))
    return t_s, np.round(volts / 0.0001) * 0.0001, warmth


@pytest.mark.parametrize("pct_month", [0.0, 1.0, 2.5, 6.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_inside_its_interval(pct_month, seed):
    found = idle_loss(*rest(pct_month, seed=seed, days=7), FRESH)
    assert found is not None
    told = found.pct_month
    assert told.low <= pct_month <= told.high
    assert told.high - told.low <= 2 * WIDEST_PCT_MONTH
    assert found.hours == pytest.approx(7 * 24, abs=0.1)


@pytest.mark.parametrize(
    "of",
    [
        {"days": 0.9},
        {"kind": "LFP", "days": 4},
        {"relax_s": 6e4, "days": 3},
        {"noise": 0.05, "days": 2},
        {"warming": 5.0},
        {"days": 4, "pct_month": -30},
    ],
    ids=["short", "plateau", "still relaxing", "coarse", "warming", "rising"],
)
def test_where_a_rest_cannot_tell_it_says_so(of):
    fresh = fresh_cell(PackSpec(chemistry="LFP", rated_ah=100.0, cells_in_series=12))
    of = {"pct_month": 2.0, **of}
    assert idle_loss(*rest(**of), fresh if of.get("kind") == "LFP" else FRESH) is None


def test_unknown_readings_are_left_out_and_an_unknown_temperature_widens():
    t_s, volts, warmth = rest(2.0, days=14)
    known = idle_loss(t_s, volts, warmth, FRESH).pct_month
    volts[::7] = np.nan
    assert idle_loss(t_s, volts, warmth, FRESH).pct_month.value == pytest.approx(known.value, 0.05)
    blind = idle_loss(t_s, volts, np.full(len(t_s), np.nan), FRESH).pct_month
    assert blind.high - blind.low > known.high - known.low
    assert idle_loss(t_s, np.full(len(t_s), np.nan), warmth, FRESH) is None
