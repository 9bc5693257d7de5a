"""The judge: one message becomes an `Arrival` with its content, or a `Stranger`.

A refusal counts a number as done, and the gateway then deletes the record. So only bytes that
the gateway itself signed *for that number* can cause one; everything else is a stranger,
however broken, and the genuine record can still come. Pure: no clock, no database.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

import msgspec

from cloud_bridge.privacy import guard
from cloud_bridge.store.values import Arrival, Blank, Chunk, Content, Fact, Refused, Stranger
from packtrail.codes import PackCode
from packtrail.columns import check_columns
from packtrail.errors import CodecError, CodeError
from packtrail.event import (
    Event,
    KeyRotated,
    Role,
    SignedEvent,
    UnitRef,
    decode_event,
    subjects,
    units_named,
)
from packtrail.personal import Opening
from packtrail.proof.trust import TrustList, Voice, proves_rotation
from packtrail.record import MAX_RECORD_BYTES, Kind, Record, Sealed, unseal
from packtrail.shapes import msgpack_decoder
from packtrail.topics import RecordAddress, parse_record_topic

MAX_MESSAGE_BYTES: Final = 4 * MAX_RECORD_BYTES
"""Beyond this nothing is unpacked at all."""
KEPT_BYTES: Final = 4_096
"""So much of a stranger's message is kept for inspection."""
LATEST_NS: Final = 7_258_118_400 * 10**9
"""2200-01-01: no clock of ours shows more, and it fits 64 bits in every database."""
MAX_DETAIL_BYTES: Final = 200
"""Longest detail of a refusal: a receipt holds many of them."""
SENDERS: Final = frozenset({Role.GATEWAY, Role.FEED})
"""Roles whose records are taken."""
MAX_NAME: Final = 128
"""Longest author, stream, slot, site or identifier."""


class _Numbered(msgspec.Struct, frozen=True):
    """What even a record of a future format has to say of itself."""

    gateway: str
    epoch: str
    seq: int


_NUMBERED: Final = msgpack_decoder(_Numbered)


def judge(
    topic: str, data: bytes, trust: TrustList, now_ns: int, *, refuse_clear: bool = False
) -> Arrival | Stranger:
    """Judge one message by the trust list as of `now_ns`.

    `refuse_clear` as for `judge_event`.
    """
    try:
        address = parse_record_topic(topic)
        sealed = unseal(data, MAX_MESSAGE_BYTES)
    except CodecError as error:
        return _stranger(topic, data, error.reason)
    voice = trust.voice(sealed.key_id, now_ns)
    objection = _unbelievable(address, sealed, voice)
    # What opens commitments is never kept as it came.
    data = sealed.bare if sealed.openings else data
    if objection or voice is None:
        return _stranger(topic, data, objection)
    content, sealed_ns = _content(data, sealed, trust, now_ns, refuse_clear)
    if isinstance(content, Fact) and guard.unopened(content.event, content.openings):
        # Nothing covers the openings: somebody on the way took them off, the gateway has them.
        return _stranger(topic, data, guard.UNOPENED)
    digest = hashlib.sha256(sealed.payload).digest()
    personal = isinstance(content, Refused) and content.reason == guard.PERSONAL
    return Arrival(address, digest, b"" if personal else data, sealed_ns, content)


def judge_event(
    signed: SignedEvent,
    trust: TrustList,
    now_ns: int,
    openings: tuple[Opening, ...] = (),
    *,
    refuse_clear: bool = False,
) -> Fact | Refused:
    """Judge a signed event by itself, whichever way it came.

    Args:
        signed: nothing of it is believed yet.
        trust: who may speak.
        now_ns: UTC.
        openings: what is said to open its commitments.
        refuse_clear: whether personal data in the clear is refused.
    """
    voice = trust.voice(signed.key_id, now_ns)
    if voice is None:
        return Refused("key", _short(f"key {signed.key_id[:64]} has no voice"))
    if not signed.accepted_by(voice.key):
        return Refused("signature", "the event's signature does not fit its content")
    try:
        event = signed.read()
    except CodecError as error:
        return Refused(error.reason, _short(str(error)))
    objection = voice.objection(event)
    if objection:
        return Refused("not_entitled", _short(objection))
    fault = _event_fault(event, voice)
    if fault:
        return Refused("event", fault)
    fault = guard.fault(signed.event, event, refuse_clear=refuse_clear)
    fact = Fact(signed, event, guard.fitting(event, openings))
    return Refused(guard.PERSONAL, fault) if fault else fact


def _unbelievable(address: RecordAddress, sealed: Sealed, voice: Voice | None) -> str:
    """Why nobody we trust can have signed this for this number, or ""."""
    if voice is None or voice.role not in SENDERS:
        return "key"
    if not sealed.accepted_by(voice.key):
        return "signature"
    if voice.party != address.gateway:
        return "gateway"
    try:
        own = _NUMBERED.decode(sealed.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "record"
    return "" if (own.gateway, own.epoch, own.seq) == address else "address"


def _content(
    data: bytes, sealed: Sealed, trust: TrustList, now_ns: int, refuse_clear: bool
) -> tuple[Content, int]:
    """What an authentic record holds, and when it was sealed."""
    if len(data) > MAX_RECORD_BYTES:
        return Refused("size", f"{len(data)} bytes, at most {MAX_RECORD_BYTES}"), 0
    try:
        record = sealed.read()
        if not (0 <= record.t_ns < LATEST_NS and 0 <= record.sealed_ns < LATEST_NS):
            return Refused("time", "outside 1970 to 2200"), 0
        return _body(record, sealed.openings, trust, now_ns, refuse_clear), record.sealed_ns
    except CodecError as error:
        return Refused(error.reason, _short(str(error))), 0


def _body(
    record: Record,
    openings: tuple[Opening, ...],
    trust: TrustList,
    now_ns: int,
    refuse_clear: bool,
) -> Content:
    fault = _name_fault("slot", record.slot) or (_unit_fault(record.unit) if record.unit else "")
    if fault:
        return Refused("record", fault)
    if record.kind is Kind.BLANK:
        return Blank()
    if record.kind is Kind.TELEMETRY:
        return _chunk(record)
    signed = decode_event(record.body)
    content = judge_event(signed, trust, now_ns, openings, refuse_clear=refuse_clear)
    if isinstance(content, Fact) and content.event.author != record.gateway:
        return Refused("author", _short(f"{content.event.author} in a record of {record.gateway}"))
    return content


def _chunk(record: Record) -> Content:
    span = check_columns(record.body)
    if not span.n:
        return Refused("columns", "no samples")
    if span.from_ns < 0 or span.to_ns >= LATEST_NS:
        return Refused("time", "outside 1970 to 2200")
    return Chunk(record.unit, record.slot, span.from_ns, span.to_ns, span.n)


def _event_fault(event: Event, voice: Voice) -> str:
    """What is wrong with a well-typed event, or ""."""
    if isinstance(event.body, KeyRotated) and not proves_rotation(event.body, voice.key):
        return "the new key does not agree to follow the old one"
    if guard.borrows(event) and voice.role not in (Role.SYSTEM, Role.AUTHORITY):
        return "a subject is named by the bridge alone: commit to the vehicle"
    if event.format != 1:
        return f"format {event.format}"
    if event.counter < 0 or event.from_ns < 0 or event.to_ns >= LATEST_NS:
        return "counter or time out of range"
    place = getattr(event.body, "place", None)
    names = {"author": event.author, "stream": event.stream}
    names |= {"site": place.site, "slot": place.slot} if place else {}
    faults = [_name_fault(what, name) for what, name in names.items()]
    faults += [_unit_fault(unit) for unit in units_named(event)]
    faults += [_name_fault(kind, name, 2 * MAX_NAME + 1) for kind, name in subjects(event)]
    return next((fault for fault in faults if fault), "")


@lru_cache(maxsize=65_536)
def _unit_fault(unit: UnitRef) -> str:
    if unit.scheme == "gbt34014":
        try:
            same = PackCode.parse(unit.id).text == unit.id
        except CodeError as error:
            return _short(error.describe("en"))
        return "" if same else "the code is not in its normal form"
    return _name_fault("scheme", unit.scheme) or _name_fault("unit", unit.id)


def _name_fault(what: str, name: str, most: int = MAX_NAME) -> str:
    if not name or len(name) > most or not name.isprintable():
        return f"{what} has to be 1 to {most} printable characters"
    return ""


def _stranger(topic: str, data: bytes, reason: str) -> Stranger:
    return Stranger(_printable(topic)[: MAX_NAME * 2], reason, data[:KEPT_BYTES])


def _short(detail: str) -> str:
    """Receipts are small: a refusal's detail is one line of them, in any script."""
    return _printable(detail).encode()[:MAX_DETAIL_BYTES].decode(errors="ignore")


def _printable(text: str) -> str:
    """With escapes for the rest: what is quoted is the sender's, and PostgreSQL holds no NUL."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
