"""What passes the outbox's door: drafts in, sealed records out, receipts back.

    put(draft) ──> [ commit: number, sign, seal, store ] ──> waiting(...) ──> uplink
                               settle(receipt) <──────────── bridge, through the uplink

A draft has no number yet: the writer gives it one when it commits, so that the sequence has
no hole whatever is killed. Nothing but a receipt takes a record out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Protocol

from packtrail.event import Body, UnitRef
from packtrail.personal import Opening
from packtrail.receipt import Receipt
from packtrail.record import Kind
from packtrail.times import ClockQuality
from packtrail.topics import RecordAddress

_BY_PRIORITY: Final = tuple(sorted(Kind, key=lambda kind: kind.priority))


@dataclass(frozen=True, slots=True)
class Held:
    """One sample of a chunk that is still open, as opaque bytes."""

    chunk: str
    sample: bytes


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A finished chunk of sample columns.

    Attributes:
        unit: the pack, or None while the slot is not bound to one.
        slot: where it was read.
        t_ns: UTC of the first sample.
        clock: how good the clock was.
        columns: `packtrail.columns` bytes.
        chunk: name under which its samples were held; they are released with the commit.
        still_open: of these, samples that belong to another chunk now; held with the commit.
    """

    unit: UnitRef | None
    slot: str
    t_ns: int
    clock: ClockQuality
    columns: bytes
    chunk: str = ""
    still_open: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that is not signed yet; it gets stream and counter when it commits.

    Attributes:
        kind: ALARM, EVENT or HEALTH.
        unit: whom it is about, or None.
        slot: where it was seen.
        from_ns: earliest UTC at which it can have happened.
        to_ns: latest such time.
        clock: how good the clock was.
        body: what happened.
        openings: of commitments that the body holds already; what is in the clear is committed
            to when it is sealed.
    """

    kind: Kind
    unit: UnitRef | None
    slot: str
    from_ns: int
    to_ns: int
    clock: ClockQuality
    body: Body
    openings: tuple[Opening, ...] = ()


Draft = Telemetry | Fact


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sealed record without a receipt.

    Attributes:
        position: its place in the one order of all waiting records, whatever their epoch.
        address: gateway, epoch and number, as they stand in the topic.
        priority: of its kind, 0 goes first.
        sealed: the bytes to send.
    """

    position: int
    address: RecordAddress
    priority: int
    sealed: bytes

    @property
    def kind(self) -> Kind:
        """What it carries."""
        return _BY_PRIORITY[self.priority]


@dataclass(frozen=True, slots=True)
class Settled:
    """What one receipt did: records answered for the first time."""

    stored: int
    refused: int


@dataclass(frozen=True, slots=True)
class Counters:
    """What went through the outbox.

    Attributes:
        added: records committed since the file was made.
        stored: of these, receipted as stored.
        refused: of these, refused by the bridge and kept for inspection.
        thinned: telemetry given up for lack of room and sent as blanks.
        waiting: records without a receipt; added = stored + refused + waiting.
        waiting_bytes: their size.
        held: samples of open chunks.
        dropped: drafts given up because the disk did not take them in time, this run.
        commits: transactions, this run.
    """

    added: int
    stored: int
    refused: int
    thinned: int
    waiting: int
    waiting_bytes: int
    held: int
    dropped: int = 0
    commits: int = 0


class Outbox(Protocol):
    """Where records wait for their receipts. Every method may be called from any thread.

    Life: opened before the first frame and before any connection; `close` commits what was
    put and refuses what comes later.
    """

    @property
    def epoch(self) -> str:
        """The numbering space that new records get: 16 hex digits."""
        ...

    def put(self, draft: Draft) -> Future[RecordAddress]:
        """Take a draft; the future has its number once it is on disk.

        Facts commit at once. Telemetry joins the next group. The future is cancelled when
        telemetry had to be dropped because the disk stood still, and has the error when the
        draft holds what no record can carry.
        """
        ...

    def record(self, facts: Sequence[Fact], notes: Mapping[str, bytes]) -> Future[int]:
        """Take facts and what the gateway remembers of them, all or nothing, at once.

        The future has the number of facts once everything is on disk.
        """
        ...

    def note(self, name: str) -> bytes | None:
        """What the last run remembered under a name; None after a restored backup."""
        ...

    def hold(self, held: Held) -> None:
        """Keep a sample of an open chunk until the chunk is put."""
        ...

    def forget(self, chunk: str) -> None:
        """Give up the held samples of a chunk that will never be put."""
        ...

    def recovered(self) -> list[Held]:
        """Samples that the last run held and never put, in order."""
        ...

    def waiting(self, *, after: int, limit: int, urgent: bool = False) -> list[Waiting]:
        """Records in the order in which they were put.

        Args:
            after: only positions above this one.
            limit: at most so many.
            urgent: only alarms, events and health, by priority and then by position.
        """
        ...

    def settle(self, receipt: Receipt) -> Future[Settled]:
        """Take out what a verified receipt answers; a stale or foreign one does nothing."""
        ...

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each commit, from the writer's thread; it must not block."""
        ...

    def counters(self) -> Counters:
        """What went through."""
        ...

    def close(self) -> None:
        """Commit what was put, then close the file."""
        ...
