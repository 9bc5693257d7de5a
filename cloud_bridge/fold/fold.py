"""`fold`: all facts of one pack, in whatever order they came, become its state."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

import msgspec

from cloud_bridge.fold.axes import Lifecycle, Safety, Standing
from cloud_bridge.fold.contests import Contest, ContestReason, Gap, contest
from cloud_bridge.fold.counters import Meters
from cloud_bridge.fold.custody import Keeping
from cloud_bridge.fold.incidents import incidents_of, worst
from cloud_bridge.fold.lifecycle import Life
from cloud_bridge.fold.moves import Move, moves_of
from cloud_bridge.fold.names import aliases_of, names_of, twice
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.state import (
    Binding,
    HealthPoint,
    Incident,
    Inspection,
    PackState,
    Registration,
    Stay,
    Triage,
)
from cloud_bridge.fold.stays import Walk
from cloud_bridge.fold.told import Told, in_order
from cloud_bridge.fold.tree import Tree
from packtrail.event import (
    ConditionCommitted,
    IdentityContested,
    InspectionRecorded,
    ProductAssembled,
    TriageDecided,
    UnitRef,
    UnitRegistered,
    UnitRepaired,
)

_FIRST_TIME_ZONE: Final = timezone(timedelta(hours=14))
"""Where a date begins first on Earth: a pack that is made on a day may be used from then on."""


def fold(unit: UnitRef, facts: Iterable[Told]) -> PackState:
    """The digital ID of `unit` from every fact that names it.

    Args:
        unit: whose.
        facts: in any order, with any repetition; corrections and disputes of them among them.
    """
    told = in_order(facts)
    settled = Settlement(told)
    ordered = settled.standing
    names = names_of(unit, ordered)
    life = Life(names).walk(ordered)
    moves = [move for move in moves_of(names, ordered) if move.told.event_id not in life.illegal]
    walk = Walk(moves).run()
    tree, keeping, meters = (
        Tree(names).walk(ordered),
        Keeping().walk(ordered),
        Meters().walk(ordered),
    )
    registration, contests = _registration(names, ordered, moves)
    contests += [
        *settled.contests,
        *life.contests,
        *walk.contests,
        *tree.contests,
        *keeping.contests,
        *meters.contests,
        *twice(unit, ordered),
        *_equivocations(told),
        *_misread(ordered),
    ]
    incidents = incidents_of(ordered)
    gaps = sorted({*walk.gaps, *life.gaps})
    return PackState(
        unit=unit,
        registration=registration,
        lifecycle=life.stage or _alive(registration, walk.now, bool(walk.stays)),
        binding=_binding(walk.now),
        stays=tuple(walk.stays),
        swaps=sum(move.swap for move in walk.moves),
        vehicles=len({stay.vehicle for stay in walk.stays if stay.vehicle}),
        health=_health(ordered),
        safety=_safety(life, incidents),
        incidents=incidents,
        standing=_standing(contests, gaps),
        contests=tuple(sorted(set(contests))),
        gaps=tuple(gaps),
        events=len(told),
        first_at=told[0].event.occurred_from if told else "",
        last_at=max(told, key=_end).event.occurred_to if told else "",
        stage_since=life.since.event.occurred_from if life.since else "",
        stage_event=life.since.event_id if life.since else "",
        life=life.number,
        aliases=aliases_of(ordered, names),
        parts=tree.parts,
        custody=keeping.now,
        totals=tuple(meters.totals[name] for name in sorted(meters.totals)),
        inspections=_inspections(ordered),
        triage=_triage(ordered),
        repairs=sum(isinstance(one.event.body, UnitRepaired) for one in ordered),
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


def _equivocations(facts: Sequence[Told]) -> list[Contest]:
    """Two contents under one number of one author (a cloned or rewritten reporter)."""
    numbered: dict[tuple[str, str, int], list[Told]] = defaultdict(list)
    for told in facts:
        event = told.event
        numbered[event.author, event.stream, event.counter].append(told)
    return [
        contest(ContestReason.EQUIVOCATION, twice_said)
        for twice_said in numbered.values()
        if len(twice_said) > 1
    ]


def _misread(facts: Sequence[Told]) -> list[Contest]:
    return [
        contest(ContestReason.IDENTITY, [told])
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


def _inspections(facts: Sequence[Told]) -> tuple[Inspection, ...]:
    return tuple(
        Inspection(told.event.occurred_to, told.event.author, told.event_id, body)
        for told in facts
        if isinstance(body := told.event.body, InspectionRecorded)
    )


def _triage(facts: Sequence[Told]) -> Triage | None:
    for told in reversed(facts):
        body = told.event.body
        if isinstance(body, TriageDecided):
            return Triage(told.event.occurred_to, told.event.author, told.event_id, body)
    return None


def _safety(life: Life, incidents: Sequence[Incident]) -> Safety:
    if life.since and life.stage is Lifecycle.DESTROYED:
        return Safety.DAMAGED
    return worst(incidents)


def _alive(registration: Registration | None, now: Stay | None, moved: bool) -> Lifecycle:
    if now:
        return Lifecycle.IN_SERVICE if now.vehicle else Lifecycle.STOCKED
    if moved:
        return Lifecycle.STOCKED
    return Lifecycle.REGISTERED if registration else Lifecycle.UNREGISTERED


def _binding(now: Stay | None) -> Binding | None:
    if now is None:
        return None
    return Binding(now.vehicle, now.place, now.since, now.arrived_by[-1])


def _standing(contests: Sequence[Contest], gaps: Sequence[Gap]) -> Standing:
    if contests:
        return Standing.CONTESTED
    return Standing.INCOMPLETE if gaps else Standing.CLEAN


def _end(told: Told) -> tuple[int, str]:
    return told.event.to_ns, told.event_id
