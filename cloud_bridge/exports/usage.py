"""What a unit went through: throughput, hours by temperature and SOC, resistance, efficiency.

Days come from the gateways' `UsageRecorded`; what they have not told yet is counted from the
samples, by the same rule: between two samples the earlier one holds, a longer step is a gap.
Sums are of what was seen: a lower bound for the whole life, and said to be one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cloud_bridge.fold import Told
from packtrail.event import UsageRecorded
from packtrail.sample import Floats, SampleBatch
from packtrail.times import NS_PER_S

LONGEST_STEP_S: Final = 90.0
SOC_EDGES: Final = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
TEMPERATURE_EDGES: Final = (-20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
COLD_C: Final = 0.0
HOT_C: Final = 50.0
"""Bounds of extreme temperature: edges of the counters, where the maker states no bounds."""
MOST_SAMPLES: Final = 200_000
PULSE_STEP_S: Final = 10.0
PULSE_RATE: Final = 0.2
"""A step of current counts from 0.2 C on."""
FEWEST_PULSES: Final = 8
SAME_SOC_PCT: Final = 1.0
LEAST_CYCLE: Final = 0.3
"""A charge and discharge between equal SOC counts from 30 % of the rated capacity on."""

REST_RATE: Final = 0.02
NEAR_SOC_PCT: Final = 2.0
SUMS: Final = ("charge_ah", "discharge_ah", "charge_kwh", "discharge_kwh")


@dataclass(slots=True)
class Use:
    """Sums and readings over what was seen of a unit.

    Attributes:
        sums: Ah and kWh in and out.
        hours: quantity -> hours per class of its edges.
        covered_h: hours with samples.
        charging_minutes: below `COLD_C` and above `HOT_C` while charging; None without samples.
        first_ns: begin of what was seen, UTC ns; 0 for nothing.
        last_ns: end of it.
        moved_until: (end of a counted day, Ah that moved in it).
        sampled_from_ns: begin of the samples that were read.
        newest: quantity -> (value, UTC ns) of the newest sample that knows it.
        resistances_ohm: one per step of current.
        rest_volts: SOC of 80 and 20 % -> pack voltages at rest near it.
        efficiencies: (energy out over energy in, Ah moved) of each closed stretch.
    """

    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SUMS, 0.0))
    hours: dict[str, list[float]] = field(default_factory=dict)
    covered_h: float = 0.0
    charging_minutes: tuple[float, float] | None = None
    first_ns: int = 0
    last_ns: int = 0
    moved_until: list[tuple[int, float]] = field(default_factory=list)
    sampled_from_ns: int = 0
    newest: dict[str, tuple[float, int]] = field(default_factory=dict)
    resistances_ohm: list[float] = field(default_factory=list)
    rest_volts: dict[int, list[float]] = field(default_factory=dict)
    efficiencies: list[tuple[float, float]] = field(default_factory=list)

    @property
    def throughput_ah(self) -> float:
        """Charge that moved in either direction, Ah."""
        return self.sums["charge_ah"] + self.sums["discharge_ah"]

    @property
    def throughput_kwh(self) -> float:
        """Energy that moved in either direction, kWh."""
        return self.sums["charge_kwh"] + self.sums["discharge_kwh"]

    def seen(self, first_ns: int, last_ns: int) -> None:
        """Widen the span that was seen."""
        self.first_ns = min(self.first_ns or first_ns, first_ns)
        self.last_ns = max(self.last_ns, last_ns)

    def add_hours(self, quantity: str, hours: Iterable[float]) -> None:
        """Add to a histogram of the fixed classes."""
        spent = self.hours.setdefault(quantity, [0.0] * (len(SOC_EDGES) + 1))
        for at, one in enumerate(hours):
            spent[at] += one


def use_of(facts: Sequence[Told], batches: Iterable[SampleBatch], rated_ah: float | None) -> Use:
    """Count days, then the samples outside of them.

    Args:
        facts: that stand.
        batches: samples, oldest first, charge current positive.
        rated_ah: rated capacity, for what counts as a step or a cycle; None if not known.
    """
    use, told = Use(), days_told(facts)
    for day in told:
        _add_day(use, day)
    spans = sorted((day.event.from_ns, day.event.to_ns) for day in told)
    for one in _stretches(batches):
        _add_samples(use, one, spans, rated_ah)
    return use


def days_told(facts: Sequence[Told]) -> list[Told]:
    """Each day of each gateway once: a repeated account of a span counts as one."""
    once: dict[tuple[str, str, str], Told] = {}
    for told in facts:
        if isinstance(told.event.body, UsageRecorded):
            once[told.event.author, told.event.body.day, told.event.occurred_from] = told
    return list(once.values())


def _add_day(use: Use, told: Told) -> None:
    body = told.event.body
    assert isinstance(body, UsageRecorded)
    use.seen(told.event.from_ns, told.event.to_ns)
    use.covered_h += body.covered_h
    use.moved_until.append((told.event.to_ns, body.charge_ah + body.discharge_ah))
    for name in SUMS:
        use.sums[name] += getattr(body, name)
    edges = {"soc_pct": SOC_EDGES, "temperature_c": TEMPERATURE_EDGES}
    for histogram in body.histograms:
        if edges.get(histogram.quantity) == histogram.edges:
            use.add_hours(histogram.quantity, histogram.hours)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Samples without a gap: SOC %, SoH %, current A, voltage V, warmest probe degC, each [n]."""

    t_ns: NDArray[np.int64]
    soc: Floats
    soh: Floats
    current: Floats
    volts: Floats
    warm: Floats


def _stretches(batches: Iterable[SampleBatch]) -> Iterator[_Stretch]:
    """Batches joined up to the first gap, so that no step between two is lost."""
    kept: list[SampleBatch] = []
    size = 0
    for batch in batches:
        if not len(batch):
            continue
        step_s = (int(batch.t_ns[0]) - int(kept[-1].t_ns[-1])) / NS_PER_S if kept else 0.0
        if kept and (not 0 < step_s <= LONGEST_STEP_S or size > MOST_SAMPLES):
            yield _stretch(kept)
            # A long stretch goes on with its last sample.
            kept = (
                [kept[-1].window(len(kept[-1]) - 1, len(kept[-1]))] if size > MOST_SAMPLES else []
            )
            size = 0
        kept.append(batch)
        size += len(batch)
    if kept:
        yield _stretch(kept)


def _stretch(batches: Sequence[SampleBatch]) -> _Stretch:
    def of(name: str) -> Floats:
        return np.concatenate([_column(batch, name) for batch in batches])

    return _Stretch(
        np.concatenate([batch.t_ns for batch in batches]),
        of("soc_pct"),
        of("soh_pct"),
        of("pack_current_a"),
        of("pack_voltage_v"),
        np.concatenate([_warmest(batch) for batch in batches]),
    )


def _add_samples(
    use: Use, one: _Stretch, told: Sequence[tuple[int, int]], rated_ah: float | None
) -> None:
    use.sampled_from_ns = use.sampled_from_ns or int(one.t_ns[0])
    use.seen(int(one.t_ns[0]), int(one.t_ns[-1]))
    _newest(use, one)
    if len(one.t_ns) < 2:
        return
    step_s = np.diff(one.t_ns) / NS_PER_S
    hours = np.where((step_s > 0) & (step_s <= LONGEST_STEP_S), step_s, 0.0) / 3600
    _charging(use, one, hours)
    if rated_ah:
        _pulses(use, one, step_s, rated_ah)
        _cycles(use, one, hours, rated_ah)
        _rests(use, one, rated_ah)
    _count(use, one, np.where(_untold(one.t_ns[:-1], told), hours, 0.0))


def _newest(use: Use, one: _Stretch) -> None:
    columns = {
        "soc_pct": one.soc,
        "soh_pct": one.soh,
        "pack_voltage_v": one.volts,
        "temperature_c": one.warm,
    }
    for name, column in columns.items():
        known = np.flatnonzero(np.isfinite(column))
        if len(known):
            use.newest[name] = (float(column[known[-1]]), int(one.t_ns[known[-1]]))


def _count(use: Use, one: _Stretch, hours: Floats) -> None:
    use.covered_h += float(hours.sum())
    ah, kwh = _moved(one, hours)
    for name, amounts in (("ah", ah), ("kwh", kwh)):
        use.sums[f"charge_{name}"] += float(amounts[amounts > 0].sum())
        use.sums[f"discharge_{name}"] -= float(amounts[amounts < 0].sum())
    for name, column, edges in (
        ("soc_pct", one.soc[:-1], SOC_EDGES),
        ("temperature_c", one.warm[:-1], TEMPERATURE_EDGES),
    ):
        known = np.isfinite(column)
        if known.any():
            classes = np.digitize(column[known], edges)
            use.add_hours(name, np.bincount(classes, hours[known], len(edges) + 1).tolist())


def _moved(one: _Stretch, hours: Floats) -> tuple[Floats, Floats]:
    """Ah and kWh of each step, charge positive; what is not known counts nothing."""
    ah = np.where(np.isfinite(one.current[:-1]), one.current[:-1], 0.0) * hours
    return ah, np.where(np.isfinite(one.volts[:-1]), one.volts[:-1], 0.0) * ah / 1000


def _charging(use: Use, one: _Stretch, hours: Floats) -> None:
    warm, current = one.warm[:-1], one.current[:-1]
    if not np.isfinite(warm).any():
        return
    cold, hot = use.charging_minutes or (0.0, 0.0)
    charging = np.where(np.isfinite(current), current, 0.0) > 0
    cold += 60 * float(hours[(warm < COLD_C) & charging].sum())
    hot += 60 * float(hours[(warm >= HOT_C) & charging].sum())
    use.charging_minutes = (cold, hot)


def _pulses(use: Use, one: _Stretch, step_s: Floats, rated_ah: float) -> None:
    """Resistance of each step of current: change of voltage over change of current."""
    jump, rise = np.diff(one.current), np.diff(one.volts)
    steps = (np.abs(jump) >= PULSE_RATE * rated_ah) & (step_s > 0) & (step_s <= PULSE_STEP_S)
    found = rise[steps] / jump[steps]
    use.resistances_ohm += found[np.isfinite(found) & (found > 0)].tolist()


def _cycles(use: Use, one: _Stretch, hours: Floats, rated_ah: float) -> None:
    """Energy out over energy in, from the first sample to the last one of the same SOC."""
    known = np.flatnonzero(np.isfinite(one.soc[:-1]))
    if not len(known):
        return
    first = int(known[0])
    last = int(known[np.abs(one.soc[known] - one.soc[first]) <= SAME_SOC_PCT][-1])
    ah, kwh = (amounts[first:last] for amounts in _moved(one, hours))
    put_in, out = float(kwh[kwh > 0].sum()), -float(kwh[kwh < 0].sum())
    moved = float(np.abs(ah).sum()) / 2
    if moved >= LEAST_CYCLE * rated_ah and 0 < out < put_in:
        use.efficiencies.append((out / put_in, moved))


def _rests(use: Use, one: _Stretch, rated_ah: float) -> None:
    """Voltages near 80 and 20 % SOC where next to no current flows."""
    idle = np.abs(one.current) < REST_RATE * rated_ah
    for soc in (80, 20):
        near = idle & (np.abs(one.soc - soc) <= NEAR_SOC_PCT) & np.isfinite(one.volts)
        use.rest_volts.setdefault(soc, []).extend(one.volts[near].tolist())


def _untold(t_ns: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    fresh = np.ones(len(t_ns), bool)
    for begin, end in spans:
        fresh &= (t_ns < begin) | (t_ns >= end)
    return fresh


def _column(batch: SampleBatch, name: str) -> Floats:
    column = batch.values.get(name)
    return column if column is not None and column.ndim == 1 else np.full(len(batch), np.nan)


def _warmest(batch: SampleBatch) -> Floats:
    """The warmest probe of each sample, NaN where none is known."""
    probes = batch.values.get("temperature_c")
    if probes is None or probes.ndim == 1:
        return probes if probes is not None else _column(batch, "temperature_max_c")
    warmest = np.max(np.where(np.isfinite(probes), probes, -np.inf), axis=1, initial=-np.inf)
    return np.where(np.isfinite(warmest), warmest, np.nan)


def interval_of_median(values: Sequence[float]) -> tuple[float, float, float]:
    """Median and the 95 % interval of it by order statistics (binomial)."""
    ranked = sorted(values)
    half = 0.98 * float(np.sqrt(len(ranked)))
    low = max(0, int(np.floor(len(ranked) / 2 - half)))
    high = min(len(ranked) - 1, int(np.ceil(len(ranked) / 2 + half)))
    return float(np.median(ranked)), ranked[low], ranked[high]
