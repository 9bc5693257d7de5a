"""What the pipeline asks of a decoder profile, and how it copes with several makers' packs.

Any pack may stand in any slot, so a slot listens with every profile that it was given; the one
that understood most of what this visitor said speaks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from can_decoder import FrameBatch, IdFilter
from can_decoder.gbt27930 import ChargeSession
from can_decoder.gbt27930.intake import Heard
from can_decoder.profiles.charging import ChargeTracker
from packtrail.sample import Floats, Sample

MakeTracker = Callable[[], "Tracker"]


class Counts(Protocol):
    """What became of the frames; `can_decoder.profiles.TrackerCounts`."""

    @property
    def decoded(self) -> int:
        """Frames that updated something."""
        ...


class Tracker(Protocol):
    """The state of one pack from its frames; `can_decoder.profiles.Tracker`."""

    @property
    def counts(self) -> Counts:
        """What became of the frames."""
        ...

    def feed_batch(self, batch: FrameBatch, /) -> None:
        """Take the frames of a burst; bad ones are counted."""
        ...

    def snapshot(self, t_ns: int, /) -> Sample:
        """All quantities as of `t_ns`; NaN for what was never seen."""
        ...

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        """All identifiers that the profile needs."""
        ...


class Listener:
    """Listens to a visitor with several profiles at once.

    Args:
        make: makes a fresh tracker for each profile.
        max_age_s: what is older is not known any more.
    """

    def __init__(self, make: Sequence[MakeTracker], max_age_s: float) -> None:
        self._make = make
        self._max_age_s = max_age_s
        self.reset()

    def reset(self) -> None:
        """Another pack: forget what the last one said."""
        self._trackers = [make() for make in self._make]

    def fresh(self) -> Listener:
        """A listener with the same profiles that has heard nothing yet."""
        return Listener(self._make, self._max_age_s)

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        """All identifiers that any of the profiles needs."""
        wanted = (one for tracker in self._trackers for one in tracker.filters)
        return tuple(dict.fromkeys(wanted))

    def feed(self, batch: FrameBatch) -> None:
        """Take the frames of a burst."""
        for tracker in self._trackers:
            tracker.feed_batch(batch)

    def take_charges(self, *, end: bool = False) -> list[ChargeSession]:
        """Charging dialogues that have ended since the last call.

        Args:
            end: the one under way has ended, too.
        """
        found: list[ChargeSession] = []
        for tracker in self._trackers:
            if isinstance(tracker, ChargeTracker):
                last = tracker.monitor.close() if end else None
                found += [*tracker.sessions, *([last] if last else [])]
                tracker.sessions.clear()
        return found

    def take_handshake(self) -> Heard | None:
        """The BRM of a charging dialogue that has come since the last call."""
        for tracker in self._trackers:
            if isinstance(tracker, ChargeTracker) and tracker.handshake:
                found, tracker.handshake = tracker.handshake, None
                return found
        return None

    def snapshot(self, t_ns: int) -> Sample:
        """What is known as of `t_ns` and not too old; no values when nobody understood."""
        best = max(self._trackers, key=lambda tracker: tracker.counts.decoded)
        return _fresh(best.snapshot(t_ns), self._max_age_s)

    @property
    def decoded(self) -> int:
        """Frames of this visitor that updated something."""
        return max((tracker.counts.decoded for tracker in self._trackers), default=0)


def _fresh(sample: Sample, max_age_s: float) -> Sample:
    """The sample without what is unknown or too old."""
    values: dict[str, float | Floats] = {}
    ages: dict[str, float] = {}
    for name, value in sample.values.items():
        age_s = sample.age_s.get(name, 0.0)
        plain = value if isinstance(value, np.ndarray) else float(value)
        if age_s <= max_age_s and not (isinstance(plain, float) and math.isnan(plain)):
            values[name] = plain
            ages[name] = age_s
    return Sample(sample.t_ns, values, ages)
