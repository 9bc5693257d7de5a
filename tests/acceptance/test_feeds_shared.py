"""Feeds with two bridges on one PostgreSQL: nothing lost, nothing twice, whoever is killed.

What a platform or a station has not heard answered it says again to the other bridge, in the middle
of its reports, and back, while a bridge is killed in between. Vehicles have two packs each, and
both are followed to their digital IDs.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from can_decoder.gbt32960 import Edition
from cloud_bridge.feeds.stations import StationBook
from cloud_bridge.fold.contests import ContestReason
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.view import Packs
from cloud_bridge.view.batches import samples_of
from cloud_bridge.view.vehicles import vehicle_state
from packtrail.event import PackInstalled, PackRemoved, UnitRef, VehicleRef
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S
from simulators.swap_post import PostOrder, Summary, SwapPost, swaps
from simulators.vehicle_platform.commands import messages
from simulators.vehicle_platform.sender import Account, PlatformSender
from simulators.vehicle_platform.vehicle import REPORT_S, SimulatedVehicle
from tests.acceptance.house import Process
from tests.cloud_bridge.running import until
from tests.databases import mortal_postgres
from tests.services import LOOPBACK, free_port, wait_for_port

__all__ = ["mortal_postgres"]

VARIABLE, PASSWORD = "PACKTRAIL_TEST_PLATFORM", "pass-of-north"
REPORTS, KILLS, SWAPS = 60, 3, 30


class FeedBridge(Process):
    """`packtrail bridge run` with both feeds, one of two on one database."""

    def __init__(self, folder: Path, name: str, conninfo: str) -> None:
        super().__init__(folder, name)
        self.port, self.ocpp_port = free_port(), free_port()
        self.settings = folder / f"{name}.toml"
        self.settings.write_text(
            f'name = "{name}"\nkey_file = "bridge.pem"\n[store]\npostgres = "{conninfo}"\n'
            f"[mqtt]\nport = {free_port()}\n[http]\nport = {free_port()}\n"
            f'[gbt32960]\nport = {self.port}\n[[gbt32960.peer]]\nname = "north"\n'
            f'user = "north"\npassword_env = "{VARIABLE}"\n'
            f"[ocpp]\nport = {self.ocpp_port}\n"
        )

    def arguments(self) -> list[str]:
        return ["packtrail", "bridge", "run", "--settings", str(self.settings)]

    def start(self) -> None:
        super().start()
        for port in (self.port, self.ocpp_port):
            wait_for_port(port, self.process, 60)

    def heard(self, event: str) -> int:
        """How often its log tells of something, over all its runs."""
        return self.log.read_text().count(event)


@pytest.fixture
def bridges(mortal_postgres, tmp_path, monkeypatch) -> Iterator[tuple[str, list[FeedBridge]]]:
    """How to reach the database, and two bridges of one key on it; ended afterwards."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    SigningKey.generate().save(tmp_path / "bridge.pem")
    conninfo = mortal_postgres.database()
    both = [FeedBridge(tmp_path, name, conninfo) for name in ("one", "two")]
    try:
        for bridge in both:
            bridge.start()
        yield conninfo, both
    finally:
        for bridge in both:
            bridge.kill()


@pytest.fixture
def store(bridges, tmp_path) -> Iterator[PostgresStore]:
    """What both write to, with the key that opens commitments."""
    key = SigningKey.load(tmp_path / "bridge.pem")
    opened = PostgresStore(bridges[0], vault=KeyVault(key))
    yield opened
    opened.close()


def rows(conninfo: str, query: str) -> list[tuple]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


class Course:
    """What a sender and who kills agree on: a part of the messages for each kill.

    A part begins when the bridge that the last one lost is there again; its own is lost in it.
    """

    def __init__(self, bridges: list[FeedBridge], messages: int) -> None:
        self._bridges, self._part = bridges, messages // (KILLS + 1)
        self._sent = self._back = 0

    def send(self, number: int) -> None:
        """Before a message is sent: wait until its part begins."""
        self._sent = number
        until(lambda: self._back >= number // self._part - 1, 90)

    def kill_in_turn(self, sending: threading.Thread) -> None:
        """Kill one bridge after the other and start each again, and see the sender out."""
        for number in range(1, KILLS + 1):
            until(lambda wanted=number * self._part: self._sent >= wanted, 90)
            bridge = self._bridges[number % 2]
            bridge.kill()
            time.sleep(0.3)
            bridge.start()
            self._back = number
        sending.join(150)
        assert not sending.is_alive()


def fault_free(store: PostgresStore, folder: Path) -> None:
    public = SigningKey.load(folder / "bridge.pem").public
    checks = verify_whole(store, "packtrail.example/ledger", public, 1)
    assert [fault for check in checks for fault in check.faults] == []
    assert store.equivocations() == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_reports_that_change_bridges_are_their_packs_once(bridges, store, tmp_path):
    conninfo, both = bridges
    vehicles = [SimulatedVehicle(n, edition, 7, 2) for n, edition in enumerate(Edition, start=1)]
    now_ns = time.time_ns()
    said = list(messages(vehicles, REPORTS * REPORT_S / 3600, now_ns))
    sender = PlatformSender(*(Account(LOOPBACK, one.port, "north", PASSWORD) for one in both))

    course = Course(both, len(said))

    def restless() -> Iterator[bytes]:
        for number, message in enumerate(said):
            course.send(number)
            yield message
            if number % 13 == 12:  # with answers under way
                sender.move()

    sending = threading.Thread(target=sender.send, args=(restless(),))
    sending.start()
    course.kill_in_turn(sending)
    sender.close()
    assert (sender.sent.taken, sender.sent.refused) == (len(said), {})
    assert sender.sent.again > 0
    assert all(bridge.heard("platform_login") > 1 for bridge in both)

    begin = (now_ns // NS_PER_S - REPORTS * REPORT_S) * NS_PER_S
    times = [begin + n * REPORT_S * NS_PER_S for n in range(REPORTS)]
    for vehicle in vehicles:
        subject = Subjects(store).vehicle(VehicleRef("vin", vehicle.vin))
        shown = vehicle_state(store, subject)
        assert (len(shown.packs), shown.contests) == (2, ())
        for pack in vehicle.packs:
            unit = UnitRef("gbt34014", pack.code)
            chunks = store.chunks_of(unit, 0, 2**62, 1_000)
            assert [one.chunk.from_ns for one in chunks] == times
            cells = {samples_of(one).values["cell_voltage_v"].shape[1] for one in chunks}
            assert cells == {pack.model.cells}
            state = Packs(store).view(unit).state
            assert state.binding.vehicle == subject
            # No maker has registered these packs; nothing else is in doubt.
            assert {one.reason for one in state.contests} == {ContestReason.UNREGISTERED}
    (counted,) = rows(conninfo, "SELECT count(*) FROM chunk")
    assert counted == (REPORTS * sum(len(one.packs) for one in vehicles),)
    installed = [one.event for one in store.entries_of_type(PackInstalled.__name__)]
    assert Counter(one.unit.id for one in installed) == Counter(
        code for one in vehicles for code in one.codes
    )
    fault_free(store, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_swaps_that_are_told_to_either_bridge_are_stated_once(bridges, store, tmp_path):
    _, both = bridges
    password = StationBook(store).add("S1", "north", time.time_ns())
    urls = [f"ws://{LOOPBACK}:{one.ocpp_port}/ocpp/S1" for one in both]
    order, course, summary = PostOrder(swaps=SWAPS), Course(both, 2 * SWAPS), []
    post = SwapPost(",".join(urls), password)

    def deaf(number: int) -> bool:
        course.send(number)
        return number % 5 == 4

    def tell() -> None:
        summary.append(post.tell(order, deaf))

    telling = threading.Thread(target=tell)
    telling.start()
    course.kill_in_turn(telling)
    (found,) = summary
    assert (found.answered, found.refused) == (2 * SWAPS, [])
    assert all(bridge.heard("station_connected") > 1 for bridge in both)

    wanted = list(swaps(order, Summary()))
    stated = [
        one.event
        for kind in (PackInstalled, PackRemoved)
        for one in store.entries_of_type(kind.__name__, limit=1_000)
    ]
    moves = Counter((type(one.body).__name__, one.body.place is None) for one in stated)
    assert moves == {
        (kind, slotless): len(wanted) // 2
        for kind in ("PackInstalled", "PackRemoved")
        for slotless in (True, False)
    }
    stands = {
        fact.place.slot: fact.entry.event.unit.id
        for fact in store.places("ocpp-S1")
        if isinstance(fact.entry.event.body, PackInstalled)
    }
    assert stands.items() <= {(str(slot), code) for slot, code in found.slots.items()}
    fault_free(store, tmp_path)
