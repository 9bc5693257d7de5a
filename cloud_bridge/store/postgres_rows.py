"""Statements inside one PostgreSQL transaction: many rows by COPY, a few in a pipeline."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import psycopg

from cloud_bridge.store.rows import Question, Rows, Values

# Spaces of advisory locks; taken in this order.
MIGRATION, FEED, GATEWAYS, LEDGER, LEADERS = range(0x7061_0001, 0x7061_0006)

_PLAIN_INSERT = re.compile(r"INSERT INTO (\w+) \(([^()]+)\)\s+VALUES \(([^()]+)\)\s*")

_TYPES: Final = {str: "text", int: "int8", bytes: "bytea"}
"""Of every column there is."""
_VALUES = re.compile(rb"VALUES (\((?:%\([a-z_]+\)s[,\s]*)+\))")
_GIVEN = re.compile(rb"%\(([a-z_]+)\)s")

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresTransaction:
    """See `Transaction`."""

    def __init__(
        self,
        connection: Connection,
        named: dict[str, bytes],
        copies: dict[str, tuple[bytes, tuple[str, ...]]],
    ) -> None:
        self.connection = connection
        self._named = named
        self._copies = copies

    def run(self, name: str, values: Values | None = None, /) -> Rows:
        """See `Transaction.run`."""
        cursor = self.connection.execute(self._named[name], values)
        return Rows(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    def run_many(self, name: str, rows: Sequence[Values], /) -> None:
        """See `Transaction.run_many`."""
        if len(rows) > 1 and name in self._copies:
            self._copy(*self._copies[name], rows)
        elif rows:
            self.connection.cursor().executemany(self._named[name], rows)

    def run_each(self, name: str, rows: Sequence[Values], /) -> list[Rows]:
        """See `Transaction.run_each`."""
        if len(rows) == 1:
            return [self.run(name, rows[0])]
        cursor = self.connection.cursor()
        cursor.executemany(self._named[name], rows, returning=True)
        return [Rows(result.fetchall(), result.rowcount) for result in cursor.results()]

    def ask(self, *questions: Question) -> list[Rows]:
        """See `Transaction.ask`."""
        with self.connection.pipeline() as pipeline:
            return _answers(self.connection, pipeline, self._named, questions)

    def hold(self, gateways: Collection[str], *, ledger: bool) -> None:
        """See `Transaction.hold`."""
        if gateways:
            # Alike for every bridge, and one integer: two gateways that share it wait in vain
            # for each other, no more.
            keys = sorted({crc32(gateway.encode()) - 2**31 for gateway in gateways})
            self._lock("lock_shared", {"space": FEED})
            self._lock("lock_gateways", {"space": GATEWAYS, "keys": json.dumps(keys)})
        if ledger:
            self._lock("lock_alone", {"space": LEDGER})

    def _lock(self, name: str, values: Values) -> None:
        self.run(name, values)

    def _copy(self, statement: bytes, names: tuple[str, ...], rows: Sequence[Values]) -> None:
        with self.connection.cursor().copy(statement) as copy:
            copy.set_types([_type([row[name] for row in rows]) for name in names])
            for row in rows:
                copy.write_row([row[name] for name in names])


class PipedTransaction(PostgresTransaction):
    """The same for a few rows, in libpq's pipeline: only what is read waits for the server.

    A single event is two dozen statements; waiting for each of them was what it cost. An error
    comes with the next answer that is waited for, the commit's at the latest.
    """

    def __init__(
        self,
        connection: Connection,
        named: dict[str, bytes],
        copies: dict[str, tuple[bytes, tuple[str, ...]]],
        pipeline: psycopg.Pipeline,
    ) -> None:
        super().__init__(connection, named, copies)
        self._pipeline = pipeline
        self._unsent: list[tuple[str, Sequence[Values]]] = []

    def run(self, name: str, values: Values | None = None, /) -> Rows:
        """See `Transaction.run`."""
        return self.ask((name, values))[0]

    def run_many(self, name: str, rows: Sequence[Values], /) -> None:
        """See `Transaction.run_many`."""
        if rows:
            self._unsent.append((name, rows))

    def run_each(self, name: str, rows: Sequence[Values], /) -> list[Rows]:
        """See `Transaction.run_each`."""
        return self.ask(*((name, row) for row in rows))

    def ask(self, *questions: Question) -> list[Rows]:
        """See `Transaction.ask`."""
        self.send()
        return _answers(self.connection, self._pipeline, self._named, questions)

    def send(self) -> None:
        """Hand all that was written so far to the server, as one statement."""
        if not self._unsent:
            return
        shape = tuple((self._named[name], len(rows)) for name, rows in self._unsent)
        every = [row for _, rows in self._unsent for row in rows]
        values = {f"{key}_{n}": value for n, row in enumerate(every) for key, value in row.items()}
        self.connection.execute(_together(shape), values)
        self._unsent.clear()

    def _lock(self, name: str, values: Values) -> None:
        self.connection.execute(self._named[name], values)


def _answers(
    connection: Connection,
    pipeline: psycopg.Pipeline,
    named: dict[str, bytes],
    questions: Sequence[Question],
) -> list[Rows]:
    cursors = [connection.execute(named[name], values) for name, values in questions]
    pipeline.sync()
    return [
        Rows(cursor.fetchall() if cursor.description else [], cursor.rowcount) for cursor in cursors
    ]


@lru_cache(maxsize=1024)
def _together(inserts: tuple[tuple[bytes, int], ...]) -> bytes:
    """One statement for several inserts of so many rows; each row's parameters bear its number."""
    number, parts = itertools.count(), []
    for place, (insert, rows) in enumerate(inserts):
        head, given, tail = _VALUES.split(insert)
        tuples = [_GIVEN.sub(rb"%%(\1_%d)s" % next(number), given) for _ in range(rows)]
        parts.append(b"part_%d AS (%sVALUES %s%s)" % (place, head, b", ".join(tuples), tail))
    return b"WITH " + b",\n".join(parts) + b"\nSELECT"


def copies_of(named: dict[str, str]) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """For each insert that refuses duplicates: its COPY statement and the parameters in order."""
    found = {}
    for name, sql in named.items():
        match = _PLAIN_INSERT.fullmatch(sql)
        if match:
            names = tuple(part.strip().removeprefix(":") for part in match[3].split(","))
            found[name] = f"COPY {match[1]} ({match[2]}) FROM STDIN (FORMAT BINARY)".encode(), names
    return found


def _type(values: Sequence[Any]) -> str:
    """The type of a column; the binary form of COPY has to be told. Nothing has none."""
    return next((_TYPES[type(value)] for value in values if value is not None), "text")
