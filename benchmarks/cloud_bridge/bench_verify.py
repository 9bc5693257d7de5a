"""Verifying a whole store: lines per second on both databases, with the bound of the same run.

Signed moves of many packs are appended, sealed and verified from the first to the last. The bound
is checking one Ed25519 signature per line, in one process. `--lines N` measures more of them; the
hours for ten million are extrapolated from the rate.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from benchmarks.cloud_bridge.bench_store import stores
from benchmarks.timing import table
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.store import Fact, Store
from packtrail.event import KeyRegistered, PackInstalled, UnitRef, encode_event, sign_event
from tests.cloud_bridge import parts

LINES, GROUP, ROUNDS, PACKS, SIGNED = 20_000, 5_000, 3, 1_000, 2_000
ORIGIN, FULL = "bench.example/ledger", 10_000_000


def moves(first: int, count: int) -> list[Fact]:
    """Signed moves of a thousand packs."""
    found = []
    for number in range(first, first + count):
        unit = UnitRef("maker_serial", f"P{number % PACKS}")
        event = parts.event(
            PackInstalled(place=parts.SLOT, vehicle=parts.CAR),
            unit=unit,
            counter=number + 1,
            t_ns=parts.T0 + number * parts.SECOND,
        )
        found.append(Fact(sign_event(event, parts.STATION), event))
    return found


def fill(store: Store, lines: int) -> None:
    """Append signed lines and seal them."""
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN)
    authority.publish_trust([KeyRegistered(parts.STATION.public.text, "station-1", "gateway")])
    for at in range(0, lines, GROUP):
        store.append(moves(at, min(GROUP, lines - at)), parts.T0)
        authority.seal()


def seconds_of(store: Store, jobs: int) -> float:
    """One whole verification."""
    start = time.perf_counter()
    checks = verify_whole(store, ORIGIN, parts.AUTHORITY.public, jobs)
    assert not any(check.faults for check in checks), checks
    return time.perf_counter() - start


def bound() -> float:
    """Signatures per second, one process."""
    signed = [fact.signed for fact in moves(0, SIGNED)]
    start = time.perf_counter()
    assert all(one.accepted_by(parts.STATION.public) for one in signed)
    return SIGNED / (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--lines", type=int, default=LINES)
    reader.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    args, _ = reader.parse_known_args()
    rounds = ROUNDS if args.lines <= LINES else 1
    rows = []
    with stores() as made:
        for kind, make in made.items():
            if args.only not in (None, kind):
                continue
            store = make()
            fill(store, args.lines)
            for jobs in (1, 2):
                spent = median(seconds_of(store, jobs) for _ in range(rounds))
                rate = args.lines / spent
                hours = FULL / rate / 3600
                rows.append((f"{kind}, {jobs} process(es)", f"{rate:,.0f} /s", f"{hours:.1f} h"))
            store.close()
    rate = bound()
    rows.append(
        ("bound: Ed25519 and canonical form", f"{rate:,.0f} /s", f"{FULL / rate / 3600:.1f} h")
    )
    size = len(encode_event(moves(0, 1)[0].signed))
    table((f"{args.lines:,} lines of {size} bytes", "lines", "ten million"), rows)


if __name__ == "__main__":
    main()
