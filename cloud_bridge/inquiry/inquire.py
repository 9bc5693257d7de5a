"""`inquire`: from facts of many packs and vehicles to faults with their culprits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import Told, in_order
from cloud_bridge.inquiry.entries import VEHICLE, Step, Visit, sightings_of, steps_of, visits_of
from cloud_bridge.inquiry.findings import Fault, Finding
from cloud_bridge.inquiry.packs import Jump, Path, site_of
from cloud_bridge.inquiry.travel import Position, too_fast
from cloud_bridge.inquiry.vehicles import Gap, Lines, Misplaced
from cloud_bridge.inquiry.yields import skimmed
from packtrail.event import UnitRef

FUTURE_NS: Final = 120 * 10**9
"""A report so far ahead of its receipt comes from a clock that is off."""


def inquire(
    facts: Iterable[Told], sites: Mapping[str, Position] | None = None
) -> tuple[Finding, ...]:
    """Every fault that `facts` show.

    Args:
        facts: of any packs and vehicles, in any order, with any repetition.
        sites: where the sites are, for the test of travel.
    """
    told = Settlement(in_order(facts)).standing
    visits, by_event = visits_of(told)
    lines = Lines().read(visits)
    steps = steps_of(told, by_event)
    homes = {id(one.visit): one.gap.before.vehicle if one.gap else "" for one in lines.misplaced}
    seen = sightings_of(told)
    jumps = [
        jump
        for unit in sorted(steps, key=str)
        for jump in Path(steps[unit], homes, seen.get(unit, ())).follow()
    ]
    by_unit: dict[UnitRef | None, list[Jump]] = defaultdict(list)
    for jump in jumps:
        by_unit[jump.step.unit].append(jump)
    lags = _lags(told)
    found = [_wrong_vehicle(one) for one in lines.misplaced]
    found += [_lost_visit(gap, by_unit) for gap in lines.gaps]
    found += _of_packs(jumps, lines, visits, lags)
    found += _ahead(told)
    found += skimmed(told)
    found += _travel(steps, sites or {}, found)
    return tuple(sorted(set(found)))


def _wrong_vehicle(one: Misplaced) -> Finding:
    proof = [*one.neighbours, one.visit] if one.gap is None else [one.gap.before, one.visit]
    events = tuple(dict.fromkeys(event for visit in proof for event in visit.events[:1]))
    return Finding(
        Fault.WRONG_VEHICLE, one.visit.vehicle, events, one.visit.events, one.visit.author
    )


def _lost_visit(gap: Gap, jumps: Mapping[UnitRef | None, Sequence[Jump]]) -> Finding:
    """Who owes the report: the reporter where the pack that the vehicle had turned up next."""
    events = (gap.before.events[-1], gap.after.events[0])
    if gap.after.gives is None:
        # The same reporter put a pack into a vehicle whose pack nobody took out.
        return Finding(Fault.LOST_REPORT, gap.before.vehicle, events, (), gap.after.author)
    blame = ""
    for jump in (*jumps[gap.before.takes], *jumps[gap.after.gives]):
        if gap.before.t_ns <= jump.step.t_ns and jump.before.t_ns <= gap.after.t_ns:
            source = jump.step if jump.step.unit == gap.before.takes else jump.before
            blame = blame or site_of(source) or source.told.event.author
    return Finding(Fault.LOST_REPORT, gap.before.vehicle, events, (), blame)


def _of_packs(
    jumps: Sequence[Jump],
    lines: Lines,
    visits: Mapping[str, Sequence[Visit]],
    lags: Mapping[str, float],
) -> list[Finding]:
    """Jumps that no gap and no stranger among the visits explains."""
    explained = _explained(lines)
    open_ = [jump for jump in jumps if not _near(jump, explained.get(jump.step.unit, ()))]
    copied: dict[UnitRef, Jump] = {}
    for jump in open_:
        if jump.returned:
            copied.setdefault(jump.step.unit, jump)
    found = [_copied(jump) for jump in copied.values()]
    # What else is odd about a code that two packs bear follows from that.
    others = [jump for jump in open_ if jump.step.unit not in copied]
    found += [_clock(one, lags) if one.exchanged else _undecided(one, visits) for one in others]
    return found


def _explained(lines: Lines) -> dict[UnitRef, list[tuple[int, int]]]:
    """Pack -> spans in which a missing or misplaced visit explains where it was."""
    spans: dict[UnitRef, list[tuple[int, int]]] = defaultdict(list)
    for gap in lines.gaps:
        for unit in (gap.before.takes, gap.after.gives):
            if unit:
                spans[unit].append((gap.before.t_ns, gap.after.t_ns))
    for one in lines.misplaced:
        for unit in (one.visit.gives, one.visit.takes):
            if unit:
                spans[unit].append((one.visit.t_ns, one.visit.t_ns))
    return spans


def _near(jump: Jump, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether the missing visit lies between the two steps."""
    return any(low <= jump.step.t_ns and high >= jump.before.t_ns for low, high in spans)


def _clock(jump: Jump, lags: Mapping[str, float]) -> Finding:
    assert jump.exchanged
    pair = (jump.step.told, jump.exchanged.told)
    authors = {one.event.author for one in pair}
    # Who is off shows in the receipts: the one whose reports arrive far from when they say.
    off = max(sorted(authors), key=lambda author: abs(lags.get(author, 0.0)))
    wrong = tuple(one.event_id for one in pair if one.event.author == off)
    events = tuple(one.event_id for one in pair)
    return Finding(Fault.CLOCK_OFF, off, events, wrong, off)


def _copied(jump: Jump) -> Finding:
    events = (jump.before.told.event_id, jump.step.told.event_id)
    more = (jump.returned.told.event_id,) if jump.returned else ()
    author = jump.step.told.event.author
    return Finding(Fault.COPIED_CODE, str(jump.step.unit), events + more, events[1:], author)


def _undecided(jump: Jump, visits: Mapping[str, Sequence[Visit]]) -> Finding:
    """Out of a vehicle that was not seen since: a lost report, unless it still turns up there."""
    events = (jump.before.told.event_id, jump.step.told.event_id)
    spot = jump.before.arrives
    line = visits.get(spot.removeprefix(VEHICLE), ()) if spot.startswith(VEHICLE) else ()
    if line and line[-1].t_ns > jump.step.t_ns:
        return Finding(Fault.UNDECIDED, str(jump.step.unit), events)
    return Finding(
        Fault.LOST_REPORT,
        str(jump.step.unit),
        events,
        (),
        site_of(jump.step) or jump.step.told.event.author,
    )


def _lags(facts: Iterable[Told]) -> dict[str, float]:
    """Author -> median of receipt minus occurrence, ns; authors without receipts are left out."""
    lags: dict[str, list[int]] = defaultdict(list)
    for told in facts:
        if told.recorded_ns:
            lags[told.event.author].append(told.recorded_ns - told.event.to_ns)
    return {author: median(values) for author, values in lags.items()}


def _ahead(facts: Iterable[Told]) -> list[Finding]:
    """Reporters that state what was still to come when it was received (I18)."""
    first: dict[str, Told] = {}
    counts: Counter[str] = Counter()
    for told in facts:
        if told.recorded_ns and told.event.from_ns > told.recorded_ns + FUTURE_NS:
            first.setdefault(told.event.author, told)
            counts[told.event.author] += 1
    return [
        Finding(Fault.CLOCK_OFF, author, (told.event_id,), (told.event_id,), author)
        for author, told in first.items()
    ]


def _travel(
    steps: Mapping[UnitRef, Sequence[Step]],
    sites: Mapping[str, Position],
    found: Sequence[Finding],
) -> list[Finding]:
    """Sightings too far apart, of packs that nothing else was found of."""
    if not sites:
        return []
    known = {one.subject for one in found}
    more = []
    for unit in sorted(steps, key=str):
        for before, step in too_fast(steps[unit], sites) if str(unit) not in known else ():
            events = (before.told.event_id, step.told.event_id)
            more.append(Finding(Fault.TOO_FAST, str(unit), events))
    return more
