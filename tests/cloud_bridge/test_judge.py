"""What becomes of one message, by every way in which it can be wrong."""

from __future__ import annotations

import base64
import hashlib

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.ingest.judge import judge, judge_event
from cloud_bridge.store import Arrival, Blank, Chunk, Fact, Refused, Stranger
from packtrail.columns import encode_columns
from packtrail.event import (
    ConditionCommitted,
    KeyRevoked,
    PackInstalled,
    PlaceRef,
    SignedEvent,
    UnitRef,
    encode_event,
    sign_event,
)
from packtrail.record import MAX_RECORD_BYTES, RECORD_DOMAIN, Kind, Sealed, unseal
from packtrail.signing import SigningKey
from packtrail.topics import RecordAddress, record_topic
from tests.cloud_bridge import parts

NOW = parts.T0 + parts.HOUR
TRUST = parts.trust()


@pytest.fixture
def gateway() -> parts.PlayedGateway:
    return parts.PlayedGateway()


def judged(message: tuple[str, bytes], trust=TRUST, now_ns=NOW) -> Arrival | Stranger:
    return judge(*message, trust, now_ns)


def content(message, **more):
    arrival = judged(message, **more)
    assert isinstance(arrival, Arrival), arrival
    return arrival.content


def reason(message, **more) -> str:
    stranger = judged(message, **more)
    assert isinstance(stranger, Stranger), stranger
    return stranger.reason


def resealed(payload: bytes, key: SigningKey = parts.STATION) -> bytes:
    """Any payload, sealed as a record by `key`."""
    signature = key.sign(RECORD_DOMAIN, payload)
    return msgspec.msgpack.encode(Sealed(key.key_id, payload, signature))


def test_telemetry_becomes_a_chunk_with_its_span(gateway):
    arrival = judged(gateway.telemetry(parts.samples(60)))
    assert arrival.address == RecordAddress("station-1", parts.EPOCH, 1)
    assert arrival.content == Chunk(
        parts.PACK, "3", parts.T0, parts.T0 + 59 * parts.SECOND, samples=60
    )


def test_telemetry_of_an_unknown_pack_stays_with_its_slot(gateway):
    assert content(gateway.telemetry(unit=None)).unit is None


def test_an_event_becomes_a_fact(gateway):
    fact = content(gateway.tell(PackInstalled(place=parts.SLOT)))
    assert isinstance(fact, Fact)
    assert fact.event.body == PackInstalled(place=parts.SLOT)


def test_a_blank_only_counts(gateway):
    assert content(gateway.record(Kind.BLANK)) == Blank()


def test_the_digest_covers_what_was_signed(gateway):
    topic, data = gateway.telemetry()
    assert judged((topic, data)).digest == hashlib.sha256(unseal(data).payload).digest()


@pytest.mark.parametrize(
    "topic",
    ["", "packtrail/1/x/record", "packtrail/1/station-1/record/xyz/1", "a/b" * 9000],
)
def test_a_topic_that_is_no_records_is_a_stranger(gateway, topic):
    stranger = judged((topic, gateway.telemetry()[1]))
    assert stranger.reason == "topic"
    assert len(stranger.topic) <= 256


@given(st.binary(max_size=300))
def test_no_bytes_whatever_trip_the_judge(data):
    topic = record_topic(RecordAddress("station-1", parts.EPOCH, 1))
    assert isinstance(judge(topic, data, TRUST, NOW), Stranger)


@given(st.binary(max_size=300))
def test_no_payload_whatever_trips_the_judge(payload):
    topic = record_topic(RecordAddress("station-1", parts.EPOCH, 1))
    assert judge(topic, resealed(payload), TRUST, NOW).reason == "record"


@given(st.binary(max_size=300), st.sampled_from(Kind))
def test_no_body_whatever_trips_the_judge(body, kind):
    arrival = judged(parts.PlayedGateway().record(kind, body))
    assert isinstance(arrival.content, Refused | Blank)


@given(st.data())
def test_one_flipped_bit_is_never_believed(data):
    topic, sealed = parts.PlayedGateway().telemetry()
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    flipped = bytearray(sealed)
    flipped[bit // 8] ^= 1 << bit % 8
    assert isinstance(judge(topic, bytes(flipped), TRUST, NOW), Stranger)


def test_an_unknown_key_is_a_stranger():
    assert reason(parts.PlayedGateway(key=parts.STRANGER).telemetry()) == "key"


def test_a_makers_key_sends_no_records():
    assert reason(parts.PlayedGateway(name="maker-1", key=parts.MAKER).telemetry()) == "key"


def test_a_gateway_cannot_count_for_another(gateway):
    message = parts.PlayedGateway(name="station-2").telemetry()
    assert reason(message) == "gateway"


def test_a_record_replayed_under_another_number_refuses_nothing(gateway):
    _, data = gateway.telemetry()
    other = record_topic(RecordAddress("station-1", parts.EPOCH, 99))
    assert reason((other, data)) == "address"


def test_a_key_has_no_voice_before_after_or_once_revoked(gateway):
    message = gateway.telemetry()
    timed = parts.key_fact(
        parts.STATION,
        "station-1",
        "gateway",
        valid_from="2026-01-01T00:00:00Z",
        valid_to="2027-01-01T00:00:00Z",
    )
    trust = parts.trust(timed)
    assert isinstance(judged(message, trust), Arrival)
    assert reason(message, trust=trust, now_ns=1) == "key"
    assert reason(message, trust=trust, now_ns=NOW + 366 * 24 * parts.HOUR) == "key"
    revoked = parts.fact(
        KeyRevoked(parts.STATION.key_id, "2026-04-01T08:30:00Z"),
        key=parts.AUTHORITY,
        author="bridge-1",
        unit=None,
    )
    trust = parts.trust(timed, revoked)
    assert isinstance(judged(message, trust, parts.T0), Arrival)
    assert reason(message, trust=trust, now_ns=NOW) == "key"


def test_nobody_but_the_authority_gives_a_key_a_voice():
    forged = parts.key_fact(parts.STRANGER, "station-9", "gateway")
    event = sign_event(forged.event, parts.STRANGER)
    message = parts.PlayedGateway(name="station-9", key=parts.STRANGER).telemetry()
    assert isinstance(judged(message, parts.trust(forged)), Arrival)
    assert reason(message, trust=parts.trust(Fact(event, forged.event))) == "key"


def test_an_oversized_record_is_refused_if_it_is_genuine(gateway):
    message = gateway.record(Kind.TELEMETRY, b"x" * MAX_RECORD_BYTES)
    assert content(message).reason == "size"
    topic, data = message
    assert reason((topic, data * 5)) == "size"


def test_a_record_of_a_future_format_is_refused_under_its_number(gateway):
    topic, data = gateway.telemetry()
    payload = parts.repacked(unseal(data).payload, format=2)
    assert content((topic, resealed(payload))).reason == "record"
    payload = parts.repacked(unseal(data).payload, kind="novel")
    assert content((topic, resealed(payload))).reason == "record"


@pytest.mark.parametrize("field", ["t_ns", "sealed_ns"])
@pytest.mark.parametrize("value", [-1, 2**63 - 1, 2**64 - 1])
def test_times_that_no_clock_shows_are_refused(gateway, field, value):
    topic, data = gateway.telemetry()
    payload = parts.repacked(unseal(data).payload, **{field: value})
    assert content((topic, resealed(payload))).reason == "time"


def test_samples_from_the_year_9999_are_refused(gateway):
    batch = parts.samples(t_ns=8_000_000_000 * parts.SECOND)
    assert content(gateway.telemetry(batch)).reason == "time"


def test_columns_that_do_not_decode_are_refused(gateway):
    torn = encode_columns(parts.samples())[:-5]
    assert content(gateway.record(Kind.TELEMETRY, torn)).reason == "columns"
    assert content(gateway.telemetry(parts.samples(0))).reason == "columns"
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * 1024 * 1024))
    assert content(gateway.record(Kind.TELEMETRY, bomb)).reason == "columns"


@pytest.mark.parametrize(
    "unit",
    [
        UnitRef("gbt34014", "TYPO"),
        UnitRef("gbt34014", parts.CODE.lower()),
        UnitRef("maker_serial", ""),
        UnitRef("maker_serial", "x" * 129),
        UnitRef("maker_serial", "new\nline"),
    ],
)
def test_names_that_nothing_has_are_refused(gateway, unit):
    assert content(gateway.telemetry(unit=unit)).reason == "record"
    assert content(gateway.tell(PackInstalled(place=parts.SLOT), unit=unit)).reason == "event"


def test_an_event_signed_by_nobody_we_trust_is_refused(gateway):
    body = encode_event(parts.signed(PackInstalled(place=parts.SLOT), key=parts.STRANGER))
    assert content(gateway.record(Kind.EVENT, body)).reason == "key"


@pytest.mark.parametrize("hostile", ["\x00", "\x1b[2J", "\u202e", "\n", "界" * 200])
def test_whatever_a_refusal_quotes_it_is_one_short_printable_line(gateway, hostile):
    said = parts.signed(PackInstalled(place=parts.SLOT))
    strange = [msgspec.structs.replace(said, key_id=hostile)]
    strange += [parts.signed(PackInstalled(place=parts.SLOT), author=f"s-{hostile}")]
    refused = [content(gateway.record(Kind.EVENT, encode_event(one))) for one in strange]
    kind = parts.repacked(unseal(gateway.record()[1]).payload, kind=hostile, seq=9)
    address = RecordAddress("station-1", parts.EPOCH, 9)
    refused.append(content((record_topic(address), resealed(kind))))
    for one in refused:
        assert isinstance(one, Refused)
        assert one.detail.isprintable()
        assert 0 < len(one.detail.encode()) <= 200


def test_a_strangers_topic_is_kept_printable():
    stranger = judged(("packtrail/\x00\x1b/" + "t" * 600, b"x"))
    assert isinstance(stranger, Stranger)
    assert stranger.topic.startswith("packtrail/\\x00\\x1b/t")
    assert len(stranger.topic) == 256


def test_an_event_with_another_content_than_signed_is_refused(gateway):
    signed = parts.signed(PackInstalled(place=parts.SLOT))
    changed = SignedEvent({**signed.event, "counter": 7}, signed.key_id, signed.signature)
    assert content(gateway.record(Kind.EVENT, encode_event(changed))).reason == "signature"


def test_nobody_speaks_in_anothers_name(gateway):
    refused = content(gateway.tell(PackInstalled(place=parts.SLOT), author="maker-1"))
    assert refused.reason == "not_entitled"
    assert "speaks for itself" in refused.detail


def test_a_makers_event_does_not_travel_in_a_gateways_record(gateway):
    body = encode_event(parts.registered().signed)
    assert content(gateway.record(Kind.EVENT, body)).reason == "author"


def test_a_gateway_registers_no_packs(gateway):
    refused = content(gateway.tell(parts.REGISTRATION))
    assert refused.reason == "not_entitled"
    assert "UnitRegistered" in refused.detail


def test_a_key_confined_to_a_site_speaks_of_no_other(gateway):
    trust = parts.trust(parts.key_fact(parts.STATION, "station-1", "gateway", sites=("north",)))
    assert isinstance(content(gateway.tell(PackInstalled(place=parts.SLOT)), trust=trust), Fact)
    elsewhere = gateway.tell(PackInstalled(place=PlaceRef("south", "1")))
    assert content(elsewhere, trust=trust).reason == "not_entitled"


def test_a_key_confined_to_event_types_states_no_other(gateway):
    entry = parts.key_fact(
        parts.STATION, "station-1", "gateway", event_types=("ConditionCommitted",)
    )
    message = gateway.tell(PackInstalled(place=parts.SLOT))
    assert content(message, trust=parts.trust(entry)).reason == "not_entitled"


def test_an_event_of_an_unknown_type_is_refused(gateway):
    signed = parts.signed(PackInstalled(place=parts.SLOT))
    event = {**signed.event, "body": {"type": "Invented"}}
    body = encode_event(_signed_anew(event))
    assert content(gateway.record(Kind.EVENT, body)).reason == "event"


@pytest.mark.parametrize("change", [{"format": 2}, {"counter": -1}, {"stream": ""}])
def test_an_event_out_of_bounds_is_refused(change):
    signed = _signed_anew({**parts.signed(PackInstalled(place=parts.SLOT)).event, **change})
    assert judge_event(signed, TRUST, NOW).reason == "event"


def test_deep_json_is_refused(gateway):
    body = b'{"event":' + b'{"a":' * 5000 + b"1" + b"}" * 5001
    assert content(gateway.record(Kind.EVENT, body)).reason == "json"


def test_the_body_of_a_health_record_is_an_event(gateway):
    assert content(gateway.record(Kind.HEALTH, b"{}")).reason == "json"
    assert ConditionCommitted.__name__ in TRUST.voices[parts.STATION.key_id].event_types


def _signed_anew(event: dict[str, object]) -> SignedEvent:
    plain = SignedEvent(event, parts.STATION.key_id, "")
    signature = parts.STATION.sign("event", plain.canonical)
    return SignedEvent(event, plain.key_id, base64.b64encode(signature).decode())
