"""Self-discharge from a rest: which cell sinks against its neighbours, and how fast.

A `Session`, one of its rests and the fresh cell enter; ampere-hours per day against the median
cell leave, for every cell. Neighbours share temperature, relaxation and the sensor's drift, so the
difference between cells shows a leak of microamperes where the voltage itself shows none.
Paper: Zilberman, Sturm & Jossen, "Reversible self-discharge and calendar aging of 18650
nickel-rich, silicon-graphite lithium-ion cells", J. Power Sources 425 (2019) 217-226,
doi:10.1016/j.jpowsour.2019.03.109 (self-discharge from the decay of the rest voltage over the
slope of the open-circuit curve); the difference to the median cell is ours.
Assumes no balancing during the rest, one temperature for all cells, a median cell that is sound
and the fresh type's slope. Fails on a plateau, where a millivolt is many ampere-hours: there the
error is large and no cell is called leaking. Fails to see a pack whose cells all leak alike, and
takes for a leak what relaxes more slowly than its neighbours in the first hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from soh_model.chemistry import FreshCell
from soh_model.rests import Rest
from soh_model.session import Session

Floats = NDArray[np.float64]

SHORTEST_S: Final = 3600.0
SETTLING: Final = 0.25
"""Share of the rest, at its start, that is left out: cells relax unequally."""

SMALLEST_V: Final = 1e-5
"""Scatter that a reading has at least: a channel in coarse steps may not move at all."""

CERTAIN: Final = 4.0
"""Standard errors by which a cell must sink to be called leaking."""


@dataclass(frozen=True, slots=True)
class SelfDischarge:
    """Drift of each cell against the median cell, all arrays [cells].

    Attributes:
        mv_per_day: drift of the voltage; negative sinks.
        share_per_day: drift of the state of charge, fraction per day; negative sinks.
        error_per_day: standard error of `share_per_day`.
    """

    mv_per_day: Floats
    share_per_day: Floats
    error_per_day: Floats

    @property
    def leaking(self) -> tuple[int, ...]:
        """Cells that sink beyond doubt, worst first."""
        sure = self.share_per_day < -CERTAIN * self.error_per_day
        worst = np.argsort(self.share_per_day)
        return tuple(int(cell) for cell in worst if sure[cell])


def self_discharge(session: Session, rest: Rest, fresh: FreshCell) -> SelfDischarge | None:
    """Drift of the cells over one rest; None where it is shorter than an hour.

    Args:
        session: the samples.
        rest: one of its rests.
        fresh: the type's fresh cell, for the slope of its curve.
    """
    if session.cells is None or rest.seconds < SHORTEST_S:
        return None
    rows = slice(rest.start + int((rest.stop - rest.start) * SETTLING), rest.stop)
    cells = session.cells[rows]
    finite = np.isfinite(cells).all(axis=1)
    days = session.t_s[rows][finite] / 86400
    if len(days) < 10:
        return None
    off = cells[finite] - np.median(cells[finite], axis=1, keepdims=True)
    centred = days - days.mean()
    per_day = centred @ off / (centred @ centred)
    left = off - off.mean(axis=0) - centred[:, None] * per_day
    error = np.sqrt(np.maximum(left.var(axis=0), SMALLEST_V**2) / (centred @ centred))
    steep = volts_per_share(fresh, rest.volts)
    return SelfDischarge(1000 * per_day, per_day / steep, error / steep)


def volts_per_share(fresh: FreshCell, volts: float) -> float:
    """Slope of the open-circuit curve at a voltage, V per unit of SoC; at least 10 mV."""
    soc = float(np.interp(volts, np.maximum.accumulate(fresh.ocv_v), fresh.soc))
    around = np.clip([soc - 0.03, soc + 0.03], 0.0, 1.0)
    ends = np.interp(around, fresh.soc, fresh.ocv_v)
    return max(float((ends[1] - ends[0]) / (around[1] - around[0])), 0.01)
