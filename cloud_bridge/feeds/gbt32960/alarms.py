"""General alarm flags of a report as incidents of its packs.

GB/T 32960.3-2016 table 18, -2025 table 24: level 1 does not hinder driving, 2 limits it, 3 wants
the vehicle stopped at once. A vehicle's alarm names no pack, so each of its packs has it until an
inspection says otherwise. What bears on the motor, the brake or the hydrogen is not told here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from can_decoder.gbt32960 import Report
from can_decoder.gbt32960.units import alarm_names

KINDS: Final = MappingProxyType(
    {
        "temperature_spread": "temperature_spread",
        "pack_hot": "over_temperature",
        "pack_over_voltage": "over_voltage",
        "pack_under_voltage": "under_voltage",
        "cell_over_voltage": "cell_over_voltage",
        "cell_under_voltage": "cell_under_voltage",
        "pack_mismatch": "pack_mismatch",
        "cell_consistency": "cell_spread",
        "insulation": "insulation",
        "overcharge": "over_charge",
        "thermal_event": "thermal_event",
    }
)
"""Flags that bear on a pack -> kind of incident."""
STOP_LEVEL: Final = 3


def alarms_of(report: Report) -> set[tuple[str, str]] | None:
    """Kind and severity of what a report warns of; None where it says nothing of alarms."""
    unit = report.unit("alarms")
    if unit is None:
        return None
    level, flags = unit.numbers["level"], int(unit.numbers["flags"])
    if flags >= 0xFFFFFFFE or level >= 0xFE:  # abnormal or invalid
        return None
    severity = "quarantine" if level >= STOP_LEVEL else "watch"
    kinds = {KINDS[name] for name in alarm_names(flags) if name in KINDS}
    return {(kind, "danger" if kind == "thermal_event" else severity) for kind in kinds}
