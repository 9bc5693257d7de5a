"""What `packtrail bridge duties` prints: open duties of the whole ledger, the most urgent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.duties import Duty
from cloud_bridge.rules.table import DutyRule
from cloud_bridge.store import Store
from packtrail.language import Text

SHOWN = 200


def open_duties(
    store: Store, rules: Sequence[DutyRule], now_ns: int, *, overdue: bool
) -> list[Duty]:
    """Duties that are still to be done; with `overdue`, those that should have been."""
    book = DutyBook(tuple(rules))
    # The store keeps the list of the usual rules; others are judged beside it.
    judged = book.open if book.rules == DutyBook().rules else book.anew
    return judged(store, now_ns, overdue=overdue)


def as_json(found: Iterable[Duty]) -> str:
    """The duties as a JSON list."""
    return msgspec.json.format(msgspec.json.encode(list(found))).decode()


def as_text(found: Sequence[Duty], rules: Iterable[DutyRule]) -> str:
    """One line per duty, the most urgent first, then how many there are."""
    words = {rule.id: rule.text for rule in rules}
    lines = [_line(duty, words[duty.rule]) for duty in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(Text("… {n} more", "……另有 {n} 项").say(n=len(found) - SHOWN))
    late = Counter(duty.overdue for duty in found)[True]
    summary = Text("{n} open duties, {late} overdue", "未完成义务 {n} 项，其中逾期 {late} 项")
    return "\n".join([*lines, summary.say(n=len(found), late=late)])


def _line(duty: Duty, what: Text) -> str:
    left = Text("in {n} days", "剩余 {n} 天").say(n=duty.days_left)
    if duty.overdue:
        left = Text("overdue by {n} days", "逾期 {n} 天").say(n=-duty.days_left)
    mark = Text(" (provisional)", "（暂定）").say() if duty.provisional else ""
    units = ", ".join(duty.units[:3]) or duty.event[:16]
    return f"{duty.due[:10]}  {left}  {duty.holder}: {what.say()} · {units}  [{duty.legal}{mark}]"
