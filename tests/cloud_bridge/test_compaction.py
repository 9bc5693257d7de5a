"""The lake's small files become large ones: every row is there once, whoever looks or dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from pyarrow import dataset, parquet

from cloud_bridge.projections import Portion, compaction
from cloud_bridge.projections.compaction import Tiers
from cloud_bridge.projections.lake import Lake
from cloud_bridge.store import Cursor, SqliteStore
from packtrail.event import PackInstalled
from tests.cloud_bridge import parts
from tests.cloud_bridge.lake_process import FEW
from tests.cloud_bridge.test_projections import DAY, portion, rows_of, stored


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "bridge.sqlite")
    facts = [
        parts.fact(PackInstalled(place=parts.SLOT), counter=n, t_ns=parts.T0 + n)
        for n in range(200)
    ]
    made.append(facts, parts.T0)
    yield made
    made.close()


def carry(store: SqliteStore, lake: Lake, first: int, last: int, by: int) -> None:
    for leaf in range(first, last, by):
        entries = store.entries(leaf - 1, min(by, last - leaf))
        lake.take(Portion(Cursor(0, leaf - 1), Cursor(0, entries[-1].leaf), [], entries))


def leaves_of(lake: Path) -> list[int]:
    """A list of the folder, read file by file; anew where one was joined meanwhile."""
    for _ in range(1000):
        files = sorted((lake / "facts").glob("*.parquet"))
        try:
            table = dataset.dataset(files, format="parquet").to_table(["leaf"]) if files else None
        except FileNotFoundError:
            continue
        return sorted(table["leaf"].to_pylist()) if table else []
    raise AssertionError("never to be read")


def names(lake: Path) -> list[str]:
    return sorted(file.stem for file in (lake / "facts").glob("*.parquet"))


def test_small_files_of_facts_become_large_ones(store, tmp_path):
    folder = tmp_path / "lake"
    lake = Lake(folder, tiers=Tiers(few=4, small=10, large=40, grace_s=0))
    carry(store, lake, 0, 9, 3)
    lake.tidy()
    assert len(names(folder)) == 3, "too few to be worth it"
    carry(store, lake, 9, 120, 3)
    lake.tidy()
    assert names(folder) == [
        "000000000000-000000000041",
        "000000000042-000000000083",
        "000000000084-000000000119",
    ]
    assert leaves_of(folder) == list(range(120))
    carry(store, lake, 120, 200, 20)
    lake.tidy()
    assert leaves_of(folder) == list(range(200))
    large = folder / "facts" / "000000000000-000000000041.parquet"
    before = large.stat().st_ino
    lake.tidy()
    assert large.stat().st_ino == before, "what is large stays as it is"
    table = parquet.read_table(large)
    assert table["signed"][41].as_py() == store.entries(40, 1)[0].data
    assert not list(folder.glob(".*"))


def test_a_reader_beside_sees_every_row_once_and_kill_9_changes_nothing(store, tmp_path):
    """The child is killed in the middle, again and again; a reader looks all the time."""
    folder, chance = tmp_path / "lake", Random(5)
    command = [sys.executable, "-m", "tests.cloud_bridge.lake_process", "120"]
    for target in (50, 120):
        with subprocess.Popen([*command, str(tmp_path / "bridge.sqlite"), str(folder)]) as child:
            seen = 0
            while child.poll() is None and seen < target:
                found = leaves_of(folder) if (folder / "facts").exists() else []
                assert found == list(range(len(found)))
                assert len(found) >= seen - 3, "a portion that was written in vain comes again"
                seen = len(found)
            if target < 120:
                time.sleep(chance.uniform(0, 0.03))
                child.kill()
    assert leaves_of(folder) == list(range(120))
    Lake(folder, tiers=FEW).tidy()
    Lake(folder, tiers=FEW._replace(grace_s=0)).tidy()
    assert leaves_of(folder) == list(range(120))
    assert len(names(folder)) < 15
    assert not list(folder.glob(".*"))


def test_where_folders_cannot_change_places_small_files_stay(store, tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "RENAME_EXCHANGE", 1 << 20)  # what no kernel knows
    folder = tmp_path / "lake"
    lake = Lake(folder, tiers=FEW)
    carry(store, lake, 0, 60, 3)
    lake.tidy()
    assert len(names(folder)) == 20
    assert leaves_of(folder) == list(range(60))
    assert not list(folder.glob(".*"))


def test_a_day_keeps_what_was_attributed_to_it_beside_its_one_file(tmp_path):
    lake = Lake(tmp_path, lambda: parts.T0 + DAY)
    lake.take(portion(stored()))
    lake.take(portion(stored(parts.T0 + parts.HOUR), begin=Cursor(1)))
    folder = tmp_path / "telemetry" / f"pack={parts.CODE}" / "day=2026-04-01"
    (file, *_) = folder.glob("*.parquet")
    (folder / "attributed-000000000001-000000000001.parquet").write_bytes(file.read_bytes())
    lake.tidy()
    assert rows_of(tmp_path, "2026-04-01")[0] == 2
    assert len(rows_of(tmp_path, "2026-04-01")[1]) == 15


def test_days_that_are_older_than_the_lake_keeps_are_dropped(tmp_path):
    clock = [parts.T0 + DAY]
    lake = Lake(tmp_path, lambda: clock[0], keep_days=3, tiers=Tiers(grace_s=0))
    for day in range(3):
        lake.take(portion(stored(parts.T0 + day * DAY), begin=Cursor(10 * day)))
    lake.tidy()
    assert len(list(tmp_path.glob("telemetry/*/day=*"))) == 3
    clock[0] += 3 * DAY
    lake.tidy()
    lake.tidy()
    days = sorted(folder.name for folder in tmp_path.glob("telemetry/*/*"))
    assert days == ["day=2026-04-02", "day=2026-04-03"]
    clock[0] += 90 * DAY
    lake.tidy()
    lake.tidy()
    assert not list(tmp_path.glob("telemetry/*/*"))
