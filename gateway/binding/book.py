"""The station's book: who stands in which slot, and the signed facts that follow.

Acts of the station controller enter (scan, insert, remove, swap), facts for the outbox and
moves for the pipeline leave. A pack's arrival is announced once it is settled which pack it
is and its state of charge was heard, or after a few seconds without. What is contested is
told as such, and its data stay under the slot: once it is settled whose they are, also after
the pack has left, what was sealed meanwhile is attributed back to the arrival.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from gateway.binding.attribution import attributions, history_of
from gateway.binding.judgement import HINTS, OPERATOR, Judgement, Problem, judge
from gateway.binding.outcome import Arrived, Known, Left, Outcome
from gateway.binding.visit import Case, StationState, SwapTold, Visit
from gateway.outbox import Fact
from packtrail.codes import PackCode
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
SealedUntil = Callable[[str], int]
"""UTC of the newest sample that was sealed during a slot's present visit, 0 for none."""


class Book:
    """Keeps a station's visits.

    Args:
        site: name of the site, for places.
        state: what is remembered.
        hear_soc: asks the pipeline for a state of charge.
        clock: asks how good the clock is.
        controller: whether a station controller tells of arrivals; else the first scan does.
        unread_s: how long a pack may stand unread before that is a problem.
        confirm: whether a label needs a second reading even if the arrival was told.
        sealed_until: asks the pipeline how far a visit's data are sealed.
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
        confirm: bool = True,
        sealed_until: SealedUntil = lambda _slot: 0,
    ) -> None:
        self.state = state
        self._confirm, self._sealed_until = confirm, sealed_until
        self._site, self._hear_soc, self._clock = site, hear_soc, clock
        self._controller, self._unread_s = controller, unread_s
        now = time.monotonic()
        self._since = {slot: now for slot, visit in state.visits.items() if visit.present}

    def scan(self, slot: str, label: str, source: str, t_ns: int) -> Outcome:
        """A label was read for a slot, perhaps before its pack arrives."""
        return self.read(slot, Reading(source, label, format_time(t_ns)), t_ns)

    def read(self, slot: str, reading: Reading, t_ns: int) -> Outcome:
        """Anything that bears on a slot's identity was read, by whatever means."""
        visit = self.state.visit(slot).read(reading)
        outcome = Outcome()
        if not visit.present and not self._controller and reading.source not in HINTS:
            visit = msgspec.structs.replace(visit, since_ns=t_ns, unbound_ns=t_ns)
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
        arriving = Visit(_recent(visit, t_ns), t_ns, vehicle, unbound_ns=t_ns)
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
        arriving = Visit(_recent(early, t_ns), t_ns, swap=told, unbound_ns=t_ns)
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
                problem = self._judge(visit).problem or Problem.UNREAD
                outcome.facts.append(self._contest(slot, visit, problem, visit.since_ns))
            elif visit.swap and waited_s > self._unread_s:
                outcome.facts.extend(self._announce_swap_alone(slot, visit))
        return outcome

    def remember_health(self, unit: UnitRef, soh: Interval) -> None:
        """Keep a pack's last state of health."""
        self.state = self.state.with_health(unit, soh)

    def settle_case(self, name: str, label: str, t_ns: int) -> Outcome:
        """A person says whose visit a closed one was; nothing follows of a case that is not there.

        Raises:
            CodeError: the label names no pack.
        """
        case = next((case for case in self.state.cases if case.name == name), None)
        if case is None:
            return Outcome()
        unit = PackCode.parse(label).unit
        self.state = self.state.without_case(name)
        reading = Reading(OPERATOR, label, format_time(t_ns))
        bodies = history_of(case, unit, reading, self._place(case.slot))
        return Outcome(
            [
                Fact(Kind.EVENT, whom, case.slot, *span, self._clock(), body)
                for whom, span, body in bodies
            ]
        )

    def dismiss_case(self, name: str) -> Outcome:
        """A person says that it was no pack's visit; its data stay under the slot."""
        self.state = self.state.without_case(name)
        return Outcome()

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
            soc, soh = self._hear_soc(slot, visit.since_ns), self._health(visit.unit)
            removed = PackRemoved(place=self._place(slot), reason=reason, soc_pct=soc, soh=soh)
            outcome.facts.append(self._fact(slot, visit.unit, t_ns, removed))
            if vehicle:
                installed = PackInstalled(vehicle=vehicle, reason=reason, soc_pct=soc, soh=soh)
                outcome.facts.append(self._fact(slot, visit.unit, t_ns, installed))
        elif visit.present:
            outcome.facts.extend(self._open_case(slot, t_ns))
        self._keep(slot, Visit())
        return outcome

    def _open_case(self, slot: str, t_ns: int) -> list[Fact]:
        """The pack is gone and nobody knows which it was; a person may know later."""
        visit = self.state.visit(slot)
        if not visit.readings and self._sealed_until(slot) < visit.since_ns:
            return []
        problem = visit.problem or str(self._judge(visit).problem or Problem.UNREAD)
        told = [] if visit.problem else [self._contest(slot, visit, Problem(problem), t_ns)]
        case = Case(
            f"{slot}-{visit.since_ns // NS_PER_S}",
            slot,
            visit.since_ns,
            max(t_ns, visit.since_ns),
            visit.readings,
            problem,
            visit.announced,
        )
        self.state = self.state.with_case(case)
        return told

    def _settle(self, slot: str, t_ns: int) -> Outcome:
        """Judge anew after a reading or an arrival."""
        visit = self.state.visit(slot)
        if not visit.present:
            return Outcome()
        unit, problem = self._judge(visit)
        outcome = Outcome()
        if unit != visit.unit:
            outcome.moves.append(Known(slot, unit, visit.since_ns if unit else t_ns))
            if unit:
                outcome.facts.extend(self._attribute(slot, visit, unit))
            visit = visit.settled(unit, t_ns)
            self._keep(slot, visit)
        if problem in (Problem.DISAGREE, Problem.UNREADABLE) and problem != visit.problem:
            outcome.facts.append(self._contest(slot, visit, problem, visit.since_ns))
        elif unit:
            outcome.facts.extend(self._announce(slot, force=False))
        return outcome

    def _judge(self, visit: Visit) -> Judgement:
        return judge(visit.readings, arrived=self._controller, confirm=self._confirm)

    def _attribute(self, slot: str, visit: Visit, unit: UnitRef) -> list[Fact]:
        """What was sealed of this visit under no pack, or under another, is this one's."""
        until = self._sealed_until(slot)
        return [
            Fact(Kind.EVENT, unit, slot, *span, self._clock(), body)
            for span, body in attributions(visit, unit, until, self._place(slot))
        ]

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
            left = PackRemoved(vehicle=vehicle, soc_pct=soc, soh=self._health(visit.unit))
            bodies.append((visit.unit, left))
        installed = PackInstalled(
            place=self._place(slot),
            reason="swap" if visit.swap else "",
            soc_pct=soc,
            readings=visit.readings,
            soh=self._health(visit.unit),
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
        last = judge(visit.readings[-1:], arrived=True, confirm=False).unit
        return visit.unit is not None and last == visit.unit


def _recent(visit: Visit, t_ns: int) -> tuple[Reading, ...]:
    """Readings made shortly before an arrival, and after the last visit's own."""
    own = max(visit.since_ns, t_ns - EARLY_READING_NS)
    return tuple(
        r for r in visit.readings if parse_time(r.at) >= own and r.at != format_time(visit.since_ns)
    )
