from itertools import pairwise

import numpy as np
import pytest

from simulators.errors import SimulationError
from simulators.models import MODELS
from simulators.pack import Pack, Packs


def three_packs():
    return [Pack.draw(f"P{n}", MODELS[n], 0.05 * n, n) for n in range(3)]


def test_packs_of_both_chemistries_step_side_by_side_as_they_would_alone():
    packs = three_packs()
    together = Packs(packs, [0.3, 0.4, 0.5], [25.0] * 3)
    current, coolant = np.array([90.0, -40.0, 100.0]), np.full(3, 25.0)
    for _ in range(50):
        together.step(current, coolant, 10.0)
    for number, pack in enumerate(packs):
        alone = Packs([pack], [(0.3, 0.4, 0.5)[number]], [25.0])
        for _ in range(50):
            alone.step(current[[number]], coolant[[0]], 10.0)
        ours, theirs = together.observe(current)[number], alone.observe(current[[number]])[0]
        assert np.array_equal(ours.cell_v, theirs.cell_v)
        assert np.array_equal(ours.cell_c, theirs.cell_c)


def test_the_regulated_current_brings_the_highest_cell_to_the_limit():
    packs = Packs(three_packs(), [0.9, 0.9, 0.9], [25.0] * 3)
    limits = np.array([4.2, 4.2, 3.65])
    regulated = packs.voltage_current(limits)
    highest = [truth.cell_v.max() for truth in packs.observe(regulated)]
    assert highest == pytest.approx(limits, abs=1e-9)


def test_true_soh_follows_from_the_modes():
    young, old = Pack.draw("A", MODELS[0], 0.02, 1), Pack.draw("A", MODELS[0], 0.2, 1)
    assert 0.95 < young.true_soh < 1.0
    assert 0.70 < old.true_soh < 0.80
    assert old.true_soh_weakest < old.true_soh


def test_the_true_capacity_is_what_a_slow_discharge_gives():
    pack = Pack.draw("A", MODELS[0], 0.1, 1)
    packs = Packs([pack], [1.0], [25.0])
    current = np.array([-pack.model.rated_ah / 100.0])
    taken_ah = 0.0
    weakest = int(np.argmin(pack.bank.capacity_ah))
    while packs.observe(current)[0].cell_v[weakest] > pack.model.chemistry.empty_v:
        packs.step(current, np.full(1, 25.0), 120.0)
        taken_ah -= current[0] * 120.0 / 3600.0
    assert taken_ah == pytest.approx(pack.bank.capacity_ah[weakest], rel=0.01)


def test_a_blocked_channel_heats_its_cells_more_than_the_others():
    pack = Pack.draw("A", MODELS[0], 0.1, 1).with_blocked_cooling(48)
    packs = Packs([pack], [0.2], [25.0])
    for _ in range(60):
        packs.step(np.array([200.0]), np.full(1, 25.0), 10.0)
    warmth = packs.observe(np.array([200.0]))[0].cell_c
    assert warmth.argmax() == 48
    assert warmth.max() > np.median(warmth) + 5.0


def test_blocking_a_channel_leaves_the_first_pack_as_it_was():
    pack = Pack.draw("A", MODELS[0], 0.1, 1)
    before = pack.bank.cooling_w_per_k.copy()
    pack.with_blocked_cooling(48)
    assert np.array_equal(pack.bank.cooling_w_per_k, before)


def test_a_pack_that_leaves_its_bounds_is_named():
    packs = Packs(three_packs(), [0.5] * 3, [25.0] * 3)
    packs.step(np.array([0.0, 5000.0, 0.0]), np.full(3, 25.0), 3600.0)
    with pytest.raises(SimulationError) as caught:
        packs.check()
    assert caught.value.where == "P1"


def test_lists_that_do_not_match_are_refused():
    with pytest.raises(SimulationError):
        Packs(three_packs(), [0.5], [25.0])


def test_data_sheets_rise_and_are_rounded():
    for model in MODELS:
        soc, volts = model.data_sheet_ocv()
        assert soc[0] == 0.0
        assert soc[-1] == 1.0
        assert all(b >= a for a, b in pairwise(volts))
        assert volts[-1] == pytest.approx(model.chemistry.full_v, abs=1e-3)
