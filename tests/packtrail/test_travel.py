"""Records, receipts, events and topics: signed as sent, refused with a reason."""

import base64
import json

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from packtrail.errors import CodecError, PacktrailError
from packtrail.event import (
    Event,
    PackInstalled,
    PlaceRef,
    SignedEvent,
    UnitRef,
    at,
    decode_event,
    decode_with_canonical,
    encode_event,
    sign_event,
)
from packtrail.receipt import Receipt, Refusal, open_receipt, seal_receipt
from packtrail.record import Kind, Record, seal, unseal
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import ClockQuality, format_time, parse_time
from packtrail.topics import RecordAddress, parse_record_topic, record_topic

KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(32))
UNIT = UnitRef("gbt34014", "000PB0100000ABG410000001")


def record(**changes):
    fields = {
        "gateway": "station-7",
        "epoch": "00c0ffee00c0ffee",
        "seq": 17,
        "kind": Kind.TELEMETRY,
        "unit": UNIT,
        "slot": "3",
        "t_ns": 1_775_000_000_000_000_000,
        "sealed_ns": 1_775_000_060_000_000_000,
        "mono_ns": 42,
        "clock": ClockQuality.SYNCED,
        "body": b"columns",
    }
    return Record(**(fields | changes))


def event(**changes):
    fields = {
        "unit": UNIT,
        **at(1_775_000_000_123_456_789),
        "clock": ClockQuality.FREE,
        "author": "station-7",
        "stream": "00c0ffee00c0ffee",
        "counter": 5,
        "body": PackInstalled(place=PlaceRef("hangzhou-1", "3"), soc_pct=22.5),
    }
    return Event(**(fields | changes))


def test_a_sealed_record_comes_back_and_is_its_makers():
    sealed = unseal(seal(record(), KEY))
    assert sealed.accepted_by(KEY.public)
    assert not sealed.accepted_by(OTHER.public)
    assert sealed.read() == record()


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_one_flipped_bit_is_noticed(place, bit):
    data = bytearray(seal(record(), KEY))
    data[place % len(data)] ^= 1 << bit
    try:
        sealed = unseal(bytes(data))
    except CodecError:
        return
    # The key id is not covered: it only says which key to look for.
    assert not sealed.accepted_by(KEY.public) or sealed.key_id != KEY.key_id


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "seal"),
        (b"\x93\x01\x02\x03", "seal"),
        (msgspec.msgpack.encode(["k", b"p", b"short"]), "seal"),
        (msgspec.msgpack.encode(["k", b"p", b"s" * 64, "more"]), "seal"),
        (b"\x91" * 200_000, "seal"),
        (b"x" * 300_000, "size"),
    ],
)
def test_bytes_that_are_no_record_are_refused(data, reason):
    with pytest.raises(CodecError) as refusal:
        unseal(data)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("changes", [{"seq": 0}, {"format": 2}])
def test_a_signed_record_that_makes_no_sense_is_refused(changes):
    with pytest.raises(CodecError, match="record"):
        unseal(seal(record(**changes), KEY)).read()


def test_an_event_is_named_by_its_content_and_signed():
    signed = sign_event(event(), KEY)
    again = decode_event(encode_event(signed))
    assert again == signed
    assert again.accepted_by(KEY.public)
    assert not again.accepted_by(OTHER.public)
    assert again.read() == event()
    assert again.read().type == "PackInstalled"
    assert len(again.event_id) == 64


def test_unknown_fields_of_a_newer_version_keep_the_signature():
    content = sign_event(event(), KEY).event | {"weather": "rain"}
    signature = KEY.sign("event", SignedEvent(content, "", "").canonical)
    signed = SignedEvent(content, KEY.key_id, base64.b64encode(signature).decode())
    again = decode_event(encode_event(signed))
    assert again.accepted_by(KEY.public)
    assert again.read() == event()


def test_a_signature_of_one_kind_is_none_of_another():
    payload = msgspec.msgpack.encode(record())
    assert not KEY.public.accepts("receipt", payload, KEY.sign("record", payload))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "json"),
        (b"[]", "json"),
        (b'{"event":{"n":1e999},"key_id":"","signature":""}', "json"),
        (b'{"event":{"n":9007199254740993},"key_id":"","signature":""}', "json"),
        (b'{"event":' + b'{"a":' * 10_000, "json"),
        (b" " * 70_000, "size"),
        ("\ud800".encode("utf-8", "surrogatepass"), "json"),
    ],
)
def test_bytes_that_are_no_event_are_refused(data, reason):
    with pytest.raises(CodecError) as refusal:
        decode_event(data)
    assert refusal.value.reason == reason


LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
KEYS = st.text(st.characters(exclude_categories=["Cs"]))
CONTENTS = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES | KEYS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
    ),
)


@given(CONTENTS)
def test_the_quick_canonical_form_is_that_of_rfc_8785(content):
    for data in (encode_event(SignedEvent(content, "k", "s")), line_of(json.dumps(content))):
        signed, quick = decode_with_canonical(data)
        assert quick == rfc8785.dumps(signed.event) == rfc8785.dumps(content)


def test_every_character_and_every_odd_number_comes_out_as_rfc_8785_has_it():
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    for first in range(0, len(every), 10_000):
        content = {"all": every[first : first + 10_000]}
        _, quick = decode_with_canonical(encode_event(SignedEvent(content, "", "")))
        assert quick == rfc8785.dumps(content)
    odd = ['"\\u007f\\/"', "-0", "1.0", "1e2", "9007199254740991", '{"\ue000":1,"\U0001f600":2}']
    odd += [
        "0.1",
        "-2.50",
        "1e-5",
        "1e-07",
        "0.00001",
        "0.0001",
        "1e21",
        "1.5e300",
        "5e-324",
        "-0.0",
    ]
    odd += [
        "9007199254740993.0",
        "0.30000000000000004",
        "123456789012345.67",
        "4.35",
        "1E2",
        "1.0e1",
    ]
    for event in ('{"a":' + text + "}" for text in odd):
        signed, quick = decode_with_canonical(line_of(event))
        assert quick == rfc8785.dumps(json.loads(event)) == signed.canonical


def line_of(event: str) -> bytes:
    return b'{"event":%b, "signature":"s","key_id":"k"}' % event.encode()


@given(st.floats(-1e15, 1e15))
def test_every_number_comes_out_as_rfc_8785_has_it(number):
    content = {"a": number, "b": [number, 1.5]}
    line = encode_event(SignedEvent(content, "k", "s"))
    for data in (line, line_of(json.dumps(content)), line.replace(b",1.5]", b",1.50]")):
        assert decode_with_canonical(data)[1] == rfc8785.dumps(content)


@pytest.mark.parametrize("number", ["0.912", "345.6", "-0.0001", "0.1234567890123456"])
def test_a_line_with_fractions_in_canonical_form_takes_the_quick_way(number, monkeypatch):
    data = encode_event(SignedEvent({"a": float(number)}, "k", "s"))
    monkeypatch.setattr("packtrail.event.signed.canonical", lambda _: pytest.fail("the slow way"))
    assert decode_with_canonical(data)[1] == b'{"a":%b}' % number.encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [60, 70, 300, 500])
def test_what_was_taken_however_deep_has_an_id(opening, closing, depth):
    data = line_of('{"x":' + opening * depth + "0" + closing * depth + "}")
    try:
        signed, quick = decode_with_canonical(data)
    except CodecError:
        assert depth > 70
    else:
        assert signed.canonical == quick


def test_an_event_that_ends_before_it_begins_is_refused():
    signed = sign_event(event(occurred_to=format_time(0)), KEY)
    with pytest.raises(CodecError, match="after"):
        signed.read()


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_nanoseconds_survive_the_text(t_ns):
    assert parse_time(format_time(t_ns)) == t_ns


@pytest.mark.parametrize("text", ["", "2026-02-30T00:00:00Z", "2026-04-01 00:00:00Z", "now"])
def test_other_times_are_refused(text):
    with pytest.raises(CodecError):
        parse_time(text)


def test_a_receipt_is_believed_from_the_bridge_only():
    receipt = Receipt(
        gateway="station-7",
        epoch="00c0ffee00c0ffee",
        through=16,
        ahead=(18,),
        refused=(Refusal(9, "columns", "too large"),),
        committed_ns=1,
    )
    data = seal_receipt(receipt, KEY)
    assert open_receipt(data, KEY.public) == receipt
    for wrong in (b"", b"x" * 100_000, data[:-1] + b"\0", msgspec.msgpack.encode([1])):
        with pytest.raises(CodecError):
            open_receipt(wrong, KEY.public)
    with pytest.raises(CodecError, match="signature"):
        open_receipt(data, OTHER.public)


def test_the_number_stands_in_the_topic():
    address = RecordAddress("station-7", "00c0ffee00c0ffee", 17)
    assert parse_record_topic(record_topic(address)) == address


@pytest.mark.parametrize(
    "topic",
    [
        "packtrail/1/a/record/00c0ffee00c0ffee/0",
        "packtrail/1/a/record/00C0FFEE00C0FFEE/1",
        "packtrail/1/a/b/record/00c0ffee00c0ffee/1",
        "packtrail/1/+/record/00c0ffee00c0ffee/1",
        "packtrail/2/a/record/00c0ffee00c0ffee/1",
        "packtrail/1/a/record/00c0ffee00c0ffee/" + "9" * 40,
    ],
)
def test_other_topics_are_refused(topic):
    with pytest.raises(CodecError, match="topic"):
        parse_record_topic(topic)


def test_a_key_file_is_private(tmp_path):
    path = tmp_path / "keys" / "gateway.pem"
    KEY.save(path)
    assert SigningKey.load(path).public == KEY.public
    with pytest.raises(FileExistsError):
        OTHER.save(path)
    path.chmod(0o644)
    with pytest.raises(PacktrailError, match="chmod 600"):
        SigningKey.load(path)


def test_keys_that_are_none_are_refused(tmp_path):
    path = tmp_path / "key.pem"
    with pytest.raises(PacktrailError, match="no key file"):
        SigningKey.load(path)
    path.write_text("not a key")
    path.chmod(0o600)
    with pytest.raises(PacktrailError, match="PEM"):
        SigningKey.load(path)
    for text in ("***", "AAAA"):
        with pytest.raises(PacktrailError):
            VerifyKey.from_text(text)
    assert VerifyKey.from_text(KEY.public.text) == KEY.public
