"""The open duties of a running bridge, read from where the store keeps them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cloud_bridge.fold import Told
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules import lists
from cloud_bridge.rules.building import WORTH, Build, Tell
from cloud_bridge.rules.duties import DAY_NS, Duty, duties
from cloud_bridge.rules.lists import DutyList
from cloud_bridge.rules.open_duties import PORTION, advance
from cloud_bridge.rules.reading import read_table
from cloud_bridge.rules.recorded import InForce, newest, settle, table_of
from cloud_bridge.rules.table import DutyRule, RuleTable
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.language import Text
from packtrail.shapes import from_json
from packtrail.times import format_time, parse_time

PAGE: Final = 1_000
FOREVER: Final = 2**63 - 1

DutyKey = tuple[int, str, str]
"""Due time in UTC ns, rule and event: what lists are in the order of."""


class DutyCounts(NamedTuple):
    """How many are open, and how many of them late; how many of all lines are not looked at."""

    total: int
    late: int
    behind: int


@dataclass(frozen=True, slots=True)
class OpenDuties:
    """Open duties about one unit.

    Attributes:
        found: the earliest due first.
        texts: rule -> what has to be done.
        behind: whether lines are not yet looked at: there may be more.
    """

    found: tuple[Duty, ...]
    texts: Mapping[str, Text]
    behind: bool


@dataclass(slots=True)
class DutyBook:
    """Reads what one store says about duties. Safe to call from any thread.

    Attributes:
        own: the table that this bridge brings; the one on record in the store binds.
        name: who records it where there is none yet.
    """

    own: RuleTable = field(default_factory=read_table)
    name: str = "packtrail"
    _known: tuple[int, InForce] | None = None

    def in_force(self, store: Store) -> InForce:
        """The table that binds every bridge on this store."""
        if self._known is None or self._known[0] != newest(store):
            found = settle(store, self.own, self.name, time.time_ns())
            self._known = found.adopted.number, found
        return self._known[1]

    def differs(self, store: Store) -> bool:
        """Whether this bridge brings another table than the one that binds."""
        return self.own.digest != self.in_force(store).adopted.digest

    def rules(self, store: Store) -> dict[str, DutyRule]:
        """Rules by id, of the list that readers see."""
        return {rule.id: rule for rule in self._shown(store)[1].duty}

    def advance(self, store: Store, now_ns: int, portions: int | None = None) -> bool:
        """Take in what is new, at most so many portions; whether nothing is left."""
        while portions is None or portions > 0:
            if self._step(store, now_ns):
                return True
            portions = None if portions is None else portions - 1
        return False

    def unfinished(self, store: Store) -> bool:
        """Whether a list under the table in force is under way."""
        return not self._begun(store, self.in_force(store).table.digest)[-1].whole

    def rebuild(self, store: Store) -> None:
        """Begin the list anew beside the one that readers see."""
        lists.begin(store, self.in_force(store).table.digest)

    def build(
        self,
        store: Store,
        settings: StoreSettings,
        jobs: int,
        stop: threading.Event,
        tell: Tell = lambda _done, _all: None,
    ) -> bool:
        """Take a new list over the lines that were there when it was begun, in processes.

        Returns:
            False where it was told to stop, or where another table came into force.
        """
        table = self.in_force(store).table
        ours = self._begun(store, table.digest)[-1]
        return Build(settings, table, jobs, time.time_ns(), stop, tell).run(store, ours.list)

    def far_behind(self, store: Store) -> bool:
        """Whether a list under the table in force is so new that processes are worth it."""
        ours = self._begun(store, self.in_force(store).table.digest)[-1]
        return ours.horizon - 1 - ours.leaf > WORTH

    def page(
        self,
        store: Store,
        now_ns: int,
        after: DutyKey = (-1, "", ""),
        limit: int = PAGE,
        *,
        overdue: bool = False,
    ) -> list[Duty]:
        """Duties still to be done, the earliest due first; `overdue` leaves only the late."""
        return self.listed(store, now_ns, after, limit, overdue=overdue)[0]

    def listed(
        self,
        store: Store,
        now_ns: int,
        after: DutyKey = (-1, "", ""),
        limit: int = PAGE,
        *,
        overdue: bool = False,
    ) -> tuple[list[Duty], dict[str, DutyRule]]:
        """See `page`; with the rules by id under which they are duties.

        The newest lines are taken in first; a long way to go is left to the bridge's own thread.
        """
        if self.counts(store, now_ns).behind <= PORTION:
            self.advance(store, now_ns, portions=2)
        seen, table = self._shown(store)
        row = {"due_ns": after[0], "rule": after[1], "event_id": after[2], "limit": limit}
        row |= {"list": seen.list, "before": now_ns if overdue else FOREVER}
        rules = {rule.id: rule for rule in table.duty}
        rows = store.stream("open_duties", row)
        return [_duty(one, rules[one[1]], now_ns) for one in rows], rules

    def about(self, store: Store, facts: Iterable[Told], now_ns: int) -> OpenDuties:
        """Duties that the facts about one unit call for and nobody has done yet.

        As `page`, the newest lines are taken in first, and a long way to go is left to the bridge's
        own thread; only the duties of these facts are read.
        """
        if self.behind(store) <= PORTION:
            self.advance(store, now_ns, portions=2)
        seen, table = self._shown(store)
        rules = {rule.id: rule for rule in table.duty}
        calling = {kind for rule in table.duty for kind in rule.on}
        asked = [told.event_id for told in facts if told.event.type in calling]
        row = {"list": seen.list, "event_ids": json.dumps(asked)}
        rows = store.stream("duties_of", row) if asked else ()
        found = sorted((_duty(one, rules[one[1]], now_ns) for one in rows), key=place_of)
        texts = {rule.id: rule.text for rule in table.duty}
        return OpenDuties(tuple(found), texts, self.behind(store) > 0)

    def counts(self, store: Store, now_ns: int) -> DutyCounts:
        """How many are open, late and not yet looked at."""
        seen, _ = self._shown(store)
        ((total, late),) = store.stream("duty_counts", {"now": now_ns, "list": seen.list})
        return DutyCounts(total, late, self.behind(store))

    def behind(self, store: Store) -> int:
        """How many lines the list under the table in force has not seen yet."""
        ours = self._begun(store, self.in_force(store).table.digest)[-1]
        return max(0, store.size() - 1 - ours.leaf)

    def open(self, store: Store, now_ns: int, *, overdue: bool = False) -> list[Duty]:
        """All duties still to be done, the earliest due first, with every line taken in."""
        self.advance(store, now_ns)
        return list(self._all(store, now_ns, overdue=overdue))

    def anew(self, store: Store, now_ns: int, *, overdue: bool = False) -> list[Duty]:
        """The same from the whole ledger, in memory, under the table that this book brings."""
        facts, after = [], -1
        while page := store.entries(after):
            facts += [told_of(entry) for entry in page]
            after = page[-1].leaf
        facts, roles = with_roles(store, facts), key_lines(store).roles
        found = duties(facts, self.own.duty, now_ns, roles, done=False)
        return [one for one in found if one.overdue or not overdue]

    def _step(self, store: Store, now_ns: int) -> bool:
        table = self.in_force(store).table
        self._begun(store, table.digest)
        found = lists.lists_of(store)
        done = True
        for one in lists.live(found, table.digest):
            known = table if one.rules == table.digest else table_of(store, one.rules)
            done &= known is None or advance(store, known, one, now_ns)
        return lists.clear(store, lists.lists_of(store), table.digest) and done

    def _begun(self, store: Store, digest: str) -> list[DutyList]:
        """Lists under a table, at least one."""
        while not (found := [one for one in lists.lists_of(store) if one.rules == digest]):
            lists.begin(store, digest)
        return found

    def _shown(self, store: Store) -> tuple[DutyList, RuleTable]:
        """The list that readers see, and its table."""
        table = self.in_force(store).table
        self._begun(store, table.digest)
        seen = lists.shown(lists.lists_of(store), table.digest)
        if seen is None:  # it went in this moment
            return self._shown(store)
        return seen, table if seen.rules == table.digest else table_of(store, seen.rules) or table

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
