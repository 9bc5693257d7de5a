"""`fold`: all facts of one pack, in whatever order they came, become its state."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from cloud_bridge.fold.incidents import incidents_of, worst
from cloud_bridge.fold.moves import moves_of
from cloud_bridge.fold.state import (
    Binding,
    Contest,
    ContestReason,
    HealthPoint,
    Lifecycle,
    PackState,
    Registration,
    Standing,
    Stay,
)
from cloud_bridge.fold.stays import Walk
from cloud_bridge.fold.told import Told, in_order
from packtrail.event import ConditionCommitted, IdentityContested, UnitRef, UnitRegistered


def fold(unit: UnitRef, facts: Iterable[Told]) -> PackState:
    """The digital ID of `unit` from every fact that names it.

    Args:
        unit: whose.
        facts: in any order, with any repetition.
    """
    ordered = in_order(facts)
    registration, contests = _registration(unit, ordered)
    walk = Walk(moves_of(unit, ordered)).run()
    incidents = incidents_of(ordered)
    contests = [*contests, *walk.contests, *_equivocations(ordered), *_misread(ordered)]
    return PackState(
        unit=unit,
        registration=registration,
        lifecycle=_lifecycle(registration, walk.now, bool(walk.stays)),
        binding=_binding(walk.now),
        stays=tuple(walk.stays),
        swaps=sum(move.swap for move in walk.moves),
        vehicles=len({stay.vehicle for stay in walk.stays if stay.vehicle}),
        health=_health(ordered),
        safety=worst(incidents),
        incidents=incidents,
        standing=_standing(contests, walk),
        contests=tuple(sorted(set(contests))),
        gaps=tuple(sorted(set(walk.gaps))),
        events=len(ordered),
        first_at=ordered[0].event.occurred_from if ordered else "",
        last_at=max(ordered, key=_end).event.occurred_to if ordered else "",
    )


def digest(state: PackState) -> str:
    """SHA-256 of the state's bytes, hex: equal for equal facts, on every bridge."""
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()


def as_it_was(facts: Iterable[Told], at_ns: int) -> list[Told]:
    """Facts that had happened by `at_ns`, whenever they were reported."""
    return [told for told in facts if told.event.to_ns <= at_ns]


def as_we_knew_it(facts: Iterable[Told], known_ns: int) -> list[Told]:
    """Facts that were on record by `known_ns`, whenever they had happened."""
    return [told for told in facts if told.recorded_ns <= known_ns]


def _registration(
    unit: UnitRef, facts: Sequence[Told]
) -> tuple[Registration | None, list[Contest]]:
    """The first registration stands; a different one, or use before it, contests it."""
    stated = [told for told in facts if isinstance(told.event.body, UnitRegistered)]
    used = moves_of(unit, facts)
    if not stated:
        return None, [Contest(ContestReason.UNREGISTERED, _ids(facts[:1]))]
    first, body = stated[0], stated[0].event.body
    assert isinstance(body, UnitRegistered)
    contests = [
        Contest(ContestReason.REGISTRATIONS_DIFFER, _ids([first, other]))
        for other in stated[1:]
        if (other.event.body, other.event.author) != (body, first.event.author)
    ]
    if used and used[0].told.event.to_ns < first.event.from_ns:
        contests.append(Contest(ContestReason.BEFORE_REGISTRATION, _ids([used[0].told, first])))
    event = first.event
    return Registration(body, event.author, event.occurred_from, first.event_id), contests


def _equivocations(facts: Sequence[Told]) -> list[Contest]:
    """Two contents under one number of one author (a cloned or rewritten reporter)."""
    numbered: dict[tuple[str, str, int], list[Told]] = defaultdict(list)
    for told in facts:
        event = told.event
        numbered[event.author, event.stream, event.counter].append(told)
    return [
        Contest(ContestReason.EQUIVOCATION, _ids(twice))
        for twice in numbered.values()
        if len(twice) > 1
    ]


def _misread(facts: Sequence[Told]) -> list[Contest]:
    return [
        Contest(ContestReason.IDENTITY, (told.event_id,))
        for told in facts
        if isinstance(told.event.body, IdentityContested)
    ]


def _health(facts: Sequence[Told]) -> tuple[HealthPoint, ...]:
    return tuple(
        HealthPoint(
            at=told.event.occurred_to,
            estimate=body.estimate,
            claimed_soh_pct=body.claimed_soh_pct,
            coverage_pct=body.coverage_pct,
            throughput_ah=body.throughput_ah,
            author=told.event.author,
            event=told.event_id,
        )
        for told in facts
        if isinstance(body := told.event.body, ConditionCommitted)
    )


def _lifecycle(registration: Registration | None, now: Stay | None, moved: bool) -> Lifecycle:
    if now:
        return Lifecycle.IN_SERVICE if now.vehicle else Lifecycle.STOCKED
    if moved:
        return Lifecycle.STOCKED
    return Lifecycle.REGISTERED if registration else Lifecycle.UNREGISTERED


def _binding(now: Stay | None) -> Binding | None:
    if now is None:
        return None
    return Binding(now.vehicle, now.place, now.since, now.arrived_by[-1])


def _standing(contests: Sequence[Contest], walk: Walk) -> Standing:
    if contests:
        return Standing.CONTESTED
    return Standing.INCOMPLETE if walk.gaps else Standing.CLEAN


def _end(told: Told) -> tuple[int, str]:
    return told.event.to_ns, told.event_id


def _ids(facts: Sequence[Told]) -> tuple[str, ...]:
    return tuple(told.event_id for told in facts)
