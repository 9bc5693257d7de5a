"""What passes the store's door: judged arrivals in, committed progress and rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from packtrail.event import Event, PlaceRef, SignedEvent, UnitRef
from packtrail.personal import SCHEME, SUBJECT, Opening, vehicle_of
from packtrail.proof.entry import Entry
from packtrail.receipt import Refusal
from packtrail.topics import RecordAddress

ALL: Final = 2**62
"""The limit of who wants everything."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Telemetry that decodes: one pack, or one slot whose pack is not known.

    Attributes:
        unit: the pack, or None.
        slot: where it was read.
        from_ns: first sample, UTC ns.
        to_ns: last sample, UTC ns.
        samples: how many.
    """

    unit: UnitRef | None
    slot: str
    from_ns: int
    to_ns: int
    samples: int


@dataclass(frozen=True, slots=True)
class Fact:
    """A signed event that its author was entitled to state.

    Attributes:
        signed: as it came.
        event: the same, typed.
        openings: of commitments that it holds; they are kept sealed, apart from the ledger.
    """

    signed: SignedEvent
    event: Event
    openings: tuple[Opening, ...] = ()

    @property
    def clear_vehicle(self) -> str:
        """The vehicle that it names in the clear, "" for none."""
        vehicle = vehicle_of(self.event.body)
        return str(vehicle) if vehicle and vehicle.scheme not in (SCHEME, SUBJECT) else ""


@dataclass(frozen=True, slots=True)
class Blank:
    """Stands for telemetry that the gateway had to give up: only its number counts."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record of a trusted gateway that will never be taken; its bytes are kept."""

    reason: str
    detail: str = ""


Content = Chunk | Fact | Blank | Refused


@dataclass(frozen=True, slots=True)
class Arrival:
    """One authenticated record with its judgement.

    Attributes:
        address: the number that removes duplicates.
        digest: SHA-256 of the signed payload; another one under the same number is
            equivocation.
        data: the sealed bytes as they came.
        sealed_ns: when the gateway says that it sealed them, UTC ns; 0 if unreadable.
        content: what it is.
    """

    address: RecordAddress
    digest: bytes
    data: bytes
    sealed_ns: int
    content: Content


@dataclass(frozen=True, slots=True)
class Stranger:
    """A message that no trusted key vouches for: counted, kept bounded, never answered."""

    topic: str
    reason: str
    data: bytes


class DayRecord(NamedTuple):
    """One record of a unit's day, as the store has it."""

    address: RecordAddress
    digest: bytes
    samples: int
    recorded_ns: int


class TelemetryDay(NamedTuple):
    """How much telemetry there is of a unit's UTC day; another value where more has come since.

    Attributes:
        day: number since 1970-01-01.
        chunks: that have their bytes.
        position: of the newest of them in the store's order.
    """

    day: int
    chunks: int
    position: int


class DayChunk(NamedTuple):
    """A chunk of a unit's day as far as it stays when its bytes go.

    Attributes:
        address: its number.
        digest: of its record.
        samples: how many.
        recorded_ns: when it was recorded, UTC ns.
        slot: where it was read.
        from_ns: first sample, UTC ns.
        to_ns: last sample, UTC ns.
        size: bytes that are there, 0 for none any more.
        retired: leaf of the statement under which they went, or None.
        given: whether part of it was told to be another unit's.
    """

    address: RecordAddress
    digest: bytes
    samples: int
    recorded_ns: int
    slot: str
    from_ns: int
    to_ns: int
    size: int
    retired: int | None
    given: bool


class Emptied(NamedTuple):
    """A chunk without its bytes: `retired` is the leaf that lets them go, or None."""

    address: RecordAddress
    from_ns: int
    to_ns: int
    retired: int | None


class Progress(NamedTuple):
    """What is committed of one gateway's epoch: the content of a receipt."""

    gateway: str
    epoch: str
    through: int
    ahead: tuple[int, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction did.

    Attributes:
        progress: one for each gateway and epoch in the batch, for its receipt.
        stored: new records taken.
        refused: new records refused.
        repeats: records that were here already.
        equivocations: records whose number was taken by other content.
    """

    progress: tuple[Progress, ...]
    stored: int = 0
    refused: int = 0
    repeats: int = 0
    equivocations: int = 0

    def __add__(self, other: Committed) -> Committed:
        """Both, one after the other."""
        return Committed(
            (*self.progress, *other.progress),
            self.stored + other.stored,
            self.refused + other.refused,
            self.repeats + other.repeats,
            self.equivocations + other.equivocations,
        )


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as it lies in the store, with the sealed bytes that prove it."""

    address: RecordAddress
    chunk: Chunk
    data: bytes
    recorded_ns: int


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two contents under one number: the first was taken, this one is kept beside it."""

    address: RecordAddress
    digest: bytes
    recorded_ns: int


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record of a trusted gateway that was refused; its bytes are kept."""

    address: RecordAddress
    reason: str
    detail: str
    recorded_ns: int


class GatewayProgress(NamedTuple):
    """What a station page shows of one gateway's epoch.

    `highest` is the highest number seen, `sealed_ns` when the newest record was sealed and
    `committed_ns` when the last commit was, both UTC ns.
    """

    gateway: str
    epoch: str
    through: int
    highest: int
    sealed_ns: int
    committed_ns: int


class SlotNow(NamedTuple):
    """The newest chunk of one slot; `unit` is None while its pack is not known."""

    gateway: str
    slot: str
    unit: UnitRef | None
    address: RecordAddress
    to_ns: int


class Cursor(NamedTuple):
    """How far a projection has come: the last chunk and leaf that its target has.

    `moved_ns` is when it last moved, UTC ns; 0 for never.
    """

    chunk: int = 0
    leaf: int = -1
    moved_ns: int = 0


class Counts(NamedTuple):
    """How much the store holds."""

    units: int
    facts: int
    chunks: int
    refused: int
    equivocations: int
    strangers: int


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """The newest fact of an author about a slot."""

    place: PlaceRef
    entry: Entry
