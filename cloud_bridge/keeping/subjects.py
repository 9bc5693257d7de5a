"""The index of whatever lines name besides units: from each line, and from each entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.workers import Hand
from cloud_bridge.store import Store
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import decode_event, subjects


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


def look_at_subjects(rows: Sequence[tuple[Any, ...]], _hand: Hand) -> Findings:
    """Entries of the index, each with its line: those that no line accounts for."""
    found = Findings("index")
    for kind, name, leaf, signed in rows:
        if signed is None:
            found.fault(f"{kind}:{name} lists leaf {leaf}, which is not there")
        elif not _names(signed, kind, name):
            found.fault(f"leaf {leaf} is listed under {kind}:{name} and does not name it")
    return found


def _names(signed: bytes, kind: str, name: str) -> bool:
    """Whether a line names a subject; one that cannot be read is told elsewhere."""
    try:
        return (kind, name) in subjects(decode_event(signed).read())
    except (CodecError, PacktrailError, msgspec.ValidationError, UnicodeError):
        return True
