"""Reading by API as programs do: pages, tags, caches, refusals in two languages, OpenAPI."""

from __future__ import annotations

import pytest

from cloud_bridge.access import Purpose
from packtrail.event import PackInstalled, UnitRef
from packtrail.language import accepted_language
from tests.cloud_bridge import parts
from tests.cloud_bridge.test_access import gate, guard, key

__all__ = ["gate", "guard"]

PATH = f"/api/v1/packs/{parts.CODE}"


def pages(client, path, of, **query):
    """Every page of a list, and the lines on them."""
    sizes, lines, cursor = [], [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = client.get(path, params=query | more).json()
        sizes.append(len(page[of]))
        lines += page[of]
        cursor = page["next"]
        if cursor is None:
            return sizes, lines


def test_events_come_in_pages_and_what_is_added_between_moves_none(desk):
    gateway = parts.PlayedGateway()
    desk.receive(*(gateway.tell(PackInstalled(place=parts.SLOT), t_ns=i) for i in range(5)))
    first = desk.get(f"{PATH}/events", params={"limit": 2}).json()
    desk.receive(gateway.tell(PackInstalled(place=parts.SLOT), t_ns=9))
    query = {"limit": 2, "cursor": first["next"]}
    sizes, rest = pages(desk, f"{PATH}/events", "events", limit=2)
    assert sizes == [2, 2, 2]
    assert desk.get(f"{PATH}/events", params=query).json()["events"] == rest[2:4]
    assert [one["leaf"] for one in rest] == sorted({one["leaf"] for one in rest})


def test_packs_that_come_between_two_pages_are_neither_doubled_nor_skipped(desk):
    gateway = parts.PlayedGateway()
    units = [UnitRef("maker_serial", name) for name in "BDF"]
    desk.receive(*(gateway.telemetry(unit=unit) for unit in units))
    page = desk.get("/api/v1/packs", params={"limit": 2}).json()
    desk.receive(*(gateway.telemetry(unit=UnitRef("maker_serial", name)) for name in "AE"))
    rest = desk.get("/api/v1/packs", params={"limit": 9, "cursor": page["next"]}).json()
    assert [one["code"] for one in rest["packs"]] == ["maker_serial:E", "maker_serial:F"]


def test_stations_come_in_pages(desk):
    sizes, stations = pages(desk, "/api/v1/stations", "stations", limit=1)
    names = [one["gateway"] for one in stations]
    assert sizes == [1] * len(names)
    assert names == sorted(names)
    assert "station-1" in names


@pytest.mark.parametrize(
    "cursor", ["x", "bm9uZQ", "WyJldmVudHMiLDFd", "WyJwYWNrcyIsMV0", "-" * 900]
)
def test_a_cursor_of_nowhere_is_refused_with_a_remedy_in_the_readers_language(desk, cursor):
    answer = desk.get("/api/v1/packs", params={"cursor": cursor})
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "application/problem+json",
    )
    assert "without `cursor`" in answer.json()["remedy"]
    chinese = desk.get("/api/v1/packs", params={"cursor": cursor, "lang": "zh"})
    assert "cursor 参数" in chinese.json()["remedy"]


def test_who_has_an_answer_is_sent_it_again_only_when_it_has_changed(desk):
    desk.submit(parts.registered().signed)
    tag = desk.get(PATH).headers["etag"]
    same = desk.get(PATH, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    gateway = parts.PlayedGateway()
    desk.receive(gateway.tell(PackInstalled(place=parts.SLOT)))
    fresh = desk.get(PATH, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != tag


def test_no_cache_keeps_what_not_everybody_may_see(guard, gate):
    anybody = guard.get(PATH)
    assert anybody.headers["cache-control"] == "no-cache"
    assert {"Authorization", "Cookie"} <= set(anybody.headers["vary"].split(", "))
    recycler = guard.get(PATH, headers=key(gate, "recycler", Purpose.TRIAGE))
    assert recycler.headers["cache-control"] == "private, no-store"
    assert recycler.headers["etag"] != anybody.headers["etag"]


def test_a_body_of_another_type_is_refused(desk):
    for path in ("/api/v1/events", "/api/v1/enrol"):
        answer = desk.client.post(path, content=b"a=1", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert answer.headers["content-type"] == "application/problem+json"


def test_each_parameter_that_does_not_fit_is_named_in_the_readers_language(desk):
    query = {"limit": 0, "cursor": "?"}
    english = desk.get("/api/v1/packs", params=query).json()
    chinese = desk.get("/api/v1/packs", params=query, headers={"Accept-Language": "zh"}).json()
    assert {one["where"]: one["what"] for one in english["errors"]} == {
        "query.limit": "must be at least 1",
        "query.cursor": "does not match ^[A-Za-z0-9_-]+$",
    }
    assert "不得小于 1" in [one["what"] for one in chinese["errors"]]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh;q=0.3, en;q=0.9", "en"),
        ("fr, zh-TW;q=0.5, en;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=x", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_the_one_that_the_reader_prefers(header, language):
    assert accepted_language(header) == language


def test_every_route_describes_its_refusals_as_problems(desk):
    description = desk.get("/openapi.json").json()
    for path, methods in description["paths"].items():
        for operation in methods.values():
            for status in ("400", "422", "500", "503"):
                assert "application/problem+json" in operation["responses"][status]["content"], path
    pack = description["paths"]["/api/v1/packs/{code}"]["get"]
    assert {"401", "403", "404"} <= set(pack["responses"])
    assert "304" in description["paths"]["/api/v1/packs/{code}"]["get"]["responses"]
    assert "HTTPValidationError" not in description["components"]["schemas"]
