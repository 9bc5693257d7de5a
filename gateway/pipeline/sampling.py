"""When a sample is taken: often while current flows, seldom at rest, never by the wall clock.

Times are those of the frames. A clock that jumps back starts the count anew; a gap in the
frames is a gap in the samples, and nothing fills it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from packtrail.sample import Sample
from packtrail.times import NS_PER_S


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """How densely a pack is sampled.

    Attributes:
        active_s: distance while current flows.
        rest_s: distance at rest; the estimator takes more than 60 s for a gap.
        look_s: distance of looks for alarms.
        flowing_a: an absolute current from which on it flows; unknown counts as flowing.
    """

    active_s: float = 1.0
    rest_s: float = 60.0
    flowing_a: float = 1.0
    look_s: float = 0.2

    def flows(self, sample: Sample) -> bool:
        """Whether current flows, as far as the sample can tell."""
        current = sample.values.get("pack_current_a", math.nan)
        return not (isinstance(current, float) and abs(current) < self.flowing_a)


class Sampler:
    """Decides for one pack when to look and what to keep."""

    def __init__(self, rule: SamplingRule) -> None:
        self._rule = rule
        self._looks = Grid(round(min(rule.look_s, rule.active_s) * NS_PER_S))
        self._active = Grid(round(rule.active_s * NS_PER_S))
        self._rest_ns = round(rule.rest_s * NS_PER_S)
        self._kept_ns: int | None = None
        self._flowed = True

    def next_look(self, t_ns: NDArray[np.int64]) -> int | None:
        """The first of these frames at which to look at the pack; None for none of them."""
        last = self._looks.last_ns
        if last is None:
            return 0 if len(t_ns) else None
        due = (t_ns >= self._looks.next_ns) | (t_ns < last)
        row = int(due.argmax()) if len(due) else 0
        return row if len(due) and due[row] else None

    def look(self, t_ns: int) -> None:
        """The pack is looked at."""
        if not self._looks.step(t_ns):
            self._kept_ns = None
            self._active = Grid(self._active.distance_ns)

    def keep(self, sample: Sample) -> bool:
        """Whether this look becomes a sample; if so, it counts as kept.

        A change between flow and rest is always kept. At rest the look is kept when the next
        one would come too late.
        """
        flows = self._rule.flows(sample)
        changed, self._flowed = flows != self._flowed, flows
        due = self._active.is_due(sample.t_ns)
        if due:
            self._active.step(sample.t_ns)
        last = self._kept_ns
        wanted = last is None or sample.t_ns + self._active.distance_ns - last > self._rest_ns
        if not (changed or (due and (flows or wanted))):
            return False
        self._kept_ns = sample.t_ns
        return True


class Grid:
    """Moments at a distance from each other, that the first frame begins.

    Late frames do not make the distance grow; time that runs backwards begins anew.
    """

    def __init__(self, distance_ns: int) -> None:
        self.distance_ns = distance_ns
        self.last_ns: int | None = None
        self.next_ns = 0

    def is_due(self, t_ns: int) -> bool:
        """Whether the next moment has come."""
        return self.last_ns is None or t_ns >= self.next_ns or t_ns < self.last_ns

    def step(self, t_ns: int) -> bool:
        """Go on to the moment after `t_ns`; False when the count begins anew."""
        goes_on = self.last_ns is not None and t_ns >= self.last_ns
        late_ns = (t_ns - self.next_ns) % self.distance_ns if goes_on else 0
        self.last_ns = t_ns
        self.next_ns = t_ns - late_ns + self.distance_ns
        return goes_on
