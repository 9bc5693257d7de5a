"""Roots of days against the records that were there when they were stated, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.stated import Stated, bodies, stated
from cloud_bridge.keeping.workers import Hand, Workers
from cloud_bridge.ledger.days import DAY_NS, committed, number_of
from cloud_bridge.store import Entry, Store
from packtrail.event import TelemetryCommitted, UnitRef
from packtrail.proof.pack import Check

UNITS: Final = 500
LAST: Final = "\U0010ffff"
"""No scheme comes after it."""

Newest = dict[str, Stated[TelemetryCommitted]]


class Span(NamedTuple):
    """Units above the first name up to the second, as scheme and id."""

    scheme: str
    unit: str
    last_scheme: str
    last_unit: str


def check_days(workers: Workers) -> Check:
    """The newest root of each unit and day."""
    found, store = Findings("days"), workers.own.store
    if next(stated(store, TelemetryCommitted), None) is not None:
        for part in workers.answers(look_at_days, _spans(store)):
            found.add(part)
    return found.check()


def _spans(store: Store) -> Iterator[Span]:
    """All names there can be, with as many units in each as one process takes at a time."""
    before = ("", "")
    page = store.units(limit=UNITS)
    while page:
        last = page[-1]
        yield Span(*before, last.scheme, last.id)
        before = last.scheme, last.id
        page = store.units(last, UNITS)
    yield Span(*before, LAST, LAST)


def look_at_days(span: Span, hand: Hand) -> Findings:
    """The days of some units; no more than one unit's are held at a time."""
    found = Findings("days")
    rows = hand.store.stream("committed_between", span._asdict())
    for name, lines in groupby(rows, key=lambda row: row[:2]):
        unit = UnitRef(*name)
        newest = _newest(unit, (Entry(*row[2:]) for row in lines))
        found.count += len(newest)
        for said in newest.values():
            fault = _fault(hand.store, unit, said)
            if fault:
                found.fault(f"{unit} {fault}")
    return found


def _newest(unit: UnitRef, lines: Iterator[Entry]) -> Newest:
    newest: Newest = {}
    for said in bodies(lines, TelemetryCommitted):
        _, event, body = said
        before = newest.get(body.day)
        if event.unit == unit and (before is None or body.revision > before[2].revision):
            newest[body.day] = said
    return newest


def _fault(store: Store, unit: UnitRef, said: Stated[TelemetryCommitted]) -> str:
    entry, _, body = said
    try:
        day = number_of(body.day)
    except ValueError:
        return f"{body.day[:20]}: leaf {entry.leaf} names no day"
    there = store.day_records(unit, day * DAY_NS, (day + 1) * DAY_NS)
    records = [one for one in there if one.recorded_ns <= entry.recorded_ns]
    if committed(day, records, body.revision) == body:
        return ""
    return f"{body.day}: {len(records)} records are not what leaf {entry.leaf} states"
