"""One transaction: a group of orders becomes rows, all of them or none.

What the transaction changes in memory (the last number, sizes, results of futures) is kept
aside in the `Commit` and taken over by the writer only after the disk has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.outbox.door import Draft, Fact, Settled
from gateway.outbox.intake import Forget, Hold, Order, Put, RecordFacts, Settle
from gateway.outbox.sealing import Sealer
from gateway.outbox.tables import EpochRow, Tables
from packtrail.errors import PacktrailError
from packtrail.event import TelemetryThinned, UnitRef
from packtrail.receipt import Receipt
from packtrail.record import Kind, Record
from packtrail.times import format_time
from packtrail.topics import RecordAddress

UNSEALABLE: Final = (ValueError, TypeError, OverflowError, PacktrailError)
"""What signing and encoding raise about content that no record can carry."""
THIN_AT_ONCE: Final = 500
"""Records blanked in one transaction: about 100 ms, so that no alarm waits for long."""


@dataclass(slots=True)
class Commit:
    """The effects of one group.

    Attributes:
        seq: last number given.
        size: change of the size of waiting records.
        records: change of their number.
        held: change of the number of held samples.
        spoiled: what cannot be sealed, and why; it is refused alone, not with its group.
        rolled_back: a receipt knows numbers that this file never gave.
    """

    tables: Tables
    sealer: Sealer
    epoch: EpochRow
    seq: int
    size: int = 0
    records: int = 0
    held: int = 0
    added: int = 0
    thinned: int = 0
    stored: int = 0
    refused: int = 0
    rolled_back: bool = False
    numbered: list[tuple[Future[RecordAddress], RecordAddress]] = field(default_factory=list)
    recorded: list[tuple[Future[int], int]] = field(default_factory=list)
    spoiled: list[tuple[Future[Any], Exception]] = field(default_factory=list)
    settled: list[tuple[Future[Settled], Settled]] = field(default_factory=list)

    def carry_out(self, orders: Iterable[Order]) -> None:
        """Write a group; call inside a transaction."""
        for order in orders:
            match order:
                case Put() | RecordFacts():
                    self._write(order)
                case Hold():
                    self.tables.hold(order.held)
                    self.held += 1
                case Forget():
                    self.held -= self.tables.release(order.chunk)
                case Settle():
                    self.settled.append((order.done, self._settle(order.receipt)))
        self._book()

    def thin(self) -> None:
        """Blank the oldest telemetry and say so; call inside a transaction."""
        lost: dict[tuple[UnitRef | None, str], list[Record]] = {}
        for row in self.tables.waiting_of(Kind.TELEMETRY.priority, 0, THIN_AT_ONCE):
            record, blank = self.sealer.blank(row.sealed)
            self.tables.replace(row.position, Kind.BLANK, blank)
            self.size += len(blank) - len(row.sealed)
            self.thinned += 1
            lost.setdefault((record.unit, record.slot), []).append(record)
        for records in lost.values():
            self._put(_thinned(records))
        self._book()

    def readdress(self, since: int) -> None:
        """Give records of another epoch, above position `since`, new numbers in this one."""
        for row in self.tables.waiting(since, -1):
            if row.address.epoch == self.epoch.name:
                break
            count, size = self.tables.remove(row.position, row.position)
            self.records -= count
            self.size -= size
            self.added -= count
            if row.kind is not Kind.BLANK:
                self._put(self.sealer.reopen(row.sealed))
        self._book()

    def _write(self, order: Put | RecordFacts) -> None:
        """Number, seal and store an order's drafts; what cannot be sealed goes back."""
        drafts = (order.draft,) if isinstance(order, Put) else order.facts
        try:
            sealed = [self._seal(draft, self.seq + 1 + n) for n, draft in enumerate(drafts)]
        except UNSEALABLE as error:
            self.spoiled.append((order.done, error))
            self._release(drafts)
            return
        for draft, record in zip(drafts, sealed, strict=True):
            self._insert(draft, *record)
        if isinstance(order, Put):
            address = RecordAddress(self.sealer.gateway, self.epoch.name, self.seq)
            self.numbered.append((order.done, address))
            return
        for name, value in order.notes.items():
            self.tables.write_note(name, value)
        self.recorded.append((order.done, len(drafts)))

    def _put(self, draft: Draft) -> None:
        self._insert(draft, *self._seal(draft, self.seq + 1))

    def _seal(self, draft: Draft, seq: int) -> tuple[Kind, bytes]:
        return self.sealer.seal(draft, self.epoch.name, seq)

    def _insert(self, draft: Draft, kind: Kind, sealed: bytes) -> None:
        self.seq += 1
        self.tables.insert(self.epoch.position(self.seq), kind, sealed)
        self.added += 1
        self.records += 1
        self.size += len(sealed)
        self._release([draft])

    def _release(self, drafts: Iterable[Draft]) -> None:
        """Forget the samples that were held for chunks."""
        for draft in drafts:
            if not isinstance(draft, Fact) and draft.chunk:
                self.held -= self.tables.release(draft.chunk)
                for held in draft.still_open:
                    self.tables.hold(held)
                self.held += len(draft.still_open)

    def _settle(self, receipt: Receipt) -> Settled:
        epoch = self.tables.epoch_named(receipt.epoch)
        if epoch is None or receipt.gateway != self.sealer.gateway:
            return Settled(0, 0)
        if epoch.number == self.epoch.number and max(receipt.through, *receipt.ahead, 0) > self.seq:
            self.rolled_back = True
            return Settled(0, 0)
        refused = self._refuse(epoch, receipt)
        through = min(max(receipt.through, 0), epoch.last_seq)
        stored = self._remove(epoch.position(1), epoch.position(through))
        for seq in receipt.ahead:
            if epoch.has(seq):
                stored += self._remove(epoch.position(seq), epoch.position(seq))
        self.stored += stored
        self.refused += refused
        return Settled(stored, refused)

    def _refuse(self, epoch: EpochRow, receipt: Receipt) -> int:
        count = 0
        for refusal in receipt.refused:
            if not epoch.has(refusal.seq):
                continue
            position = epoch.position(refusal.seq)
            now_ns = self.sealer.clock.now_ns()
            if self.tables.refuse(position, refusal.reason, refusal.detail, now_ns):
                count += self._remove(position, position)
        return count

    def _remove(self, first: int, last: int) -> int:
        count, size = self.tables.remove(first, last)
        self.records -= count
        self.size -= size
        return count

    def _book(self) -> None:
        """Rows that follow from the group as a whole."""
        self.tables.set_last_seq(self.epoch, self.seq)
        self.tables.count(
            added=self.added, stored=self.stored, refused=self.refused, thinned=self.thinned
        )


def _thinned(records: list[Record]) -> Fact:
    """The fact that these chunks of one pack were given up."""
    first = min(record.t_ns for record in records)
    last = max(record.t_ns for record in records)
    body = TelemetryThinned(format_time(first), format_time(last), len(records))
    return Fact(Kind.EVENT, records[0].unit, records[0].slot, first, last, records[0].clock, body)
