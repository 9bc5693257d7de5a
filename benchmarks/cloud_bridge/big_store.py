"""A store of any size, filled quickly: `python -m benchmarks.cloud_bridge.big_store FOLDER PACKS`.

Rows go in table by table as a restoration puts them back, each line truly signed and in the tree,
under a signed head with the map of stories; `packtrail bridge verify` finds nothing to say. A
folder gets the store, the bridge's key and its settings with every party on the trust list.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.cloud_bridge.big_world import (
    AUTHORITY,
    DAY_NS,
    ORIGIN,
    REPORTED_STEPS,
    STEPS,
    STREAM,
    Plan,
    Row,
    World,
    key_of,
    keys,
    long_story,
    reports,
    subject_of_long,
    told,
)
from cloud_bridge.store import SqliteStore
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.store.tables import Table, insert_into
from packtrail.columns import encode_columns
from packtrail.event import UnitRef
from packtrail.proof.checkpoint import Checkpoint, sign_checkpoint
from packtrail.proof.stories import (
    DEPTH,
    EMPTY,
    START,
    bucket_hash,
    bucket_of,
    further,
    rise,
    root_line,
    value_of,
)
from packtrail.proof.stories import (
    key_of as story_key,
)
from packtrail.record import Kind, Record, seal
from packtrail.sample import SampleBatch
from packtrail.times import NS_PER_S, ClockQuality

AT_ONCE: Final = 50_000
CHUNKS_OF_LONG: Final = 5_000
CHUNK_EVERY: Final = 50
MINUTE_NS: Final = 60 * NS_PER_S

Put = Callable[[str, Sequence[str], Iterable[Sequence[Any]]], None]


class SqliteTarget:
    """Rows straight into the file, without a journal: a build that fails is begun again."""

    def __init__(self, path: Path) -> None:
        SqliteStore(path).close()
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1500000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._indexes = self._connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in self._indexes:
            self._connection.execute(f"DROP INDEX {name}")

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Append rows to a table."""
        self._connection.execute("BEGIN")
        self._connection.executemany(insert_into(Table(table, tuple(columns))), rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Make the indexes and let go."""
        for _, sql in self._indexes:
            self._connection.execute(sql)
        self._connection.execute("ANALYZE")
        self._connection.close()
        # Back to the journal that a bridge expects.


class PostgresTarget:
    """Rows by COPY, through the way that a restoration takes."""

    def __init__(self, conninfo: str) -> None:
        self._store = PostgresStore(conninfo)

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Append rows to a table."""
        source = iter(rows)
        shape = Table(table, tuple(columns))
        portions = iter(lambda: list(islice(source, AT_ONCE)), [])
        self._store.fill((shape, portion) for portion in portions)

    def close(self) -> None:
        """Let go."""
        self._store.close()


class Filling:
    """Puts a world into a target; says how long each part took."""

    def __init__(self, world: World, put: Put) -> None:
        self.world = world
        self._put = put
        self._hashes = bytearray()
        self._now = world.start_ns + STEPS * 6 * DAY_NS
        self._plans: dict[tuple[bool, ...], Plan] = {}
        self._root = b""
        self._begin = time.monotonic()

    def run(self) -> None:
        """Everything."""
        for what, part in (
            ("signed lines", self._lines),
            ("units", self._units),
            ("subjects", self._subjects),
            ("tree", self._tree),
            ("map of stories and head", self._stories_and_head),
            ("places and vehicles", self._now_tables),
            ("telemetry", self._telemetry),
        ):
            part()
            print(f"  {what}: {time.monotonic() - self._begin:.0f} s", flush=True)

    def _ledger(self, rows: Sequence[Row]) -> None:
        first = len(self._hashes) // 32
        for row in rows:
            self._hashes += hashlib.sha256(b"\x00" + row.signed).digest()
        columns = (
            "leaf",
            "event_id",
            "type",
            "author",
            "stream",
            "counter",
            "recorded_ns",
            "signed",
        )
        self._put(
            "ledger",
            columns,
            (
                (first + n, *row[:3], _stream(row), row.counter, self._now, row.signed)
                for n, row in enumerate(rows)
            ),
        )

    def _lines(self) -> None:
        covered: dict[int, list[str]] = {step: [] for step in REPORTED_STEPS}
        self._ledger(keys(self.world))
        for step, rows in told(self.world):
            self._ledger(rows)
            if step in covered:
                covered[step] += [row.event_id for row in rows]
        self._ledger(long_story(self.world))
        rows = list(reports(self.world, covered))
        for at in range(0, len(rows), 500):
            self._ledger(rows[at : at + 500])

    def stories(self) -> Iterator[tuple[UnitRef, list[int]]]:
        """Every unit with its lines, in the order of units."""
        world = self.world
        for number in range(world.packs):
            pair, me = number // 2, "ab"[number % 2]
            leaves = [world.leaf(step, pair) for step in self._plan(pair).units[me]]
            yield UnitRef("gbt34014", world.code(number)), leaves
        first = world.first_line + world.told
        yield world.long_story, list(range(first, first + world.heavy))

    def _plan(self, pair: int) -> Plan:
        kind = self.world.kind_of(pair)
        if kind not in self._plans:
            self._plans[kind] = Plan(self.world, pair)
        return self._plans[kind]

    def _units(self) -> None:
        rows = ((unit.scheme, unit.id, leaf) for unit, leaves in self.stories() for leaf in leaves)
        self._put("ledger_unit", ("scheme", "unit", "leaf"), rows)
        units = ((unit.scheme, unit.id, self._now) for unit, _ in self.stories())
        self._put("unit", ("scheme", "id", "recorded_ns"), units)

    def _subjects(self) -> None:
        for rows in (self._rare_subjects(), self._sites(), self._cars()):
            self._put("ledger_subject", ("kind", "id", "leaf"), rows)

    def _rare_subjects(self) -> list[tuple[str, str, int]]:
        """Lots, parties, and sites that are no station."""
        world = self.world
        found = [("party", name, number) for number, (name, _) in enumerate(world.parties)]
        for pair in range(0, world.pairs, 50):
            for step, kind, name in self._plan(pair).subjects:
                if "@" not in name:
                    found.append((kind, name, world.leaf(step, pair)))
        return sorted(found)

    def _sites(self) -> Iterator[tuple[str, str, int]]:
        world = self.world
        for number, station in enumerate(world.stations):
            leaves = [
                world.leaf(step, pair)
                for pair in range(number, world.pairs, len(world.stations))
                for step in self._plan(pair).steps_of("site", "@site@")
            ]
            if number == 0:
                leaves += self._long_about("site", station)
            yield from (("site", station, leaf) for leaf in sorted(leaves))

    def _cars(self) -> Iterator[tuple[str, str, int]]:
        world = self.world
        for pair in range(world.pairs):
            for step in self._plan(pair).steps_of("vehicle", "@car@"):
                yield "vehicle", world.car(pair), world.leaf(step, pair)
        for car in sorted({subject_of_long(world, n)[1] for n in range(1, world.heavy)}):
            for leaf in self._long_about("vehicle", car):
                yield "vehicle", car, leaf

    def _long_about(self, kind: str, name: str) -> list[int]:
        world = self.world
        first = world.first_line + world.told
        wanted = (kind, name)
        return [first + n for n in range(world.heavy) if subject_of_long(world, n) == wanted]

    def _tree(self) -> None:
        level, hashes, size = 0, self._hashes, len(self._hashes) // 32
        root = b""
        while size:
            self._put(
                "tree",
                ("level", "position", "hash"),
                ((level, n, bytes(hashes[32 * n : 32 * n + 32])) for n in range(size)),
            )
            if size % 2:
                peak = bytes(hashes[32 * (size - 1) : 32 * size])
                root = hashlib.sha256(b"\x01" + peak + root).digest() if root else peak
            above = bytearray()
            for n in range(size // 2):
                above += hashlib.sha256(b"\x01" + hashes[64 * n : 64 * n + 64]).digest()
            level, hashes, size = level + 1, above, size // 2
        self._root = root

    def _stories_and_head(self) -> None:
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        rows = []
        for unit, leaves in self.stories():
            head = START
            for leaf in leaves:
                head = further(head, bytes(self._hashes[32 * leaf : 32 * leaf + 32]))
            key = story_key(unit)
            bucket = bucket_of(key)
            rows.append((bucket, key, unit.scheme, unit.id, len(leaves), head))
            found.setdefault(bucket, []).append((key, value_of(len(leaves), head)))
        self._put("story", ("bucket", "key", "scheme", "unit", "count", "head"), sorted(rows))
        changed = {bucket: bucket_hash(sorted(pairs)) for bucket, pairs in found.items()}
        nodes = rise(changed, lambda level, _position: EMPTY[level])
        self._put(
            "story_node",
            ("level", "position", "hash"),
            sorted((*place, value) for place, value in nodes.items()),
        )
        size = len(self._hashes) // 32
        self._put("story_state", ("one", "size"), [(1, size)])
        head = Checkpoint(ORIGIN, size, self._root, (root_line(nodes[DEPTH, 0]),))
        note = sign_checkpoint(head, AUTHORITY)
        self._put(
            "checkpoint",
            ("size", "root", "note", "recorded_ns"),
            [(size, self._root, note, self._now)],
        )

    def _now_tables(self) -> None:
        """The newest line of each author about each slot and vehicle."""
        world = self.world
        places: dict[tuple[str, str, str], tuple[int, int]] = {}
        vehicles: dict[str, tuple[int, int]] = {}
        for pair in range(world.pairs):
            home, plan = world.station_of(pair), self._plan(pair)
            for step in plan.places:
                moment = (world.moment(step, pair), world.leaf(step, pair))
                key = (home, home, world.slot_of(pair))
                places[key] = max(places.get(key, moment), moment)
            step = plan.vehicles[-1]
            vehicles[world.car(pair)] = world.moment(step, pair), world.leaf(step, pair)
        first, home = world.first_line + world.told, world.stations[0]
        for number in range(1, world.heavy):
            moment = (world.start_ns + (number + 1) * 15 * MINUTE_NS, first + number)
            kind, name = subject_of_long(world, number)
            if kind == "site":
                places[home, home, "99"] = moment
            elif kind:
                vehicles[name] = moment
        names = ("author", "site", "slot", "from_ns", "leaf")
        self._put("place", names, sorted((*key, *moment) for key, moment in places.items()))
        rows = (("vin", car, *moment) for car, moment in sorted(vehicles.items()))
        self._put("vehicle", ("scheme", "id", "from_ns", "leaf"), rows)

    def _telemetry(self) -> None:
        """A minute of every fiftieth pack, and days of the one with the long story."""
        world = self.world
        told: dict[str, list[tuple[UnitRef, str, int]]] = {}
        for pair in range(0, world.pairs, CHUNK_EVERY // 2):
            unit = UnitRef("gbt34014", world.code(2 * pair + 1))
            slot = world.slot_of(pair)
            told.setdefault(world.station_of(pair), []).append((unit, slot, world.moment(16, pair)))
        for number in range(CHUNKS_OF_LONG):
            moment = self._now - (CHUNKS_OF_LONG - number) * MINUTE_NS
            told.setdefault(world.stations[0], []).append((world.long_story, "99", moment))
        batch, chunks, records, slots, receipts = _minute(), [], [], {}, []
        for gateway, said in sorted(told.items()):
            for seq, (unit, slot, moment) in enumerate(said, 1):
                sealed, digest = _sealed(gateway, seq, unit, slot, moment, batch)
                where = (gateway, STREAM, seq)
                span = (moment, moment + 59 * NS_PER_S)
                chunks.append((*where, *_name(unit), slot, *span, 60, sealed, self._now))
                records.append((*where, digest, "stored", self._now))
                if (gateway, slot) not in slots or span[1] >= slots[gateway, slot][-1]:
                    slots[gateway, slot] = (gateway, slot, *_name(unit), STREAM, seq, span[1])
            receipts.append((gateway, STREAM, len(said), len(said), self._now, self._now))
        record = ("gateway", "epoch", "seq")
        spans = ("scheme", "unit", "slot", "from_ns", "to_ns", "samples", "data", "recorded_ns")
        self._put("record", (*record, "digest", "outcome", "recorded_ns"), records)
        self._put("chunk", (*record, *spans), chunks)
        names = ("gateway", "slot", "scheme", "unit", "epoch", "seq", "to_ns")
        self._put("slot", names, [slots[key] for key in sorted(slots)])
        names = ("gateway", "epoch", "through", "highest", "sealed_ns", "committed_ns")
        self._put("receipt", names, receipts)


def _stream(row: Row) -> str:
    return "trust" if row.type == "KeyRegistered" else STREAM


def _name(unit: UnitRef) -> tuple[str, str]:
    return unit.scheme, unit.id


def _minute() -> SampleBatch:
    ramp = np.arange(60, dtype=np.float64)
    return SampleBatch.from_arrays(
        t_s=ramp,
        pack_voltage_v=350 + ramp / 100,
        pack_current_a=np.full(60, 75.0),
        soc_pct=50.0 + ramp / 100,
        cell_voltage_v=3.3 + np.outer(ramp, np.ones(108)) / 1000,
        temperature_c=np.full((60, 8), 27.0),
    )


def _sealed(
    gateway: str, seq: int, unit: UnitRef, slot: str, moment: int, batch: SampleBatch
) -> tuple[bytes, bytes]:
    """A sealed minute from `moment` on, and the digest that removes duplicates."""
    body = encode_columns(SampleBatch(batch.t_ns - batch.t_ns[0] + moment, batch.values))
    record = Record(
        gateway=gateway,
        epoch=STREAM,
        seq=seq,
        kind=Kind.TELEMETRY,
        unit=unit,
        slot=slot,
        t_ns=moment,
        sealed_ns=moment + MINUTE_NS,
        mono_ns=0,
        clock=ClockQuality.SYNCED,
        body=body,
    )
    digest = hashlib.sha256(msgspec.msgpack.encode(record)).digest()
    return seal(record, key_of(gateway)), digest


def settings_text(world: World, store: str, folder: Path) -> str:
    """`bridge.toml` with everybody on the trust list."""
    trusted = "".join(
        f'\n[[trust]]\nparty = "{name}"\nrole = "{role}"\n'
        f'public_key = "{key_of(name).public.text}"\n'
        for name, role in world.parties
        if name != ORIGIN  # the bridge has a voice of its own
    )
    return (
        f'name = "bridge-1"\nkey_file = "{folder / "bridge.pem"}"\n\n[store]\n{store}\n\n'
        f'[ledger]\norigin = "{ORIGIN}"\n\n[mqtt]\nport = 1\n\n[http]\nport = 0\n{trusted}'
    )


def build(folder: Path, packs: int, postgres: str = "") -> World:
    """A folder with store, key and settings; the world that fills it."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(packs, (time.time_ns() // DAY_NS - 126) * DAY_NS)
    target = PostgresTarget(postgres) if postgres else SqliteTarget(folder / "bridge.sqlite")
    Filling(world, target.put).run()
    target.close()
    if not (folder / "bridge.pem").exists():
        AUTHORITY.save(folder / "bridge.pem")
    store = f'postgres = "{postgres}"' if postgres else f'path = "{folder / "bridge.sqlite"}"'
    (folder / "bridge.toml").write_text(settings_text(world, store, folder))
    return world


def main() -> None:
    """Build one."""
    reader = argparse.ArgumentParser()
    reader.add_argument("folder", type=Path)
    reader.add_argument("packs", type=int)
    reader.add_argument("--postgres", default="", metavar="CONNINFO")
    args = reader.parse_args()
    begin = time.monotonic()
    world = build(args.folder, args.packs, args.postgres)
    print(f"{world.packs + 1:,} packs, {world.size:,} lines: {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
