"""What a reader is told of one pack: what is kept, why and until when, and what was retired."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cloud_bridge.fold import PackState, Told
from cloud_bridge.ledger.days import DAY_NS, name_of, told_day
from cloud_bridge.retention.holds import FOREVER, Hold, holds_of
from cloud_bridge.retention.policy import KeepRule
from cloud_bridge.rules.book import OpenDuties
from cloud_bridge.rules.duties import Duty
from packtrail.event import TelemetryCommitted, TelemetryRetired, UnitRef
from packtrail.language import Text
from packtrail.times import format_time


class KeptBy(msgspec.Struct, frozen=True):
    """One rule that holds telemetry of the pack.

    Attributes:
        rule: id.
        en: the reason in English.
        zh: the reason in Chinese.
        days: how long, from the end of the chunk's day; None for as long as it holds.
        all: whether it speaks of all telemetry, not of some spans or days only.
        legal: act and article, "" for none.
        provisional: whether the period is a default.
    """

    rule: str
    en: str
    zh: str
    days: int | None
    all: bool
    legal: str
    provisional: bool


class RetiredSpan(msgspec.Struct, frozen=True):
    """One statement of retirement.

    Attributes:
        from_day: first UTC date.
        to_day: last.
        records: whose bytes went.
        kept: of those days, whose bytes stayed then.
        size_bytes: that went.
        policy: name and version of the rules.
        policy_digest: SHA-256 of their file, hex.
        at: when it was recorded, RFC 3339 UTC.
        event: id of the statement; its proof is in the pack's own.
    """

    from_day: str
    to_day: str
    records: int
    kept: int
    size_bytes: int
    policy: str
    policy_digest: str
    at: str
    event: str


class Owed(msgspec.Struct, frozen=True):
    """A duty about the pack that is open.

    Attributes:
        rule: id in the table of duties.
        en: the duty in English.
        zh: the duty in Chinese.
        due: RFC 3339 UTC.
        days_left: until then; negative when it is overdue.
        holds: whether it keeps the pack's telemetry under the rules of retention.
    """

    rule: str
    en: str
    zh: str
    due: str
    days_left: int
    holds: bool


class Keeping(msgspec.Struct, frozen=True):
    """What is kept of a pack.

    Attributes:
        policy: name and version of the rules that rule now, "" where none are known here.
        kept_from: oldest UTC date with telemetry of which the root stands, "" for none.
        kept_until: until when that date is held at least, RFC 3339 UTC; "" while nothing says.
        kept_by: rules that hold.
        retired: what went, oldest first.
        owed: open duties about it, the earliest due first.
        duties_behind: whether lines are not yet looked at for duties: there may be more.
    """

    policy: str
    kept_from: str
    kept_until: str
    kept_by: tuple[KeptBy, ...]
    retired: tuple[RetiredSpan, ...]
    owed: tuple[Owed, ...] = ()
    duties_behind: bool = False


def keeping_of(
    unit: UnitRef,
    policy: str,
    rules: Sequence[KeepRule],
    state: PackState,
    facts: Sequence[Told],
    duties: OpenDuties | None = None,
) -> Keeping:
    """What is kept of `unit`: of facts alone, no chunk is read.

    Args:
        unit: that the telemetry is sealed for.
        policy: name of the table.
        rules: in force.
        state: of the pack.
        facts: that name it.
        duties: that are open about it; not knowing makes `kept_until` too early at most.
    """
    open_now = duties.found if duties else ()
    gone = [told for told in facts if isinstance(told.event.body, TelemetryRetired)]
    first = _oldest_kept(unit, facts)
    holds = holds_of(rules, state, facts, owed={one.rule for one in open_now})
    until = max((_until(hold, first) for hold in holds), default=0) if first is not None else 0
    return Keeping(
        policy=policy,
        kept_from="" if first is None else name_of(first),
        kept_until=format_time(until) if 0 < until < FOREVER else "",
        kept_by=tuple(_kept_by(hold) for hold in holds),
        retired=tuple(_span(told) for told in sorted(gone, key=lambda one: one.leaf)),
        owed=tuple(_owed(one, duties.texts[one.rule], holds) for one in open_now) if duties else (),
        duties_behind=duties is not None and duties.behind,
    )


def _owed(one: Duty, text: Text, holds: Sequence[Hold]) -> Owed:
    bound = [hold.rule for hold in holds if hold.rule.when == "duty"]
    holding = any(not rule.duties or one.rule in rule.duties for rule in bound)
    return Owed(one.rule, text.en, text.zh, one.due, one.days_left, holding)


def _until(hold: Hold, day: int) -> int:
    return hold.until_ns(day * DAY_NS, (day + 1) * DAY_NS - 1)


def _oldest_kept(unit: UnitRef, facts: Sequence[Told]) -> int | None:
    revisions: dict[int, int] = {}
    gone: dict[int, int] = {}
    for told in facts:
        body = told.event.body
        if told.event.unit != unit:
            continue
        if isinstance(body, TelemetryCommitted):
            day = told_day(body.day)
            revisions[day] = max(body.revision, revisions.get(day, 0))
        elif isinstance(body, TelemetryRetired):
            gone |= {told_day(one.day): one.revision for one in body.days if not one.kept}
    left = [day for day, n in revisions.items() if day >= 0 and n > gone.get(day, -1)]
    return min(left, default=None)


def _kept_by(hold: Hold) -> KeptBy:
    rule = hold.rule
    return KeptBy(
        rule.id, rule.en, rule.zh, rule.days, hold.speaks_of_all, rule.legal, rule.provisional
    )


def _span(told: Told) -> RetiredSpan:
    body = told.event.body
    assert isinstance(body, TelemetryRetired)
    return RetiredSpan(
        from_day=body.days[0].day if body.days else "",
        to_day=body.days[-1].day if body.days else "",
        records=sum(day.records for day in body.days),
        kept=sum(day.kept for day in body.days),
        size_bytes=body.size_bytes,
        policy=body.policy,
        policy_digest=body.policy_digest,
        at=format_time(told.recorded_ns),
        event=told.event_id,
    )
