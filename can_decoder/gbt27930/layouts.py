"""Payload layouts of GB/T 27930-2015 as an ordinary database: decodes and encodes.

Little endian; currents are those of the bus (0.1 A, offset -400 A, discharge positive): who
reads them for a pack turns the sign. Cell and probe lists (BMV, BMT) and texts (VIN, maker)
have functions of their own, since they are no numbers.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.database import Database
from can_decoder.gbt27930.messages import MESSAGES, ChargeMessage
from can_decoder.layout import MessageLayout, SignalLayout

CURRENT_OFFSET_A: Final = -400
TEMPERATURE_OFFSET_C: Final = -50
CELL_MASK: Final = 0x0FFF
CELL_ABSENT: Final = 0xFFFF
PROBE_ABSENT: Final = 0xFF
BRM_VIN: Final = slice(24, 41)
BRM_MAKER: Final = slice(8, 12)

_STATE: Final = MappingProxyType({0: "normal", 1: "abnormal", 2: "not trustworthy"})
_TIMEOUT: Final = MappingProxyType({0: "normal", 1: "timeout", 2: "not trustworthy"})
_READY: Final = MappingProxyType({0: "not ready", 0xAA: "ready", 0xFF: "invalid"})


def _number(
    name: str, byte: int, size: int, scale: float = 1, offset: float = 0, unit: str = ""
) -> SignalLayout:
    """`size` bytes from byte `byte` (counted from 1, as the standard does)."""
    return SignalLayout(name, 8 * (byte - 1), 8 * size, scale=scale, offset=offset, unit=unit)


def _volts(name: str, byte: int, scale: float = 0.1) -> SignalLayout:
    return _number(name, byte, 2, scale, 0, "V")


def _amps(name: str, byte: int) -> SignalLayout:
    return _number(name, byte, 2, 0.1, CURRENT_OFFSET_A, "A")


def _degrees(name: str, byte: int) -> SignalLayout:
    return _number(name, byte, 1, 1, TEMPERATURE_OFFSET_C, "degC")


def _pairs(byte: int, names: str, texts: MappingProxyType[int, str]) -> list[SignalLayout]:
    """Two-bit states from bit 1 of a byte on; `-` skips one."""
    start = 8 * (byte - 1)
    return [
        SignalLayout(name, start + 2 * place, 2, texts=dict(texts))
        for place, name in enumerate(names.split())
        if name != "-"
    ]


_LAYOUTS: Final[dict[str, list[SignalLayout]]] = {
    "CHM": [_number("version_minor", 1, 1), _number("version_major", 2, 2)],
    "BHM": [_volts("highest_permitted_voltage_v", 1)],
    "CRM": [
        SignalLayout("recognised", 0, 8, texts={0: "not recognised", 0xAA: "recognised"}),
        _number("charger_number", 2, 4),
        _number("region", 6, 3),
    ],
    "BRM": [
        _number("version_minor", 1, 1),
        _number("version_major", 2, 2),
        _number("battery_type", 4, 1),
        _number("rated_capacity_ah", 5, 2, 0.1, 0, "Ah"),
        _volts("rated_voltage_v", 7),
        _number("pack_serial", 13, 4),
        _number("production_year", 17, 1, 1, 1985),
        _number("production_month", 18, 1),
        _number("production_day", 19, 1),
        _number("charge_count", 20, 3),
        _number("owned", 23, 1),
        _number("software_number", 42, 1),
        _number("software_day", 43, 1),
        _number("software_month", 44, 1),
        _number("software_year", 45, 2),
    ],
    "BCP": [
        _volts("cell_voltage_limit_v", 1, 0.01),
        _amps("charge_current_limit_a", 3),
        _number("nominal_energy_kwh", 5, 2, 0.1, 0, "kWh"),
        _volts("charge_voltage_limit_v", 7),
        _degrees("temperature_limit_c", 9),
        _number("soc_pct", 10, 2, 0.1, 0, "%"),
        _volts("pack_voltage_v", 12),
    ],
    "CTS": [
        _number(name, 1 + place, 1)
        for place, name in enumerate(
            ("second_bcd", "minute_bcd", "hour_bcd", "day_bcd", "month_bcd")
        )
    ]
    + [_number("year_bcd", 6, 2)],
    "CML": [
        _volts("highest_voltage_v", 1),
        _volts("lowest_voltage_v", 3),
        _amps("highest_current_a", 5),
        _amps("lowest_current_a", 7),
    ],
    "BRO": [SignalLayout("ready", 0, 8, texts=dict(_READY))],
    "CRO": [SignalLayout("ready", 0, 8, texts=dict(_READY))],
    "BCL": [
        _volts("voltage_demand_v", 1),
        _amps("current_demand_a", 3),
        SignalLayout("mode", 32, 8, texts={1: "constant voltage", 2: "constant current"}),
    ],
    "BCS": [
        _volts("voltage_v", 1),
        _amps("current_a", 3),
        SignalLayout("cell_voltage_max_v", 32, 12, scale=0.01, unit="V"),
        SignalLayout("cell_voltage_max_group", 44, 4),
        _number("soc_pct", 7, 1, 1, 0, "%"),
        _number("remaining_min", 8, 2, 1, 0, "min"),
    ],
    "CCS": [
        _volts("voltage_v", 1),
        _amps("current_a", 3),
        _number("elapsed_min", 5, 2, 1, 0, "min"),
        SignalLayout("permitted", 48, 2, texts={0: "pause", 1: "permitted"}),
    ],
    "BSM": [
        _number("cell_voltage_max_number", 1, 1, 1, 1),
        _degrees("temperature_max_c", 2),
        _number("temperature_max_probe", 3, 1, 1, 1),
        _degrees("temperature_min_c", 4),
        _number("temperature_min_probe", 5, 1, 1, 1),
        *_pairs(6, "cell_voltage soc over_current over_temperature", _STATE),
        *_pairs(7, "insulation connector charging_permitted", _STATE),
    ],
    "BMV": [],
    "BMT": [],
    "BSP": [],
    "BST": [
        *_pairs(1, "soc_reached voltage_reached cell_voltage_reached charger_stopped", _STATE),
        *_pairs(2, "insulation_fault connector_hot bms_hot connector_fault", _STATE),
        *_pairs(3, "pack_hot relay_fault check_point_2 other_fault", _STATE),
        *_pairs(4, "current_too_high voltage_abnormal", _STATE),
    ],
    "CST": [
        *_pairs(1, "condition_reached stopped_by_hand fault_stop bms_stopped", _STATE),
        *_pairs(2, "charger_hot connector_fault inside_hot energy_not_deliverable", _STATE),
        *_pairs(3, "emergency_stop other_fault", _STATE),
        *_pairs(4, "current_mismatch voltage_abnormal", _STATE),
    ],
    "BSD": [
        _number("soc_pct", 1, 1, 1, 0, "%"),
        _volts("cell_voltage_min_v", 2, 0.01),
        _volts("cell_voltage_max_v", 4, 0.01),
        _degrees("temperature_min_c", 6),
        _degrees("temperature_max_c", 7),
    ],
    "CSD": [
        _number("elapsed_min", 1, 2, 1, 0, "min"),
        _number("energy_kwh", 3, 2, 0.1, 0, "kWh"),
        _number("charger_number", 5, 4),
    ],
    "BEM": [
        *_pairs(1, "crm_00_timeout crm_aa_timeout", _TIMEOUT),
        *_pairs(2, "cts_cml_timeout cro_timeout", _TIMEOUT),
        *_pairs(3, "ccs_timeout cst_timeout", _TIMEOUT),
        *_pairs(4, "csd_timeout", _TIMEOUT),
    ],
    "CEM": [
        *_pairs(1, "brm_timeout", _TIMEOUT),
        *_pairs(2, "bcp_timeout bro_timeout", _TIMEOUT),
        *_pairs(3, "bcs_timeout bcl_timeout bst_timeout", _TIMEOUT),
        *_pairs(4, "bsd_timeout", _TIMEOUT),
    ],
}


def charge_database() -> Database:
    """The messages as a database; message names are the three-letter codes."""
    return Database(_layout(message) for message in MESSAGES.values())


def _layout(message: ChargeMessage) -> MessageLayout:
    return MessageLayout(
        name=message.code,
        frame_id=message.frame_id,
        extended=True,
        size=message.size,
        signals=tuple(_LAYOUTS[message.code]),
        j1939=True,
        cycle_ms=message.period_ms,
        comment=f"{message.name.en} / {message.name.zh}",
    )


def cell_voltages(data: bytes) -> NDArray[np.float64]:
    """Cell voltages of a BMV payload, volts [n]; NaN where a cell is absent."""
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
    volts: NDArray[np.float64] = np.where(
        words == CELL_ABSENT, np.nan, (words & CELL_MASK).astype(np.float64) * 0.01
    )
    return volts


def temperatures(data: bytes) -> NDArray[np.float64]:
    """Probe temperatures of a BMT payload, degrees Celsius [n]; NaN where absent."""
    raw = np.frombuffer(data, np.uint8)
    degrees: NDArray[np.float64] = np.where(
        raw == PROBE_ABSENT, np.nan, raw.astype(np.float64) + TEMPERATURE_OFFSET_C
    )
    return degrees


def text(raw: bytes) -> str:
    """ASCII of a fixed field; "" where it is all 00 or all FF or not printable."""
    bare = raw.strip(b"\x00\xff ")
    return bare.decode("ascii") if bare.isascii() and bare.decode("ascii").isprintable() else ""
