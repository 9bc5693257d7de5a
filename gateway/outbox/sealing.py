"""Turns drafts into sealed records: number, sign, encode.

Happens in the writer thread at the commit, so that numbers are given in the order of the
disk. An event's stream is the epoch and its counter the record's number: both are unique and
rise together. Vehicles' numbers are committed to here, whoever told them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec

from gateway.clock import Clock
from gateway.outbox.door import Draft, Fact, Telemetry
from packtrail.errors import CodecError
from packtrail.event import Event, decode_event, encode_event, sign_event
from packtrail.personal import Opening, conceal
from packtrail.record import MAX_RECORD_BYTES, Kind, Record, seal, unseal
from packtrail.signing import SigningKey
from packtrail.times import format_time

BLANK_BODY: Final = b""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals in the name of one gateway."""

    gateway: str
    key: SigningKey
    clock: Clock

    def seal(self, draft: Draft, epoch: str, seq: int) -> tuple[Kind, bytes]:
        """The record's kind and the bytes that travel.

        Raises:
            CodecError: reason `size`.
        """
        kind = Kind.TELEMETRY if isinstance(draft, Telemetry) else draft.kind
        body, openings = self._body(draft, epoch, seq)
        record = Record(
            gateway=self.gateway,
            epoch=epoch,
            seq=seq,
            kind=kind,
            unit=draft.unit,
            slot=draft.slot,
            t_ns=draft.t_ns if isinstance(draft, Telemetry) else draft.from_ns,
            sealed_ns=self.clock.now_ns(),
            mono_ns=self.clock.mono_ns(),
            clock=draft.clock,
            body=body,
        )
        sealed = seal(record, self.key, openings)
        if len(sealed) > MAX_RECORD_BYTES:
            # The bridge would not even look at it, and its number would be a hole for ever.
            raise CodecError("size", f"{len(sealed)} bytes, at most {MAX_RECORD_BYTES}")
        return kind, sealed

    def blank(self, sealed: bytes) -> tuple[Record, bytes]:
        """The record that `sealed` holds, and a blank with the same number in its stead."""
        old = unseal(sealed).read()
        blank = msgspec.structs.replace(
            old, kind=Kind.BLANK, body=BLANK_BODY, sealed_ns=self.clock.now_ns()
        )
        return old, seal(blank, self.key)

    def reopen(self, sealed: bytes) -> Draft:
        """The draft that `sealed` was made from, to be numbered anew."""
        outer = unseal(sealed)
        old = outer.read()
        if not old.kind.carries_event:
            return Telemetry(old.unit, old.slot, old.t_ns, old.clock, old.body)
        event = decode_event(old.body).read()
        times = (event.from_ns, event.to_ns)
        about = (old.kind, event.unit, old.slot)
        return Fact(*about, *times, event.clock, event.body, outer.openings)

    def _body(self, draft: Draft, epoch: str, seq: int) -> tuple[bytes, tuple[Opening, ...]]:
        """Columns, or a signed event that holds nothing personal, and what opens it."""
        if isinstance(draft, Telemetry):
            return draft.columns, ()
        body, openings = conceal(draft.body, draft.openings)
        return self._sign(replace(draft, body=body), epoch, seq), openings

    def _sign(self, fact: Fact, epoch: str, seq: int) -> bytes:
        event = Event(
            unit=fact.unit,
            occurred_from=format_time(fact.from_ns),
            occurred_to=format_time(fact.to_ns),
            clock=fact.clock,
            author=self.gateway,
            stream=epoch,
            counter=seq,
            body=fact.body,
        )
        return encode_event(sign_event(event, self.key))
