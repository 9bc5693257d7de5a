"""What lists show of each unit, against the lines that it is said to be made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.workers import Hand, Workers, portions
from cloud_bridge.store import Store
from cloud_bridge.store.glances import GlanceRow
from cloud_bridge.view.glance import made
from cloud_bridge.view.glances import holds, row_of, told_by
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.proof.pack import Check


def check_lists(workers: Workers) -> Check:
    """Rows that anybody would read; one that is late is read by nobody, and no fault."""
    found, store = Findings("lists"), workers.own.store
    if store.glance_state().made == made():
        for part in workers.answers(look_at_rows, portions(store.stream("all_glances"))):
            found.add(part)
    return found.check()


def look_at_rows(rows: Sequence[tuple[Any, ...]], hand: Hand) -> Findings:
    """Each row of `rows` beside what its unit's lines come to."""
    found = Findings("lists", len(rows))
    for scheme, name, leaf, others, keys, shown in rows:
        unit, row = UnitRef(scheme, name), GlanceRow(leaf, others, keys, bytes(shown))
        fault = _fault(hand.store, unit, row)
        if fault:
            found.fault(f"{scheme}:{name}: {fault}")
    return found


def _fault(store: Store, unit: UnitRef, row: GlanceRow) -> str:
    """What is wrong with a row, "" for nothing."""
    try:
        wanted, _ = row_of(store, unit)
    except CodecError as error:
        return f"its lines cannot be read: {error}"
    if row.leaf > wanted.leaf:
        return f"made of leaf {row.leaf}, its newest is {wanted.leaf}"
    if row != wanted and (told_by(row) is None or holds(store, row, wanted.leaf)):
        return "lists show what its lines do not come to"
    return ""
