"""How long a unit will last: cycles and years until its end of life, from its health reports.

Reports become readings along the unit's life, and `soh_model.prognosis` says when they reach the
end, with the interval that a workshop is told too. A life is counted in full cycles where counters
tell of more than a hundred a year; a unit that is used less ages by the calendar, a year for a
hundred cycles. Years follow by the pace, and cycles by the use that was seen: without any, cycles
stay unsaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from cloud_bridge.exports.datum import Datum, Source
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.fold import HealthPoint
from packtrail.estimate import Estimate, Verdict
from packtrail.times import parse_time
from soh_model import PackLife
from soh_model.lifetime import LifeReading, trend_of
from soh_model.prognosis import (
    END_OF_LIFE,
    FEWEST_READINGS,
    KNEE,
    MOST_UNITS,
    UNIT_CYCLES,
    Prognosis,
)

MOST: Final = MOST_UNITS * UNIT_CYCLES
YEAR_NS: Final = int(365.25 * 86_400e9)
SHORTEST_NS: Final = YEAR_NS // 12
"""Use that was seen for less says nothing of its pace."""

Known = dict[str, Datum]


def life_ahead(gathered: Gathered, stated: Known) -> Known:
    """Cycles and years until SoH falls to the maker's threshold, else to 70 %."""
    told = [point for point in gathered.state.health if _tells(point.estimate)]
    if len(told) < FEWEST_READINGS:
        return {}
    life = PackLife()
    for point in told:
        life = life.with_estimate(_dated(point))
    end = END_OF_LIFE
    if "exhaustion_threshold_pct" in stated:
        end = stated["exhaustion_threshold_pct"].value / 100
    used = cycles_per_year(gathered, stated)
    pace = max(used, UNIT_CYCLES)
    at = _lived(gathered, stated, [parse_time(point.at) for point in told], pace)
    readings = [
        LifeReading(cycles, point.estimate.soh)
        for cycles, point in zip(at, told, strict=True)
        if point.estimate.soh is not None
    ]
    found = trend_of(readings, life.shared).prognosis((), end)
    return {} if found is None else _points(found, told, used, pace)


def _tells(estimate: Estimate) -> bool:
    return estimate.verdict is Verdict.TOLD and estimate.soh is not None


def _points(found: Prognosis, told: Sequence[HealthPoint], used: float, pace: float) -> Known:
    """The life that is left, in years and, where its use is known, in cycles."""
    if used > UNIT_CYCLES:
        by = f"at {used:.0f} full cycles a year as so far"
    else:
        by = f"by the calendar, a year for {UNIT_CYCLES:g} cycles"
    years = Datum(
        value=round(found.remaining.value / pace, 2),
        low=round(found.remaining.low / pace, 2),
        high=round(found.remaining.high / pace, 2),
        unit="a",
        as_of=told[-1].at,
        from_time=told[0].at,
        method=found.method,
        source=Source.COMPUTED,
        events=tuple(point.event for point in told[-FEWEST_READINGS:]),
        note=f"until SoH {found.end:.0%}, {by}; at most {MOST / pace:.0f} a are told; {KNEE.en}",
    )
    if not used:
        return {"lifetime_years": years}
    ends = {
        n: round(getattr(found.remaining, n) / pace * used, 1) for n in ("value", "low", "high")
    }
    cycles = msgspec.structs.replace(years, **ends, unit="")
    return {"lifetime_years": years, "lifetime_cycles": cycles}


def _lived(gathered: Gathered, stated: Known, times_ns: Sequence[int], pace: float) -> list[float]:
    """Cycles lived until each time: by the days that were counted, by the pace outside of them."""
    days, at = sorted(gathered.use.moved_until), np.array(times_ns, np.float64)
    if pace <= UNIT_CYCLES or len(days) < 2:
        return [float(one) for one in pace * (at - at[0]) / YEAR_NS]
    rated_ah = float(stated["rated_capacity_ah"].value)
    ends = np.array([gathered.use.first_ns, *(to_ns for to_ns, _ in days)], np.float64)
    counted = np.concatenate([[0.0], np.cumsum([ah for _, ah in days])]) / (2 * rated_ah)
    outside = np.maximum(at - ends[-1], 0.0) - np.maximum(ends[0] - at, 0.0)
    return [float(one) for one in np.interp(at, ends, counted) + pace * outside / YEAR_NS]


def _dated(point: HealthPoint) -> Estimate:
    """The estimate with its time, which events keep in their envelope."""
    return msgspec.structs.replace(point.estimate, to_ns=parse_time(point.at))


def cycles_per_year(gathered: Gathered, stated: Known) -> float:
    """Equivalent full cycles per year, 0 where counters tell of less than a month."""
    use = gathered.use
    seen_ns = use.last_ns - use.first_ns
    if "rated_capacity_ah" not in stated or seen_ns < SHORTEST_NS:
        return 0.0
    cycles = use.throughput_ah / (2 * float(stated["rated_capacity_ah"].value))
    return cycles * YEAR_NS / seen_ns
