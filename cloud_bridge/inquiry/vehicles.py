"""What each vehicle's visits say: it must give what it last took.

A broken link between two visits is a gap (a visit that was never reported), or one of the two is
a stranger there: reported for the wrong vehicle. It is a stranger when the visits around it fit
without it, or when it fills the gap of another vehicle exactly.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloud_bridge.inquiry.entries import Visit
from packtrail.event import UnitRef


@dataclass(slots=True)
class Gap:
    """Between two visits of a vehicle one is missing.

    Attributes:
        before: last visit that fits.
        after: next one, which gives another pack.
        filled_by: a visit reported for another vehicle that belongs here, or None.
    """

    before: Visit
    after: Visit
    filled_by: Visit | None = None


@dataclass(slots=True)
class Misplaced:
    """A visit that was reported for the wrong vehicle; `gap` is where it belongs, or None."""

    visit: Visit
    neighbours: tuple[Visit, ...]
    gap: Gap | None = None


@dataclass(slots=True)
class Lines:
    """The visits of all vehicles, sorted out.

    Attributes:
        gaps: visits that are missing.
        misplaced: visits of the wrong vehicle.
    """

    gaps: list[Gap] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)

    def read(self, visits: Mapping[str, Sequence[Visit]]) -> Lines:
        """Sort out the visits of each vehicle; returns itself."""
        for vehicle in sorted(visits):
            self._strangers(list(visits[vehicle]))
        self._fill()
        return self

    def _strangers(self, line: list[Visit]) -> None:
        """Take out visits that both neighbours contradict and that join without them."""
        kept: list[Visit] = []
        for place, visit in enumerate(line):
            after = line[place + 1] if place + 1 < len(line) else None
            if kept and after and _stranger(kept[-1], visit, after):
                self.misplaced.append(Misplaced(visit, (kept[-1], after)))
            else:
                kept.append(visit)
        for before, after in itertools.pairwise(kept):
            if not fits(before, after):
                self.gaps.append(Gap(before, after))

    def _fill(self) -> None:
        """Give each misplaced visit the gap that it fills, and find strangers by such gaps."""
        wanted: dict[tuple[UnitRef | None, UnitRef | None], list[Gap]] = defaultdict(list)
        for gap in self.gaps:
            wanted[gap.before.takes, gap.after.gives].append(gap)
        for one in self.misplaced:
            one.gap = _gap_for(one.visit, wanted)
        found: set[int] = set()
        for gap in self.gaps:
            for visit in (gap.before, gap.after):
                if gap.filled_by is None and id(visit) not in found:
                    self._try(visit, gap, wanted, found)
        self.gaps = [gap for gap in self.gaps if gap.filled_by is None]

    def _try(
        self,
        visit: Visit,
        gap: Gap,
        wanted: Mapping[tuple[UnitRef | None, UnitRef | None], list[Gap]],
        found: set[int],
    ) -> None:
        """A visit beside a gap at the end of a line may be a stranger as well."""
        home = _gap_for(visit, wanted, but=visit.vehicle)
        if home is None:
            return
        found.add(id(visit))
        other = gap.after if visit is gap.before else gap.before
        self.misplaced.append(Misplaced(visit, (other,), home))
        gap.filled_by = visit


def _stranger(before: Visit, visit: Visit, after: Visit) -> bool:
    """Whether both neighbours contradict a visit and fit each other without it."""
    return not fits(before, visit) and not fits(visit, after) and fits(before, after)


def fits(before: Visit, after: Visit) -> bool:
    """Whether the vehicle can have gone from the one visit to the other with nothing between."""
    if after.gives is None:
        return before.takes is None or after.takes == before.takes
    return before.takes == after.gives


def _gap_for(
    visit: Visit,
    wanted: Mapping[tuple[UnitRef | None, UnitRef | None], list[Gap]],
    but: str = "",
) -> Gap | None:
    if visit.gives is None or visit.takes is None:
        return None
    for gap in wanted.get((visit.gives, visit.takes), ()):
        elsewhere = gap.filled_by is None and gap.before.vehicle not in (but, visit.vehicle)
        if elsewhere and gap.before.t_ns <= visit.t_ns <= gap.after.t_ns:
            gap.filled_by = visit
            return gap
    return None
