"""`SqliteStore`: the store in one SQLite file, write-ahead log, every commit on the disk.

One writer at a time (`BEGIN IMMEDIATE`, across threads and processes), any number of readers.
A full disk or a locked file raises `StoreError` and leaves nothing of the batch behind.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cloud_bridge.errors import StoreError
from cloud_bridge.store.reads import Reads
from cloud_bridge.store.statements import migrations, statements
from cloud_bridge.store.values import Arrival, Committed, Fact, Stranger
from cloud_bridge.store.writes import Batch, Rows
from packtrail.language import Text

BUSY_S: Final = 30.0


class SqliteStore(Reads):
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
        self._own = threading.local()
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = threading.Lock()
        self._statements = statements()
        self._closed = False
        self._migrate()

    def commit(
        self, arrivals: Sequence[Arrival], strangers: Sequence[Stranger], now_ns: int
    ) -> Committed:
        """See `Store.commit`."""
        with self._transaction():
            batch = Batch(self._run, now_ns)
            batch.take_strangers(strangers, self._keep_strangers)
            return batch.take(arrivals)

    def append(self, facts: Sequence[Fact], now_ns: int) -> tuple[int | None, ...]:
        """See `Store.append`."""
        with self._transaction():
            return Batch(self._run, now_ns).record(facts)

    def save_checkpoint(self, size: int, root: bytes, note: str, now_ns: int) -> None:
        """See `Store.save_checkpoint`."""
        with self._transaction():
            self._run(
                "insert_checkpoint", {"size": size, "root": root, "note": note, "now": now_ns}
            )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Store.reading`."""
        with self._connection() as connection:
            if connection.in_transaction:
                yield
                return
            with self._translated():
                connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.rollback()

    def close(self) -> None:
        """See `Store.close`."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _run(self, name: str, values: Mapping[str, Any] | None, /) -> Rows:
        with self._translated(), self._connection() as connection:
            cursor = connection.execute(self._statements[name], values or {})
            return Rows(cursor.fetchall(), cursor.rowcount)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, self._translated(), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The connection that this thread is using, or an idle one, or a new one."""
        using: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if using is not None:
            yield using
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open()
        self._own.connection = connection
        try:
            yield connection
        finally:
            self._own.connection = None
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

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
        with self._transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(steps):
                raise StoreError(
                    Text("written by a newer version", "由更新版本写入"),
                    where=str(self._path),
                    hint=Text("upgrade this installation", "请升级本软件"),
                )
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


def _apply(connection: sqlite3.Connection, script: str) -> None:
    """Run a script statement by statement: `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
