"""What the alarms look at in a sample: extremes, spread and how fast the pack warms up.

From a sample leave plain numbers with the place that they were found at. A quantity that the
sample does not know is left out, and then no alarm begins or ends by it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from packtrail.sample import Sample
from packtrail.times import NS_PER_S

SHORTEST_RISE_NS: Final = 60 * NS_PER_S
LONGEST_RISE_NS: Final = 300 * NS_PER_S


class Feature(NamedTuple):
    """A number and where in the pack it was seen, "" for the pack as a whole."""

    value: float
    where: str = ""


class Features:
    """Computes the features of one pack, with a few minutes of memory for the rise."""

    def __init__(self) -> None:
        self._warmth: deque[tuple[int, float]] = deque()

    def of(self, sample: Sample) -> dict[str, Feature]:
        """All features that the sample allows."""
        found = _extremes(sample, "cell_voltage", "cell_voltage_v", "_v", "cell")
        found |= _extremes(sample, "temperature", "temperature_c", "_c", "probe")
        high, low = found.get("cell_voltage_max_v"), found.get("cell_voltage_min_v")
        if high and low:
            found["cell_spread_v"] = Feature(high.value - low.value, low.where)
        if warmest := found.get("temperature_max_c"):
            rate = self._rate(sample.t_ns, warmest.value)
            if rate is not None:
                found["temperature_rate_c_per_min"] = Feature(rate, warmest.where)
        level = sample.values.get("bms_alarm_level")
        if isinstance(level, float):
            found["bms_alarm_level"] = Feature(level)
        return found

    def _rate(self, t_ns: int, celsius: float) -> float | None:
        """Kelvin per minute since the oldest remembered look that is at least a minute old."""
        warmth = self._warmth
        if warmth and t_ns < warmth[-1][0]:
            warmth.clear()
        while warmth and t_ns - warmth[0][0] > LONGEST_RISE_NS:
            warmth.popleft()
        then = next((old for old in reversed(warmth) if t_ns - old[0] >= SHORTEST_RISE_NS), None)
        if not warmth or t_ns - warmth[-1][0] >= NS_PER_S:
            warmth.append((t_ns, celsius))
        if then is None:
            return None
        return (celsius - then[1]) / ((t_ns - then[0]) / (60 * NS_PER_S))


def _extremes(sample: Sample, stem: str, array: str, unit: str, place: str) -> dict[str, Feature]:
    """Largest and smallest, from the array if there is one, else from the BMS's own extremes."""
    values = sample.values.get(array)
    if isinstance(values, np.ndarray) and np.isfinite(values).any():
        high, low = int(np.nanargmax(values)), int(np.nanargmin(values))
        return {
            f"{stem}_max{unit}": Feature(float(values[high]), f"{place} {high + 1}"),
            f"{stem}_min{unit}": Feature(float(values[low]), f"{place} {low + 1}"),
        }
    names = (f"{stem}_max{unit}", f"{stem}_min{unit}")
    return {
        name: Feature(value)
        for name in names
        if isinstance(value := sample.values.get(name), float)
    }
