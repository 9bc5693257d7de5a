"""Swap stations over OCPP 2.1: a client of somebody else's make against the bridge's own port."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ocpp.v21 import ChargePoint, call, datatypes
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cloud_bridge.feeds import at_terminal
from cloud_bridge.feeds.desk import SwapDesk, Told
from cloud_bridge.feeds.dialogue import Dialogue
from cloud_bridge.feeds.stations import Station, StationBook
from cloud_bridge.feeds.swaps import said_of
from cloud_bridge.feeds.voices import registration, voice_of
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import SqliteStore
from cloud_bridge.store.values import PlaceFact
from packtrail.errors import PacktrailError
from packtrail.event import IdentityContested, PackInstalled, PackRemoved, encode_event
from packtrail.ocpp import BatterySwap, read_call, read_swap
from packtrail.proof.entry import Entry
from packtrail.proof.trust import TrustList
from simulators.swap_post import PostOrder, Summary, SwapPost, swaps
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import running, settings_for, until
from tests.services import LOOPBACK, free_port, wait_for_port

VIN = "LTEST000000000001"
CARD = {"idToken": "04A2B3", "type": "ISO14443"}
CAR = {"idToken": VIN, "type": "VIN"}


class PeerStation(ChargePoint):
    """mobilityhouse/ocpp checks each answer against the schema of the Open Charge Alliance."""


def swap_body(
    kind: str = "BatteryIn",
    number: int = 7,
    token: dict[str, str] | None = None,
    serial: str = parts.PACK.id,
    slot: int = 3,
) -> dict[str, Any]:
    battery = {"evseId": slot, "serialNumber": serial, "soC": 21.5, "soH": 91}
    return {
        "eventType": kind,
        "requestId": number,
        "idToken": token or CARD,
        "batteryData": [battery],
    }


def frame(body: dict[str, Any], action: str = "BatterySwap", number: str = "n-1") -> str:
    return json.dumps([2, number, action, body])


def ocpp_settings(folder: Path, **more: object) -> Any:
    return settings_for(folder, free_port(), ocpp={"port": 0}, **more)


@contextmanager
def book_of(folder: Path) -> Iterator[StationBook]:
    """The stations of a bridge's store, as a command at the terminal opens them."""
    store = SqliteStore(folder / "bridge.sqlite")
    yield StationBook(store)
    store.close()


@pytest.fixture
def bridge(tmp_path):
    with running(ocpp_settings(tmp_path), connected=False) as started:
        yield started


@pytest.fixture
def password(tmp_path):
    with book_of(tmp_path) as book:
        return book.add("S1", "north", parts.T0)


def line(port: int, password: str, name: str = "S1", path: str = "S1", protocol: str = "ocpp2.1"):
    proof = base64.b64encode(f"{name}:{password}".encode()).decode()
    return connect(
        f"ws://{LOOPBACK}:{port}/ocpp/{path}",
        subprotocols=[protocol],
        additional_headers={"Authorization": f"Basic {proof}"},
        compression=None,
    )


@asynccontextmanager
async def peer(port: int, password: str):
    """A station of another make, connected."""
    async with line(port, password) as connection:
        station = PeerStation("S1", connection, response_timeout=20)
        listening = asyncio.create_task(station.start())
        try:
            yield station
        finally:
            listening.cancel()


async def said(port: int, password: str, *frames: str | bytes) -> list[Any]:
    """The answer to each frame of one connection."""
    async with line(port, password) as connection:
        answers = []
        for one in frames:
            await connection.send(one)
            answers.append(json.loads(await asyncio.wait_for(connection.recv(), 20)))
        return answers


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(work(), 60))


def moves(store: Any, unit: Any = parts.PACK) -> list[Any]:
    return [entry.event.body for entry in store.entries_of(unit)]


def test_a_station_of_another_make_tells_a_swap_and_the_packs_show_it(bridge, password):
    async def story() -> None:
        async with peer(bridge.ocpp.port, password) as station:
            booted = await station.call(
                call.BootNotification(datatypes.ChargingStationType("bay", "somebody"), "PowerUp"),
                suppress=False,
            )
            assert (booted.status, booted.interval) == ("Accepted", 300)
            await station.call(call.Heartbeat(), suppress=False)
            assert bridge.presence.of("ocpp-S1") is True
            for kind, token in (("BatteryIn", CAR), ("BatteryOut", CARD)):
                body = swap_body(kind, token=token)
                request = call.BatterySwap(
                    event_type=kind,
                    request_id=7,
                    id_token={"id_token": token["idToken"], "type": token["type"]},
                    battery_data=body["batteryData"],
                )
                await station.call(request, suppress=False)

    run(story)
    until(lambda: bridge.presence.of("ocpp-S1") is False)
    left, stands, gone = moves(bridge.store)
    assert (left.reason, left.soc_pct, left.soh) == ("swap", 21.5, 0.91)
    assert left.vehicle.scheme == "commitment"
    assert isinstance(stands, PackInstalled)
    assert (stands.place.site, stands.place.slot, stands.soh) == ("north", "3", 0.91)
    assert isinstance(gone, PackRemoved)
    assert gone.place == stands.place
    lines = bridge.store.entries_of(parts.PACK)
    assert {entry.event.author for entry in lines} == {"ocpp-S1"}
    kept = "".join(entry.data.decode() for entry in lines)
    assert "04A2B3" not in kept
    assert VIN not in kept


def test_a_message_that_comes_again_is_answered_and_not_stated_again(bridge, password):
    once = frame(swap_body())
    answers = run(lambda: said(bridge.ocpp.port, password, once, once))
    answers += run(lambda: said(bridge.ocpp.port, password, once))
    assert answers == [[3, "n-1", {}]] * 3
    assert len(moves(bridge.store)) == 1
    assert b'ocpp_calls_total{outcome="repeat"} 2.0' in bridge.metrics.text()


def test_frames_of_any_kind_are_answered_and_the_line_lives_on(bridge, password):
    frames = [
        "", "{}", "[]", "[2]", '[2, "x", "BatterySwap"]', "[" * 40_000, "[2, {}, [], {}]", b"\xff",
        '[2, "' + "x" * 37 + '", "Heartbeat", {}]',
    ]  # fmt: skip
    answers = run(lambda: said(bridge.ocpp.port, password, *frames, frame({}, "Heartbeat")))
    assert [answer[2] for answer in answers[:-1]] == ["RpcFrameworkError"] * len(frames)
    assert answers[-1][:2] == [3, "n-1"]
    assert bridge.store.counts().units == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "FormatViolation"),
        (swap_body(kind="Stolen"), "FormatViolation"),
        (swap_body() | {"batteryData": []}, "FormatViolation"),
        (swap_body() | {"batteryData": [swap_body()["batteryData"][0]] * 65}, "FormatViolation"),
        (swap_body(slot=-1), "FormatViolation"),
    ],
    ids=["empty", "kind", "no battery", "many", "slot"],
)  # fmt: skip
def test_a_swap_that_does_not_fit_is_refused_by_name(bridge, password, body, code):
    ((kind, number, told, why, _),) = run(lambda: said(bridge.ocpp.port, password, frame(body)))
    assert (kind, number, told) == (4, "n-1", code)
    assert why
    assert bridge.store.counts().units == 0


def test_what_is_not_done_here_is_said_and_what_says_nothing_of_packs_passes(bridge, password):
    calls = [frame({}, "Authorize"), frame({}, "TransactionEvent"), frame({}, "<script>" * 40)]
    authorise, passed, odd = run(lambda: said(bridge.ocpp.port, password, *calls))
    assert authorise[:3] == [4, "n-1", "NotImplemented"]
    assert passed == [3, "n-1", {}]
    assert odd[2] == "NotImplemented"
    assert len(odd[3]) <= 255


def test_a_serial_that_is_no_code_is_contested_at_its_slot(bridge, password):
    answers = run(lambda: said(bridge.ocpp.port, password, frame(swap_body(serial="<b>7</b>"))))
    assert answers == [[3, "n-1", {}]]
    (fact,) = bridge.store.places("ocpp-S1")
    body = fact.entry.event.body
    assert isinstance(body, IdentityContested)
    assert (body.problem, body.readings[0].raw, body.place.slot) == ("unreadable", "<b>7</b>", "3")


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({"password": "guess"}, 401),
        ({"name": "S2"}, 401),
        ({"path": "S2"}, 404),
        ({"protocol": "ocpp1.6"}, 400),
    ],
    ids=["password", "unknown", "another's path", "another version"],
)
def test_nobody_enters_but_a_station_under_its_own_name(bridge, password, about, status):
    async def knock() -> None:
        async with line(bridge.ocpp.port, **{"password": password} | about):
            pass

    with pytest.raises(InvalidStatus) as told:
        run(knock)
    assert told.value.response.status_code == status


def test_a_frame_beyond_the_limit_ends_the_line_and_nothing_else(bridge, password):
    async def flood() -> int:
        async with line(bridge.ocpp.port, password) as connection:
            await connection.send("x" * 70_000)
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(connection.recv(), 20)
            return closed.value.rcvd.code

    assert run(flood) == 1009
    assert run(lambda: said(bridge.ocpp.port, password, frame(swap_body())))[0][0] == 3


def test_a_new_connection_ends_the_old_one(bridge, password):
    async def twice() -> int:
        async with line(bridge.ocpp.port, password) as old:
            await old.send(frame({}, "Heartbeat"))
            await old.recv()
            async with line(bridge.ocpp.port, password) as new:
                await new.send(frame(swap_body()))
                assert json.loads(await new.recv())[0] == 3
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(old.recv(), 20)
                return closed.value.rcvd.code

    assert run(twice) == 1008


def test_a_revoked_station_is_heard_no_more(bridge, password, tmp_path):
    async def story() -> int:
        async with line(bridge.ocpp.port, password) as connection:
            bridge.stations.revoke("S1", parts.T0)
            await connection.send(frame(swap_body()))
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(connection.recv(), 20)
            return closed.value.rcvd.code

    assert run(story) == 1008
    assert bridge.store.counts().units == 0


def write_settings(folder: Path, port: int) -> None:
    (folder / "bridge.toml").write_text(
        f'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[mqtt]\nport = {free_port()}\n'
        f"[http]\nport = {free_port()}\n[ocpp]\nport = {port}\n"
    )
    parts.AUTHORITY.save(folder / "bridge.pem")


def told(folder: Path) -> int:
    """How many facts the ledger has of the station."""
    with sqlite3.connect(f"file:{folder / 'bridge.sqlite'}?mode=ro", uri=True) as reading:
        count = "SELECT count(*) FROM ledger WHERE author = 'ocpp-S1'"
        return reading.execute(count).fetchone()[0]


def started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "packtrail", "bridge", "run", "--settings"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*command, str(folder / "bridge.toml")], stdout=log, stderr=log)
    wait_for_port(port, process)
    return process


def test_kill_9_before_the_answer_loses_and_doubles_nothing(tmp_path, password):
    port = free_port()
    write_settings(tmp_path, port)
    first = started(tmp_path, port)

    async def tell_and_kill() -> None:
        async with line(port, password) as connection:
            await connection.send(frame(swap_body(token=CAR)))
            await asyncio.to_thread(until, lambda: told(tmp_path))
            first.kill()

    run(tell_and_kill)
    first.wait(20)
    second = started(tmp_path, port)
    try:
        assert run(lambda: said(port, password, frame(swap_body(token=CAR)))) == [[3, "n-1", {}]]
        assert told(tmp_path) == 2
    finally:
        second.terminate()
        second.wait(20)


class Overtaken(SqliteStore):
    """A store in which something happens right behind the look at a station's slots."""

    meanwhile: Callable[[], object] | None = None

    def places(self, author: str) -> list[PlaceFact]:
        found, (act, self.meanwhile) = super().places(author), (self.meanwhile, None)
        if act:
            act()
        return found


def test_a_message_that_two_bridges_hear_at_once_is_stated_once(tmp_path):
    store, trust = Overtaken(tmp_path / "db", vault=KeyVault(parts.AUTHORITY)), trust_in("S1")
    station = Station(id="S1", site="north", digest="", made_ns=parts.T0)
    slow, quick = (
        SwapDesk(station, parts.AUTHORITY, store, lambda: trust, lambda: parts.T0) for _ in "ab"
    )
    swap = swap_of(swap_body(token=CAR))
    store.meanwhile = lambda: quick.take(swap)
    assert slow.take(swap) == Told(facts=0, repeats=1)
    assert store.size() == 2
    other = swap_of(swap_body(number=8, slot=4, serial=parts.OTHER_CODE))
    store.meanwhile = lambda: quick.take(other)
    assert slow.take(swap_of(swap_body("BatteryOut", number=9))) == Told(facts=1)
    assert store.size() == 4
    store.close()


def swap_of(body: dict[str, Any]) -> BatterySwap:
    """As a dialogue reads it."""
    return read_swap(json.dumps(body).encode())


def trust_in(name: str) -> TrustList:
    """A list on which one station's voice stands."""
    voice = registration(parts.AUTHORITY, f"ocpp-{name}", ["north"])
    about = {"unit": None, "author": "bridge-1", "stream": "trust"}
    key = parts.fact(voice, key=parts.AUTHORITY, **about)
    entry = Entry(0, parts.T0, key.signed.event_id, encode_event(key.signed))
    return TrustList(parts.AUTHORITY.public).extended([entry])


def test_a_store_that_does_not_answer_keeps_the_message_at_the_station(tmp_path):
    path = tmp_path / "db"
    store = SqliteStore(path, busy_s=0.05)
    station = Station(id="S1", site="north", digest="", made_ns=parts.T0)
    trust = trust_in("S1")
    desk = SwapDesk(station, parts.AUTHORITY, store, lambda: trust, lambda: parts.T0)
    counted: list[str] = []
    dialogue = Dialogue("S1", desk.take, counted.append, 300, lambda: parts.T0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = json.loads(dialogue.answer(frame(swap_body())))
    assert refused[2] == "InternalError"
    other.rollback()
    other.close()
    assert json.loads(dialogue.answer(frame(swap_body()))) == [3, "n-1", {}]
    assert counted == ["store", "swap"]
    store.close()


def test_each_source_has_a_key_of_its_own_the_same_on_every_bridge():
    first, second = (voice_of(parts.AUTHORITY, name).public.text for name in ("ocpp-a", "ocpp-b"))
    assert first == voice_of(parts.AUTHORITY, "ocpp-a").public.text
    assert len({first, second, parts.AUTHORITY.public.text}) == 3


def test_a_pack_that_nobody_took_moves_nothing():
    swap = read_swap(read_call(frame(swap_body("BatteryOutTimeout"))).payload)
    assert said_of(swap, swap.battery_data[0], "north", parts.T0) == []


@pytest.mark.parametrize(("language", "word"), [("en", "revoked"), ("zh", "吊销")])
def test_the_command_adds_lists_and_revokes(tmp_path, language, word, monkeypatch):
    monkeypatch.setenv("LANGUAGE", language)
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    file = tmp_path / "bridge.toml"
    file.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[ocpp]\n')
    told, password = at_terminal.add(file, "S1", "north", parts.T0)
    assert ":8887/ocpp/S1" in told
    assert 16 <= len(password) <= 40
    with book_of(tmp_path) as book:
        assert book.known("S1", password)
    assert "S1  north" in at_terminal.listed(file)[0]
    assert word in at_terminal.revoke(file, "S1", parts.T0)[0]
    assert word in at_terminal.listed(file)[0]
    with pytest.raises(PacktrailError, match="ocpp-station list"):
        at_terminal.revoke(file, "S9", parts.T0)
    with pytest.raises(PacktrailError, match="id"):
        at_terminal.add(file, "a/b", "north", parts.T0)


def test_a_station_added_while_the_bridge_runs_is_heard(bridge, tmp_path):
    with book_of(tmp_path) as book:
        late = book.add("S9", "south", parts.T0)

    async def tell() -> Any:
        async with line(bridge.ocpp.port, late, "S9", "S9") as connection:
            await connection.send(frame(swap_body()))
            return json.loads(await connection.recv())

    assert run(tell) == [3, "n-1", {}]
    assert until(lambda: moves(bridge.store))[0].place.site == "south"


def test_a_simulated_station_tells_everything_to_a_bridge_that_dies_in_between(tmp_path, password):
    port = free_port()
    write_settings(tmp_path, port)
    post = SwapPost(f"ws://{LOOPBACK}:{port}/ocpp/S1", password)
    order = PostOrder(slots=4, cars=3, swaps=40)
    first = started(tmp_path, port)
    with ThreadPoolExecutor() as pool:
        telling = pool.submit(post.tell, order)
        until(lambda: told(tmp_path) > 20)
        first.kill()
        first.wait(20)
        second = started(tmp_path, port)
        try:
            summary = telling.result(60)
        finally:
            second.terminate()
            second.wait(20)
    assert (summary.answered, summary.refused) == (80, [])
    assert told(tmp_path) == 4 * order.swaps
    store = SqliteStore(tmp_path / "bridge.sqlite")
    for slot, code in summary.slots.items():
        last = next(f for f in store.places("ocpp-S1") if f.place.slot == str(slot))
        assert isinstance(last.entry.event.body, PackInstalled) == bool(code)
        assert not code or last.entry.event.unit.id == code
    store.close()


def test_equal_orders_give_equal_swaps_and_lose_no_pack():
    first, second = Summary(), Summary()
    assert list(swaps(PostOrder(), first)) == list(swaps(PostOrder(), second))
    packs = [code for code in (*first.slots.values(), *first.cars.values()) if code]
    assert len(set(packs)) == len(packs) == 8 - 1 + 12


def test_a_station_with_a_wrong_password_is_told_so_at_once(bridge, password):
    post = SwapPost(f"ws://{LOOPBACK}:{bridge.ocpp.port}/ocpp/S1", "guess")
    with pytest.raises(PacktrailError, match="401"):
        post.tell(PostOrder(swaps=1))
