"""Lists of open duties against those that the lines call for, judged anew span by span.

A list that has not seen every line is being made or brought up: what it holds may change with the
next line, so its rows are left alone. What a damaged line calls for is told by the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.tree import BEFORE, BEYOND
from cloud_bridge.keeping.workers import Hand, Workers
from cloud_bridge.rules.lists import lists_of
from cloud_bridge.rules.open_duties import REPORTS, judge
from cloud_bridge.rules.recorded import table_of
from cloud_bridge.rules.table import RuleTable
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.stories import told_of
from packtrail.errors import PacktrailError
from packtrail.event import ReportAcknowledged, ReportSent
from packtrail.proof.pack import Check

WINDOW: Final = 5_000
FEWEST: Final = 10
"""Lines among which one cannot be read are not searched any further."""

Rows = dict[tuple[Any, ...], tuple[Any, ...]]


class Span(NamedTuple):
    """Lines above `after` up to `through`.

    Attributes:
        after: not among them.
        through: the last.
        list: whose rows; 0 for what is the same under every table.
        table: of the list.
        now_ns: what happens later is not looked at, UTC.
    """

    after: int
    through: int
    list: int
    table: RuleTable | None
    now_ns: int


def check_duties(workers: Workers, now_ns: int) -> Check:
    """Every list that has seen all lines, and what lists rest upon."""
    store, found = workers.own.store, Findings("duties")
    size = store.size()
    ((reported,),) = store.stream("reports_looked_at")
    for part in workers.answers(look_at_reports, _spans(reported + 1, 0, None, now_ns)):
        found.add(part)
    for before, after in ((BEFORE, -1), (size - 1, BEYOND)):
        found.add(look_at_reports(Span(before, after, 0, None, now_ns), workers.own))
    for one in lists_of(store):
        table = table_of(store, one.rules) if one.rules and one.leaf == size - 1 else None
        if table is not None and reported == size - 1:
            for part in workers.answers(look_at_duties, _spans(size, one.list, table, now_ns)):
                found.add(part)
    _check_rest(store, found)
    return found.check()


def _spans(size: int, number: int, table: RuleTable | None, now_ns: int) -> Iterator[Span]:
    for after in range(-1, size - 1, WINDOW):
        yield Span(after, min(after + WINDOW, size - 1), number, table, now_ns)


def look_at_duties(span: Span, hand: Hand) -> Findings:
    """What some lines call for, and what the list has of them."""
    found = Findings("duties")
    assert span.table is not None
    try:
        judged = judge(hand.store, span.table, span.list, span.after, span.through, span.now_ns)
    except (PacktrailError, msgspec.ValidationError, UnicodeError):
        return _halved(span, hand, found)
    where = {"list": span.list, "after": span.after, "through": span.through}
    waiting = {row[:1]: row[1:] for row in hand.store.stream("waiting_between", where)}
    due = {key for key, (wake_ns,) in waiting.items() if wake_ns <= span.now_ns}
    wanted: Rows = {
        (row["due_ns"], row["rule"], row["event_id"]): (row["holder"], row["units"])
        for row in judged.duties
    }
    stored = {row[:3]: row[3:] for row in hand.store.stream("duties_between", where)}
    found.count = len(wanted)
    # What a clock has reached is about to be looked at again.
    _compare(found, "duty", _without(wanted, due), _without(stored, due))
    wakes: Rows = {(row["event_id"],): (row["wake_ns"],) for row in judged.waiting}
    _compare(found, "waiting for", _without(wakes, due), _without(waiting, due))
    return found


def _without(rows: Rows, events: set[tuple[Any, ...]]) -> Rows:
    return {key: row for key, row in rows.items() if key[-1:] not in events}


def _halved(span: Span, hand: Hand, found: Findings) -> Findings:
    """A line that cannot be read keeps those about it from being judged, not all others."""
    middle = (span.after + span.through) // 2
    if span.through - span.after > FEWEST:
        found.add(look_at_duties(span._replace(through=middle), hand))
        found.add(look_at_duties(span._replace(after=middle), hand))
    return found


def look_at_reports(span: Span, hand: Hand) -> Findings:
    """Which facts the reports of some lines cover."""
    found, store = Findings("duties"), hand.store
    types = '["' + '","'.join(REPORTS) + '"]'
    where = {"after": span.after, "through": span.through}
    reports, covered = set[tuple[Any, ...]](), set[tuple[Any, ...]]()
    for row in store.stream("lines_of_types", {"types": types, **where}):
        try:
            event = told_of(Entry(*row)).event
        except (PacktrailError, msgspec.ValidationError, UnicodeError):
            continue  # the line's own check tells
        body, leaf = event.body, row[0]
        if isinstance(body, ReportSent | ReportAcknowledged):
            reports.add((leaf, event.author, body.platform, body.report))
        if isinstance(body, ReportSent):
            covered |= {(leaf, event_id) for event_id in body.covers}
    found.count = len(reports)
    for name, wanted in (("reports_between", reports), ("covered_between", covered)):
        stored = set(store.stream(name, where))
        for leaf, *names in sorted(wanted - stored):
            found.fault(f"report of leaf {leaf}: {' '.join(names)} is missing")
        for leaf, *names in sorted(stored - wanted):
            found.fault(f"report of leaf {leaf}: {' '.join(names)} is not what the line says")
    return found


def _check_rest(store: Store, found: Findings) -> None:
    for rule, event_id in store.stream("duties_of_nothing"):
        found.fault(f"duty {rule} {event_id}: there is no such event or list")
    for (event_id,) in store.stream("waiting_of_nothing"):
        found.fault(f"waiting for {event_id}: there is no such event or list")
    counted = {row[:2]: row[2:] for row in store.stream("duty_days_anew")}
    said = {row[:2]: row[2:] for row in store.stream("duty_days")}
    _compare(found, "count of duties", counted, said)


def _compare(found: Findings, what: str, wanted: Rows, stored: Rows) -> None:
    for key in sorted(wanted.keys() | stored.keys(), key=str):
        name = f"{what} {' '.join(map(str, key))}"
        if key not in stored:
            found.fault(f"{name} is missing")
        elif key not in wanted:
            found.fault(f"{name}: no line calls for it")
        elif wanted[key] != stored[key]:
            found.fault(f"{name} says {stored[key]}, the lines {wanted[key]}")
