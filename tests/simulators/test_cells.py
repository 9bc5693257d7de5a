import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import cells
from simulators.ageing import Modes, draw_modes, make_bank
from simulators.chemistry import LFP, NMC
from simulators.draws import Draws
from simulators.errors import SimulationError
from tests.simulators.parts import aged_bank, fresh_bank

BOTH = pytest.mark.parametrize("chemistry", [NMC, LFP], ids=lambda c: c.name)


def run(bank, state, current_a, seconds, steps):
    current = np.full(len(bank), current_a)
    coolant = np.full(len(bank), 25.0)
    for _ in range(steps):
        state = cells.step(bank, state, current, coolant, seconds / steps)
    return state


def at(bank, soc, temperature_c=25.0):
    return cells.at_rest(bank, np.full(len(bank), soc), np.full(len(bank), temperature_c))


@BOTH
def test_a_fresh_cell_holds_its_rating(chemistry):
    assert fresh_bank(chemistry).capacity_ah == pytest.approx(100.0, rel=1e-9)


@BOTH
def test_empty_and_full_lie_at_the_voltage_limits(chemistry):
    bank = aged_bank(chemistry, 0.12)
    assert cells.open_circuit_v(bank, bank.empty_ah) == pytest.approx(chemistry.empty_v, abs=2e-4)
    assert cells.open_circuit_v(bank, bank.full_ah) == pytest.approx(chemistry.full_v, abs=2e-4)


@BOTH
def test_open_circuit_voltage_rises_with_charge(chemistry):
    bank = fresh_bank(chemistry, cells=500)
    share = np.linspace(0.0, 1.0, 500)
    volts = cells.open_circuit_v(bank, bank.empty_ah + share * bank.capacity_ah)
    assert np.diff(volts).min() > -1e-4


@BOTH
@given(loss=st.floats(0.0, 0.3), more=st.floats(0.001, 0.1))
def test_capacity_falls_as_lithium_is_lost(chemistry, loss, more):
    zero, draws = np.zeros(1), Draws(0)
    less, least = (
        make_bank(chemistry, 100.0, Modes(np.full(1, lost), zero, zero, zero), draws)
        for lost in (loss, loss + more)
    )
    assert least.capacity_ah[0] < less.capacity_ah[0] <= 100.0 + 1e-9


@BOTH
def test_lost_hosts_cost_capacity_once_their_excess_is_used_up(chemistry):
    zero, lost, draws = np.zeros(1), np.full(1, 0.30), Draws(0)
    for modes in (Modes(zero, lost, zero, zero), Modes(zero, zero, lost, zero)):
        assert make_bank(chemistry, 100.0, modes, draws).capacity_ah[0] < 90.0


def test_modes_shift_the_curve_and_not_only_its_length():
    fresh, aged = fresh_bank(NMC, cells=1), aged_bank(NMC, 0.2, cells=1)
    share = 0.7
    shift = cells.open_circuit_v(aged, aged.empty_ah + share * aged.capacity_ah) - (
        cells.open_circuit_v(fresh, fresh.empty_ah + share * fresh.capacity_ah)
    )
    assert abs(shift[0]) > 0.005


def test_lfp_is_flat_between_its_knees_and_nmc_is_not():
    for chemistry, low, high in ((LFP, 0.0, 0.09), (NMC, 0.4, 1.0)):
        bank = fresh_bank(chemistry, cells=1)
        volts = [
            cells.open_circuit_v(bank, bank.empty_ah + soc * bank.capacity_ah)[0]
            for soc in (0.25, 0.9)
        ]
        assert low <= volts[1] - volts[0] <= high


def test_lfp_rests_higher_after_charge_than_after_discharge():
    bank = fresh_bank(LFP, cells=1)
    up = run(bank, run(bank, at(bank, 0.3), 50.0, 1440.0, 100), 0.0, 36000.0, 100)
    down = run(bank, run(bank, at(bank, 0.7), -50.0, 1440.0, 100), 0.0, 36000.0, 100)
    gap = (cells.relaxed_v(bank, up) - cells.relaxed_v(bank, down))[0]
    assert 0.012 < gap < 0.03


@BOTH
def test_charge_that_goes_in_is_charge_that_is_there(chemistry):
    bank = fresh_bank(chemistry)
    begin = at(bank, 0.2)
    end = run(bank, begin, 80.0, 1800.0, 900)
    counted = end.lithium_ah - begin.lithium_ah + bank.leak_a * 0.5
    assert counted == pytest.approx(40.0, rel=1e-9)


@BOTH
def test_electrical_energy_is_chemical_energy_plus_heat(chemistry):
    bank = fresh_bank(chemistry, cells=1)
    state, steps, seconds = at(bank, 0.2), 1800, 1.0
    current, coolant = np.full(1, 100.0), np.full(1, 25.0)
    electrical = chemical = heat = 0.0
    for _ in range(steps):
        electrical += cells.terminal_v(bank, state, current)[0] * 100.0 * seconds
        hysteresis = chemistry.hysteresis_v * state.branch[0]
        chemical += (cells.open_circuit_v(bank, state.lithium_ah)[0] + hysteresis) * 100.0
        heat += cells.ohmic_ohm(bank, state)[0] * 1e4
        heat += 100.0 * (state.fast_v + state.slow_v)[0]
        state = cells.step(bank, state, current, coolant, seconds)
    assert electrical == pytest.approx(chemical + heat, rel=1e-9)


@BOTH
def test_long_steps_agree_with_short_ones(chemistry):
    bank = aged_bank(chemistry, 0.1)
    short, long = (run(bank, at(bank, 0.3), 90.0, 1200.0, n) for n in (1200, 60))
    volts = [cells.terminal_v(bank, state, np.full(len(bank), 90.0)) for state in (short, long)]
    assert volts[1] == pytest.approx(volts[0], abs=2e-3)
    assert long.temperature_c == pytest.approx(short.temperature_c, abs=0.1)


def test_cold_and_empty_cells_resist_more():
    bank = fresh_bank(NMC)
    warm = cells.ohmic_ohm(bank, at(bank, 0.5))
    assert np.all(cells.ohmic_ohm(bank, at(bank, 0.5, 0.0)) > 1.8 * warm)
    assert np.all(cells.ohmic_ohm(bank, at(bank, 0.02)) > 1.4 * warm)


def test_cells_that_carry_current_warm_and_then_cool_to_the_coolant():
    bank = fresh_bank(NMC)
    hot = run(bank, at(bank, 0.2), 140.0, 1200.0, 600)
    assert np.all((hot.temperature_c > 30.0) & (hot.temperature_c < 50.0))
    cold = run(bank, hot, 0.0, 36000.0, 100)
    assert cold.temperature_c == pytest.approx(25.0, abs=0.1)


def test_spread_grows_with_age():
    draws = Draws(5)
    spreads = [
        np.std(make_bank(NMC, 100.0, draw_modes(96, loss, draws), draws).capacity_ah)
        for loss in (0.01, 0.2)
    ]
    assert spreads[1] > 2.0 * spreads[0]


def test_a_state_that_no_cell_can_have_is_refused_by_name():
    bank = fresh_bank(NMC)
    for state, word in (
        (at(bank, 1.9), "negative stoichiometry"),
        (at(bank, 0.5, 300.0), "temperature_c"),
    ):
        with pytest.raises(SimulationError, match=word) as caught:
            cells.check(bank, state, "SXA")
        assert caught.value.where == "SXA"


@pytest.mark.parametrize(("count", "rated_ah"), [(0, 100.0), (4, 0.0), (4, -3.0)])
def test_an_impossible_pack_is_refused(count, rated_ah):
    zero = np.zeros(count)
    with pytest.raises(SimulationError, match="cannot be"):
        make_bank(NMC, rated_ah, Modes(zero, zero, zero, zero), Draws(0))


def test_losses_that_leave_nothing_are_refused():
    zero, lost = np.zeros(1), np.full(1, 0.99)
    with pytest.raises(SimulationError, match="without capacity"):
        make_bank(NMC, 100.0, Modes(zero, lost, zero, zero), Draws(0))
