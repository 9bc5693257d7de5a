"""Receipts: the bridge's word that records are in its database. Only they empty an outbox.

A receipt names the highest sequence number up to which *everything* is stored or refused, and
each refusal with its reason. It is signed, because a broker need not be trusted.

Alarms overtake telemetry, so they arrive ahead of the contiguous sequence. A receipt names
them too, else a few alarms ahead of a long backlog would hold the sender's window for hours.
"""

from __future__ import annotations

from typing import Final

import msgspec

from packtrail.errors import CodecError
from packtrail.shapes import from_msgpack
from packtrail.signing import SIGNATURE_BYTES, SigningKey, VerifyKey

RECEIPT_DOMAIN: Final = "receipt"
MAX_RECEIPT_BYTES: Final = 65_536
MAX_AHEAD: Final = 256
"""At most so many numbers ahead of `through` in one receipt: those that it answers, then the
lowest of the others."""


class Refusal(msgspec.Struct, frozen=True):
    """A record that will never be taken, and why; sending it again cannot help."""

    seq: int
    reason: str
    detail: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge has committed of one gateway's epoch.

    Attributes:
        format: 1.
        gateway: whose records.
        epoch: which outbox of that gateway.
        through: all of 1..through is stored or refused; 0 for nothing yet.
        ahead: numbers above `through` that are stored or refused already, rising.
        refused: refusals not named in an earlier receipt, or named again after a repeat.
        committed_ns: UTC of the commit.
    """

    format: int = 1
    gateway: str
    epoch: str
    through: int
    ahead: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()
    committed_ns: int


class SealedReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`[key_id, payload, signature]`, like a sealed record."""

    key_id: str
    payload: bytes
    signature: bytes


def seal_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """Encode and sign."""
    payload = msgspec.msgpack.encode(receipt)
    return msgspec.msgpack.encode(
        SealedReceipt(key.key_id, payload, key.sign(RECEIPT_DOMAIN, payload))
    )


def open_receipt(data: bytes, bridge: VerifyKey) -> Receipt:
    """Check the bridge's signature and decode.

    Raises:
        CodecError: reason `size`, `seal`, `signature` or `receipt`.
    """
    if len(data) > MAX_RECEIPT_BYTES:
        raise CodecError("size", f"{len(data)} bytes")
    try:
        sealed = from_msgpack(data, SealedReceipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("seal", str(error)) from error
    if len(sealed.signature) != SIGNATURE_BYTES or not bridge.accepts(
        RECEIPT_DOMAIN, sealed.payload, sealed.signature
    ):
        raise CodecError("signature", f"key {sealed.key_id} is not the bridge's")
    try:
        return from_msgpack(sealed.payload, Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("receipt", str(error)) from error
