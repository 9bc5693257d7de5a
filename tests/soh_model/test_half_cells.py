"""Published half-cell fits and the balance made of them."""

import numpy as np
import pytest

from soh_model import HalfCell, ModelError, PackSpec
from soh_model.chemistry import GENERIC, aged_to, fresh_cell
from soh_model.half_cells import MATERIALS, Table, tabulated


def generic(chemistry):
    return fresh_cell(PackSpec(chemistry=chemistry, rated_ah=50.0, cells_in_series=1))


@pytest.mark.parametrize("material", sorted(MATERIALS))
def test_every_half_cell_curve_falls_as_lithium_enters(material):
    table = Table.of(tabulated(material))
    volts = table.at(np.linspace(table.low, table.high, 300))
    assert np.all(np.diff(volts) < 2e-3)
    assert volts[0] > volts[-1]


@pytest.mark.parametrize("chemistry", sorted(GENERIC))
def test_every_generic_cell_spans_its_limits_with_capacity_one(chemistry):
    cell = generic(chemistry)
    assert cell.electrodes.capacity() == pytest.approx(1.0, abs=0.003)
    assert cell.ocv_v[[0, -1]] == pytest.approx(cell.limits_v, abs=0.03)
    assert np.all(np.diff(cell.ocv_v) > -1e-6)


@pytest.mark.parametrize(
    ("chemistry", "at_half_v"),
    [("NMC", 3.72), ("NMC811", 3.75), ("LFP", 3.28), ("NCA", 3.68), ("LCO", 3.83)],
)
def test_generic_curves_are_where_the_literature_has_them(chemistry, at_half_v):
    cell = generic(chemistry)
    assert np.interp(0.5, cell.soc, cell.ocv_v) == pytest.approx(at_half_v, abs=0.04)


@pytest.mark.parametrize("soh", [0.6, 0.8, 0.95])
def test_ageing_along_the_path_arrives_at_the_soh_asked_for(soh):
    assert aged_to(generic("NMC").electrodes, soh).capacity() == pytest.approx(soh, abs=1e-3)


def test_losses_never_add_capacity():
    cell = generic("LFP").electrodes
    for lli, neg, pos in np.random.default_rng(1).uniform(0, 0.3, (40, 3)):
        assert cell.aged(lli, neg, pos).capacity() <= cell.capacity() + 0.02


def test_a_ragged_or_unsorted_curve_is_refused():
    with pytest.raises(ModelError):
        HalfCell((0.0, 0.1), (4.0, 3.9))
    with pytest.raises(ModelError):
        HalfCell((0.0, 0.2, 0.1, 0.3, 0.4), (4.0, 3.9, 3.8, 3.7, 3.6))
