import hashlib

import numpy as np
import pytest

from packtrail.codes import Vin, read_label
from simulators.acts import Inserted, Removed, Scanned, Swapped
from simulators.charging import Demand, charge_currents
from simulators.fleet import make_vin
from simulators.labels import misread, scan_label
from simulators.models import MODELS
from simulators.slot import Stage
from tests.simulators.parts import station

HOUR = 600


@pytest.fixture(scope="module")
def hour():
    """A station after an hour, its acts and what was true after every tick."""
    place = station()
    acts, history = place.opening(), []
    for _ in range(HOUR):
        acts += place.advance(6.0)
        history.append({slot.name: (slot.stage, place.reading(slot)) for slot in place.slots})
    return place, acts, history


def test_no_pack_is_in_two_places_or_none():
    place = station()
    packs = len(place.fleet.packs.packs)
    for _ in range(200):
        place.advance(24.0)
        whereabouts = place.whereabouts()
        assert sorted(whereabouts) == list(range(packs))
        inside = [slot.pack for slot in place.slots if slot.pack is not None]
        outside = [vehicle.pack for vehicle in place.bay.vehicles] + place.container
        assert len(inside) + len(outside) == packs


def test_vehicles_swap_and_leave_with_a_fuller_pack(hour):
    _, acts, _ = hour
    swaps = [act for act in acts if isinstance(act, Swapped)]
    assert len(swaps) >= 4
    assert all(swap.slot_in != swap.slot_out for swap in swaps)
    assert len({swap.order for swap in swaps}) == len(swaps)


def test_a_pack_is_scanned_before_it_is_swapped_in(hour):
    _, acts, _ = hour
    scanned = set()
    for act in acts:
        if isinstance(act, Scanned):
            scanned.add(act.slot)
        elif isinstance(act, Swapped | Inserted):
            slot = act.slot_in if isinstance(act, Swapped) else act.slot
            assert slot in scanned
            scanned.discard(slot)


def test_acts_come_in_order_of_time(hour):
    _, acts, _ = hour
    times = [act.at_s for act in acts]
    assert times == sorted(times)


def test_the_blocked_pack_overheats_stops_and_is_taken_away(hour):
    place, acts, history = hour
    blocked = place.fleet.blocked
    hottest = max(
        (reading.temperature_c.max() for tick in history for _, reading in tick.values() if reading)
    )
    assert 59.5 <= hottest < 66.0
    removed = [act for act in acts if isinstance(act, Removed)]
    assert [act.pack for act in removed] == [blocked]
    assert place.whereabouts()[blocked] == "container"
    stopped = [tick["3"] for tick in history if tick["3"][0] is Stage.QUARANTINED]
    assert stopped
    assert all(abs(reading.pack_current_a) < 2.0 for _, reading in stopped[1:])


def test_the_disputed_label_is_misread_once_and_settled_later(hour):
    place, acts, _ = hour
    code = place.fleet.packs.packs[place.fleet.disputed].code
    scans = [act for act in acts if isinstance(act, Scanned)]
    order = next(scan for scan in scans if scan.label == code and scan.source == "order")
    scanner = next(
        scan
        for scan in scans
        if scan.source == "scanner" and scan.slot == order.slot and scan.at_s > order.at_s
    )
    handheld = next(scan for scan in scans if scan.source == "handheld" and scan.label == code)
    reading = read_label(scanner.label)
    assert reading.code is not None
    assert reading.code.text != code
    assert handheld.at_s > scanner.at_s


def test_the_unregistered_pack_arrives(hour):
    place, acts, _ = hour
    arrived = {act.pack_in for act in acts if isinstance(act, Swapped)}
    assert place.fleet.unregistered <= arrived


def test_packs_rest_before_and_after_their_charge(hour):
    _, _, history = hour
    stages = [tick["1"][0] for tick in history]
    begin = stages.index(Stage.CHARGING)
    end = stages.index(Stage.RESTING)
    assert set(stages[:begin]) == {Stage.SETTLING}
    assert set(stages[begin:end]) == {Stage.CHARGING}
    assert set(stages[end : end + 60]) == {Stage.RESTING}
    quiet = [tick["1"][1].pack_current_a for tick in history[: begin - 1]]
    assert np.abs(quiet).max() < 1.0


def test_charging_stays_within_the_grid_connection(hour):
    _, _, history = hour
    for tick in history:
        power = sum(r.pack_voltage_v * r.pack_current_a for _, r in tick.values() if r)
        assert power < 1.03 * 420e3


def test_no_cell_is_charged_beyond_its_limit(hour):
    _, _, history = hour
    for tick in history:
        for _, reading in tick.values():
            if reading is not None:
                assert reading.cell_voltage_v.max() < 4.21


def test_equal_seeds_give_equal_acts_and_readings_and_others_do_not():
    def digest(seed):
        place = station(seed)
        sha = hashlib.sha256(repr(place.opening()).encode())
        for _ in range(60):
            sha.update(repr(place.advance(24.0)).encode())
            for slot in place.slots:
                reading = place.reading(slot)
                sha.update(b"" if reading is None else reading.cell_voltage_v.tobytes())
        return sha.hexdigest()

    assert digest(3) == digest(3) != digest(4)


def test_a_small_connection_is_shared_in_proportion():
    demands = [Demand(n, MODELS[n], 1e4, 400.0) for n in (0, 1)]
    current = charge_currents(demands, np.full(3, 1e4), 50e3)
    assert current @ np.array([400.0, 400.0, 0.0]) == pytest.approx(50e3)
    assert current[0] / current[1] == pytest.approx(MODELS[0].rated_ah / MODELS[1].rated_ah)


def test_dirty_labels_can_all_be_cleaned():
    random = np.random.default_rng(1)
    code = "SXAPEN17K20A00C8V0077013"
    labels = {scan_label(code, 0.0, random) for _ in range(100)}
    assert len(labels) == 4
    assert all(str(read_label(label).code) == code for label in labels)


def test_a_misread_label_is_another_valid_code():
    random = np.random.default_rng(1)
    code = "SXAPEN17K20A00C8V0077013"
    for _ in range(50):
        wrong = read_label(misread(code, random))
        assert wrong.code is not None
        assert wrong.code.text != code


def test_vins_carry_a_fitting_check_digit():
    assert all(not Vin.parse(make_vin(number)).findings for number in range(60))
