"""The outbox on disk: SQLite, one writer thread, group commit.

Drafts, samples and receipts enter from any thread; sealed records leave to the uplink. A
commit that fails is tried again until it succeeds, with the reserve and the oldest telemetry
given up when the disk is full. A bridge that acknowledges numbers that this file never gave
proves that the file was rolled back: a new epoch starts and what was put since the opening is
numbered again in it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.clock import Clock, SystemClock
from gateway.outbox import instance, schema
from gateway.outbox.commit import Commit
from gateway.outbox.door import Counters, Draft, Fact, Held, Settled, Waiting
from gateway.outbox.intake import (
    LAZY_WAIT_S,
    RECORD_WAIT_S,
    Forget,
    Hold,
    Intake,
    Order,
    Put,
    RecordFacts,
    Settle,
    is_fact,
)
from gateway.outbox.reserve import Reserve
from gateway.outbox.sealing import Sealer
from gateway.outbox.tables import EpochRow, Tables
from packtrail import logs
from packtrail.receipt import Receipt
from packtrail.record import Kind
from packtrail.signing import SigningKey
from packtrail.topics import RecordAddress

RETRY_S: Final = 1.0
LAST_TRIES: Final = 5
SPARE_PAGES: Final = 1024
"""Free pages (4 MiB) that the file keeps: the next chunks would only make it grow again."""
SHRINK_AT_ONCE: Final = 512
"""Pages given back between two groups: some milliseconds, so that no alarm waits for long."""
_URGENT: Final = tuple(sorted(kind.priority for kind in Kind if kind.carries_event))


@dataclass(frozen=True, slots=True)
class OutboxOptions:
    """How much an outbox may hold.

    Attributes:
        quota_bytes: size of waiting records at which the oldest telemetry is thinned.
        max_pages: hard limit of the file in pages of 4 KiB, 0 for none.
        record_wait_s: how long a record or a held sample may wait for others to share its
            disk flush.
        lazy_wait_s: the same for receipts.
    """

    quota_bytes: int = 2_000_000_000
    max_pages: int = 0
    record_wait_s: float = RECORD_WAIT_S
    lazy_wait_s: float = LAZY_WAIT_S


class SqliteOutbox:
    """The outbox of one gateway; see `door.Outbox` for its methods."""

    def __init__(
        self,
        path: Path,
        *,
        gateway: str,
        key: SigningKey,
        clock: Clock | None = None,
        options: OutboxOptions | None = None,
    ) -> None:
        self._log = logs.get("gateway.outbox")
        self._sealer = Sealer(gateway, key, clock or SystemClock())
        self._options = options or OutboxOptions()
        self._lock_file = instance.lock_outbox(path)
        try:
            self._open(path, gateway)
        except BaseException:
            self._lock_file.close()
            raise
        self._intake = Intake(self._options.record_wait_s, self._options.lazy_wait_s)
        self._full = False
        self._failure: BaseException | None = None
        self._trouble = ""
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._write, name="outbox")
        self._thread.start()

    @property
    def epoch(self) -> str:
        """The numbering space that new records get."""
        return self._epoch.name

    @property
    def failure(self) -> BaseException | None:
        """Why nothing is written any more; None while all is well."""
        return self._failure

    @property
    def trouble(self) -> str:
        """Why the disk does not take what is put; "" once it does again."""
        return self._trouble

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` from the writer thread after each commit; it must not block."""
        self._listeners.append(wake)

    def put(self, draft: Draft) -> Future[RecordAddress]:
        """Take a draft; its number comes with the commit."""
        order = Put(draft)
        if not self._intake.offer(order):
            self._drop(1)
            order.done.cancel()
        return order.done

    def record(self, facts: Sequence[Fact], notes: Mapping[str, bytes]) -> Future[int]:
        """Take facts and notes, all or nothing."""
        order = RecordFacts(tuple(facts), dict(notes))
        if not self._intake.offer(order):
            order.done.cancel()
        return order.done

    def note(self, name: str) -> bytes | None:
        """What the last run remembered."""
        return self._notes.get(name)

    def hold(self, held: Held) -> None:
        """Keep a sample until its chunk is put."""
        if not self._intake.offer(Hold(held)):
            self._drop(1)

    def forget(self, chunk: str) -> None:
        """Give up the held samples of a chunk."""
        self._intake.offer(Forget(chunk))

    def recovered(self) -> list[Held]:
        """What the last run held and never put."""
        return self._recovered

    def settle(self, receipt: Receipt) -> Future[Settled]:
        """Take out what a verified receipt answers."""
        order = Settle(receipt)
        if not self._intake.offer(order):
            order.done.cancel()
        return order.done

    def waiting(self, *, after: int, limit: int, urgent: bool = False) -> list[Waiting]:
        """Records above a position, in order; urgent ones by priority first."""
        with self._reading:
            if not urgent:
                return self._reader.waiting(after, limit)
            rows: list[Waiting] = []
            for priority in _URGENT:
                rows += self._reader.waiting_of(priority, after, limit - len(rows))
            return rows

    def counters(self) -> Counters:
        """What went through."""
        with self._state:
            return self._counters

    def close(self) -> None:
        """Commit what was put, then close the file."""
        self._intake.end()
        self._thread.join()
        with self._reading:
            self._reader.close()
        self._lock_file.close()

    def _open(self, path: Path, gateway: str) -> None:
        now_ns = self._sealer.clock.now_ns()
        connection = schema.open_file(path, now_ns)
        try:
            if self._options.max_pages:
                connection.execute(f"PRAGMA max_page_count = {self._options.max_pages:d}")
            self._tables = Tables(connection, gateway)
            doubt = instance.recognise(path, connection)
            self._begin(doubt, now_ns)
            self._reader = Tables(schema.connect(path), gateway)
        except BaseException:
            connection.close()
            raise
        self._reading, self._state = threading.Lock(), threading.Lock()
        self._reserve = Reserve(Path(f"{path}.reserve"))
        self._reserve.make()

    def _begin(self, doubt: str, now_ns: int) -> None:
        """Go on with the newest epoch, or start one when the file is not surely ours."""
        if doubt:
            with self._tables.transaction():
                self._tables.add_epoch(os.urandom(8).hex(), now_ns, doubt)
                forgotten = self._tables.forget_held()
                self._tables.forget_notes()
            self._log.info("epoch_started", reason=doubt, samples_forgotten=forgotten)
        self._epoch = _present(self._tables.newest_epoch())
        self._opened_at = self._epoch.position(self._epoch.last_seq)
        self._recovered, self._notes = self._tables.held(), self._tables.notes()
        records, size = self._tables.size()
        tally = self._tables.tally()
        self._counters = Counters(
            **tally, waiting=records, waiting_bytes=size, held=len(self._recovered)
        )

    def _write(self) -> None:
        """The writer thread; an error of our own ends it, and the gateway with it."""
        try:
            self._write_groups()
        except BaseException as error:  # noqa: BLE001 - main asks for it and ends the gateway
            self._failure = error
            self._log.exception("outbox_failed")
            self._intake.end()
        finally:
            self._tables.close()

    def _write_groups(self) -> None:
        while group := self._intake.next_group():
            self._commit_at_last(group)
            while self._over_quota() and self._thin():
                pass
            self._shrink()
            self._reserve.make()
            for wake in self._listeners:
                wake()

    def _shrink(self) -> None:
        """Give the file system back what an outage took, a little after each group."""
        try:
            if self._tables.free_pages() > SPARE_PAGES:
                self._tables.give_back(SHRINK_AT_ONCE)
        except sqlite3.Error as error:
            self._log.warning("shrinking_failed", why=str(error))

    def _commit_at_last(self, group: list[Order]) -> None:
        """Commit a group, however often it takes; give up only when closing."""
        tries = 0
        while not self._commit_or_log(group):
            tries += 1
            if self._full and len(group) > 1:
                for order in sorted(group, key=_makes_no_room):
                    self._commit_at_last([order])
                return
            if self._full and (self._settle_first() or self._thin() or self._drop_telemetry(group)):
                continue
            if not self._intake.rest(RETRY_S) and tries >= LAST_TRIES:
                self._give_up(group)
                return

    def _commit_or_log(self, group: Sequence[Order]) -> bool:
        try:
            self._commit(lambda commit: commit.carry_out(group))
        except sqlite3.Error as error:
            self._full = _code(error) == sqlite3.SQLITE_FULL
            self._trouble = str(error)
            self._log.error("commit_failed", why=str(error), orders=len(group))
            if self._full:
                self._reserve.give_up()
            return False
        self._trouble = ""
        return True

    def _settle_first(self) -> bool:
        """Let receipts overtake: they make room for the facts that wait for it."""
        receipts = self._intake.take_receipts()
        if not receipts or self._commit_or_log(receipts):
            return bool(receipts)
        for order in receipts:  # the bridge answers again when the records are sent again
            order.done.cancel()
        return False

    def _drop_telemetry(self, group: list[Order]) -> bool:
        """Empty a group of one that is no fact: what the disk cannot take is given up."""
        kept = [order for order in group if isinstance(order, Settle) or is_fact(order)]
        dropped = len(group) - len(kept)
        self._give_up([order for order in group if order not in kept])
        group[:] = kept
        return bool(dropped)

    def _commit(self, write: Callable[[Commit], None]) -> Commit:
        """One transaction; memory follows the disk, never the other way round."""
        commit = Commit(self._tables, self._sealer, self._epoch, self._epoch.last_seq)
        with self._tables.transaction():
            write(commit)
        self._epoch = replace(self._epoch, last_seq=commit.seq)
        self._take_over(commit)
        for done, address in commit.numbered:
            done.set_result(address)
        for recording, count in commit.recorded:
            recording.set_result(count)
        for spoiled, error in commit.spoiled:
            self._log.error("draft_unsealable", why=f"{type(error).__name__}: {error}")
            spoiled.set_exception(error)
        self._drop(len(commit.spoiled))
        for settling, settled in commit.settled:
            settling.set_result(settled)
        if commit.rolled_back:
            self._leave_epoch()
        return commit

    def _leave_epoch(self) -> None:
        """The bridge knows numbers that this file never gave: number anew."""
        with self._tables.transaction():
            self._tables.add_epoch(
                os.urandom(8).hex(), self._sealer.clock.now_ns(), "receipt_ahead"
            )
        self._epoch = _present(self._tables.newest_epoch())
        since, self._opened_at = self._opened_at, self._epoch.position(0)
        again = self._commit(lambda commit: commit.readdress(since))
        self._log.error("outbox_rolled_back", epoch=self.epoch, renumbered=again.seq)

    def _over_quota(self) -> bool:
        return self._counters.waiting_bytes > self._options.quota_bytes

    def _thin(self) -> bool:
        """Blank the oldest telemetry; False when there is none left or no room to say so."""
        try:
            commit = self._commit(Commit.thin)
        except sqlite3.Error as error:
            self._log.error("thinning_failed", why=str(error))
            return False
        if commit.thinned:
            self._log.warning("telemetry_thinned", records=commit.thinned)
        return bool(commit.thinned)

    def _give_up(self, group: list[Order]) -> None:
        for order in group:
            if not isinstance(order, Hold | Forget):
                order.done.cancel()
        self._drop(len(group))

    def _take_over(self, commit: Commit) -> None:
        with self._state:
            old = self._counters
            self._counters = replace(
                old,
                added=old.added + commit.added,
                stored=old.stored + commit.stored,
                refused=old.refused + commit.refused,
                thinned=old.thinned + commit.thinned,
                waiting=old.waiting + commit.records,
                waiting_bytes=old.waiting_bytes + commit.size,
                held=old.held + commit.held,
                commits=old.commits + 1,
            )

    def _drop(self, count: int) -> None:
        with self._state:
            self._counters = replace(self._counters, dropped=self._counters.dropped + count)


def _makes_no_room(order: Order) -> bool:
    return not isinstance(order, Settle | Forget)


def _present(epoch: EpochRow | None) -> EpochRow:
    if epoch is None:
        raise sqlite3.DatabaseError("the outbox has no epoch")
    return epoch


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's own code, where the error comes from SQLite."""
    return getattr(error, "sqlite_errorcode", None)
