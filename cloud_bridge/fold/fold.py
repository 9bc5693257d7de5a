"""`fold`: all facts of one pack, in whatever order they came, become its state."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from cloud_bridge.fold.axes import Lifecycle, Safety, Standing
from cloud_bridge.fold.contests import Contest, ContestReason, Gap, contest
from cloud_bridge.fold.counters import Meters
from cloud_bridge.fold.custody import Keeping
from cloud_bridge.fold.incidents import incidents_of, worst
from cloud_bridge.fold.lifecycle import Life
from cloud_bridge.fold.moves import moves_of
from cloud_bridge.fold.names import aliases_of, names_of, twice
from cloud_bridge.fold.registration import registered
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
    TriageDecided,
    UnitRef,
    UnitRepaired,
)


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
    life, walk, tree, keeping, meters = walks = _walks(names, ordered)
    registration, contests = registered(names, ordered, walk.moves)
    contests += [found for one in (settled, *walks) for found in one.contests]
    contests += [*twice(unit, ordered), *_equivocations(told), *_misread(ordered)]
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


class _Walks(NamedTuple):
    """The facts read once along each axis of the state."""

    life: Life
    walk: Walk
    tree: Tree
    keeping: Keeping
    meters: Meters


def _walks(names: frozenset[UnitRef], facts: Sequence[Told]) -> _Walks:
    life = Life(names).walk(facts)
    moves = [move for move in moves_of(names, facts) if move.told.event_id not in life.illegal]
    return _Walks(
        life,
        Walk(moves).run(),
        Tree(names).walk(facts),
        Keeping(names).walk(facts),
        Meters().walk(facts),
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
    return told.end_ns, told.event_id
