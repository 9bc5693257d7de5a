"""Two bridges that put their list of trust into one ledger at once, on every store."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud_bridge.ledger.authority import TRUST_STREAM, Authority
from cloud_bridge.store import Store
from packtrail.event import KeyRevoked
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.contracts.publishing_process import stations
from tests.contracts.stores import NOW, Sqlite


def authority(store: Store) -> Authority:
    return Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)


def told(store: Store) -> list[tuple[int, str]]:
    """Number and kind of each line about keys."""
    return [(one.event.counter, one.event.type) for one in store.key_entries()]


@pytest.mark.parametrize("same", [True, False])
def test_each_number_is_used_once_and_each_key_told_once(database, monkeypatch, same):
    """Both have read the ledger before either writes to it."""
    stores = [database.open(), database.open()]
    both, lists = threading.Barrier(2), [stations(3), stations(3 if same else 5)]
    for store in stores:
        read, first = store.next_counter, iter([True])

        def waiting(*name, read=read, first=first):
            counter = read(*name)
            if next(first, False):
                both.wait(20)
            return counter

        monkeypatch.setattr(store, "next_counter", waiting)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(authority(store).publish_trust, wanted)
            for store, wanted in zip(stores, lists, strict=True)
        ]
        changed = [job.result(30) for job in jobs]
    numbers = [number for number, _ in told(stores[0])]
    assert numbers == list(range(1, sum(changed) + 1))
    if same:
        assert sorted(changed) == [0, 3]
    for number in numbers:
        assert len(stores[0].conflicting("bridge-1", TRUST_STREAM, number)) == 1
    for store in stores:
        store.close()


def test_a_key_line_that_came_between_stops_the_next(store):
    first, second = (authority(store)._signed([body], 1) for body in stations(2))
    assert store.append_keys(first, -1, NOW)
    assert not store.append_keys(second, -1, NOW)
    assert not store.append_keys(second, 0, NOW), "its number is taken"
    assert store.size() == 1
    assert store.append_keys(authority(store)._signed(stations(2)[1:], 2), 0, NOW)
    gone = KeyRevoked("f" * 64, "2026-05-01T00:00:00Z")
    assert not store.append_keys(authority(store)._signed([gone], 3), 0, NOW)


def test_two_processes_tell_each_key_once(database):
    place = str(database.file) if isinstance(database, Sqlite) else database.conninfo
    database.open().close()
    command = [sys.executable, "-m", "tests.contracts.publishing_process", place]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as other:
        assert [child.stdout.readline() for child in (one, other)] == ["ready\n"] * 2
        for count in range(5, 65, 5):
            for child in (one, other):
                child.stdin.write(f"{count}\n")
            changed = [int(child.stdout.readline()) for child in (one, other)]
            assert sorted(changed) == [0, 5]
    store = database.open()
    assert told(store) == [(number, "KeyRegistered") for number in range(1, 61)]
    store.close()
