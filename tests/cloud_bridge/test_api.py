"""The API: what it answers, what it refuses and how."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from fastapi.testclient import TestClient

from cloud_bridge.api.guard import MAX_BODY_BYTES
from packtrail.event import (
    ConditionCommitted,
    IdentityContested,
    PackInstalled,
    PackRemoved,
    SwapPerformed,
    UnitRef,
)
from packtrail.language import Text
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.test_fold import estimate


@pytest.fixture
def gateway() -> parts.PlayedGateway:
    return parts.PlayedGateway()


@pytest.fixture
def told(desk, gateway):
    """One registered pack in a slot with a minute of telemetry."""
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR),
    )
    return desk


def test_a_pack_shows_state_verdict_and_reading(told):
    answer = told.get(f"/api/v1/packs/{parts.CODE}").json()
    assert answer["verdict"] == {"level": "green", "en": "OK to receive.", "zh": "可以接收。"}
    assert answer["state"]["binding"]["place"] == {"site": "north", "slot": "3"}
    assert answer["state"]["health"][0]["estimate"]["soh"]["value"] == 0.91
    assert answer["reading"]["at"] == format_time(parts.T0 + 59 * parts.SECOND)
    assert answer["reading"]["values"]["soc_pct"] == pytest.approx(50.59)
    assert answer["reading"]["values"]["cell_voltage_max_v"] == pytest.approx(3.3)
    assert len(answer["digest"]) == 64


def test_an_identifier_with_a_slash_has_its_paths(desk, gateway):
    unit = UnitRef("maker_serial", "A/7 b")
    desk.receive(gateway.telemetry(unit=unit))
    for path in ("", "/events", "/proof", "/telemetry"):
        assert desk.get(f"/api/v1/packs/maker_serial:A%2F7%20b{path}").status_code == 200
    assert desk.get("/packs/maker_serial:A%2F7%20b").status_code == 200


def test_codes_are_forgiven_lower_case(told):
    assert told.get(f"/api/v1/packs/{parts.CODE.lower()}").status_code == 200


def test_the_list_is_paged_by_cursor(desk, gateway):
    units = [UnitRef("maker_serial", f"S{i}") for i in range(5)]
    desk.receive(*(gateway.telemetry(unit=unit) for unit in units))
    seen, after = [], None
    while True:
        query = {"limit": 2} | ({"cursor": after} if after else {})
        answer = desk.get("/api/v1/packs", params=query)
        page = answer.json()
        seen += [pack["code"] for pack in page["packs"]]
        after = page["next"]
        if after is None:
            assert "link" not in answer.headers
            break
        (link,) = answer.links.values()
        assert link["rel"] == "next"
        assert desk.get(link["url"]).json()["packs"][0]["code"] not in seen
    assert seen == [f"maker_serial:S{i}" for i in range(5)]


def test_a_past_state_and_a_past_knowledge_can_be_asked_for(told, gateway):
    gateway.seq, gateway.counter = 3, 2
    told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + 2 * parts.HOUR))
    path = f"/api/v1/packs/{parts.CODE}"
    assert told.get(path).json()["state"]["binding"] is None
    before = told.get(path, params={"at": format_time(parts.T0 + parts.HOUR)}).json()
    assert before["state"]["binding"]["place"]["slot"] == "3"
    unknown = told.get(path, params={"known": format_time(parts.T0)}).json()
    assert unknown["state"]["events"] == 0


def test_events_come_as_they_were_signed(told):
    events = told.get(f"/api/v1/packs/{parts.CODE}/events").json()["events"]
    assert [one["signed"]["event"]["body"]["type"] for one in events] == [
        "UnitRegistered",
        "PackInstalled",
        "ConditionCommitted",
    ]
    assert events[0]["leaf"] == 2
    assert events[0]["event_id"] == parts.registered().signed.event_id


def test_a_proof_covers_the_newest_facts(desk):
    one = parts.registered().signed
    body = {"event": one.event, "key_id": one.key_id, "signature": one.signature}
    desk.client.post("/api/v1/events", json=body)
    proof = desk.get(f"/api/v1/packs/{parts.CODE}/proof").json()
    assert (len(proof["facts"]), proof["newer"]) == (1, 0)


def test_telemetry_comes_as_columns_with_units(told):
    answer = told.get(f"/api/v1/packs/{parts.CODE}/telemetry").json()
    assert answer["t_ns"][0] == parts.T0
    column = answer["columns"]["pack_voltage_v"]
    assert (column["unit"], column["vss"][-14:], len(column["values"])) == (
        "V",
        "CurrentVoltage",
        60,
    )
    assert answer["columns"]["cell_voltage_v"]["values"][0] == [3.3] * 4
    assert answer["next"] is None


def test_telemetry_of_a_span_is_cut_to_it(told):
    span = {
        "from": format_time(parts.T0 + 10 * parts.SECOND),
        "to": format_time(parts.T0 + 19 * parts.SECOND),
    }
    answer = told.get(f"/api/v1/packs/{parts.CODE}/telemetry", params=span).json()
    assert len(answer["t_ns"]) == 10
    assert answer["t_ns"][0] == parts.T0 + 10 * parts.SECOND


def test_telemetry_continues_where_it_was_cut(desk, gateway):
    messages = [
        gateway.telemetry(parts.samples(3, parts.T0 + i * parts.MINUTE)) for i in range(130)
    ]
    desk.receive(*messages)
    path, seen, cursor = f"/api/v1/packs/{parts.CODE}/telemetry", [], None
    while True:
        answer = desk.get(path, params={"cursor": cursor} if cursor else {}).json()
        seen += answer["t_ns"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 390


def test_telemetry_comes_as_csv(told):
    path = f"/api/v1/packs/{parts.CODE}/telemetry"
    for answer in (
        told.get(path, params={"format": "csv"}),
        told.get(path, headers={"Accept": "text/csv"}),
    ):
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == 60
        assert rows[0]["time"] == format_time(parts.T0)
        assert float(rows[0]["cell_voltage_v_4"]) == 3.3


def test_times_that_no_database_holds_are_answered_all_the_same(told):
    path = f"/api/v1/packs/{parts.CODE}"
    all_of_it = told.get(f"{path}/telemetry").json()
    wide = "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"
    assert told.get(f"{path}/telemetry?{wide}").json() == all_of_it
    assert told.get(f"{path}/telemetry?from=9999-01-01T00:00:00Z").status_code == 200
    assert told.get(f"{path}?at=0001-01-01T00:00:00Z&known=9999-01-01T00:00:00Z").status_code == 200


def test_a_file_name_holds_ascii_only(desk, gateway):
    desk.receive(gateway.telemetry(unit=UnitRef("maker_serial", "电池1")))
    answer = desk.get("/api/v1/packs/maker_serial:电池1/telemetry?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="maker-serial---1.csv"'


def test_what_is_not_known_is_null_and_an_empty_cell(desk, gateway):
    batch = parts.samples(2)
    batch.values["soc_pct"][0] = math.nan
    desk.receive(gateway.telemetry(batch))
    path = f"/api/v1/packs/{parts.CODE}/telemetry"
    assert desk.get(path).json()["columns"]["soc_pct"]["values"][0] is None
    rows = list(csv.DictReader(io.StringIO(desk.get(path, params={"format": "csv"}).text)))
    assert rows[0]["soc_pct"] == ""


def test_a_station_shows_receipt_slots_and_packs(told, gateway):
    gateway.seq, gateway.counter = 3, 2
    problem = IdentityContested(parts.OTHER_SLOT, "sources_disagree")
    told.receive(gateway.tell(problem, unit=None))
    told.presence.tell("packtrail/1/station-1/status", b"online")
    (station,) = told.get("/api/v1/stations").json()["stations"]
    assert (station["gateway"], station["online"], station["trusted"]) == ("station-1", True, True)
    assert (station["through"], station["missing"], station["sites"]) == (4, 0, ["north"])
    slots = {slot["slot"]: slot for slot in station["slots"]}
    assert slots["3"]["code"] == parts.CODE
    assert slots["3"]["reading"]["values"]["pack_current_a"] == 75.0
    assert (slots["5"]["code"], slots["5"]["problem"]) == (None, "sources_disagree")


def test_a_slot_is_empty_once_its_pack_has_gone_in_a_swap(told, gateway):
    gateway.seq, gateway.counter = 3, 2
    swap = SwapPerformed(parts.CAR, "north")
    told.receive(gateway.tell(swap, t_ns=parts.T0 + 2 * parts.HOUR))
    (station,) = told.get("/api/v1/stations").json()["stations"]
    assert station["slots"][0]["code"] is None


def test_signed_events_are_recorded_once(desk):
    one, other = parts.registered().signed, parts.registered(parts.OTHER_PACK, 2).signed
    first = desk.submit(one, other)
    assert first.status_code == 200
    assert [o["outcome"] for o in first.json()["outcomes"]] == ["recorded", "recorded"]
    again = desk.submit(one).json()["outcomes"]
    assert again[0]["outcome"] == "known"
    body = {"event": one.event, "key_id": one.key_id, "signature": one.signature}
    assert desk.client.post("/api/v1/events", json=body).json()["outcomes"][0]["outcome"] == "known"
    assert desk.store.size() == 4


def test_events_of_strangers_are_refused_and_the_good_ones_recorded(desk):
    forged = parts.signed(parts.REGISTRATION, key=parts.STRANGER, author="maker-1")
    answer = desk.submit(forged, parts.registered().signed)
    assert answer.status_code == 422
    refused, recorded = answer.json()["outcomes"]
    assert (refused["outcome"], refused["reason"]) == ("refused", "key")
    assert recorded["outcome"] == "recorded"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"[1]", b'{"event":1}', b"\xff\xfe", b"[" * 100_000, b"1e999"],
)
def test_a_body_that_is_no_event_is_refused_without_a_trace(desk, body):
    answer = desk.client.post("/api/v1/events", content=body)
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text
    assert desk.store.size() == 2


def test_a_body_that_is_too_large_is_refused(desk):
    answer = desk.client.post("/api/v1/events", content=b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_many_events_at_once_are_refused(desk):
    answer = desk.client.post("/api/v1/events", content=b"[" + b"1," * 500 + b"1]")
    assert answer.status_code == 422


def test_the_checkpoint_verifies_with_the_key_beside_it(told):
    answer = told.get("/api/v1/checkpoint").json()
    head = open_checkpoint(answer["note"], ORIGIN, parts.AUTHORITY.public)
    assert head.size == told.store.size()
    assert answer["public_key"] == parts.AUTHORITY.public.text
    assert answer["verifier"].startswith(f"{ORIGIN}+")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/v1/packs/{parts.OTHER_CODE}", 404),
        ("/api/v1/packs/NOT-A-CODE", 422),
        (f"/api/v1/packs/{parts.CODE}?at=yesterday", 422),
        (f"/api/v1/packs/{parts.CODE}/telemetry?format=exe", 422),
        ("/api/v1/packs?limit=0", 422),
        ("/api/v1/packs?limit=100000", 422),
        ("/api/v1/nowhere", 404),
        ("/api/v1/packs/maker_serial:%27%3B%20DROP%20TABLE%20ledger%3B--", 404),
    ],
)
def test_errors_are_problems_in_the_readers_language(told, path, status):
    english = told.get(path)
    chinese = told.get(path, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
    for answer in (english, chinese):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert english.json()["title"] != chinese.json()["title"]
    assert english.json()["title"].isascii()


def test_a_method_that_is_not_offered_is_a_problem_too(desk):
    answer = desk.client.delete("/api/v1/packs")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "GET"


def test_a_wrong_code_names_the_character(told):
    code = parts.CODE[:4] + "!" + parts.CODE[5:]
    assert "5" in told.get(f"/api/v1/packs/{code}").json()["detail"]


def test_health_tells_every_fault(desk):
    assert desk.get("/health").json() == {"ok": True, "faults": []}
    desk.faults.append(Text("broker: gone", "消息代理：中断"))
    answer = desk.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "faults": ["broker: gone"]}
    chinese = desk.get("/health", headers={"Accept-Language": "zh"})
    assert chinese.json()["faults"] == ["消息代理：中断"]


def test_metrics_are_exposed(told):
    assert 'packtrail_bridge_events_total{outcome="recorded"} 1.0' in told.get("/metrics").text


def test_every_answer_confines_the_browser(told):
    rules = {"/": "no-store", "/api/v1/packs": "private, no-cache", "/api/v1/nowhere": "no-store"}
    for path, rule in rules.items():
        headers = told.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == rule


def test_a_foreign_host_name_is_not_answered(desk):
    assert desk.get("/", headers={"Host": "testserver:8080"}).status_code == 200
    refused = desk.get("/", headers={"Host": "evil.example", "Accept-Language": "zh"})
    assert (refused.status_code, refused.json()["host"]) == (400, "evil.example")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "http.allowed_hosts" in refused.json()["remedy"]
    assert desk.get("/", headers={"Host": "[::1"}).json()["status"] == 400


def test_the_description_names_every_answer(desk):
    description = desk.get("/openapi.json").json()
    text = json.dumps(description)
    schemas = description["components"]["schemas"]
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in schemas, reference
    assert "PackState" in schemas
    assert set(description["paths"]["/api/v1/events"]) == {"post"}


def test_a_damaged_line_is_an_error_without_a_trace(desk, tmp_path):
    desk.submit(parts.registered().signed)
    with desk.store._transaction() as rows:
        connection = rows.connection
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET signed = x'7b' WHERE leaf = 2")
    answer = desk.get(f"/api/v1/packs/{parts.CODE}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_store_that_does_not_answer_is_503(desk):
    desk.store.close()
    desk.store._path = desk.store._path.parent / "gone" / "bridge.sqlite"
    answer = TestClient.get(desk.client, "/api/v1/packs")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
