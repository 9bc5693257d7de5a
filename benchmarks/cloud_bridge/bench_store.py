"""Records and events per second to a durable commit, on SQLite and PostgreSQL, with their bounds.

One process, no broker: a signed minute of a pack per record, judged, committed in batches of 200
and answered; events one by one and 500 at a time. The bounds are of the same run: checking one
Ed25519 signature, skimming one chunk, committing the same bytes in groups.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.cloud_bridge.bench_ingest import (
    AUTHORITY,
    BATCH,
    KEY,
    RECORDS,
    Silent,
    bare_commits,
    messages,
    per_second,
    timed,
    trust,
)
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.intake import Intake
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import Fact, SqliteStore, Store
from cloud_bridge.store.postgres import PostgresStore
from packtrail.columns import check_columns
from packtrail.record import unseal
from tests.cloud_bridge import parts
from tests.databases import Postgres

ROUNDS, SINGLE, MANY, GROUP = 3, 300, 5_000, 500


@contextmanager
def stores() -> Iterator[dict[str, Callable[[], Store]]]:
    """How to make an empty store of each kind."""
    server = Postgres()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server.start()
        try:
            yield {
                "SQLite": lambda: SqliteStore(folder / f"{time.monotonic_ns()}.sqlite"),
                "PostgreSQL": lambda: PostgresStore(server.database()),
            }
        finally:
            server.remove()


def ingest(store: Store, sealed: list[tuple[str, bytes]]) -> float:
    """Seconds from the inbox to the last sealed receipt."""
    known = trust()
    intake = Intake(Inbox(1), Silent(), store, lambda: known, AUTHORITY, Metrics())
    deliveries = [Delivery(topic, data, i, 0) for i, (topic, data) in enumerate(sealed)]
    batches = [deliveries[at : at + BATCH] for at in range(0, RECORDS, BATCH)]
    seconds = timed(lambda: [intake.take(batch) for batch in batches])
    store.close()
    return seconds


def append(store: Store, facts: list[Fact], group: int) -> float:
    """Seconds to append facts, so many in a transaction."""
    groups = [facts[at : at + group] for at in range(0, len(facts), group)]
    seconds = timed(lambda: [store.append(one, parts.T0) for one in groups])
    store.close()
    return seconds


def main() -> None:
    """Print the table."""
    sealed = messages()
    opened = [unseal(data) for _, data in sealed]
    body = opened[0].read().body
    facts = [parts.installed(counter=i, t_ns=parts.T0 + i) for i in range(1, MANY + 1)]
    rates: dict[str, list[float]] = {}

    def note(name: str, count: int, seconds: float) -> None:
        rates.setdefault(name, []).append(count / seconds)

    with stores() as made, tempfile.TemporaryDirectory() as folder:
        for turn in range(ROUNDS):
            for kind, make in made.items():
                note(f"records, {kind}", RECORDS, ingest(make(), sealed))
                note(f"events one by one, {kind}", SINGLE, append(make(), facts[:SINGLE], 1))
                note(f"events by {GROUP}, {kind}", MANY, append(make(), facts, GROUP))
            checks = timed(lambda: [s.accepted_by(KEY.public) for s in opened])
            note("bound: Ed25519 check", RECORDS, checks)
            note("skimming chunks", RECORDS, timed(lambda: [check_columns(body) for _ in sealed]))
            place = Path(folder) / str(turn)
            place.mkdir()
            note("bound: grouped commits", RECORDS, bare_commits(sealed, place))
    rows = [(name, per_second(1, 1 / median(found))) for name, found in rates.items()]
    table(("", "per second"), rows)
