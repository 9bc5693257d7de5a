"""Signed telemetry to a durable commit, with the bounds measured in the same run.

One minute of a pack (60 samples of 112 cells) per record, batches of 200 into SQLite with
synchronous FULL, without a broker: judge, one transaction, receipt. The bounds: checking one
Ed25519 signature, unpacking one chunk, and committing the same bytes in groups alone.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.encoding import minute
from benchmarks.timing import table
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.intake import Intake
from cloud_bridge.ingest.judge import judge
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import Entry, SqliteStore
from packtrail.columns import decode_columns, encode_columns
from packtrail.event import Event, KeyRegistered, UnitRef, encode_event, sign_event
from packtrail.proof.trust import TrustList
from packtrail.record import Kind, Record, seal, unseal
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time
from packtrail.topics import RecordAddress, record_topic

RECORDS, BATCH = 2_000, 200
T_NS = time.time_ns() // 10**9 * 10**9
"""Now: the roots of days that are over are made beside the ingest, and are no part of it."""
EPOCH = "00112233aabbccdd"
KEY, AUTHORITY = SigningKey.generate(), SigningKey.generate()


class Silent:
    """Answers nobody."""

    def answer(self, gateway: str, receipt: bytes) -> None:
        """Drop a receipt that was sealed like any other."""

    def acknowledge(self, deliveries: object) -> None:
        """Nobody waits."""


def trust() -> TrustList:
    """A list with one gateway."""
    moment = format_time(T_NS)
    event = Event(
        unit=None,
        occurred_from=moment,
        occurred_to=moment,
        clock=ClockQuality.FREE,
        author="b",
        stream="t",
        counter=1,
        body=KeyRegistered(KEY.public.text, "g", "gateway"),
    )
    signed = sign_event(event, AUTHORITY)
    entry = Entry(0, T_NS, signed.event_id, encode_event(signed))
    return TrustList(AUTHORITY.public).extended([entry])


def messages(
    gateways: Sequence[str] = ("g",), keys: Sequence[SigningKey] = (KEY,), count: int = RECORDS
) -> list[tuple[str, bytes]]:
    """So many sealed records of 40 packs, from these gateways in turn, each with its key."""
    told = minute()
    body = encode_columns(replace(told, t_ns=told.t_ns - told.t_ns[0] + T_NS))
    sealed = []
    for number in range(count):
        gateway, seq = gateways[number % len(gateways)], number // len(gateways) + 1
        record = Record(
            gateway=gateway,
            epoch=EPOCH,
            seq=seq,
            kind=Kind.TELEMETRY,
            unit=UnitRef("maker_serial", f"P{seq % 40}"),
            slot=str(seq % 8),
            t_ns=T_NS,
            sealed_ns=T_NS,
            mono_ns=0,
            clock=ClockQuality.SYNCED,
            body=body,
        )
        sealed.append(
            (
                record_topic(RecordAddress(gateway, EPOCH, seq)),
                seal(record, keys[number % len(keys)]),
            )
        )
    return sealed


def per_second(count: int, seconds: float) -> str:
    """A rate as text."""
    return f"{count / seconds:,.0f} /s"


def timed(action: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ingest(sealed: list[tuple[str, bytes]], folder: Path) -> float:
    """Everything from the inbox to the committed transaction and the sealed receipt."""
    store, known = SqliteStore(folder / "bridge.sqlite"), trust()
    intake = Intake(Inbox(1), Silent(), store, lambda: known, AUTHORITY, Metrics())
    deliveries = [Delivery(topic, data, i, 0) for i, (topic, data) in enumerate(sealed)]
    batches = [deliveries[at : at + BATCH] for at in range(0, RECORDS, BATCH)]
    seconds = timed(lambda: [intake.take(batch) for batch in batches])
    assert store.progress("g", EPOCH).through == RECORDS
    store.close()
    return seconds


def bare_commits(sealed: list[tuple[str, bytes]], folder: Path) -> float:
    """The same bytes in one plain table, in the same groups."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")

    def write() -> None:
        for at in range(0, len(sealed), BATCH):
            connection.execute("BEGIN")
            rows = [(data,) for _, data in sealed[at : at + BATCH]]
            connection.executemany("INSERT INTO t (data) VALUES (?)", rows)
            connection.execute("COMMIT")

    seconds = timed(write)
    connection.close()
    return seconds


def main() -> None:
    """Print the table."""
    sealed, known = messages(), trust()
    opened = [unseal(data) for _, data in sealed]
    body = opened[0].read().body
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = {
            "the bridge, broker aside": ingest(sealed, folder),
            "judging alone": timed(lambda: [judge(t, d, known, T_NS) for t, d in sealed]),
            "bound: Ed25519 check": timed(lambda: [s.accepted_by(KEY.public) for s in opened]),
            "bound: unpacking chunks": timed(lambda: [decode_columns(body) for _ in sealed]),
            "bound: grouped commits": bare_commits(sealed, folder),
            "SHA-256 of the bytes": timed(lambda: [hashlib.sha256(d).digest() for _, d in sealed]),
        }
    head = ("", f"records of {len(sealed[0][1]):,} bytes")
    table(head, [(name, per_second(RECORDS, seconds)) for name, seconds in rows.items()])
