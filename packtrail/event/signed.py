"""The envelope of an event: who says it, when it happened, and the signature over both.

An event is JSON. Its id is the SHA-256 of its canonical form (RFC 8785), its signature covers
the same bytes, so that anybody can check it with nothing of ours at hand. What is known only
roughly has an interval of time. Facts that contradict each other are both kept.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Final

import msgspec

from packtrail.errors import CodecError
from packtrail.event.bodies import Body
from packtrail.event.refs import UnitRef
from packtrail.shapes import convert, from_json, json_decoder
from packtrail.signing import SigningKey, VerifyKey, canonical
from packtrail.times import ClockQuality, format_time, parse_time

EVENT_DOMAIN: Final = "event"
MAX_EVENT_BYTES: Final = 65_536


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact.

    Attributes:
        format: 1.
        unit: whom it is about; None for facts about keys and slots.
        occurred_from: earliest time it can have happened, RFC 3339 UTC.
        occurred_to: latest such time; the same where the instant is known.
        clock: how good the author's clock was.
        author: party or gateway id, as on the trust list.
        stream: the author's counter space (a gateway's epoch, a maker's system).
        counter: number in that stream; the same number with other content is equivocation.
        body: what happened; its `type` is the event's type.
    """

    format: int = 1
    unit: UnitRef | None
    occurred_from: str
    occurred_to: str
    clock: ClockQuality
    author: str
    stream: str
    counter: int
    body: Body

    @property
    def type(self) -> str:
        """The name of the body's class, such as `SwapPerformed`."""
        return type(self.body).__name__

    @property
    def from_ns(self) -> int:
        """UTC nanoseconds of `occurred_from`."""
        return parse_time(self.occurred_from)

    @property
    def to_ns(self) -> int:
        """UTC nanoseconds of `occurred_to`."""
        return parse_time(self.occurred_to)


class SignedEvent(msgspec.Struct, frozen=True):
    """An event as it travels and as the ledger keeps it.

    Attributes:
        event: the JSON object, unknown fields and all.
        key_id: which key signed.
        signature: base64 of 64 bytes over the canonical form.
    """

    event: dict[str, Any]
    key_id: str
    signature: str

    @property
    def canonical(self) -> bytes:
        """What the id and the signature cover."""
        return canonical(self.event)

    @property
    def event_id(self) -> str:
        """64 hex digits: SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical).hexdigest()

    def accepted_by(self, key: VerifyKey) -> bool:
        """Whether `key` made the signature."""
        try:
            signature = base64.b64decode(self.signature, validate=True)
        except ValueError:
            return False
        return key.accepts(EVENT_DOMAIN, self.canonical, signature)

    def read(self) -> Event:
        """The typed event.

        Raises:
            CodecError: reason `event`, with the path of the first field that does not fit.
        """
        try:
            event = convert(self.event, Event)
        except msgspec.ValidationError as error:
            raise CodecError("event", str(error)) from error
        if event.from_ns > event.to_ns:
            raise CodecError("event", "occurred_from lies after occurred_to")
        return event


def at(t_ns: int, until_ns: int | None = None) -> dict[str, str]:
    """`occurred_from` and `occurred_to` for `Event(...)`, from UTC nanoseconds."""
    return {
        "occurred_from": format_time(t_ns),
        "occurred_to": format_time(t_ns if until_ns is None else until_ns),
    }


def sign_event(event: Event, key: SigningKey) -> SignedEvent:
    """Sign the canonical form of `event`."""
    content = from_json(msgspec.json.encode(event), dict[str, Any])
    signature = key.sign(EVENT_DOMAIN, canonical(content))
    return SignedEvent(content, key.key_id, base64.b64encode(signature).decode())


def encode_event(signed: SignedEvent) -> bytes:
    """Canonical JSON of the signed event."""
    return encode_line(signed, signed.canonical)


def encode_line(signed: SignedEvent, event: bytes) -> bytes:
    """`encode_event` for a caller that has the event's canonical bytes at hand."""
    key_id, signature = canonical(signed.key_id), canonical(signed.signature)
    return b'{"event":%b,"key_id":%b,"signature":%b}' % (event, key_id, signature)


def decode_event(data: bytes) -> SignedEvent:
    """Parse a signed event; nothing of its content is believed yet.

    Raises:
        CodecError: reason `size` or `json`.
    """
    return decode_with_canonical(data)[0]


def decode_with_canonical(data: bytes) -> tuple[SignedEvent, bytes]:
    """`decode_event`, and the event's canonical bytes, which it has to make anyway.

    Raises:
        CodecError: reason `size` or `json`; numbers that canonical JSON cannot hold are refused.
    """
    if len(data) > MAX_EVENT_BYTES:
        raise CodecError("size", f"{len(data)} bytes, at most {MAX_EVENT_BYTES}")
    try:
        return _decode_plain(data) or _decode_any(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CodecError("json", str(error)) from error


def _decode_any(data: bytes) -> tuple[SignedEvent, bytes]:
    signed = from_json(data, SignedEvent)
    return signed, signed.canonical


class _FractionError(Exception):
    """A number whose text is not known to be the one that RFC 8785 writes."""


def _plain_fraction(text: str) -> float:
    """The number, where Python's shortest text is also that of ECMAScript: no exponent, no ".0".

    From 0.0001 to 10**16 both write the same shortest digits in the same way.
    """
    value = float(text)
    if repr(value) != text or "e" in text or value.is_integer():
        raise _FractionError
    return value


_PLAIN_DECODER: Final = json_decoder(SignedEvent, _plain_fraction)
_SORTING_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_LONG_INTEGER: Final = re.compile(rb"[\s,:\[-][0-9]{16}")
_HIGH_CHARACTER: Final = re.compile(rb"[\xee-\xff]")
_PLAIN_DEPTH: Final = 64


def _decode_plain(data: bytes) -> tuple[SignedEvent, bytes] | None:
    """Where msgspec's sorted form is the canonical one, twenty times quicker; None elsewhere.

    How msgspec writes a fraction is not relied upon: where there is one, its form has to be what
    `data` holds already, whose numbers were looked at one by one.
    """
    if data.count(b"{") + data.count(b"[") > _PLAIN_DEPTH or _doubtful(data):
        return None
    try:
        signed = _PLAIN_DECODER.decode(data)
    except _FractionError:
        return None
    found = _SORTING_ENCODER.encode(signed.event)
    if data.startswith(b'{"event":%b,' % found):
        return signed, found
    return None if b"." in found or _doubtful(found) else (signed, found)


def _doubtful(data: bytes) -> bool:
    """Integers that may exceed 2**53, and characters that UTF-16 sorts otherwise than UTF-8."""
    high = not data.isascii() and _HIGH_CHARACTER.search(data)
    return bool(high or _LONG_INTEGER.search(data))
