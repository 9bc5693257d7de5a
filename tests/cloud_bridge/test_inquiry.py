"""The inquiry: planted faults are found, their culprits named, and the clean part is left alone."""

import random

import pytest

from benchmarks.cloud_bridge.planted_swaps import Region
from cloud_bridge.fold import Told
from cloud_bridge.inquiry import Fault, Position, inquire
from cloud_bridge.inquiry.travel import distance_km
from packtrail.event import ChargeRecorded, VehicleMode, VehicleRegistered
from tests.cloud_bridge.parts import CAR, HOUR, OTHER_CAR, PACK, SLOT, T0, event

CLEAN = {"lost": 0.0, "misread": 0.0, "copies": 0, "skewed": 0}


def planted(swaps=1500, seed=7, **faults):
    truth = Region(seed, vehicles=100, **{**CLEAN, **faults}).run(swaps)
    return truth, inquire(truth.told, truth.sites)


def test_a_region_without_faults_raises_no_alarm():
    truth, findings = planted()
    assert len(truth.told) > 5000
    assert findings == ()


def test_lost_reports_are_found_and_whoever_owes_them_is_named():
    truth, findings = planted(lost=0.02)
    times = {told.event_id: told.event.from_ns for told in truth.told}
    assert {one.fault for one in findings} == {Fault.LOST_REPORT}
    for site, subjects, t_ns in truth.lost:
        assert any(
            one.subject in subjects
            and min(times[e] for e in one.events) <= t_ns <= max(times[e] for e in one.events)
            and one.blame.endswith(site)
            for one in findings
        ), (site, subjects)
    assert len(findings) == len(truth.lost)


def test_a_misread_vehicle_is_named_by_its_own_report():
    truth, findings = planted(4000, misread=0.01)
    found = [one for one in findings if one.fault is Fault.WRONG_VEHICLE]
    right = [one for one in found if any(set(one.culprits) <= events for events in truth.misread)]
    assert len(truth.misread) >= 10
    assert len(right) == len(found) >= 0.95 * len(truth.misread)


def test_a_copied_code_is_found_once():
    truth, findings = planted(copies=1)
    (code,) = truth.copied
    assert [(one.fault, one.subject) for one in findings] == [(Fault.COPIED_CODE, code)]
    assert set(findings[0].culprits) & truth.copied[code]


def two_homes(charged_after_h):
    """A pack is put into two cars; the first car charges with it so many hours after."""
    bodies = [
        (0, VehicleRegistered(CAR, VehicleMode.FIXED, 1, (PACK,)), None, "works-1"),
        (100, VehicleRegistered(OTHER_CAR, VehicleMode.FIXED, 1, (PACK,)), None, "works-2"),
        (100 + charged_after_h, ChargeRecorded(SLOT, CAR), PACK, "station-1"),
    ]
    return [
        Told(f"{number}", event(body, unit=unit, author=author, t_ns=T0 + round(hours * HOUR)))
        for number, (hours, body, unit, author) in enumerate(bodies)
    ]


def test_a_pack_that_charges_in_its_first_vehicle_still_was_never_in_the_second():
    (finding,) = inquire(two_homes(24))
    assert (finding.fault, finding.blame) == (Fault.COPIED_CODE, "works-2")
    assert finding.events == ("0", "1", "2")


@pytest.mark.parametrize("hours", [-24, 0.1])
def test_a_charge_before_a_move_or_within_the_error_of_clocks_says_nothing(hours):
    assert [one.fault for one in inquire(two_homes(hours))] == [Fault.LOST_REPORT]


def test_the_rack_whose_clock_is_off_is_blamed_and_not_the_bay():
    truth, findings = planted(skewed=1)
    assert findings
    assert {(one.fault, one.blame) for one in findings} == {
        (Fault.CLOCK_OFF, author) for author in truth.skewed
    }


@pytest.mark.parametrize("seed", range(3))
def test_order_and_repetition_play_no_part(seed):
    truth, findings = planted(400, lost=0.03, misread=0.02, copies=1, skewed=1)
    shuffled = truth.told + truth.told[::7]
    random.Random(seed).shuffle(shuffled)
    assert inquire(shuffled, truth.sites) == findings


def test_distance_is_that_of_the_great_circle():
    shanghai, hangzhou = Position(31.2304, 121.4737), Position(30.2741, 120.1551)
    assert distance_km(shanghai, hangzhou) == pytest.approx(164.5, abs=1.5)


@pytest.mark.parametrize("fault", Fault)
def test_faults_are_said_in_both_languages(fault):
    assert fault.text.en != fault.text.zh
    assert fault.invariant.startswith("I")
