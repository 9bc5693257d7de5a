"""What another table of rules changes, and for whom, before it takes effect.

Three answers: which rules differ and how; which duties that are open now would go, come or fall
due on another day; and, for rules that begin later, who told of what they will bind. Only rules
that differ are judged, window by window, so the ledger may be of any size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.judging import Judging, Row, calling, windows
from cloud_bridge.rules.open_duties import WINDOW, note_reports
from cloud_bridge.rules.table import DutyRule, RuleTable
from cloud_bridge.store import Store
from packtrail.times import NS_PER_S

DAY_NS: Final = 86_400 * NS_PER_S
UNTOLD: Final = frozenset({"en", "zh", "legal", "legal_zh", "provisional", "beside"})
"""Fields that change no duty."""


class RuleChange(NamedTuple):
    """One rule in both tables; None where it has none. `fields` differ."""

    old: DutyRule | None
    new: DutyRule | None
    fields: tuple[str, ...]

    @property
    def id(self) -> str:
        """The rule's."""
        rule = self.new or self.old
        return rule.id if rule else ""

    @property
    def matters(self) -> bool:
        """Whether some duty may change."""
        return bool(set(self.fields) - UNTOLD)


@dataclass(slots=True)
class Effect:
    """What becomes of open duties, by (rule, holder).

    Attributes:
        gone: open under the old table only.
        come: open under the new table only.
        moved: due on another day, with the shift of the largest in days.
        ahead: (rule, holder) -> facts of late that rules which begin later would have bound.
    """

    gone: Counter[tuple[str, str]] = field(default_factory=Counter)
    come: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    shift_days: dict[tuple[str, str], int] = field(default_factory=dict)
    ahead: Counter[tuple[str, str]] = field(default_factory=Counter)


def changes(old: RuleTable, new: RuleTable) -> list[RuleChange]:
    """Rules that differ, in the order of the new table, then those that it leaves out."""
    before, after = ({rule.id: rule for rule in table.duty} for table in (old, new))
    names = [*after, *(name for name in before if name not in after)]
    found = [_change(before.get(name), after.get(name)) for name in names]
    return [one for one in found if one.fields]


def _change(old: DutyRule | None, new: DutyRule | None) -> RuleChange:
    names = [(one.name, one.encode_name) for one in msgspec.structs.fields(DutyRule)]
    if old is None or new is None:
        return RuleChange(old, new, tuple(shown for _, shown in names))
    differ = (shown for name, shown in names if getattr(old, name) != getattr(new, name))
    return RuleChange(old, new, tuple(differ))


def effect(store: Store, old: RuleTable, new: RuleTable, now_ns: int, recent_ns: int = 0) -> Effect:
    """What the change comes to for everybody on this store.

    Args:
        store: its ledger.
        old: the table in force.
        new: the other.
        now_ns: UTC.
        recent_ns: how far back facts are counted for rules that begin later.
    """
    differ = [one for one in changes(old, new) if one.matters]
    sides = [
        tuple(rule for one in differ if (rule := getattr(one, side))) for side in ("old", "new")
    ]
    found = Effect()
    if not differ:
        return found
    size = store.size()
    while not note_reports(store, size):
        pass
    types = calling([rule for rules in sides for rule in rules])
    for after, through in windows(store, types, -1, size, WINDOW):
        with store.reading():
            was, will = (_open(store, rules, now_ns, after, through) for rules in sides)
        _compare(found, was, will)
    later = [rule for rule in sides[1] if rule.span[0] > now_ns]
    if later and recent_ns:
        found.ahead = Counter(dict(_ahead(store, later, now_ns - recent_ns)))
    return found


def _open(
    store: Store, rules: tuple[DutyRule, ...], now_ns: int, after: int, through: int
) -> dict[tuple[str, str], Row]:
    judging = Judging(store, rules, now_ns, 0)
    calls = judging.calls(after, through)
    found = judging.judged(calls).duties if calls else []
    return {(row["rule"], row["event_id"]): row for row in found}


def _compare(
    found: Effect, was: Mapping[tuple[str, str], Row], will: Mapping[tuple[str, str], Row]
) -> None:
    for key in was.keys() | will.keys():
        old, new = was.get(key), will.get(key)
        who = key[0], (new or old or {})["holder"]
        if old is None or new is None:
            (found.come if old is None else found.gone)[who] += 1
        elif old["due_ns"] != new["due_ns"]:
            days = round((new["due_ns"] - old["due_ns"]) / DAY_NS)
            found.moved[who] += 1
            found.shift_days[who] = max(days, found.shift_days.get(who, days), key=abs)


def _ahead(
    store: Store, later: list[DutyRule], since_ns: int
) -> Iterator[tuple[tuple[str, str], int]]:
    """Who told of what these rules bind, in the ledger's newest lines."""
    roles = key_lines(store).roles
    first = _first_line(store, since_ns)
    for rule in later:
        row = {"types": msgspec.json.encode(rule.on).decode(), "after": first}
        for author, count in store.stream("told_by", row):
            if not rule.roles or roles.get(author) in rule.roles:
                yield (rule.id, author), count


def _first_line(store: Store, since_ns: int) -> int:
    """The last line that was recorded before a moment: lines are recorded in order."""
    low, high = -1, store.size() - 1
    while low < high:
        middle = (low + high + 1) // 2
        ((recorded_ns,),) = store.stream("recorded_at", {"leaf": middle})
        low, high = (middle, high) if recorded_ns < since_ns else (low, middle - 1)
    return low
