"""What of one pack's telemetry may go now: read at one moment, nothing is changed.

A day is looked at only when its root stands in the ledger and its records still give that root:
what was tampered with is evidence and stays, and so does what came after the root or was told to
be another pack's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold import fold
from cloud_bridge.fold.names import names_of
from cloud_bridge.ledger.days import DAY_NS, committed, day_of, name_of, told_day
from cloud_bridge.retention.holds import ALL_TIME, Hold, holds_of
from cloud_bridge.retention.policy import KeepRule
from cloud_bridge.store import Entry, Store
from cloud_bridge.store.values import DayChunk, DayRecord
from cloud_bridge.view import Packs
from packtrail.event import TelemetryCommitted, TelemetryRetired, UnitRef

MOST_DAYS: Final = 100
"""In one statement, so that it stays far below what an event may weigh."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day of which something may go.

    Attributes:
        day: its number.
        body: the newest root.
        chunks: what may go.
        kept: how many chunks stay.
        since_ns: since when the first of them might have gone, UTC ns.
    """

    day: int
    body: TelemetryCommitted
    chunks: tuple[DayChunk, ...]
    kept: int
    since_ns: int


@dataclass(slots=True)
class PackPlan:
    """One pack.

    Attributes:
        unit: whose telemetry.
        seen: units that its facts name it by -> newest leaf of each when this was read.
        holds: what holds it.
        due: days of which something may go, rising.
        kept: rule -> days of which it holds something.
        faults: days that do not fit their root.
    """

    unit: UnitRef
    seen: dict[UnitRef, int]
    holds: tuple[Hold, ...] = ()
    due: list[DueDay] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def plan_of(
    store: Store,
    unit: UnitRef,
    rules: Sequence[KeepRule],
    now_ns: int,
    *,
    owed: Collection[str] = (),
) -> PackPlan:
    """What of a pack's telemetry may go at `now_ns`.

    Args:
        store: of one bridge or many.
        unit: that the telemetry is sealed for.
        rules: in force.
        now_ns: UTC.
        owed: rules of the table of duties under which something about the pack is open.
    """
    with store.reading():
        entries = store.entries_of(unit)
        days = _committed(unit, entries)
        plan = PackPlan(unit, {unit: entries[-1].leaf if entries else -1})
        over = {day: entry for day, entry in sorted(days.items()) if 0 <= day < day_of(now_ns)}
        # Most packs have nothing old enough: that takes no fold.
        plan.holds = tuple(Hold(rule) for rule in rules if rule.floor)
        left = {day: one for day, one in over.items() if not _is_held(plan, day, now_ns)}
        if left:
            _read_story(store, plan, rules, owed)
        for day, entry in left.items():
            if not _is_held(plan, day, now_ns):
                _look_at(store, plan, day, entry, now_ns)
    return plan


def _read_story(
    store: Store, plan: PackPlan, rules: Sequence[KeepRule], owed: Collection[str]
) -> None:
    """What holds the pack, by everything that is known of it."""
    first, facts = Packs(store).story(plan.unit)
    names = {plan.unit, first, *names_of(first, facts)}
    plan.seen = {name: store.newest_line(name) for name in names}
    plan.holds = holds_of(rules, fold(first, facts), facts, owed=owed)


def _is_held(plan: PackPlan, day: int, now_ns: int) -> bool:
    """Whether a rule that speaks of all telemetry holds the day: then no chunk is read."""
    begin, end = day * DAY_NS, (day + 1) * DAY_NS - 1
    for hold in plan.holds:
        if hold.spans == (ALL_TIME,) and hold.until_ns(begin, end) > now_ns:
            plan.kept[hold.rule.id] += 1
            return True
    return False


def batches(due: Sequence[DueDay], most: int) -> Iterator[list[DueDay]]:
    """Days in portions of at most `most` chunks; a day that is larger is cut."""
    batch: list[DueDay] = []
    for one in _cut(due, most):
        size = sum(len(day.chunks) for day in batch)
        if batch and (size + len(one.chunks) > most or len(batch) == MOST_DAYS):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _cut(due: Sequence[DueDay], most: int) -> Iterator[DueDay]:
    for one in due:
        left = one.chunks
        while left:
            part, left = left[:most], left[most:]
            yield DueDay(one.day, one.body, part, one.kept + len(left), one.since_ns)


def _committed(unit: UnitRef, entries: Sequence[Entry]) -> dict[int, Entry]:
    """Day -> the newest root of a unit that a statement has not let go of entirely."""
    newest: dict[int, Entry] = {}
    gone: dict[int, int] = {}
    for entry in entries:
        body = entry.event.body
        if entry.event.unit != unit:
            continue
        if isinstance(body, TelemetryCommitted):
            day = told_day(body.day)
            if day not in newest or body.revision > _body(newest[day]).revision:
                newest[day] = entry
        elif isinstance(body, TelemetryRetired):
            gone |= {told_day(one.day): one.revision for one in body.days if not one.kept}
    return {day: one for day, one in newest.items() if _body(one).revision > gone.get(day, -1)}


def _body(entry: Entry) -> TelemetryCommitted:
    body = entry.event.body
    assert isinstance(body, TelemetryCommitted)
    return body


def _look_at(store: Store, plan: PackPlan, day: int, entry: Entry, now_ns: int) -> None:
    body, there = _body(entry), store.day_chunks(plan.unit, day * DAY_NS, (day + 1) * DAY_NS)
    known = [one for one in there if one.recorded_ns <= entry.recorded_ns]
    records = [DayRecord(*one[:4]) for one in known]
    if committed(day, records, body.revision) != body:
        plan.faults.append(f"{plan.unit} {name_of(day)}: not what leaf {entry.leaf} states")
        return
    held: set[str] = set()
    untils = [
        (chunk, _until(plan.holds, chunk, now_ns, held))
        for chunk in known
        if chunk.size and not chunk.given
    ]
    plan.kept.update(held)
    due = tuple(chunk for chunk, until in untils if until <= now_ns)
    if due:
        kept = sum(one.size > 0 for one in there) - len(due)
        since = min(until for _, until in untils)
        plan.due.append(DueDay(day, body, due, kept, since))


def _until(holds: Sequence[Hold], chunk: DayChunk, now_ns: int, held: set[str]) -> int:
    """Until when a chunk is held; `held` learns by which rules it still is."""
    untils = {hold.rule.id: hold.until_ns(chunk.from_ns, chunk.to_ns) for hold in holds}
    held |= {name for name, until in untils.items() if until > now_ns}
    return max(untils.values())
