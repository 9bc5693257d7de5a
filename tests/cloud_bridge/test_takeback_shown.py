"""Take-back by API and page: groups, a total, files, both languages."""

from __future__ import annotations

import csv
import io

import pytest

from cloud_bridge.pages.words import WORDS
from packtrail import event as e
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW

LOT = e.LotRef("outlet-1", "<b>7")


@pytest.fixture
def taken(desk):
    """A pack with a sheet and one without, received in two months; three loose ones."""
    desk.submit(*passport_story.statements())
    bodies = [
        (parts.PACK, e.RecoveryReceived("near", lot=LOT), NOW),
        (parts.PACK, e.RecoveryReceived("near", lot=LOT), NOW + 40 * 24 * parts.HOUR),
        (parts.OTHER_PACK, e.RecoveryReceived("near"), NOW),
        (None, e.RecoveryReceived("far", kg=900.5, count=3), NOW),
        (None, e.SiteRegistered("near", "outlet-1", "outlet", region="330106"), NOW),
    ]
    facts = [
        parts.fact(body, unit=unit, author="outlet-1", counter=500 + n, t_ns=t_ns)
        for n, (unit, body, t_ns) in enumerate(bodies)
    ]
    desk.store.append(facts, NOW)
    return desk


def asked(desk, **query):
    answer = desk.get("/api/v1/takeback", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_groups_and_a_total_that_counts_each_pack_once(taken):
    found = asked(taken)
    assert {one["group"]: one["packs"] for one in found["groups"]} == {"2026-04": 5, "2026-05": 1}
    assert found["total"]["packs"] == 5
    assert found["total"]["packs_with_composition"] == 1
    assert found["total"]["recoverable_kg"]["Li"] == pytest.approx(0.9 * 3.5)
    assert found["behind"] == 0
    by_region = {one["group"]: one["packs"] for one in asked(taken, by="region")["groups"]}
    assert by_region == {"330106": 2, "-": 3}


def test_pages_and_files_of_it(taken):
    first = asked(taken, by="lot", limit=1)
    second = asked(taken, by="lot", limit=1, cursor=first["next"])
    groups = [one["groups"][0]["group"] for one in (first, second)]
    assert groups == ["-", str(LOT)]
    assert second["next"] is None
    text = taken.get("/api/v1/takeback?by=lot&format=csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["group"] for row in rows] == ["", groups[1]]
    assert float(rows[1]["recoverable_li_kg"]) == pytest.approx(3.15)
    assert taken.get("/api/v1/takeback?by=colour").status_code == 422
    assert (
        taken.get("/api/v1/takeback?by=month", params={"cursor": first["next"]}).status_code == 400
    )


@pytest.mark.parametrize("by", ["month", "region", "party", "lot"])
def test_the_page_shows_every_grouping_in_both_languages(taken, by):
    for language in ("en", "zh"):
        answer = taken.get(f"/takeback?by={by}", headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert WORDS["takeback_lead"].say(language) in answer.text
        assert WORDS["takeback_lithium"].say(language) in answer.text
        assert "<b>7" not in answer.text
    assert ("outlet-1/&lt;b&gt;7" in answer.text) == (by == "lot")


def test_an_empty_ledger_says_so(desk):
    assert asked(desk)["groups"] == []
    assert WORDS["takeback_none"].en in desk.get("/takeback?lang=en").text
