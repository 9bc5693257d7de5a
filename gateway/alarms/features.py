"""What the alarms look at in a sample: extremes, spreads, rates and falls.

From a sample leave plain numbers with the place that they were found at. A quantity that the
sample does not know is left out, and then no alarm begins or ends by it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple, Self

import numpy as np

from packtrail.sample import Floats, Sample
from packtrail.times import NS_PER_S

SHORTEST_RISE_NS: Final = 60 * NS_PER_S
LONGEST_RISE_NS: Final = 300 * NS_PER_S
JUMP_NS: Final = 3 * NS_PER_S
"""GB 38031 (annex C, thermal propagation) asks for 1 K/s held for 3 s."""
DROP_STEP_NS: Final = 5 * NS_PER_S
DROP_NS: Final = 60 * NS_PER_S


class Feature(NamedTuple):
    """A number and where in the pack it was seen, "" for the pack as a whole."""

    value: float
    where: str = ""


class Features:
    """Computes the features of one pack, with a few minutes of memory for what changes."""

    def __init__(self) -> None:
        self._warmth: deque[tuple[int, float]] = deque()
        self._cells: deque[tuple[int, Floats]] = deque()
        self._insulation: deque[tuple[int, float]] = deque()
        self._known: tuple[int, ...] = (0, 0)

    def of(self, sample: Sample) -> dict[str, Feature]:
        """All features that the sample allows."""
        cells, probes = _Array.of(sample, "cell_voltage_v"), _Array.of(sample, "temperature_c")
        self._begin_anew_with_other_sensors(cells.known, probes.known)
        found = _extremes(sample, cells, "cell_voltage", "_v", "cell")
        found |= _extremes(sample, probes, "temperature", "_c", "probe")
        high, low = found.get("cell_voltage_max_v"), found.get("cell_voltage_min_v")
        if high and low:
            found["cell_spread_v"] = Feature(high.value - low.value, low.where)
        hot, cold = found.get("temperature_max_c"), found.get("temperature_min_c")
        if hot and cold:
            found["temperature_spread_c"] = Feature(hot.value - cold.value, hot.where)
        if hot:
            found |= self._rates(sample.t_ns, hot)
        if isinstance(level := sample.values.get("bms_alarm_level"), float):
            found["bms_alarm_level"] = Feature(level)
        return found | self._drop(sample.t_ns, cells) | self._leakage(sample)

    def _begin_anew_with_other_sensors(self, *known: int) -> None:
        """A probe that is heard for the first time is no rise, a cell no fall."""
        if known != self._known:
            self._cells.clear()
            self._warmth.clear()
        self._known = known

    def _rates(self, t_ns: int, hot: Feature) -> dict[str, Feature]:
        """Kelvin per minute over at least a minute, and per second over at least 3 s."""
        warmth = self._warmth
        if warmth and t_ns < warmth[-1][0]:
            warmth.clear()
        _forget(warmth, t_ns - LONGEST_RISE_NS)
        slow, quick = _latest(warmth, t_ns - SHORTEST_RISE_NS), _latest(warmth, t_ns - JUMP_NS)
        if not warmth or t_ns - warmth[-1][0] >= NS_PER_S:
            warmth.append((t_ns, hot.value))
        found = {}
        if slow:
            rate = (hot.value - slow[1]) / ((t_ns - slow[0]) / (60 * NS_PER_S))
            found["temperature_rate_c_per_min"] = Feature(rate, hot.where)
        if quick and t_ns - quick[0] <= 2 * JUMP_NS:
            rate = (hot.value - quick[1]) / ((t_ns - quick[0]) / NS_PER_S)
            found["temperature_rate_c_per_s"] = Feature(rate, hot.where)
        return found

    def _drop(self, t_ns: int, volts: _Array) -> dict[str, Feature]:
        """How far a cell fell against its neighbours within a minute."""
        if volts.known < 3:
            return {}
        apart = volts.values - volts.median()
        cells = self._cells
        if cells and (t_ns < cells[-1][0] or len(cells[-1][1]) != len(apart)):
            cells.clear()
        _forget(cells, t_ns - DROP_NS)
        if not cells or t_ns - cells[-1][0] >= DROP_STEP_NS:
            cells.append((t_ns, apart))
        fallen = _Array(cells[0][1] - apart)
        if not fallen.known:
            return {}
        worst = fallen.highest()
        return {"cell_drop_v": Feature(float(fallen.values[worst]), f"cell {worst + 1}")}

    def _leakage(self, sample: Sample) -> dict[str, Feature]:
        """Insulation per volt of the pack, and how much of it went within five minutes."""
        ohm = sample.values.get("insulation_ohm")
        if not isinstance(ohm, float):
            return {}
        found, memory, t_ns = {}, self._insulation, sample.t_ns
        if memory and t_ns < memory[-1][0]:
            memory.clear()
        _forget(memory, t_ns - LONGEST_RISE_NS)
        if not memory or t_ns - memory[-1][0] >= DROP_STEP_NS:
            memory.append((t_ns, ohm))
        best = max(value for _, value in memory)
        if best > 0:
            found["insulation_fall_pct"] = Feature(100 * (1 - ohm / best))
        volts = sample.values.get("pack_voltage_v")
        if isinstance(volts, float) and volts > 0:
            found["insulation_ohm_per_v"] = Feature(ohm / volts)
        return found


def _forget(memory: deque[tuple[int, float]] | deque[tuple[int, Floats]], before_ns: int) -> None:
    while memory and memory[0][0] < before_ns:
        memory.popleft()


def _latest(memory: deque[tuple[int, float]], until_ns: int) -> tuple[int, float] | None:
    """The newest memory that is at least as old."""
    return next((old for old in reversed(memory) if old[0] <= until_ns), None)


def _extremes(
    sample: Sample, array: _Array, stem: str, unit: str, place: str
) -> dict[str, Feature]:
    """Largest and smallest, from the array if there is one, else from the BMS's own extremes."""
    if array.known:
        high, low = array.highest(), array.lowest()
        return {
            f"{stem}_max{unit}": Feature(float(array.values[high]), f"{place} {high + 1}"),
            f"{stem}_min{unit}": Feature(float(array.values[low]), f"{place} {low + 1}"),
        }
    names = (f"{stem}_max{unit}", f"{stem}_min{unit}")
    return {
        name: Feature(value)
        for name in names
        if isinstance(value := sample.values.get(name), float)
    }


class _Array:
    """Cells or probes, some of them unknown; five times a second, so without numpy's nan-functions.

    Attributes:
        values: [n], NaN where unknown.
        known: how many are known.
    """

    __slots__ = ("known", "values")

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.known = int(np.count_nonzero(np.isfinite(values)))

    @classmethod
    def of(cls, sample: Sample, name: str) -> Self:
        """The sample's array of that name, empty where it has none."""
        values = sample.values.get(name)
        return cls(values if isinstance(values, np.ndarray) else np.empty(0))

    def highest(self) -> int:
        """Place of the largest; at least one is known."""
        return int((self.values if self._whole else self._or(-np.inf)).argmax())

    def lowest(self) -> int:
        """Place of the smallest; at least one is known."""
        return int((self.values if self._whole else self._or(np.inf)).argmin())

    def median(self) -> float:
        """Of the known ones, at least one."""
        ordered = np.sort(self._or(np.inf))
        return float(ordered[(self.known - 1) // 2] + ordered[self.known // 2]) / 2

    @property
    def _whole(self) -> bool:
        return self.known == len(self.values)

    def _or(self, stand_in: float) -> Floats:
        return np.where(np.isfinite(self.values), self.values, stand_in)
