"""Usable energy, the state of certified energy, the modes, and answers of earlier versions."""

import msgspec
import numpy as np
import pytest

from packtrail.errors import SettingsError
from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.sample import SampleBatch
from soh_model import HalfCell, HalfCellPair, OcvCurve, PackSpec, estimate
from soh_model.energy import with_soh
from soh_model.evidence import digest
from tests.soh_model.invented import fresh, half_cells, session

LOSSES = (0.12, 0.06, 0.05)


def spec_of(cell, **more):
    negative, positive, x, y = half_cells(cell)
    return PackSpec(
        chemistry=cell.kind,
        rated_ah=100.0,
        cells_in_series=12,
        cell_voltage_min_v=cell.limits[0],
        cell_voltage_max_v=cell.limits[1],
        half_cells=HalfCellPair(HalfCell(*negative), HalfCell(*positive), x, y),
        fresh_resistance_ohm=0.0006,
        **more,
    )


def energy_kwh(cell):
    """Of twelve such cells of 100 Ah, between their limits, without current."""
    return 1.2 * cell.capacity * float(np.mean(cell.ocv(np.linspace(0, 1, 500))))


@pytest.fixture(scope="module")
def pack():
    """A fresh cell, an aged one and a session of the latter."""
    new = fresh()
    aged = new.aged(*LOSSES)
    batch = session(aged, np.random.default_rng(7), start=0.1, stop=0.9, c_rate=0.33)
    return new, aged, batch


def test_state_of_certified_energy_holds_the_truth(pack):
    new, aged, batch = pack
    answer = estimate(batch, spec_of(new, certified_energy_kwh=energy_kwh(new)))
    truth = energy_kwh(aged) / energy_kwh(new)
    assert answer.soce.low < truth < answer.soce.high
    assert answer.soce.value == pytest.approx(truth, abs=0.03)
    assert answer.usable_kwh.value == pytest.approx(energy_kwh(aged), rel=0.05)
    assert answer.certified_kwh == pytest.approx(energy_kwh(new))


def test_what_a_maker_keeps_back_does_not_flatter(pack):
    new, _, batch = pack
    whole, kept = (
        estimate(batch, spec_of(new, certified_energy_kwh=share * energy_kwh(new)))
        for share in (1.0, 0.92)
    )
    assert kept.soce.value == pytest.approx(whole.soce.value, abs=0.03)


def test_without_a_certificate_there_is_no_state_of_certified_energy(pack):
    new, _, batch = pack
    answer = estimate(batch, spec_of(new))
    assert answer.soce is None
    assert answer.usable_kwh is not None


def test_counting_alone_lowers_the_bound_for_the_cells_it_did_not_see():
    bare = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12, certified_energy_kwh=4.3)
    answer = estimate(session(fresh(), np.random.default_rng(3), start=0.1, stop=0.9), bare)
    above, below = answer.soce.high - answer.soce.value, answer.soce.value - answer.soce.low
    assert below > 0
    assert answer.soce.width > answer.soh.width * 0.95
    assert below**2 - above**2 > 0


def test_watt_hours_for_kilowatt_hours_are_refused():
    with pytest.raises(SettingsError, match="is it in Wh"):
        PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12, certified_energy_kwh=4300.0)


def test_modes_hold_the_losses(pack):
    new, _, batch = pack
    modes = estimate(batch, spec_of(new)).modes
    lost = new.slip * new.q_pos + new.q_neg
    truths = (LOSSES[0] / lost, LOSSES[1], LOSSES[2])
    for found, truth in zip((modes.lithium, modes.negative, modes.positive), truths, strict=True):
        assert found.low < truth < found.high


def test_another_soh_takes_its_energy_along():
    answer = Estimate(
        verdict=Verdict.TOLD,
        soh=Interval(0.8, 0.78, 0.82),
        soce=Interval(0.76, 0.7, 0.82),
        rated_ah=100.0,
        method="test/1",
    )
    moved = with_soh(answer, Interval(0.88, 0.87, 0.89))
    assert moved.soce.value == pytest.approx(0.836)
    assert moved.capacity_ah.value == pytest.approx(88.0)


def test_a_digest_of_before_certified_energy_can_be_made_again():
    batch = SampleBatch.from_arrays(
        t_s=[0, 1, 2], pack_current_a=[1.0, 2.0, 3.0], pack_voltage_v=[4.0, 5.0, 6.0]
    )
    plain = PackSpec(chemistry="NMC", rated_ah=100.0, cells_in_series=12)
    curve = OcvCurve((0, 0.25, 0.5, 0.75, 1), (3, 3.1, 3.2, 3.3, 3.4))
    with_curve = PackSpec(
        chemistry="LFP", rated_ah=np.float64(100.0), cells_in_series=12, ocv=curve
    )
    assert digest(batch, plain)[:16] == "34c94ff0ea57cea2"
    assert digest(batch, with_curve)[:16] == "cbdcdaf5f48a9195"
    certified = msgspec.structs.replace(plain, certified_energy_kwh=4.3)
    assert digest(batch, certified) != digest(batch, plain)


def test_an_estimate_of_an_earlier_version_is_read():
    old = (
        b'{"verdict":"told","soh":{"value":0.9,"low":0.88,"high":0.92},"rated_ah":100.0,'
        b'"method":"counting/1","reasons":["gaps"],"advice":"none"}'
    )
    answer = msgspec.json.decode(old, type=Estimate)
    assert (answer.modes, answer.soce, answer.sensors) == (None, None, None)
