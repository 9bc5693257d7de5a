"""State of health over a pack's life: one session is one noisy reading.

Estimates of sessions enter in order of time, the fused SoH leaves, and the SoH ahead. Method: a
random walk with downward drift (Kalman filter on level and drift; Plett 2015, ch. 4.9). Readings of
one pack share the error of its type's curve, so their variance never falls below a share of one
reading's. A reading far from what is expected is flagged and not absorbed, unless the next two
agree with it: then the pack has changed, or its BMS was replaced. Assumes estimates in order of
time with honest intervals, all at the reference conditions. Fails at a knee, which it follows late;
what lies ahead is told by `prognosis`, which widens for bends.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from packtrail.estimate import Estimate, Interval, Verdict

NS_PER_YEAR: Final = 365.25 * 86400e9
WALK_PER_ROOT_YEAR: Final = 0.01
"""Standard deviation of what a year adds that is not drift."""

DRIFT: Final = (-0.025, 0.02)
"""Usual change of SoH per year and its deviation between packs."""

SHARED: Final = 0.4
"""Share of a reading's standard error that the next reading of the pack has too."""

FAR: Final = 3.5
AGREE: Final = 2


class PackLife(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a pack after some sessions.

    Attributes:
        level: SoH at `at_ns`.
        drift: change per year.
        variance: of level and drift and between, (ll, ld, dd).
        shared: standard error that all readings have in common.
        at_ns: time of the last reading that was taken in, UTC ns.
        readings: readings taken in.
        flagged: readings that were not, in order: (time, SoH, standard error).
    """

    level: float = 0.9
    drift: float = DRIFT[0]
    variance: tuple[float, float, float] = (0.15**2, 0.0, DRIFT[1] ** 2)
    shared: float = 0.0
    at_ns: int = 0
    readings: int = 0
    flagged: tuple[tuple[int, float, float], ...] = ()

    def with_estimate(self, estimate: Estimate) -> PackLife:
        """Take in one session's estimate; one that could not tell changes nothing.

        Args:
            estimate: of a later session than those before it.
        """
        if estimate.verdict is not Verdict.TOLD or estimate.soh is None:
            return self
        error = max(estimate.soh.width / 3.92, 1e-4)
        return self._with_reading(estimate.to_ns, estimate.soh.value, error)

    def soh(self, at_ns: int | None = None) -> Interval:
        """SoH and its 95 % interval at a time, by default that of the last reading.

        Args:
            at_ns: UTC ns; later than the last reading it is the prognosis.
        """
        level, variance = self._ahead(self.at_ns if at_ns is None else at_ns)
        half = 1.96 * float(np.sqrt(variance[0] + self.shared**2))
        return Interval(level, max(0.0, level - half), level + half)

    def _with_reading(self, at_ns: int, value: float, error: float) -> PackLife:
        level, variance = self._ahead(at_ns)
        own = error * float(np.sqrt(1 - SHARED**2))
        expected = float(np.sqrt(variance[0] + own**2 + self.shared**2))
        if self.readings and abs(value - level) > FAR * expected:
            return self._doubted(at_ns, value, error)
        gain = np.array([variance[0], variance[1]]) / (variance[0] + own**2)
        ll, ld, dd = variance
        return msgspec.structs.replace(
            self,
            level=level + float(gain[0]) * (value - level),
            drift=self.drift + float(gain[1]) * (value - level),
            variance=(
                ll * (1 - float(gain[0])),
                ld * (1 - float(gain[0])),
                dd - float(gain[1]) * ld,
            ),
            shared=SHARED * error if not self.readings else min(self.shared, SHARED * error),
            at_ns=at_ns,
            readings=self.readings + 1,
        )

    def _doubted(self, at_ns: int, value: float, error: float) -> PackLife:
        """Flag a reading; when the last flagged ones agree with it, begin anew from it."""
        flagged = (*self.flagged, (at_ns, value, error))
        last = [(soh, sd) for when, soh, sd in self.flagged[-AGREE:] if when > self.at_ns]
        agreeing = [abs(value - soh) < 2.5 * float(np.hypot(error, sd)) for soh, sd in last]
        if len(agreeing) == AGREE and all(agreeing):
            fresh = PackLife(drift=self.drift, at_ns=at_ns, flagged=flagged)
            return fresh._with_reading(at_ns, value, error)
        return msgspec.structs.replace(self, flagged=flagged)

    def _ahead(self, at_ns: int) -> tuple[float, tuple[float, float, float]]:
        """Level and variance at a later time."""
        if not self.readings:
            return self.level, self.variance
        years = max(0.0, (at_ns - self.at_ns) / NS_PER_YEAR)
        ll, ld, dd = self.variance
        walk = WALK_PER_ROOT_YEAR**2 * years
        grown = (ll + 2 * years * ld + years**2 * dd + walk, ld + years * dd, dd)
        return self.level + self.drift * years, grown
