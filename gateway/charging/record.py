"""A charging dialogue as a fact of the pack's life.

What a charger and a BMS tell each other is not to be trusted blindly: numbers that are no
numbers and VINs that are none are left out.
"""

from __future__ import annotations

import math
import re
from typing import Final

from can_decoder.gbt27930 import ChargeSession
from can_decoder.gbt27930.intake import Heard
from can_decoder.gbt27930.layouts import BRM_MAKER, BRM_VIN, text
from packtrail.event import ChargeRecorded, PlaceRef, Reading, VehicleRef
from packtrail.times import format_time

_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")


def charge_recorded(session: ChargeSession, place: PlaceRef) -> ChargeRecorded:
    """The fact of one dialogue."""
    heard_current = len(session.current_a) > 1
    return ChargeRecorded(
        place=place,
        vehicle=vehicle_of(session.vin),
        edition=session.edition,
        soc_start_pct=_number(session.soc_start_pct),
        soc_end_pct=_number(session.soc_end_pct),
        charged_ah=_number(session.charged_ah) if heard_current else None,
        charged_kwh=_number(session.charged_kwh) if heard_current else None,
        delivered_kwh=_number(session.energy_kwh),
        rated_capacity_ah=_number(session.rated_capacity_ah),
        rated_voltage_v=_number(session.rated_voltage_v),
        nominal_energy_kwh=_number(session.nominal_energy_kwh),
        battery_type=session.battery_type,
        pack_serial=session.pack_serial,
        charge_count=session.charge_count,
        alarms=tuple(name for _, name in session.alarms),
        end_reasons=session.end_reasons,
        errors=session.errors,
    )


def vehicle_of(vin: str) -> VehicleRef | None:
    """The vehicle of a VIN (GB 16735), None where the text is none."""
    return VehicleRef("vin", vin) if _VIN.fullmatch(vin) else None


def brm_reading(heard: Heard) -> Reading:
    """BRM as a reading: the VIN if there is one, else maker and serial; all bytes are kept."""
    vin, maker = text(heard.data[BRM_VIN]), text(heard.data[BRM_MAKER])
    serial = heard.values.get("pack_serial")
    named = f"{maker} {int(serial)}" if serial is not None else maker
    said = vin if vehicle_of(vin) else re.sub(r"[^\x20-\x7e]", "?", named)
    return Reading("brm", said, format_time(heard.t_ns), heard.data.hex())


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)
