"""Canonical battery quantities: name, unit, wire resolution, bounds and COVESA VSS path.

The name carries the unit. Charge current is positive, as in VSS. `bounds` are what a sensor
can mean, not what a pack should show: a value outside is invalid, not alarming.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

VSS_ROOT = "Vehicle.Powertrain.TractionBattery"
"""Branch of the COVESA Vehicle Signal Specification (VSS 4 to 6) that our names follow."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One canonical quantity of a pack.

    Attributes:
        name: our name, unit included, for instance `pack_voltage_v`.
        unit: UCUM-like unit: V, A, %, degC, Ah, kWh, ohm, 1.
        resolution: the wire's step in `unit`; finer detail is not sent.
        low: smallest value that a sensor can mean.
        high: largest value that a sensor can mean.
        vss: path below `VSS_ROOT`, or "" where VSS has none.
        array: one value per cell or probe rather than one per pack.
        claim: what the BMS believes rather than measures (its SOC, its SoH).
    """

    name: str
    unit: str
    resolution: float
    low: float
    high: float
    vss: str = ""
    array: bool = False
    claim: bool = False

    @property
    def vss_path(self) -> str:
        """The full VSS path, or "" where VSS has none."""
        return f"{VSS_ROOT}.{self.vss}" if self.vss else ""


_TABLE: Final = (
    Quantity("pack_voltage_v", "V", 0.01, 0, 2000, "CurrentVoltage"),
    Quantity("pack_current_a", "A", 0.01, -5000, 5000, "CurrentCurrent"),
    Quantity("cell_voltage_v", "V", 0.001, 0, 6, "CellVoltage.CellVoltages", array=True),
    Quantity("cell_voltage_max_v", "V", 0.001, 0, 6, "CellVoltage.Max"),
    Quantity("cell_voltage_min_v", "V", 0.001, 0, 6, "CellVoltage.Min"),
    Quantity("cell_voltage_max_index", "1", 1, 0, 1023, "CellVoltage.IdMax"),
    Quantity("cell_voltage_min_index", "1", 1, 0, 1023, "CellVoltage.IdMin"),
    Quantity("temperature_c", "degC", 0.1, -60, 250, "Temperature.CellTemperature", array=True),
    Quantity("temperature_max_c", "degC", 0.1, -60, 250, "Temperature.Max"),
    Quantity("temperature_min_c", "degC", 0.1, -60, 250, "Temperature.Min"),
    Quantity("soc_pct", "%", 0.01, 0, 100, "StateOfCharge.Current", claim=True),
    Quantity("soc_displayed_pct", "%", 0.01, 0, 100, "StateOfCharge.Displayed", claim=True),
    Quantity("soh_pct", "%", 0.01, 0, 120, "StateOfHealth", claim=True),
    Quantity("capacity_ah", "Ah", 0.01, 0, 5000, claim=True),
    Quantity("energy_kwh", "kWh", 0.01, 0, 2000, "StateOfCharge.CurrentEnergy", claim=True),
    Quantity("insulation_ohm", "ohm", 100, 0, 1e9),
    Quantity("charge_limit_a", "A", 0.1, 0, 5000),
    Quantity("discharge_limit_a", "A", 0.1, 0, 5000),
    Quantity("charge_voltage_limit_v", "V", 0.1, 0, 2000, "MaxVoltage"),
    Quantity("charge_throughput_ah", "Ah", 0.1, 0, 1e8, "AccumulatedChargedThroughput"),
    Quantity("discharge_throughput_ah", "Ah", 0.1, 0, 1e8, "AccumulatedConsumedThroughput"),
    Quantity("charge_energy_kwh", "kWh", 0.1, 0, 1e8, "AccumulatedChargedEnergy"),
    Quantity("bms_alarm_level", "1", 1, 0, 255),
)

QUANTITIES: Final = MappingProxyType({quantity.name: quantity for quantity in _TABLE})
"""All canonical quantities by name."""
