"""`SqliteStore`: the store in one SQLite file, write-ahead log, every commit on the disk.

One writer at a time (`BEGIN IMMEDIATE`, across threads and processes), any number of readers.
A full disk or a locked file raises `StoreError` and leaves nothing of the batch behind.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cloud_bridge.errors import ContentError, StoreError
from cloud_bridge.store.accounts import AccountRows
from cloud_bridge.store.contract import Moment
from cloud_bridge.store.filling import CACHE_KB, filling
from cloud_bridge.store.glances import GlanceRows
from cloud_bridge.store.linking import Vault
from cloud_bridge.store.personal import PersonalRows
from cloud_bridge.store.pool import Pool
from cloud_bridge.store.reads import Reads
from cloud_bridge.store.registers import RegisterRows
from cloud_bridge.store.rows import Question, Rows, Values
from cloud_bridge.store.statements import migrations, statements
from cloud_bridge.store.stations import ListedRows
from cloud_bridge.store.tables import Table, in_order, insert_into, select_all
from cloud_bridge.store.writes import Writes
from packtrail.language import Text

BUSY_S: Final = 30.0
LOG_PAGES: Final = 4_000
TABLE_NAMES: Final = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'
AND name NOT IN ('tally', 'duty', 'duty_day', 'duty_report', 'duty_covered', 'duty_waiting',
                 'duty_reported', 'duty_list', 'glance', 'glance_state',
                 'takeback_cursor', 'takeback_waiting', 'takeback_share',
                 'takeback_code', 'takeback_sum', 'takeback_model', 'takeback_site')
ORDER BY name"""


class SqliteStore(Reads, Writes, AccountRows, RegisterRows, PersonalRows, GlanceRows, ListedRows):
    """Open, or make, the database at `path` and bring it to this version's schema.

    Args:
        path: the file; its folder must exist.
        keep_strangers: how many messages without a trusted key are kept.
        busy_s: how long to wait for another writer before giving up, seconds.
        version: stop at this version of the schema: a backup of that version is put back into it.
        vault: seals openings; without one, facts that bring some are not taken.
        as_it_is: somebody who has the file open has brought its schema forward.

    Raises:
        StoreError: the file cannot be opened, is no database, or is of a newer version.
    """

    def __init__(
        self,
        path: Path,
        *,
        keep_strangers: int = 1000,
        busy_s: float = BUSY_S,
        version: int | None = None,
        vault: Vault | None = None,
        as_it_is: bool = False,
    ) -> None:
        self._path = path
        self.vault = vault
        self._keep_strangers = keep_strangers
        self._busy_s = busy_s
        self._pool = Pool(self._open, lambda _connection: True)
        self._writing = threading.Lock()
        self._statements = statements("sqlite")
        if as_it_is:
            return
        try:
            self._migrate(version)
        except BaseException:
            self._pool.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Store.reading`."""
        with self._translated(), self._pool.connection() as connection:
            if connection.in_transaction:
                yield
                return
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.rollback()

    @contextmanager
    def together(self, join: Callable[[Moment], None]) -> Iterator[None]:
        """See `Store.together`: nobody writes until all have begun to read."""
        with self.reading():
            with self._translated(), closing(self._open()) as still:
                still.execute("BEGIN IMMEDIATE")
                self.size()  # the first look is what begins the moment
                join(SqliteMoment(self._path))
            yield

    def newest_chunk(self) -> int:
        """See `Store.newest_chunk`."""
        position: int = self._run("newest_chunk", None).fetchone()[0]
        return position

    def stream(self, name: str, values: Values | None = None) -> Iterator[tuple[Any, ...]]:
        """See `Store.stream`."""
        yield from self._stream(self._statements[name], values)

    def version(self) -> int:
        """See `Store.version`."""
        version: int = next(self._stream("PRAGMA user_version"))[0]
        return version

    def tables(self) -> tuple[Table, ...]:
        """See `Store.tables`."""
        found, needs = {}, {}
        for (name,) in list(self._stream(TABLE_NAMES)):
            columns = self._stream(f"PRAGMA table_info({name})")
            found[name] = Table(name, tuple(row[1] for row in columns))
            needs[name] = {row[2] for row in self._stream(f"PRAGMA foreign_key_list({name})")}
        return in_order(found, needs)

    def dump(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """See `Store.dump`."""
        yield from self._stream(select_all(table))

    def fill(self, contents: Iterable[tuple[Table, Sequence[Sequence[Any]]]]) -> None:
        """See `Store.fill`; an empty file that fails to be filled is good for nothing."""
        empty = next(self._stream("SELECT NOT EXISTS (SELECT 1 FROM ledger)"))[0]
        with (
            self._translated(),
            self._pool.connection() as connection,
            filling(connection) if empty else nullcontext(),
            self._transaction() as rows,
        ):
            for table, values in contents:
                rows.connection.executemany(insert_into(table), values)
        self._sync()

    def _sync(self) -> None:
        """What was written without waiting for the disk is waited for."""
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())

    def damage(self) -> tuple[str, ...]:
        """See `Store.damage`: each row is looked for in each index, all over the file."""
        with self._translated(), self._pool.connection() as connection:
            connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            try:
                rows = connection.execute("PRAGMA integrity_check(100)").fetchall()
            finally:
                connection.execute("PRAGMA cache_size = -2000")
        return tuple(" ".join(row[0].split()) for row in rows if row[0] != "ok")

    def _stream(self, sql: str, values: Values | None = None) -> Iterator[tuple[Any, ...]]:
        with self._translated(), self._pool.connection() as connection:
            yield from connection.execute(sql, values or {})

    def lead(self, _task: str) -> bool:
        """See `Store.lead`: one machine has the file, and one bridge runs on it."""
        return True

    def scrub(self) -> bool:
        """See `Personal.scrub`: what was deleted is zero in the file; now also in its log."""
        busy = next(self._stream("PRAGMA wal_checkpoint(TRUNCATE)"))[0]
        return not busy

    def close(self) -> None:
        """See `Store.close`."""
        self._pool.close()

    def _run(self, name: str, values: Values | None, /) -> Rows:
        with self._translated(), self._pool.connection() as connection:
            return _Transaction(connection, self._statements).run(name, values)

    @contextmanager
    def _transaction(self, rows: int = 0) -> Iterator[_Transaction]:
        del rows  # few or many, all go the same way
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
        # A page that many batches write over goes to the file once in so many pages of the log.
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        # Without it REPLACE deletes rows past the triggers that forbid deletion.
        connection.execute("PRAGMA recursive_triggers = ON")
        # A key that was deleted is to be gone, not only unlisted.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    def _migrate(self, through: int | None) -> None:
        steps = migrations("sqlite")[:through]
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
            if "decode" in str(error):  # a text that is none: waiting does not mend it
                raise self._refusal(error) from error
            raise StoreError(
                Text(f"the database does not answer: {error}", f"数据库无响应：{error}"),
                where=str(self._path),
                hint=Text("check the disk, its space and rights", "请检查磁盘、空间与权限"),
                retryable=True,
            ) from error
        except (OverflowError, UnicodeEncodeError) as error:
            told = Text(f"the database refuses: {error}", f"数据库拒绝操作：{error}")
            raise ContentError(told, where=str(self._path)) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Python's module decodes SQLite's own messages, which quote a damaged schema.
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> StoreError:
        told = Text(f"the database refuses: {error}", f"数据库拒绝操作：{error}")
        return StoreError(told, where=str(self._path))


@dataclass(frozen=True)
class SqliteMoment:
    """See `Moment`: the file as it is while its maker lets nobody write."""

    path: Path

    @contextmanager
    def joined(self) -> Iterator[SqliteStore]:
        """See `Moment.joined`."""
        with closing(SqliteStore(self.path, as_it_is=True)) as store, store.reading():
            store.size()
            yield store


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

    def ask(self, *questions: Question) -> list[Rows]:
        return [self.run(name, values) for name, values in questions]

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
