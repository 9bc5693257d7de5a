"""What a pack has been through: counters that never fall.

Samples of each session enter; ampere-hours, equivalent full cycles, hours by temperature, deep
discharges and hours hot and full leave. Every counter only grows: what a BMS forgets at a
reset stays known here. Gaps between samples count nothing.
"""

from __future__ import annotations

from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from packtrail.sample import SampleBatch
from soh_model.pack_spec import PackSpec
from soh_model.session import LONGEST_STEP_S

Floats = NDArray[np.float64]

TEMPERATURE_EDGES_C: Final = (-20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
"""Edges of the histogram; the first and last class are open."""

HOT_C: Final = 40.0
FULL_PCT: Final = 90.0
DEEP_PCT: Final = 10.0


class UseCounters(msgspec.Struct, frozen=True, kw_only=True):
    """Counters over a pack's life; hours and ampere-hours.

    Attributes:
        charged_ah: charge put in.
        discharged_ah: charge taken out.
        hours: time seen.
        hours_by_temperature: one class more than `TEMPERATURE_EDGES_C`.
        hours_hot_and_full: above 40 degC and above 90 % by the BMS's SoC.
        deep_discharges: how often the BMS's SoC fell below 10 %.
    """

    charged_ah: float = 0.0
    discharged_ah: float = 0.0
    hours: float = 0.0
    hours_by_temperature: tuple[float, ...] = (0.0,) * (len(TEMPERATURE_EDGES_C) + 1)
    hours_hot_and_full: float = 0.0
    deep_discharges: int = 0

    def equivalent_cycles(self, spec: PackSpec) -> float:
        """Full cycles of the rated capacity that would move as much charge."""
        return (self.charged_ah + self.discharged_ah) / (2 * spec.rated_ah)

    def with_session(self, samples: SampleBatch) -> Self:
        """Add a session; samples must follow those already counted.

        Args:
            samples: charge current positive; what a column lacks counts nothing.
        """
        hours = _step_hours(samples)
        current = _known(samples, "pack_current_a") * hours
        warm, soc = _temperature(samples), _column(samples, "soc_pct")
        classes = np.digitize(warm, TEMPERATURE_EDGES_C)
        by_class = np.bincount(
            classes[np.isfinite(warm)],
            hours[np.isfinite(warm)],
            minlength=len(TEMPERATURE_EDGES_C) + 1,
        )
        old = self.hours_by_temperature
        return type(self)(
            charged_ah=self.charged_ah + float(current[current > 0].sum()),
            discharged_ah=self.discharged_ah - float(current[current < 0].sum()),
            hours=self.hours + float(hours.sum()),
            hours_by_temperature=tuple((np.array(old) + by_class).tolist()),
            hours_hot_and_full=self.hours_hot_and_full
            + float(hours[(warm > HOT_C) & (soc > FULL_PCT)].sum()),
            deep_discharges=self.deep_discharges + _falls_below(soc, DEEP_PCT),
        )


def _step_hours(samples: SampleBatch) -> Floats:
    """Hours that each sample stands for: those since the one before, none across a gap."""
    if len(samples) < 2:
        return np.zeros(len(samples))
    step = np.diff(samples.t_s)
    counted = np.where(step <= max(LONGEST_STEP_S, 6 * float(np.median(step))), step, 0.0)
    return np.concatenate([[0.0], counted]) / 3600


def _column(samples: SampleBatch, name: str) -> Floats:
    return samples.values.get(name, np.full(len(samples), np.nan))


def _known(samples: SampleBatch, name: str) -> Floats:
    column = _column(samples, name)
    return np.where(np.isfinite(column), column, 0.0)


def _temperature(samples: SampleBatch) -> Floats:
    """Hottest probe of each sample, NaN where none is known."""
    probes = _column(samples, "temperature_c")
    if probes.ndim == 1:
        return probes
    hottest = np.max(np.where(np.isfinite(probes), probes, -np.inf), axis=1, initial=-np.inf)
    return np.where(np.isfinite(hottest), hottest, np.nan)


def _falls_below(column: Floats, limit: float) -> int:
    """How often a column passes downwards through a limit."""
    known = column[np.isfinite(column)]
    return int(np.sum((known[:-1] >= limit) & (known[1:] < limit)))
