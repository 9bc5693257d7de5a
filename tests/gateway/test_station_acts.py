"""What a station may tell besides scans: OCPP 2.1, settlements of cases, over port and socket."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from gateway.binding import Arrived, Case, Known, Left, StationState
from gateway.errors import GatewayError
from gateway.local_api import LocalApi
from gateway.local_api.acts import Places, RefusedError, read_act
from packtrail.event import PackInstalled, PackRemoved, Reading, VehicleRef
from tests.gateway.drafts import T0
from tests.gateway.test_binding import A, B, Slots, make_book, unit
from tests.gateway.test_local_api import VIEW, Station
from tests.services import LOOPBACK

PLACES = Places({"1", "2"}, {1: "1", 7: "2"}, {"1-17"})
VIN = "LTEST000000000001"


def swap(kind: str, evse: int = 1, code: str = A, **token: str) -> dict:
    return {
        "eventType": kind,
        "requestId": 4,
        "idToken": {"idToken": VIN, "type": "VIN"} | token,
        "batteryData": [{"evseId": evse, "serialNumber": code, "soC": 18.5, "soH": 91.0}],
    }


def call(payload: dict, number: str = "19223201") -> bytes:
    return json.dumps([2, number, "BatterySwap", payload]).encode()


def told(body: bytes, t_ns: int = T0):
    return read_act("/v1/ocpp", body, PLACES, t_ns)


@pytest.fixture
def book():
    slots = Slots()
    slots.soc["1"] = 18.5
    return make_book(slots, confirm=True)


@pytest.mark.real_data
def test_our_example_is_what_the_standards_schema_allows(real_data: Path):
    file = real_data / "passport" / "ocpp21" / "BatterySwapRequest.json"
    schema = json.loads(file.read_text("utf-8"))
    for kind in ("BatteryIn", "BatteryOut", "BatteryOutTimeout"):
        jsonschema.validate(swap(kind), schema)
        assert told(json.dumps(swap(kind)).encode()).slots == ("1",)


def test_battery_in_confirms_a_label_and_battery_out_ends_the_visit(book):
    book.scan("1", A, "scanner", T0 - 1)
    arrived = told(call(swap("BatteryIn"))).act(book)
    assert [type(move) for move in arrived.moves] == [Arrived, Known]
    car = VehicleRef("vin", VIN)
    assert [type(fact.body) for fact in arrived.facts] == [PackRemoved, PackInstalled]
    assert arrived.facts[0].body.vehicle == car
    raw = arrived.facts[1].body.readings[1].data
    assert json.loads(bytes.fromhex(raw))["soC"] == 18.5
    left = told(call(swap("BatteryOut")), T0 + 10).act(book)
    assert left.moves == [Left("1", T0 + 10)]
    assert [fact.body.vehicle for fact in left.facts] == [None, car]
    assert {fact.unit for fact in left.facts} == {unit(A)}


def test_the_serial_number_alone_binds_nothing(book):
    outcome = told(call(swap("BatteryIn"))).act(book)
    assert outcome.moves == [Arrived("1", T0)]
    assert outcome.facts == []


def test_a_pack_that_nobody_took_moves_nothing(book):
    outcome = told(call(swap("BatteryOutTimeout"))).act(book)
    assert (outcome.moves, outcome.facts) == ([], [])


def test_a_card_is_no_vehicle(book):
    book.scan("1", A, "scanner", T0 - 1)
    outcome = told(call(swap("BatteryIn", type="ISO14443"))).act(book)
    assert [type(fact.body) for fact in outcome.facts] == [PackInstalled]


def test_a_call_is_answered_as_ocpp_wants_and_its_repeat_is_recognised():
    first, again, other = (told(call(swap("BatteryIn"), n)) for n in ("a", "a", "b"))
    assert first.answer == [3, "a", {}]
    assert first.digest == again.digest != other.digest
    assert told(json.dumps(swap("BatteryIn")).encode()).answer == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (call(swap("BatteryIn", evse=3)), 404),
        (call(swap("BatterySideways")), 400),
        (call(swap("BatteryIn") | {"batteryData": []}), 400),
        (call(swap("BatteryIn", code="x" * 51)), 400),
        (b'[2, "a", "BootNotification", {}]', 400),
        (b'[3, "a", {}]', 400),
        (b"[" * 5000, 400),
        (b"\xff", 400),
    ],
)
def test_a_message_that_does_not_fit_is_refused(body, status):
    with pytest.raises(RefusedError) as refused:
        told(body)
    assert refused.value.status == status


def test_a_person_settles_a_slot_and_a_case(book):
    book.insert("1", T0, None)
    label = json.dumps({"label": f"P/N 88 {B.lower()}"}).encode()
    settled = read_act("/v1/slots/1/settle", label, PLACES, T0 + 5).act(book)
    assert settled.moves == [Known("1", unit(B), T0)]
    case = Case("1-17", "1", T0, T0 + 9, (Reading("scanner", A, "2026-04-01T00:00:00Z"),))
    book.state = StationState().with_case(case)
    closed = read_act("/v1/cases/1-17/settle", label, PLACES, T0 + 50).act(book)
    assert {fact.unit for fact in closed.facts} == {unit(B)}
    assert book.state.cases == ()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/slots/1/settle", {"label": "no code"}, 400),
        ("/v1/slots/1/settle", {"label": f"{A} {B}"}, 400),
        ("/v1/slots/1/scan", {"label": A, "source": "operator"}, 400),
        ("/v1/slots/1/scan", {"label": A, "source": "uds"}, 400),
        ("/v1/cases/none/dismiss", {}, 404),
        ("/v1/cases/1-17/dismiss", {"x": 1}, 400),
    ],
)
def test_what_would_settle_without_a_right_or_a_code_is_refused(path, body, status):
    with pytest.raises(RefusedError) as refused:
        read_act(path, json.dumps(body).encode(), PLACES, T0)
    assert refused.value.status == status


class OverFile(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def make_api(station: Station, file: Path) -> LocalApi:
    ways = {"look": station.look, "enter": station.enter, "now_ns": lambda: T0}
    return LocalApi(LOOPBACK, 0, socket_file=file, **ways)


def test_a_controller_speaks_over_a_socket_file_that_only_its_group_may_open(tmp_path):
    file, station = tmp_path / "station.sock", Station()
    station.view = replace(VIEW, cases=[Case("1-17", "1", T0, T0 + 9)])
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(file))
    dead.close()  # a killed gateway leaves its file behind
    api = make_api(station, file)
    api.start()
    try:
        assert file.stat().st_mode & 0o777 == 0o660
        connection = OverFile(str(file))
        connection.request(
            "POST", "/v1/cases/1-17/dismiss", b"{}", {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"{}")
        assert len(station.told) == 1
        connection.request("GET", "/v1/cases")
        assert b'"1-17"' in connection.getresponse().read()
        connection.close()
        with pytest.raises(GatewayError, match=r"station\.sock"):
            make_api(station, file)
    finally:
        api.stop()
    assert not file.exists()
