"""The page of duties: who owes what by when, under which table of rules, page by page."""

from __future__ import annotations

import re

from cloud_bridge.pages.words import WORDS
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.recorded import adopt
from cloud_bridge.rules.table import RuleTable
from packtrail import event as e
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.parts import OTHER_PACK, PACK

RETIRED_NS = parse_time("2026-04-01T00:00:00Z")
OURS = DutyBook().own


def retire(desk, many, days_ago=0):
    facts = [
        parts.fact(e.UnitRetired(), unit=e.UnitRef("maker_serial", f"P{n}"), author="shop-1",
                   counter=1 + n, t_ns=RETIRED_NS - days_ago * 24 * parts.HOUR)
        for n in range(many)
    ]  # fmt: skip
    desk.store.append(facts, NOW)


def page(desk, path="/duties", language="en"):
    answer = desk.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_it_says_who_owes_what_until_which_day_in_both_languages(desk):
    retire(desk, 1)
    english, chinese = page(desk), page(desk, language="zh")
    assert ">2026-05-01</time>" in english
    assert "hand the retired pack to a lawful outlet" in english
    assert "将退役电池移交合法回收网点" in chinese
    assert "due in 29 days" in english
    assert "剩余 29 天" in chinese
    assert f"Rules: {OURS.name}, in force on this store" in english
    assert "brings another table" not in english


def test_many_duties_come_page_by_page_and_the_late_ones_alone(desk):
    retire(desk, 230)
    seen, path = [], "/duties"
    while path:
        text = page(desk, path)
        seen += re.findall(r">maker_serial:(P\d+)<", text)
        found = re.search(r'href="(/duties\?after=[^"]+overdue=false)"', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 230
    assert WORDS["no_duties_late"].en in page(desk, "/duties?overdue=true")
    assert WORDS["first_page"].en in text
    assert desk.get("/duties?after=nonsense").status_code == 404


def test_what_is_still_to_be_looked_at_is_told_with_its_share(desk):
    retire(desk, 2_300)
    text = page(desk)
    assert "<progress" in text
    assert "The list is being made: 0 % of the ledger is looked at" in text
    desk.context.duties.advance(desk.store, NOW)
    assert "<progress" not in page(desk)


def test_a_table_that_this_bridge_does_not_bring_is_named(desk):
    adopt(desk.store, RuleTable("short <b>", OURS.duty[:1]), "ops", NOW)
    text = page(desk)
    assert "Rules: short &lt;b&gt;" in text
    assert f"This bridge brings another table ({OURS.name})" in text


def test_a_duty_about_many_packs_names_the_first(desk):
    units = tuple(e.UnitRef("maker_serial", f"P{n}") for n in range(4))
    parts_of = parts.fact(e.RecoveryReceived("outlet-1", (PACK, OTHER_PACK, *units)), unit=None)
    roles = parts.key_fact(parts.STATION, "station-1", "outlet")
    desk.store.append([roles, parts_of], NOW)
    assert "and 3 more packs" in page(desk)
