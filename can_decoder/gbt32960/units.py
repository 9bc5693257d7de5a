"""Information units of a report (clause 7.2.3): fixed tables, lists, and what stays raw.

A number of all ones is invalid, all ones but the last bit abnormal, whatever its width; both
read as NaN and are named in `marks`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from can_decoder.gbt32960.frame import Edition

Floats = NDArray[np.float64]
Mark = Literal["invalid", "abnormal"]


class Place(NamedTuple):
    """One number of a unit.

    Attributes:
        name: with its unit.
        size: bytes, big endian.
        scale: physical = raw * scale + offset.
        offset: see `scale`.
    """

    name: str
    size: int
    scale: float = 1
    offset: float = 0


class Part(NamedTuple):
    """What one subsystem (2016) or pack (2025) says within a list of cells or probes.

    Attributes:
        number: of the subsystem or pack, from 1, in the order of the login's codes.
        first: place of its first value here, from 0; 2016 cuts long lists.
        values: V or degC, NaN where invalid or abnormal.
        voltage_v: of the subsystem; NaN with probes.
        current_a: of the subsystem, discharge positive as in the standard; NaN with probes.
    """

    number: int
    first: int
    values: Floats
    voltage_v: float = math.nan
    current_a: float = math.nan


@dataclass(frozen=True, slots=True)
class Unit:
    """One information unit.

    Attributes:
        kind: `vehicle`, `motors`, `fuel_cell`, `engine`, `position`, `extremes`, `alarms`,
            `cells`, `probes`, `maker`, `signature` or `opaque`.
        code: its type byte.
        numbers: name -> value, NaN where invalid or abnormal.
        lists: name -> values; lists of several subsystems follow each other.
        marks: name -> why it is NaN.
        raw: the body, where it is not read further.
        parts: of `cells` and `probes`, subsystem by subsystem.
    """

    kind: str
    code: int
    numbers: Mapping[str, float] = field(default_factory=dict)
    lists: Mapping[str, Floats] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    raw: bytes = b""
    parts: tuple[Part, ...] = ()


CURRENT_OFFSET_A: Final = MappingProxyType({Edition.OF_2016: -1000, Edition.OF_2025: -3000})
TEMPERATURE_OFFSET_C: Final = -40


def _vehicle(edition: Edition) -> tuple[Place, ...]:
    head = (
        Place("state", 1),
        Place("charging", 1),
        Place("mode", 1),
        Place("speed_kmh", 2, 0.1),
        Place("odometer_km", 4, 0.1),
        Place("voltage_v", 2, 0.1),
        Place("current_a", 2, 0.1, CURRENT_OFFSET_A[edition]),
        Place("soc_pct", 1),
        Place("dcdc", 1),
        Place("gear", 1),
        Place("insulation_kohm", 2),
    )
    pedals = (Place("accelerator_pct", 1), Place("brake_pct", 1))
    return head + pedals if edition is Edition.OF_2016 else head


_POSITION: Final = (Place("state", 1), Place("longitude", 4, 1e-6), Place("latitude", 4, 1e-6))
_EXTREMES: Final = (
    Place("cell_voltage_max_subsystem", 1),
    Place("cell_voltage_max_index", 1),
    Place("cell_voltage_max_v", 2, 0.001),
    Place("cell_voltage_min_subsystem", 1),
    Place("cell_voltage_min_index", 1),
    Place("cell_voltage_min_v", 2, 0.001),
    Place("temperature_max_subsystem", 1),
    Place("temperature_max_probe", 1),
    Place("temperature_max_c", 1, 1, TEMPERATURE_OFFSET_C),
    Place("temperature_min_subsystem", 1),
    Place("temperature_min_probe", 1),
    Place("temperature_min_c", 1, 1, TEMPERATURE_OFFSET_C),
)

FIXED: Final[Mapping[tuple[Edition, int], tuple[str, tuple[Place, ...]]]] = MappingProxyType(
    {
        (Edition.OF_2016, 0x01): ("vehicle", _vehicle(Edition.OF_2016)),
        (Edition.OF_2025, 0x01): ("vehicle", _vehicle(Edition.OF_2025)),
        (Edition.OF_2016, 0x04): (
            "engine",
            (Place("state", 1), Place("speed_rpm", 2), Place("fuel_rate", 2, 0.01)),
        ),
        (Edition.OF_2025, 0x04): ("engine", (Place("speed_rpm", 2),)),
        (Edition.OF_2016, 0x05): ("position", _POSITION),
        (Edition.OF_2025, 0x05): (
            "position",
            (_POSITION[0], Place("coordinate_system", 1), *_POSITION[1:]),
        ),
        (Edition.OF_2016, 0x06): ("extremes", _EXTREMES),
    }
)
"""Units that are one row of numbers."""

ALARM_FLAGS: Final = [
    "temperature_spread",
    "pack_hot",
    "pack_over_voltage",
    "pack_under_voltage",
    "soc_low",
    "cell_over_voltage",
    "cell_under_voltage",
    "soc_high",
    "soc_jump",
    "pack_mismatch",
    "cell_consistency",
    "insulation",
    "dcdc_temperature",
    "brake",
    "dcdc_state",
    "motor_controller_temperature",
    "hv_interlock",
    "motor_temperature",
    "overcharge",
    "motor_over_speed",
    "motor_over_current",
    "super_capacitor_temperature",
    "super_capacitor_pressure",
    "thermal_event",
    "hydrogen_leak",
    "hydrogen_pressure",
    "hydrogen_temperature",
    "stack_temperature",
]
"""Names of the general alarm flags by bit; from 19 on of the 2025 edition."""


def read_number(raw: bytes, place: Place) -> tuple[float, Mark | None]:
    """One number, and its mark where it has no value."""
    bits = int.from_bytes(raw, "big")
    ones = (1 << 8 * place.size) - 1
    if bits >= ones - 1:
        return math.nan, "invalid" if bits == ones else "abnormal"
    return bits * place.scale + place.offset, None


def read_numbers(raw: bytes, place: Place) -> Floats:
    """Many numbers of one or two bytes each; NaN where invalid or abnormal."""
    bits = np.frombuffer(raw, f">u{place.size}")
    ones = (1 << 8 * place.size) - 1
    values: Floats = bits.astype(np.float64) * place.scale + place.offset
    values[bits >= ones - 1] = math.nan
    return values


def write_number(value: float, place: Place, mark: Mark | None = None) -> bytes:
    """The bytes of a number; NaN is written as its mark, invalid by default."""
    ones = (1 << 8 * place.size) - 1
    if math.isnan(value):
        return (ones - (mark == "abnormal")).to_bytes(place.size, "big")
    raw = round((value - place.offset) / place.scale)
    return min(max(raw, 0), ones - 2).to_bytes(place.size, "big")


def alarm_names(flags: int) -> list[str]:
    """Names of the alarm flags that are set."""
    return [name for bit, name in enumerate(ALARM_FLAGS) if flags >> bit & 1]
