"""What a pack did in a day: hours by SOC, temperature and current, throughput, extremes, gaps.

Kept samples enter; a `UsageRecorded` leaves for every UTC day, and for what was seen of it when
the pack leaves. The counters survive a restart as a note in the outbox. Between two samples
the earlier one holds; a step longer than a rest's distance is a gap, and is counted as one.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from packtrail.event import Extremes, Gap, Histogram, UsageRecorded
from packtrail.sample import Sample
from packtrail.shapes import from_msgpack
from packtrail.times import NS_PER_S, format_time

LONGEST_STEP_NS: Final = 90 * NS_PER_S
LEAST_NS: Final = 600 * NS_PER_S
"""A shorter visit is no day worth a fact; its samples tell all of it."""
MOST_GAPS: Final = 50
EDGES: Final = MappingProxyType(
    {
        "soc_pct": (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
        "temperature_c": (-20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0),
        "pack_current_a": (-300.0, -200.0, -100.0, -50.0, -1.0, 1.0, 50.0, 100.0, 200.0, 300.0),
    }
)
_NS_PER_H: Final = 3600 * NS_PER_S


class Tally(msgspec.Struct):
    """The counters of one day; plain values, so that they can be kept over a restart."""

    day: str
    from_ns: int
    to_ns: int
    covered_ns: int = 0
    sums: dict[str, float] = msgspec.field(default_factory=dict)
    hours: dict[str, list[float]] = msgspec.field(default_factory=dict)
    extremes: dict[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    gaps: list[tuple[int, int]] = msgspec.field(default_factory=list)
    gap_ns: int = 0


class Seen(msgspec.Struct, frozen=True):
    """What counts of the last sample until the next one."""

    t_ns: int
    values: dict[str, float]


class Kept(msgspec.Struct, frozen=True):
    """All that a restart has to know."""

    tally: Tally
    last: Seen


class Usage:
    """Follows one visitor."""

    def __init__(self) -> None:
        self._tally: Tally | None = None
        self._last: Seen | None = None

    def add(self, sample: Sample) -> UsageRecorded | None:
        """Count a sample; the day that it shows to be over, if any."""
        seen = Seen(sample.t_ns, _numbers(sample))
        last, tally = self._last, self._tally
        if last is not None and tally is not None and sample.t_ns < last.t_ns:
            last = None  # the clock was set back: what lies between is not known
        finished = None
        day = _day(sample.t_ns)
        if tally is None or tally.day != day:
            finished = self.finish()
            tally = self._tally = Tally(day, sample.t_ns, sample.t_ns)
        if last is not None:
            _count(tally, last, sample.t_ns)
        for name, value in seen.values.items():
            low, high = tally.extremes.get(name, (value, value))
            tally.extremes[name] = (min(low, value), max(high, value))
        tally.to_ns = max(sample.t_ns, tally.to_ns)
        self._last = seen
        return finished

    def finish(self) -> UsageRecorded | None:
        """End the day under way; None where too little was seen of it."""
        tally, self._tally = self._tally, None
        if tally is None or tally.to_ns - tally.from_ns < LEAST_NS:
            return None
        return _recorded(tally)

    @property
    def span_ns(self) -> tuple[int, int]:
        """First and last time of the day under way."""
        return (self._tally.from_ns, self._tally.to_ns) if self._tally else (0, 0)

    def remember(self) -> bytes:
        """For the next run."""
        if self._tally is None or self._last is None:
            return b""
        return msgspec.msgpack.encode(Kept(self._tally, self._last))

    def resume(self, remembered: bytes | None) -> None:
        """Go on where the last run ended; the time between is a gap."""
        try:
            kept = from_msgpack(remembered or b"", Kept)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._tally, self._last = kept.tally, kept.last


def _count(tally: Tally, last: Seen, now_ns: int) -> None:
    """The step from the last sample to now; of a step over midnight the later part counts."""
    began = max(last.t_ns, tally.from_ns)
    if now_ns - last.t_ns > LONGEST_STEP_NS:
        tally.gap_ns += now_ns - began
        if len(tally.gaps) < MOST_GAPS:
            tally.gaps.append((last.t_ns, now_ns))
        return
    step_ns = now_ns - last.t_ns
    tally.covered_ns += step_ns
    hours = step_ns / _NS_PER_H
    for name, edges in EDGES.items():
        if (value := last.values.get(name)) is not None:
            spent = tally.hours.setdefault(name, [0.0] * (len(edges) + 1))
            spent[bisect_right(edges, value)] += hours
    current, volts = last.values.get("pack_current_a"), last.values.get("pack_voltage_v")
    if current is not None:
        way = "charge" if current > 0 else "discharge"
        _add(tally, f"{way}_ah", abs(current) * hours)
        if volts is not None:
            _add(tally, f"{way}_kwh", abs(current) * volts * hours / 1000)


def _add(tally: Tally, name: str, amount: float) -> None:
    tally.sums[name] = tally.sums.get(name, 0.0) + amount


def _recorded(tally: Tally) -> UsageRecorded:
    return UsageRecorded(
        day=tally.day,
        covered_h=round(tally.covered_ns / _NS_PER_H, 4),
        histograms=tuple(
            Histogram(name, EDGES[name], tuple(round(hours, 4) for hours in spent))
            for name, spent in tally.hours.items()
        ),
        extremes=tuple(
            Extremes(name, round(low, 4), round(high, 4))
            for name, (low, high) in tally.extremes.items()
        ),
        gaps=tuple(Gap(format_time(begin), format_time(end)) for begin, end in tally.gaps),
        gap_h=round(tally.gap_ns / _NS_PER_H, 4),
        **{name: round(amount, 4) for name, amount in tally.sums.items()},
    )


def _numbers(sample: Sample) -> dict[str, float]:
    """What is counted: extremes of arrays under the array's own name, the warmest probe."""
    found: dict[str, float] = {}
    for name in ("soc_pct", "pack_current_a", "pack_voltage_v"):
        value = sample.values.get(name)
        if isinstance(value, float) and np.isfinite(value):
            found[name] = value
    probes = sample.values.get("temperature_c")
    warmest = sample.values.get("temperature_max_c")
    if isinstance(probes, np.ndarray) and np.isfinite(probes).any():
        found["temperature_c"] = float(np.nanmax(probes))
    elif isinstance(warmest, float) and np.isfinite(warmest):
        found["temperature_c"] = warmest
    cells = sample.values.get("cell_voltage_v")
    if isinstance(cells, np.ndarray) and np.isfinite(cells).any():
        found["cell_voltage_min_v"] = float(np.nanmin(cells))
        found["cell_voltage_max_v"] = float(np.nanmax(cells))
    return found


def _day(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns // NS_PER_S, UTC).date().isoformat()
