"""What the bridge may ask of a gateway, the answers, and what a gateway may ask of the bridge.

    packtrail/1/<gateway>/command            down: a signed command, not retained
    packtrail/1/<gateway>/answer/<nonce>     up: the signed answer to it
    packtrail/1/<gateway>/question/<nonce>   up: which pack is in this vehicle?

A command is named, addressed, signed by the bridge's key, dated and used once. There is none
that runs code, opens a file or writes to a bus.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Final, TypeVar

import msgspec

from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.shapes import from_msgpack
from packtrail.signing import SIGNATURE_BYTES, SigningKey, VerifyKey

COMMAND_DOMAIN: Final = "command"
ANSWER_DOMAIN: Final = "answer"
QUESTION_DOMAIN: Final = "question"
MAX_COMMAND_BYTES: Final = 16_384
MAX_ANSWER_BYTES: Final = 262_144
Nonce = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Scalar = bool | int | float | str
_T = TypeVar("_T", bound="Command | Answer | Question")


class FreshReading(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Read the pack in a slot now; the answer carries the command's nonce, so it is no old one."""

    slot: str


class ChangeSettings(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Try these settings (`sampling.rest_s` -> 30.0) and go back unless told to keep them."""

    changes: dict[str, Scalar]
    confirm_s: Annotated[float, msgspec.Meta(ge=10, le=3600)] = 120.0


class KeepSettings(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The settings on trial since the command with this nonce are to stay."""

    change: Nonce


class SetLogLevel(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Log from this level on for a while."""

    level: str
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 3600.0


class VehicleResolved(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The answer to a question: the pack that the ledger knows in a vehicle, or None."""

    question: Nonce
    vin: str
    unit: UnitRef | None


Order = FreshReading | ChangeSettings | KeepSettings | SetLogLevel | VehicleResolved


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command.

    Attributes:
        format: 1.
        gateway: whom it is for.
        nonce: 32 hex digits, used once.
        issued_ns: UTC.
        expires_ns: not carried out after this.
        order: what to do.
    """

    format: int = 1
    gateway: str
    nonce: Nonce
    issued_ns: int
    expires_ns: int
    order: Order


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command.

    Attributes:
        format: 1.
        gateway: who answers.
        nonce: of the command.
        answered_ns: UTC by the gateway's clock.
        outcome: `done`, `refused`, `trying` or `rolled_back`.
        detail: why, "" where there is nothing to say.
        content: of a fresh reading.
    """

    format: int = 1
    gateway: str
    nonce: Nonce
    answered_ns: int
    outcome: str
    detail: str = ""
    content: dict[str, Any] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which pack was in the vehicle with this VIN until `before_ns`, UTC?"""

    format: int = 1
    gateway: str
    nonce: Nonce
    before_ns: int
    vin: Annotated[str, msgspec.Meta(pattern="^[0-9A-HJ-NPR-Z]{17}$")]


class SealedMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`[key_id, payload, signature]`, like a sealed record."""

    key_id: str
    payload: bytes
    signature: bytes


_DOMAINS: Final[dict[type, str]] = {
    Command: COMMAND_DOMAIN,
    Answer: ANSWER_DOMAIN,
    Question: QUESTION_DOMAIN,
}


def new_nonce() -> str:
    """A nonce that nobody used or can guess."""
    return os.urandom(16).hex()


def seal_message(message: Command | Answer | Question, key: SigningKey) -> bytes:
    """Encode and sign."""
    payload = msgspec.msgpack.encode(message)
    signature = key.sign(_DOMAINS[type(message)], payload)
    return msgspec.msgpack.encode(SealedMessage(key.key_id, payload, signature))


def split_message(data: bytes, most: int = MAX_COMMAND_BYTES) -> SealedMessage:
    """The sealed parts; nothing in them is believed yet.

    Raises:
        CodecError: reason `size` or `seal`.
    """
    if len(data) > most:
        raise CodecError("size", f"{len(data)} bytes, at most {most}")
    try:
        sealed = from_msgpack(data, SealedMessage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("seal", str(error)) from error
    if len(sealed.signature) != SIGNATURE_BYTES:
        raise CodecError("seal", f"signature of {len(sealed.signature)} bytes")
    return sealed


def open_message(sealed: SealedMessage, kind: type[_T], key: VerifyKey) -> _T:
    """Check the signature, then decode.

    Raises:
        CodecError: reason `signature`, or the name of the kind with what does not fit.
    """
    domain = _DOMAINS[kind]
    if not key.accepts(domain, sealed.payload, sealed.signature):
        raise CodecError("signature", f"key {sealed.key_id[:32]!r} did not sign this {domain}")
    try:
        message = from_msgpack(sealed.payload, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError(domain, str(error)[:200]) from error
    if message.format != 1:
        raise CodecError(domain, f"format {message.format}")
    return message
