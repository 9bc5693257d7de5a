"""Backup and restoration, from either database into either."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.dump import KIND, Head, write_dump
from cloud_bridge.ledger.authority import TrustReader
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore, Stranger
from cloud_bridge.store.opening import open_store
from cloud_bridge.store.statements import migrations
from packtrail.command import run_line
from packtrail.event import PackInstalled
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.stored import KEY, NOW, Kept, contents, kept, place, tell
from tests.cloud_bridge.test_commands import write_settings

__all__ = ["kept", "place"]


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


def test_a_backup_that_cannot_be_put_back_leaves_nothing_behind(kept, elsewhere, tmp_path):
    store = kept.open()
    with store.reading():
        head = Head(KIND, store.version(), 0, store.tables())
        contents = [list(store.dump(table)) for table in head.tables]
    store.close()
    ledger = next(n for n, table in enumerate(head.tables) if table.name == "ledger")
    contents[ledger].append(contents[ledger][0])  # two lines under one number
    with (tmp_path / "backup").open("wb") as file:
        write_dump(file, head, contents)
    with pytest.raises(BridgeError):
        restore(elsewhere.settings, tmp_path / "backup")
    assert list(tmp_path.glob(f"{elsewhere.settings.path.name}*")) == []


def test_a_restored_store_has_every_index_and_waits_for_the_disk_again(kept, elsewhere, tmp_path):
    store = kept.open()
    backup(store, tmp_path / "backup")
    store.close()
    restore(elsewhere.settings, tmp_path / "backup")
    fresh = SqliteStore(tmp_path / "fresh.sqlite")
    back = elsewhere.open()
    asked = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name"
    assert sorted(back._stream(asked)) == sorted(fresh._stream(asked))
    assert list(back._stream("PRAGMA journal_mode")) == [("wal",)]
    assert list(back._stream("PRAGMA synchronous")) == [(2,)]
    back.close()
    fresh.close()


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
