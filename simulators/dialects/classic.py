"""Maker SXA: classic CAN, 11 bits, counter and inverted sum."""

from __future__ import annotations

from collections.abc import Iterator

from simulators.arithmetic import Floats
from simulators.bms import BmsReading
from simulators.cadence import Cadence
from simulators.dialects.checks import inverted_sum
from simulators.dialects.dialect import Encoder
from simulators.dialects.values import health, limits, state, within
from simulators.frames import PackFrame
from simulators.models import PackModel


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
            yield self._frame(0x103, "SXA_Limits", limits(reading))
        if due.cells:
            yield from self._cells(reading.cell_voltage_v)
        if due.temperatures:
            yield from self._temperatures(reading.temperature_c)
        if due.health:
            yield self._frame(0x104, "SXA_Health", health(reading))
        yield self._status(reading)

    def _status(self, reading: BmsReading) -> PackFrame:
        self._counter = (self._counter + 1) % 16
        values = {
            "PackVoltage": reading.pack_voltage_v,
            "PackCurrent": -reading.pack_current_a,
            "Soc": reading.soc_pct,
            "AlarmLevel": reading.alarm_level,
            "State": state(reading),
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
                values[f"Probe{probe + 1:02d}"] = within(float(warmth[probe]), -40.0, 87.0)
            yield self._frame(0x102, "SXA_Temps", values)

    def _frame(self, frame_id: int, name: str, values: dict[str, float]) -> PackFrame:
        return PackFrame(frame_id, False, self._encode(name, values))
