"""`packtrail bridge forget` killed with kill -9 on PostgreSQL: all of it happened, or nothing.

The real command in a process of its own; a lock of ours stops it at the very place, so that it is
known where it was when it died.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority, TrustReader
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_store
from packtrail import event as e
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN
from tests.cloud_bridge.privacy_parts import swaps
from tests.databases import Postgres, mortal_postgres

__all__ = ["mortal_postgres"]

INSIDE = "LOCK TABLE ledger IN SHARE MODE"
"""The statement of the ledger waits; the key is deleted already, and nothing is committed."""
AFTER = "LOCK TABLE subject_key IN SHARE UPDATE EXCLUSIVE MODE"
"""The vacuum waits; key and statement are committed."""
LONGEST_S = 60.0


@dataclass
class Site:
    """A bridge's folder and its store on PostgreSQL, with a car that was told of."""

    folder: Path
    conninfo: str
    subject: str = ""

    def open(self) -> Store:
        settings = StoreSettings(postgres=self.conninfo)
        return open_store(settings, vault=KeyVault(parts.AUTHORITY))

    def forget(self) -> subprocess.Popen[bytes]:
        """The command, running."""
        words = ["-m", "packtrail", "bridge", "forget", "--subject", self.subject]
        more = ["--reason", "request 7", "--settings", str(self.folder / "bridge.toml")]
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        env = os.environ | {"PYTHONPATH": str(Path.cwd()), "LANG": "C"}
        return subprocess.Popen([sys.executable, *words, *more], env=env, **quiet)

    def happened(self) -> tuple[bool, bool]:
        """Whether the key is gone, and whether the ledger says so."""
        store = self.open()
        try:
            gone = not store.openings(self.subject)
            said = bool(store.entries_of_type("SubjectForgotten"))
            checks = verify_whole(store, ORIGIN, parts.AUTHORITY.public, 1)
            assert [one for one in checks if one.faults] == []
        finally:
            store.close()
        return gone, said


def furnished(store: Store) -> str:
    """Trust, two packs, and a car in four commitments; the car's subject."""
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    authority.publish_trust(
        [
            e.KeyRegistered(parts.AUTHORITY.public.text, ORIGIN, "system"),
            e.KeyRegistered(parts.STATION.public.text, "station-1", "gateway", sites=("north",)),
            e.KeyRegistered(parts.MAKER.public.text, "maker-1", "maker"),
        ]
    )
    store.append([parts.registered(), parts.registered(parts.OTHER_PACK, 2)], NOW)
    trust = TrustReader(store, parts.AUTHORITY.public)()
    told = [judge(*message, trust, NOW) for message in swaps(parts.PlayedGateway())]
    store.commit(told, [], NOW)
    authority.seal()
    return Subjects(store).vehicle(parts.CAR).id


@pytest.fixture
def site(mortal_postgres: Postgres, tmp_path: Path) -> Site:
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    found = Site(tmp_path, mortal_postgres.database())
    settings = f'key_file = "bridge.pem"\n[store]\npostgres = "{found.conninfo}"\n'
    (tmp_path / "bridge.toml").write_text(f'{settings}[ledger]\norigin = "{ORIGIN}"\n')
    store = found.open()
    found.subject = furnished(store)
    store.close()
    assert found.happened() == (False, False)
    return found


@contextmanager
def stopped_at(site: Site, lock: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, waiting for a lock that is let go at the end."""
    with psycopg.connect(site.conninfo) as ours:
        ours.execute(lock.encode())
        child = site.forget()
        try:
            wait_until_it_waits(site, child)
            yield child
        finally:
            child.kill()
            child.communicate()


def wait_until_it_waits(site: Site, child: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + LONGEST_S
    with psycopg.connect(site.conninfo, autocommit=True) as watch:
        while time.monotonic() < ends:
            assert child.poll() is None, child.communicate()
            waiting = watch.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if waiting and waiting[0]:
                return
            time.sleep(0.02)
    raise AssertionError("it never came to the lock")


def finish(site: Site) -> str:
    """The same command to its end; what it says."""
    child = site.forget()
    out, err = child.communicate(timeout=LONGEST_S)
    assert child.returncode == 0, err
    return out.decode()


def test_killed_before_the_commit_nothing_happened(site: Site) -> None:
    with stopped_at(site, INSIDE) as child:
        child.kill()
        assert child.wait(LONGEST_S) == -9
    assert site.happened() == (False, False)
    assert "is forgotten since" in finish(site)
    assert site.happened() == (True, True)


def test_killed_after_the_commit_all_happened_and_asking_again_overwrites(site: Site) -> None:
    with stopped_at(site, AFTER) as child:
        child.kill()
        assert child.wait(LONGEST_S) == -9
    assert site.happened() == (True, True)
    assert "was forgotten before" in finish(site)
    assert site.happened() == (True, True)


@pytest.mark.parametrize(
    ("lock", "done"), [(INSIDE, False), (AFTER, True)], ids=["inside", "after"]
)
def test_the_database_killed_under_it_keeps_all_or_nothing(
    site: Site, mortal_postgres: Postgres, lock: str, done: bool
) -> None:
    ours = psycopg.connect(site.conninfo)
    ours.execute(lock.encode())
    child = site.forget()
    wait_until_it_waits(site, child)
    mortal_postgres.kill()
    ours.close()
    _, err = child.communicate(timeout=LONGEST_S)
    assert child.returncode == 2
    assert b"Traceback" not in err
    mortal_postgres.start()
    assert site.happened() == (done, done)
    finish(site)
    assert site.happened() == (True, True)


def test_killed_at_any_moment_it_is_all_or_nothing(site: Site) -> None:
    """Wherever the clock finds it: while it starts, reads, writes or overwrites."""
    begin = time.monotonic()
    child = site.forget()
    child.communicate(timeout=LONGEST_S)
    whole_s = time.monotonic() - begin
    assert site.happened() == (True, True)
    for share in (0.5, 0.8, 0.9, 0.95, 1.0):
        store = site.open()
        gateway = parts.PlayedGateway(epoch=f"{round(share * 100):016x}")
        car = e.VehicleRef("vin", "LSVAA4182E2184847")
        trust = TrustReader(store, parts.AUTHORITY.public)()
        message = gateway.conceal(e.PackInstalled(vehicle=car), t_ns=parts.T0 - parts.HOUR)
        store.commit([judge(*message, trust, NOW)], [], NOW)
        site.subject = Subjects(store).vehicle(car).id
        before = len(store.entries_of_type("SubjectForgotten"))
        store.close()
        child = site.forget()
        time.sleep(share * whole_s)
        child.kill()
        child.communicate()
        store = site.open()
        gone = not store.openings(site.subject)
        said = len(store.entries_of_type("SubjectForgotten")) - before
        store.close()
        assert said == int(gone)
        finish(site)
