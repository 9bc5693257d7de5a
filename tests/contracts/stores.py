"""The stores that a contract holds on, and what the contracts put into them."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import psycopg

from cloud_bridge.store import Arrival, Blank, Chunk, Content, SqliteStore, Store
from cloud_bridge.store.postgres import PostgresStore
from packtrail.event import PlaceRef, TelemetryAttributed, UnitRef
from packtrail.sample import SampleBatch
from packtrail.times import format_time
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts

NOW = parts.T0 + parts.HOUR


class Sqlite:
    """Stores in one SQLite file."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "db"

    def open(self, **options: Any) -> Store:
        return SqliteStore(self.file, **options)

    def execute(self, statement: str) -> None:
        """What somebody does who has the database and not the store."""
        connection = sqlite3.connect(self.file)
        try:
            connection.execute(statement)
            connection.commit()
        finally:
            connection.close()


class Postgresql:
    """Stores in one PostgreSQL database."""

    name = "postgres"

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def open(self, **options: Any) -> Store:
        return PostgresStore(self.conninfo, **options)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(statement.encode())


Database = Sqlite | Postgresql


def arrival(seq: int, content: Content | None = None, payload: bytes = b"", **where) -> Arrival:
    payload = payload or str(seq).encode()
    address = RecordAddress(where.get("gateway", "g"), where.get("epoch", parts.EPOCH), seq)
    return Arrival(address, hashlib.sha256(payload).digest(), payload, NOW, content or Blank())


def chunk(unit: UnitRef | None = parts.PACK, from_ns: int = parts.T0, slot: str = "3") -> Chunk:
    return Chunk(unit, slot, from_ns, from_ns + parts.MINUTE, 60)


def chunk_of(batch: SampleBatch, unit: UnitRef | None = parts.PACK) -> tuple[Chunk, bytes]:
    """Content and sealed bytes of real telemetry, for `arrival`."""
    data = parts.PlayedGateway().telemetry(batch, unit=unit)[1]
    return Chunk(unit, "3", int(batch.t_ns[0]), int(batch.t_ns[-1]), len(batch)), data


def through(store: Store) -> int:
    return store.progress("g", parts.EPOCH).through


def attributed(first_ns: int, last_ns: int, instead_of: UnitRef | None = None, leaf: int = 1):
    """A gateway says late whose slot 3 was."""
    place = PlaceRef("site", "3")
    times = (format_time(first_ns), format_time(last_ns))
    body = TelemetryAttributed(place, *times, instead_of)
    return parts.fact(
        body, unit=parts.PACK, author="g", counter=leaf, t_ns=first_ns, until_ns=last_ns
    )
