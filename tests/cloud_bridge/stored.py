"""A store on either database that holds something of everything."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store, Stranger
from cloud_bridge.store.opening import open_store
from cloud_bridge.view.glancing import advance
from packtrail.event import (
    CorrectionDeclared,
    KeyRegistered,
    PackInstalled,
    PackRemoved,
    TelemetryAttributed,
)
from packtrail.times import format_time
from packtrail.topics import RecordAddress, record_topic
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.databases import Postgres

NOW = parts.T0 + parts.HOUR


KEY = parts.AUTHORITY.public


@dataclass
class Kept:
    """A store, and somebody with the database in hand."""

    settings: StoreSettings
    postgres: Postgres | None = None

    def open(self) -> Store:
        return open_store(self.settings)

    def checks(self, jobs: int = 1) -> dict[str, tuple[str, ...]]:
        store = self.open()
        try:
            return {
                one.name: one.faults for one in verify_whole(store, ORIGIN, KEY, jobs) if one.faults
            }
        finally:
            store.close()

    def hand(self) -> Any:
        """A connection that no trigger and no reference stops."""
        if self.settings.path:
            connection = sqlite3.connect(self.settings.path, isolation_level=None)
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (trigger,) in names.fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute("PRAGMA foreign_keys = OFF")
            return connection
        connection = psycopg.connect(self.settings.postgres, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection

    @property
    def mark(self) -> str:
        return "?" if self.settings.path else "%s"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path) -> Kept:
    """Where a store may be, empty."""
    if request.param == "sqlite":
        return Kept(StoreSettings(path=tmp_path / "bridge.sqlite"))
    server = request.getfixturevalue("postgres")
    return Kept(StoreSettings(postgres=server.database()), server)


@pytest.fixture
def kept(place) -> Kept:
    store = place.open()
    tell(store)
    store.close()
    return place


def tell(store: Store) -> None:
    """A story that leaves something in every table."""
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    trusted = [
        KeyRegistered(parts.STATION.public.text, "station-1", "gateway"),
        KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
    ]
    authority.publish_trust(trusted)
    store.append([parts.registered(), parts.registered(parts.OTHER_PACK, 2)], NOW)
    authority.seal()
    gateway = parts.PlayedGateway()
    installed = parts.signed(
        PackInstalled(place=parts.SLOT, vehicle=parts.CAR), counter=50, author="station-1"
    )
    messages = [
        gateway.record(parts.Kind.EVENT, parts.encode_event(installed)),
        gateway.telemetry(),
        gateway.telemetry(unit=None, slot="5"),
        gateway.telemetry(unit=None, slot="5", t_ns=parts.T0 + parts.HOUR),
        gateway.record(parts.Kind.TELEMETRY, b"no columns at all"),
        gateway.record(),
        gateway.tell(
            TelemetryAttributed(parts.OTHER_SLOT, *map(format_time, (parts.T0, NOW))),
            t_ns=parts.T0 - 1,
            until_ns=parts.T0 + parts.HOUR,
        ),
        gateway.tell(CorrectionDeclared(installed.event_id, "did_not_occur"), unit=None),
        gateway.tell(PackRemoved(place=parts.SLOT, vehicle=parts.CAR), t_ns=parts.T0 + parts.HOUR),
    ]
    trust = TrustReader(store, KEY)()
    store.commit([judge(*message, trust, NOW) for message in messages], [], NOW)
    other = parts.PlayedGateway(seq=1).telemetry(parts.samples(7))
    assert other[0] == record_topic(RecordAddress("station-1", parts.EPOCH, 2))
    store.commit([judge(*other, trust, NOW)], [Stranger("a/b", "topic", b"?")], NOW)
    authority.seal()
    while not advance(store):
        pass


def contents(store: Store) -> dict[str, Any]:
    with store.reading():
        return {
            table.name: sorted(
                [tuple(sorted(zip(table.columns, row, strict=True))) for row in store.dump(table)],
                key=repr,
            )
            for table in store.tables()
        }
