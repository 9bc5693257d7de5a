"""From facts to duties: what each event calls for, and whether it was done in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import Told, in_order
from cloud_bridge.rules.table import REPORT, DutyRule
from packtrail.event import ReportAcknowledged, ReportSent, UnitRef, units_named
from packtrail.times import NS_PER_S, format_time

DAY_NS: Final = 86_400 * NS_PER_S


class Duty(msgspec.Struct, frozen=True):
    """One duty of one party.

    Attributes:
        rule: id of the rule.
        holder: who has to.
        units: packs concerned.
        event: what called for it.
        due: until when, RFC 3339.
        done: event that fulfilled it, "" while it is open.
        late: whether it was, or is, done too late.
        days_left: whole days until it is due; negative when overdue, 0 once done.
        legal: act and article.
        provisional: whether the deadline is a default.
    """

    rule: str
    holder: str
    units: tuple[str, ...]
    event: str
    due: str
    done: str
    late: bool
    days_left: int
    legal: str
    provisional: bool

    @property
    def overdue(self) -> bool:
        """Whether it is still to be done and should have been."""
        return self.late and not self.done


def duties(
    facts: Iterable[Told],
    rules: Sequence[DutyRule],
    now_ns: int,
    roles: Mapping[str, str] | None = None,
    *,
    done: bool = True,
) -> list[Duty]:
    """Every duty that `facts` call for, by due date.

    Args:
        facts: in any order, with any repetition.
        rules: the table.
        now_ns: UTC ns; what happened later is not looked at.
        roles: party -> role, for rules that bind certain roles only.
        done: also those that are fulfilled.
    """
    told = [one for one in Settlement(in_order(facts)).standing if one.event.from_ns <= now_ns]
    acts, reported, calling = _acts(told, rules), _reported(told), _calling(rules)
    found = [
        _duty(one, rule, by, now_ns)
        for one in told
        for rule in calling.get(one.event.type, ())
        if _binds(rule, one, roles or {})
        and ((by := _fulfilled(one, rule, acts, reported)) is None or done)
    ]
    return sorted(found, key=lambda duty: (duty.due, duty.rule, duty.event))


def _calling(rules: Sequence[DutyRule]) -> dict[str, list[DutyRule]]:
    """Event type -> the rules that it calls upon."""
    calling: dict[str, list[DutyRule]] = defaultdict(list)
    for rule in rules:
        for name in dict.fromkeys(rule.on):
            calling[name].append(rule)
    return calling


def _binds(rule: DutyRule, told: Told, roles: Mapping[str, str]) -> bool:
    event = told.event
    bound = not rule.roles or roles.get(event.author) in rule.roles
    return bound and rule.in_force(event.from_ns)


def _acts(
    facts: Iterable[Told], rules: Sequence[DutyRule]
) -> dict[tuple[UnitRef, str], list[Told]]:
    kinds = {name for rule in rules for name in rule.by}
    acts: dict[tuple[UnitRef, str], list[Told]] = defaultdict(list)
    for told in facts:
        if told.event.type in kinds:
            for unit in units_named(told.event):
                acts[unit, told.event.type].append(told)
    return acts


def _reported(facts: Iterable[Told]) -> dict[str, Told]:
    """Event id -> the acknowledgement of a report that covers it."""
    sent: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    taken: list[tuple[tuple[str, str, str], Told]] = []
    for told in facts:
        body = told.event.body
        if isinstance(body, ReportSent):
            sent[told.event.author, body.platform, body.report] |= set(body.covers)
        elif isinstance(body, ReportAcknowledged):
            taken.append(((told.event.author, body.platform, body.report), told))
    found: dict[str, Told] = {}
    for report, told in taken:
        for event in sent.get(report, ()):
            found.setdefault(event, told)
    return found


def _fulfilled(
    told: Told,
    rule: DutyRule,
    acts: Mapping[tuple[UnitRef, str], Sequence[Told]],
    reported: Mapping[str, Told],
) -> Told | None:
    """The first event that fulfils the duty; with several units, the last of theirs."""
    if REPORT in rule.by and told.event_id in reported:
        return reported[told.event_id]
    kinds, done = [kind for kind in rule.by if kind != REPORT], []
    for unit in units_named(told.event) if kinds else ():
        later = [
            act for kind in kinds for act in acts.get((unit, kind), ()) if act.order > told.order
        ]
        if not later:
            return None
        done.append(min(later, key=lambda act: act.order))
    return max(done, key=lambda act: act.order, default=None)


def _duty(told: Told, rule: DutyRule, done: Told | None, now_ns: int) -> Duty:
    due = rule.due_ns(told.event.to_ns)
    return Duty(
        rule=rule.id,
        holder=told.event.author,
        units=tuple(str(unit) for unit in units_named(told.event)),
        event=told.event_id,
        due=format_time(due),
        done=done.event_id if done else "",
        late=(done.event.from_ns if done else now_ns) > due,
        days_left=0 if done else (due - now_ns) // DAY_NS,
        legal=rule.legal,
        provisional=rule.provisional,
    )
