"""One line of the ledger, as the store hands it out and a proof in a file repeats it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from packtrail.errors import CodecError
from packtrail.event import Event, SignedEvent, decode_event
from packtrail.shapes import from_json


class _Line(msgspec.Struct, frozen=True):
    """A signed event whose canonical bytes are kept as they stand in the line."""

    event: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    Attributes:
        leaf: its number, from 0.
        recorded_ns: when it was recorded, UTC ns.
        event_id: as the store has it.
        data: the signed event as canonical JSON, the bytes that the leaf hash covers.
    """

    leaf: int
    recorded_ns: int
    event_id: str
    data: bytes

    @property
    def signed(self) -> SignedEvent:
        """The signed event, to be checked again or handed on.

        Raises:
            CodecError: the line was damaged after it was recorded.
        """
        return decode_event(self.data)

    @property
    def event(self) -> Event:
        """The event alone, many times quicker: it was judged when it was recorded.

        Raises:
            CodecError: the line was damaged after it was recorded.
        """
        try:
            return from_json(self._canonical, Event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CodecError("event", f"ledger line {self.leaf}: {error}") from error

    @property
    def true_id(self) -> str:
        """The id that the line's own bytes give."""
        return hashlib.sha256(self._canonical).hexdigest()

    @property
    def _canonical(self) -> bytes:
        """The event's canonical bytes: a part of a canonical whole is canonical itself."""
        return bytes(from_json(self.data, _Line).event)
