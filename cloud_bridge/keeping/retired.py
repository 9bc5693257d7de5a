"""Telemetry that went by policy, told from telemetry that was stolen.

A chunk may lack its bytes only under a statement of the ledger about its unit, and each statement
commits to what is left of every record that it lets go, so that none can be slipped in under it
or changed. The statement itself, and whether its author may make it, is a line like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.stated import bodies, stated
from cloud_bridge.ledger.days import day_of, name_of
from cloud_bridge.ledger.retired import RetiredRecord, removed_root
from cloud_bridge.store import Entry, Store
from packtrail.event import TelemetryCommitted, TelemetryRetired, UnitRef
from packtrail.proof.pack import Check
from packtrail.topics import RecordAddress

UNITS: Final = 500

Gone = tuple[UnitRef | None, RetiredRecord]


def check_retired(store: Store) -> Check:
    """Each statement against the records that went under it; call it inside `reading`."""
    found, roots = Findings("retired"), _Roots(store)
    groups = _groups(store)
    group = next(groups, None)
    for entry, _, _ in stated(store, TelemetryRetired):
        while group and group[0] < entry.leaf:
            _unstated(found, *group)
            group = next(groups, None)
        records: list[Gone] = []
        if group and group[0] == entry.leaf:
            records, group = group[1], next(groups, None)
        found.count += len(records)
        for fault in [*_faults(entry, records), *roots.faults(entry)]:
            found.fault(f"leaf {entry.leaf}: {fault}")
    while group:
        _unstated(found, *group)
        group = next(groups, None)
    return found.check()


def _groups(store: Store) -> Iterator[tuple[int, list[Gone]]]:
    """Leaf -> records that say they went under it, rising."""
    for leaf, rows in groupby(store.stream("all_retired"), key=lambda row: row[0]):
        yield leaf, [_gone(row) for row in rows]


def _gone(row: tuple[Any, ...]) -> Gone:
    unit = UnitRef(row[9], row[10]) if row[9] and row[10] else None
    address = RecordAddress(*row[1:4])
    return unit, RetiredRecord(address, bytes(row[4] or b""), *row[5:9])


def _unstated(found: Findings, leaf: int, records: Iterable[Gone]) -> None:
    for _, record in records:
        where = "/".join(map(str, record.address))
        found.fault(f"chunk {where}: no statement of retirement stands at leaf {leaf}")


def _faults(entry: Entry, records: list[Gone]) -> Iterator[str]:
    body = entry.event.body
    assert isinstance(body, TelemetryRetired)
    wanted = sum(day.records for day in body.days)
    if len(records) != wanted:
        yield f"it retires {wanted} records, {len(records)} say that they went under it"
    elif removed_root(record for _, record in records) != body.removed:
        yield "the records that say that they went under it are not those that it retires"
    for unit, record in records:
        if unit != entry.event.unit:
            where = "/".join(map(str, record.address))
            yield f"chunk {where} is listed under {unit}, which it does not speak of"
    per_day: dict[str, int] = {}
    for _, record in records:
        name = name_of(day_of(record.to_ns))
        per_day[name] = per_day.get(name, 0) + 1
    if per_day != {day.day: day.records for day in body.days}:
        yield "its records are not of the days that it names"
    if sum(record.samples for _, record in records) != body.samples:
        yield f"it retires {body.samples} samples, its records had others"


class _Roots:
    """Roots of days that units have in the ledger, kept for the units that were asked for last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._of: dict[UnitRef, dict[tuple[str, int], tuple[str, int]]] = {}

    def faults(self, entry: Entry) -> Iterator[str]:
        """Days of which no root stood before the statement, or another one."""
        body, unit = entry.event.body, entry.event.unit
        assert isinstance(body, TelemetryRetired)
        if unit is None:
            yield "it speaks of no unit"
            return
        known = self._known(unit)
        for day in body.days:
            root, leaf = known.get((day.day, day.revision), ("", -1))
            if root != day.root or leaf > entry.leaf:
                yield f"the root of {day.day} that it names did not stand before it"

    def _known(self, unit: UnitRef) -> dict[tuple[str, int], tuple[str, int]]:
        if unit not in self._of:
            if len(self._of) >= UNITS:
                self._of.clear()
            self._of[unit] = {
                (said.day, said.revision): (said.root, one.leaf)
                for one, event, said in bodies(self._store.entries_of(unit), TelemetryCommitted)
                if event.unit == unit
            }
        return self._of[unit]
