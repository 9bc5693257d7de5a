"""The trust list as a fold of key events: enrolment, limits, rotation, revocation."""

import base64

import pytest

from cloud_bridge.ingest.judge import judge_event
from cloud_bridge.store import Fact, Refused
from packtrail.event import (
    KeyRegistered,
    KeyRevoked,
    KeyRotated,
    PackInstalled,
    UnitRegistered,
    UnitRetired,
)
from packtrail.signing import SigningKey
from packtrail.times import format_time
from tests.cloud_bridge.parts import (
    AUTHORITY,
    CODE,
    HOUR,
    MAKER,
    OTHER_PACK,
    PACK,
    REGISTRATION,
    SLOT,
    STATION,
    STRANGER,
    T0,
    fact,
    key_fact,
    signed,
    trust,
)

NEW = SigningKey.from_seed(b"new station".ljust(32, b"."))
LATER = SigningKey.from_seed(b"later station".ljust(32, b"."))
ENROLLED = key_fact(STATION, "station-1", "gateway", sites=("north",))


def rotation(old, new, since_ns, *, proof_of=None, counter=9):
    proof = (proof_of or new).sign("rotation", old.key_id.encode())
    body = KeyRotated(new.public.text, base64.b64encode(proof).decode(), format_time(since_ns))
    return fact(body, key=old, unit=None, counter=counter)


def revoked(key, since_ns):
    body = KeyRevoked(key.key_id, format_time(since_ns))
    about = {"unit": None, "author": "bridge-1", "stream": "trust", "counter": 7}
    return fact(body, key=AUTHORITY, **about)


def test_a_rotated_key_inherits_and_the_old_one_falls_silent():
    listed = trust(ENROLLED, rotation(STATION, NEW, T0 + HOUR))
    assert listed.voice(STATION.key_id, T0)
    assert listed.voice(NEW.key_id, T0) is None
    assert listed.voice(STATION.key_id, T0 + 2 * HOUR) is None
    voice = listed.voice(NEW.key_id, T0 + 2 * HOUR)
    assert (voice.party, voice.role, voice.sites) == ("station-1", "gateway", {"north"})


def test_a_rotation_needs_both_keys():
    forged = rotation(STATION, NEW, T0, proof_of=STRANGER)
    assert trust(ENROLLED, forged).voice(NEW.key_id, T0 + HOUR) is None
    refused = judge_event(forged.signed, trust(ENROLLED), T0)
    assert isinstance(refused, Refused)
    assert "agree" in refused.detail
    by_a_stranger = rotation(STRANGER, NEW, T0)
    assert trust(ENROLLED, by_a_stranger).voice(NEW.key_id, T0 + HOUR) is None


def test_a_revocation_reaches_the_heirs_of_a_key():
    chain = (rotation(STATION, NEW, T0 + HOUR), rotation(NEW, LATER, T0 + 2 * HOUR, counter=10))
    listed = trust(ENROLLED, *chain, revoked(STATION, T0 + 3 * HOUR))
    assert all(listed.voice(key.key_id, T0 + 4 * HOUR) is None for key in (STATION, NEW, LATER))
    # The heir of a revoked key does not take its forebears with it.
    listed = trust(ENROLLED, *chain[:1], revoked(NEW, T0 + 3 * HOUR))
    assert listed.voices[STATION.key_id].revoked_ns == T0 + HOUR


def test_a_key_cannot_take_the_place_of_another():
    enrolled = key_fact(MAKER, "maker-1", "maker", 2)
    listed = trust(ENROLLED, enrolled, rotation(STATION, MAKER, T0))
    assert listed.voices[MAKER.key_id].party == "maker-1"


def test_a_key_may_be_confined_to_codes():
    listed = trust(key_fact(MAKER, "maker-1", "maker", codes=(CODE[:12],)))
    about = {"key": MAKER, "author": "maker-1"}
    own = signed(REGISTRATION, unit=PACK, **about)
    assert isinstance(judge_event(own, listed, T0), Fact)
    foreign = judge_event(signed(REGISTRATION, unit=OTHER_PACK, **about), listed, T0)
    assert isinstance(foreign, Refused)
    assert "may not speak of unit" in foreign.detail
    hidden = UnitRegistered("lfp", 1, 1, 1, children=(OTHER_PACK,))
    assert isinstance(judge_event(signed(hidden, unit=PACK, **about), listed, T0), Refused)


@pytest.mark.parametrize(
    ("role", "body", "taken"),
    [
        ("workshop", UnitRetired(), True),
        ("gateway", UnitRetired(), False),
        ("recycler", PackInstalled(place=SLOT), False),
        ("alchemist", UnitRetired(), False),
    ],
)
def test_a_role_may_state_its_own_events_only(role, body, taken):
    listed = trust(key_fact(STATION, "station-1", role))
    judged = judge_event(signed(body), listed, T0)
    assert isinstance(judged, Fact) is taken


def test_an_unreadable_key_event_gives_nobody_a_voice():
    broken = fact(
        KeyRegistered("not base64", "station-1", "gateway"),
        key=AUTHORITY,
        unit=None,
        author="bridge-1",
        stream="trust",
    )
    assert trust(broken).voices == {}
