"""Payloads of the dialogue, encoded by the decoder's own layouts; unused bits are 1.

Currents on this bus are negative while charging, offset by 400 A; see `can_decoder.gbt27930`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from can_decoder.database import Database
from can_decoder.gbt27930 import charge_database
from packtrail.codes import PackCode
from simulators.bms import BmsReading
from simulators.charging import CHARGE_RATE
from simulators.models import PackModel
from simulators.pack import Pack

TYPE_CODES: Final = {"lfp": 3, "nmc": 6}
VERSION_2015 = {"version_minor": 1, "version_major": 1}
SPENT_YEAR: Final = 0x63
"""Years since 1985 that a unit writes whose date was never set."""
VIN_PLACE, MAKER_PLACE = slice(24, 41), slice(8, 12)
SHORT_BRM, SHORT_CML, SHORT_CCS = 41, 6, 6
"""Sizes of the 2011 edition."""


@cache
def _database() -> Database:
    return charge_database()


def say(code: str, values: Mapping[str, float]) -> bytes:
    """The payload of a message."""
    return _database().encode(code, values, fill=0xFF)


def states(code: str, abnormal: str = "") -> bytes:
    """A message of two-bit states, all normal but one."""
    names = [signal.name for signal in _database().message(code).signals]
    return say(code, {name: int(name == abnormal) for name in names})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is being charged.

    Attributes:
        pack: the pack.
        vin: of the vehicle, 17 characters, or "".
        charges: how often it has been charged.
    """

    pack: Pack
    vin: str
    charges: int

    def brm(self, quirks: frozenset[str]) -> bytes:
        """Recognition: who pack and vehicle are."""
        model, code = self.pack.model, PackCode.parse(self.pack.code)
        made = code.made_on
        values = {
            **(VERSION_2015 if "edition_2011" not in quirks else
               {"version_minor": 0, "version_major": 1}),
            "battery_type": TYPE_CODES[model.chemistry.name],
            "rated_capacity_ah": model.rated_ah,
            "rated_voltage_v": model.nominal_v,
            "pack_serial": int(self.pack.code[-7:]),
            "production_year": 1985 + SPENT_YEAR if "year_99" in quirks else made.year,
            "production_month": made.month,
            "production_day": made.day,
            "charge_count": self.charges,
            "owned": 1,
        }  # fmt: skip
        if "edition_2011" not in quirks:
            values |= {"software_number": 1, "software_day": 9, "software_month": 3,
                       "software_year": 2026}  # fmt: skip
        data = bytearray(say("BRM", values))
        data[MAKER_PLACE] = model.maker.encode("ascii").ljust(4, b"\x00")
        data[VIN_PLACE] = self.vin.encode("ascii") if self.vin else b"\xff" * 17
        return bytes(data[:SHORT_BRM] if "edition_2011" in quirks else data)


def current(amperes: float, quirks: frozenset[str]) -> float:
    """A charge current as this bus says it; some units leave the offset out."""
    return amperes - 400.0 if "no_offset" in quirks else -amperes


def bcp(model: PackModel, reading: BmsReading) -> bytes:
    """Charging parameters."""
    chemistry = model.chemistry
    return say(
        "BCP",
        {
            "cell_voltage_limit_v": chemistry.full_v,
            "charge_current_limit_a": -demand_limit(model),
            "nominal_energy_kwh": model.nominal_kwh,
            "charge_voltage_limit_v": chemistry.full_v * model.cells,
            "temperature_limit_c": 55,
            "soc_pct": reading.soc_pct,
            "pack_voltage_v": reading.pack_voltage_v,
        },
    )


def demand_limit(model: PackModel) -> float:
    """Most that the pack asks for; the bus cannot say more than 400 A."""
    return min(CHARGE_RATE[model.chemistry.name] * model.rated_ah, 400.0)


def bcs(reading: BmsReading, remaining_min: float, quirks: frozenset[str]) -> bytes:
    """Charging status, as the BMS measures it."""
    highest = int(np.argmax(reading.cell_voltage_v))
    data = say(
        "BCS",
        {
            "voltage_v": reading.pack_voltage_v,
            "current_a": current(max(reading.pack_current_a, 0.0), quirks),
            "cell_voltage_max_v": float(reading.cell_voltage_v[highest]),
            "cell_voltage_max_group": highest // 16 % 16,
            "soc_pct": int(reading.soc_pct),
            "remaining_min": min(int(remaining_min), 600),
        },
    )
    return data[:2] + b"\x00\x00" + data[4:] if "zero_current" in quirks else data


def bsm(reading: BmsReading) -> bytes:
    """State of the pack: extremes and what is not normal."""
    warmth, volts = reading.temperature_c, reading.cell_voltage_v
    hot = reading.alarm_level >= 2 and float(warmth.max()) >= 55.0
    return say(
        "BSM",
        {
            "cell_voltage_max_number": int(volts.argmax()) + 1,
            "temperature_max_c": float(warmth.max()),
            "temperature_max_probe": int(warmth.argmax()) + 1,
            "temperature_min_c": float(warmth.min()),
            "temperature_min_probe": int(warmth.argmin()) + 1,
            "cell_voltage": int(reading.alarm_level >= 3 and not hot),
            "soc": 0,
            "over_current": 0,
            "over_temperature": int(hot),
            "insulation": 0,
            "connector": 0,
            "charging_permitted": int(reading.charge_limit_a > 0.0),
        },
    )


def bmv(reading: BmsReading) -> bytes:
    """All cell voltages, group by group of sixteen."""
    steps = np.clip(np.rint(reading.cell_voltage_v * 100.0), 0, 0xFFF).astype(np.uint16)
    groups = (np.arange(len(steps)) // 16 % 16).astype(np.uint16) << np.uint16(12)
    return (steps | groups).astype("<u2").tobytes()


def bmt(reading: BmsReading) -> bytes:
    """All probe temperatures."""
    return np.clip(np.rint(reading.temperature_c) + 50.0, 0, 250).astype(np.uint8).tobytes()


def bsd(reading: BmsReading) -> bytes:
    """Statistics at the end, as the BMS has them."""
    return say(
        "BSD",
        {
            "soc_pct": int(reading.soc_pct),
            "cell_voltage_min_v": float(reading.cell_voltage_v.min()),
            "cell_voltage_max_v": float(reading.cell_voltage_v.max()),
            "temperature_min_c": float(reading.temperature_c.min()),
            "temperature_max_c": float(reading.temperature_c.max()),
        },
    )


def padded(data: bytes, quirks: frozenset[str]) -> bytes:
    """Eight bytes, as some units always send."""
    return data.ljust(8, b"\xff") if "padded" in quirks else data
