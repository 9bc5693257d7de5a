"""When a sample is taken: often while current flows, seldom at rest, never by the wall clock.

Times are those of the frames. A clock that jumps back starts the count anew; a gap in the
frames is a gap in the samples, and nothing fills it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from packtrail.sample import Sample
from packtrail.times import NS_PER_S


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """How densely a pack is sampled.

    Attributes:
        active_s: distance while current flows, and of every look for alarms.
        rest_s: distance at rest; the estimator takes more than 60 s for a gap.
        flowing_a: an absolute current from which on it flows; unknown counts as flowing.
    """

    active_s: float = 1.0
    rest_s: float = 60.0
    flowing_a: float = 1.0

    def flows(self, sample: Sample) -> bool:
        """Whether current flows, as far as the sample can tell."""
        current = sample.values.get("pack_current_a", math.nan)
        return not (isinstance(current, float) and abs(current) < self.flowing_a)


class Sampler:
    """Decides for one pack when to look and what to keep."""

    def __init__(self, rule: SamplingRule) -> None:
        self._active_ns = round(rule.active_s * NS_PER_S)
        self._rest_ns = round(rule.rest_s * NS_PER_S)
        self._rule = rule
        self._looked_ns: int | None = None
        self._next_ns = 0
        self._kept_ns: int | None = None
        self._flowed = True

    def due(self, t_ns: int) -> bool:
        """Whether to look at the pack at this frame; if so, it counts as looked.

        Looks follow a grid that the first frame begins, so that late frames do not make the
        distance grow.
        """
        last = self._looked_ns
        if last is not None and last <= t_ns < self._next_ns:
            return False
        begins = last is None or t_ns < last
        late_ns = 0 if begins else (t_ns - self._next_ns) % self._active_ns
        self._looked_ns = t_ns
        self._next_ns = t_ns - late_ns + self._active_ns
        self._kept_ns = None if begins else self._kept_ns
        return True

    def keep(self, sample: Sample) -> bool:
        """Whether this look becomes a sample; if so, it counts as kept.

        A change between flow and rest is always kept. At rest the look is kept when the next
        one would come too late.
        """
        flows = self._rule.flows(sample)
        changed, self._flowed = flows != self._flowed, flows
        last = self._kept_ns
        wanted = last is None or sample.t_ns + self._active_ns - last > self._rest_ns
        if not (flows or changed or wanted):
            return False
        self._kept_ns = sample.t_ns
        return True
