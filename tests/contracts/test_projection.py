"""Every projection keeps this contract: against a real InfluxDB-compatible server, a real lake on
disk and a real HTTP receiver."""

from __future__ import annotations

import json
import threading
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyarrow import dataset

from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Follower, Projection, TargetError
from cloud_bridge.projections.follower import rebuild
from cloud_bridge.projections.hooks import Hook
from cloud_bridge.projections.influx import Influx
from cloud_bridge.projections.lake import Lake
from cloud_bridge.settings import HookSettings, InfluxSettings
from cloud_bridge.store import Cursor, SqliteStore
from tests.cloud_bridge import parts
from tests.cloud_bridge.receiver import Receiver
from tests.cloud_bridge.running import until
from tests.contracts.stores import NOW, arrival, attributed, chunk_of
from tests.databases import VictoriaMetrics

Held = Counter[tuple[str, int]]
"""What a target holds: `sample` by its time in milliseconds and `fact` by its leaf, how often."""


class InfluxTarget:
    """VictoriaMetrics over the Influx protocol."""

    samples = facts = True

    def __init__(self, server: VictoriaMetrics) -> None:
        self.server = server

    def projection(self) -> Projection:
        return Influx(InfluxSettings(url=self.server.url, timeout_s=5, settle_s=0.5))

    def held(self) -> Held:
        held: Held = Counter()
        for metric, kind in (("telemetry_soc_pct", "sample"), ("fact_count", "fact")):
            for series in self.export(metric):
                held.update((kind, t_ms) for t_ms in series["timestamps"])
        return held

    def packs(self) -> Counter[str]:
        """Pack -> samples, once a moment."""
        series = self.export("telemetry_soc_pct")
        return Counter({one["metric"]["pack"]: len(one["timestamps"]) for one in series})

    def export(self, metric: str) -> list[dict[str, Any]]:
        urllib.request.urlopen(f"{self.server.url}/internal/force_flush", timeout=5).read()
        question = urllib.parse.urlencode({"match[]": metric})
        with urllib.request.urlopen(f"{self.server.url}/api/v1/export?{question}") as reply:
            return [json.loads(line) for line in reply]

    def down(self) -> None:
        self.server.kill()

    def up(self) -> None:
        self.server.start()


class LakeTarget:
    """Parquet files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def projection(self) -> Projection:
        return Lake(self.folder)

    def held(self) -> Held:
        held: Held = Counter()
        for part, column, kind in (("telemetry", "t_ns", "sample"), ("facts", "to_ns", "fact")):
            if (self.folder / part).exists():
                table = dataset.dataset(self.folder / part, format="parquet").to_table([column])
                held.update((kind, t_ns // 10**6) for t_ns in table[column].to_pylist())
        return held

    def packs(self) -> Counter[str]:
        """Pack -> samples, however often."""
        folders = self.folder.glob("telemetry/pack=*")
        rows = {one: dataset.dataset(one, format="parquet").count_rows() for one in folders}
        names = {one: urllib.parse.unquote(one.name.removeprefix("pack=")) for one in rows}
        return Counter({names[one]: n for one, n in rows.items() if ":" not in names[one]})

    def down(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.folder.rename(self.folder.with_suffix(".away"))
        self.folder.write_text("a file where the folder was")

    def up(self) -> None:
        self.folder.unlink()
        self.folder.with_suffix(".away").rename(self.folder)


class HookTarget:
    """An HTTP receiver that tells repeats by their ids, as the documentation asks of it."""

    def __init__(self) -> None:
        self.receiver = Receiver()
        self.receiver.start()

    def projection(self) -> Projection:
        return Hook(HookSettings(name="erp", url=self.receiver.url), parts.AUTHORITY)

    def held(self) -> Held:
        facts = {}
        for delivery in self.receiver.taken:
            facts |= {fact["leaf"]: fact for fact in json.loads(delivery.body)["facts"]}
        return Counter(("fact", (parts.T0 // 10**9 + leaf) * 1000) for leaf in facts)

    def down(self) -> None:
        self.receiver.stop()

    def up(self) -> None:
        self.receiver.start()


@pytest.fixture(params=["influx", "lake", "hook"])
def target(request, tmp_path):
    """One target; a new projection joins here."""
    if request.param == "influx":
        yield InfluxTarget(request.getfixturevalue("victoria"))
    elif request.param == "lake":
        yield LakeTarget(tmp_path / "lake")
    else:
        made = HookTarget()
        yield made
        made.down()


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "db")
    yield made
    made.close()


@pytest.fixture
def follower(store, target):
    projection = target.projection()
    yield Follower(projection, store, Metrics(), poll_s=0.02)
    projection.close()


def fill(store: SqliteStore, begin: int, count: int = 3) -> Held:
    """Commit so many minutes of telemetry and facts; what a target has to hold of them."""
    expected: Held = Counter()
    for at in range(begin, begin + count):
        t_ns = parts.T0 + at * parts.MINUTE
        batch = parts.samples(5, t_ns)
        fact = parts.installed(counter=at + 1, t_ns=parts.T0 + at * parts.SECOND)
        leaf = store.size()
        store.commit([arrival(2 * at + 1, *chunk_of(batch)), arrival(2 * at + 2, fact)], [], NOW)
        expected.update(("sample", t // 10**6) for t in batch.t_ns.tolist())
        assert leaf == at
        expected["fact", (parts.T0 + at * parts.SECOND) // 10**6] += 1
    return expected


def of(target: object, expected: Held) -> Held:
    """The part of it that this target is told of."""
    hook = isinstance(target, HookTarget)
    return Counter({key: n for key, n in expected.items() if not hook or key[0] == "fact"})


def where(store: SqliteStore, follower: Follower, end: tuple[int, int]) -> Cursor | None:
    """The cursor, once it has come to `end`."""
    cursor = store.cursor(follower.name)
    return cursor if cursor[:2] == end else None


def carry(follower: Follower) -> None:
    """Everything that waits."""
    while follower.step():
        pass


def test_everything_that_is_committed_arrives_once(store, target, follower):
    expected = fill(store, 0)
    carry(follower)
    assert target.held() == of(target, expected)
    expected += fill(store, 3)
    carry(follower)
    assert target.held() == of(target, expected)
    end = (store.newest_chunk(), store.size() - 1)
    cursor = until(lambda: follower.step() or where(store, follower, end))
    assert cursor.moved_ns > 0


def test_a_portion_that_comes_again_after_a_kill_is_there_once(store, target, follower):
    """Killed between the target's word and the cursor's move; meanwhile more was committed."""
    expected = fill(store, 0)
    carry(follower)
    store.move_cursor(follower.name, Cursor(), NOW)
    expected += fill(store, 3)
    again = Follower(target.projection(), store, Metrics())
    carry(again)
    assert target.held() == of(target, expected)


def test_a_target_that_is_down_gets_everything_once_it_is_back(store, target, follower):
    expected = fill(store, 0)
    carry(follower)
    target.held()
    target.down()
    expected += fill(store, 3)
    stop = threading.Event()
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        fault = until(lambda: follower.fault)
        assert fault.zh
        assert store.cursor(follower.name).chunk <= 3
        target.up()
        until(lambda: follower.fault is None and store.cursor(follower.name).chunk == 6, 30)
    finally:
        stop.set()
        thread.join()
    assert of(target, expected) == target.held()


def test_a_target_that_is_down_says_so_and_keeps_the_cursor(store, target, follower):
    fill(store, 0)
    target.down()
    try:
        with pytest.raises(TargetError) as told:
            follower.step()
        assert told.value.retryable
        assert store.cursor(follower.name) == Cursor()
    finally:
        target.up()


def test_a_projection_can_be_made_again_from_the_beginning(store, target, follower):
    expected = fill(store, 0)
    carry(follower)
    rebuild(target.projection(), store, NOW)
    assert store.cursor(follower.name)[:2] == (0, -1)
    carry(Follower(target.projection(), store, Metrics()))
    assert target.held() == of(target, expected)


def test_a_target_with_nothing_to_do_is_left_alone(store, target, follower):
    assert not follower.step()
    assert target.held() == Counter()


@pytest.mark.parametrize("target", ["influx", "lake"], indirect=True)
@pytest.mark.parametrize("late", [False, True], ids=["first the chunk", "first the statement"])
@pytest.mark.parametrize("apart", [False, True], ids=["in one step", "in two steps"])
def test_telemetry_of_a_slot_reaches_the_pack_that_it_is_known_to_be_of(
    store, target, follower, late, apart
):
    batch = parts.samples(60, parts.T0)
    half = parts.T0 + 30 * parts.SECOND
    said = arrival(1, attributed(half, parts.T0 + parts.HOUR))
    steps = [said, arrival(2, *chunk_of(batch, unit=None))]
    for one in steps if late else reversed(steps):
        store.commit([one], [], NOW)
        if apart:
            carry(follower)
    carry(follower)
    assert target.packs() == Counter({parts.CODE: 30})
    # Killed before the cursor moved: it comes again, and is there once.
    store.move_cursor(follower.name, Cursor(), NOW)
    carry(Follower(target.projection(), store, Metrics()))
    assert target.packs() == Counter({parts.CODE: 30})
