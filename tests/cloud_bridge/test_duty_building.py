"""A first list over many lines: in processes, killed and gone on with, by several bridges."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.duties import DAY_NS
from cloud_bridge.rules.lists import lists_of
from cloud_bridge.rules.open_duties import WINDOW
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore, Store
from cloud_bridge.store.opening import open_store
from packtrail import event as e
from packtrail.times import parse_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import until

NOW = parse_time("2026-06-01T00:00:00Z")
THEN = NOW - 40 * DAY_NS
BOOK = DutyBook()
LINES = 3 * WINDOW


def tell(store: Store, many: int, t_ns: int = THEN) -> None:
    """Retirements, every third taken back, every fourth reported, every ninth corrected away."""
    facts = []
    for n in range(many // 2):
        unit, counter = e.UnitRef("maker_serial", f"P{n:06}"), 10 * n + 1
        retired = parts.fact(
            e.UnitRetired(), unit=unit, counter=counter, t_ns=t_ns, author="shop-1"
        )
        facts.append(retired)
        name, body = retired.signed.event_id, None
        if n % 3 == 0:
            body = e.RecoveryReceived("outlet-1")
        elif n % 4 == 0:
            body = e.ReportSent(f"R{n}", "national", "retire", (name,))
        elif n % 9 == 1:
            body = e.CorrectionDeclared(name, "did_not_occur")
        if body is not None:
            about = unit if isinstance(body, e.RecoveryReceived) else None
            facts.append(parts.fact(body, unit=about, counter=counter + 1, t_ns=t_ns + 1,
                                    author="shop-1"))  # fmt: skip
    store.append(facts, t_ns)


def settings_in(folder: Path, store: str, port: int = 0, more: str = "") -> Path:
    if not (folder / "bridge.pem").exists():
        parts.AUTHORITY.save(folder / "bridge.pem")
    path = folder / "bridge.toml"
    path.write_text(
        f'key_file = "bridge.pem"\n{more}[store]\n{store}\n'
        f"[mqtt]\nport = 1\n[http]\nport = {port}\n"
    )
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("large") / "bridge.sqlite"
    store = SqliteStore(file)
    tell(store, 2 * LINES)
    store.close()
    return file


def copy_of(file: Path, folder: Path) -> Path:
    target = folder / "bridge.sqlite"
    target.write_bytes(file.read_bytes())
    return target


@pytest.mark.slow
def test_processes_make_the_list_that_the_whole_ledger_gives(large, tmp_path):
    settings = StoreSettings(path=copy_of(large, tmp_path))
    store = open_store(settings)
    told: list[int] = []
    assert BOOK.far_behind(store) is (store.size() > 50_000)
    assert BOOK.build(store, settings, 2, threading.Event(), lambda done, _: told.append(done))
    assert len(told) >= 3
    assert told == sorted(told)
    assert BOOK.open(store, NOW) == BOOK.anew(store, NOW) != []
    BOOK.rebuild(store)
    stopped = threading.Event()
    stopped.set()
    assert not BOOK.build(store, settings, 1, stopped)
    assert len(BOOK.page(store, NOW, limit=5)) == 5, "the list before stays until this one is whole"
    assert BOOK.build(store, settings, 1, threading.Event())
    assert BOOK.open(store, NOW) == BOOK.anew(store, NOW)
    while not BOOK.advance(store, NOW):
        pass
    assert [one.list for one in lists_of(store)] == [2]
    store.close()


@pytest.mark.slow
def test_a_rebuild_that_is_killed_is_gone_on_with_and_leaves_no_process(large, tmp_path):
    file = copy_of(large, tmp_path)
    settings = settings_in(tmp_path, 'path = "bridge.sqlite"')
    line = [sys.executable, "-m", "packtrail", "bridge", "duties", "rebuild", "--jobs", "2"]
    command = [*line, "--settings", str(settings)]
    store = SqliteStore(file)

    def leaf() -> int:
        return max((one.leaf for one in lists_of(store)), default=-1)

    with subprocess.Popen(command, start_new_session=True) as process:
        until(lambda: leaf() >= 0, seconds=60)
        process.kill()
        process.wait()
    reached, begun = leaf(), [one.list for one in lists_of(store)]
    assert reached >= 0
    until(lambda: not _session(process.pid), seconds=20)
    subprocess.run(command, check=True, capture_output=True)
    assert BOOK.open(store, NOW) == BOOK.anew(store, NOW)
    assert [one.list for one in lists_of(store) if one.whole] == begun[-1:], "not begun again"
    store.close()


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_and_gone_on_with(large, tmp_path):
    settings = StoreSettings(path=copy_of(large, tmp_path))
    store = open_store(settings)

    def murder(_done: int, _all: int) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    with pytest.raises(BridgeError, match="was killed"):
        BOOK.build(store, settings, 1, threading.Event(), murder)
    (left,) = lists_of(store)
    assert 0 <= left.leaf < left.horizon - 1
    assert BOOK.build(store, settings, 1, threading.Event())
    assert BOOK.open(store, NOW) == BOOK.anew(store, NOW)
    store.close()


def _session(leader: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def table_file(folder: Path, days: int) -> Path:
    file = folder / f"duties-{days}.toml"
    file.write_text(
        f'name = "{days} days"\n[[duty]]\nid = "hand_over"\nen = "hand over"\nzh = "移交"\n'
        f'on = ["UnitRetired"]\nby = ["RecoveryReceived"]\ndays = {days}\nunit = "calendar_day"\n'
        'legal = "Act 1"\nfrom = "2020-01-01"\n'
    )
    return file


class Running:
    """A bridge in a process of its own, with a table of rules of its own."""

    def __init__(self, folder: Path, conninfo: str, days: int) -> None:
        folder.mkdir()
        name = f'name = "bridge-{days}"\n'
        self.settings = settings_in(folder, f'postgres = "{conninfo}"', more=name)
        rules = f'\n[rules]\ntable = "{table_file(folder, days)}"\n'
        self.settings.write_text(self.settings.read_text() + rules)
        self.log = folder / "log"
        command = [sys.executable, "-m", "packtrail", "bridge", "run", "--settings"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, self.settings], stdout=log, stderr=log, env={**os.environ, "LC_ALL": "C"}
            )
        self.url = ""
        until(self._answers, seconds=60)

    def _answers(self) -> bool:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text())
        self.url = found[0] if found else ""
        return bool(found)

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=20) as reply:
            return reply.read().decode()

    def duties(self) -> tuple[set[str], int, str]:
        """Last days, how many, and the table in force."""
        found = json.loads(self.ask("/api/v1/duties?limit=1000"))
        return {one["day"] for one in found["duties"]}, found["total"], found["rules"]

    def differs(self) -> bool:
        return "packtrail_bridge_rules_differ 1.0" in self.ask("/metrics")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


@pytest.mark.slow
def test_two_bridges_with_different_tables_share_one_list(postgres, tmp_path):
    conninfo = postgres.database()
    store = open_store(StoreSettings(postgres=conninfo))
    tell(store, 300)
    first = Running(tmp_path / "first", conninfo, 10)
    until(lambda: lists_of(store) and lists_of(store)[-1].whole, seconds=30)
    second = Running(tmp_path / "second", conninfo, 20)
    try:
        expected = len(DutyBook(BOOK.own).page(store, NOW))
        assert first.duties() == second.duties() == ({"2026-05-02"}, expected, "10 days")
        until(second.differs, seconds=20)
        assert not first.differs()
        assert "rules_differ" in second.log.read_text()
        assert "This bridge brings another table (20 days)" in second.ask("/duties?lang=en")
        assert "20 days" not in first.ask("/duties?lang=en")
        assert [one.list for one in lists_of(store)] == [1], "nobody began it again"
        tell(store, 0)
        _add_and_adopt(store, second, tmp_path)
        until(lambda: first.duties() == second.duties() and first.duties()[2] == "15 days",
              seconds=30)  # fmt: skip
        assert first.duties() == ({"2026-05-07"}, expected + 1, "15 days")
        until(lambda: first.differs() and second.differs(), seconds=20)
        until(lambda: [one.list for one in lists_of(store)] == [2], seconds=30)
        assert [time.sleep(0.1) or first.duties() for _ in range(5)] == [second.duties()] * 5
    finally:
        first.stop()
        second.stop()
        store.close()


def _add_and_adopt(store: Store, bridge: Running, folder: Path) -> None:
    """A fact and another table while both run."""
    unit = e.UnitRef("maker_serial", "late")
    store.append([parts.fact(e.UnitRetired(), unit=unit, author="shop-2", t_ns=THEN)], THEN)
    line = [sys.executable, "-m", "packtrail", "bridge", "rules", "adopt"]
    command = [*line, table_file(folder, 15), "--settings", bridge.settings]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "days: 10 → 15" in told.stdout
