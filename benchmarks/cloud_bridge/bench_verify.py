"""Verifying a whole store: lines per second, processor time a line, memory, against Ed25519.

A store of `big_store` is verified from its first line to its last. The bound is one bare Ed25519
check per line and chunk, measured on lines of the same store before and after. Processor time
counts every process, so that the share that is signatures holds on a machine that others keep
busy too.

`python -m benchmarks cloud_bridge.bench_verify [--packs N] [--only SQLite] [--store FOLDER]`
"""

from __future__ import annotations

import argparse
import base64
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.cloud_bridge.big_store import build
from benchmarks.cloud_bridge.big_world import AUTHORITY, ORIGIN
from benchmarks.timing import table
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.store import SqliteStore, Store
from cloud_bridge.store.postgres import PostgresStore
from packtrail.event import EVENT_DOMAIN
from packtrail.language import Text
from packtrail.proof.trust import TrustList
from packtrail.signing import VerifyKey
from tests.databases import Postgres

PACKS: Final = 4_000
CHECKS: Final = 2_000


class Run(NamedTuple):
    """One verification: what it took of what, and how much it looked at."""

    lines: int
    chunks: int
    wall_s: float
    processor_s: float
    main_mb: float
    worker_mb: float
    faults: tuple[str, ...]


def verified(store: Store, jobs: int) -> Run:
    """Verify everything; phases are told as they end."""
    begin, spent = time.monotonic(), _processor_s()
    checks = verify_whole(store, ORIGIN, AUTHORITY.public, jobs, _tell)
    faults = tuple(fault for check in checks for fault in check.faults)
    counts = {check.name: check.count for check in checks}
    return Run(
        counts["lines"],
        counts["chunks"],
        time.monotonic() - begin,
        _processor_s() - spent,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        faults,
    )


@contextmanager
def _tell(what: Text, total: float, unit: Text) -> Iterator[Callable[[float], None]]:
    begin, told = time.monotonic(), 0.0

    def heard(more: float) -> None:
        nonlocal told
        if (told + more) // 1_000_000 > told // 1_000_000:
            print(f"    {told + more:,.0f}: {time.monotonic() - begin:.0f} s", flush=True)
        told += more

    yield heard
    taken = time.monotonic() - begin
    print(f"  {what.en}: {total:,.0f} {unit.en}, {taken:.0f} s", flush=True)


def _processor_s() -> float:
    """Of this process and of those that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def signature_us(store: Store) -> float:
    """Processor time of one bare Ed25519 check, over lines of this store."""
    trust = TrustList(AUTHORITY.public).extended(store.key_entries())
    first = store.size() // 2
    prepared = [
        (_key(trust, entry.signed.key_id), entry.signed.canonical, entry.signed.signature)
        for entry in store.entries(first, CHECKS)
    ]
    ready = [(key, message, base64.b64decode(signature)) for key, message, signature in prepared]
    begin = time.process_time()
    assert all(key.accepts(EVENT_DOMAIN, message, made) for key, message, made in ready)
    return (time.process_time() - begin) / len(ready) * 1e6


def _key(trust: TrustList, key_id: str) -> VerifyKey:
    return AUTHORITY.public if key_id == AUTHORITY.key_id else trust.voices[key_id].key


def measured(name: str, store: Store, jobs: int) -> tuple[str, ...]:
    """A row of the table."""
    before = signature_us(store)
    run = verified(store, jobs)
    assert not run.faults, run.faults
    bound = (before + signature_us(store)) / 2
    line = run.processor_s / run.lines * 1e6
    return (
        f"{name}, {jobs} process(es), {run.lines:,} lines, {run.chunks:,} chunks",
        f"{run.lines / run.wall_s:,.0f}",
        f"{run.wall_s:,.0f}",
        f"{line:.0f}",
        f"{bound:.0f}",
        f"{bound * (run.lines + run.chunks) / 1e6 / run.processor_s:.0%}",
        f"{run.main_mb:.0f}",
        f"{run.worker_mb:.0f}" if jobs > 1 else "",
    )


HEAD: Final = (
    "store",
    "lines/s",
    "s",
    "processor us/line",
    "Ed25519 us",
    "share",
    "main MB",
    "worker MB",
)


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--packs", type=int, default=PACKS)
    reader.add_argument("--store", type=Path, metavar="FOLDER")
    reader.add_argument("--postgres", metavar="CONNINFO")
    reader.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    reader.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    args, _ = reader.parse_known_args()
    if args.store or args.postgres:
        kind = "PostgreSQL" if args.postgres else "SQLite"
        file = (args.store or Path()) / "bridge.sqlite"
        store: Store = PostgresStore(args.postgres) if args.postgres else SqliteStore(file)
        table(HEAD, [measured(kind, store, jobs) for jobs in args.jobs])
        return
    rows = []
    for kind in ("SQLite", "PostgreSQL"):
        if args.only in (None, kind):
            rows += _built(kind, args.packs, args.jobs)
    table(HEAD, rows)


def _built(kind: str, packs: int, jobs: Sequence[int]) -> list[tuple[str, ...]]:
    """Build a store and verify it; it is removed again."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, conninfo = Path(name), ""
        if kind == "PostgreSQL":
            server = Postgres()
            stack.callback(server.remove)
            server.start()
            conninfo = server.database()
        build(folder, packs, conninfo)
        file = folder / "bridge.sqlite"
        store: Store = PostgresStore(conninfo) if conninfo else SqliteStore(file)
        stack.callback(store.close)
        return [measured(kind, store, number) for number in jobs]


if __name__ == "__main__":
    main()
