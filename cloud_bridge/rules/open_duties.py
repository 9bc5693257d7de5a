"""Duties still to be done, kept in the store and taken forward line by line.

What a new line may change is found first: the facts that it calls upon, fulfils, reports, corrects
or disputes. Of those alone the duties are judged anew, by the same rules from the same facts as
if the whole ledger had been read (`duties`). A portion is committed only where nobody else has
taken the same lines in meanwhile, so several bridges may share the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from cloud_bridge.fold import Told
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.duties import Duty, duties
from cloud_bridge.rules.table import REPORT, DutyRule
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import (
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    KeyRegistered,
    ReportAcknowledged,
    ReportSent,
    Subject,
    UnitRef,
    units_named,
)
from packtrail.times import parse_time

PORTION: Final = 2_000
STATEMENTS: Final = frozenset({"CorrectionDeclared", "Disputed", "DisputeResolved"})
REPORTS: Final = frozenset({"ReportSent", "ReportAcknowledged"})


def digest_of(rules: Sequence[DutyRule]) -> str:
    """Names a table of rules."""
    return hashlib.sha256(msgspec.json.encode(rules)).hexdigest()


def advance(store: Store, rules: Sequence[DutyRule], now_ns: int) -> bool:
    """Take in a portion of further lines; whether all are in now."""
    ((leaf, known),) = store.stream("duty_state")
    wanted = digest_of(rules)
    if known != wanted:
        return _begin_again(store, leaf, known, wanted)
    lines = list(store.stream("typed_lines", {"after": leaf, "limit": PORTION}))
    waking = [row[0] for row in store.stream("waking", {"now": now_ns, "limit": PORTION})]
    if not lines and not waking:
        return True
    _Portion(store, rules, now_ns, wanted).take(leaf, lines, waking)
    return False


def _begin_again(store: Store, leaf: int, before: str, rules: str) -> bool:
    row = {"after": leaf, "before": before, "through": -1, "rules": rules}
    steps: list[tuple[str, Sequence[dict[str, Any]]]] = [("move_duties", [row])]
    steps += [(f"clear_{name}", [{}]) for name in ("duty", "duty_day", "duty_waiting")]
    store.run_statements(steps)
    return False


@dataclass(slots=True)
class _Portion:
    """A portion of lines, and the duties that they may change."""

    store: Store
    rules: Sequence[DutyRule]
    now_ns: int
    digest: str
    calls: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    affected: dict[str, Told] = field(default_factory=dict)
    facts: dict[str, Told] = field(default_factory=dict)
    _stories: dict[UnitRef, list[Told]] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    _reports: set[tuple[str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.calls = frozenset(name for rule in self.rules for name in rule.on)
        self.acts = frozenset(name for rule in self.rules for name in rule.by) - {REPORT}

    def take(self, leaf: int, lines: Sequence[tuple[Any, ...]], waking: Sequence[str]) -> None:
        """Judge anew what these lines touch, and keep it."""
        told = self._relevant(lines)
        through = lines[-1][0] if lines else leaf
        move = {"after": leaf, "before": self.digest, "rules": self.digest}
        if not self._keep_reports(told, {**move, "through": leaf}):
            return
        with self.store.reading():
            for one in told:
                self._touch(one)
            for event_id in waking:
                self._touch_event(event_id)
            open_now, wakes = self._judged()
        gone = [{"event_id": event_id} for event_id in {*self.affected, *waking}]
        steps: list[tuple[str, Sequence[dict[str, Any]]]] = [
            ("move_duties", [{**move, "through": through}]),
            ("delete_duty", gone),
            ("delete_waiting", gone),
            ("insert_duty", [_row(duty) for duty in open_now]),
            ("insert_waiting", wakes),
        ]
        self.store.run_statements(steps)

    def _relevant(self, lines: Iterable[tuple[Any, ...]]) -> list[Told]:
        wanted = self.calls | self.acts | STATEMENTS | REPORTS | {"KeyRegistered"}
        return [told_of(Entry(*row[:4])) for row in lines if row[4] in wanted]

    def _keep_reports(self, told: Iterable[Told], move: dict[str, Any]) -> bool:
        """Written first, for they are asked for below; to write them twice changes nothing."""
        reports, covered = [], []
        for one in told:
            body = one.event.body
            if isinstance(body, ReportSent | ReportAcknowledged):
                name = {"author": one.event.author, "platform": body.platform}
                reports.append({**name, "report": body.report, "leaf": one.leaf})
            if isinstance(body, ReportSent):
                covered += [{"event_id": event, "leaf": one.leaf} for event in set(body.covers)]
        steps: list[tuple[str, Sequence[dict[str, Any]]]] = [
            ("move_duties", [move]),
            ("insert_duty_report", reports),
            ("insert_duty_covered", covered),
        ]
        return not reports or self.store.run_statements(steps)

    def _touch(self, told: Told) -> None:
        """Find whose duties a line may change."""
        if told.event_id in self._touched:
            return
        self._touched.add(told.event_id)
        body, kind = told.event.body, told.event.type
        if isinstance(body, KeyRegistered):
            self._touch_author(told, body.party)
        elif isinstance(body, CorrectionDeclared | Disputed):
            self._touch_event(body.target)
        elif isinstance(body, DisputeResolved):
            self._touch_event(body.dispute)
        elif isinstance(body, ReportSent | ReportAcknowledged):
            self._touch_covered((told.event.author, body.platform, body.report))
        if kind in self.calls:
            self.affected[told.event_id] = told
        if kind in self.acts:
            self._touch_units(units_named(told.event))

    def _touch_covered(self, report: tuple[str, str, str]) -> None:
        for line in self._report(report):
            for event_id in getattr(line.event.body, "covers", ()):
                self._call(event_id)

    def _touch_units(self, units: Iterable[UnitRef]) -> None:
        for unit in units:
            calls = (one for one in self._story(unit) if one.event.type in self.calls)
            self.affected |= {one.event_id: one for one in calls}

    def _touch_event(self, event_id: str) -> None:
        entry = self.store.entry(event_id)
        if entry is not None:
            self._touch(told_of(entry))

    def _touch_author(self, told: Told, party: str) -> None:
        """A party has another role than when it spoke: what it said counts otherwise now."""
        role = getattr(told.event.body, "role", "")
        if key_lines(self.store).role_before(party, told.leaf) == role:
            return
        rows = list(self.store.stream("lines_by", {"author": party, "before": told.leaf}))
        for one in self._relevant(row for row in rows if row[4] != "KeyRegistered"):
            self._touch(one)

    def _call(self, event_id: str) -> None:
        if event_id in self.affected:
            return
        entry = self.store.entry(event_id)
        if entry is not None and entry.event.type in self.calls:
            self.affected[event_id] = told_of(entry)

    def _story(self, unit: UnitRef) -> list[Told]:
        if unit not in self._stories:
            self._stories[unit] = [told_of(entry) for entry in self.store.entries_of(unit)]
        return self._stories[unit]

    def _report(self, key: tuple[str, str, str]) -> list[Told]:
        names = dict(zip(("author", "platform", "report"), key, strict=True))
        lines = [told_of(Entry(*row)) for row in self.store.stream("report_lines", names)]
        if key not in self._reports:
            self._reports.add(key)
            self.facts |= {one.event_id: one for one in lines}
        return lines

    def _judged(self) -> tuple[list[Duty], list[dict[str, Any]]]:
        """Open duties of the affected facts, and when a clock ahead of ours is reached."""
        self._gather()
        facts = with_roles(self.store, list(self.facts.values()))
        roles = key_lines(self.store).roles
        found = duties(facts, self.rules, self.now_ns, roles)
        ahead = min(
            (one.event.from_ns for one in facts if one.event.from_ns > self.now_ns), default=None
        )
        wakes = (
            [{"event_id": event_id, "wake_ns": ahead} for event_id in self.affected]
            if ahead is not None
            else []
        )
        return [one for one in found if not one.done and one.event in self.affected], wakes

    def _gather(self) -> None:
        """Everything that the duties of the affected facts rest on."""
        acting = {name for rule in self.rules if set(rule.by) - {REPORT} for name in rule.on}
        for event_id, told in self.affected.items():
            self.facts[event_id] = told
            if told.event.type in acting:
                for unit in units_named(told.event):
                    self.facts |= {one.event_id: one for one in self._story(unit)}
            for key in list(self.store.stream("reports_covering", {"event_id": event_id})):
                if key not in self._reports:
                    self._report(key)
        fresh = list(self.facts)
        while fresh:
            said = [told for event_id in fresh for told in self._about(event_id)]
            fresh = [told.event_id for told in said if told.event_id not in self.facts]
            self.facts |= {told.event_id: told for told in said}

    def _about(self, event_id: str) -> list[Told]:
        """Statements about a fact."""
        return [told_of(entry) for entry in self.store.entries_about(Subject("event", event_id))]


def _row(duty: Duty) -> dict[str, Any]:
    units = msgspec.json.encode(duty.units).decode()
    name = {"rule": duty.rule, "event_id": duty.event, "holder": duty.holder}
    return {**name, "due_ns": parse_time(duty.due), "units": units}
