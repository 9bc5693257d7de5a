"""The index of whatever lines name besides units: from each line, and from each entry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.tree import BITS
from cloud_bridge.keeping.workers import Hand, Workers
from cloud_bridge.store import Store
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import decode_event, subjects

AT_ONCE: Final = 50
"""Spans whose entries are read together: a quarter of a million."""


def check_subjects(store: Store, named: Sequence[tuple[int, str, str]], found: Findings) -> int:
    """Every subject that some lines name is listed.

    Args:
        store: inside `reading`.
        named: leaf, kind and id.
        found: what is not.

    Returns:
        How many are; what is listed beyond them all, no line accounts for.
    """
    if not named:
        return 0
    keys = {"keys": json.dumps(named, ensure_ascii=False)}
    listed = set(store.stream("subjects_listed", keys))
    if len(listed) != len(named):
        for leaf, kind, name in sorted(set(named) - listed):
            found.fault(f"leaf {leaf} names subject {kind}:{name} and is not listed")
    return len(listed)


def check_beyond(workers: Workers, accounted: Counter[int], found: Findings) -> None:
    """Entries that no line accounts for, in spans that have more of them than their lines name.

    Args:
        workers: look at them.
        accounted: number of a span -> how many entries its lines account for.
        found: what is listed beyond.
    """
    store = workers.own.store
    listed = dict(store.stream("subjects_per_span", {"bits": BITS}))
    more = sorted(span for span, count in listed.items() if count != accounted[span])
    for at in range(0, len(more), AT_ONCE):
        spans = json.dumps(more[at : at + AT_ONCE])
        rows = store.stream("subjects_of_spans", {"bits": BITS, "spans": spans})
        groups = ([*group] for _, group in groupby(rows, key=lambda row: row[0] >> BITS))
        for part in workers.answers(look_at_entries, groups):
            found.add(part)


def look_at_entries(rows: Sequence[tuple[int, str, str]], hand: Hand) -> Findings:
    """Entries of one span, rising by leaf, beside its lines."""
    found = Findings("index")
    between = {"first": rows[0][0], "last": rows[-1][0] + 1}
    lines = {row[0]: row[-1] for row in hand.store.stream("lines_between", between)}
    for leaf, entries in groupby(rows, key=lambda row: row[0]):
        named = _named(lines[leaf]) if leaf in lines else None
        for _, kind, name in entries:
            if leaf not in lines:
                found.fault(f"{kind}:{name} lists leaf {leaf}, which is not there")
            elif named is not None and (kind, name) not in named:
                found.fault(f"leaf {leaf} is listed under {kind}:{name} and does not name it")
    return found


def _named(signed: bytes) -> frozenset[tuple[str, str]] | None:
    """What a line names; None for one that cannot be read, which is told elsewhere."""
    try:
        return frozenset(subjects(decode_event(signed).read()))
    except (CodecError, PacktrailError, msgspec.ValidationError, UnicodeError):
        return None
