"""BatteryPass-Ready: performance and durability."""

from __future__ import annotations

from typing import Any, Final

from cloud_bridge.exports.lens import Pair, Pick, Row, Same
from cloud_bridge.exports.ready import PERFORMANCE, measured, percent


def _power(target: str, source: str) -> list[Row]:
    """Power at 80 and 20 % SOC, W."""
    there = f"{PERFORMANCE}.{target}"
    found: list[Row] = [
        Pick(f"{there}.wattValueAt{soc}SoC", source, soc, _watt, _from_watt, by="soc_pct")
        for soc in (80, 20)
    ]
    return [*found, Same(f"{there}.watt", "W", f"{there}.wattValueAt80SoC")]


def _watt(one: dict[str, Any]) -> Any:
    return round(one["power_w"])


def _from_watt(value: float) -> dict[str, Any]:
    return {"power_w": value}


def _minutes(minutes: float) -> int:
    return round(minutes)


# fmt: off
_CELSIUS: Final = "celsius"
ROWS: Final[tuple[Row, ...]] = (
    *measured(
        "RatedCapacity", "rated_capacity_ah", "amperehourMiliamperehour", "Ah", whole=True,
        label="ampereHourMiliamperehour",
    ),
    *measured(
        "RemainingCapacity", "remaining_capacity_ah", "amperehourMiliamperehour", "Ah",
        whole=True, label="ampereHourMiliamperehour",
    ),
    *percent("CapacityFade", "capacity_fade_pct"),
    *measured(
        "CertifiedUsableBatteryEnergy", "rated_energy_kwh", "kilowattHour", "kWh", whole=True
    ),
    *measured(
        "RemainingUsableBatteryEnergy", "remaining_energy_kwh", "kilowattHour", "kWh", whole=True
    ),
    *percent("StateOfCertifiedEnergySOCE", "soce_pct"),
    *percent("StateOfChargeSoC", "soc_pct"),
    *measured("MinimumVoltage", "minimum_voltage_v", "volt", "V"),
    *measured("MaximumVoltage", "maximum_voltage_v", "volt", "V"),
    *measured("NominalVoltage", "nominal_voltage_v", "volt", "V"),
    *_power("OriginalPowerCapability", "original_power"),
    *_power("RemainingPowerCapability", "remaining_power"),
    *percent("PowerFade", "power_fade_pct"),
    *measured("MaximumPermittedBatteryPower", "power_limit_w", "watt", "W", whole=True),
    *measured(
        "RatioBetweenNominalBatteryPowerAndBatteryEnergy", "power_ratio_w_per_wh",
        "wattPerWattHour", "W/Wh", whole=True,
    ),
    *percent("InitialRoundTripEnergyEfficiency", "efficiency_pct"),
    *percent("RoundTripEnergyEfficiencyAt50OfCycleLife", "efficiency_half_life_pct"),
    *percent("RemainingRoundTripEnergyEfficiency", "efficiency_now_pct"),
    *percent("EnergyRoundTripEfficiencyFade", "efficiency_fade_pct"),
    *measured(
        "InitialInternalResistanceOfBatteryCellAndPackModuleRecommended", "resistance.pack_ohm",
        "ohm", "Ohm", whole=True,
    ),
    *percent(
        "InternalResistanceIncreaseOfPackCellAndModuleRecommended", "resistance_increase_pct"
    ),
    *measured(
        "InitialSelf-dischargeRate", "self_discharge_pct_month", "percentMonth", "%/month"
    ),
    *measured(
        "CurrentSelf-dischargeRate", "self_discharge_now_pct_month", "percentMonth", "%/month"
    ),
    *percent("EvolutionOfSelf-dischargeRates", "self_discharge_evolution_pct"),
    Pair(f"{PERFORMANCE}.ExpectedLifetimeInCalendarYears", "expected_years"),
    Pair(f"{PERFORMANCE}.ExpectedLifetime-NumberOfCharge-dischargeCycles", "expected_cycles"),
    Pair(f"{PERFORMANCE}.NumberOfFullChargingAndDischargingCycles", "full_cycles", round),
    Pick(
        f"{PERFORMANCE}.Cycle-lifeReferenceTest", "life_test", "life_test",
        lambda paper: paper["url"], lambda url: {"url": url},
    ),
    *measured("C-rateOfRelevantCycle-lifeTest", "life_test_rate", "amperePerAmpereHour", "A/Ah"),
    *measured("EnergyThroughput", "energy_throughput_kwh", "kilowattHour", "kWh"),
    *measured(
        "CapacityThroughput", "capacity_throughput_ah", "amperehourMiliamperehour", "Ah"
    ),
    *percent("CapacityThresholdForExhaustion", "exhaustion_threshold_pct"),
    *measured(
        "TemperatureInformation", "temperature_c", _CELSIUS, "°C", whole=True,
        label="degreeCelsius",
    ),
    *measured(
        "TemperatureRangeIdleStateLowerBoundary", "idle_temperature.low_c", _CELSIUS, "°C",
        whole=True, label="degreeCelsius",
    ),
    *measured(
        "TemperatureRangeIdleStateUpperBoundary", "idle_temperature.high_c", _CELSIUS, "°C",
        whole=True, label="degreeCelsius",
    ),
    *(
        Pair(f"{PERFORMANCE}.{target}", f"temperature_minutes.{key}", _minutes)
        for target, key in (
            ("TimeSpentInExtremeTemperaturesAboveBoundary", "above"),
            ("TimeSpentInExtremeTemperaturesBelowBoundary", "below"),
            ("TimeSpentChargingDuringExtremeTemperaturesAboveBoundary", "charging_above"),
            ("TimeSpentChargingDuringExtremeTemperaturesBelowBoundary", "charging_below"),
        )
    ),
    Pair(f"{PERFORMANCE}.NumberOfDeepDischargeEvents", "deep_discharges"),
    Pair(f"{PERFORMANCE}.NumberOfOverchargeEvents", "overcharges"),
    Pair(f"{PERFORMANCE}.InformationOnAccidents", "meta.events_url", read=False),
)
# fmt: on
