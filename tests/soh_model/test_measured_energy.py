"""State of certified energy against the energy that real cells gave; needs the reference data."""

import numpy as np
import pytest

from benchmarks.soh_accuracy.bench_soce import cycles_of, from_capacity
from soh_model import CellTypeModel, PackSpec, estimate

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def cycles(real_data):
    return cycles_of(real_data / "soh", "calb_nmc58")


def test_from_a_known_capacity_energy_misses_by_what_a_makers_curve_is_unknown(cycles):
    rows = np.array(from_capacity(cycles, "calb_nmc58"))
    error = 100 * (rows[:, 0] - rows[:, 3])
    assert len(rows) > 300
    assert np.abs(error).mean() < 4
    assert np.mean((rows[:, 1] <= rows[:, 3]) & (rows[:, 3] <= rows[:, 2])) > 0.7


def test_a_learned_capacity_brings_its_energy_along(cycles):
    units = sorted({c.cell for c in cycles if c.cell.startswith("CALB_35")})
    known = [c for c in cycles if c.cell in units[:4] and c.charge is not None][::14]
    left_out = next(c for c in cycles if c.cell == units[4] and c.charge is not None)
    energy = {"certified_energy_kwh": 0.2173}
    spec = PackSpec(chemistry="NMC", rated_ah=58.0, cells_in_series=1, **energy)
    model = CellTypeModel.fit(
        [(c.charge, c.capacity_ah) for c in known], spec, units=[c.cell for c in known]
    )
    answer = estimate(left_out.charge, spec, model)
    assert answer.soce.low < left_out.energy_wh / 217.3 < answer.soce.high
    assert answer.certified_kwh == 0.2173
    assert answer.usable_kwh.low < left_out.energy_wh / 1000 < answer.usable_kwh.high
