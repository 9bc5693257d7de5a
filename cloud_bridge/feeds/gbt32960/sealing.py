"""What a message means, sealed as records whose numbers are the hashes of what they hold.

A gateway counts its records; a platform that lost our answer sends the same message again, to this
bridge or to another one. So the number of a record is made of its content, within the UTC day that
it tells of: the same content has the same number for ever, and the transaction that stores it
removes the duplicate, whoever was killed in between. Eighteen digits a day and platform: among a
million reports a day two have one number once in 5,000 years.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from packtrail.columns import encode_columns
from packtrail.event import Body, Event, UnitRef, encode_event, sign_event
from packtrail.personal import Opening, conceal
from packtrail.record import Kind, Record, seal
from packtrail.sample import Sample, SampleBatch
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, ClockQuality, format_time
from packtrail.topics import RecordAddress

DAY_NS: Final = 86_400 * NS_PER_S
NUMBERS: Final = 10**18 - 1
COUNTERS: Final = 2**53 - 1
"""Canonical JSON holds no integer beyond."""
STREAM: Final = "gbt32960"
SALTS: Final = b"packtrail/feed/salt/1\x00"


class SealedRecord(NamedTuple):
    """A record as an inbox takes it: where it stands, and its bytes."""

    address: RecordAddress
    data: bytes


class Statement(NamedTuple):
    """A fact before it is signed; it happened between two moments, UTC ns."""

    unit: UnitRef | None
    slot: str
    body: Body
    from_ns: int
    to_ns: int
    kind: Kind = Kind.EVENT


class Sealer:
    """Seals in the name of one platform.

    Args:
        party: as the trust list names it.
        key: its key of the bridge.
    """

    def __init__(self, party: str, key: SigningKey) -> None:
        self.party, self._key = party, key

    def telemetry(self, sample: Sample, unit: UnitRef | None, slot: str) -> SealedRecord:
        """A chunk of one sample."""
        columns = encode_columns(SampleBatch.from_samples([sample]))
        return self._seal(Kind.TELEMETRY, unit, slot, sample.t_ns, columns)

    def fact(self, told: Statement) -> SealedRecord:
        """A signed event in its record, with what opens its commitments."""
        body, openings = conceal(told.body, fresh=self._salts(told))
        signed = sign_event(self._event(told._replace(body=body)), self._key)
        return self._seal(
            told.kind, told.unit, told.slot, told.from_ns, encode_event(signed), openings
        )

    def _salts(self, told: Statement) -> Callable[[], bytes]:
        """Nobody can guess them without the platform's key; one message has the same each time."""
        secret, numbers = self._key.private.private_bytes_raw(), itertools.count()
        about = msgspec.json.encode(told)
        return lambda: hmac.digest(secret, b"%s%d\x00%s" % (SALTS, next(numbers), about), "sha256")

    def _event(self, told: Statement) -> Event:
        event = Event(
            unit=told.unit,
            occurred_from=format_time(told.from_ns),
            occurred_to=format_time(told.to_ns),
            # A vehicle's clock follows GNSS when it has any; nobody here can tell.
            clock=ClockQuality.FREE,
            author=self.party,
            stream=STREAM,
            counter=0,
            body=told.body,
        )
        number = _number(msgspec.json.encode(event), COUNTERS)
        return msgspec.structs.replace(event, counter=number)

    def _seal(
        self,
        kind: Kind,
        unit: UnitRef | None,
        slot: str,
        t_ns: int,
        body: bytes,
        openings: tuple[Opening, ...] = (),
    ) -> SealedRecord:
        record = Record(
            gateway=self.party,
            epoch=f"{t_ns // DAY_NS:016x}",
            seq=1,
            kind=kind,
            unit=unit,
            slot=slot,
            t_ns=t_ns,
            # When it was received would make another record of the same message.
            sealed_ns=t_ns,
            mono_ns=0,
            clock=ClockQuality.FREE,
            body=body,
        )
        seq = _number(msgspec.msgpack.encode(record), NUMBERS)
        numbered = msgspec.structs.replace(record, seq=seq)
        address = RecordAddress(record.gateway, record.epoch, seq)
        return SealedRecord(address, seal(numbered, self._key, openings))


def _number(content: bytes, most: int) -> int:
    """1 to `most`, by content."""
    return int.from_bytes(hashlib.sha256(content).digest()[:16], "big") % most + 1
