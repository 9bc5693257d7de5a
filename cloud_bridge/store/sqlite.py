"""`SqliteStore`: the store in one SQLite file, write-ahead log, every commit on the disk.

One writer at a time (`BEGIN IMMEDIATE`, across threads and processes), any number of readers.
A full disk or a locked file raises `StoreError` and leaves nothing of the batch behind.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cloud_bridge.errors import StoreError
from cloud_bridge.store.pool import Pool
from cloud_bridge.store.reads import Reads
from cloud_bridge.store.rows import Rows, Values
from cloud_bridge.store.statements import migrations, statements
from cloud_bridge.store.writes import Writes
from packtrail.language import Text

BUSY_S: Final = 30.0


class SqliteStore(Reads, Writes):
    """Open, or make, the database at `path` and bring it to this version's schema.

    Args:
        path: the file; its folder must exist.
        keep_strangers: how many messages without a trusted key are kept.
        busy_s: how long to wait for another writer before giving up, seconds.

    Raises:
        StoreError: the file cannot be opened, is no database, or is of a newer version.
    """

    def __init__(self, path: Path, *, keep_strangers: int = 1000, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._keep_strangers = keep_strangers
        self._busy_s = busy_s
        self._pool = Pool(self._open, lambda _connection: True)
        self._writing = threading.Lock()
        self._statements = statements("sqlite")
        try:
            self._migrate()
        except BaseException:
            self._pool.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Store.reading`."""
        with self._pool.connection() as connection:
            if connection.in_transaction:
                yield
                return
            with self._translated():
                connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.rollback()

    def newest_chunk(self) -> int:
        """See `Store.newest_chunk`."""
        position: int = self._run("newest_chunk", None).fetchone()[0]
        return position

    def lead(self, _task: str) -> bool:
        """See `Store.lead`: one machine has the file, and one bridge runs on it."""
        return True

    def close(self) -> None:
        """See `Store.close`."""
        self._pool.close()

    def _run(self, name: str, values: Values | None, /) -> Rows:
        with self._translated(), self._pool.connection() as connection:
            return _Transaction(connection, self._statements).run(name, values)

    @contextmanager
    def _transaction(self) -> Iterator[_Transaction]:
        with self._writing, self._translated(), self._pool.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Transaction(connection, self._statements)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def _open(self) -> sqlite3.Connection:
        # One thread at a time has it; which one changes.
        connection = sqlite3.connect(
            self._path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Without it REPLACE deletes rows past the triggers that forbid deletion.
        connection.execute("PRAGMA recursive_triggers = ON")
        return connection

    def _migrate(self) -> None:
        steps = migrations("sqlite")
        with self._transaction() as rows:
            connection = rows.connection
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(steps):
                raise newer_version(str(self._path))
            for step in steps[version:]:
                _apply(connection, step.script)
                connection.execute(f"PRAGMA user_version = {step.version}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where SQLite's errors become ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(
                Text(f"the database does not answer: {error}", f"数据库无响应：{error}"),
                where=str(self._path),
                hint=Text("check the disk, its space and rights", "请检查磁盘、空间与权限"),
                retryable=True,
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                Text(f"the database refuses: {error}", f"数据库拒绝操作：{error}"),
                where=str(self._path),
            ) from error


class _Transaction:
    """See `Transaction`; one writer at a time has the file, so there is nothing to hold."""

    def __init__(self, connection: sqlite3.Connection, named: dict[str, str]) -> None:
        self.connection = connection
        self._named = named

    def run(self, name: str, values: Values | None = None, /) -> Rows:
        cursor = self.connection.execute(self._named[name], values or {})
        return Rows(cursor.fetchall(), cursor.rowcount)

    def run_many(self, name: str, rows: Sequence[Values], /) -> None:
        self.connection.executemany(self._named[name], rows)

    def run_each(self, name: str, rows: Sequence[Values], /) -> list[Rows]:
        return [self.run(name, row) for row in rows]

    def hold(self, gateways: Collection[str], *, ledger: bool) -> None:
        pass


def newer_version(where: str) -> StoreError:
    """What to say of a database that a newer packtrail has written."""
    return StoreError(
        Text("written by a newer version", "由更新版本写入"),
        where=where,
        hint=Text("upgrade this installation", "请升级本软件"),
    )


def _apply(connection: sqlite3.Connection, script: str) -> None:
    """Run a script statement by statement: `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
