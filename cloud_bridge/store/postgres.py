"""`PostgresStore`: the store in a PostgreSQL database that several bridges may share.

Bridges write side by side. Advisory locks, taken in one order and let go by the commit, keep
what has to be in line: records of one gateway (its receipt), the ledger (one sequencer), and
the moment in which a projection asks how far all is settled. The server may go away and come
back: what was under way raises a retryable `StoreError`, and nothing of it happened.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from cloud_bridge.errors import ContentError, StoreError
from cloud_bridge.store.accounts import AccountRows
from cloud_bridge.store.contract import Moment
from cloud_bridge.store.glances import GlanceRows
from cloud_bridge.store.linking import Vault
from cloud_bridge.store.personal import PersonalRows
from cloud_bridge.store.pool import Pool
from cloud_bridge.store.postgres_rows import (
    FEED,
    LEADERS,
    MIGRATION,
    Connection,
    PipedTransaction,
    PostgresTransaction,
    copies_of,
)
from cloud_bridge.store.reads import Reads
from cloud_bridge.store.registers import RegisterRows
from cloud_bridge.store.rows import Rows, Values
from cloud_bridge.store.sqlite import newer_version
from cloud_bridge.store.statements import migrations, statements
from cloud_bridge.store.stations import ListedRows
from cloud_bridge.store.tables import Table, in_order, select_all
from cloud_bridge.store.writes import Writes
from packtrail.language import Text

CONNECT_S: Final = 5
LOCK_S: Final = 30
VERSION_TABLE: Final = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
DEAD_MS: Final = 15_000
"""A server that has not acknowledged for so long is gone."""

MANY: Final = 16
"""From so many on, rows come by COPY; fewer go in a pipeline, which knows no COPY."""

STREAM_ROWS: Final = 2_000
"""So many rows come at a time where a table is read from its first row to its last."""
COLUMNS: Final = b"""
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema()
AND table_name NOT IN ('schema_version', 'tally', 'duty', 'duty_day', 'duty_report',
                       'duty_covered', 'duty_waiting', 'duty_reported', 'duty_list',
                       'glance', 'glance_state',
                       'takeback_cursor', 'takeback_waiting', 'takeback_share',
                       'takeback_code', 'takeback_sum', 'takeback_model', 'takeback_site')
ORDER BY table_name, ordinal_position"""
REFERENCES: Final = b"""
SELECT c.relname, r.relname FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS r ON r.oid = k.confrelid
WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace"""
IDENTITIES: Final = b"""
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES'"""


_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class PostgresStore(Reads, Writes, AccountRows, RegisterRows, PersonalRows, GlanceRows, ListedRows):
    """Connect, and bring the database to this version's schema.

    Args:
        conninfo: how to connect, as libpq reads it, such as `postgresql://bridge@db/packtrail`.
        password: kept apart, for it stands in no file; "" for none.
        keep_strangers: how many messages without a trusted key are kept.
        version: stop at this version of the schema: a backup of that version is put back into it.
        vault: see `SqliteStore`.
        as_it_is: see `SqliteStore`.

    Raises:
        StoreError: no answer, no rights, or a schema of a newer version.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        password: str = "",
        keep_strangers: int = 1000,
        version: int | None = None,
        vault: Vault | None = None,
        as_it_is: bool = False,
    ) -> None:
        self._conninfo = conninfo
        self.vault = vault
        self._password = password
        self._keep_strangers = keep_strangers
        self._where = _where(conninfo)
        self._pool = Pool(self._open, _usable)
        self._leading: dict[str, Connection] = {}
        self._streams = itertools.count()
        self._statements = {
            name: _PARAMETER.sub(r"%(\1)s", sql).encode()
            for name, sql in statements("postgres").items()
        }
        self._copies = copies_of(statements("postgres"))
        if as_it_is:
            return
        try:
            self._migrate(version)
        except BaseException:
            self._pool.close()
            raise

    @contextmanager
    def reading(self, snapshot: str = "") -> Iterator[None]:
        """See `Store.reading`; of the moment that somebody else exported, where it is named."""
        with self._translated(), self._pool.connection() as connection:
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                yield
                return
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                if snapshot:
                    connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
                yield
            finally:
                if not connection.closed:
                    connection.rollback()

    @contextmanager
    def together(self, join: Callable[[Moment], None]) -> Iterator[None]:
        """See `Store.together`: PostgreSQL lends its snapshots."""
        with self.reading():
            ((snapshot,),) = self._stream(b"SELECT pg_export_snapshot()")
            join(PostgresMoment(self._conninfo, self._password, snapshot))
            yield

    def newest_chunk(self) -> int:
        """See `Store.newest_chunk`."""
        with self._transaction() as rows:
            rows.run("lock_alone", {"space": FEED})
            position: int = rows.run("newest_chunk").fetchone()[0]
        return position

    def stream(self, name: str, values: Values | None = None) -> Iterator[tuple[Any, ...]]:
        """See `Store.stream`."""
        yield from self._stream(self._statements[name], values)

    def version(self) -> int:
        """See `Store.version`."""
        version: int = next(self._stream(b"SELECT max(version) FROM schema_version"))[0]
        return version

    def tables(self) -> tuple[Table, ...]:
        """See `Store.tables`."""
        columns: dict[str, list[str]] = {}
        for name, column in self._stream(COLUMNS):
            columns.setdefault(name, []).append(column)
        needs: dict[str, set[str]] = {}
        for name, needed in self._stream(REFERENCES):
            needs.setdefault(name, set()).add(needed)
        found = {name: Table(name, tuple(names)) for name, names in columns.items()}
        return in_order(found, needs)

    def dump(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """See `Store.dump`."""
        yield from self._stream(select_all(table).encode())

    def fill(self, contents: Iterable[tuple[Table, Sequence[Sequence[Any]]]]) -> None:
        """See `Store.fill`."""
        with self._transaction() as rows:
            for table, values in contents:
                names = ", ".join(table.columns)
                copy = f"COPY {table.name} ({names}) FROM STDIN".encode()
                with rows.connection.cursor().copy(copy) as target:
                    for row in values:
                        target.write_row(row)
            for name, column in rows.connection.execute(IDENTITIES).fetchall():
                # What is numbered by the database goes on after what was put back.
                rows.connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'),"  # noqa: S608
                    f" max({column})) FROM {name}".encode()
                )

    def damage(self) -> tuple[str, ...]:
        """See `Store.damage`: PostgreSQL looks at its own pages where it was told to."""
        return ()

    def _stream(self, sql: bytes, values: Values | None = None) -> Iterator[tuple[Any, ...]]:
        """Rows as they are asked for; inside `reading` without holding them all."""
        with self._translated(), self._pool.connection() as connection:
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                yield from connection.execute(sql, values).fetchall()
                return
            with connection.cursor(name=f"packtrail_{next(self._streams)}") as cursor:
                cursor.itersize = STREAM_ROWS
                cursor.execute(sql, values)
                yield from cursor

    def lead(self, task: str) -> bool:
        """See `Store.lead`: the lock belongs to a connection that does nothing else."""
        with self._translated():
            connection = self._leading.get(task)
            if connection is not None and _alive(connection):
                return True
            self._leading.pop(task, None)
            connection = self._open()
            key = [LEADERS, crc32(task.encode()) - 2**31]
            row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
            if row and row[0]:
                self._leading[task] = connection
                return True
            connection.close()
            return False

    def scrub(self) -> bool:
        """See `Personal.scrub`: dead rows leave the table's pages; archived logs are not ours."""
        with self._translated(), self._pool.connection() as connection:
            connection.execute("VACUUM (TRUNCATE) subject_key")
        return True

    def close(self) -> None:
        """See `Store.close`."""
        for connection in self._leading.values():
            connection.close()
        self._pool.close()

    def _run(self, name: str, values: Values | None, /) -> Rows:
        with self._translated(), self._pool.connection() as connection:
            return self._inside(connection).run(name, values)

    @contextmanager
    def _transaction(self, rows: int = MANY) -> Iterator[PostgresTransaction]:
        with self._translated(), self._pool.connection() as connection:
            if rows < MANY:
                yield from self._piped(connection)
            else:
                with connection.transaction():
                    yield self._inside(connection)

    def _piped(self, connection: Connection) -> Iterator[PostgresTransaction]:
        """Psycopg's own `transaction` waits for the server at both ends; this one at its last."""
        try:
            with connection.pipeline() as pipeline:
                connection.execute("BEGIN")
                piped = PipedTransaction(connection, self._statements, self._copies, pipeline)
                yield piped
                piped.send()
                connection.execute("COMMIT")
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise

    def _inside(self, connection: Connection) -> PostgresTransaction:
        return PostgresTransaction(connection, self._statements, self._copies)

    def _open(self) -> Connection:
        connection = psycopg.connect(
            self._conninfo,
            password=self._password or None,
            autocommit=True,
            connect_timeout=CONNECT_S,
            tcp_user_timeout=DEAD_MS,
            application_name="packtrail-bridge",
        )
        connection.execute(f"SET lock_timeout = '{LOCK_S}s'".encode())
        # A receipt promises a durable commit, whatever this server or role has as its default.
        connection.execute("SET synchronous_commit = on")
        connection.prepare_threshold = 2
        return connection

    def _migrate(self, through: int | None) -> None:
        steps = migrations("postgres")[:through]
        with self._transaction() as rows:
            rows.run("lock_alone", {"space": MIGRATION})
            connection = rows.connection
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
            )
            row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
            version = row[0] if row and row[0] is not None else 0
            if version > len(steps):
                raise newer_version(self._where)
            for step in steps[version:]:
                connection.execute(step.script.encode())
                connection.execute("INSERT INTO schema_version VALUES (%s)", [step.version])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where PostgreSQL's errors become ours."""
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
            why = _one_line(error)
            raise StoreError(
                Text(f"the database does not answer: {why}", f"数据库无响应：{why}"),
                where=self._where,
                hint=Text(
                    "check that the server runs, and the role's password and rights",
                    "请检查数据库服务是否运行，以及角色的口令与权限",
                ),
                retryable=True,
            ) from error
        except psycopg.Error as error:
            why = _one_line(error)
            kind = ContentError if isinstance(error, psycopg.DataError) else StoreError
            raise kind(
                Text(f"the database refuses: {why}", f"数据库拒绝操作：{why}"), where=self._where
            ) from error


@dataclass(frozen=True)
class PostgresMoment:
    """See `Moment`: a snapshot, by its name."""

    conninfo: str
    password: str = field(repr=False)
    snapshot: str

    @contextmanager
    def joined(self) -> Iterator[PostgresStore]:
        """See `Moment.joined`."""
        with (
            closing(PostgresStore(self.conninfo, password=self.password, as_it_is=True)) as store,
            store.reading(self.snapshot),
        ):
            yield store


def _usable(connection: Connection) -> bool:
    return not (connection.closed or connection.broken)


def _alive(connection: Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        connection.close()
        return False
    return True


def _where(conninfo: str) -> str:
    """Server and database without secrets."""
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        raise StoreError(
            Text(f"cannot be read: {_one_line(error)}", f"无法识别：{_one_line(error)}"),
            where="store.postgres",
            hint=Text(
                "write it like postgresql://bridge@db.example/packtrail",
                "格式如 postgresql://bridge@db.example/packtrail",
            ),
        ) from error
    place = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
    return f"postgresql://{place}/{parts.get('dbname', '')}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
