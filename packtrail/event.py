"""Events: single signed facts in a pack's life, the only thing the digital ID is made of.

An event is JSON. Its id is the SHA-256 of its canonical form (RFC 8785), its signature covers
the same bytes, so that anybody can check it with nothing of ours at hand. What is known only
roughly has an interval of time. Facts that contradict each other are both kept.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

import msgspec

from packtrail.errors import CodecError
from packtrail.estimate import Estimate
from packtrail.signing import SigningKey, VerifyKey, canonical
from packtrail.times import ClockQuality, format_time, parse_time

EVENT_DOMAIN: Final = "event"
MAX_EVENT_BYTES: Final = 65_536


class UnitRef(msgspec.Struct, frozen=True):
    """A pack, module or cell by one of its identifiers.

    Attributes:
        scheme: what kind of identifier: `gbt34014`, `gbt40098`, `maker_serial`, `gs1`.
        id: the identifier, normalised by its scheme.
    """

    scheme: str
    id: str

    def __str__(self) -> str:
        return self.id if self.scheme == "gbt34014" else f"{self.scheme}:{self.id}"


class VehicleRef(msgspec.Struct, frozen=True):
    """A vehicle; `scheme` is `vin` or `commitment` (a salted hash of the VIN)."""

    scheme: str
    id: str


class PlaceRef(msgspec.Struct, frozen=True):
    """A slot at a site: swap station bay, shop bench, storage rack."""

    site: str
    slot: str


class Reading(msgspec.Struct, frozen=True):
    """How an identity was read: every source, with the raw bytes it gave."""

    source: str
    raw: str
    at: str


class UnitRegistered(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A maker puts a unit on record."""

    chemistry: str
    rated_capacity_ah: float
    nominal_voltage_v: float
    cells_in_series: int
    model: str = ""
    mass_kg: float | None = None
    made_on: str = ""


class PackInstalled(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A pack was put into a vehicle or a slot."""

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    reason: str = ""
    soc_pct: float | None = None
    readings: tuple[Reading, ...] = ()


class PackRemoved(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A pack was taken out of a vehicle or a slot."""

    vehicle: VehicleRef | None = None
    place: PlaceRef | None = None
    reason: str = ""
    soc_pct: float | None = None
    readings: tuple[Reading, ...] = ()


class SwapPerformed(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """One vehicle left with another pack than it came with; `unit` is the one it took.

    Removal of `unit_out` and installation of the event's unit happen at one instant.
    """

    vehicle: VehicleRef
    site: str
    unit_out: UnitRef | None = None
    order: str = ""
    soc_in_pct: float | None = None
    soc_out_pct: float | None = None
    soh_in: float | None = None
    soh_out: float | None = None


class ConditionCommitted(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The state of health that an estimator found in one span of data.

    The event's own times are that span. `estimate.from_ns` and `to_ns` are 0 in an event, for
    canonical JSON holds no integer as large as nanoseconds since 1970.
    """

    estimate: Estimate
    claimed_soh_pct: float | None = None
    coverage_pct: float | None = None
    throughput_ah: float | None = None

    def __post_init__(self) -> None:
        """Take the estimate without its nanoseconds."""
        bare = msgspec.structs.replace(self.estimate, from_ns=0, to_ns=0)
        msgspec.structs.force_setattr(self, "estimate", bare)


class IncidentRecorded(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Something that bears on safety; `severity` is `watch`, `quarantine` or `danger`."""

    kind: str
    severity: str
    quantity: str = ""
    value: float | None = None
    limit: float | None = None
    where: str = ""
    cleared: bool = False


class IdentityContested(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """What was read cannot be tied to one pack; its data wait under the slot."""

    place: PlaceRef
    problem: str
    readings: tuple[Reading, ...] = ()


class TelemetryThinned(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The gateway's disk was full: telemetry of this span was given up, and how much."""

    from_time: str
    to_time: str
    records: int


class KeyRegistered(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """An authority lets a key speak: for whom, in which role, on which events, how long."""

    public_key: str
    party: str
    role: str
    event_types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""


class KeyRevoked(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """An authority takes a key's voice away, from `since` on."""

    key_id: str
    since: str
    reason: str = ""


Body = (
    UnitRegistered
    | PackInstalled
    | PackRemoved
    | SwapPerformed
    | ConditionCommitted
    | IncidentRecorded
    | IdentityContested
    | TelemetryThinned
    | KeyRegistered
    | KeyRevoked
)


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
            event = msgspec.convert(self.event, Event, strict=True)
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
    content = msgspec.json.decode(msgspec.json.encode(event))
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
    if len(data) > MAX_EVENT_BYTES:
        raise CodecError("size", f"{len(data)} bytes, at most {MAX_EVENT_BYTES}")
    try:
        signed = msgspec.json.decode(data, type=SignedEvent)
        signed.canonical  # noqa: B018 - numbers that canonical JSON cannot hold are refused here
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CodecError("json", str(error)) from error
    return signed
