"""Battery Pass data model: the aspect Performance and Durability 1.2.1."""

from __future__ import annotations

import re
from typing import Any, Final

from cloud_bridge.exports.lens import ABSENT, Each, Json, Pair, Pick, Row, from_url, url_of

PERFORMANCE: Final = "performanceAndDurability"
_TECHNICAL: Final = f"{PERFORMANCE}.batteryTechicalProperties"
_CONDITION: Final = f"{PERFORMANCE}.batteryCondition"
_COMPONENTS: Final = {"pack_ohm": "pack", "module_ohm": "module", "cell_ohm": "cell"}
_INCREASES: Final = {
    "resistance_increase_pct": "pack",
    "cell_resistance_increase_pct": "cell",
}
_EVENT: Final = re.compile(
    r"(?P<kind>[^;]+); (?P<severity>\w+)(?P<accident>; accident)?(?:; cleared (?P<cleared>\S+))?"
)


def event_text(one: Json) -> str:
    """An incident as the free text that the model has room for."""
    text = f"{one['kind']}; {one['severity']}"
    text += "; accident" if one.get("accident") else ""
    return text + (f"; cleared {one['cleared']}" if one.get("cleared") else "")


def event_of(text: str) -> Json:
    """The incident of a text of ours; of another's text, the text as its kind."""
    match = _EVENT.fullmatch(text)
    if match is None:
        return {"kind": text, "severity": "watch", "accident": False}
    found: Json = {
        "kind": match["kind"],
        "severity": match["severity"],
        "accident": bool(match["accident"]),
    }
    return found | ({"cleared": match["cleared"]} if match["cleared"] else {})


def _resistances(value: Json) -> Any:
    found = [
        {"ohmicResistance": value[key], "batteryComponent": component}
        for key, component in _COMPONENTS.items()
        if key in value
    ]
    return found or ABSENT


def _resistance(value: Any) -> Json:
    keys = {component: key for key, component in _COMPONENTS.items()}
    return {keys[one["batteryComponent"]]: one["ohmicResistance"] for one in value}


def _increases(plain: Json) -> Any:
    """Of the pack and of the cells, each where it is known."""
    found = [
        {
            "internalResistanceIncreaseValue": plain[key],
            "lastUpdate": plain[f"{key}@as_of"],
            "batteryComponent": component,
        }
        for key, component in _INCREASES.items()
        if key in plain and f"{key}@as_of" in plain
    ]
    return found or ABSENT


def _from_increases(value: Any) -> Json:
    keys = {component: key for key, component in _INCREASES.items()}
    found: Json = {}
    for one in value:
        if key := keys.get(one["batteryComponent"]):
            found[key] = one["internalResistanceIncreaseValue"]
            found[f"{key}@as_of"] = one["lastUpdate"]
    return found


def _stamped(target: str, key: str) -> list[Row]:
    return [
        Pair(f"{_CONDITION}.{target}.{target}Value", key),
        Pair(f"{_CONDITION}.{target}.lastUpdate", f"{key}@as_of"),
    ]


_RATED: Final = (
    ("ratedMaximumPower", "power_limit_w"),
    ("powerCapabilityRatio", "power_ratio_w_per_wh"),
    ("ratedEnergy", "rated_energy_kwh"),
    ("expectedNumberOfCycles", "expected_cycles"),
    ("initialSelfDischarge", "self_discharge_pct_month"),
    ("roundtripEfficiency", "efficiency_pct"),
    ("ratedCapacity", "rated_capacity_ah"),
    ("expectedLifetime", "expected_years"),
    ("nominalVoltage", "nominal_voltage_v"),
    ("minimumVoltage", "minimum_voltage_v"),
    ("maximumVoltage", "maximum_voltage_v"),
    ("capacityThresholdForExhaustion", "exhaustion_threshold_pct"),
    ("cRateLifeCycleTest", "life_test_rate"),
    ("temperatureRangeIdleState.minimum", "idle_temperature.low_c"),
    ("temperatureRangeIdleState.maximum", "idle_temperature.high_c"),
    ("roundTripEfficiencyat50PerCentCycleLife", "efficiency_half_life_pct"),
    ("roundTripEfficiencyFade", "efficiency_fade_pct"),
    ("powerFade", "power_fade_pct"),
)
_STAMPED: Final = (
    ("energyThroughput", "energy_throughput_kwh"),
    ("capacityThroughput", "capacity_throughput_ah"),
    ("numberOfFullCycles", "full_cycles"),
    ("stateOfCertifiedEnergy", "soce_pct"),
    ("capacityFade", "capacity_fade_pct"),
    ("remainingEnergy", "remaining_energy_kwh"),
    ("remainingCapacity", "remaining_capacity_ah"),
    ("evolutionOfSelfDischarge", "self_discharge_evolution_pct"),
    ("currentSelfDischargingRate", "self_discharge_now_pct_month"),
    ("remainingRoundTripEnergyEfficiency", "efficiency_now_pct"),
    ("stateOfCharge", "soc_pct"),
)
_MINUTES: Final = (
    ("timeExtremeHighTemp", "above"),
    ("timeExtremeLowTemp", "below"),
    ("timeExtremeHighTempCharging", "charging_above"),
    ("timeExtremeLowTempCharging", "charging_below"),
)
_WARM: Final = f"{_CONDITION}.temperatureInformation"
_POWER: Final = f"{_CONDITION}.remainingPowerCapability"
_POWER_AT: Final = f"{_POWER}.remainingPowerCapabilityValue"

ROWS: Final[tuple[Row, ...]] = (
    *(Pair(f"{_TECHNICAL}.{target}", source) for target, source in _RATED),
    Each(
        f"{_TECHNICAL}.originalPowerCapability",
        "original_power",
        (Pair("atSoC", "soc_pct"), Pair("powerCapabilityAt", "power_w")),
    ),
    Pair(f"{_TECHNICAL}.initialInternalResistance", "resistance", _resistances, _resistance),
    Pick(f"{_TECHNICAL}.lifetimeReferenceTest", "life_test", "life_test", url_of, from_url),
    *(row for target, key in _STAMPED for row in _stamped(target, key)),
    Each(
        f"{_CONDITION}.negativeEvents",
        "negative_events",
        (Pair("negativeEvent", "", event_text, event_of), Pair("lastUpdate", "at")),
    ),
    *(Pair(f"{_WARM}.{target}", f"temperature_minutes.{key}") for target, key in _MINUTES),
    Pair(f"{_WARM}.lastUpdate", "temperature_minutes@as_of"),
    Pair(f"{_POWER_AT}.atSoC", "remaining_power.0.soc_pct"),
    Pair(f"{_POWER_AT}.powerCapabilityAt", "remaining_power.0.power_w"),
    Pair(f"{_POWER_AT}.rPCLastUpdated", "remaining_power@as_of", read=False),
    Pair(f"{_POWER}.lastUpdate", "remaining_power@as_of"),
    Pair(
        f"{_CONDITION}.internalResistanceIncrease",
        "",
        _increases,
        _from_increases,
        asks="resistance_increase_pct",
    ),
)
