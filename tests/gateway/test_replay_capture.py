"""Captures of GB/T 32960 take the path of a live vehicle, to the last receipt."""

from __future__ import annotations

from functools import reduce
from operator import xor

import numpy as np
import pytest

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Encryption,
    Login,
    Unit,
    build,
    build_login,
    build_report,
)
from packtrail.columns import decode_columns
from packtrail.command import run_line
from packtrail.event import decode_event
from packtrail.record import Kind
from packtrail.times import NS_PER_S
from tests.gateway.bridge_player import BridgePlayer
from tests.gateway.drafts import T0
from tests.gateway.stations import write_settings

VIN, OTHER_VIN = "LSVAA4182E2100001", "LSVAA4182E2100002"
CODE, OTHER_CODE = "001PB24F3A0000FBV0000123", "001PB24F3A0000FBV0000124"
START = T0 - T0 % NS_PER_S


def login(*codes: str, edition: Edition = Edition.OF_2016) -> bytes:
    said = Login(START, 1, "89860000000000000001", codes or (CODE,))
    return build(Command.LOGIN, VIN, build_login(said, edition), edition=edition)


def report(second: int, celsius: float, edition: Edition = Edition.OF_2016, vin=VIN) -> bytes:
    probes = Unit(kind="probes", code=9, lists={"temperature_c": np.array([25.0, celsius])})
    data = build_report(START + second * NS_PER_S, [probes], edition)
    return build(Command.REALTIME, vin, data, edition=edition)


@pytest.fixture
def bridge(mosquitto):
    player = BridgePlayer(mosquitto.port)
    yield player
    player.close()


def replayed(tmp_path, capture: bytes, port: int | None = None, *more: str) -> int:
    (tmp_path / "drive.txt").write_bytes(capture)
    settings = str(write_settings(tmp_path, port))
    return run_line(
        ["gateway", "replay", str(tmp_path / "drive.txt"), "--settings", settings, *more]
    )


@pytest.mark.parametrize("edition", list(Edition))
@pytest.mark.parametrize("as_text", [True, False])
def test_a_capture_becomes_records_of_the_pack_that_its_login_names(
    tmp_path, mosquitto, bridge, edition, as_text
):
    reports = [report(10 * n, 30.0 + n % 4, edition) for n in range(250)]
    raw = login(edition=edition) + b"\x00noise" + b"".join(reports)
    assert replayed(tmp_path, raw.hex(" ").encode() if as_text else raw, mosquitto.port) == 0
    records = list(bridge.records.values())
    batches = [decode_columns(r.body) for r in records if r.kind is Kind.TELEMETRY]
    assert {r.unit.id for r in records if r.kind is Kind.TELEMETRY} == {CODE}
    hottest = np.concatenate([batch.values["temperature_c"][:, 1] for batch in batches])
    assert set(hottest) <= {30.0 + n for n in range(4)}
    times = np.concatenate([batch.t_ns for batch in batches])
    assert (times[0], times[-1]) == (START, START + 2490 * NS_PER_S)
    events = [decode_event(r.body).read() for r in records if r.kind.carries_event]
    moves = [event for event in events if event.type != "UsageRecorded"]
    cars = [move.body.vehicle and bridge.values[move.body.vehicle.id] for move in moves]
    assert list(zip([move.type for move in moves], cars, strict=True)) == [
        ("PackRemoved", VIN),
        ("PackInstalled", None),
        ("PackRemoved", None),
        ("PackInstalled", VIN),
    ]


@pytest.mark.parametrize(
    ("capture", "more", "said"),
    [
        (login() + report(0, 30.0) + report(1, 30.0, vin=OTHER_VIN), (), "2 vehicles report"),
        (login(CODE, OTHER_CODE) + report(0, 30.0), (), f"name 2 packs: {CODE}, {OTHER_CODE}"),
        (report(0, 30.0) + report(1, 30.0), (), "--pack CODE"),
        (login() + login(), (), "no report in it"),
        (login() + report(0, 30.0), ("--pack", "NO CODE"), "NO CODE"),
        (b"(1.0) can0 1DB#00", (), "--profile, --pack"),
    ],
)
def test_what_a_capture_leaves_open_is_asked_for_before_anything_is_recorded(
    tmp_path, capsys, capture, more, said
):
    assert replayed(tmp_path, capture, None, *more) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "outbox.db").exists()


def test_encrypted_and_broken_messages_are_counted_and_the_rest_arrives(
    tmp_path, mosquitto, bridge, capsys
):
    secret = bytearray(report(5, 40.0))
    secret[21] = Encryption.AES128
    secret[-1] = reduce(xor, secret[2:-1])
    broken = bytearray(report(5, 40.0))
    broken[-1] ^= 1
    raw = login() + report(0, 30.0) + bytes(secret + broken) + report(60, 31.0)
    assert replayed(tmp_path, raw, mosquitto.port, "--pack", OTHER_CODE) == 0
    records = [r for r in bridge.records.values() if r.kind is Kind.TELEMETRY]
    assert sum(len(decode_columns(r.body)) for r in records) == 2
    assert {r.unit.id for r in records} == {OTHER_CODE}
    assert "2 skipped" in capsys.readouterr().out
