"""What follows from lines and records: units, kept bytes, receipts, days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.telemetry import kept_fault
from cloud_bridge.keeping.voices import Voices
from cloud_bridge.store import Store
from packtrail.proof.pack import Check


def check_units(store: Store, found: Findings) -> None:
    """Every unit that anything names is listed, and no other."""
    listed, named = store.stream("all_units"), store.stream("all_named_units")
    for side, name in _differences(listed, named):
        why = "no line or chunk names it" if side == 0 else "it is not among the units"
        found.fault(f"unit {':'.join(name)}: {why}")


def _differences(
    one: Iterable[tuple[Any, ...]], other: Iterable[tuple[Any, ...]]
) -> Iterable[tuple[int, tuple[Any, ...]]]:
    """Rows that only one of two sorted streams has, and which (0 or 1)."""
    streams = iter(one), iter(other)
    heads = [next(stream, None) for stream in streams]
    while any(head is not None for head in heads):
        left, right = heads
        behind = 0 if right is None or (left is not None and left <= right) else 1
        if left == right:
            heads = [next(stream, None) for stream in streams]
            continue
        row = heads[behind]
        if row is not None:
            yield behind, row
        heads[behind] = next(streams[behind], None)


def check_refusals(store: Store, voices: Voices) -> Check:
    """Bytes that were refused, or came under a taken number, against digest and signature."""
    found = Findings("refusals")
    for name in ("all_refused", "all_equivocations"):
        for *address, data, digest in store.stream(name):
            found.count += 1
            fault = kept_fault(address[0], data, digest, voices)
            if fault:
                found.fault(f"{'/'.join(map(str, address))}: {fault}")
    for *address, outcome in store.stream("all_unexplained"):
        where = "/".join(map(str, address))
        found.fault(f"{where}: said to be {outcome[:20]!r}, its bytes are missing")
    return found.check()


def check_receipts(store: Store) -> Check:
    """A receipt promises that every number up to it is done."""
    found = Findings("receipts")
    for gateway, epoch, through, highest, done, last in store.stream("all_receipts"):
        found.count += 1
        where = f"{gateway}/{epoch}"
        if done != through:
            missing = _first_missing(store, gateway, epoch)
            found.fault(f"{where}: {through} numbers are promised; {missing} is missing")
        if highest != last:
            found.fault(f"{where}: number {highest} was seen, {last} is the last")
    for gateway, epoch in store.stream("unanswered"):
        found.fault(f"{gateway}/{epoch}: records without a receipt")
    return found.check()


def _first_missing(store: Store, gateway: str, epoch: str) -> int:
    wanted = 1
    for (seq,) in store.stream("numbers_of", {"gateway": gateway, "epoch": epoch}):
        if seq != wanted:
            break
        wanted += 1
    return wanted
