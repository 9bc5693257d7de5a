"""Keeps the rows that lists read: taken forward behind the ledger, a portion at a time.

New lines say which units to fold again. What cannot be caught up line by line - a first start, a
restored backup, another version of the fold, a long absence - is a sweep over all units, each
folded once; meanwhile lines go on to be followed. A portion is committed only where nobody else
has moved on, and a row that is late is seen to be so by whoever reads it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cloud_bridge.store import Store
from cloud_bridge.store.glances import GlanceRow, GlanceState
from cloud_bridge.view.glance import made
from cloud_bridge.view.glances import row_of
from cloud_bridge.view.stories import newest_key_line
from packtrail.event import UnitRef

LINES: Final = 500
UNITS: Final = 200
FAR: Final = 10_000
"""So many lines behind, and more than there are units, a sweep folds less."""


def advance(store: Store) -> bool:
    """Take in a portion of what is new; whether nothing is left."""
    before = store.glance_state()
    size = store.size()
    behind = size - 1 - before.leaf
    if before.made != made():
        store.move_glances(before, GlanceState(size - 1, made(), sweep=True), (), clear=True)
        return False
    if behind > max(FAR, store.counts().units):
        store.move_glances(before, GlanceState(size - 1, made(), sweep=True), ())
        return False
    return _take(store, before)


def _take(store: Store, before: GlanceState) -> bool:
    with store.reading():
        after, touched = _touched(store, before)
        if after == before and not touched:
            return True
        rows = _rows(store, touched)
    store.move_glances(before, after, rows.items())
    return False


def _touched(store: Store, before: GlanceState) -> tuple[GlanceState, set[UnitRef]]:
    """Where a portion ends, and the units that it may change."""
    through = min(store.size() - 1, before.leaf + LINES)
    touched = store.units_between(before.leaf, through)
    touched |= store.units_before_keys(newest_key_line(store), UNITS)
    after = replace(before, leaf=through)
    if before.sweep:
        start = UnitRef(before.scheme, before.unit) if before.scheme else None
        swept = store.units(start, UNITS)
        touched.update(swept)
        last = swept[-1] if len(swept) == UNITS else UnitRef("", "")
        after = replace(after, sweep=len(swept) == UNITS, scheme=last.scheme, unit=last.id)
    return after, touched


def _rows(store: Store, touched: set[UnitRef]) -> dict[UnitRef, GlanceRow]:
    """Rows of these units, and of every code that is looked at with one of them."""
    rows: dict[UnitRef, GlanceRow] = {}
    waiting = sorted(touched, key=str, reverse=True)
    while waiting:
        unit = waiting.pop()
        if unit not in rows and (unit in touched or store.has_unit(unit)):
            rows[unit], whole = row_of(store, unit)
            waiting += sorted(whole.codes - rows.keys(), key=str)
    return rows
