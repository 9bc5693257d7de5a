"""Maker SXB: J1939, 29 bits; cell voltages by RTS/CTS to the charger, probes by BAM to all.

The charger's half of the dialogue is heard on the bus as well: whoever listens sees its CTS and
its acknowledgement between the packets.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulators.arithmetic import Floats
from simulators.bms import BmsReading
from simulators.cadence import Cadence
from simulators.dialects.checks import crc8_j1850
from simulators.dialects.dialect import Encoder
from simulators.dialects.transport import broadcast, conversation, group_id
from simulators.dialects.values import extremes, health, limits
from simulators.frames import PackFrame
from simulators.models import PackModel

BMS, CHARGER = 0xF3, 0x56
CELLS, PROBES = 0xFF20, 0xFF40
"""Parameter groups of the arrays; a pack sends as many values as it has."""


class J1939Dialect:
    """Frames of one pack."""

    def __init__(self, model: PackModel, encoder: Encoder) -> None:
        self._cadence = Cadence(model)
        self._encode = encoder.encode
        self._counter = 0

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """Limits first, then whatever is due, the pack's own group last."""
        due = self._cadence.due(reading, tick)
        if due.limits:
            yield self._frame(0xFF02, "SXB_Limits", limits(reading))
        if due.cells:
            yield from self._array(CELLS, "SXB_Cells", "Cell{:03d}", reading.cell_voltage_v)
        if due.extremes:
            yield self._frame(0xFF03, "SXB_Extremes", extremes(reading))
        if due.temperatures:
            yield from self._array(PROBES, "SXB_Temps", "Probe{:02d}", reading.temperature_c)
        if due.health:
            yield self._frame(0xFF04, "SXB_Health", health(reading))
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
        return PackFrame(
            group_id(0xFF01, BMS, priority=3), True, data[:7] + bytes([crc8_j1850(data[:7])])
        )

    def _array(self, group: int, name: str, signal: str, values: Floats) -> Iterator[PackFrame]:
        numbered = {signal.format(n): float(v) for n, v in enumerate(values, start=1)}
        if group == CELLS:
            data = self._encode(name, numbered)[: 2 * len(values)]
            yield from conversation(group, data, BMS, CHARGER)
        else:
            data = self._encode(name, numbered)[: len(values)]
            yield from broadcast(group, data, BMS)

    def _frame(self, group: int, name: str, values: dict[str, float]) -> PackFrame:
        return PackFrame(group_id(group, BMS), True, self._encode(name, values))
