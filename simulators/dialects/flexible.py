"""Maker SXC: CAN FD, 11 bits, up to 64 bytes, counter and AUTOSAR checksum in every message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulators.bms import BmsReading
from simulators.cadence import Cadence
from simulators.dialects.checks import crc8_autosar
from simulators.dialects.dialect import Encoder
from simulators.dialects.values import extremes, health, limits, state, within
from simulators.frames import PackFrame
from simulators.models import PackModel

STATUS, LIMITS, TEMPS, CELLS = 0x120, 0x121, 0x122, 0x130
CELLS_PER_FRAME: Final = 31


class FlexibleDialect:
    """Frames of one pack."""

    def __init__(self, model: PackModel, encoder: Encoder) -> None:
        self._cadence = Cadence(model)
        self._encode = encoder.encode
        self._counters: dict[str, int] = {}

    def burst(self, reading: BmsReading, tick: int) -> Iterator[PackFrame]:
        """Limits first, then whatever is due, the status last."""
        due = self._cadence.due(reading, tick)
        if due.limits or due.health:
            yield self._frame(LIMITS, "SXC_Limits", limits(reading) | health(reading))
        if due.cells:
            volts = reading.cell_voltage_v.tolist()
            for part, first in enumerate(range(0, len(volts), CELLS_PER_FRAME)):
                chosen = enumerate(volts[first : first + CELLS_PER_FRAME], start=first + 1)
                values = {f"Cell{n:03d}": v for n, v in chosen}
                yield self._frame(CELLS + part, f"SXC_Cells{part + 1}", values)
        if due.temperatures:
            warmth = enumerate(reading.temperature_c.tolist(), start=1)
            values = {f"Probe{n:02d}": within(v, -40.0, 87.0) for n, v in warmth}
            yield self._frame(TEMPS, "SXC_Temps", values)
        yield self._frame(STATUS, "SXC_Status", self._status(reading))

    def _status(self, reading: BmsReading) -> dict[str, float]:
        return extremes(reading) | {
            "PackVoltage": reading.pack_voltage_v,
            "PackCurrent": reading.pack_current_a,
            "Soc": reading.soc_pct,
            "AlarmLevel": reading.alarm_level,
            "State": state(reading),
        }

    def _frame(self, frame_id: int, name: str, values: dict[str, float]) -> PackFrame:
        """The last byte is the checksum of all before it, the last but one the counter."""
        count = self._counters[name] = (self._counters.get(name, -1) + 1) % 256
        data = self._encode(name, values | {"Counter": count})
        return PackFrame(frame_id, False, data[:-1] + bytes([crc8_autosar(data[:-1])]), fd=True)
