"""Moves become stays that do not overlap, and what contradicts becomes contests.

A pack is in at most one vehicle or place at any instant. The newest report is believed about
where the pack is; the older one that it contradicts stays in the history and in the contest.
Times known only as intervals get the benefit of the doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cloud_bridge.fold.contests import Contest, ContestReason, Gap
from cloud_bridge.fold.moves import ANY_SLOT, Move, Target, same_spot
from cloud_bridge.fold.state import Stay
from packtrail.event import PlaceRef, VehicleRef
from packtrail.times import parse_time


@dataclass(slots=True)
class Walk:
    """Walks through a pack's moves in order.

    Attributes:
        moves: all of them.
        stays: found so far; the last one is open if its `until` is "".
        contests: contradictions found.
        gaps: moves that nobody reported.
        spent: indices of departures that were used to explain an earlier arrival.
    """

    moves: Sequence[Move]
    stays: list[Stay] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    spent: set[int] = field(default_factory=set)

    def run(self) -> Walk:
        """Walk to the end; returns itself."""
        for index, move in enumerate(self.moves):
            if move.anew:
                self._take_away(move)
            elif move.leaves and index not in self.spent:
                self._leave(move)
            if move.arrives is not None:
                self._arrive(index, move, move.arrives)
        return self

    @property
    def now(self) -> Stay | None:
        """The open stay."""
        return self.stays[-1] if self.stays and not self.stays[-1].until else None

    def _take_away(self, move: Move) -> None:
        """Whoever takes it over had it out of the vehicle first: nobody said so, a gap."""
        now = self.now
        if now is None or (move.arrives and _is_at(now, (move.arrives,))):
            return
        if now.vehicle:
            self.gaps.append(Gap("removal", (*now.arrived_by[-1:], move.told.event_id)))
        self._close(move, implied=True)

    def _leave(self, move: Move) -> None:
        now = self.now
        if now and _is_at(now, move.leaves):
            self._close(move)
        elif self._confirms(move):
            return
        elif now:
            if not move.vague:
                self._contest_departure(now, move)
            elif not _is_at(now, (move.arrives,) if move.arrives else ()):
                self._contest(ContestReason.TWO_PLACES, now, move)
                self._close(move, implied=True)
        elif not move.vague:
            self._imply_arrival(move)

    def _arrive(self, index: int, move: Move, target: Target) -> None:
        now = self.now
        if now and _is_at(now, (target,)):
            self._refine(now, move, target)
            return
        if now:
            self._make_room(index, move, now)
        vehicle, place = _split(target)
        event = move.told.event
        self.stays.append(
            Stay(
                vehicle=vehicle,
                place=place,
                since=event.occurred_from,
                arrived_by=(move.told.event_id,),
            )
        )

    def _make_room(self, index: int, move: Move, now: Stay) -> None:
        """End the stay that an arrival elsewhere contradicts."""
        later = self._departure_in_doubt(index, move, now)
        if later is not None:
            self.spent.add(later)
            self._close(self.moves[later])
            return
        self._contest(ContestReason.TWO_PLACES, now, move)
        self._close(move, implied=True)

    def _departure_in_doubt(self, index: int, move: Move, now: Stay) -> int | None:
        """A departure from here that may well have come before this arrival."""
        for later in range(index + 1, len(self.moves)):
            other = self.moves[later]
            if other.told.event.from_ns > move.told.event.to_ns:
                return None
            if other.leaves and later not in self.spent and _is_at(now, other.leaves):
                return later
        return None

    def _confirms(self, move: Move) -> bool:
        """Whether a departure that is reported twice, or late, is one already known."""
        place = len(self.stays) - 1 - bool(self.now)
        if place < 0 or not _is_at(self.stays[place], move.leaves):
            return False
        closed, event = self.stays[place], move.told.event
        if not event.from_ns <= parse_time(closed.until) <= event.to_ns:
            return False
        self.stays[place] = msgspec.structs.replace(
            closed,
            left_by=(*closed.left_by, move.told.event_id),
            swap=closed.swap or move.swap,
        )
        return True

    def _contest_departure(self, now: Stay, move: Move) -> None:
        reason = ContestReason.SWAP_MISMATCH if move.swap else ContestReason.NOT_THERE
        self._contest(reason, now, move)
        self._close(move, implied=True)
        self._imply_stay(move)

    def _imply_arrival(self, move: Move) -> None:
        self.gaps.append(Gap("arrival", (move.told.event_id,)))
        self._imply_stay(move)

    def _imply_stay(self, move: Move) -> None:
        vehicle, place = _split(move.leaves[0])
        self.stays.append(Stay(vehicle=vehicle, place=place))
        self._close(move)

    def _close(self, move: Move, *, implied: bool = False) -> None:
        left_by = () if implied else (move.told.event_id,)
        self.stays[-1] = msgspec.structs.replace(
            self.stays[-1],
            until=move.told.event.occurred_from,
            left_by=left_by,
            swap=move.swap and not implied,
        )

    def _refine(self, now: Stay, move: Move, target: Target) -> None:
        """A second report of where the pack is: it may name the slot."""
        place = target if isinstance(target, PlaceRef) and target.slot != ANY_SLOT else now.place
        arrived_by = (*now.arrived_by, move.told.event_id)
        self.stays[-1] = msgspec.structs.replace(now, place=place, arrived_by=arrived_by)

    def _contest(self, reason: ContestReason, now: Stay, move: Move) -> None:
        proof = (*now.arrived_by[-1:], move.told.event_id)
        self.contests.append(Contest(reason, proof))


def _split(target: Target) -> tuple[VehicleRef | None, PlaceRef | None]:
    if isinstance(target, VehicleRef):
        return target, None
    return None, target


def _is_at(stay: Stay, targets: Sequence[Target]) -> bool:
    spot = stay.vehicle or stay.place
    return spot is not None and any(same_spot(spot, target) for target in targets)
