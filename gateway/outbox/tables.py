"""Every statement on the outbox's tables.

A `Tables` wraps one connection; whoever holds it sees to transactions and locking. Positions
put all epochs in one order: epoch number in the high bits, sequence number in the low 40.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.outbox.door import Held, Waiting
from packtrail.record import Kind
from packtrail.topics import RecordAddress

_SEQ_BITS: Final = 40
MAX_REFUSED: Final = 1000
"""Refused records kept for inspection; the oldest make room."""


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One numbering space."""

    number: int
    name: str
    last_seq: int

    def position(self, seq: int) -> int:
        """The place of a number in the one order."""
        return self.number << _SEQ_BITS | seq

    def has(self, seq: int) -> bool:
        """Whether it ever gave this number; a position made of another would be someone else's."""
        return 0 < seq <= self.last_seq


class Tables:
    """Statements over one connection."""

    def __init__(self, connection: sqlite3.Connection, gateway: str) -> None:
        self._connection = connection
        self._gateway = gateway

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable when it returns."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def add_epoch(self, name: str, started_ns: int, reason: str) -> None:
        """Start a numbering space; from now on it is the newest."""
        self._connection.execute(
            "INSERT INTO epoch (name, started_ns, reason) VALUES (?, ?, ?)",
            (name, started_ns, reason),
        )

    def newest_epoch(self) -> EpochRow | None:
        """The numbering space that new records get."""
        return self._epoch("ORDER BY number DESC LIMIT 1")

    def epoch_named(self, name: str) -> EpochRow | None:
        """A numbering space that this file knows, by name."""
        return self._epoch("WHERE name = ?", name)

    def set_last_seq(self, epoch: EpochRow, last_seq: int) -> None:
        """Remember the highest number given."""
        self._connection.execute(
            "UPDATE epoch SET last_seq = ? WHERE number = ?", (last_seq, epoch.number)
        )

    def insert(self, position: int, kind: Kind, sealed: bytes) -> None:
        """Add a sealed record."""
        self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?)", (position, kind.priority, sealed)
        )

    def replace(self, position: int, kind: Kind, sealed: bytes) -> None:
        """Put another sealed record in the place of one."""
        self._connection.execute(
            "UPDATE record SET priority = ?, sealed = ? WHERE position = ?",
            (kind.priority, sealed, position),
        )

    def remove(self, first: int, last: int) -> tuple[int, int]:
        """Take records first..last out; how many, and their bytes."""
        rows = self._connection.execute(
            "DELETE FROM record WHERE position BETWEEN ? AND ? RETURNING length(sealed)",
            (first, last),
        ).fetchall()
        return len(rows), sum(size for (size,) in rows)

    def refuse(self, position: int, reason: str, detail: str, now_ns: int) -> bool:
        """Keep a waiting record for inspection; False where it is not waiting."""
        cursor = self._connection.execute(
            "INSERT OR REPLACE INTO refused "
            "SELECT position, ?, ?, ?, sealed FROM record WHERE position = ?",
            (reason, detail, now_ns, position),
        )
        self._connection.execute(
            "DELETE FROM refused WHERE position IN "
            "(SELECT position FROM refused ORDER BY refused_ns DESC LIMIT -1 OFFSET ?)",
            (MAX_REFUSED,),
        )
        return cursor.rowcount > 0

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Records above a position, in order."""
        return self._waiting(
            "WHERE position > ? ORDER BY position LIMIT ?",
            (after, limit),
        )

    def waiting_of(self, priority: int, after: int, limit: int) -> list[Waiting]:
        """Records of one priority above a position, in order."""
        return self._waiting(
            "WHERE priority = ? AND position > ? ORDER BY position LIMIT ?",
            (priority, after, limit),
        )

    def hold(self, held: Held) -> None:
        """Keep a sample of an open chunk."""
        self._connection.execute(
            "INSERT INTO held (chunk, sample) VALUES (?, ?)", (held.chunk, held.sample)
        )

    def release(self, chunk: str) -> int:
        """Forget the samples of a chunk that was put."""
        return self._connection.execute("DELETE FROM held WHERE chunk = ?", (chunk,)).rowcount

    def forget_held(self) -> int:
        """Forget all samples of open chunks."""
        return self._connection.execute("DELETE FROM held").rowcount

    def held(self) -> list[Held]:
        """Samples of open chunks, in order."""
        rows = self._connection.execute("SELECT chunk, sample FROM held ORDER BY number")
        return [Held(chunk, sample) for chunk, sample in rows]

    def write_note(self, name: str, value: bytes) -> None:
        """Remember something."""
        self._connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))

    def notes(self) -> dict[str, bytes]:
        """Everything remembered."""
        return dict(self._connection.execute("SELECT name, value FROM note"))

    def forget_notes(self) -> None:
        """Remember nothing."""
        self._connection.execute("DELETE FROM note")

    def count(self, **increments: int) -> None:
        """Move lasting counters."""
        self._connection.executemany(
            "UPDATE tally SET value = value + ? WHERE name = ?",
            [(step, name) for name, step in increments.items() if step],
        )

    def tally(self) -> dict[str, int]:
        """The lasting counters."""
        return dict(self._connection.execute("SELECT name, value FROM tally"))

    def size(self) -> tuple[int, int]:
        """Waiting records and their bytes."""
        row: tuple[int, int] = self._connection.execute(
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM record"
        ).fetchone()
        return row

    def free_pages(self) -> int:
        """Pages of the file that hold nothing any more."""
        count: int = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        return count

    def give_back(self, pages: int) -> None:
        """Return free pages to the file system."""
        # `execute` would step this statement once, and one step frees one page.
        self._connection.executescript(f"PRAGMA incremental_vacuum({pages:d})")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _epoch(self, where: str, *values: str) -> EpochRow | None:
        row = self._connection.execute(
            f"SELECT number, name, last_seq FROM epoch {where}",  # noqa: S608 - our own constants
            values,
        ).fetchone()
        return None if row is None else EpochRow(*row)

    def _waiting(self, where: str, values: tuple[int, ...]) -> list[Waiting]:
        columns = "position, (SELECT name FROM epoch WHERE number = position >> 40), priority"
        rows = self._connection.execute(
            f"SELECT {columns}, sealed FROM record {where}",  # noqa: S608 - our own constants
            values,
        )
        mask = (1 << _SEQ_BITS) - 1
        return [
            Waiting(
                position, RecordAddress(self._gateway, epoch, position & mask), priority, sealed
            )
            for position, epoch, priority, sealed in rows
        ]
