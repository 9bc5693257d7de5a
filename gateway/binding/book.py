"""The station's book: who stands in which slot, and the signed facts that follow.

Acts of the station controller enter (scan, insert, remove, swap), facts for the outbox and
moves for the pipeline leave. A pack's arrival is announced once it is settled which pack it
is and its state of charge was heard, or after a few seconds without. What is contested is
told as such, and its data stay under the slot.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from gateway.binding.judgement import Problem, judge
from gateway.binding.visit import StationState, SwapTold, Visit
from gateway.outbox import Fact
from packtrail.estimate import Interval
from packtrail.event import (
    Body,
    IdentityContested,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    SwapPerformed,
    UnitRef,
    VehicleRef,
)
from packtrail.record import Kind
from packtrail.times import NS_PER_S, ClockQuality, format_time, parse_time

EARLY_READING_NS: Final = 3600 * NS_PER_S
"""Readings of a slot that are older than this when a pack arrives speak of another pack."""
HEAR_S: Final = 5.0

HearSoc = Callable[[str, int], float | None]
"""The state of charge of a slot's pack, heard at or after a time."""


class Arrived(NamedTuple):
    """A pack was put into a slot; whatever was heard there before is another's."""

    slot: str
    t_ns: int


class Left(NamedTuple):
    """A pack was taken out of a slot."""

    slot: str
    t_ns: int


class Known(NamedTuple):
    """It is settled which pack stands in a slot since when; None: no longer settled."""

    slot: str
    unit: UnitRef | None
    since_ns: int


Move = Arrived | Left | Known


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an act."""

    facts: list[Fact] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """And what follows from another."""
        self.facts.extend(other.facts)
        self.moves.extend(other.moves)


class Book:
    """Keeps a station's visits.

    Args:
        site: name of the site, for places.
        state: what is remembered.
        hear_soc: asks the pipeline for a state of charge.
        clock: asks how good the clock is.
        controller: whether a station controller tells of arrivals; else the first scan does.
        unread_s: how long a pack may stand unread before that is a problem.
    """

    def __init__(
        self,
        site: str,
        state: StationState,
        hear_soc: HearSoc,
        clock: Callable[[], ClockQuality],
        *,
        controller: bool = True,
        unread_s: float = 30.0,
    ) -> None:
        self.state = state
        self._site, self._hear_soc, self._clock = site, hear_soc, clock
        self._controller, self._unread_s = controller, unread_s
        now = time.monotonic()
        self._since = {slot: now for slot, visit in state.visits.items() if visit.present}

    def scan(self, slot: str, label: str, source: str, t_ns: int) -> Outcome:
        """A label was read for a slot, perhaps before its pack arrives."""
        visit = self.state.visit(slot).read(Reading(source, label, format_time(t_ns)))
        outcome = Outcome()
        if not visit.present and not self._controller:
            visit = msgspec.structs.replace(visit, since_ns=t_ns)
            outcome.moves.append(Arrived(slot, t_ns))
            self._since[slot] = time.monotonic()
        self._keep(slot, visit)
        outcome.add(self._settle(slot, t_ns))
        return outcome

    def insert(self, slot: str, t_ns: int, vehicle: VehicleRef | None) -> Outcome:
        """A pack was put into a slot; told twice of one pack, it is still one."""
        visit = self.state.visit(slot)
        if visit.present and self._is_same_pack(visit):
            return Outcome()
        outcome = self._leave(slot, t_ns, None, "unseen") if visit.present else Outcome()
        arriving = Visit(_recent(visit, t_ns), t_ns, vehicle)
        outcome.add(self._arrive(slot, arriving))
        return outcome

    def remove(self, slot: str, t_ns: int, vehicle: VehicleRef | None) -> Outcome:
        """A pack was taken out of a slot."""
        return self._leave(slot, t_ns, vehicle, "")

    def swap(
        self, t_ns: int, vehicle: VehicleRef, slot_in: str, slot_out: str, order: str
    ) -> Outcome:
        """A vehicle left its pack in one slot and took that of another."""
        leaving = self.state.visit(slot_out)
        told = SwapTold(
            order,
            vehicle,
            leaving.unit,
            self._hear_soc(slot_out, leaving.since_ns),
            self._health(leaving.unit),
        )
        outcome = self._leave(slot_out, t_ns, None, "swap")
        early = self.state.visit(slot_in)
        if early.present:
            outcome.add(self._leave(slot_in, t_ns, None, "unseen"))
        arriving = Visit(_recent(early, t_ns), t_ns, swap=told)
        outcome.add(self._arrive(slot_in, arriving))
        return outcome

    def tick(self) -> Outcome:
        """What time alone brings: late announcements and labels that nobody read."""
        outcome = Outcome()
        for slot, visit in self.state.visits.items():
            if not visit.present:
                continue
            waited_s = time.monotonic() - self._since.get(slot, 0.0)
            if visit.unit not in (None, visit.announced):
                outcome.facts.extend(self._announce(slot, force=waited_s > HEAR_S))
            elif not visit.unit and not visit.problem and waited_s > self._unread_s:
                problem = judge(visit.readings, arrived=self._controller).problem or Problem.UNREAD
                outcome.facts.append(self._contest(slot, visit, problem, visit.since_ns))
            elif visit.swap and waited_s > self._unread_s:
                outcome.facts.extend(self._announce_swap_alone(slot, visit))
        return outcome

    def remember_health(self, unit: UnitRef, soh: Interval) -> None:
        """Keep a pack's last state of health."""
        self.state = self.state.with_health(unit, soh)

    def _arrive(self, slot: str, visit: Visit) -> Outcome:
        self._keep(slot, visit)
        self._since[slot] = time.monotonic()
        outcome = Outcome(moves=[Arrived(slot, visit.since_ns)])
        outcome.add(self._settle(slot, visit.since_ns))
        return outcome

    def _leave(self, slot: str, t_ns: int, vehicle: VehicleRef | None, reason: str) -> Outcome:
        visit = self.state.visit(slot)
        outcome = Outcome()
        if visit.present:
            outcome.facts.extend(self._announce(slot, force=True))
            outcome.facts.extend(self._announce_swap_alone(slot, self.state.visit(slot)))
        outcome.moves.append(Left(slot, t_ns))
        if visit.present and visit.unit:
            soc = self._hear_soc(slot, visit.since_ns)
            removed = PackRemoved(place=self._place(slot), reason=reason, soc_pct=soc)
            outcome.facts.append(self._fact(slot, visit.unit, t_ns, removed))
            if vehicle:
                installed = PackInstalled(vehicle=vehicle, reason=reason, soc_pct=soc)
                outcome.facts.append(self._fact(slot, visit.unit, t_ns, installed))
        self._keep(slot, Visit())
        return outcome

    def _settle(self, slot: str, t_ns: int) -> Outcome:
        """Judge anew after a reading or an arrival."""
        visit = self.state.visit(slot)
        if not visit.present:
            return Outcome()
        unit, problem = judge(visit.readings, arrived=self._controller)
        outcome = Outcome()
        if unit != visit.unit:
            outcome.moves.append(Known(slot, unit, visit.since_ns if unit else t_ns))
            still = "" if unit else visit.problem
            visit = msgspec.structs.replace(visit, unit=unit, problem=still)
            self._keep(slot, visit)
        if problem in (Problem.DISAGREE, Problem.UNREADABLE) and problem != visit.problem:
            outcome.facts.append(self._contest(slot, visit, problem, t_ns))
        elif unit:
            outcome.facts.extend(self._announce(slot, force=False))
        return outcome

    def _announce(self, slot: str, *, force: bool) -> list[Fact]:
        """The events of an arrival, once its pack is known and was heard."""
        visit = self.state.visit(slot)
        soc = self._hear_soc(slot, visit.since_ns)
        if visit.unit in (None, visit.announced) or (soc is None and not force):
            return []
        assert visit.unit is not None
        self._keep(slot, msgspec.structs.replace(visit, announced=visit.unit, swap=None))
        bodies: list[tuple[UnitRef, Body]] = []
        if visit.announced:
            mistaken = PackRemoved(place=self._place(slot), reason="misread")
            bodies.append((visit.announced, mistaken))
        if visit.swap and visit.swap.taken:
            bodies.append((visit.swap.taken, self._swapped(visit.swap, visit.unit, soc)))
        elif vehicle := visit.swap.vehicle if visit.swap else visit.vehicle:
            bodies.append((visit.unit, PackRemoved(vehicle=vehicle, soc_pct=soc)))
        installed = PackInstalled(
            place=self._place(slot),
            reason="swap" if visit.swap else "",
            soc_pct=soc,
            readings=visit.readings,
        )
        bodies.append((visit.unit, installed))
        return [self._fact(slot, unit, visit.since_ns, body) for unit, body in bodies]

    def _announce_swap_alone(self, slot: str, visit: Visit) -> list[Fact]:
        """The swap, when it stays unknown which pack came in; that one is announced later."""
        told = visit.swap
        if told is None:
            return []
        self._keep(slot, msgspec.structs.replace(visit, swap=None, vehicle=told.vehicle))
        if told.taken is None:
            return []
        return [self._fact(slot, told.taken, visit.since_ns, self._swapped(told, None, None))]

    def _contest(self, slot: str, visit: Visit, problem: Problem, t_ns: int) -> Fact:
        self._keep(slot, msgspec.structs.replace(visit, problem=problem.value))
        body = IdentityContested(self._place(slot), problem.value, visit.readings)
        return self._fact(slot, None, t_ns, body)

    def _swapped(self, told: SwapTold, out: UnitRef | None, soc: float | None) -> SwapPerformed:
        return SwapPerformed(
            vehicle=told.vehicle,
            site=self._site,
            unit_out=out,
            order=told.order,
            soc_in_pct=told.soc_taken_pct,
            soc_out_pct=soc,
            soh_in=told.soh_taken,
            soh_out=self._health(out),
        )

    def _fact(self, slot: str, unit: UnitRef | None, t_ns: int, body: Body) -> Fact:
        return Fact(Kind.EVENT, unit, slot, t_ns, t_ns, self._clock(), body)

    def _place(self, slot: str) -> PlaceRef:
        return PlaceRef(self._site, slot)

    def _health(self, unit: UnitRef | None) -> float | None:
        known = self.state.healths.get(str(unit))
        return None if known is None else round(known.value, 4)

    def _keep(self, slot: str, visit: Visit) -> None:
        self.state = self.state.with_visit(slot, visit)

    @staticmethod
    def _is_same_pack(visit: Visit) -> bool:
        """Whether the last reading names the settled pack: a controller that tells it again."""
        last = judge(visit.readings[-1:], arrived=True).unit
        return visit.unit is not None and last == visit.unit


def _recent(visit: Visit, t_ns: int) -> tuple[Reading, ...]:
    """Readings made shortly before an arrival, and after the last visit's own."""
    own = max(visit.since_ns, t_ns - EARLY_READING_NS)
    return tuple(
        r for r in visit.readings if parse_time(r.at) >= own and r.at != format_time(visit.since_ns)
    )
