"""What `packtrail bridge duties` prints: open duties of the whole ledger, the most urgent first."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.duties import Duty
from cloud_bridge.rules.reading import read_table
from cloud_bridge.rules.table import DutyRule, RuleTable
from cloud_bridge.settings import BridgeSettings, StoreSettings
from cloud_bridge.store import Store
from packtrail.language import Text
from packtrail.times import parse_time

SHOWN = 200


def book_of(settings: BridgeSettings) -> DutyBook:
    """The book of a bridge with these settings."""
    return DutyBook(read_table(settings.rules.table), settings.name)


def rebuilt(
    book: DutyBook, store: Store, settings: StoreSettings, jobs: int, say: Callable[[str], None]
) -> str:
    """Make the list anew beside the one that readers see; an unfinished one is gone on with."""
    if not book.unfinished(store):
        book.rebuild(store)
    begin = time.monotonic()
    book.build(store, settings, jobs or os.cpu_count() or 1, threading.Event(), Progress(say).tell)
    book.advance(store, time.time_ns())
    total, late, _ = book.counts(store, time.time_ns())
    told = Text(
        "{lines} facts looked at in {s:.0f} s; {n} open duties, {late} overdue",
        "已处理 {lines} 条事实，用时 {s:.0f} 秒；未完成义务 {n} 项，其中逾期 {late} 项",
    )
    return told.say(lines=store.size(), s=time.monotonic() - begin, n=total, late=late)


class Progress:
    """A line now and then."""

    def __init__(self, say: Callable[[str], None], every_s: float = 5.0) -> None:
        self._say = say
        self._every_s = every_s
        self._said = self._begin = time.monotonic()

    def tell(self, done: int, whole: int) -> None:
        """How far it is."""
        now = time.monotonic()
        if now - self._said >= self._every_s:
            self._said = now
            self._say(f"{100 * done / whole:5.1f} %  {now - self._begin:.0f} s")


def open_duties(
    book: DutyBook, store: Store, table: RuleTable | None, now_ns: int, *, overdue: bool
) -> list[Duty]:
    """Duties that are still to be done; with `overdue`, those that should have been.

    Under a table of one's own they are judged from the whole ledger: the store keeps the list of
    the table in force.
    """
    if table is None:
        return book.open(store, now_ns, overdue=overdue)
    return DutyBook(table).anew(store, now_ns, overdue=overdue)


def as_json(found: Iterable[Duty]) -> str:
    """The duties as a JSON list."""
    return msgspec.json.format(msgspec.json.encode(list(found))).decode()


def as_text(found: Sequence[Duty], rules: Iterable[DutyRule]) -> str:
    """One line per duty, the most urgent first, then how many there are."""
    known = {rule.id: rule for rule in rules}
    lines = [_line(duty, known[duty.rule]) for duty in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(Text("… {n} more", "……另有 {n} 项").say(n=len(found) - SHOWN))
    late = Counter(duty.overdue for duty in found)[True]
    summary = Text("{n} open duties, {late} overdue", "未完成义务 {n} 项，其中逾期 {late} 项")
    return "\n".join([*lines, summary.say(n=len(found), late=late)])


def _line(duty: Duty, rule: DutyRule) -> str:
    left = Text("in {n} days", "剩余 {n} 天").say(n=duty.days_left)
    if duty.overdue:
        left = Text("overdue by {n} days", "逾期 {n} 天").say(n=-duty.days_left)
    mark = Text(" (provisional)", "（暂定）").say() if duty.provisional else ""
    units = ", ".join(duty.units[:3]) or duty.event[:16]
    day, what = rule.day_of(parse_time(duty.due)), rule.text.say()
    return f"{day}  {left}  {duty.holder}: {what} · {units}  [{rule.ground.say()}{mark}]"
