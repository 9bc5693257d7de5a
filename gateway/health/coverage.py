"""How much of a span is covered by samples, and how much charge moved in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from packtrail.sample import SampleBatch

LONGEST_STEP_S: Final = 90.0
"""At rest a sample comes each minute; a longer step is a gap, and nothing is assumed in it."""


def coverage_pct(batch: SampleBatch) -> float | None:
    """Share of the span between the first and the last sample that has samples, %."""
    steps = np.diff(batch.t_s)
    if not len(steps) or steps.sum() <= 0:
        return None
    return round(100 * float(steps[steps <= LONGEST_STEP_S].sum() / steps.sum()), 1)


def throughput_ah(batch: SampleBatch) -> float | None:
    """Charge that moved in either direction, trapezoidal, gaps left out, Ah."""
    current = batch.values.get("pack_current_a")
    if current is None or len(batch) < 2:
        return None
    known = np.isfinite(current)
    amperes, seconds = np.abs(current[known]), batch.t_s[known]
    steps = np.diff(seconds)
    held = steps <= LONGEST_STEP_S
    moved = ((amperes[1:] + amperes[:-1]) / 2 * steps)[held].sum() / 3600
    return round(float(moved), 3)
