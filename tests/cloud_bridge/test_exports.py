"""Passports: every data point is filled from evidence, and nothing is invented."""

from __future__ import annotations

import json

import msgspec
import pytest

from cloud_bridge.exports import POINTS, Missing, Source
from packtrail.estimate import Interval
from packtrail.event import ConditionCommitted
from packtrail.record import Kind
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.exporting import passport, told, written
from tests.cloud_bridge.test_fold import estimate

__all__ = ["told"]


def test_the_table_holds_every_data_point_of_the_guidance_that_is_to_be_filled():
    numbers = {number for point in POINTS.values() for number in point.ec}
    # 16 is told by 12, 13 and 15.
    assert numbers == set(range(1, 72)) - {16}
    assert all(point.en and point.zh and point.en != point.zh for point in POINTS.values())
    dynamic = {number for point in POINTS.values() if point.dynamic for number in point.ec}
    assert dynamic == set(range(51, 72))


def test_every_dynamic_point_of_an_electric_vehicle_is_filled_without_typing(told):
    found = passport(told)
    wanted = {key for key, point in POINTS.items() if point.dynamic and point.applies("ev")}
    assert wanted - set(found.data) == set()
    assert set(found.missing.values()) == {Missing.NOT_APPLICABLE}
    for key in wanted:
        datum = found.data[key]
        assert datum.as_of, key
        assert datum.source is not Source.STATED, key
        assert datum.unit == POINTS[key].unit or key == "negative_events", key
    capacity = found.data["remaining_capacity_ah"]
    assert capacity.source is Source.COMPUTED
    assert capacity.low < capacity.value < capacity.high
    assert capacity.method == "counting/1"


def test_figures_are_those_of_the_evidence(told):
    data = {key: datum.value for key, datum in passport(told).data.items()}
    # 6 days of 278 Ah, and 2 h at 130 A for three quarters of the time.
    ride_ah = 2 * 130 * 0.75
    assert data["capacity_throughput_ah"] == pytest.approx(6 * 278 + ride_ah, rel=0.01)
    assert data["full_cycles"] == pytest.approx(data["capacity_throughput_ah"] / 300, abs=1e-3)
    assert data["resistance_now_ohm"] == pytest.approx(0.1, rel=0.02)
    assert data["resistance_increase_pct"] == pytest.approx(100 * (0.1 / 0.09 - 1), abs=2.5)
    assert data["soce_pct"] == pytest.approx(
        100 * data["remaining_capacity_ah"] * 345.6 / 1000 / 50, abs=0.01
    )
    assert data["deep_discharges"] == 1
    assert data["overcharges"] == 0
    assert data["status"] == "original"
    # 3 of 20 h a day are at or below 0 degC by the counters.
    assert data["temperature_minutes"]["below"] == pytest.approx(6 * 2 * 60, abs=1)
    assert data["efficiency_now_pct"] < 100


def test_what_nobody_said_is_missing_with_its_reason(desk):
    desk.submit(parts.registered().signed)
    found = passport(desk)
    assert found.missing["manufacturer"] is Missing.NOT_STATED
    assert found.missing["remaining_capacity_ah"] is Missing.NOT_ENOUGH_DATA
    assert found.missing["self_discharge_now_pct_month"] is Missing.NOT_APPLICABLE
    assert set(found.data).isdisjoint(found.missing)
    assert set(found.data) | set(found.missing) == set(POINTS)
    document = json.loads(written(desk, "batterypass"))
    assert "manufacturerInformation" not in document["generalProductInformation"]
    reasons = {one["target"]: one["reason"] for one in document["notFilled"]}
    name = "generalProductInformation.manufacturerInformation.contactName"
    assert reasons[name] == "not_stated"


def test_a_reference_that_is_missing_is_said_to_be(desk):
    desk.submit(passport_story.registered())
    desk.receive(*passport_story.life(parts.PlayedGateway()))
    found = passport(desk)
    assert "resistance_now_ohm" in found.data
    assert found.missing["resistance_increase_pct"] is Missing.NO_REFERENCE


def committed(soce=None, **more):
    told_so = msgspec.structs.replace(estimate(0.9), soce=soce, **more)
    return ConditionCommitted(told_so)


def test_the_estimators_own_state_of_certified_energy_goes_before(desk):
    desk.submit(passport_story.registered())
    gateway = parts.PlayedGateway()
    soce = Interval(0.871, 0.84, 0.9)
    desk.receive(gateway.tell(committed(soce, certified_kwh=50.0), kind=Kind.HEALTH))
    found = passport(desk).data["soce_pct"]
    assert (found.value, found.low, found.high) == (87.1, 84.0, 90.0)
    assert "UN GTR 22" in found.note


def test_a_rating_is_no_certificate(desk):
    body = msgspec.structs.replace(parts.REGISTRATION, energy_kwh=51.84)
    desk.submit(passport_story.told(body, 1))
    desk.receive(parts.PlayedGateway().tell(committed(), kind=Kind.HEALTH))
    found = passport(desk)
    assert "remaining_energy_kwh" in found.data
    assert found.missing["soce_pct"] is Missing.NO_REFERENCE


def test_a_stranger_may_not_write_the_sheet_of_a_model(told):
    before = passport(told).data["manufacturer"]
    assert before.value["name"] == "Maker Co."
    assert before.events
    body = msgspec.structs.replace(passport_story.SHEET, mass_kg=1.0)
    answer = told.submit(
        passport_story.told(body, 1, unit=None, key=parts.STATION, author="station-1")
    )
    assert answer.status_code == 422
    assert passport(told).data["mass_kg"].value == 362.0
