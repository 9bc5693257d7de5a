from dataclasses import fields, replace

import numpy as np
import pytest

from simulators import cells
from simulators.ageing import Modes, assemble, cooling_over_cells, draw_modes
from simulators.arithmetic import sum_of_rows
from simulators.cells import CellBank
from simulators.chemistry import LFP, NMC
from simulators.draws import Draws
from simulators.ensemble.block import BlockState, Limits, Parameters, refuse_unphysical
from simulators.ensemble.compiled import stepper
from simulators.ensemble.cycle import PHASES, speed_m_per_s
from simulators.ensemble.wear import Use, Wear, aged
from simulators.errors import SimulationError

BOTH = pytest.mark.parametrize("chemistry", [NMC, LFP], ids=lambda c: c.name)


def bank_of(chemistry, count, packs, loss=0.05):
    drawn = draw_modes(count * packs, loss, Draws(1))
    modes = Modes(*(getattr(drawn, f.name).reshape(count, packs) for f in fields(Modes)))
    rated = np.full((count, packs), 150.0)
    cooling = chemistry.cooling_w_per_k * rated * cooling_over_cells(count)[:, None]
    return assemble(chemistry, rated, modes, cooling, rated * 1e-5)


def started(bank, soc=0.5, seconds=1.0, temperature_c=20.0):
    packs = bank.rated_ah.shape[1]
    weight = np.ones(len(bank.rated_ah))
    limits = Limits(
        np.full(packs, bank.chemistry.full_v), np.full(packs, bank.chemistry.empty_v), bank.full_ah
    )
    state = BlockState.at_rest(bank, np.full(packs, soc), np.full(packs, temperature_c))
    return Parameters.of(bank, seconds, weight), state, limits


def demand(steps, packs):
    return 400.0 * (Draws(3).uniform(steps, packs) - 0.45)


@BOTH
@pytest.mark.parametrize(("count", "packs"), [(96, 16), (2, 40), (7, 1)])
def test_compiled_and_plain_steps_give_the_same_bits(chemistry, count, packs):
    bank = bank_of(chemistry, count, packs)
    parameters, state, limits = started(bank)
    coolant = np.full(packs, 18.0)
    states, traces = [state, state.copy()], []
    for one, compiled in zip(states, (False, True), strict=True):
        step = stepper(count, packs, compiled=compiled)
        traces.append(step.advance(parameters, one, limits, demand(300, packs), coolant))
    for name in (f.name for f in fields(BlockState)):
        assert getattr(states[0], name).tobytes() == getattr(states[1], name).tobytes(), name
    assert traces[0].pack_v.tobytes() == traces[1].pack_v.tobytes()
    assert traces[0].current_a.tobytes() == traces[1].current_a.tobytes()


@BOTH
def test_a_block_follows_the_plain_cells(chemistry):
    bank = bank_of(chemistry, 12, 3)
    parameters, state, limits = started(bank)
    trace = stepper(12, 3).advance(parameters, state, limits, demand(600, 3), np.full(3, 18.0))
    columns = {f.name: getattr(bank, f.name)[:, 1] for f in fields(CellBank)[1:]}
    plain = CellBank(chemistry, **columns)
    one = cells.at_rest(plain, np.full(12, 0.5), np.full(12, 20.0))
    for current, volts in zip(trace.current_a[:, 1], trace.pack_v[:, 1], strict=True):
        flow = np.full(12, current)
        assert cells.terminal_v(plain, one, flow).mean() == pytest.approx(volts / 12, abs=1e-4)
        one = cells.step(plain, one, flow, np.full(12, 18.0), 1.0)
    assert one.lithium_ah == pytest.approx(state.lithium_ah[:, 1], rel=1e-12)
    assert one.temperature_c == pytest.approx(state.temperature_c[:, 1], abs=1e-3)


@BOTH
def test_no_cell_leaves_its_limits_however_much_is_asked(chemistry):
    bank = bank_of(chemistry, 8, 4)
    parameters, state, limits = started(bank, soc=0.8)
    charge = np.full((3600, 4), 450.0)
    trace = stepper(8, 4).advance(parameters, state, limits, charge, np.full(4, 25.0))
    assert np.all(state.lithium_ah <= bank.full_ah + 1e-9)
    assert trace.current_a[-1].max() < 0.2 * 150.0
    trace = stepper(8, 4).advance(parameters, state, limits, -2.0 * charge, np.full(4, 25.0))
    assert trace.pack_v.min() > 8 * (chemistry.empty_v - 0.05)
    assert trace.current_a[-1].min() > -0.2 * 150.0


def test_lithium_comes_down_when_charged_fast_and_cold_and_not_when_warm():
    bank = bank_of(NMC, 4, 2, loss=0.01)
    plated = []
    for degrees in (-10.0, 25.0):
        parameters, state, limits = started(bank, soc=0.3, temperature_c=degrees)
        stepper(4, 2).advance(
            parameters, state, limits, np.full((1200, 2), 150.0), np.full(2, degrees)
        )
        plated.append(float(state.plated_ah.max()))
    assert plated[0] > 0.1
    assert plated[1] == 0.0


def test_a_state_that_no_cell_can_have_names_pack_cell_and_quantity():
    bank = bank_of(LFP, 5, 3)
    _, state, _ = started(bank)
    state.temperature_c[3, 2] = 400.0
    with pytest.raises(SimulationError, match="cell 4: temperature_c 400") as caught:
        refuse_unphysical(bank, state, ["a", "b", "c"])
    assert caught.value.where == "c"


def year_of(chemistry, temperature_c, soc, cycles):
    bank = bank_of(chemistry, 2, 1, loss=0.0)
    zero = np.zeros((2, 1))
    wear = Wear.begin(Modes(zero, zero, zero, zero))
    state = BlockState.at_rest(bank, np.full(1, soc), np.full(1, 25.0))
    volts = cells.open_circuit_v(bank, state.lithium_ah)
    for _ in range(52):
        use = Use(
            365 / 52, zero + temperature_c, zero + soc, volts,
            np.full(1, 0.6), np.full(1, cycles / 52), np.full(1, 0.3),
        )  # fmt: skip
        after = wear.after(bank, use, zero)
        bank, wear = aged(bank, wear, after, state), after
    return wear, bank


@BOTH
def test_heat_charge_and_cycling_age_and_the_curve_shifts(chemistry):
    mild, bank = year_of(chemistry, 25.0, 0.5, 0.0)
    assert year_of(chemistry, 40.0, 0.5, 0.0)[0].calendar.max() > 1.2 * mild.calendar.max()
    assert year_of(chemistry, 25.0, 0.95, 0.0)[0].calendar.max() > 1.1 * mild.calendar.max()
    cycled, worn = year_of(chemistry, 25.0, 0.5, 300.0)
    assert cycled.cyclic.max() > 0.01
    assert np.all(worn.positive_ah < bank.positive_ah)
    assert np.all(worn.capacity_ah < bank.capacity_ah)
    assert np.all(worn.resistance_scale > bank.resistance_scale)


def test_weekly_steps_reproduce_the_published_calendar_laws():
    lfp = year_of(LFP, 25.0, 0.5, 0.0)[0].calendar[0, 0]
    assert lfp == pytest.approx(1.2571e-5 * 0.60225 * np.sqrt(365 * 86400.0), rel=1e-3)
    wear, _ = year_of(NMC, 35.0, 0.5, 0.0)
    bank = bank_of(NMC, 2, 1, loss=0.0)
    volts = cells.open_circuit_v(bank, bank.empty_ah + 0.5 * bank.capacity_ah)[0, 0]
    rate = (7.543 * volts - 23.75) * 1e6 * np.exp(-6976.0 / 308.15)
    assert wear.calendar[0, 0] == pytest.approx(rate * 365.0**0.75, rel=1e-3)


def test_the_drive_has_the_statistics_of_its_class():
    speed = speed_m_per_s()
    assert len(speed) == 1800
    assert speed.sum() == pytest.approx(23_266, abs=15)
    assert speed.max() * 3.6 == pytest.approx(131.3, abs=0.1)
    assert 0.11 < np.mean(speed < 0.3) < 0.15
    assert np.abs(np.diff(speed)).max() < 2.0
    begin = 0
    for phase in PHASES:
        part = speed[begin : begin + phase.seconds]
        assert part.max() * 3.6 == pytest.approx(phase.top_kmh, abs=0.1)
        begin += phase.seconds


@pytest.mark.parametrize("shape", [(1440, 1), (1440, 2), (3, 5)])
def test_rows_are_added_in_order(shape):
    rows = Draws(9).normal(*shape)
    total = [0.0] * shape[1]
    for row in rows.tolist():
        total = [a + b for a, b in zip(total, row, strict=True)]
    assert sum_of_rows(rows).tolist() == total


def test_parameters_follow_the_bank():
    bank = bank_of(NMC, 2, 2)
    doubled = Parameters.of(
        replace(bank, resistance_scale=2.0 * bank.resistance_scale), 60.0, np.ones(2)
    )
    assert np.all(doubled.scale == 2.0 * Parameters.of(bank, 60.0, np.ones(2)).scale)
