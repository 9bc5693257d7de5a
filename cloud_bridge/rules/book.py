"""The open duties of a running bridge, read from where the store keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.duties import DAY_NS, Duty, duties
from cloud_bridge.rules.open_duties import PORTION, advance
from cloud_bridge.rules.table import DutyRule, read_rules
from cloud_bridge.store import Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.shapes import from_json
from packtrail.times import format_time, parse_time

PAGE: Final = 1_000
FOREVER: Final = 2**63 - 1

DutyKey = tuple[int, str, str]
"""Due time in UTC ns, rule and event: what lists are in the order of."""


class DutyCounts(NamedTuple):
    """How many are open, and how many of them late; lines that are not yet looked at."""

    total: int
    late: int
    behind: int


@dataclass(slots=True)
class DutyBook:
    """Reads what one store says about duties. Safe to call from any thread."""

    rules: tuple[DutyRule, ...] = field(default_factory=read_rules)

    def advance(self, store: Store, now_ns: int, portions: int | None = None) -> bool:
        """Take in what is new, at most so many portions; whether nothing is left."""
        while portions is None or portions > 0:
            if advance(store, self.rules, now_ns):
                return True
            portions = None if portions is None else portions - 1
        return False

    def page(
        self,
        store: Store,
        now_ns: int,
        after: DutyKey = (-1, "", ""),
        limit: int = PAGE,
        *,
        overdue: bool = False,
    ) -> list[Duty]:
        """Duties still to be done, the earliest due first; `overdue` leaves only the late.

        The newest lines are taken in first; a long way to go is left to the bridge's own thread.
        """
        if self.counts(store, now_ns).behind <= PORTION:
            self.advance(store, now_ns, portions=2)
        row = {"due_ns": after[0], "rule": after[1], "event_id": after[2], "limit": limit}
        rows = store.stream("open_duties", {**row, "before": now_ns if overdue else FOREVER})
        rules = {rule.id: rule for rule in self.rules}
        return [_duty(one, rules[one[1]], now_ns) for one in rows]

    def counts(self, store: Store, now_ns: int) -> DutyCounts:
        """How many are open, late and not yet looked at."""
        ((total, late),) = store.stream("duty_counts", {"now": now_ns})
        ((leaf, _),) = store.stream("duty_state")
        return DutyCounts(total, late, max(0, store.size() - 1 - leaf))

    def open(self, store: Store, now_ns: int, *, overdue: bool = False) -> list[Duty]:
        """All duties still to be done, the earliest due first, with every line taken in."""
        self.advance(store, now_ns)
        return list(self._all(store, now_ns, overdue=overdue))

    def anew(self, store: Store, now_ns: int, *, overdue: bool = False) -> list[Duty]:
        """The same from the whole ledger, in memory: under rules that the store does not keep."""
        facts, after = [], -1
        while page := store.entries(after):
            facts += [told_of(entry) for entry in page]
            after = page[-1].leaf
        found = duties(with_roles(store, facts), self.rules, now_ns, key_lines(store).roles)
        return [one for one in found if not one.done and (one.overdue or not overdue)]

    def _all(self, store: Store, now_ns: int, *, overdue: bool) -> Iterator[Duty]:
        page = self.page(store, now_ns, overdue=overdue)
        while page:
            yield from page
            last = page[-1]
            page = self.page(store, now_ns, place_of(last), overdue=overdue)


def place_of(duty: Duty) -> DutyKey:
    """Where a duty stands in the lists."""
    return parse_time(duty.due), duty.rule, duty.event


def _duty(row: tuple[int, str, str, str, str], rule: DutyRule, now_ns: int) -> Duty:
    due_ns, _, event_id, holder, units = row
    return Duty(
        rule=rule.id,
        holder=holder,
        units=from_json(units, tuple[str, ...]),
        event=event_id,
        due=format_time(due_ns),
        done="",
        late=now_ns > due_ns,
        days_left=(due_ns - now_ns) // DAY_NS,
        legal=rule.legal,
        provisional=rule.provisional,
    )
