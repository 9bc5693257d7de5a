"""Records: what travels from a gateway to the bridge, numbered, signed and sealed.

On the wire a sealed record is a MessagePack array `[key_id, payload, signature]`; `payload` is
the MessagePack map of `Record`, and the Ed25519 signature covers exactly those bytes, so no
reader has to encode anything again to check it. The number stands in the topic as well.
A fourth element, where there is one, opens commitments of the event inside; nothing covers it,
nothing keeps it as it came, and an opening that fits no commitment is nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.personal import Opening
from packtrail.shapes import msgpack_decoder
from packtrail.signing import SIGNATURE_BYTES, SigningKey, VerifyKey
from packtrail.times import ClockQuality

RECORD_DOMAIN: Final = "record"
MAX_RECORD_BYTES: Final = 262_144


class Kind(StrEnum):
    """What a record carries, in falling order of priority."""

    ALARM = "alarm"
    """A signed event about safety; never dropped."""
    EVENT = "event"
    """Any other signed event; never dropped."""
    HEALTH = "health"
    """A signed ConditionCommitted; never dropped."""
    TELEMETRY = "telemetry"
    """A chunk of sample columns; thinned from the oldest when the disk is full."""
    BLANK = "blank"
    """Stands for thinned telemetry, so that the sequence has no hole."""

    @property
    def priority(self) -> int:
        """0 goes first."""
        return list(Kind).index(self)

    @property
    def carries_event(self) -> bool:
        """Whether the body is a signed event rather than columns."""
        return self in (Kind.ALARM, Kind.EVENT, Kind.HEALTH)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record.

    Attributes:
        format: 1.
        gateway: id of the sender, the same as in the topic.
        epoch: 16 hex digits, new with every new or restored outbox.
        seq: 1, 2, 3 ... without holes within an epoch.
        kind: what the body is.
        unit: the pack, or None while the slot is not bound to one.
        slot: where the data were read.
        t_ns: UTC of the first content.
        sealed_ns: UTC when the record was sealed.
        mono_ns: the sender's monotonic clock when it was sealed.
        clock: how good the sender's clock was.
        body: a signed event (JSON) or a column chunk, by `kind`.
    """

    format: int = 1
    gateway: str
    epoch: str
    seq: int
    kind: Kind
    unit: UnitRef | None
    slot: str
    t_ns: int
    sealed_ns: int
    mono_ns: int
    clock: ClockQuality
    body: bytes


class Sealed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A record as it lies in outbox and store: checked bytes, not yet believed."""

    key_id: str
    payload: bytes
    signature: bytes
    openings: tuple[Opening, ...] = ()

    @property
    def data(self) -> bytes:
        """The bytes that travel."""
        bare = (self.key_id, self.payload, self.signature)
        return _ENCODER.encode((*bare, self.openings) if self.openings else bare)

    @property
    def bare(self) -> bytes:
        """The same without openings: what may be kept."""
        return _ENCODER.encode((self.key_id, self.payload, self.signature))

    def accepted_by(self, key: VerifyKey) -> bool:
        """Whether `key` made the signature."""
        return key.accepts(RECORD_DOMAIN, self.payload, self.signature)

    def read(self) -> Record:
        """The typed record; check the signature first.

        Raises:
            CodecError: reason `record`, with the field that does not fit.
        """
        try:
            record = _RECORDS.decode(self.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CodecError("record", str(error)) from error
        if record.seq < 1 or record.format != 1:
            raise CodecError("record", f"format {record.format}, seq {record.seq}")
        return record


# Made once: every message goes through them.
_RECORDS: Final = msgpack_decoder(Record)
_SEALED: Final = msgpack_decoder(Sealed)
_ENCODER: Final = msgspec.msgpack.Encoder()


def seal(record: Record, key: SigningKey, openings: tuple[Opening, ...] = ()) -> bytes:
    """Encode and sign `record`: the bytes that go to the broker, with what opens its event."""
    payload = msgspec.msgpack.encode(record)
    signature = key.sign(RECORD_DOMAIN, payload)
    return Sealed(key.key_id, payload, signature, openings).data


def unseal(data: bytes, max_bytes: int = MAX_RECORD_BYTES) -> Sealed:
    """Split sealed bytes; nothing in them is believed yet.

    Raises:
        CodecError: reason `size` or `seal`.
    """
    if len(data) > max_bytes:
        raise CodecError("size", f"{len(data)} bytes, at most {max_bytes}")
    try:
        sealed = _SEALED.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("seal", str(error)) from error
    if len(sealed.signature) != SIGNATURE_BYTES:
        raise CodecError("seal", f"signature of {len(sealed.signature)} bytes")
    return sealed
