"""What each pack's steps say: it leaves where it last came to.

A broken link is explained by a gap or a stranger that the vehicles show; by two reporters whose
clocks disagree, if exchanging two neighbours mends it; else, if the pack is later still where the
new report said it no longer was, or is charged there, two packs bear one code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.inquiry.entries import NOWHERE, SITE, VEHICLE, Step, Visit

CLOCKS_NS: Final = 20 * 60 * 10**9
"""Clocks that are further apart than this are found by their receipt times."""
SOMEWHERE: Final = "?"
ANY_VEHICLE: Final = VEHICLE + "?"


@dataclass(slots=True)
class Jump:
    """A pack is reported elsewhere than it was: the step before, the step that says so.

    Attributes:
        before: the step by which it was somewhere else.
        step: the step that contradicts.
        returned: what shows the pack in the old place after all, or None.
        exchanged: the neighbour that, read in the other order, mends it: two clocks disagree.
    """

    before: Step
    step: Step
    returned: Step | None = None
    exchanged: Step | None = None


@dataclass(slots=True)
class Path:
    """Follows one pack.

    Attributes:
        steps: its steps in order.
        vehicles: id of a misplaced visit -> vehicle that it belongs to, "" if that is unknown.
        seen: where it was seen between its steps, in order (`entries.sightings_of`).
        jumps: broken links.
    """

    steps: Sequence[Step]
    vehicles: Mapping[int, str]
    seen: Sequence[Step] = ()
    jumps: list[Jump] = field(default_factory=list)

    def follow(self) -> list[Jump]:
        """Every broken link."""
        at, before = NOWHERE, NOWHERE
        since: Step | None = None
        place = 0
        while place < len(self.steps):
            step = self.steps[place]
            after = self._from(at, step)
            if after is None and since:
                after, used = self._mend(place, at, before, since)
                place += used
            before, at = at, after or at
            since, place = step, place + 1
        return self.jumps

    def _mend(self, place: int, at: str, before: str, since: Step) -> tuple[str, int]:
        """Explain a broken link: where the pack is then, and how many steps that used up."""
        step = self.steps[place]
        if self._clocks(since, step):
            exchanged = self._along(before, step, since)
            if exchanged is not None:
                self.jumps.append(Jump(since, step, exchanged=since))
                return exchanged, 0
        following = self.steps[place + 1] if place + 1 < len(self.steps) else None
        if following and self._clocks(step, following):
            exchanged = self._along(at, following, step)
            if exchanged is not None:
                self.jumps.append(Jump(since, step, exchanged=following))
                return exchanged, 1
        self.jumps.append(Jump(since, step, returned=self._later_from(place, at)))
        arrives = self._spot(step.arrives, step)
        return arrives if arrives != NOWHERE else SOMEWHERE, 0

    def _along(self, at: str, *steps: Step) -> str | None:
        """Where the pack is after `steps` from `at`, None if it cannot have gone so."""
        for step in steps:
            after = self._from(at, step)
            if after is None:
                return None
            at = after
        return at

    def _from(self, at: str, step: Step) -> str | None:
        leaves, arrives = self._spot(step.leaves, step), self._spot(step.arrives, step)
        if not _can_leave(at, leaves, arrives):
            return None
        return arrives if arrives != NOWHERE else SOMEWHERE

    def _clocks(self, one: Step, other: Step) -> bool:
        """Whether two clocks may have put the two in the wrong order."""
        close = abs(one.t_ns - other.t_ns) <= CLOCKS_NS
        places = {site_of(one), site_of(other)} - {""}
        return close and len(places) < 2 and one.told.event.author != other.told.event.author

    def _later_from(self, place: int, at: str) -> Step | None:
        """What shows the pack in the old place later on, unless it was brought back to it."""
        for later in self.steps[place + 1 :]:
            if self._spot(later.leaves, later) == at:
                return later
            if self._spot(later.arrives, later) == at:
                return self._seen(at, self.steps[place].t_ns, later.t_ns)
        return self._seen(at, self.steps[place].t_ns, math.inf)

    def _seen(self, at: str, after_ns: int, before_ns: float) -> Step | None:
        """The first sighting in a place so long after a step that no clock explains it."""
        for one in self.seen:
            if one.arrives == at and after_ns + CLOCKS_NS < one.t_ns < before_ns:
                return one
        return None

    def _spot(self, spot: str, step: Step) -> str:
        """The spot with the vehicle that the visit really was of."""
        if not spot.startswith(VEHICLE) or id(step.visit) not in self.vehicles:
            return spot
        return VEHICLE + (self.vehicles[id(step.visit)] or "?")


def _can_leave(at: str, leaves: str, arrives: str) -> bool:
    if at == NOWHERE:
        return True
    if at == SOMEWHERE:
        # Taken out of somewhere: it may be put in anywhere, and the site may say so once more.
        return not leaves.startswith(VEHICLE)
    if leaves == NOWHERE:
        return arrives == at or at.startswith(SITE)
    return leaves == at or (leaves == ANY_VEHICLE and at.startswith(VEHICLE))


def site_of(step: Step) -> str:
    """The site of a step, "" if it names none."""
    for spot in (step.leaves, step.arrives):
        if spot.startswith(SITE):
            return spot.removeprefix(SITE)
    visit: Visit | None = step.visit
    return visit.site if visit else ""
