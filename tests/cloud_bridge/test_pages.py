"""The pages: what they say, in both languages, and what they never say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from cloud_bridge.fold import Binding
from cloud_bridge.pages import figures
from cloud_bridge.pages.charts import line_chart, nice_span
from cloud_bridge.pages.words import WORDS
from packtrail.estimate import Interval
from packtrail.event import (
    IncidentRecorded,
    OwnerChanged,
    PackInstalled,
    PlaceRef,
    UnitRef,
    UnitRegistered,
    UnitRepaired,
    UnitRetired,
    VehicleRef,
    VehicleRegistered,
    VehicleScrapReceived,
)
from packtrail.language import Text
from tests.cloud_bridge import parts
from tests.cloud_bridge import story_of_a_station as story
from tests.cloud_bridge.conftest import NOW

VOID = {"meta", "link", "br", "img", "input", "hr"}
SCRIPT_TEXT = '"><script>alert(1)</script>{{7*7}}'


class Outline(HTMLParser):
    """Checks that every tag is closed in order; collects attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def station(desk, monkeypatch):
    """A station after six hours of work."""
    desk.authority.publish_trust(
        [
            parts.KeyRegistered(parts.STATION.public.text, "station-1", "gateway"),
            parts.KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
        ]
    )
    desk.submit(*story.registrations(story.PACKS, NOW - 400 * 24 * parts.HOUR))
    desk.receive(*story.day(parts.PlayedGateway(), NOW))
    return desk


def page(desk, path: str, language: str = "en") -> str:
    answer = desk.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def pages_of(desk) -> dict[str, str]:
    paths = ["/", "/stations/station-1", *(f"/packs/{unit}" for unit in story.PACKS)]
    return {path: page(desk, path) for path in paths}


def test_every_page_is_well_formed_and_loads_nothing(station):
    for path, text in pages_of(station).items():
        outline = Outline(text)
        for _tag, name, value in outline.attributes:
            assert name != "style", f"{path}: the policy forbids style attributes"
            assert not name.startswith("on"), f"{path}: the policy forbids {name}"
            if name in ("src", "href"):
                assert value.startswith(("/", "data:,")), value
        assert "undefined" not in text.lower()
        assert "None" not in text


def test_pages_stay_small(station):
    sizes = {path: len(text.encode()) for path, text in pages_of(station).items()}
    assert max(sizes.values()) < 64_000, sizes


def test_the_api_is_described_on_a_page_of_its_own(desk):
    text = page(desk, "/docs")
    Outline(text)
    for path in desk.get("/openapi.json").json()["paths"]:
        assert path in text
    assert WORDS["api_lead"].zh in page(desk, "/docs", "zh")


def test_the_overview_tells_what_needs_attention(station):
    text = page(station, "/")
    for unit in story.PACKS:
        assert unit.id in text
    assert "Stop: reported in two places at once." in text
    assert "Quarantine: over-temperature." in text
    assert "Check: no maker has registered this code." in text


def test_the_overview_without_packs_says_what_to_do(desk):
    assert WORDS["no_packs"].en in page(desk, "/")
    assert WORDS["no_packs"].zh in page(desk, "/", "zh-CN")


def test_a_fault_of_the_bridge_stands_on_the_overview(desk):
    desk.faults.append(Text("broker: it does not answer", "消息代理：无应答"))
    assert "it does not answer" in page(desk, "/")
    assert "消息代理：无应答" in page(desk, "/", "zh")


def test_a_packs_page_says_verdict_health_and_history(station):
    text = page(station, f"/packs/{story.PACKS[2].id}")
    assert "Quarantine: over-temperature." in text
    assert "91.8\u202f%" in text
    assert "±\u202f2.2" in text
    assert "lithium" in text
    assert "shanghai-north · slot 3" in text
    assert text.count('class="line"') == 5, "health over time and four charts of the session"
    assert "All 15 facts carry a signature" in text
    assert "9 earlier reports" in text, "health reports in a row are gathered"


def test_a_contested_pack_names_the_reports(station):
    text = page(station, f"/packs/{story.PACKS[5].id}")
    assert text.count('class="contest"') == 3, "two contradictions, and what vehicles add to them"
    assert "contested</span>" in text


def test_a_station_shows_each_slot(station):
    text = page(station, "/stations/station-1")
    assert text.count('class="slot ') + text.count('class="slot"') == 8
    assert "unknown pack: the readings disagree" in text


def test_a_cloned_gateway_and_refused_records_are_shown(desk):
    gateway = parts.PlayedGateway()
    desk.receive(gateway.telemetry(), gateway.record(parts.Kind.TELEMETRY, b"<b>poison"))
    desk.receive(parts.PlayedGateway().telemetry(parts.samples(3)))
    assert "station-1: record 1 came with two contents." in page(desk, "/")
    text = page(desk, "/stations/station-1")
    assert "Is the gateway cloned?" in text
    assert "<b>columns</b>" in text
    Outline(text)
    (station,) = desk.get("/api/v1/stations").json()["stations"]
    assert [one["seq"] for one in station["refusals"]] == [2]
    assert [one["seq"] for one in station["equivocations"]] == [1]


def test_both_languages_are_whole(station):
    """No English sentence of ours is left on a Chinese page."""
    path = f"/packs/{story.PACKS[2].id}"
    chinese = page(station, path, "zh-CN,zh;q=0.9")
    assert '<html lang="zh-CN">' in chinese
    assert "隔离：过温。" in chinese
    for name, text in WORDS.items():
        if "{" not in text.en and len(text.en) > 12 and name != "other_language":
            assert text.en not in chinese, name
    assert '<html lang="en">' in page(station, f"{path}?lang=en", "zh-CN")
    assert "?lang=zh" in page(station, path)


def test_links_keep_the_language_that_was_chosen(station):
    text = page(station, "/?lang=zh")
    assert f"/packs/{story.PACKS[0].id}?lang=zh" in text


def test_no_page_shows_a_vehicle_number(station):
    for path, text in pages_of(station).items():
        for car in story.CARS:
            assert car.id not in text, path
    assert figures.masked(story.CARS[0]) in page(station, f"/packs/{story.PACKS[5].id}")


def test_markup_in_any_text_stays_text(desk):
    evil = UnitRef("maker_serial", SCRIPT_TEXT)
    gateway = parts.PlayedGateway()
    model = UnitRegistered(SCRIPT_TEXT, 1.0, 1.0, 1, model=SCRIPT_TEXT)
    desk.submit(
        parts.signed(model, key=parts.MAKER, unit=evil, author="maker-1", stream="erp"),
    )
    desk.receive(
        gateway.tell(PackInstalled(place=PlaceRef("north", SCRIPT_TEXT)), unit=evil),
        gateway.tell(IncidentRecorded(SCRIPT_TEXT, SCRIPT_TEXT, where=SCRIPT_TEXT), unit=evil),
        gateway.tell(PackInstalled(vehicle=VehicleRef(SCRIPT_TEXT, SCRIPT_TEXT)), unit=evil),
        gateway.telemetry(unit=evil, slot=SCRIPT_TEXT),
    )
    link = re.search(r'href="(/packs/[^"]+)"', page(desk, "/"))[1]
    for path in ("/", "/stations/station-1", link):
        text = page(desk, path)
        Outline(text)
        assert "<script>alert" not in text
        assert "{{7*7}}" in text or path == "/", "and is not evaluated"


@pytest.mark.parametrize("path", ["/packs/NOPE", "/stations/nobody", f"/packs/{parts.CODE}"])
def test_what_is_not_there_has_a_page_of_its_own(desk, path):
    answer = desk.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert WORDS["back"].en in answer.text
    Outline(answer.text)


def test_a_cursor_that_is_no_code_is_no_error(desk):
    assert desk.get("/", params={"after": "no code"}).status_code == 404


def test_the_policy_admits_exactly_the_inline_texts(station):
    answer = station.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert len(re.findall(r"<script>", answer.text)) == 1
    assert len(re.findall(r"<style>", answer.text)) == 1


@pytest.mark.parametrize(
    ("low", "high", "least"),
    [(340.2, 361.7, 4), (0, 150, 10), (90.1, 99.9, 4), (-150, 20, 10), (5, 5, 4), (-1, 1, 1)],
)
def test_axes_are_round_and_hold_the_data(low, high, least):
    bottom, top, digits = nice_span(low, high, least)
    assert bottom <= low
    assert top >= high
    assert top - bottom <= 3.1 * max(high - low, least)
    assert float(f"{(bottom + top) / 2:.{digits}f}") == pytest.approx((bottom + top) / 2)


def test_a_gap_breaks_the_line_and_peaks_survive_thinning():
    values = np.zeros(10_000)
    values[5_000] = 100.0
    values[7_000:7_100] = np.nan
    times = np.arange(10_000, dtype=np.int64) * parts.SECOND
    about = {"title": "", "value": "", "time": figures.clock, "least_span": 1.0}
    chart = line_chart(times, values, **about)
    assert chart.line.count("M") == 2
    assert " 0.00" in chart.line, "the peak"
    assert len(chart.line) < 10_000
    assert line_chart(times, np.full(10_000, np.nan), **about) is None
    assert line_chart(times[:1], values[:1], **about) is not None


def test_ages_are_told_in_the_readers_language():
    now = parts.T0
    assert figures.age(now - 30 * parts.SECOND, now, "en") == "30 s ago"
    assert figures.age(now - 30 * parts.MINUTE, now, "zh") == "30 分钟前"
    assert figures.age(now - 1000 * parts.HOUR, now, "en") == "41 days ago"
    assert figures.age(now + parts.HOUR, now, "en") == "2026-04-01 09:00:00 UTC"
    assert figures.age(0, now, "en") == figures.NONE


def test_numbers_carry_their_units_and_unknown_is_a_dash():
    assert figures.number(1234567.8, 1, "kWh") == "1\u202f234\u202f567.8\u202fkWh"
    assert figures.number(None, 1, "V") == figures.NONE
    assert figures.percent(0.9) == "90.0\u202f%"
    assert figures.plus_minus(Interval(0.9, 0.87, 0.93)) == "±\u202f3.0"
    assert figures.where_text(None, "en") == figures.NONE
    assert figures.where_text(Binding(parts.CAR, None, "", ""), "en").startswith("vehicle LSV")
    assert [figures.lag(n) for n in (None, -1, 5 * 10**6, 2 * 10**9, 7200 * 10**9)] == [
        figures.NONE,
        figures.NONE,
        "5\u202fms",
        "2.0\u202fs",
        "2.0\u202fh",
    ]


def test_the_page_of_duties_says_who_owes_what_by_when(desk):
    assert WORDS["no_duties"].en in page(desk, "/duties")
    evil = UnitRef("maker_serial", SCRIPT_TEXT)
    old = NOW - 60 * 24 * parts.HOUR
    desk.store.append(
        [
            parts.fact(UnitRetired("capacity"), t_ns=parts.T0),
            parts.fact(UnitRepaired(), unit=evil, t_ns=parts.T0, author=SCRIPT_TEXT),
            parts.fact(UnitRepaired(), t_ns=old, counter=2),
        ],
        NOW,
    )
    text = page(desk, "/duties")
    Outline(text)
    assert "<script>alert" not in text
    assert "hand the retired pack" in text
    assert "due in 29 days" in text
    assert "Order No. 73" in text
    assert WORDS["provisional"].en in text
    assert "overdue by" in text
    assert f'href="/packs/{parts.CODE}"' in text
    chinese = page(desk, "/duties", "zh")
    assert "剩余 29 天" in chinese
    assert "due in" not in chinese
    assert 'href="/duties"' in page(desk, "/")


def test_a_scrapped_vehicles_account_is_reached_from_its_pack(desk):
    facts = [
        (VehicleRegistered(parts.CAR, slots=2, packs=(parts.PACK, parts.OTHER_PACK)), None),
        (PackInstalled(vehicle=parts.CAR), parts.PACK),
        (OwnerChanged(SCRIPT_TEXT, parts.CAR), None),
        (VehicleScrapReceived(parts.CAR, (parts.PACK,)), None),
    ]
    desk.store.append(
        [
            parts.fact(body, unit=unit, counter=i, t_ns=parts.T0 + i)
            for i, (body, unit) in enumerate(facts, 1)
        ],
        NOW,
    )
    path = f"/packs/{parts.CODE}/vehicle"
    assert f'href="{path}"' in page(desk, f"/packs/{parts.CODE}")
    text = page(desk, path)
    Outline(text)
    assert "<script>alert" not in text
    assert parts.CAR.id not in text
    assert figures.masked(parts.CAR) in text
    assert ">present<" in text
    assert ">missing<" in text
    assert ">缺失<" in page(desk, path, "zh")
    assert desk.get(f"/packs/{parts.CODE[:-1]}X/vehicle").status_code == 404
