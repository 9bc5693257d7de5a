"""Backup, restoration, verification: on both databases, whatever was flipped, cut or reordered."""

from __future__ import annotations

import random
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore, Store, Stranger
from cloud_bridge.store.opening import open_store
from cloud_bridge.store.statements import migrations
from packtrail.command import run_line
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
from tests.cloud_bridge.test_commands import write_settings
from tests.databases import Postgres, postgres

__all__ = ["postgres"]

NOW = parts.T0 + parts.HOUR
KEY = parts.AUTHORITY.public
FLIPS = 4

PLACES = {
    # What names a row of each table, and what of it is vouched for by something else.
    "ledger": ("leaf", "leaf event_id type author stream counter signed"),
    "tree": ("level position", "level position hash"),
    "checkpoint": ("size", "size root note"),
    "ledger_unit": ("leaf scheme unit", "leaf scheme unit"),
    "ledger_subject": ("leaf kind id", "leaf kind id"),
    "unit": ("scheme id", "scheme id"),
    "place": ("author site slot", "author site slot from_ns leaf"),
    "vehicle": ("scheme id", "scheme id from_ns leaf"),
    "attribution": ("leaf", "leaf gateway slot scheme unit old_scheme old_unit from_ns to_ns"),
    "chunk": (
        "gateway epoch seq",
        "gateway epoch seq scheme unit slot from_ns to_ns samples data",
    ),
    "refused": ("gateway epoch seq", "gateway epoch seq data"),
    "equivocation": ("gateway epoch seq", "digest data"),
    "receipt": ("gateway epoch", "gateway epoch through highest"),
    "record": ("gateway epoch seq", "gateway epoch seq outcome"),
    "story": ("bucket key", "bucket key scheme unit count head"),
    "story_node": ("level position", "level position hash"),
}


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


def test_a_sound_store_is_sound_and_everything_in_it_was_looked_at(kept):
    store = kept.open()
    told: list[float] = []
    checks = verify_whole(store, ORIGIN, KEY, 2, told.append)
    assert sum(told) == store.size() + store.counts().chunks == 11
    store.close()
    assert [one for one in checks if one.faults] == []
    counts = {one.name: one.count for one in checks}
    assert counts == {
        "database": 1,
        "lines": 8,
        "nodes": 15,
        "heads": 2,
        "index": 8,
        "stories": 2,
        "chunks": 3,
        "now": 3,
        "refusals": 2,
        "receipts": 1,
        "days": 0,
        "personal": 0,
    }


def test_one_flipped_bit_in_any_column_of_any_table_is_located(kept):
    chance = random.Random(7)
    hand = kept.hand()
    missed = []
    for table, (key, columns) in PLACES.items():
        for column in columns.split():
            for _ in range(FLIPS if column in ("signed", "data", "hash", "note") else 1):
                undo, place = flip(kept, hand, table, key.split(), column, chance)
                told = " ".join(fault for faults in kept.checks().values() for fault in faults)
                if not any(part in told for part in place):
                    missed.append((table, column, place, told))
                undo()
    assert missed == []
    assert kept.checks() == {}
    hand.close()


def flip(kept: Kept, hand: Any, table: str, key: list[str], column: str, chance: random.Random):
    """Flip a bit of a random row; how to undo it, and words of which one names the place."""
    extra = ["scheme", "unit"] if table == "story" else []
    names = [name for name in dict.fromkeys([*key, *extra]) if name != column] + [column]
    rows = hand.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    row = dict(zip(names, chance.choice([r for r in rows if r[-1] is not None]), strict=True))
    changed = with_flipped_bit(row[column], chance)
    where = " AND ".join(f"{name} = {kept.mark}" for name in key)
    after = [changed if name == column else row[name] for name in key]
    before = [row[name] for name in key]
    update = f"UPDATE {table} SET {column} = {kept.mark} WHERE {where}"
    done = hand.execute(update, [changed, *before])
    assert done.rowcount == 1

    def undo() -> None:
        assert hand.execute(update, [row[column], *after]).rowcount == 1

    # Where a name itself was changed, the row goes by its new one.
    return undo, [*words(table, key, row), *words(table, key, {**row, column: changed})]


def words(table: str, key: list[str], row: dict[str, Any]) -> list[str]:
    named = {
        "ledger": [f"leaf {row.get('leaf')}", f"line {row.get('leaf')}"],
        "tree": [f"node {row.get('level')}/{row.get('position')} "],
        "checkpoint": [f"head of {row.get('size')} lines"],
        "ledger_unit": [f"leaf {row.get('leaf')} "],
        "ledger_subject": [f"leaf {row.get('leaf')} "],
        "story": [f"the story of {row.get('scheme')}:{row.get('unit')} "],
        "story_node": [f"node {row.get('level')}/{row.get('position')} of the map"],
        "attribution": [f"attribution {row.get('leaf')} "],
    }
    named["record"] = [f"{row.get('gateway')}/{row.get('epoch')}: "]
    name = "/".join(str(row[one]) for one in key)
    return [*named.get(table, []), name, name.replace("/", " "), name.replace("/", ":")]


def with_flipped_bit(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if value == "":
        return "?"
    if isinstance(value, str):
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(4)) + value[at + 1 :]
    return value ^ 1 << chance.randrange(40)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM ledger WHERE leaf = 4"], "between line 3 and line 5"),
        (["DELETE FROM ledger WHERE leaf = 7"], "a head of 8 lines, the ledger has 7"),
        (
            [
                "UPDATE ledger SET leaf = 99 WHERE leaf = 4",
                "UPDATE ledger SET leaf = 4 WHERE leaf = 5",
                "UPDATE ledger SET leaf = 5 WHERE leaf = 99",
            ],
            r"node 0/4 \(line 4\) was changed",
        ),
        (["DELETE FROM tree WHERE level = 2 AND position = 1"], r"node 2/1 .* is missing"),
        (["DELETE FROM ledger_unit WHERE leaf = 6"], "leaf 6 speaks of gbt34014:"),
        (["DELETE FROM record WHERE seq = 6"], "9 numbers are promised; 6 is missing"),
        (["DELETE FROM record WHERE seq = 2"], f"chunk station-1/{parts.EPOCH}/2: no record"),
        (["DELETE FROM refused"], f"station-1/{parts.EPOCH}/5: said to be 'refused'"),
        (["DELETE FROM receipt"], "records without a receipt"),
        (["DELETE FROM vehicle"], "vehicle vin LSVAA4182E2184847 is missing"),
    ],
)
def test_what_was_removed_or_reordered_is_located(kept, statements, said):
    hand = kept.hand()
    for statement in statements:
        hand.execute(statement)
    hand.close()
    told = [fault for faults in kept.checks().values() for fault in faults]
    assert any(re.search(said, fault) for fault in told), told


def test_lines_of_a_stranger_or_beyond_its_role_do_not_stand(kept):
    store = kept.open()
    wrong = parts.fact(PackInstalled(place=parts.SLOT), key=parts.STRANGER, counter=60)
    beyond = parts.fact(parts.REGISTRATION, counter=61)
    store.append([wrong, beyond], NOW)
    store.close()
    faults = kept.checks()["lines"]
    assert "leaf 8: key" in faults[0]
    assert faults[1] == "leaf 9: station-1 (gateway) may not state UnitRegistered"


def contents(store: Store) -> dict[str, Any]:
    with store.reading():
        return {
            table.name: sorted(
                [tuple(sorted(zip(table.columns, row, strict=True))) for row in store.dump(table)],
                key=repr,
            )
            for table in store.tables()
        }


def test_a_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing(tmp_path):
    settings = StoreSettings(path=tmp_path / "bridge.sqlite")
    store = open_store(settings)
    tell(store)
    before = vouched(contents(store))
    store.close()
    sound, chance = settings.path.read_bytes(), random.Random(11)
    found = 0
    for _ in range(150):
        at = chance.randrange(len(sound))
        flipped = sound[:at] + bytes([sound[at] ^ 1 << chance.randrange(8)]) + sound[at + 1 :]
        settings.path.write_bytes(flipped)
        try:
            faults = Kept(settings).checks()
            if not faults:
                store = open_store(settings)
                assert vouched(contents(store)) == before, at
                store.close()
            found += bool(faults)
        except BridgeError:
            found += 1
    assert found > 20


def vouched(found: dict[str, Any]) -> dict[str, Any]:
    """Only what the verification promises to notice."""
    return {
        table: [[pair for pair in row if pair[0] in columns.split()] for row in found[table]]
        for table, (_, columns) in PLACES.items()
    }


@pytest.fixture
def elsewhere(place, tmp_path) -> Iterator[Kept]:
    """Another empty place, of the other kind of database where there is a server."""
    if place.postgres:
        yield Kept(StoreSettings(path=tmp_path / "other.sqlite"))
    else:
        yield Kept(StoreSettings(path=tmp_path / "restored.sqlite"))


def test_a_backup_taken_while_records_arrive_comes_back_whole(kept, elsewhere, tmp_path):
    store, stop = kept.open(), threading.Event()
    trust = TrustReader(store, KEY)()
    gateway = parts.PlayedGateway(seq=9, counter=90)

    def write() -> None:
        while not stop.is_set():
            messages = [
                gateway.telemetry(parts.samples(3)),
                gateway.tell(PackInstalled(parts.SLOT)),
            ]
            store.commit([judge(*message, trust, NOW) for message in messages], [], NOW)

    writer = threading.Thread(target=write)
    writer.start()
    file = tmp_path / "backup"
    try:
        backup(store, file)
    finally:
        stop.set()
        writer.join()
    store.close()
    assert file.stat().st_mode & 0o077 == 0
    restore(elsewhere.settings, file)
    assert elsewhere.checks() == {}
    back = elsewhere.open()
    assert back.size() >= 8
    back.append([parts.installed(counter=500)], NOW)  # it goes on
    back.close()


def test_a_backup_crosses_from_one_database_to_the_other_and_back(kept, tmp_path, postgres):
    places = [kept.settings]
    places.append(StoreSettings(postgres=postgres.database()))
    places.append(StoreSettings(path=tmp_path / "last.sqlite"))
    for number, (source, target) in enumerate(pairwise(places)):
        store = open_store(source)
        backup(store, tmp_path / str(number))
        store.close()
        restore(target, tmp_path / str(number))
    first, last = open_store(places[0]), open_store(places[-1])
    assert contents(first) == contents(last)
    gateway = parts.PlayedGateway(seq=20)
    trust = TrustReader(last, KEY)()
    last.commit([judge(*gateway.telemetry(), trust, NOW)], [Stranger("x", "y", b"")], NOW)
    assert last.newest_chunk() == first.newest_chunk() + 1
    first.close()
    last.close()


def test_a_backup_of_an_older_version_goes_forward(tmp_path):
    old = SqliteStore(tmp_path / "old.sqlite", version=2)
    backup(old, tmp_path / "backup")
    old.close()
    settings = StoreSettings(path=tmp_path / "new.sqlite")
    restore(settings, tmp_path / "backup")
    store = open_store(settings)
    assert store.version() == len(migrations("sqlite"))
    store.close()


def test_a_damaged_backup_is_refused_before_anything_is_written(kept, elsewhere, tmp_path):
    store = kept.open()
    backup(store, tmp_path / "backup")
    before = contents(store)
    store.close()
    sound, chance = (tmp_path / "backup").read_bytes(), random.Random(3)
    flips, refused = [chance.randrange(len(sound)) for _ in range(60)], 0
    damaged = [sound[:at] + bytes([sound[at] ^ 4]) + sound[at + 1 :] for at in flips]
    for content in [*damaged, b"", b"no backup", sound[:-1], sound[: len(sound) // 2]]:
        (tmp_path / "backup").write_bytes(content)
        try:
            restore(elsewhere.settings, tmp_path / "backup")
        except BridgeError:
            refused += 1
            assert list(tmp_path.glob(f"{elsewhere.settings.path.name}*")) == []
        else:  # a bit of the compressed form that means nothing
            store = elsewhere.open()
            assert contents(store) == before
            store.close()
            elsewhere.settings.path.unlink()
    assert refused > 60


def test_nothing_is_restored_over_a_store_that_holds_something(kept, tmp_path):
    store = kept.open()
    backup(store, tmp_path / "backup")
    with pytest.raises(BridgeError, match="there already"):
        backup(store, tmp_path / "backup")
    before = contents(store)
    with pytest.raises(BridgeError, match="empty place"):
        restore(kept.settings, tmp_path / "backup")
    assert contents(store) == before
    store.close()


def test_the_three_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    settings = write_settings(tmp_path, 1, 0)
    with settings.open("a") as file:
        file.write(f'[ledger]\norigin = "{ORIGIN}"\n')
    settings.write_text(settings.read_text().replace("[ledger]\ncheckpoint_s = 0.05\n", ""))
    store = open_store(StoreSettings(path=tmp_path / "bridge.sqlite"))
    tell(store)
    store.close()
    about = ["--settings", str(settings)]
    assert run_line(["bridge", "backup", str(tmp_path / "b"), *about]) == 0
    assert "8 facts, 3 chunks" in capsys.readouterr().out
    (tmp_path / "bridge.sqlite").unlink()
    assert run_line(["bridge", "restore", str(tmp_path / "b"), *about]) == 0
    assert run_line(["bridge", "verify", "--jobs", "1", *about]) == 0
    assert "sound: everything" in capsys.readouterr().out
    connection = Kept(StoreSettings(path=tmp_path / "bridge.sqlite")).hand()
    connection.execute("DELETE FROM chunk WHERE seq = 3")
    connection.execute("UPDATE tree SET hash = x'00' WHERE level = 1 AND position = 2")
    connection.close()
    assert run_line(["bridge", "verify", "--jobs", "1", "--json", *about]) == 1
    assert "node 1/2 (lines 4 to 5) was changed" in capsys.readouterr().out
    assert run_line(["bridge", "restore", str(tmp_path / "none"), *about]) == 2
