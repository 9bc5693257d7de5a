"""Commands from afar: whose, for whom, when, how often; settings on trial; vehicles resolved."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.downlink import CommandDesk, RemoteSettings, VehicleAsker
from packtrail.downlink import (
    Answer,
    ChangeSettings,
    Command,
    FreshReading,
    KeepSettings,
    Order,
    Question,
    SetLogLevel,
    VehicleResolved,
    new_nonce,
    open_message,
    seal_message,
    split_message,
)
from packtrail.event import UnitRef
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, ClockQuality
from packtrail.topics import answer_topic, question_topic
from tests.gateway.bridge_player import eventually
from tests.gateway.drafts import BRIDGE_KEY, GATEWAY, KEY, PACK
from tests.gateway.memory_outbox import MemoryOutbox
from tests.gateway.stations import write_settings

STRANGER = SigningKey.from_seed(b"s" * 32)
VIN = "LTEST000000000001"


@dataclass
class Station:
    """Plays the gateway around the desk."""

    readings: int = 0
    restarts: int = 0
    resolutions: list[VehicleResolved] = field(default_factory=list)
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def fresh_reading(self, slot: str) -> dict[str, Any]:
        self.readings += 1
        if slot != "1":
            raise LookupError(f"there is no slot {slot!r}")
        return {"slot": slot, "values": {"soc_pct": 61.5, "cell_voltage_v": [3.3, 3.31]}}

    def restart(self) -> None:
        self.restarts += 1

    def resolved(self, answer: VehicleResolved) -> None:
        self.resolutions.append(answer)

    def answers(self) -> list[Answer]:
        found = []
        for topic, data in self.said:
            answer = open_message(split_message(data), Answer, KEY.public)
            assert topic == answer_topic(GATEWAY, answer.nonce)
            found.append(answer)
        return found


class Unset(SystemClock):
    """A computer that was never told the time."""

    def quality(self) -> ClockQuality:
        return ClockQuality.UNSET


@pytest.fixture
def station() -> Station:
    return Station()


@pytest.fixture
def remote(tmp_path: Path) -> RemoteSettings:
    return RemoteSettings(write_settings(tmp_path))


@pytest.fixture
def make_desk(station):
    made: list[CommandDesk] = []

    def _make(remote: RemoteSettings | None = None, **changes: Any) -> CommandDesk:
        ways = {"outbox": MemoryOutbox(), "clock": SystemClock()} | changes
        desk = CommandDesk(
            GATEWAY,
            key=KEY,
            bridge=BRIDGE_KEY.public,
            say=lambda topic, data: station.said.append((topic, data)),
            powers=station,
            remote=remote,
            **ways,
        )
        made.append(desk)
        desk.start()
        return desk

    yield _make
    for desk in made:
        desk.stop()


def command(order: Order, *, key: SigningKey = BRIDGE_KEY, **changes: Any) -> bytes:
    now_ns = time.time_ns()
    about = {"gateway": GATEWAY, "nonce": new_nonce(), "issued_ns": now_ns} | changes
    about = {"expires_ns": about["issued_ns"] + 60 * NS_PER_S} | about
    return seal_message(Command(order=order, **about), key)


def test_a_fresh_reading_carries_the_nonce_of_its_command(station, make_desk):
    nonce = new_nonce()
    make_desk().take(command(FreshReading("1"), nonce=nonce))
    eventually(station.answers)
    (answer,) = station.answers()
    assert (answer.nonce, answer.outcome) == (nonce, "done")
    assert answer.content["values"]["cell_voltage_v"] == [3.3, 3.31]


def test_a_slot_that_is_not_there_is_refused_with_the_reason(station, make_desk):
    make_desk().take(command(FreshReading("9")))
    eventually(station.answers)
    assert station.answers()[0].outcome == "refused"
    assert "no slot" in station.answers()[0].detail


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 50_000,
        command(FreshReading("1"), key=STRANGER),
        command(FreshReading("1"), gateway="station-2"),
        command(FreshReading("1"))[:-1],
        seal_message(
            Question(gateway=GATEWAY, nonce=new_nonce(), before_ns=1, vin=VIN), BRIDGE_KEY
        ),
    ],
)
def test_what_the_bridge_did_not_sign_for_us_is_neither_done_nor_answered(station, make_desk, data):
    desk = make_desk()
    desk.take(data)
    eventually(lambda: desk.state.not_believed == 1)
    assert (station.readings, station.said) == (0, [])


def test_a_command_is_carried_out_once_also_after_a_restart(station, make_desk):
    outbox, data = MemoryOutbox(), command(FreshReading("1"))
    first = make_desk(outbox=outbox)
    first.take(data)
    first.take(data)
    eventually(lambda: station.readings)
    first.stop()
    second = make_desk(outbox=outbox)
    second.take(data)
    second.take(command(FreshReading("1")))
    eventually(lambda: station.readings == 2)
    assert len(station.answers()) == 2


@pytest.mark.parametrize(
    "dates",
    [
        {"issued_ns": time.time_ns() - 3600 * NS_PER_S},
        {"issued_ns": time.time_ns() + 3600 * NS_PER_S},
        {"expires_ns": time.time_ns() + 30 * 86_400 * NS_PER_S},
    ],
)
def test_a_command_outside_its_dates_is_refused(station, make_desk, dates):
    make_desk().take(command(FreshReading("1"), **dates))
    eventually(station.answers)
    assert station.answers()[0].outcome == "refused"
    assert station.readings == 0


def test_a_clock_that_was_never_set_lets_no_command_through(station, make_desk):
    make_desk(clock=Unset()).take(command(FreshReading("1")))
    eventually(station.answers)
    assert station.answers()[0].detail.startswith("clock")


def test_the_log_level_returns_to_what_it_was(station, make_desk):
    root, before = logging.getLogger(), logging.getLogger().level
    desk = make_desk()
    desk.take(command(SetLogLevel("DEBUG", seconds=0.6)))
    eventually(lambda: root.level == logging.DEBUG)
    eventually(lambda: root.level == before)
    desk.take(command(SetLogLevel("CHATTY")))
    eventually(lambda: len(station.answers()) == 2)
    assert station.answers()[1].outcome == "refused"


def test_a_change_is_tried_after_a_restart_and_kept_when_it_is_confirmed(
    station, make_desk, tmp_path, remote
):
    nonce = new_nonce()
    first = make_desk(remote)
    first.take(command(ChangeSettings({"sampling.rest_s": 30}), nonce=nonce))
    eventually(lambda: station.restarts)
    first.stop()
    assert station.said == [], "it is told only by the run that has it"

    second = RemoteSettings(tmp_path / "gateway.toml")
    assert second.begin().sampling.rest_s == 30
    desk = make_desk(second)
    assert station.answers()[0].outcome == "trying"
    desk.take(command(KeepSettings(nonce)))
    eventually(lambda: len(station.answers()) == 2)
    third = RemoteSettings(tmp_path / "gateway.toml")
    assert third.trial is None
    assert third.begin().sampling.rest_s == 30


def test_a_change_that_nobody_confirms_undoes_itself(station, make_desk, tmp_path, remote):
    nonce = new_nonce()
    assert remote.attempt(nonce, {"broker.resend_after_s": 99.0}, confirm_s=0.3) == []
    trying = RemoteSettings(tmp_path / "gateway.toml")
    assert trying.begin().broker.resend_after_s == 99.0
    make_desk(trying)
    eventually(lambda: station.restarts)
    after = RemoteSettings(tmp_path / "gateway.toml")
    assert after.begin().broker.resend_after_s == 1.0
    make_desk(after)
    assert [answer.outcome for answer in station.answers()] == ["trying", "rolled_back"]
    assert station.answers()[1].nonce == nonce


def test_a_gateway_that_dies_on_trial_comes_back_with_the_old_settings(tmp_path, remote):
    remote.attempt(new_nonce(), {"sampling.rest_s": 30}, confirm_s=60)
    assert RemoteSettings(tmp_path / "gateway.toml").begin().sampling.rest_s == 30
    assert RemoteSettings(tmp_path / "gateway.toml").begin().sampling.rest_s == 60


FINE = {"sampling.active_s": 2.0}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        FINE | {"bridge.public_key": STRANGER.public.text},
        FINE | {"alarms.file": "none.toml"},
        FINE | {"local_api.port": 80},
        FINE | {"sampling.rest_s": -1},
        FINE | {"sampling.rest_s": "soon"},
        FINE | {"sampling.active_s.x": 1},
    ],
)
def test_a_change_that_may_not_or_cannot_be_is_refused_whole(
    station, make_desk, tmp_path, remote, changes
):
    make_desk(remote).take(command(ChangeSettings(changes)))
    eventually(station.answers)
    assert station.answers()[0].outcome == "refused"
    assert station.restarts == 0
    assert not (tmp_path / "gateway.remote.json").exists()


def test_a_damaged_file_of_changes_changes_nothing(tmp_path):
    path = write_settings(tmp_path)
    (tmp_path / "gateway.remote.json").write_bytes(b'{"kept": {"sampling.rest_s": ')
    assert RemoteSettings(path).begin().sampling.rest_s == 60
    (tmp_path / "gateway.remote.json").write_bytes(b'{"kept": {"sampling.rest_s": -5}}')
    assert RemoteSettings(path).begin().sampling.rest_s == 60


def test_a_vehicles_pack_is_asked_for_and_only_its_own_answer_counts():
    said, heard = [], []
    asker = VehicleAsker(
        GATEWAY,
        KEY,
        lambda topic, data: said.append((topic, data)),
        lambda slot, since_ns, reading: heard.append((slot, since_ns, reading)),
    )
    asker.ask("1", 17, "not a vin")
    assert said == []
    asker.ask("1", 17, VIN.lower())
    ((topic, data),) = said
    question = open_message(split_message(data), Question, KEY.public)
    assert topic == question_topic(GATEWAY, question.nonce)
    assert (question.vin, question.before_ns) == (VIN, 17)
    asker.resolved(VehicleResolved(new_nonce(), VIN, PACK))
    assert heard == []
    asker.resolved(VehicleResolved(question.nonce, VIN, PACK))
    asker.resolved(VehicleResolved(question.nonce, VIN, UnitRef("x", "again")))
    ((slot, since_ns, reading),) = heard
    assert (slot, since_ns) == ("1", 17)
    assert (reading.source, reading.raw, reading.says) == ("vin", VIN, PACK)
