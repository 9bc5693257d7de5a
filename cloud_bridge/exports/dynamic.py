"""Dynamic data points: from health reports, counters, samples, bench tests and the ledger.

Definitions: DIN DKE SPEC 99100, chapter 6.7; Regulation (EU) 2023/1542, Annexes IV and XIII 4.
A figure that the evidence does not give is told to be missing with its reason.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from cloud_bridge.exports.claims import newest_claim
from cloud_bridge.exports.datum import Datum, Missing, Source
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.exports.health import health_points
from cloud_bridge.exports.points import POINTS
from cloud_bridge.exports.usage import (
    COLD_C,
    FEWEST_PULSES,
    HOT_C,
    SOC_EDGES,
    TEMPERATURE_EDGES,
    Use,
    days_told,
    interval_of_median,
)
from cloud_bridge.fold import Incident, Lifecycle, PackState, Told
from packtrail.event import IncidentRecorded, InspectionRecorded, ProductAssembled, UnitRepaired
from packtrail.times import format_time
from soh_model.idle_loss import METHOD

SEEN: Final = "of what was seen: a lower bound for the whole life"
DEEP: Final = ("cell_under_voltage", "under_voltage", "deep_discharge")
OVER: Final = ("cell_over_voltage", "over_voltage", "over_charge")
ACCIDENTS: Final = ("collision", "crash", "fire", "smoke", "thermal_runaway", "water", "leak")

Known = dict[str, Datum]


def dynamic_points(gathered: Gathered, stated: Known) -> tuple[Known, dict[str, Missing]]:
    """Points that have a value, and the reasons of some that have none.

    Args:
        gathered: evidence.
        stated: static points, for the references to compare with.
    """
    found = health_points(gathered, stated) | _counted(gathered, stated)
    found |= _measured(gathered, stated) | _told(gathered)
    missing = {
        key: Missing.NO_REFERENCE
        for key, base, reference in _COMPARED
        if key not in found and base in found and reference not in stated
    }
    if "soce_pct" not in found and "remaining_capacity_ah" in found:
        missing["soce_pct"] = Missing.NO_REFERENCE
    return found, missing


_COMPARED: Final = (
    ("resistance_increase_pct", "resistance_now_ohm", "resistance"),
    ("efficiency_fade_pct", "efficiency_now_pct", "efficiency_pct"),
    ("power_fade_pct", "remaining_power", "original_power"),
    ("self_discharge_evolution_pct", "self_discharge_now_pct_month", "self_discharge_pct_month"),
)


def _counted(gathered: Gathered, stated: Known) -> Known:
    """Sums and histograms over what was seen."""
    use, heard = gathered.use, gathered.heard
    if not use.last_ns:
        return {}
    days = heard.of(days_told(gathered.facts))
    window = {"from_time": format_time(use.first_ns), "as_of": format_time(use.last_ns)}
    about: dict[str, Any] = {
        "source": Source.COMPUTED,
        "method": "counting/1",
        "origins": tuple(sorted(heard.counted.union(days))),
        **window,
    }
    found = {
        "energy_throughput_kwh": _datum("energy_throughput_kwh", use.throughput_kwh, about),
        "capacity_throughput_ah": _datum("capacity_throughput_ah", use.throughput_ah, about),
    }
    if "rated_capacity_ah" in stated:
        cycles = use.throughput_ah / (2 * stated["rated_capacity_ah"].value)
        found["full_cycles"] = _datum("full_cycles", cycles, about)
    for key, quantity, edges in (
        ("soc_hours", "soc_pct", SOC_EDGES),
        ("temperature_hours", "temperature_c", TEMPERATURE_EDGES),
    ):
        if quantity in use.hours:
            hours = [round(one, 4) for one in use.hours[quantity]]
            found[key] = _datum(key, {"edges": list(edges), "hours": hours}, about)
    if "temperature_c" in use.hours:
        minutes = _minutes(use)
        found["temperature_minutes"] = _datum("temperature_minutes", minutes, about)
    return found


def _datum(key: str, value: Any, about: dict[str, Any]) -> Datum:
    shown = round(value, 4) if isinstance(value, float) else value
    return Datum(value=shown, unit=POINTS[key].unit, note=SEEN, **about)


def _minutes(use: Use) -> dict[str, float]:
    """Minutes below and above the bounds; gaps count as unknown, not as fine."""
    hours = use.hours["temperature_c"]
    cold = 60 * sum(hours[: TEMPERATURE_EDGES.index(COLD_C) + 1])
    hot = 60 * sum(hours[TEMPERATURE_EDGES.index(HOT_C) + 1 :])
    found = {"below_c": COLD_C, "above_c": HOT_C, "below": round(cold, 1), "above": round(hot, 1)}
    if use.charging_minutes is not None:
        below, above = use.charging_minutes
        found |= {"charging_below": round(below, 1), "charging_above": round(above, 1)}
    return found


def _measured(gathered: Gathered, stated: Known) -> Known:
    """Newest readings; resistance and efficiency from the samples."""
    use, found = gathered.use, {}
    charge = newest_claim(gathered, "soc_pct")
    if charge is not None:
        found["soc_pct"] = msgspec.structs.replace(charge, unit=POINTS["soc_pct"].unit)
    if "temperature_c" in use.newest:
        value, t_ns = use.newest["temperature_c"]
        # The warmest probe may be told as probes or as their maximum.
        told = [gathered.heard.newest.get(name) for name in ("temperature_c", "temperature_max_c")]
        found["temperature_c"] = Datum(
            value=round(value, 3),
            unit=POINTS["temperature_c"].unit,
            as_of=format_time(t_ns),
            method="warmest probe",
            source=Source.MEASURED,
            origins=tuple(sorted({one[1] for one in told if one and one[0] >= t_ns})),
        )
    found |= _resistance(gathered, stated) | _efficiency(gathered, stated)
    found |= _self_discharge(gathered, stated)
    return found | _power(use, found, stated)


def _resistance(gathered: Gathered, stated: Known) -> Known:
    """Of the whole unit: a bench test, else the median over steps of current."""
    benched = [
        told
        for told in gathered.facts
        if isinstance(told.event.body, InspectionRecorded) and told.event.body.resistance_mohm
    ]
    use = gathered.use
    if benched:
        body = benched[-1].event.body
        assert isinstance(body, InspectionRecorded)
        now = Datum(
            value=(body.resistance_mohm or 0.0) / 1000,
            unit="ohm",
            as_of=benched[-1].event.occurred_to,
            method=body.method,
            source=Source.BENCH_TESTED,
            origins=gathered.heard.of(benched[-1:]),
            events=(benched[-1].event_id,),
        )
    elif len(use.resistances_ohm) >= FEWEST_PULSES:
        value, low, high = interval_of_median(use.resistances_ohm)
        now = Datum(
            value=round(value, 6),
            low=round(low, 6),
            high=round(high, 6),
            unit="ohm",
            as_of=format_time(use.last_ns),
            from_time=format_time(use.sampled_from_ns),
            method="current-steps/1",
            source=Source.COMPUTED,
            origins=tuple(sorted(gathered.heard.sampled)),
            note="median over steps of current, at the temperatures and SOC seen",
        )
    else:
        return {}
    found = {"resistance_now_ohm": now}
    initial = stated["resistance"].value.get("pack_ohm") if "resistance" in stated else None
    if initial:
        found["resistance_increase_pct"] = scaled(
            "resistance_increase_pct", now, lambda ohm: 100 * (ohm / initial - 1)
        )
    return found


def _efficiency(gathered: Gathered, stated: Known) -> Known:
    """Energy out over energy in between equal SOC, weighted by the charge that moved."""
    use = gathered.use
    if not use.efficiencies:
        return {}
    moved = sum(ah for _, ah in use.efficiencies)
    value = 100 * sum(share * ah for share, ah in use.efficiencies) / moved
    now = Datum(
        value=round(value, 3),
        unit="%",
        as_of=format_time(use.last_ns),
        from_time=format_time(use.sampled_from_ns),
        method="equal-soc/1",
        source=Source.COMPUTED,
        origins=tuple(sorted(gathered.heard.sampled)),
        note=f"{len(use.efficiencies)} stretches between equal SOC of the BMS",
    )
    found = {"efficiency_now_pct": now}
    if "efficiency_pct" in stated:
        initial = stated["efficiency_pct"].value
        found["efficiency_fade_pct"] = scaled(
            "efficiency_fade_pct", now, lambda pct: 100 * (1 - pct / initial)
        )
    return found


def _self_discharge(gathered: Gathered, stated: Known) -> Known:
    """The loss of the newest long rest, and how far it has moved from what the maker states."""
    rested = gathered.rested
    if rested is None:
        return {}
    told = rested.loss.pct_month
    now = Datum(
        value=round(told.value, 3),
        low=round(told.low, 3),
        high=round(told.high, 3),
        unit=POINTS["self_discharge_now_pct_month"].unit,
        as_of=format_time(rested.to_ns),
        from_time=format_time(rested.from_ns),
        method=METHOD,
        source=Source.COMPUTED,
        origins=tuple(sorted(gathered.heard.sampled)),
        note=f"a rest of {rested.loss.hours:.0f} h; with what the BMS draws from the pack",
    )
    found = {"self_discharge_now_pct_month": now}
    if "self_discharge_pct_month" in stated and (
        initial := stated["self_discharge_pct_month"].value
    ):
        key = "self_discharge_evolution_pct"
        found[key] = scaled(key, now, lambda pct: 100 * (pct / initial - 1))
    return found


def _power(use: Use, found: Known, stated: Known) -> Known:
    """Discharge power at 80 and 20 % SOC down to the minimum voltage: U_min (U_0 - U_min) / R."""
    if "resistance_now_ohm" not in found or "minimum_voltage_v" not in stated:
        return {}
    now, floor = found["resistance_now_ohm"], float(stated["minimum_voltage_v"].value)
    limit = float(stated["power_limit_w"].value) if "power_limit_w" in stated else float("inf")
    at = [
        {"soc_pct": soc, "power_w": round(min(limit, floor * (open_v - floor) / now.value), 1)}
        for soc, volts in use.rest_volts.items()
        if volts and (open_v := float(np.median(volts))) > floor
    ]
    if not at:
        return {}
    datum = msgspec.structs.replace(
        now,
        value=at,
        low=None,
        high=None,
        unit="W",
        method=f"open-circuit-power/1, {now.method}",
        note="from rest voltage, resistance and minimum voltage; no pulse test at the limit",
    )
    return {"remaining_power": datum} | _power_fade(datum, stated)


def _power_fade(now: Datum, stated: Known) -> Known:
    """At the highest state of charge that both sides tell."""
    if "original_power" not in stated:
        return {}
    first = {one["soc_pct"]: one["power_w"] for one in stated["original_power"].value}
    both = [(one, first[one["soc_pct"]]) for one in now.value if one["soc_pct"] in first]
    if not both:
        return {}
    one, initial = max(both, key=lambda pair: float(pair[0]["soc_pct"]))
    fade = round(100 * (1 - one["power_w"] / initial), 3)
    note = f"at {one['soc_pct']} % SOC"
    return {"power_fade_pct": msgspec.structs.replace(now, value=fade, unit="%", note=note)}


def scaled(key: str, base: Datum, to: Any) -> Datum:
    """A point that is a function of another, with the interval carried along."""
    ends = sorted(to(end) for end in (base.low, base.high) if end is not None)
    return Datum(
        value=round(to(base.value), 4),
        low=round(ends[0], 4) if len(ends) == 2 else None,
        high=round(ends[1], 4) if len(ends) == 2 else None,
        unit=POINTS[key].unit,
        as_of=base.as_of,
        from_time=base.from_time,
        method=base.method,
        source=base.source,
        origins=base.origins,
        events=base.events,
        note=base.note,
    )


def _told(gathered: Gathered) -> Known:
    """What follows from the events alone."""
    state, heard = gathered.state, gathered.heard
    about: dict[str, Any] = {"source": Source.LEDGER, "as_of": state.last_at}
    events = [event(one) for one in state.incidents]
    first = tuple(one.events[0] for one in state.incidents)
    deep, over = _reports(gathered, DEEP), _reports(gathered, OVER)
    stays = {"swaps": state.swaps, "vehicles": state.vehicles}
    use = stays | {"hours_seen": round(gathered.use.covered_h, 2), "repairs": state.repairs}
    return {
        "status": Datum(value=status_of(gathered), **about),
        "negative_events": Datum(
            value=events, **about, events=first, origins=heard.of_events(gathered.facts, first)
        ),
        "deep_discharges": Datum(value=len(deep), **about, note=SEEN, origins=heard.of(deep)),
        "overcharges": Datum(value=len(over), **about, note=SEEN, origins=heard.of(over)),
        "use": Datum(value=use, **about),
    }


def event(one: Incident) -> dict[str, Any]:
    """An incident as a passport tells it."""
    found: dict[str, Any] = {
        "kind": one.kind,
        "severity": one.severity.value,
        "at": one.since,
        "accident": one.kind in ACCIDENTS,
    }
    return found | ({"cleared": one.cleared} if one.cleared else {})


def _reports(gathered: Gathered, kinds: tuple[str, ...]) -> list[Told]:
    return [
        told
        for told in gathered.facts
        if isinstance(body := told.event.body, IncidentRecorded)
        and body.kind in kinds
        and not body.cleared
    ]


def status_of(gathered: Gathered) -> str:
    """`original`, `reused`, `repurposed`, `remanufactured` or `waste` (Art. 3 and Annex XIII)."""
    state: PackState = gathered.state
    if state.lifecycle in _WASTE:
        return "waste"
    if state.registration and isinstance(state.registration.stated, ProductAssembled):
        return "repurposed"
    repairs = [t.event.body for t in gathered.facts if isinstance(t.event.body, UnitRepaired)]
    if any(repair.remanufactured for repair in repairs):
        return "remanufactured"
    return "reused" if state.life > 1 or repairs else "original"


_WASTE: Final = frozenset(
    {
        Lifecycle.RETIRED,
        Lifecycle.RECOVERED,
        Lifecycle.DISMANTLED,
        Lifecycle.RECYCLED,
        Lifecycle.DESTROYED,
        Lifecycle.REPURPOSED_IN,
    }
)
