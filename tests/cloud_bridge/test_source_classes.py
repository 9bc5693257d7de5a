"""Each dynamic data point says what kind of evidence it is, and whose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cloud_bridge.exports import POINTS, Missing, Source
from cloud_bridge.exports.datum import Origin
from cloud_bridge.exports.formats import read_document
from cloud_bridge.exports.points import CATEGORIES
from packtrail import event as e
from packtrail.estimate import Interval
from packtrail.ocpp import SOURCE
from packtrail.times import format_time
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.exporting import passport, told, written
from tests.cloud_bridge.test_appraisal_measured import TRUSTED

__all__ = ["told"]

DOCS = Path(__file__).parents[2] / "docs" / "reference"
PLATFORM = parts.PlayedGateway("platform-1", parts.STRANGER, "ffeeddccbbaa0011")
STATION = {"author": "ocpp-S1", "stream": "swaps", "key": parts.STRANGER}


def trusted(desk, party, role):
    desk.authority.publish_trust(
        [*TRUSTED, e.KeyRegistered(parts.STRANGER.public.text, party, role)]
    )


def swapped(desk, *, t_ns, soc, soh, counter=1):
    """A station's word on a pack that came in."""
    reading = e.Reading(SOURCE, parts.CODE, format_time(t_ns), "00")
    body = e.PackInstalled(
        place=parts.SLOT, reason="swap", soc_pct=soc, soh=soh, readings=(reading,)
    )
    said = parts.signed(body, t_ns=t_ns, counter=counter, **STATION)
    assert desk.submit(said).json()["outcomes"][0]["outcome"] == "recorded"


def test_what_a_gateway_read_is_its_own_and_what_the_bms_says_is_a_claim(told):
    data = passport(told).data
    charge, warmth = data["soc_pct"], data["temperature_c"]
    assert (charge.source, charge.origins) == (Source.CLAIMED, (Origin.GATEWAY,))
    assert charge.method == "BMS, read by a gateway"
    assert (warmth.source, warmth.origins) == (Source.MEASURED, (Origin.GATEWAY,))
    for key, datum in data.items():
        if POINTS[key].dynamic and datum.source in (Source.COMPUTED, Source.MEASURED):
            assert datum.origins == (Origin.GATEWAY,), key
    assert data["status"].source is Source.LEDGER


def test_a_vehicle_platforms_telemetry_is_told_apart(desk):
    trusted(desk, "platform-1", "feed")
    desk.submit(passport_story.registered())
    gateway = parts.PlayedGateway()
    desk.receive(gateway.telemetry(parts.samples(60, parts.T0)))
    alone = passport(desk).data
    assert alone["capacity_throughput_ah"].origins == (Origin.GATEWAY,)
    later = parts.samples(60, parts.T0 + parts.HOUR, soc_pct=40.0)
    desk.receive(replace(PLATFORM).telemetry(later))
    both = passport(desk).data
    assert both["soc_pct"].value == pytest.approx(40.59)
    assert both["soc_pct"].origins == (Origin.VEHICLE_PLATFORM,)
    assert "GB/T 32960" in both["soc_pct"].method
    assert both["temperature_c"].origins == (Origin.VEHICLE_PLATFORM,)
    assert both["capacity_throughput_ah"].origins == (Origin.GATEWAY, Origin.VEHICLE_PLATFORM)
    assert Origin.VEHICLE_PLATFORM.text.zh == "车辆平台（GB/T 32960）"


def test_what_only_a_swap_station_said_fills_the_points_and_says_so(desk):
    trusted(desk, "ocpp-S1", "gateway")
    desk.submit(passport_story.registered())
    swapped(desk, t_ns=parts.T0, soc=63.0, soh=0.88)
    found = passport(desk).data
    charge, capacity = found["soc_pct"], found["remaining_capacity_ah"]
    assert (charge.value, charge.source) == (63.0, Source.CLAIMED)
    assert charge.origins == capacity.origins == (Origin.SWAP_STATION,)
    assert "OCPP" in charge.method
    assert capacity.value == pytest.approx(0.88 * 150)
    assert (capacity.source, capacity.low) == (Source.CLAIMED, None)
    assert "nobody has checked it" in capacity.note
    assert found["capacity_fade_pct"].source is Source.CLAIMED


def test_the_newest_word_counts_and_an_estimate_goes_before_any_claim(desk):
    trusted(desk, "ocpp-S1", "gateway")
    desk.submit(passport_story.registered())
    swapped(desk, t_ns=parts.T0, soc=63.0, soh=0.70)
    desk.receive(parts.PlayedGateway().telemetry(parts.samples(60, parts.T0 - parts.HOUR)))
    assert passport(desk).data["soc_pct"].origins == (Origin.SWAP_STATION,)
    gateway = parts.PlayedGateway(epoch="ffeeddccbbaa0022")
    desk.receive(gateway.telemetry(parts.samples(60, parts.T0 + parts.HOUR)))
    assert passport(desk).data["soc_pct"].origins == (Origin.GATEWAY,)
    desk.receive(gateway.tell(e.ConditionCommitted(passport_story.estimate(0.9))))
    capacity = passport(desk).data["remaining_capacity_ah"]
    assert (capacity.source, capacity.origins) == (Source.COMPUTED, (Origin.GATEWAY,))


def test_a_laboratorys_bench_test_is_told_as_one(desk):
    trusted(desk, "lab-1", "laboratory")
    desk.submit(passport_story.registered())
    bench = e.InspectionRecorded("GB/T 34015", capacity_ah=131.0, resistance_mohm=50.0)
    desk.submit(parts.signed(bench, author="lab-1", stream="b", key=parts.STRANGER))
    data = passport(desk).data
    for key in ("remaining_capacity_ah", "capacity_fade_pct", "resistance_now_ohm"):
        assert (data[key].source, data[key].origins) == (
            Source.BENCH_TESTED,
            (Origin.LABORATORY,),
        ), key


@pytest.mark.parametrize("name", ["batterypass", "batterypass-ready", "catenax", "idta"])
def test_a_document_tells_where_its_values_come_from_and_it_comes_back(told, name):
    ours = passport(told).data
    read = read_document(written(told, name)).data
    shared = [key for key in read if POINTS[key].dynamic]
    assert len(shared) >= 15
    for key in shared:
        mine, theirs = ours[key], read[key]
        assert theirs.source is Source.CLAIMED
        for field in ("method", "low", "high", "from_time", "note", "origins", "as_of"):
            assert getattr(theirs, field) == getattr(mine, field), (key, field)


def test_evidence_that_is_none_is_passed_over(told):
    document = json.loads(written(told, "catenax"))
    sound = {"point": "soc_pct", "source": "claimed", "method": "theirs"}
    document["evidence"] = [
        7,
        {"point": "x"},
        {**sound, "low": "a"},
        {**sound, "origins": ["moon"]},
    ]
    assert read_document(json.dumps(document).encode()).data["soc_pct"].method == ""
    document["evidence"].append(sound)
    assert read_document(json.dumps(document).encode()).data["soc_pct"].method == "theirs"
    document["evidence"] = "none"
    assert read_document(json.dumps(document).encode()).data["soc_pct"].method == ""


def test_a_reader_without_an_interest_learns_nothing_from_the_evidence(told):
    answer = told.get(f"/api/v1/packs/{parts.CODE}/export/catenax")
    assert answer.json()["evidence"] == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_point_has_a_value_or_a_reason_and_what_does_not_apply_says_why(desk, category):
    desk.submit(passport_story.registered(category=category))
    found = passport(desk)
    assert set(found.data) | set(found.missing) == set(POINTS)
    inapplicable = {k for k, v in found.missing.items() if v is Missing.NOT_APPLICABLE}
    assert inapplicable == {k for k in found.missing if not POINTS[k].applies(category)}
    for key in inapplicable:
        assert POINTS[key].why_en, key
        assert POINTS[key].why_zh, key
    document = json.loads(written(desk, "batterypass"))
    told = {one["point"]: one for one in document["notFilled"]}
    if category in ("ev", "industrial"):
        one = told["self_discharge_evolution_pct"]
        assert one["reason"] == "not_applicable"
        assert "Annex VII" in one["why"]
    assert ("soce_pct" in inapplicable) is (category != "ev")


def test_certified_energy_is_not_shown_where_the_law_does_not_ask_for_it(desk):
    desk.submit(passport_story.registered(category="lmt"))
    gateway = parts.PlayedGateway()
    told_so = passport_story.estimate(0.9)
    soce = msgspec.structs.replace(told_so, soce=Interval(0.87, 0.85, 0.89))
    desk.receive(gateway.tell(e.ConditionCommitted(soce)))
    found = passport(desk)
    assert "soce_pct" not in found.data
    assert found.missing["soce_pct"] is Missing.NOT_APPLICABLE


@pytest.mark.parametrize("page", ["passports.md", "passports.zh-CN.md"])
def test_the_page_has_a_row_for_every_dynamic_point(page):
    rows = [
        line.split("|")[1:-1]
        for line in (DOCS / page).read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    told = {row[0].strip().strip("`"): [cell.strip() for cell in row] for row in rows}
    for key, point in POINTS.items():
        if not point.dynamic:
            continue
        assert key in told, key
        numbers = ", ".join(str(number) for number in point.ec) or "-"
        assert told[key][1] == numbers, key
        assert told[key][2] == (point.din or "-"), key
        assert all(told[key][3:]), key
