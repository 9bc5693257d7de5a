r"""Personal data in events: a salted commitment is signed, its opening travels beside.

A vehicle's number (VIN) or an owner's name has little entropy: whoever holds a plain hash of it
finds it by trying. So each event commits with 32 random bytes of its own,

    SHA-256("packtrail/commitment/1\\n" + kind + 0x00 + salt + value as UTF-8)

written `v1-` and 64 hexadecimal digits. Without the salt nobody can try values, and two events
about one vehicle show nobody that they are. The opening, salt and value, is no part of what is
signed, hashed or kept in a ledger; it fits its commitment or is nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from packtrail.event import EventBody, Reading, VehicleRef

SALT_BYTES: Final = 32
MAX_VALUE: Final = 128
SCHEME: Final = "commitment"
SUBJECT: Final = "subject"
VEHICLE: Final = "vehicle"
OWNER: Final = "owner"
VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")

_ALONE: Final = re.compile(rf"(?<![A-Z0-9]){VIN.pattern}(?![A-Z0-9])")
_COMMITMENT: Final = re.compile(r"v1-[0-9a-f]{64}")
_DOMAIN: Final = b"packtrail/commitment/1\n"
_OWNER: Final = re.compile(rf"{SCHEME}[:-].{{1,{MAX_VALUE}}}")
_Body = TypeVar("_Body", bound=EventBody)


class Opening(msgspec.Struct, frozen=True):
    """What opens one commitment.

    Attributes:
        kind: `vehicle` or `owner`.
        salt: 32 random bytes.
        value: a VIN, `scheme:id` of a vehicle named otherwise, or an owner.
    """

    kind: str
    salt: bytes
    value: str

    @property
    def commitment(self) -> str:
        """`v1-` and the digest that an event holds in place of the value."""
        head = _DOMAIN + self.kind.encode() + b"\x00" + self.salt
        return "v1-" + hashlib.sha256(head + self.value.encode()).hexdigest()

    @property
    def sound(self) -> bool:
        """Whether it has the form that the formula asks for; else its bytes could be read twice."""
        known = self.kind in (VEHICLE, OWNER) and len(self.salt) == SALT_BYTES
        return known and 0 < len(self.value) <= MAX_VALUE and self.value.isprintable()

    @property
    def reference(self) -> str:
        """As an event names it: `commitment:v1-…`."""
        return f"{SCHEME}:{self.commitment}"


def salt() -> bytes:
    """32 bytes that nobody can guess."""
    return os.urandom(SALT_BYTES)


def digest(named: Iterable[str]) -> str:
    """SHA-256, hex, over references as events name them, in their order, a line feed between."""
    return hashlib.sha256("\n".join(sorted(set(named))).encode()).hexdigest()


def references(body: EventBody) -> tuple[str, ...]:
    """The commitments of `body` that can be opened, as it names them, each once."""
    named = [str(one) for one in (vehicle_of(body),) if one]
    named += [getattr(body, "owner", "")]
    named += [reading.raw for reading in getattr(body, "readings", ())]
    return tuple(dict.fromkeys(name for name in named if is_ours(name)))


def is_ours(name: str) -> bool:
    """Whether a name is a commitment of the form that an opening fits."""
    scheme, _, commitment = name.partition(":")
    return scheme == SCHEME and _COMMITMENT.fullmatch(commitment) is not None


def vehicle_of(body: EventBody) -> VehicleRef | None:
    """The vehicle that a body speaks of."""
    found = getattr(body, "vehicle", None)
    return found if isinstance(found, VehicleRef) else None


def is_clear(body: EventBody) -> str:
    """What of `body` stands in the clear that should not, or ""."""
    vehicle = vehicle_of(body)
    if vehicle and vehicle.scheme not in (SCHEME, SUBJECT):
        return "vehicle"
    owner = getattr(body, "owner", "")
    if owner and not _OWNER.fullmatch(owner):
        return "owner"
    if any(_holds_vin(reading) for reading in getattr(body, "readings", ())):
        return "readings"
    return ""


def conceal(
    body: _Body, known: Iterable[Opening] = (), fresh: Callable[[], bytes] = salt
) -> tuple[_Body, tuple[Opening, ...]]:
    """`body` with commitments in place of personal data, and what opens them.

    A value that stands twice in the body has one commitment in it.

    Args:
        body: what happened; it may hold commitments already, then `known` opens them.
        known: openings of an earlier call.
        fresh: gives salts; something that repeats itself for simulators only.
    """
    openings: dict[tuple[str, str], Opening] = {(one.kind, one.value): one for one in known}

    def commit(kind: str, value: str) -> str:
        # Whatever a controller calls a vehicle, its opening has to be one that a bridge takes.
        value = "".join(filter(str.isprintable, value))[:MAX_VALUE] or "?"
        if (kind, value) not in openings:
            openings[kind, value] = Opening(kind, fresh(), value)
        return openings[kind, value].reference

    changes: dict[str, object] = {}
    vehicle, owner = vehicle_of(body), getattr(body, "owner", "")
    if vehicle and vehicle.scheme not in (SCHEME, SUBJECT):
        # A VIN in small letters is the same vehicle's.
        value = vehicle.id.strip().upper() if vehicle.scheme == "vin" else str(vehicle)
        changes["vehicle"] = VehicleRef(SCHEME, commit(VEHICLE, value).partition(":")[2])
    if owner and not _OWNER.fullmatch(owner):
        changes["owner"] = commit(OWNER, owner)
    readings: tuple[Reading, ...] = getattr(body, "readings", ())
    if any(_holds_vin(one) for one in readings):
        changes["readings"] = tuple(_concealed(one, commit) for one in readings)
    changed = msgspec.structs.replace(body, **changes) if changes else body
    return changed, tuple(openings.values())


def without_vins(text: str) -> str:
    """A sentence of somebody else's with its vehicles' numbers struck out."""
    return _ALONE.sub("·" * 17, text)


def _holds_vin(reading: Reading) -> bool:
    return bool(_vin(reading.raw) or _vins_in(reading.data))


def _concealed(reading: Reading, commit: Callable[[str, str], str]) -> Reading:
    """A reading that gave a VIN, with its bytes overwritten wherever they say it."""
    said, data = _vin(reading.raw), reading.data.lower()
    for vin in dict.fromkeys([*([said] if said else []), *_vins_in(data)]):
        data = data.replace(vin.encode().hex(), "00" * len(vin))
    raw = commit(VEHICLE, said) if said else reading.raw
    changed = data != reading.data.lower()
    return msgspec.structs.replace(reading, raw=raw, data=data if changed else reading.data)


def _vin(text: str) -> str:
    """The VIN that a text is, "" for none."""
    found = text.strip().upper()
    return found if VIN.fullmatch(found) else ""


def _vins_in(data: str) -> list[str]:
    """VINs that stand by themselves among bytes in hexadecimal; a longer code holds none."""
    try:
        text = bytes.fromhex(data).decode("latin-1")
    except ValueError:
        return []
    return _ALONE.findall(text)
