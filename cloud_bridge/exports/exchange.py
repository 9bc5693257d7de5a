"""What a format writes from, and what reading a document gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import msgspec

from cloud_bridge.access.fields import Field
from cloud_bridge.exports.datum import Datum, Passport
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.exports.points import Access
from cloud_bridge.exports.sieve import WHOLE, shows
from cloud_bridge.exports.traction_code import StateOf
from cloud_bridge.fold import Told
from packtrail.event import SignedEvent, UnitRef
from packtrail.signing import SigningKey


class Forgotten(msgspec.Struct, frozen=True):
    """A vehicle whose number was erased: its name here, when, and that in words."""

    vehicle: str
    at: str
    en: str
    zh: str

    @classmethod
    def of(cls, vehicle: str, at: str) -> Self:
        """With the words."""
        return cls(vehicle, at, f"forgotten on {at[:10]}", f"已于 {at[:10]} 遗忘")


@dataclass(frozen=True, slots=True)
class Export:
    """What a format writes from.

    Attributes:
        passport: as the reader may see it.
        gathered: what it was made of.
        allowed: what the reader may see by Annex XIII.
        state_of: state of a part.
        signed_of: the signed event of an id.
        key: signs where a format asks for it; None for nobody.
        now: RFC 3339 UTC.
        seen: what the reader may see by the access table.
        forgotten: vehicles of these facts whose numbers were erased, and when.
    """

    passport: Passport
    gathered: Gathered
    allowed: frozenset[Access]
    state_of: StateOf
    signed_of: Callable[[str], SignedEvent | None]
    key: SigningKey | None
    now: str
    seen: frozenset[Field] = WHOLE
    forgotten: tuple[Forgotten, ...] = ()

    def shows(self, told: Told) -> bool:
        """Whether a fact is among what the reader may see."""
        return shows(told.event.body, self.seen)

    def withheld(self, shown: int, facts: int) -> int | bool:
        """How many facts are left out; to who may not see the ledger only that some may be."""
        return facts - shown if Field.LEDGER in self.seen else True


@dataclass(frozen=True, slots=True)
class Imported:
    """What a document says.

    Attributes:
        format: name of its format.
        unit: whose, or None.
        data: its data points.
        parts: units directly inside.
        events: signed events that it carries.
        issuer: who signed it as a whole, checked; "" for nobody.
        digest: SHA-256 of the document, hex.
        further: other units that it names as the same.
    """

    format: str
    unit: UnitRef | None
    data: Mapping[str, Datum]
    parts: tuple[UnitRef, ...] = ()
    events: tuple[SignedEvent, ...] = ()
    issuer: str = ""
    digest: str = ""
    further: tuple[UnitRef, ...] = ()
