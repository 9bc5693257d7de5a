"""Sessions of one pack whose files number the cells differently."""

import msgspec
import numpy as np
import pytest

from packtrail.sample import SampleBatch
from soh_model.cell_order import Match, Order, matched
from soh_model.cell_outliers import CellOutliers, cell_figures
from soh_model.lifetime import lifetime
from soh_model.pack_spec import PackSpec
from soh_model.telling import describe_lifetime
from tests.soh_model.invented import fresh, session

SPEC = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
DAY_NS = 86_400 * 10**9
RESISTANT = 4


def pack(seed):
    """Twelve cells that differ as cells do: 4 % in resistance, 3 mV at rest, one of 1.6 times."""
    rng = np.random.default_rng(seed)
    ohm = rng.normal(0.0, 0.04, 12)
    ohm[RESISTANT] = 0.6
    return 0.0008 * ohm, rng.normal(0.0, 0.003, 12)


def day(cells, number, order=None, *, start=0.2, stop=0.85):
    """One day of the pack: a rest, a charge with steps, a rest; columns in the given order."""
    ohm, off = cells
    rng = np.random.default_rng(100 + number)
    batch = session(fresh(), rng, start=start, stop=stop, step_s=10.0, ohm=0.0008)
    current = batch.values["pack_current_a"] + 20.0 * (np.arange(len(batch)) % 12 < 6) * (
        batch.values["pack_current_a"] > 10
    )
    extra = current - batch.values["pack_current_a"]
    table = batch.values["cell_voltage_v"] + 0.0008 * extra[:, None]
    table = table + current[:, None] * ohm + off
    table = table if order is None else table[:, order]
    values = {**batch.values, "pack_current_a": current, "cell_voltage_v": table}
    return SampleBatch(batch.t_ns + number * DAY_NS, values)


def signature(batch):
    return cell_figures(batch, SPEC).signature


@pytest.mark.parametrize("seed", range(4))
def test_cells_in_their_places_stay_there_at_another_charge(seed):
    cells = pack(seed)
    match = matched(signature(day(cells, 0)), signature(day(cells, 1, start=0.4, stop=0.7)))
    assert match == Match(Order.SAME)


@pytest.mark.parametrize("seed", range(4))
def test_two_halves_that_changed_places_are_followed_where_that_is_certain(seed):
    cells, order = pack(seed), [*range(6, 12), *range(6)]
    match = matched(signature(day(cells, 0)), signature(day(cells, 1, order)))
    assert match.order is Order.MOVED
    assert match.followed(RESISTANT) == RESISTANT + 6
    assert all(place in (None, order.index(cell)) for cell, place in enumerate(match.places))


def test_a_cell_that_lost_charge_in_its_place_keeps_its_number():
    ohm, off = pack(2)
    sunk = off.copy()
    sunk[7] -= 0.05
    assert matched(signature(day((ohm, off), 0)), signature(day((ohm, sunk), 1))) == Match(
        Order.SAME
    )


def test_cells_that_are_all_alike_are_not_said_to_be_checked():
    alike = np.zeros(12), np.zeros(12)
    assert matched(signature(day(alike, 0)), signature(day(alike, 1))).order is Order.UNKNOWN


def test_a_marked_cell_is_followed_to_its_new_number():
    ohm, off = np.arange(12) * 0.00008, np.tile([-0.006, 0.006], 6)
    cells = (ohm, off)
    order = list(reversed(range(12)))
    match = matched(signature(day(cells, 0)), signature(day(cells, 1, order)))
    assert match.order is Order.MOVED
    assert match.followed(11) == 0
    assert match.followed(None) is None


def test_another_number_of_cells_or_a_repaired_pack_cannot_be_followed():
    older = signature(day(pack(1), 0))
    ohm, off = pack(9)
    ohm[RESISTANT] = 0.0
    assert matched(older, signature(day((ohm, off), 1))).followed(RESISTANT) is None
    fewer = signature(day(pack(1), 1, list(range(10))))
    assert matched(older, fewer) == Match(Order.UNCLEAR)
    assert Match(Order.UNCLEAR).followed(3) is None


def test_nothing_to_compare_is_unknown():
    assert matched(None, signature(day(pack(1), 0))).order is Order.UNKNOWN


def test_a_life_names_its_cells_as_the_last_session_does_and_says_so():
    ohm, off = np.arange(12) * 0.00008, np.tile([-0.006, 0.006], 6)
    order = list(reversed(range(12)))
    days = [day((ohm, off), 0), day((ohm, off), 1), day((ohm, off), 2, order)]
    found = lifetime(days, SPEC)
    assert msgspec.to_builtins(found.cell_order) == {"realigned": 1, "unclear": 0, "unchecked": 0}
    assert found.outliers.resistant_cell == 0
    assert "numbered otherwise 1 times" in "\n".join(describe_lifetime(found, "en"))
    assert "已重新对应" in "\n".join(describe_lifetime(found, "zh"))


def test_what_is_known_of_lost_cells_stays_without_their_numbers():
    worst = CellOutliers(leaking_cell=3, resistant_cell=5)
    assert worst.renumbered(Match(Order.UNCLEAR)) == CellOutliers()
    assert worst.renumbered(Match(Order.SAME)) == worst
