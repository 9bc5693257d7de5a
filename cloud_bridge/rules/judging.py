"""Duties of some facts, from everything on the ledger that bears on them.

What a duty rests on is asked for many facts at a time: acts about the same units, reports that
cover a fact and their acknowledgements, and what was said of any of those. Then the same pure
function judges them that would judge the whole ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from cloud_bridge.fold import Told
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.duties import Duty, duties
from cloud_bridge.rules.table import REPORT, DutyRule
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import UnitRef, units_named
from packtrail.times import parse_time

AT_ONCE: Final = 500
"""So many names go into one question."""

Row = dict[str, Any]


class Judged(NamedTuple):
    """Rows of open duties, and facts to be looked at again when a clock is reached."""

    duties: list[Row]
    waiting: list[Row]


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges under one table at one moment; called inside `reading`.

    Attributes:
        store: where the facts are.
        rules: the table.
        now_ns: UTC.
        list: number of the list that the rows are for.
    """

    store: Store
    rules: Sequence[DutyRule]
    now_ns: int
    list: int

    def judged(self, affected: Mapping[str, Told]) -> Judged:
        """Open duties of the affected facts, by event id."""
        gathered = self._gathered(affected)
        facts = with_roles(self.store, list(gathered.values()))
        now = self._open(facts, affected, self.now_ns)
        ahead = {one.event.from_ns for one in facts if one.event.from_ns > self.now_ns}
        wakes: dict[str, int] = {}
        for moment in sorted(ahead):
            then = self._open(facts, affected, moment)
            changed = {event for _, event in now.keys() ^ then.keys()}
            wakes = dict.fromkeys(changed, moment) | wakes
        waiting = [
            {"list": self.list, "event_id": event_id, "wake_ns": wake_ns}
            for event_id, wake_ns in wakes.items()
        ]
        return Judged([self._row(duty) for duty in now.values()], waiting)

    def _open(
        self, facts: Sequence[Told], affected: Mapping[str, Told], now_ns: int
    ) -> dict[tuple[str, str], Duty]:
        roles = key_lines(self.store).roles
        found = duties(facts, self.rules, now_ns, roles, done=False)
        return {(one.rule, one.event): one for one in found if one.event in affected}

    def calls(self, after: int, through: int) -> dict[str, Told]:
        """Facts of these lines that call for something."""
        row = {"types": _json(calling(self.rules)), "after": after, "through": through}
        return self._asked("lines_of_types", row)

    def of_units(self, units: Iterable[UnitRef], types: Iterable[str]) -> dict[str, Told]:
        """Facts of some types about some units."""
        found: dict[str, Told] = {}
        kinds = _json(sorted(types))
        for some in _portions(dict.fromkeys(units)):
            row = {"types": kinds, "units": _json([[unit.scheme, unit.id] for unit in some])}
            found |= self._asked("acts_of_units", row)
        return found

    def of_ids(self, event_ids: Iterable[str]) -> dict[str, Told]:
        """Facts by their ids, as far as they are there."""
        return self._by_ids("lines_of_ids", event_ids)

    def _gathered(self, affected: Mapping[str, Told]) -> dict[str, Told]:
        """Everything that the duties of the affected facts rest on."""
        facts = dict(affected)
        acts = {name for rule in self.rules for name in rule.by} - {REPORT}
        acting = {name for rule in self.rules if set(rule.by) - {REPORT} for name in rule.on}
        units = [
            unit
            for told in affected.values()
            if told.event.type in acting
            for unit in units_named(told.event)
        ]
        facts |= self.of_units(units, acts)
        facts |= self._by_ids("report_lines_covering", affected)
        fresh: Iterable[str] = list(facts)
        while fresh:
            said = self._by_ids("lines_about_events", fresh)
            fresh = said.keys() - facts.keys()
            facts |= said
        return facts

    def _by_ids(self, name: str, event_ids: Iterable[str]) -> dict[str, Told]:
        found: dict[str, Told] = {}
        for some in _portions(event_ids):
            found |= self._asked(name, {"event_ids": _json(some)})
        return found

    def _asked(self, name: str, values: Mapping[str, Any]) -> dict[str, Told]:
        return {row[2]: told_of(Entry(*row)) for row in self.store.stream(name, values)}

    def _row(self, duty: Duty) -> Row:
        name = {"list": self.list, "rule": duty.rule, "event_id": duty.event}
        more = {"holder": duty.holder, "due_ns": parse_time(duty.due), "units": _json(duty.units)}
        return name | more


def calling(rules: Sequence[DutyRule]) -> list[str]:
    """Event types that call for something."""
    return sorted({name for rule in rules for name in rule.on})


def windows(
    store: Store, types: Sequence[str], after: int, end: int, lines: int
) -> Iterator[tuple[int, int]]:
    """Lines above `after` and below `end` as (after, through), none of them without such a type.

    From the first line of a type on, each has so many; what comes before it costs nothing.
    """
    while after < end - 1:
        through = window(store, types, after, end, lines)
        yield after, through
        after = through


def window(store: Store, types: Sequence[str], after: int, end: int, lines: int) -> int:
    """Where the window above `after` ends."""
    firsts = []
    for name in types:
        ((leaf,),) = store.stream("next_of_type", {"type": name, "after": after})
        firsts += [leaf] if leaf is not None else []
    return min(min(firsts, default=end) - 1 + lines, end - 1)


def _portions(names: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(names)
    yield from iter(lambda: list(islice(source, AT_ONCE)), [])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
