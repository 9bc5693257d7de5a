"""Platforms that misbehave: strangers, lies about lengths and times, streams that never end."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Encryption,
    Framer,
    PlatformLogin,
    Response,
    Unit,
    build,
    build_platform_login,
    scan,
)
from can_decoder.gbt32960.frame import check_byte, read_time
from cloud_bridge.feeds.gbt32960.dialogue import Dialogue, Origin
from cloud_bridge.feeds.gbt32960.feed import Gbt32960Feed
from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.metrics import Metrics
from cloud_bridge.settings import BridgeSettings
from packtrail.errors import PacktrailError
from packtrail.record import MAX_RECORD_BYTES
from packtrail.times import NS_PER_S
from tests.cloud_bridge import parts
from tests.cloud_bridge.platforms import (
    NOW,
    PASSWORD,
    USER,
    VARIABLE,
    VIN,
    Line,
    chunks,
    entered,
    feed_settings,
    login,
    report,
)
from tests.cloud_bridge.running import running, until
from tests.gateway.certificates import Authority

DAY_S = 86_400


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """One for all: what one platform does wrong harms no other."""
    folder = tmp_path_factory.mktemp("bridge")
    limits = {"login_s": 0.6, "silent_s": 1.2, "connections": 3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, PASSWORD)
        content = feed_settings(folder).model_dump()
        content["gbt32960"] |= limits
        with running(BridgeSettings.model_validate(content), connected=False) as made:
            yield made


@pytest.fixture(autouse=True)
def _nobody_is_left(bridge):
    """The lines of the test before are closed: only three may be open."""
    until(lambda: not bridge.gbt32960._lines._open, 20)


@pytest.fixture
def line(bridge):
    with entered(bridge.gbt32960.port) as line:
        yield line


def counted(bridge, outcome: str) -> float:
    return bridge.metrics.gbt32960.labels(outcome)._value.get()


@pytest.mark.parametrize(("user", "password"), [(USER, "guess"), ("nobody", PASSWORD), ("", "")])
def test_who_does_not_prove_himself_hears_an_error_and_is_out(bridge, user, password):
    stranger = Line(bridge.gbt32960.port)
    assert stranger.enter(user, password) == Response.ERROR
    assert stranger.hear() is None


def test_nothing_is_taken_before_a_login(bridge):
    for early in (report(), login(parts.CODE), build(Command.HEARTBEAT, VIN, b"")):
        stranger = Line(bridge.gbt32960.port)
        assert stranger.ask(early) == [Response.ERROR]
        assert stranger.hear() is None
    assert bridge.store.units() == []


def test_a_platform_that_comes_from_elsewhere_is_not_let_in(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSWORD)
    elsewhere = feed_settings(tmp_path, peer={"networks": ["203.0.113.0/24"]})
    with running(elsewhere, connected=False) as bridge:
        assert Line(bridge.gbt32960.port).enter() == Response.ERROR


def test_who_is_silent_or_slow_is_let_go_and_does_not_keep_others_out(bridge):
    silent, slow = Line(bridge.gbt32960.port), Line(bridge.gbt32960.port)
    data = build_platform_login(PlatformLogin(NOW, 1, USER, PASSWORD))
    whole = build(Command.PLATFORM_LOGIN, "P" * 17, data)
    for byte in whole[:-1]:  # one at a time: never a whole message
        try:
            slow.say(bytes([byte]))
        except ConnectionError:
            break
        time.sleep(0.02)
    assert slow.hear() is None
    assert silent.hear() is None
    with entered(bridge.gbt32960.port) as late:
        late.say(report()[:30])
        assert late.hear() is None  # half a message, and then nothing
    until(lambda: not bridge.gbt32960._lines._open)


def test_more_connections_than_may_be_are_turned_away(bridge):
    port = bridge.gbt32960.port
    with entered(port) as one, entered(port), entered(port):
        assert Line(port).hear() is None
        assert one.ask(build(Command.HEARTBEAT, VIN, b"")) == [1]


def test_a_length_that_lies_and_a_wrong_check_byte_cost_nothing_else(bridge, line):
    good = build(Command.HEARTBEAT, VIN, b"")
    bad = bytearray(report())
    bad[-1] ^= 0xFF
    assert line.ask(bytes(bad), good) == [Response.ERROR, 1]
    longer = bytearray(good)
    longer[23] = 30  # swallows the next message, whose check byte then is none
    line.say(bytes(longer) + good * 3)
    answers = [line.hear().response for _ in range(4)]
    assert sorted(answers) == [1, 1, 1, Response.ERROR]
    assert counted(bridge, "bad_check") >= 2


@pytest.mark.parametrize(
    "body",
    [
        b"\x08\xff" + b"\x01" * 20,
        b"\x08\x01\x01\x0d\xac\x27\x10\xff\xff\xff\xff\xff",
        b"\x09\xff\x01\xff\xff\x41",
        b"\x07\x03\xff\xff\xff\xff\xff",
        b"\x80\xff\xff",
        b"\x55" * 40,
        b"",
    ],
)
def test_counts_beyond_the_message_are_answered_with_an_error_or_kept_as_far_as_they_go(line, body):
    for edition in Edition:
        message = build(Command.REALTIME, VIN, report()[24:30] + body, edition=edition)
        (said,) = line.ask(message)
        assert said in (Response.SUCCESS, Response.ERROR, Response.STRUCTURE)
    assert line.ask(build(Command.HEARTBEAT, VIN, b"")) == [1]


def test_a_list_of_cells_that_no_pack_has_is_left_out(bridge, line):
    vin = "LSVAA4182E2100003"
    volts = {"cell_voltage_v": np.full(20_000, 3.3)}
    many = Unit("cells", 0, {"voltage_v": 350.0, "current_a": 0.0}, volts)
    assert line.ask(report(many, vin=vin, edition=Edition.OF_2025)) == [1]
    assert max(len(one.data) for _, one in bridge.store.chunks_after(0, 2**62)) < 10_000


@pytest.mark.parametrize("ago", [-2 * DAY_S, -366 * DAY_S, 366 * DAY_S])
def test_a_clock_a_year_off_is_refused_and_poisons_nothing(bridge, line, ago):
    assert line.ask(report(ago=ago), login(parts.OTHER_CODE, ago=ago)) == [Response.ERROR] * 2
    assert not bridge.store.has_unit(parts.OTHER_PACK)


def test_what_is_no_vin_no_date_or_encrypted_is_answered_in_the_editions_words(line):
    no_date = build(Command.REALTIME, VIN, b"\x1a\x0d\x28\0\0\0", edition=Edition.OF_2025)
    secret = bytearray(report(edition=Edition.OF_2025))
    secret[21] = Encryption.SM4
    secret[-1] = check_byte(bytes(secret[2:-1]))
    no_vin = report(vin="OOOOOOOOOOOOOOOOO", edition=Edition.OF_2025)
    said = [Response.STRUCTURE, Response.DECRYPTION, Response.UNKNOWN_VIN]
    assert line.ask(no_date, bytes(secret), no_vin) == said
    assert line.ask(report(vin="OOOOOOOOOOOOOOOOO")) == [Response.ERROR]
    unknown = bytearray(build(Command.HEARTBEAT, VIN, b""))
    unknown[2], unknown[-1] = 0x77, unknown[-1] ^ 0x07 ^ 0x77
    assert line.ask(bytes(unknown)) == [Response.ERROR]


def test_the_clock_is_told_and_a_logout_ends_the_line(line):
    line.say(build(Command.CLOCK, VIN, b""))
    told_ns = read_time(line.hear().data)
    assert abs(told_ns - time.time_ns()) < 60 * NS_PER_S
    assert line.ask(build(Command.PLATFORM_LOGOUT, "P" * 17, report()[24:32])) == [1]
    assert line.hear() is None


def test_who_does_not_read_his_answers_holds_up_nobody(bridge):
    with entered(bridge.gbt32960.port) as deaf, entered(bridge.gbt32960.port) as other:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.socket.setblocking(False)
        beats = build(Command.HEARTBEAT, VIN, b"") * 5_000
        sent = 0
        for _ in range(20):
            try:
                sent += deaf.socket.send(beats)
            except BlockingIOError:
                break
        assert sent
        assert other.ask(build(Command.HEARTBEAT, VIN, b"")) == [1]


@settings(max_examples=150, deadline=None)
@given(
    noise=st.binary(max_size=200),
    command=st.sampled_from(list(Command)),
    edition=st.sampled_from(list(Edition)),
    data=st.binary(max_size=300),
    flips=st.lists(st.integers(0, 10_000), max_size=3),
)
def test_no_bytes_make_a_platforms_dialogue_fail(bridge, noise, command, edition, data, flips):
    peers = bridge.gbt32960._peers
    dialogue = Dialogue(peers, Origin("127.0.0.1"), lambda _: None, time.time_ns)
    dialogue.peer = peers[USER]
    moment = report()[24:30]
    spoilt = bytearray(build(command, VIN, moment + data, edition=edition) + report())
    for place in flips:
        spoilt[place % len(spoilt)] ^= 1 << place % 8
    framer = Framer()
    for piece in (noise, bytes(spoilt)):
        for reply in dialogue.take(framer.take(piece)):
            for response in Response:
                answer = list(scan(reply.say(response)))
                assert all(one.response in (response, Response.ERROR) for one in answer)
            assert all(len(one.data) < MAX_RECORD_BYTES for one in reply.outcome.records)


def test_a_key_that_was_revoked_gets_no_success(bridge, line):
    """The record is nobody's then: its sender has to keep it."""
    party = bridge.settings.gbt32960.peer[0].party
    assert line.ask(login(parts.CODE), report()) == [1, 1]
    kept = [one for one in bridge._trusted(bridge.settings) if one.party != party]
    bridge.authority.publish_trust(kept)
    try:
        before = len(chunks(bridge.store, parts.PACK))
        assert line.ask(report(ago=5)) == [Response.ERROR]
        assert len(chunks(bridge.store, parts.PACK)) == before
    finally:
        bridge.authority.publish_trust(bridge._trusted(bridge.settings))


def test_a_certificate_is_asked_for_and_has_to_be_the_platforms_own(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSWORD)
    authority = Authority(tmp_path)
    certificate, key = authority.issue("feed")
    own, other = authority.issue("north"), authority.issue("south")
    der = ssl.PEM_cert_to_DER_cert(own[0].read_text())
    tls = {"certificate": str(certificate), "key": str(key), "client_ca": str(authority.file)}
    content = feed_settings(tmp_path).model_dump()
    content["gbt32960"]["tls"] = tls
    content["gbt32960"]["peer"][0]["fingerprint"] = hashlib.sha256(der).hexdigest()
    with running(BridgeSettings.model_validate(content), connected=False) as bridge:
        said = {
            name: TlsLine(bridge.gbt32960.port, authority.file, shown).enter()
            for name, shown in {"own": own, "other": other, "none": None}.items()
        }
    assert said == {"own": Response.SUCCESS, "other": Response.ERROR, "none": None}


class TlsLine(Line):
    """A connection over TLS, with a certificate or without."""

    def __init__(self, port: int, authority: Path, shown: tuple[Path, Path] | None) -> None:
        super().__init__(port)
        context = ssl.create_default_context(cafile=str(authority))
        if shown:
            context.load_cert_chain(*shown)
        self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")


def test_settings_that_cannot_hold_are_refused_and_a_missing_password_is_named(monkeypatch):
    peer = {"name": "a", "user": "a", "password_env": "PACKTRAIL_NOT_SET"}
    for wrong in (
        {"peer": []},
        {"peer": [peer, peer]},
        {"peer": [peer | {"fingerprint": "0" * 64}]},
        {"peer": [peer | {"networks": ["nowhere"]}]},
        {"peer": [peer | {"user": "longer than twelve"}]},
    ):
        with pytest.raises(ValidationError):
            Gbt32960Settings.model_validate(wrong)
    monkeypatch.delenv("PACKTRAIL_NOT_SET", raising=False)
    good = Gbt32960Settings.model_validate({"peer": [peer]})
    with pytest.raises(PacktrailError, match="PACKTRAIL_NOT_SET"):
        Gbt32960Feed(good, parts.AUTHORITY, None, None, Metrics())
