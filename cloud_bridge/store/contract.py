"""`Store`: what every database behind the bridge must keep to. One test suite runs on each.

`commit` is the promise of the bridge: when it returns, everything in the batch is durable and
takes effect once; when it raises, nothing of the batch happened. Several bridges may commit
records of the same gateway at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from cloud_bridge.store.accounts import Accounts
from cloud_bridge.store.glances import Shown
from cloud_bridge.store.personal import Personal
from cloud_bridge.store.registers import Registers
from cloud_bridge.store.rows import Values
from cloud_bridge.store.stations import Listed
from cloud_bridge.store.tables import Table
from cloud_bridge.store.values import (
    ALL,
    Arrival,
    Committed,
    Counts,
    Cursor,
    DayChunk,
    DayRecord,
    Emptied,
    Equivocation,
    Fact,
    GatewayProgress,
    PlaceFact,
    Progress,
    RefusedRecord,
    SlotNow,
    StoredChunk,
    Stranger,
    TelemetryDay,
)
from packtrail.event import Subject, UnitRef, VehicleRef
from packtrail.proof.entry import Entry
from packtrail.proof.paths import Place
from packtrail.proof.stories import Completeness
from packtrail.topics import RecordAddress


class Moment(Protocol):
    """What a store holds now, for another process to read: it can be pickled."""

    def joined(self) -> AbstractContextManager[Store]:
        """The store, inside `reading`; it is closed at the end."""


class Store(Accounts, Registers, Personal, Shown, Listed, Protocol):
    """One database that holds the truth. Safe to call from any thread.

    Every method raises `StoreError` when the database does not answer; it says whether
    trying again can help.
    """

    def commit(
        self, arrivals: Sequence[Arrival], strangers: Sequence[Stranger], now_ns: int
    ) -> Committed:
        """Take a batch in one transaction: numbers, content, refusals and receipts."""

    def append(self, facts: Sequence[Fact], now_ns: int) -> tuple[int | None, ...]:
        """Record facts that came on another way than a gateway; one transaction.

        Returns:
            The new leaf of each fact, or None for one that was recorded before.
        """

    def append_keys(self, facts: Sequence[Fact], through: int, now_ns: int) -> bool:
        """Record lines about keys that follow from those up to leaf `through`; one transaction.

        Args:
            facts: of one author, numbered on without a gap.
            through: the newest key line that was read, -1 for none.
            now_ns: when, UTC.

        Returns:
            False, and nothing happened, where there is a newer key line or the first number is
            not its author's next: another bridge was there before.
        """

    def append_after(
        self, facts: Sequence[Fact], author: str, leaf: int, now_ns: int
    ) -> tuple[int | None, ...] | None:
        """`append` where the newest line behind `places(author)` is still `leaf`, -1 for none.

        Returns:
            As `append`; None, and nothing happened, where somebody stated more meanwhile.
        """

    def progress(self, gateway: str, epoch: str) -> Progress:
        """What a receipt would say now, with every refusal (at most 256)."""

    def reading(self) -> AbstractContextManager[None]:
        """Everything read inside sees the same moment."""

    def together(self, join: Callable[[Moment], None]) -> AbstractContextManager[None]:
        """`reading`, of one moment with other processes.

        Args:
            join: gets the moment, and returns when everybody who shall read it has begun to.
        """

    def size(self) -> int:
        """How many leaves the ledger has."""

    def node(self, level: int, position: int) -> bytes:
        """The hash of a complete subtree of the ledger."""

    def nodes(self, places: Collection[Place]) -> dict[Place, bytes]:
        """The hashes of many complete subtrees, in one step."""

    def entries(self, after: int = -1, limit: int = 1000) -> list[Entry]:
        """Ledger lines with leaf numbers above `after`, rising."""

    def entries_of(self, unit: UnitRef, after: int = -1, limit: int = ALL) -> list[Entry]:
        """Ledger lines that touch a unit with leaves above `after`, rising; all by default."""

    def entries_at(self, leaves: Collection[int]) -> list[Entry]:
        """Ledger lines with these leaf numbers, rising; those that there are."""

    def leaves_of(self, unit: UnitRef, before: int = ALL) -> list[int]:
        """Leaves below `before` whose lines touch a unit, rising."""

    def entries_about(self, subject: Subject, after: int = -1, limit: int = 10_000) -> list[Entry]:
        """Ledger lines that name a vehicle, lot, model, site, party or event, rising by leaf.

        A vehicle `subject:ID` is named by every commitment that is known to be its.
        """

    def entries_of_type(self, kind: str, after: int = -1, limit: int = 1000) -> list[Entry]:
        """Ledger lines of one type of event with leaves above `after`, rising."""

    def entry(self, event_id: str) -> Entry | None:
        """The line of an event."""

    def subjects(self, kind: str, after: str = "", limit: int = 1000) -> list[str]:
        """Names of one kind of subject above `after`, in their order."""

    def key_entries(self, after: int = -1) -> list[Entry]:
        """KeyRegistered and KeyRevoked lines with leaves above `after`, rising."""

    def next_counter(self, author: str, stream: str) -> int:
        """One more than the highest counter that this author used in this stream."""

    def conflicting(self, author: str, stream: str, counter: int) -> list[Entry]:
        """Every line under one number of one author; more than one is equivocation."""

    def seal(self, sign: Callable[[int, bytes, bytes], str], now_ns: int) -> int:
        """Take the map of stories forward over every line, and keep a signed head of both.

        Args:
            sign: size, root of the tree and root of the map -> the head's note.
            now_ns: when, UTC.

        Returns:
            How many lines the newest head covers.
        """

    def completeness(self, unit: UnitRef) -> tuple[int, Completeness]:
        """How many lines the map of stories has taken in, and the unit's part of it."""

    def run_statements(self, steps: Sequence[tuple[str, Sequence[Values]]]) -> bool:
        """Run named statements in one transaction, each once per row.

        Returns:
            False, and nothing is done, where the first of them writes no row: somebody else was
            there before.
        """

    def save_checkpoint(self, size: int, root: bytes, note: str, now_ns: int) -> None:
        """Keep a signed checkpoint; the first one of a size stays."""

    def save_cosignature(self, size: int, name: str, line: str, now_ns: int) -> None:
        """Keep what a witness adds to the checkpoint of this size; its first one stays."""

    def checkpoint(self) -> str | None:
        """The newest signed checkpoint, with the lines of its witnesses."""

    def checkpoints(self) -> list[str]:
        """Every signed checkpoint, rising by size, without its witnesses."""

    def units(self, after: UnitRef | None = None, limit: int = 50) -> list[UnitRef]:
        """Units that anything was said of, in the order of their names."""

    def has_unit(self, unit: UnitRef) -> bool:
        """Whether anything was ever said of a unit."""

    def chunks_of(
        self, unit: UnitRef, from_ns: int, to_ns: int, limit: int = 100
    ) -> list[StoredChunk]:
        """Chunks of a unit that overlap [from_ns, to_ns], oldest first.

        With those that were sealed for no pack or another and attributed to it later; their
        `from_ns` and `to_ns` say which samples count.
        """

    def latest_chunks(self, unit: UnitRef, limit: int = 1) -> list[StoredChunk]:
        """The newest chunks of a unit, newest first."""

    def newest_chunk(self) -> int:
        """The position up to which every chunk is settled; 0 for none.

        Nothing at or below it will appear later, whoever else is committing now.
        """

    def chunks_after(
        self, position: int, through: int, limit: int = 100
    ) -> list[tuple[int, StoredChunk]]:
        """Chunks with positions above `position` up to `through`, rising, each with its own."""

    def chunk_spans_after(
        self, position: int, through: int, limit: int = 100
    ) -> list[tuple[int, StoredChunk]]:
        """`chunks_after` for who asks only what was sent and when: `data` is empty."""

    def chunks_attributed(self, begin: Cursor, end: Cursor) -> list[StoredChunk]:
        """Parts of chunks that were told to be another unit's than they were sealed for.

        Each chunk and statement about it comes once over all steps from cursor to cursor: in the
        step in which the later of the two is carried. The chunk names the unit whose it is, and
        its span is what was attributed.
        """

    def day_records(self, unit: UnitRef, from_ns: int, to_ns: int) -> list[DayRecord]:
        """Records of a unit's telemetry that end in [from_ns, to_ns), by gateway, epoch, number.

        As they were sealed: what was attributed later is no part of it.
        """

    def day_chunks(self, unit: UnitRef, from_ns: int, to_ns: int) -> list[DayChunk]:
        """Chunks of `day_records`, with what stays of each when its bytes go."""

    def emptied_of(
        self, unit: UnitRef, from_ns: int, to_ns: int, limit: int = 1000
    ) -> list[Emptied]:
        """Chunks sealed for a unit that overlap [from_ns, to_ns] and have no bytes any more."""

    def newest_line(self, unit: UnitRef) -> int:
        """The newest leaf that touches a unit, -1 for none."""

    def retire(
        self,
        fact: Fact,
        addresses: Sequence[RecordAddress],
        seen: Mapping[UnitRef, int],
        now_ns: int,
    ) -> int | None:
        """Record the statement `fact` and empty the chunks of its unit; one transaction.

        Args:
            fact: `TelemetryRetired`.
            addresses: chunks of its unit that have their bytes.
            seen: unit -> its `newest_line` when it was decided that they may go.
            now_ns: when, UTC.

        Returns:
            The statement's leaf. None, and nothing happened, where a unit has a newer line, the
            statement's number is not its author's next, or a chunk has no bytes any more.
        """

    def units_of_day(self, from_ns: int, to_ns: int) -> list[UnitRef]:
        """Units with kept telemetry that ends in [from_ns, to_ns)."""

    def telemetry_days(self, unit: UnitRef, limit: int) -> list[TelemetryDay]:
        """How the newest `limit` chunks of a unit lie over UTC days, the newest day first.

        Without reading their bytes. What was attributed to the unit counts as its own, so that
        twice `limit` chunks may be told of.
        """

    def first_sample_ns(self) -> int | None:
        """The earliest end of kept telemetry, None without any."""

    def cursor(self, projection: str) -> Cursor:
        """How far a projection has come; the beginning if it never moved."""

    def move_cursor(self, projection: str, cursor: Cursor, now_ns: int) -> None:
        """Remember how far a projection has come; it may go back to the beginning."""

    def vehicle_fact(self, vehicle: VehicleRef) -> Entry | None:
        """The newest fact about which pack is in a vehicle."""

    def lead(self, task: str) -> bool:
        """Whether this bridge, of all that share the store, does `task` now.

        Asked before each piece of it: who leads goes on until it closes or loses the store.
        """

    def gateways(self) -> list[GatewayProgress]:
        """Every gateway and epoch that was ever answered, newest commit first."""

    def gateway_names(self) -> list[str]:
        """Every gateway that was ever answered, by name."""

    def lines_of(self, unit: UnitRef, before: int) -> int:
        """How many lines with leaves below `before` touch a unit."""

    def newest_line_about(self, subject: Subject) -> int:
        """The highest leaf that names a subject, -1 for none."""

    def newest_line_of(self, unit: UnitRef) -> int:
        """The highest leaf that touches a unit, -1 for none; it rises with whatever is added.

        A statement that joins the unit's story late does so with the fact that it speaks of.
        """

    def slots(self, gateway: str) -> list[SlotNow]:
        """The newest chunk of each slot of a gateway."""

    def places(self, author: str) -> list[PlaceFact]:
        """The newest fact of an author about each slot."""

    def alarms(self, author: str, limit: int = 20) -> list[Entry]:
        """The newest incidents and contested identities that an author reported."""

    def equivocations(self, gateway: str | None = None, limit: int = 100) -> list[Equivocation]:
        """Other contents under taken numbers, of one gateway or all, newest first."""

    def refusals(self, gateway: str | None = None, limit: int = 20) -> list[RefusedRecord]:
        """Refused records of one gateway or all, newest first."""

    def refused(self, address: RecordAddress) -> tuple[RefusedRecord, bytes] | None:
        """One refused record and its bytes as they came."""

    def strangers(self, limit: int = 20) -> list[tuple[Stranger, int]]:
        """Messages that nobody vouched for and when they came, UTC ns; newest first."""

    def counts(self) -> Counts:
        """How much there is of everything."""

    def stream(self, name: str, values: Values | None = None) -> Iterator[tuple[Any, ...]]:
        """Rows of a named statement as they are asked for; call it inside `reading`."""

    def version(self) -> int:
        """Of the schema: how many numbered migrations were applied."""

    def tables(self) -> tuple[Table, ...]:
        """Every table, in an order in which they can be filled again."""

    def dump(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """Every row of a table; call it inside `reading`."""

    def fill(self, contents: Iterable[tuple[Table, Sequence[Sequence[Any]]]]) -> None:
        """Put rows back as `dump` gave them, all in one transaction."""

    def damage(self) -> tuple[str, ...]:
        """What the database itself finds broken in its file, a line each."""

    def close(self) -> None:
        """Close every connection."""
