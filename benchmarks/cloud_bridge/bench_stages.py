"""Where a record's processor time goes in the bridge, stage by stage, beside the whole bridge.

One thread at a time does one stage for all records, in interleaved rounds, so the sum is what the
stages cost without each other; what the whole bridge takes beyond it are threads that wait for the
interpreter, caches that they empty, and the look of this benchmark itself.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.cloud_bridge.bench_ingest import (
    AUTHORITY,
    BATCH,
    EPOCH,
    KEY,
    T_NS,
    Silent,
    bare_commits,
    messages,
    trust,
)
from benchmarks.cloud_bridge.bench_mqtt import RECORDS, drained, drained_bare, publish, subscribe
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.intake import Intake, Judged
from cloud_bridge.ingest.judge import judge
from cloud_bridge.keeping.days import Days
from cloud_bridge.metrics import Metrics
from cloud_bridge.projections import Follower
from cloud_bridge.store import Committed, Progress, SqliteStore, Store
from cloud_bridge.store.postgres import PostgresStore
from cloud_bridge.watch import Watch
from packtrail.columns import check_columns
from packtrail.record import Sealed, unseal
from tests.databases import Postgres
from tests.services import Mosquitto

ROUNDS = 5


class NoStore:
    """Says that everything is committed: what remains is receipts, counters and logs."""

    def commit(self, arrivals: Sequence[object], *_: object) -> Committed:
        """A receipt for one gateway."""
        return Committed((Progress("g", EPOCH, len(arrivals), (), ()),), len(arrivals))


def took(action: Callable[[], object]) -> float:
    """Microseconds of this thread's processor time for each record."""
    begin = time.thread_time_ns()
    action()
    return (time.thread_time_ns() - begin) / 1_000 / RECORDS


class Stages:
    """One round of every stage."""

    def __init__(self, sealed: list[tuple[str, bytes]]) -> None:
        self.sealed, self.known = sealed, trust()
        self.opened = [unseal(data) for _, data in sealed]
        self.bodies = [one.read().body for one in self.opened]
        self.deliveries = [Delivery(topic, data, i, 0) for i, (topic, data) in enumerate(sealed)]

    def intake(self, store: Store) -> Intake:
        """Without a broker."""
        return Intake(Inbox(1), Silent(), store, lambda: self.known, AUTHORITY, Metrics())

    def judged(self) -> list[Judged]:
        """Batches as the writer gets them."""
        found = [judge(topic, data, self.known, T_NS) for topic, data in self.sealed]
        steps = range(0, RECORDS, BATCH)
        return [
            Judged(self.deliveries[at : at + BATCH], found[at : at + BATCH], T_NS) for at in steps
        ]

    def handed_over(self) -> None:
        """Through the inbox, in one thread."""
        inbox = Inbox(2 * BATCH)
        for at in range(0, RECORDS, BATCH):
            for one in self.deliveries[at : at + BATCH]:
                inbox.put(one)
            inbox.batch(BATCH, 1.0)

    def of_judging(self) -> dict[str, float]:
        """Signature, columns, and what judging takes beside both."""
        signature = took(lambda: [_accepted(one) for one in self.opened])
        columns = took(lambda: [check_columns(body) for body in self.bodies])
        whole = took(lambda: [judge(*one, self.known, T_NS) for one in self.sealed])
        return {
            "signature (the slowest bound)": signature,
            "columns: unpacked and checked": columns,
            "judging beside these": whole - signature - columns,
        }

    def of_storing(self, kind: str, store: Store, batches: list[Judged]) -> dict[str, float]:
        """Rows, statements and commits; then what follows the store in the background."""
        intake = self.intake(store)
        answered = took(lambda: [intake._settle(one) for one in batches])  # noqa: SLF001 - a stage
        watch = Watch(store, AUTHORITY, "b")
        followers = [
            Follower(one, store, Metrics()) for one in (watch, Days(store, AUTHORITY, "b"))
        ]
        followed = took(lambda: [_carried(one) for one in followers])
        store.close()
        return {f"{kind}: stored, committed, answered": answered, f"{kind}: watch, days": followed}

    def of_answering(self, batches: list[Judged]) -> dict[str, float]:
        """Receipts, counters, logs: they are in the figures of storing, too."""
        intake = self.intake(NoStore())  # type: ignore[arg-type]  # it commits, and no more
        answered = took(lambda: [intake._settle(one) for one in batches])  # noqa: SLF001 - a stage
        return {"of that: receipts, counters, logs": answered}


def _accepted(one: Sealed) -> bool:
    return one.accepted_by(KEY.public)


def _carried(follower: Follower) -> None:
    while follower.step():
        pass


def one_round(stages: Stages, broker: Mosquitto, server: Postgres, place: Path) -> dict[str, float]:
    """Microseconds a record, by stage."""
    stores: dict[str, dict[str, str]] = {
        "SQLite": {"path": str(place / "whole.sqlite")},
        "PostgreSQL": {"postgres": server.database()},
    }
    found: dict[str, float] = {}
    for kind, store in stores.items():
        subscribe(broker.port)
        publish(broker.port, stages.sealed)
        spent = drained(broker.port, place, store).processor
        (place / "bridge.pem").unlink()
        found[f"the whole bridge on {kind}"] = spent / RECORDS * 1e6
    subscribe(broker.port)
    publish(broker.port, stages.sealed)
    bare = drained_bare(broker.port, plain=False).processor / RECORDS * 1e6
    batches = stages.judged()
    grouped = took(lambda: bare_commits(stages.sealed, place))
    return (
        {"read from the broker, acknowledged (a bound)": bare}
        | {"handed over to the judge": took(stages.handed_over)}
        | stages.of_judging()
        | stages.of_storing("SQLite", SqliteStore(place / "stage.sqlite"), batches)
        | stages.of_storing("PostgreSQL", PostgresStore(server.database()), batches)
        | stages.of_answering(batches)
        | {"the same bytes in grouped commits (a bound)": grouped}
        | found
    )


def main() -> None:
    """Print the table."""
    stages, rounds, server = Stages(messages(count=RECORDS)), [], Postgres()
    server.start()
    try:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                broker = Mosquitto(Path(name) / "broker", "max_inflight_messages 0")
                broker.start()
                rounds.append(one_round(stages, broker, server, Path(name)))
                broker.stop()
    finally:
        server.remove()
    bound = "signature (the slowest bound)"
    rows = [
        (
            name,
            f"{median(one[name] for one in rounds):.1f}",
            f"{median(one[bound] / one[name] for one in rounds):.2f}",
        )
        for name in rounds[0]
    ]
    size = f"records of {len(stages.sealed[0][1]):,} bytes"
    table((size, "us of processor each", "bound / stage"), rows)
