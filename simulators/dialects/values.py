"""What every dialect says, by the names of the signals."""

from __future__ import annotations

from simulators.bms import BmsReading


def limits(reading: BmsReading) -> dict[str, float]:
    """Limits and insulation, by signal."""
    return {
        "ChargeLimit": reading.charge_limit_a,
        "DischargeLimit": reading.discharge_limit_a,
        "ChargeVoltageLimit": reading.charge_voltage_limit_v,
        "Insulation": reading.insulation_ohm,
    }


def health(reading: BmsReading) -> dict[str, float]:
    """What the BMS believes of itself, by signal."""
    return {
        "Soh": reading.soh_pct,
        "Capacity": reading.capacity_ah,
        "ChargeThroughput": reading.charge_throughput_ah,
    }


def extremes(reading: BmsReading) -> dict[str, float]:
    """Highest and lowest cell and probe, by signal."""
    volts, warmth = reading.cell_voltage_v, reading.temperature_c
    return {
        "CellVoltageMax": float(volts.max()),
        "CellVoltageMin": float(volts.min()),
        "CellVoltageMaxIndex": int(volts.argmax()) + 1,
        "CellVoltageMinIndex": int(volts.argmin()) + 1,
        "TemperatureMax": float(warmth.max()),
        "TemperatureMin": float(warmth.min()),
    }


def state(reading: BmsReading) -> int:
    """0 idle, 1 charging, 2 discharging."""
    idle_a = 0.01 * reading.capacity_ah
    if abs(reading.pack_current_a) < idle_a:
        return 0
    return 1 if reading.pack_current_a > 0 else 2


def within(value: float, low: float, high: float) -> float:
    """The value, cut to a range."""
    return min(max(value, low), high)
