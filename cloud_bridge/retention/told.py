"""What a reader is told of one pack: what is kept, why and until when, and what was retired."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cloud_bridge.fold import PackState, Told
from cloud_bridge.ledger.days import DAY_NS, name_of, told_day
from cloud_bridge.retention.holds import FOREVER, Hold, holds_of
from cloud_bridge.retention.policy import KeepRule
from packtrail.event import TelemetryCommitted, TelemetryRetired, UnitRef
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


class Keeping(msgspec.Struct, frozen=True):
    """What is kept of a pack.

    Attributes:
        policy: name and version of the rules that rule now, "" where none are known here.
        kept_from: oldest UTC date with telemetry of which the root stands, "" for none.
        kept_until: until when that date is held at least, RFC 3339 UTC; "" while nothing says.
        kept_by: rules that hold.
        retired: what went, oldest first.
    """

    policy: str
    kept_from: str
    kept_until: str
    kept_by: tuple[KeptBy, ...]
    retired: tuple[RetiredSpan, ...]


def keeping_of(
    unit: UnitRef,
    policy: str,
    rules: Sequence[KeepRule],
    state: PackState,
    facts: Sequence[Told],
    *,
    duty: bool = False,
) -> Keeping:
    """What is kept of `unit`: of facts alone, no chunk is read.

    Args:
        unit: that the telemetry is sealed for.
        policy: name of the table.
        rules: in force.
        state: of the pack.
        facts: that name it.
        duty: whether a duty about it is open; not knowing makes `kept_until` too early at most.
    """
    gone = [told for told in facts if isinstance(told.event.body, TelemetryRetired)]
    first = _oldest_kept(unit, facts)
    holds = holds_of(rules, state, facts, duty=duty)
    until = max((_until(hold, first) for hold in holds), default=0) if first is not None else 0
    return Keeping(
        policy=policy,
        kept_from="" if first is None else name_of(first),
        kept_until=format_time(until) if 0 < until < FOREVER else "",
        kept_by=tuple(_kept_by(hold) for hold in holds),
        retired=tuple(_span(told) for told in sorted(gone, key=lambda one: one.leaf)),
    )


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
    whole = hold.whole or (rule.every == 1 and hold == Hold(rule))
    return KeptBy(rule.id, rule.en, rule.zh, rule.days, whole, rule.legal, rule.provisional)


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
