"""What keeps pages quick with a million packs: counts, kept stories, key lines, listed stations."""

import socket
import sqlite3

import pytest

from cloud_bridge.fold import fold
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.settings import HttpSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.view.stories import Stories, gathered
from cloud_bridge.web import listen
from packtrail.event import (
    AliasBound,
    CorrectionDeclared,
    KeyRegistered,
    KeyRevoked,
    PackInstalled,
    PackRemoved,
)
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts

ALIAS = parts.UnitRef("maker_serial", "S-1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bridge.sqlite"


@pytest.fixture
def store(path):
    made = SqliteStore(path)
    yield made
    made.close()


def test_a_count_that_was_changed_is_found(store, path):
    store.append([parts.installed(), parts.registered(parts.OTHER_PACK, 2)], parts.T0)
    assert store.counts().units == 2
    with sqlite3.connect(path) as database:
        database.execute("UPDATE tally SET count = 7 WHERE name = 'unit'")
    faults = [one.faults for one in verify_whole(store, "o", parts.AUTHORITY.public, 1)]
    assert ("tally unit says (7,), the lines (2,)",) in faults


def test_a_kept_story_is_the_ledgers_after_every_line(store):
    stories = Stories(store)
    for number, body in enumerate(
        [
            PackInstalled(place=parts.SLOT),
            PackRemoved(place=parts.SLOT),
            AliasBound(ALIAS),
            PackInstalled(vehicle=parts.CAR),
        ]
    ):
        moment = parts.T0 + number * parts.HOUR
        store.append([parts.fact(body, counter=number + 1, t_ns=moment)], parts.T0)
        told = stories.of(parts.PACK)
        assert told.state == fold(parts.PACK, gathered(store, parts.PACK))
        assert stories.of(parts.PACK) is told
    by_alias = parts.fact(PackRemoved(vehicle=parts.CAR), unit=ALIAS, counter=9, t_ns=moment + 1)
    store.append([by_alias], parts.T0)
    assert stories.of(parts.PACK).state.events == 5


def test_a_story_that_grows_is_read_on_from_where_it_ended(store, monkeypatch):
    stories, moment = Stories(store), parts.T0
    store.append([parts.installed(), parts.installed(unit=parts.OTHER_PACK, counter=2)], parts.T0)
    first = stories.of(parts.PACK)
    removed = parts.fact(PackRemoved(place=parts.SLOT), counter=3, t_ns=moment + parts.HOUR)
    store.append([removed], parts.T0)
    with monkeypatch.context() as patched:
        patched.setattr("cloud_bridge.view.stories.gathered_whole", None)
        grown = stories.of(parts.PACK)
    assert grown.facts[0] is first.facts[0]
    assert grown.state == fold(parts.PACK, gathered(store, parts.PACK)) != first.state


def test_a_statement_that_joins_a_kept_story_late_is_read(store):
    stories = Stories(store)
    late = parts.fact(PackRemoved(place=parts.SLOT), counter=3, t_ns=parts.T0 + parts.HOUR)
    wrong = CorrectionDeclared(late.signed.event_id, "did_not_occur")
    store.append([parts.fact(wrong, unit=None, counter=1), parts.installed(counter=2)], parts.T0)
    assert stories.of(parts.PACK).state.binding
    store.append([late], parts.T0)  # the correction, an older line, is of this story from now on
    assert stories.of(parts.PACK).state.events == 3
    assert stories.of(parts.PACK).state.binding


def test_no_more_facts_are_kept_than_allowed(store):
    units = [parts.UnitRef("maker_serial", f"P{n}") for n in range(6)]
    facts = [parts.installed(unit=unit, counter=n + 1) for n, unit in enumerate(units)]
    store.append(facts, parts.T0)
    stories = Stories(store, kept=2)
    first = [stories.of(unit) for unit in units]
    assert stories.of(units[-1]) is first[-1]
    assert stories.of(units[0]) is not first[0]
    assert stories.of(units[0]) == first[0]


def test_key_lines_are_those_of_a_key_its_forerunners_and_its_end(store):
    other = SigningKey.from_seed(b"other".ljust(32, b"."))
    gone = KeyRevoked(parts.STATION.public.key_id, "2026-05-01T00:00:00Z")
    about = {"unit": None, "author": "bridge-1", "stream": "trust", "key": parts.AUTHORITY}
    store.append(
        [
            parts.key_fact(parts.STATION, "station-1", "gateway", 1),
            parts.key_fact(other, "outlet-1", "outlet", 2),
            parts.fact(gone, counter=3, **about),
        ],
        parts.T0,
    )
    lines = key_lines(store).about([parts.STATION.public.key_id])
    assert [type(one.event.body) for one in lines] == [KeyRegistered, KeyRevoked]
    assert key_lines(store).roles == {"station-1": "gateway", "outlet-1": "outlet"}


def test_answers_wait_for_no_delayed_acknowledgement():
    listener = listen(HttpSettings(port=0))
    assert listener.proto == socket.IPPROTO_TCP
    listener.close()


@pytest.mark.parametrize(("language", "more"), [("en", "More stations"), ("zh", "更多换电站")])
def test_stations_are_listed_a_page_at_a_time(desk, language, more):
    facts = [
        parts.key_fact(SigningKey.from_seed(b"%032d" % n), f"bay-{n:02}", "gateway", 50 + n)
        for n in range(14)
    ]
    desk.store.append(facts, parts.T0)
    first = desk.get(f"/stations?lang={language}").text
    assert more in first
    assert (">bay-11<" in first, ">bay-12<" in first) == (True, False)
    second = desk.get(f"/stations?after=bay-11&lang={language}").text
    assert (">bay-12<" in second, ">bay-11<" in second, more in second) == (True, False, False)
    assert more in desk.get(f"/?lang={language}").text
