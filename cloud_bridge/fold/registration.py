"""Who a unit is by its first registration, and what contradicts that (I4, I5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.moves import Move
from cloud_bridge.fold.state import Registration
from cloud_bridge.fold.told import Told
from packtrail.event import ProductAssembled, UnitRef, UnitRegistered

_FIRST_TIME_ZONE: Final = timezone(timedelta(hours=14))
"""Where a date begins first on Earth: a pack that is made on a day may be used from then on."""


def registered(
    names: frozenset[UnitRef], facts: Sequence[Told], moves: Sequence[Move]
) -> tuple[Registration | None, list[Contest]]:
    """The first registration stands; a different one, or use before it, contests it."""
    stated = [
        told
        for told in facts
        if told.event.unit in names
        and isinstance(told.event.body, UnitRegistered | ProductAssembled)
    ]
    if not stated:
        return None, [contest(ContestReason.UNREGISTERED, facts[:1])]
    first, body = stated[0], stated[0].event.body
    assert isinstance(body, UnitRegistered | ProductAssembled)
    contests = [
        contest(ContestReason.REGISTRATIONS_DIFFER, [first, other], [other])
        for other in stated[1:]
        if (other.event.body, other.event.author) != (body, first.event.author)
    ]
    contests += _too_early(first, body, moves)
    event = first.event
    return Registration(body, event.author, event.occurred_from, first.event_id), contests


def _too_early(
    first: Told, body: UnitRegistered | ProductAssembled, moves: Sequence[Move]
) -> list[Contest]:
    """Used before it was registered, or before the day on which it was made."""
    if not moves or moves[0].told.event_id == first.event_id:
        return []
    used, found = moves[0].told, []
    if used.event.to_ns < first.event.from_ns:
        found.append(contest(ContestReason.BEFORE_REGISTRATION, [used, first]))
    made_on = body.made_on if isinstance(body, UnitRegistered) else ""
    try:
        made = datetime.combine(date.fromisoformat(made_on), time(), _FIRST_TIME_ZONE)
    except ValueError:
        return found
    if used.event.to_ns < int(made.timestamp()) * 10**9:
        found.append(contest(ContestReason.BEFORE_MADE, [first, used], [used]))
    return found
