"""Chunks per second that go by policy with their proof kept, beside a plain DELETE of the same.

One process: packs with days of telemetry (a sealed minute of 60 samples per chunk) whose roots
stand in the ledger. Retiring reads each pack's story, computes every day's root again, compares
every chunk with its digest, signs, states and empties. The peer deletes the same rows from the
same database in portions of the same size, its triggers taken away.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.cloud_bridge.bench_ingest import timed
from benchmarks.encoding import minute as full_minute
from benchmarks.timing import table
from cloud_bridge.ledger.days import DAY_NS
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore, Store
from packtrail.codes import PackCode
from packtrail.event import UnitRef
from packtrail.sample import SampleBatch
from packtrail.topics import RecordAddress
from tests.cloud_bridge import parts
from tests.cloud_bridge.retention_parts import TODAY, Yard
from tests.cloud_bridge.test_keeping import Kept
from tests.databases import Postgres

ROUNDS, PACKS, DAYS, CHUNKS = 3, 2, 20, 100
BATCH = 5_000
ALL = PACKS * DAYS * CHUNKS


def filled(store: Store, folder: Path) -> Yard:
    """A store with all of it, every day closed."""
    yard = Yard(store, folder)
    for n in range(PACKS):
        made_on = date(2025, 3, 9)
        unit = PackCode.make(maker="0B1", chemistry="LFP", made_on=made_on, serial=n + 1).unit
        for day in range(DAYS):
            begin = (TODAY + day) * DAY_NS
            yard.receive(*(minute(yard, unit, begin + n * parts.MINUTE) for n in range(CHUNKS)))
    yard.close_days()
    return yard


def minute(yard: Yard, unit: UnitRef, t_ns: int) -> tuple[str, bytes]:
    """One chunk."""
    return yard.gateway.telemetry(parts.samples(60, t_ns), unit=unit)


def delete(kept: Kept, addresses: list[RecordAddress]) -> float:
    """Seconds to delete the rows in portions, each committed."""
    each = "SELECT CAST(jsonb_array_elements_text(CAST(%s AS jsonb)) AS bigint)"
    numbers = f"= ANY (ARRAY({each}))" if kept.postgres else "IN (SELECT value FROM json_each(?))"
    where = f"gateway = {kept.mark} AND epoch = {kept.mark} AND seq {numbers}"
    hand = kept.hand()
    portions = [addresses[at : at + BATCH] for at in range(0, len(addresses), BATCH)]

    def gone() -> None:
        for portion in portions:
            seqs = json.dumps([one.seq for one in portion])
            hand.execute(f"DELETE FROM chunk WHERE {where}", [*portion[0][:2], seqs])

    seconds = timed(gone)
    hand.close()
    return seconds


@contextmanager
def places() -> Iterator[dict[str, Callable[[], Kept]]]:
    """How to make an empty place of each kind."""
    server = Postgres()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server.start()

        def file() -> Kept:
            return Kept(StoreSettings(path=folder / f"{time.monotonic_ns()}.sqlite"))

        def database() -> Kept:
            return Kept(StoreSettings(postgres=server.database()), server)

        try:
            yield {"SQLite": file, "PostgreSQL": database}
        finally:
            server.remove()


def measured(make: Callable[[], Kept], folder: Path) -> Iterator[tuple[str, float]]:
    """What was done and how many seconds it took."""
    store = make().open()
    yard = filled(store, folder)
    yield "told", timed(lambda: yard.retain(apply=False))
    yield "retired", timed(lambda: yard.retain(batch=BATCH))
    store.close()
    other = make()
    store = other.open()
    again = filled(store, folder)
    store.close()
    numbers = range(1, again.gateway.seq + 1)
    yield "deleted", delete(other, [RecordAddress("station-1", parts.EPOCH, n) for n in numbers])


def room(folder: Path) -> list[tuple[str, str]]:
    """What 28 days of 60 full minutes weigh in SQLite before and after, and the statement."""
    file, batch = folder / "room.sqlite", full_minute()
    store = SqliteStore(file)
    yard = Yard(store, folder)
    for day in range(28):
        starts = [(TODAY + day) * DAY_NS + n * parts.MINUTE for n in range(60)]
        shifted = [SampleBatch(batch.t_ns - batch.t_ns[0] + t, batch.values) for t in starts]
        yard.receive(*(yard.gateway.telemetry(one) for one in shifted))
    yard.close_days()
    before = _vacuumed(file)
    chunks = yard.retain().chunks
    after = _vacuumed(file)
    (said,) = store.entries_of_type("TelemetryRetired")
    store.close()
    return [
        ("bytes of a SQLite file, before", f"{before:,}"),
        ("bytes of a SQLite file, after", f"{after:,}"),
        ("bytes left of a chunk, ledger and indexes counted in", f"{after / chunks:,.0f}"),
        ("bytes of the statement", f"{len(said.data):,}"),
    ]


def _vacuumed(file: Path) -> int:
    connection = sqlite3.connect(file)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file.stat().st_size


def main() -> None:
    """Print the table."""
    rates: dict[str, list[float]] = {}
    with places() as made, tempfile.TemporaryDirectory() as name:
        for _ in range(ROUNDS):
            for kind, make in made.items():
                for what, seconds in measured(make, Path(name)):
                    rates.setdefault(f"{what}, {kind}", []).append(ALL / seconds)
    middle = {what: median(found) for what, found in rates.items()}
    rows = [(what, f"{rate:,.0f}") for what, rate in middle.items()]
    for kind in ("SQLite", "PostgreSQL"):
        ratio = middle[f"deleted, {kind}"] / middle[f"retired, {kind}"]
        rows.append((f"a plain DELETE is so many times as fast, {kind}", f"{ratio:.1f}"))
    table(("", "chunks per second"), rows)
    with tempfile.TemporaryDirectory() as name:
        table(("28 days of 60 full minutes", ""), room(Path(name)))
