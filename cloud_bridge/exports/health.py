"""Capacity, energy, power and life ahead, from health reports and bench tests."""

from __future__ import annotations

from typing import Final

import msgspec

from cloud_bridge.exports.category import category_of
from cloud_bridge.exports.claims import newest_claim
from cloud_bridge.exports.datum import Datum, Source
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.exports.life_ahead import life_ahead
from cloud_bridge.exports.points import POINTS
from cloud_bridge.fold import HealthPoint, Told
from packtrail.estimate import Interval
from packtrail.event import InspectionRecorded, UnitRegistered
from packtrail.times import parse_time

UNCHECKED: Final = "the BMS's own state of health of the rating; nobody has checked it"
IN_USE: Final = "estimate in use, no UN GTR 22 test cycle"

Known = dict[str, Datum]


def health_points(gathered: Gathered, stated: Known) -> Known:
    """Capacity first; the rest follows from it."""
    capacity = _bench(gathered) or _estimated(gathered) or _claimed(gathered, stated)
    if capacity is None:
        return {}
    found = {"remaining_capacity_ah": capacity}
    if "rated_capacity_ah" in stated:
        rated = stated["rated_capacity_ah"].value
        found["capacity_fade_pct"] = _scaled("capacity_fade_pct", capacity, -100 / rated, 100)
    if "nominal_voltage_v" in stated:
        volts = stated["nominal_voltage_v"].value
        found["remaining_energy_kwh"] = _scaled("remaining_energy_kwh", capacity, volts / 1000)
    found |= _certified(gathered, found)
    return found | _ahead(gathered, stated) | _cells(gathered, stated)


def _ahead(gathered: Gathered, stated: Known) -> Known:
    """The life that is left, with whose estimates it follows from."""
    points = life_ahead(gathered, stated)
    told = (point.event for point in gathered.state.health)
    origins = gathered.heard.of_events(gathered.facts, told) if points else ()
    return {key: msgspec.structs.replace(one, origins=origins) for key, one in points.items()}


def _certified(gathered: Gathered, found: Known) -> Known:
    """State of certified energy: the estimator's own, else of the energy that the maker states.

    A rating is no certificate: without certified energy there is no SOCE.
    """
    if category_of(gathered.state) != "ev":
        return {}  # of other categories it is not to be shown (Commission's guidance, no. 61)
    point, capacity = gathered.state.newest_health, found["remaining_capacity_ah"]
    if capacity.source is Source.COMPUTED and point and (soce := point.estimate.soce):
        own = msgspec.structs.replace(capacity, value=soce.value, low=soce.low, high=soce.high)
        return {"soce_pct": _noted(_scaled("soce_pct", own, 100), IN_USE)}
    certified = _certified_kwh(gathered)
    if certified is None or "remaining_energy_kwh" not in found:
        return {}
    share = _scaled("soce_pct", found["remaining_energy_kwh"], 100 / certified)
    return {"soce_pct": _noted(share, IN_USE)}


def _certified_kwh(gathered: Gathered) -> float | None:
    """Certified usable energy as the maker or importer registered it, the newest statement."""
    stated = [
        told.event.body.certified_energy_kwh
        for told in gathered.facts
        if isinstance(told.event.body, UnitRegistered) and told.event.body.certified_energy_kwh
    ]
    return stated[-1] if stated else None


def _cells(gathered: Gathered, stated: Known) -> Known:
    """Resistance of the mean cell: the estimator's growth, times the maker's initial value."""
    told = [point for point in gathered.state.health if point.estimate.resistance_growth]
    if not told or (growth := told[-1].estimate.resistance_growth) is None:
        return {}
    base = Datum(
        value=growth.value,
        low=growth.low,
        high=growth.high,
        as_of=told[-1].at,
        method=told[-1].estimate.method,
        source=Source.COMPUTED,
        origins=gathered.heard.of_events(gathered.facts, (told[-1].event,)),
        events=(told[-1].event,),
        note=told[-1].estimate.reference,
    )
    key = "cell_resistance_increase_pct"
    found = {key: _scaled(key, base, 100, -100)}
    initial = stated["resistance"].value.get("cell_ohm") if "resistance" in stated else None
    if initial:
        found["cell_resistance_ohm"] = _scaled("cell_resistance_ohm", base, initial)
    return found


def _bench(gathered: Gathered) -> Datum | None:
    """The newest bench test of capacity, if no estimate is newer."""
    tests: list[Told] = [
        told
        for told in gathered.facts
        if isinstance(told.event.body, InspectionRecorded)
        and told.event.body.capacity_ah is not None
    ]
    newest = gathered.state.newest_health
    if not tests or (newest and parse_time(newest.at) > tests[-1].event.to_ns):
        return None
    body = tests[-1].event.body
    assert isinstance(body, InspectionRecorded)
    assert body.capacity_ah is not None
    half = None if body.uncertainty_pct is None else body.capacity_ah * body.uncertainty_pct / 100
    return Datum(
        value=body.capacity_ah,
        low=None if half is None else round(body.capacity_ah - half, 4),
        high=None if half is None else round(body.capacity_ah + half, 4),
        unit="Ah",
        as_of=tests[-1].event.occurred_to,
        method=body.method,
        source=Source.BENCH_TESTED,
        origins=gathered.heard.of(tests[-1:]),
        events=(tests[-1].event_id,),
    )


def _estimated(gathered: Gathered) -> Datum | None:
    """Usable capacity of the unit: its weakest cell limits it where that is known."""
    point = gathered.state.newest_health
    if point is None:
        return None
    estimate = point.estimate
    told = _capacity(point)
    if told is None:
        return None
    return Datum(
        value=round(told.value, 4),
        low=round(told.low, 4),
        high=round(told.high, 4),
        unit="Ah",
        as_of=point.at,
        method=estimate.method,
        source=Source.COMPUTED,
        origins=gathered.heard.of_events(gathered.facts, (point.event,)),
        events=(point.event,),
        note=estimate.reference,
    )


def _claimed(gathered: Gathered, stated: Known) -> Datum | None:
    """Where nobody estimated: the BMS's own SoH of the rating, said to be no more than that."""
    claim = newest_claim(gathered, "soh_pct")
    if claim is None or "rated_capacity_ah" not in stated:
        return None
    value = _rounded(claim.value / 100 * float(stated["rated_capacity_ah"].value))
    return msgspec.structs.replace(claim, value=value, unit="Ah", note=UNCHECKED)


def _capacity(point: HealthPoint) -> Interval | None:
    estimate = point.estimate
    share = estimate.soh_pack or estimate.soh
    if estimate.soh_pack is None and estimate.capacity_ah is not None:
        return estimate.capacity_ah
    if share is None:
        return None
    rated = estimate.rated_ah
    return Interval(share.value * rated, share.low * rated, share.high * rated)


def _scaled(key: str, base: Datum, factor: float, offset: float = 0.0) -> Datum:
    ends = sorted(
        _rounded(offset + factor * end) for end in (base.low, base.high) if end is not None
    )
    low, high = ends if len(ends) == 2 else (None, None)
    return Datum(
        value=_rounded(offset + factor * base.value),
        low=low,
        high=high,
        unit=POINTS[key].unit,
        as_of=base.as_of,
        from_time=base.from_time,
        method=base.method,
        source=base.source,
        origins=base.origins,
        events=base.events,
        note=base.note,
    )


def _rounded(value: float) -> float:
    """Six significant digits: what no evidence here exceeds."""
    return float(f"{value:.6g}")


def _noted(datum: Datum, note: str) -> Datum:
    return msgspec.structs.replace(datum, note=note)
