"""How a BMS speaks: which messages, how often, with which counter and checksum.

A `BmsReading` enters, `PackFrame`s leave, encoded by our own DBC files through the decoder's
plans, so that encoder and decoder prove each other. A dialect belongs to one pack: its counter
runs on from burst to burst. A value that a message cannot hold is cut to its range, as a BMS
does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from can_decoder import profiles
from simulators.arithmetic import Floats
from simulators.bms import BmsReading
from simulators.cadence import Cadence
from simulators.models import PackModel


class PackFrame(NamedTuple):
    """One frame of a burst.

    Attributes:
        frame_id: identifier without flags.
        extended: 29 bits.
        data: payload.
    """

    frame_id: int
    extended: bool
    data: bytes


class Encoder(Protocol):
    """What a dialect needs of a database: see `can_decoder.Database`."""

    def encode(self, message_name: str, values: Mapping[str, float], /) -> bytes:
        """Pack physical values into a payload."""
        ...


class Dialect(Protocol):
    """Frames of one pack."""

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """What the BMS sends in tick number `tick`, ten a second."""
        ...


@dataclass(frozen=True, slots=True)
class DialectFile:
    """A dialect by name.

    Attributes:
        make: makes the dialect of one pack.
        profile: the decoder profile that understands it; its DBC lays out the frames.
    """

    make: Callable[[PackModel, Encoder], Dialect]
    profile: str

    @property
    def path(self) -> Path:
        """The DBC file."""
        profile = profiles.find(self.profile)
        return profile.folder / profile.rules.dbc


class ClassicDialect:
    """Maker SXA: five 11-bit messages, cell voltages four to a frame behind a multiplexor."""

    def __init__(self, model: PackModel, encoder: Encoder) -> None:
        self._cadence = Cadence(model)
        self._encode = encoder.encode
        self._counter = 0

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """Limits first, then whatever is due, the status last."""
        due = self._cadence.due(reading, tick)
        if due.limits:
            yield self._frame(0x103, "SXA_Limits", _limits(reading))
        if due.cells:
            yield from self._cells(reading.cell_voltage_v)
        if due.temperatures:
            yield from self._temperatures(reading.temperature_c)
        if due.health:
            yield self._frame(0x104, "SXA_Health", _health(reading))
        yield self._status(reading)

    def _status(self, reading: BmsReading) -> PackFrame:
        self._counter = (self._counter + 1) % 16
        values = {
            "PackVoltage": reading.pack_voltage_v,
            "PackCurrent": -reading.pack_current_a,
            "Soc": reading.soc_pct,
            "AlarmLevel": reading.alarm_level,
            "State": _state(reading),
            "AliveCounter": self._counter,
        }
        data = self._encode("SXA_Status", values)
        return PackFrame(0x100, False, data[:7] + bytes([inverted_sum(data[:7])]))

    def _cells(self, volts: Floats) -> Iterator[PackFrame]:
        for first in range(0, len(volts), 4):
            values = {"CellGroup": float(first // 4)}
            for cell in range(first, min(first + 4, len(volts))):
                values[f"Cell{cell + 1:03d}"] = float(volts[cell])
            yield self._frame(0x101, "SXA_Cells", values)

    def _temperatures(self, warmth: Floats) -> Iterator[PackFrame]:
        for first in range(0, len(warmth), 7):
            values = {"ProbeGroup": float(first // 7)}
            for probe in range(first, min(first + 7, len(warmth))):
                values[f"Probe{probe + 1:02d}"] = _within(float(warmth[probe]), -40.0, 87.0)
            yield self._frame(0x102, "SXA_Temps", values)

    def _frame(self, frame_id: int, name: str, values: dict[str, float]) -> PackFrame:
        return PackFrame(frame_id, False, self._encode(name, values))


class J1939Dialect:
    """Maker SXB: proprietary 29-bit parameter groups, four cells or eight probes to a group."""

    def __init__(self, model: PackModel, encoder: Encoder) -> None:
        self._cadence = Cadence(model)
        self._encode = encoder.encode
        self._counter = 0

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """Limits first, then whatever is due, the pack's own group last."""
        due = self._cadence.due(reading, tick)
        if due.limits:
            yield self._frame(0xFF02, "SXB_Limits", _limits(reading))
        if due.cells:
            yield from self._cells(reading.cell_voltage_v)
        if due.extremes:
            yield self._frame(0xFF03, "SXB_Extremes", _extremes(reading))
        if due.temperatures:
            yield from self._temperatures(reading.temperature_c)
        if due.health:
            yield self._frame(0xFF04, "SXB_Health", _health(reading))
        yield self._pack(reading)

    def _pack(self, reading: BmsReading) -> PackFrame:
        self._counter = (self._counter + 1) % 16
        values = {
            "PackVoltage": reading.pack_voltage_v,
            "PackCurrent": reading.pack_current_a,
            "Soc": reading.soc_pct,
            "AliveCounter": self._counter,
            "AlarmLevel": reading.alarm_level,
        }
        data = self._encode("SXB_Pack", values)
        return PackFrame(_j1939(0xFF01, priority=3), True, data[:7] + bytes([crc8_j1850(data[:7])]))

    def _cells(self, volts: Floats) -> Iterator[PackFrame]:
        for first in range(0, len(volts), 4):
            group = first // 4
            values = {
                f"Cell{cell + 1:03d}": float(volts[cell])
                for cell in range(first, min(first + 4, len(volts)))
            }
            yield self._frame(0xFF20 + group, f"SXB_Cells{group + 1:02d}", values)

    def _temperatures(self, warmth: Floats) -> Iterator[PackFrame]:
        for first in range(0, len(warmth), 8):
            group = first // 8
            values = {
                f"Probe{probe + 1:02d}": float(warmth[probe])
                for probe in range(first, min(first + 8, len(warmth)))
            }
            yield self._frame(0xFF40 + group, f"SXB_Temps{group + 1}", values)

    def _frame(self, group: int, name: str, values: dict[str, float]) -> PackFrame:
        return PackFrame(_j1939(group), True, self._encode(name, values))


def inverted_sum(data: bytes) -> int:
    """SXA's checksum: the sum modulo 256, inverted."""
    return ~sum(data) & 0xFF


def crc8_j1850(data: bytes) -> int:
    """CRC-8 SAE J1850: polynomial 0x1D, begun with and inverted by 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ 0x1D if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc ^ 0xFF


def _j1939(group: int, priority: int = 6) -> int:
    """29-bit identifier of a parameter group from source address 0xF3."""
    return priority << 26 | group << 8 | 0xF3


def _limits(reading: BmsReading) -> dict[str, float]:
    return {
        "ChargeLimit": reading.charge_limit_a,
        "DischargeLimit": reading.discharge_limit_a,
        "ChargeVoltageLimit": reading.charge_voltage_limit_v,
        "Insulation": reading.insulation_ohm,
    }


def _health(reading: BmsReading) -> dict[str, float]:
    return {
        "Soh": reading.soh_pct,
        "Capacity": reading.capacity_ah,
        "ChargeThroughput": reading.charge_throughput_ah,
    }


def _extremes(reading: BmsReading) -> dict[str, float]:
    volts, warmth = reading.cell_voltage_v, reading.temperature_c
    return {
        "CellVoltageMax": float(volts.max()),
        "CellVoltageMin": float(volts.min()),
        "CellVoltageMaxIndex": int(volts.argmax()) + 1,
        "CellVoltageMinIndex": int(volts.argmin()) + 1,
        "TemperatureMax": float(warmth.max()),
        "TemperatureMin": float(warmth.min()),
    }


def _state(reading: BmsReading) -> int:
    idle_a = 0.01 * reading.capacity_ah
    if abs(reading.pack_current_a) < idle_a:
        return 0
    return 1 if reading.pack_current_a > 0 else 2


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


DIALECTS: Final = {
    "classic": DialectFile(ClassicDialect, "sim_sxa"),
    "j1939": DialectFile(J1939Dialect, "sim_sxb"),
}
"""The dialects by the name that a `PackModel` gives."""
