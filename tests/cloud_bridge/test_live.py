"""Live state over a real connection: what comes, what does not, and what a lost reader leaves."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from cloud_bridge.access import Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.api import streams
from cloud_bridge.live import Seats
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.view import Packs
from cloud_bridge.web import application
from packtrail.event import ConditionCommitted, PackInstalled, PackRemoved
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.running import until
from tests.cloud_bridge.streaming import Ear, serving
from tests.cloud_bridge.test_fold import estimate
from tests.databases import postgres

__all__ = ["postgres"]

PATH = f"/api/v1/packs/{parts.CODE}/live"
LEDGER = "/api/v1/ledger/live"
CHROMIUM = shutil.which("chromium") or ""


@pytest.fixture
def gateway():
    return parts.PlayedGateway()


@pytest.fixture
def told(desk, gateway):
    desk.submit(parts.registered().signed)
    desk.receive(gateway.tell(PackInstalled(place=parts.SLOT)))
    return desk


@pytest.fixture
def gate(desk, tmp_path):
    log = ReadLog(tmp_path / "access")
    return Gate(read_table(), Jurisdiction.CN, KeyRing(desk.store), log, lambda: NOW)


def key(gate, role, *purposes, codes=()):
    token = gate.keys.add(role, Reader(role), purposes, codes, NOW)
    return {"Authorization": f"Bearer {token}"}


def test_a_reader_is_told_the_state_and_every_change_of_it(told, gateway):
    with serving(told.context) as (web, _):
        ear = Ear(web.url, PATH)
        assert ear.answer.getheader("content-type").startswith("text/event-stream")
        assert ear.answer.getheader("cache-control") == "no-store"
        first = ear.next()
        assert (first.name, first.id) == ("state", str(told.store.size()))
        assert first.data == told.get(PATH.removesuffix("/live")).json()
        told.receive(gateway.telemetry(parts.samples(60)))
        reading = ear.next()
        assert (reading.name, reading.id) == ("reading", "")
        assert reading.data["values"]["soc_pct"] == 50.59
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        second = ear.next()
        assert second.data["state"]["binding"] is None
        assert int(second.id) == int(first.id) + 1
        told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
        assert ear.silent(0.3), "another pack's facts are nobody else's news"


def test_who_comes_back_is_told_what_it_lacks_and_nothing_that_it_has(told, gateway):
    with serving(told.context) as (web, _):
        ear = Ear(web.url, PATH)
        position = ear.next().id
        ear.close()
        again = Ear(web.url, PATH, {"Last-Event-ID": position})
        assert again.silent(0.3)
        again.close()
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        back = Ear(web.url, PATH, {"Last-Event-ID": position}).next()
        assert back.data["state"]["binding"] is None
        for nonsense in ("never", "-1", "9" * 30, ""):
            assert Ear(web.url, PATH, {"Last-Event-ID": nonsense}).next().name == "state"


def test_a_page_is_told_that_there_is_something_new_and_no_more(told, gateway):
    with serving(told.context) as (web, _):
        ear = Ear(web.url, f"{PATH}?brief=true&after={told.store.size()}")
        assert ear.silent(0.3)
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        assert ear.next()[:2] == ("newer", {"code": parts.CODE, "what": "state"})
        told.receive(gateway.telemetry(parts.samples(60)))
        assert ear.next()[:2] == ("newer", {"code": parts.CODE, "what": "reading"})


def test_the_ledger_tells_its_growth_to_all_and_its_lines_to_who_may_see_them(told, gate):
    context = replace(told.context, access=gate)
    authority = key(gate, "authority", Purpose.AUDIT)
    maker = key(gate, "authority", Purpose.AUDIT, codes=(parts.OTHER_CODE,))
    with serving(context) as (web, _):
        size = told.store.size()
        anybody, all_of_it = Ear(web.url, LEDGER), Ear(web.url, f"{LEDGER}?after=0", authority)
        some = Ear(web.url, LEDGER, maker | {"Last-Event-ID": str(size)})
        assert anybody.next() == ("ledger", {"size": size}, str(size))
        lines = [all_of_it.next() for _ in range(size)]
        assert [one.data["leaf"] for one in lines] == list(range(size))
        assert [one.id for one in lines] == [str(leaf + 1) for leaf in range(size)]
        assert all_of_it.next().name == "ledger"
        told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
        for ear in (all_of_it, some):
            assert ear.next().data["signed"]["event"]["unit"]["id"] == parts.OTHER_CODE
            assert ear.next().name == "ledger"
        assert anybody.next() == ("ledger", {"size": size + 1}, str(size + 1))
        told.submit(parts.registered(parts.PACK, 3, t_ns=parts.T0).signed)
        assert some.next().name == "ledger", "a line of a pack that is not its own"
    assert {(one.what, one.fields) for one in gate.log.newest(9)} == {(LEDGER, ("ledger",))}


def test_each_piece_is_judged_and_taken_down_like_a_plain_read(told, gate, gateway):
    context = replace(told.context, access=gate)
    recycler = key(gate, "recycler", Purpose.TRIAGE)
    with serving(context) as (web, _):
        anybody, known = Ear(web.url, PATH), Ear(web.url, PATH, recycler)
        assert anybody.next().data["state"]["binding"] is None
        assert known.next().data["hidden"][0]["field"] == "places"
        assert len(gate.log.newest(9)) == 1
        told.receive(gateway.telemetry(parts.samples(60)))
        assert known.next().name == "reading"
        assert gate.log.newest(9)[-1].fields == ("telemetry",)
        (one,) = gate.keys.all()
        gate.keys.revoke(one.id, NOW)
        told.receive(gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR))
        problem = known.next()
        assert (problem.name, problem.data["status"]) == ("problem", 401)
        assert known.next() is None, "then it ends"
        assert anybody.silent(0.3), "who may not see health does not hear when a report comes"
    assert len(gate.log.newest(9)) == 2


def test_there_are_as_many_seats_as_the_settings_say(told):
    seats = application(told.context, 2).state.live.seats
    taken = [seats.take("", known=False) for _ in range(3)]
    assert [one is not None for one in taken] == [True, True, False]


def test_nobody_takes_all_seats_and_who_leaves_frees_one(told, gate):
    context = replace(told.context, access=gate)
    with serving(context, seats=Seats(in_all=4, of_anybody=2)) as (web, app):
        ears = [Ear(web.url, LEDGER) for _ in range(2)]
        refused = Ear(web.url, LEDGER, {"Accept-Language": "zh"})
        assert (refused.status, refused.answer.getheader("retry-after")) == (429, "10")
        known = key(gate, "authority", Purpose.AUDIT)
        more = [Ear(web.url, LEDGER, known) for _ in range(3)]
        assert [one.status for one in more] == [200, 200, 429]
        for ear in (*ears, *more[:2]):
            assert ear.next().name == "ledger"
        assert b"packtrail_bridge_streams 4.0" in context.metrics.text()
        ears[0].close()
        until(lambda: len(app.state.live.seats) == 3)
        assert Ear(web.url, LEDGER).next().name == "ledger"
        assert Ear(web.url, "/api/v1/packs/maker_serial:nobody/live").status == 404
        until(lambda: len(app.state.live.seats) == 4)


def test_one_who_reads_nothing_holds_nobody_up_and_is_let_go(told, gateway, monkeypatch):
    monkeypatch.setattr(streams, "SEND_S", 0.5)
    with serving(told.context) as (web, app):
        place = urlsplit(web.url)
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect((place.hostname, place.port))
        deaf.sendall(f"GET {LEDGER}?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        until(lambda: len(app.state.live.seats) == 1)
        many = [parts.registered(parts.OTHER_PACK, n, t_ns=parts.T0 + n) for n in range(3, 5000)]
        told.store.append(many, NOW)
        ear = Ear(web.url, PATH)
        assert ear.next().name == "state"
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        assert ear.next().data["state"]["binding"] is None
        until(lambda: len(app.state.live.seats) == 1)
        deaf.close()


def test_a_silence_is_broken_by_comments_and_a_stop_ends_all_streams(told, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.1)
    with serving(told.context) as (web, _):
        ear = Ear(web.url, PATH)
        assert ear.next().name == "state"
        until(lambda: ear.comments >= 2)
        begun = time.monotonic()
        web.stop()
        assert time.monotonic() - begun < 2
        assert ear.next() is None


def test_a_packs_page_follows_it_in_a_browser(told, gateway):
    with serving(told.context) as (web, app), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page()
        page.goto(f"{web.url}/packs/{parts.CODE}?lang=en")
        page.locator("#live.on").wait_for()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        assert page.locator(".verdict").inner_text().count("north")
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        page.locator(".verdict", has_text="north").wait_for(state="detached")
        page.wait_for_timeout(500)
        assert asked == [page.url], "one look for one event, and none while nothing happens"
        browser.close()
        until(lambda: not app.state.live.seats)


def test_a_stream_ends_after_its_time(told):
    with serving(told.context, life_s=0.3) as (web, _):
        ear = Ear(web.url, PATH)
        assert ear.next().name == "state"
        assert ear.next() is None


def test_an_event_that_another_bridge_has_taken_reaches_the_stream(told, postgres):
    conninfo = postgres.database()
    ours, theirs = PostgresStore(conninfo), PostgresStore(conninfo)
    try:
        ours.append([parts.registered()], NOW)
        context = replace(told.context, store=ours, packs=Packs(ours))
        with serving(context) as (web, _):
            ear = Ear(web.url, PATH)
            assert ear.next().data["state"]["binding"] is None
            theirs.append([parts.installed()], NOW)
            assert ear.next().data["state"]["binding"]["place"]["slot"] == parts.SLOT.slot
    finally:
        ours.close()
        theirs.close()


def test_a_look_waits_for_nobody_whom_the_last_has_woken(told, gateway, monkeypatch):
    """Every shared thread is taken; the pulse looks all the same."""
    go_on, taken = threading.Event(), threading.Semaphore(0)

    def slow(*_):
        taken.release()
        go_on.wait(20)
        yield from ()

    monkeypatch.setattr("cloud_bridge.api.telling.OfAPack.facts", slow)
    with serving(told.context) as (web, app):
        ears = [Ear(web.url, PATH) for _ in range(40)]
        assert [ear.next(20).name for ear in ears] == ["state"] * 40
        told.receive(gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR))
        assert all(taken.acquire(timeout=20) for _ in ears)
        told.submit(parts.registered(parts.OTHER_PACK, 2).signed)
        try:
            until(lambda: app.state.live.pulse._seen.size == told.store.size())
        finally:
            go_on.set()
