"""Duties still to be done, kept in the store and taken forward line by line.

What a new line may change is found first: the facts that it calls upon, fulfils, reports, corrects
or disputes. Of those alone the duties are judged anew, by the same rules from the same facts as
if the whole ledger had been read (`judging`). A portion is committed only where nobody else has
taken the same lines in meanwhile, so several bridges may share the work.

Lines that were there when a list was begun need no such search: whatever fulfils or reports what
they call for is in the ledger, or comes after them. They are judged in windows, which may be
done beside each other (`building`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cloud_bridge.fold import Told
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.judging import Judged, Judging, calling, window
from cloud_bridge.rules.lists import DutyList
from cloud_bridge.rules.table import REPORT, RuleTable
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.stories import told_of
from packtrail.event import (
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    KeyRegistered,
    ReportAcknowledged,
    ReportSent,
    units_named,
)

PORTION: Final = 2_000
WINDOW: Final = 5_000
"""Lines of a list's beginning that are judged at once."""
REPORTS_AT_ONCE: Final = 10_000
"""About so many rows of reports and of what they cover are written in one step."""
REPORTS_READ: Final = 200
"""A report may cover hundreds of facts."""
STATEMENTS: Final = frozenset({"CorrectionDeclared", "Disputed", "DisputeResolved"})
REPORTS: Final = ("ReportAcknowledged", "ReportSent")

Steps = list[tuple[str, Sequence[dict[str, Any]]]]


def advance(store: Store, table: RuleTable, now: DutyList, now_ns: int) -> bool:
    """Take a list a portion of lines further; whether it has seen all that there are now."""
    size = store.size()
    if not note_reports(store, size):
        return False
    if now.leaf < now.horizon - 1:
        through = window(store, calling(table.duty), now.leaf, now.horizon, WINDOW)
        found = judge(store, table, now.list, now.leaf, through, now_ns)
        keep(store, now.list, now.leaf, through, found)
        return False
    # Reports of newer lines are not written down yet.
    span = {"after": now.leaf, "through": size - 1, "limit": PORTION}
    lines = list(store.stream("typed_lines", span))
    row = {"list": now.list, "now": now_ns, "limit": PORTION}
    waking = [row[0] for row in store.stream("waking", row)]
    if lines or waking:
        _Portion(store, Judging(store, table.duty, now_ns, now.list)).take(now.leaf, lines, waking)
        return False
    if not now.whole:
        store.run_statements([("finish_duties", [{"list": now.list}])])
    return True


def judge(
    store: Store, table: RuleTable, number: int, after: int, through: int, now_ns: int
) -> Judged:
    """What is open of the facts of these lines, as the ledger stands: reads only."""
    judging = Judging(store, table.duty, now_ns, number)
    with store.reading():
        return judging.judged(judging.calls(after, through))


def keep(store: Store, number: int, after: int, through: int, found: Judged) -> bool:
    """Write a window; False, and nothing is written, where the list is not at `after`."""
    return store.run_statements(
        [
            ("move_duties", [{"list": number, "after": after, "through": through}]),
            ("insert_duty", found.duties),
            ("insert_waiting", found.waiting),
        ]
    )


def note_reports(store: Store, size: int) -> bool:
    """Write down which facts reports of the next lines cover; whether all lines are looked at."""
    ((after,),) = store.stream("reports_looked_at")
    if after >= size - 1:
        return True
    through = size - 1
    reports: list[dict[str, Any]] = []
    covered: list[dict[str, Any]] = []
    for told in _reports_after(store, after, size - 1):
        if len(covered) + len(reports) >= REPORTS_AT_ONCE:
            through = told.leaf - 1
            break
        body = told.event.body
        if isinstance(body, ReportSent | ReportAcknowledged):
            name = {"author": told.event.author, "platform": body.platform}
            reports.append({**name, "report": body.report, "leaf": told.leaf})
        if isinstance(body, ReportSent):
            covered += [{"event_id": event, "leaf": told.leaf} for event in set(body.covers)]
    move: Steps = [("move_reports", [{"after": after, "through": through}])]
    # Somebody else may have looked at the same lines: then they are written down already.
    store.run_statements([*move, ("insert_duty_report", reports), ("insert_duty_covered", covered)])
    return through == size - 1


def _reports_after(store: Store, after: int, through: int) -> Iterator[Told]:
    """Lines that send or acknowledge reports, in order."""
    while after < through:
        pages = [store.entries_of_type(kind, after, REPORTS_READ) for kind in REPORTS]
        cut = min((page[-1].leaf for page in pages if len(page) == REPORTS_READ), default=through)
        lines = [entry for page in pages for entry in page if entry.leaf <= min(cut, through)]
        yield from (told_of(entry) for entry in sorted(lines, key=lambda entry: entry.leaf))
        after = cut


@dataclass(slots=True)
class _Portion:
    """A portion of lines, and the duties that they may change."""

    store: Store
    judging: Judging
    calls: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    affected: dict[str, Told] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        rules = self.judging.rules
        self.calls = frozenset(name for rule in rules for name in rule.on)
        self.acts = frozenset(name for rule in rules for name in rule.by) - {REPORT}

    def take(self, leaf: int, lines: Sequence[tuple[Any, ...]], waking: Sequence[str]) -> None:
        """Judge anew what these lines touch, and keep it."""
        with self.store.reading():
            self._touch_all(self._relevant(lines))
            self._touch_all(self.judging.of_ids(waking).values())
            open_now, wakes = self.judging.judged(self.affected)
        number = self.judging.list
        through = lines[-1][0] if lines else leaf
        gone = [{"list": number, "event_id": one} for one in {*self.affected, *waking}]
        steps: Steps = [
            ("move_duties", [{"list": number, "after": leaf, "through": through}]),
            ("delete_duty", gone),
            ("delete_waiting", gone),
            ("insert_duty", open_now),
            ("insert_waiting", wakes),
        ]
        self.store.run_statements(steps)

    def _relevant(self, lines: Iterable[tuple[Any, ...]]) -> list[Told]:
        wanted = self.calls | self.acts | STATEMENTS | {*REPORTS, "KeyRegistered"}
        return [told_of(Entry(*row[:4])) for row in lines if row[4] in wanted]

    def _touch_all(self, fresh: Iterable[Told]) -> None:
        """Find whose duties some lines may change, and lines that those speak of in turn."""
        while fresh := [one for one in fresh if one.event_id not in self._touched]:
            self._touched |= {one.event_id for one in fresh}
            self.affected |= {one.event_id: one for one in fresh if one.event.type in self.calls}
            acting = [one for one in fresh if one.event.type in self.acts]
            units = [unit for one in acting for unit in units_named(one.event)]
            self.affected |= self.judging.of_units(units, self.calls)
            self._touch_covered(fresh)
            fresh = [*self._spoken_of(fresh), *self._of_new_roles(fresh)]

    def _touch_covered(self, fresh: Iterable[Told]) -> None:
        covers = [event_id for one in fresh for event_id in self._covered(one)]
        wanted = (one for one in dict.fromkeys(covers) if one not in self.affected)
        found = self.judging.of_ids(wanted)
        self.affected |= {name: one for name, one in found.items() if one.event.type in self.calls}

    def _covered(self, told: Told) -> Iterable[str]:
        body = told.event.body
        if not isinstance(body, ReportSent | ReportAcknowledged):
            return
        name = {"author": told.event.author, "platform": body.platform, "report": body.report}
        for (event_id,) in self.store.stream("covered_by_report", name):
            yield event_id

    def _spoken_of(self, fresh: Iterable[Told]) -> Iterable[Told]:
        targets = []
        for one in fresh:
            body = one.event.body
            if isinstance(body, CorrectionDeclared | Disputed):
                targets.append(body.target)
            elif isinstance(body, DisputeResolved):
                targets.append(body.dispute)
        return self.judging.of_ids(targets).values()

    def _of_new_roles(self, fresh: Iterable[Told]) -> list[Told]:
        """A party has another role than when it spoke: what it said counts otherwise now."""
        found = []
        for told in fresh:
            body = told.event.body
            if not isinstance(body, KeyRegistered):
                continue
            if key_lines(self.store).role_before(body.party, told.leaf) == body.role:
                continue
            said = {"author": body.party, "before": told.leaf}
            rows = list(self.store.stream("lines_by", said))
            found += self._relevant(row for row in rows if row[4] != "KeyRegistered")
        return found
