"""What holds a pack's telemetry: rules in force, applied to what the pack went through.

Pure: the same facts, rules and moment give the same holds. In doubt a hold is wider, never
narrower: an open incident holds all since, a time that nothing says holds everything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from cloud_bridge.fold import Incident, PackState, Told
from cloud_bridge.ledger.days import DAY_NS, day_of, told_day
from cloud_bridge.retention.policy import KeepRule
from packtrail.event import ConditionCommitted, TelemetryCommitted
from packtrail.times import parse_time

FOREVER: Final = 2**62
ALL_TIME: Final = (-FOREVER, FOREVER)

Span = tuple[int, int]
"""First and last moment, UTC ns."""


class Hold(NamedTuple):
    """What one rule holds of one pack: telemetry that touches `spans`, or all.

    Attributes:
        rule: which.
        spans: of telemetry; `ALL_TIME` for all of it.
        fixed_ns: until when, UTC ns, where that does not follow from the chunk's own day.
    """

    rule: KeepRule
    spans: tuple[Span, ...] = (ALL_TIME,)
    fixed_ns: int | None = None

    @property
    def speaks_of_all(self) -> bool:
        """Whether it is about all of the pack's telemetry, however long."""
        return self.rule.every == 1 and self.spans == (ALL_TIME,)

    @property
    def whole(self) -> bool:
        """Whether nothing of the pack goes while it stands."""
        return self.rule.days is None and self.speaks_of_all

    def until_ns(self, from_ns: int, to_ns: int) -> int:
        """Until when telemetry of [from_ns, to_ns] is held, UTC ns; 0 for not at all."""
        day = day_of(to_ns)
        if day % self.rule.every or not any(a <= to_ns and from_ns <= b for a, b in self.spans):
            return 0
        if self.fixed_ns is not None:
            return self.fixed_ns
        return FOREVER if self.rule.days is None else (day + 1 + self.rule.days) * DAY_NS


def holds_of(
    rules: Sequence[KeepRule],
    state: PackState,
    facts: Sequence[Told],
    *,
    owed: Collection[str] = (),
) -> tuple[Hold, ...]:
    """What `rules`, all in force, hold of a pack.

    Args:
        rules: at least one of them has to speak of all telemetry, else nothing is decided
            and everything is held.
        state: of the pack, now.
        facts: that name it.
        owed: rules of the table of duties under which something about it is open.
    """
    if not any(rule.floor for rule in rules):
        return tuple(Hold(rule) for rule in (_UNDECIDED, *rules))
    registered = state.registration is not None
    bound = [rule for rule in rules if rule.registered in (None, registered)]
    found = [Hold(rule, _spans(rule, state, facts, owed), _fixed_ns(rule, facts)) for rule in bound]
    return tuple(hold for hold in found if hold.spans)


def _fixed_ns(rule: KeepRule, facts: Sequence[Told]) -> int | None:
    """The end of a period that runs from the newest day of telemetry on."""
    if rule.when != "heard" or rule.days is None:
        return None
    return (_newest_day(facts) + 1 + rule.days) * DAY_NS


def _newest_day(facts: Sequence[Told]) -> int:
    """The newest day of which a root stands, -1 for none."""
    bodies = (told.event.body for told in facts)
    days = (told_day(body.day) for body in bodies if isinstance(body, TelemetryCommitted))
    return max(days, default=-1)


_UNDECIDED: Final = KeepRule(
    id="undecided",
    en="no rule in force sets a least period",
    zh="没有生效的规则规定最短期限",
    when="always",
    from_="1970-01-01",
)


def _spans(
    rule: KeepRule, state: PackState, facts: Sequence[Told], owed: Collection[str]
) -> tuple[Span, ...]:
    everything = (ALL_TIME,)
    match rule.when:
        case "always" | "heard":
            return everything
        case "stage":
            return everything if state.lifecycle in rule.stages else ()
        case "contested":
            found = {contest.reason for contest in state.contests}
            named = found & set(rule.reasons) if rule.reasons else found
            return everything if named else ()
        case "duty":
            binding = set(owed) & set(rule.duties) if rule.duties else owed
            return everything if binding else ()
        case "incident":
            wanted = [
                one
                for one in state.incidents
                if not rule.severities or one.severity in rule.severities
            ]
            return tuple(_widened(rule, _of_incident(one)) for one in wanted)
        case "estimate":
            return tuple(_widened(rule, span) for span in _evidence(facts, rule.newest))


def _of_incident(one: Incident) -> Span:
    begin = parse_time(one.since) if one.since else -FOREVER
    return begin, parse_time(one.cleared) if one.cleared else FOREVER


def _evidence(facts: Sequence[Told], newest: int) -> list[Span]:
    """Spans of data that reports on health rest on, of the newest reports only."""
    events = [told.event for told in facts if isinstance(told.event.body, ConditionCommitted)]
    spans = sorted({(event.to_ns, event.from_ns) for event in events}, reverse=True)
    return [(begin, end) for end, begin in (spans[:newest] if newest else spans)]


def _widened(rule: KeepRule, span: Span) -> Span:
    more = round(rule.around_days * DAY_NS)
    return span[0] - more, span[1] + more
