"""GB/T 32960 as a source: over TCP, in pieces, hostile; both editions."""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Framer,
    Login,
    Message,
    Unit,
    build,
    build_login,
    build_report,
    scan,
)
from gateway.settings import GatewaySettings
from gateway.vehicle_feed import FeedOptions, VehicleFeed
from packtrail.errors import PacktrailError, SettingsError
from packtrail.settings import load
from packtrail.times import NS_PER_S
from tests.gateway.bridge_player import eventually
from tests.gateway.drafts import T0
from tests.gateway.stations import write_settings
from tests.services import free_port

VIN = "LSVAA4182E2100001"
CODE = "001PB24F3A0000FBV0000123"
SECOND = T0 - T0 % NS_PER_S


def login(edition: Edition, *codes: str) -> bytes:
    said = Login(SECOND, 1, "89860000000000000001", codes or (CODE,))
    return build(Command.LOGIN, VIN, build_login(said, edition), edition=edition)


def report(edition: Edition, seconds: int = 0, celsius: float = 31.0) -> bytes:
    degrees = np.array([25.0, celsius])
    probes = Unit(kind="probes", code=9, lists={"temperature_c": degrees})
    data = build_report(SECOND + seconds * NS_PER_S, [probes], edition)
    return build(Command.REALTIME, VIN, data, edition=edition)


@pytest.fixture
def heard():
    return {"samples": [], "codes": []}


@pytest.fixture
def feed(heard):
    feed = VehicleFeed(
        FeedOptions("gate", port=0),
        lambda slot, samples: heard["samples"].extend((slot, s) for s in samples),
        lambda slot, vin, codes: heard["codes"].append((slot, vin, codes)),
    )
    feed.start()
    yield feed
    feed.stop()


def connect(feed) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", feed.port), 5)
    line.settimeout(5)
    return line


@pytest.mark.parametrize("edition", list(Edition))
def test_a_vehicle_logs_in_and_reports_and_is_answered(feed, heard, edition):
    with connect(feed) as line:
        line.sendall(login(edition))
        (answer,) = scan(line.recv(1000))
        assert (answer.command, answer.response, answer.vin) == (Command.LOGIN, 1, VIN)
        assert answer.edition is edition
        for piece in (report(edition)[:30], report(edition)[30:] + report(edition, 10)):
            line.sendall(piece)
            time.sleep(0.05)
        eventually(lambda: len(heard["samples"]) == 2)
    assert heard["codes"] == [("gate", VIN, [CODE])]
    slot, sample = heard["samples"][0]
    assert (slot, sample.t_ns) == ("gate", SECOND)
    assert sample.values["temperature_c"].tolist() == [25.0, 31.0]
    eventually(lambda: feed.state.vin == "")


def test_codes_that_are_none_and_encrypted_data_are_left(feed, heard):
    whole = bytearray(login(Edition.OF_2016))
    whole[21] = 0x03  # AES
    whole[-1] ^= 0x01 ^ 0x03
    with connect(feed) as line:
        line.sendall(bytes(whole) + login(Edition.OF_2016, "MAKER-SERIAL-00000000042"))
        eventually(lambda: heard["codes"])
    assert heard["codes"] == [("gate", VIN, [])]
    assert feed.state.encrypted == 1


def test_noise_between_messages_is_skipped_and_counted(feed, heard):
    with connect(feed) as line:
        line.sendall(b"GET / HTTP/1.1\r\n\r\n##\xff" + report(Edition.OF_2016) + b"$$$")
        eventually(lambda: heard["samples"])
        eventually(lambda: feed.state.skipped > 10)


def test_a_second_vehicle_is_turned_away_while_the_first_speaks(feed, heard):
    with connect(feed) as first, connect(feed) as second:
        first.sendall(report(Edition.OF_2016))
        eventually(lambda: heard["samples"])
        assert second.recv(10) == b""
        assert feed.state.turned_away == 1
        first.sendall(report(Edition.OF_2016, 1))
        eventually(lambda: len(heard["samples"]) == 2)


def test_a_port_that_is_taken_is_named(feed):
    with pytest.raises(PacktrailError, match=str(feed.port)):
        VehicleFeed(FeedOptions("x", port=feed.port), print, print)


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 30))
def test_a_message_is_found_whatever_surrounds_it_and_however_it_is_cut(noise, cut):
    framer, wanted = Framer(), report(Edition.OF_2016)
    junk = [piece.replace(b"#", b".").replace(b"$", b".") for piece in noise]
    found: list[Message] = []
    for piece in (*junk, wanted[:cut], wanted[cut:], *junk):
        found += framer.feed(piece)
    assert [message.command for message in found] == [Command.REALTIME]
    assert framer.skipped <= 2 * sum(map(len, junk))


@given(st.binary(max_size=3000))
def test_no_stream_breaks_it_or_makes_it_grow(stream):
    framer = Framer()
    for at in range(0, len(stream), 100):
        framer.feed(stream[at : at + 100])
    assert len(framer._waiting) <= 65_560


def test_settings_tie_a_feed_to_a_slot_of_its_own(tmp_path):
    feed = f'[[vehicle_feed]]\nslot = "gate"\nport = {free_port()}\n'
    good = write_settings(tmp_path, 1883, f'[[slot]]\nname = "gate"\n{feed}')
    assert load(GatewaySettings, good).vehicle_feed[0].options.slot == "gate"
    bad = write_settings(tmp_path, 1883, f'[[slot]]\nname = "1"\n{feed}{feed}')
    with pytest.raises(SettingsError) as refused:
        load(GatewaySettings, bad)
    told = str(refused.value)
    assert "neither a bus nor" in told
    assert "two vehicle feeds" in told
    assert "not there" in told
