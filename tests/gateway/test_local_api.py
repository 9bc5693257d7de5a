"""The local interface over real HTTP: acts, views, and hostile input."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.bus import BusState
from gateway.errors import GatewayError
from gateway.health import DeskState
from gateway.local_api import LocalApi
from gateway.local_api.acts import Places, RefusedError, read_act
from gateway.local_api.page import render_page
from gateway.outbox import Counters
from gateway.uplink import UplinkState
from gateway.view import SlotView, StationView
from packtrail.estimate import Interval
from packtrail.event import IncidentRecorded, VehicleRef
from packtrail.times import parse_time
from tests.gateway.drafts import PACK, T0
from tests.services import LOOPBACK

AT = "2026-04-01T00:00:00Z"
VIEW = StationView(
    gateway="station-1",
    site="<Shanghai & 03>",
    slots=[
        SlotView(
            name="1",
            state="bound",
            code=PACK.id,
            problem="",
            since_ns=T0,
            t_ns=T0,
            soc_pct=80.4,
            current_a=12.5,
            voltage_v=391.2,
            spread_v=0.021,
            temperature_c=31.0,
            soh=Interval(0.913, 0.86, 0.95),
            alarms=[IncidentRecorded("over_temperature", "danger", value=66.0, where="probe 3")],
            samples=7,
        ),
        SlotView("2", "contested", "", "sources_disagree", T0, 0, *[None] * 6, [], 0),
    ],
    outbox=Counters(10, 7, 0, 0, 3, 900, 2),
    uplink=UplinkState(connected=True, last_receipt_ns=T0),
    buses={"can0": BusState(up=True, frames=99)},
    estimates=DeskState(),
    frames=99,
    frames_waiting=0,
    problems=[],
)


class Station:
    """Plays the gateway behind the interface."""

    def __init__(self) -> None:
        self.view = VIEW
        self.told: list = []
        self.failure: Exception | None = None

    def look(self) -> StationView:
        return self.view

    def enter(self, told) -> None:
        if self.failure:
            raise self.failure
        self.told.append(told)


@pytest.fixture
def station() -> Station:
    return Station()


@pytest.fixture
def api(station) -> Iterator[LocalApi]:
    api = LocalApi(
        LOOPBACK,
        0,
        look=station.look,
        enter=station.enter,
        estimate=lambda slot: slot == "1",
        now_ns=lambda: T0,
    )
    api.start()
    yield api
    api.stop()


def ask(api: LocalApi, method: str, path: str, body: object = None, **headers: str):
    connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=5)
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, path, data, kind | headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/slots/1/scan", {"label": "x", "source": "scanner", "at": AT}),
        ("/v1/slots/1/scan", {"label": "x"}),
        ("/v1/slots/1/insert", {"at": AT, "vehicle": {"scheme": "vin", "id": "V"}}),
        ("/v1/slots/1/insert", {"at": AT, "vehicle": None}),
        ("/v1/slots/2/remove", {}),
        (
            "/v1/swaps",
            {"at": AT, "vehicle": {"scheme": "vin", "id": "V"}, "slot_in": "1", "slot_out": "2"},
        ),
    ],
)
def test_what_a_controller_tells_is_entered_and_answered_with_the_slot(api, station, path, body):
    status, content = ask(api, "POST", path, body)
    assert status == 200
    assert len(station.told) == 1
    assert json.loads(content)["slots"][0]["name"] in ("1", "2")


class Recorder:
    """Stands for the book."""

    def __getattr__(self, verb):
        return lambda *values: (verb, *values)


def test_a_told_time_and_vehicle_reach_the_book():
    body = json.dumps({"at": AT, "vehicle": {"scheme": "vin", "id": "V"}}).encode()
    told = read_act("/v1/slots/1/insert", body, Places({"1"}), T0)
    assert told.act(Recorder()) == ("insert", "1", parse_time(AT), VehicleRef("vin", "V"))


def test_a_request_with_a_time_is_recognised_when_it_comes_again():
    timed = b'{"label": "x", "at": "2026-04-01T00:00:00Z"}'
    digests = {
        read_act("/v1/slots/1/scan", timed, Places({"1", "2"}), now).digest for now in (1, 2)
    }
    digests.add(read_act("/v1/slots/2/scan", timed, Places({"1", "2"}), 1).digest)
    assert len(digests) == 2
    assert read_act("/v1/slots/1/scan", b'{"label": "x"}', Places({"1"}), 1).digest == ""


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/slots/9/scan", {"label": "x"}, 404),
        ("/v1/slots/1/eject", {}, 404),
        ("/v1/slots/1", {}, 404),
        ("/", {}, 404),
        ("/v1/slots/1/scan", {}, 400),
        ("/v1/slots/1/scan", {"label": 7}, 400),
        ("/v1/slots/1/scan", {"label": "x" * 600}, 400),
        ("/v1/slots/1/scan", {"label": "x", "more": 1}, 400),
        ("/v1/slots/1/scan", {"label": "x", "at": "yesterday"}, 400),
        ("/v1/slots/1/scan", {"label": "x", "at": "1969-01-01T00:00:00Z"}, 400),
        ("/v1/slots/1/scan", {"label": "x", "at": "9999-01-01T00:00:00Z"}, 400),
        ("/v1/slots/1/scan", [1], 400),
        ("/v1/swaps", {"vehicle": {"scheme": "vin", "id": "V"}, "slot_in": "1"}, 400),
        (
            "/v1/swaps",
            {"vehicle": {"scheme": "vin", "id": "V"}, "slot_in": "1", "slot_out": "1"},
            400,
        ),
        (
            "/v1/swaps",
            {"vehicle": {"scheme": "vin", "id": "V"}, "slot_in": "1", "slot_out": "8"},
            404,
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(api, station, path, body, status):
    got, content = ask(api, "POST", path, body)
    assert got == status
    assert json.loads(content)["error"]
    assert station.told == []


def test_bodies_that_are_no_small_json_are_refused(api, station):
    path = "/v1/slots/1/scan"
    assert ask(api, "POST", path, {"label": "x"}, **{"Content-Type": "text/plain"})[0] == 415
    assert ask(api, "POST", path, {"label": "x" * 20_000})[0] == 413
    assert ask(api, "POST", path, {}, **{"Content-Length": "-5"})[0] == 411
    assert station.told == []


def test_a_name_that_is_not_loopback_is_refused(api, station):
    """A page elsewhere must not reach in through a browser by a name that resolves to us."""
    for host in ("evil.example", "evil.example:8470", ""):
        assert ask(api, "GET", "/v1/slots", Host=host)[0] == 421
    assert ask(api, "GET", "/v1/slots", Host="localhost:1")[0] == 200


def test_a_standstill_is_told_to_the_controller_so_that_it_tries_again(api, station):
    station.failure = TimeoutError()
    assert ask(api, "POST", "/v1/slots/1/scan", {"label": "x"})[0] == 503


def test_an_error_of_ours_is_answered_as_one(api, station):
    station.failure = ZeroDivisionError()
    status, content = ask(api, "POST", "/v1/slots/1/scan", {"label": "x"})
    assert (status, json.loads(content)) == (500, {"error": "ZeroDivisionError"})


def test_views_are_json_with_every_slot(api):
    status, content = ask(api, "GET", "/v1/slots")
    slots = json.loads(content)["slots"]
    assert status == 200
    assert [slot["state"] for slot in slots] == ["bound", "contested"]
    assert slots[0]["alarms"][0]["where"] == "probe 3"


def test_health_fails_with_the_problem_named(api, station):
    assert ask(api, "GET", "/health")[0] == 200
    station.view = replace(VIEW, problems=["pipeline stuck"])
    status, content = ask(api, "GET", "/health")
    assert status == 503
    assert json.loads(content)["problems"] == ["pipeline stuck"]


def test_metrics_are_prometheus_text(api):
    status, content = ask(api, "GET", "/metrics")
    text = content.decode()
    assert status == 200
    assert "packtrail_gateway_outbox_waiting 3.0" in text
    assert 'packtrail_gateway_slot_soc_pct{slot="1"} 80.4' in text
    assert 'packtrail_gateway_bus_frames_total{bus="can0"} 99.0' in text


def test_the_page_speaks_both_languages_and_escapes_names(api):
    english = ask(api, "GET", "/", **{"Accept-Language": "en"})[1].decode()
    chinese = ask(api, "GET", "/", **{"Accept-Language": "zh-CN,zh;q=0.9"})[1].decode()
    assert "Slot 1" in english
    assert "仓位 1" in chinese
    assert "危险" in chinese
    for page in (english, chinese):
        assert PACK.id in page
        assert "&lt;Shanghai &amp; 03&gt;" in page
        assert page.count("<script") == page.count('<script src="/station.js"') == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_alarm_has_a_name_on_the_page(language):
    from gateway.alarms import load_thresholds

    for kind in {limit.kind for limit in load_thresholds().threshold}:
        alarm = IncidentRecorded(kind, "watch")
        slot = replace(VIEW.slots[0], alarms=[alarm])
        assert kind not in render_page(replace(VIEW, slots=[slot]), language)


def test_the_page_says_how_old_its_numbers_are_and_which_way_current_flows():
    bound = VIEW.slots[0]

    def page(**changes) -> str:
        return render_page(replace(VIEW, slots=[replace(bound, **changes)]), "en")

    assert "nothing heard" not in page(quiet_s=3.0)
    assert "nothing heard for 7 min" in page(quiet_s=440.0)
    assert "nothing heard from this pack yet" in page(quiet_s=None)
    assert "Charging" in page(current_a=20.0)
    assert "Discharging" in page(current_a=-20.0)
    assert "0.0 A" in page(current_a=-0.01)
    stray = page(state="empty", code="", quiet_s=1.0)
    assert "nobody told of its arrival" in stray
    assert "66 " in page()
    assert "探头 3" in render_page(VIEW, "zh")


def test_a_taken_port_is_named_with_a_remedy(api, station):
    with pytest.raises(GatewayError, match="port is taken") as caught:
        LocalApi(LOOPBACK, api.port, look=station.look, enter=station.enter, now_ns=lambda: 0)
    assert caught.value.hint


def test_health_is_estimated_on_demand(api):
    status, content = ask(api, "POST", "/v1/slots/1/estimate", {})
    assert (status, json.loads(content)) == (200, {"slot": "1", "asked": True})
    assert ask(api, "POST", "/v1/slots/nowhere/estimate", {})[0] == 404


def test_peers_that_say_nothing_hold_a_few_threads_and_no_more(api):
    idle = [socket.create_connection((LOOPBACK, api.port)) for _ in range(40)]
    assert threading.active_count() < 30
    for connection in idle:
        connection.close()


def test_a_peer_that_dribbles_gives_its_thread_back(station):
    api = LocalApi(
        LOOPBACK, 0, look=station.look, enter=station.enter, now_ns=lambda: T0, connection_s=0.5
    )
    api.start()
    peers = [socket.create_connection((LOOPBACK, api.port)) for _ in range(16)]
    deadline = time.monotonic() + 5
    ended: set[socket.socket] = set()
    while len(ended) < len(peers):
        assert time.monotonic() < deadline
        for peer in set(peers) - ended:
            try:
                peer.sendall(b"G")
            except OSError:
                ended.add(peer)
        time.sleep(0.05)
    assert ask(api, "GET", "/health")[0] == 200
    for peer in peers:
        peer.close()
    api.stop()


@pytest.mark.parametrize("length", ["00000000000000099999999", "99999999999999999999999", "16385"])
def test_no_body_is_read_that_is_longer_than_allowed(api, length):
    head = f"POST /v1/swaps HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    with socket.create_connection((LOOPBACK, api.port), timeout=3) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        assert b" 413 " in connection.recv(4096)


def test_a_disk_that_takes_nothing_fails_health_too(api, station):
    station.view = replace(VIEW, troubles=["outbox: disk full"])
    status, content = ask(api, "GET", "/health")
    assert status == 503
    assert json.loads(content)["problems"] == ["outbox: disk full"]


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/9\r\n\r\n", b""]
)
def test_what_is_no_http_disturbs_nobody(api, raw):
    with socket.create_connection((LOOPBACK, api.port)) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)
    assert ask(api, "GET", "/health")[0] == 200


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.text(max_size=40) | st.sampled_from(["/v1/swaps", "/v1/slots/1/scan"]),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["label", "at", "vehicle", "slot_in"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_request_is_an_act_or_a_refusal(path, body):
    try:
        status = 200 if read_act(path, body, Places({"1", "2"}), T0).slots else 0
    except RefusedError as refused:
        status = refused.status
    assert status in (200, 400, 404)
