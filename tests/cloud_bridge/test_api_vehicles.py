"""Duties and vehicles by API: who owes what, and what became of each pack."""

from __future__ import annotations

import pytest

from cloud_bridge.rules.book import DutyBook
from packtrail import event as e
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.parts import CAR, OTHER_PACK, PACK

BOOK = DutyBook()
RETIRED_NS = parse_time("2026-04-01T00:00:00Z")


def scrapped(desk, *found):
    facts = [
        parts.fact(e.VehicleRegistered(CAR, slots=2, packs=(PACK, OTHER_PACK)), unit=None),
        parts.fact(e.VehicleScrapReceived(CAR, found), unit=None, counter=2, t_ns=parts.T0 + 9),
    ]
    desk.store.append(facts, NOW)
    return facts


def accounts(desk):
    state = desk.get(f"/api/v1/vehicles/{CAR.id}").json()["state"]
    return {one["unit"]["id"]: one["account"] for one in state["accounts"]}


def test_a_scrapped_vehicle_tells_what_became_of_each_pack(desk):
    scrapped(desk, PACK)
    answer = desk.get(f"/api/v1/vehicles/{CAR.id.lower()}").json()
    assert answer["vehicle"] == CAR.id
    assert accounts(desk) == {PACK.id: "present", OTHER_PACK.id: "missing"}
    assert {one["last_holder"] for one in answer["state"]["accounts"]} == {"station-1"}
    voucher = e.MissingPackExplained(CAR, voucher="V-1")
    desk.store.append([parts.fact(voucher, unit=OTHER_PACK, counter=3, t_ns=NOW)], NOW)
    assert accounts(desk)[OTHER_PACK.id] == "explained"


def test_a_corrected_report_no_longer_counts_for_the_vehicle(desk):
    _, taken = scrapped(desk)
    wrong = e.CorrectionDeclared(taken.signed.event_id, "did_not_occur")
    desk.store.append([parts.fact(wrong, unit=None, counter=3, t_ns=NOW)], NOW)
    assert accounts(desk) == {}


@pytest.mark.parametrize("name", ["LSVAA4182E2184899", "commitment:00", "<b>", "a/b"])
def test_an_unknown_vehicle_is_a_problem(desk, name):
    answer = desk.get(f"/api/v1/vehicles/{name}", headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "没有关于该车辆的任何记录"


def test_open_duties_grow_and_shrink_with_the_ledger(desk):
    assert desk.get("/api/v1/duties").json() == {
        "duties": [],
        "total": 0,
        "overdue": 0,
        "next": None,
        "behind": 0,
        "rules": BOOK.own.name,
        "digest": BOOK.own.digest,
    }
    retired = parts.fact(e.UnitRetired("capacity"), t_ns=RETIRED_NS)
    desk.store.append([retired], NOW)
    answer = desk.get("/api/v1/duties").json()
    rules = {one["duty"]["rule"]: one for one in answer["duties"]}
    hand_over = rules["hand_over"]
    assert (hand_over["day"], hand_over["utc_offset"]) == (hand_over["duty"]["due"][:10], "+08:00")
    assert (hand_over["duty"]["holder"], hand_over["duty"]["days_left"]) == ("station-1", 29)
    assert hand_over["duty"]["legal"]
    assert hand_over["zh"] != hand_over["en"]
    assert desk.get("/api/v1/duties", params={"overdue": "true"}).json()["total"] == 0
    assert len(desk.get("/api/v1/duties", params={"limit": 1}).json()["duties"]) == 1
    received = parts.fact(e.RecoveryReceived("outlet-9"), counter=2, t_ns=RETIRED_NS + 1)
    desk.store.append([received], NOW)
    later = desk.get("/api/v1/duties").json()["duties"]
    assert "hand_over" not in {one["duty"]["rule"] for one in later}


def test_what_is_late_is_listed_as_overdue(desk):
    desk.store.append([parts.fact(e.UnitRetired(), t_ns=RETIRED_NS)], NOW)
    later = NOW + 60 * 24 * parts.HOUR
    found = desk.context.duties.open(desk.store, later, overdue=True)
    assert "hand_over" in {duty.rule for duty in found}
    assert all(duty.days_left < 0 for duty in found)


@pytest.mark.parametrize("query", ["overdue=perhaps", "limit=0", "limit=x"])
def test_a_question_that_does_not_fit_is_a_problem(desk, query):
    answer = desk.get(f"/api/v1/duties?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
