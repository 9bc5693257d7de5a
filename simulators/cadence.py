"""When a BMS sends what: by period, and at once when a reading has moved.

The latter matters when station time runs fast: a second of the bus is then minutes of the pack,
and voltages and temperatures have to belong to the current beside them. A burst begins with the
limits and ends with the status, so that whoever looks at its first frame still sees one moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulators.bms import BmsReading
from simulators.models import PackModel

STATUS_PER_S: Final = 10
"""Ticks a second: the shortest period of any message."""
CURRENT_STEP: Final = 0.04
"""Share of the rating, per hour, by which the current steps when all cells are sent anew."""
CELL_STEP_V: Final = 0.01
"""Mean change of the cells upon which they are sent anew, though not sooner than ..."""
SHORTEST_TICKS: Final = 3
"""... so many ticks after the last time."""
WARMTH_STEP_C: Final = 1.0
"""Change of the warmest probe upon which all are sent anew."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be sent in a tick; the status always is.

    Attributes:
        limits: charge and discharge limits, insulation.
        cells: all cell voltages.
        extremes: highest and lowest cell and probe.
        temperatures: all probes.
        health: what the BMS believes of capacity and health.
    """

    limits: bool
    cells: bool
    extremes: bool
    temperatures: bool
    health: bool


class Cadence:
    """The schedule of one pack; remembers what it told last."""

    def __init__(self, model: PackModel) -> None:
        self._current_step_a = CURRENT_STEP * model.rated_ah
        self._pack_step_v = CELL_STEP_V * model.cells
        self._current_a = self._pack_v = self._hottest_c = 0.0
        self._tick = -SHORTEST_TICKS

    def due(self, reading: BmsReading, tick: int) -> Due:
        """What to send now; what is due counts as told."""
        phase = tick % STATUS_PER_S
        cells = self._cells_due(reading, tick)
        temperatures = self._temperatures_due(reading, phase)
        return Due(
            limits=cells or temperatures or phase in (1, 6),
            cells=cells,
            extremes=phase % 2 == 1,
            temperatures=temperatures,
            health=phase == 6,
        )

    def _cells_due(self, reading: BmsReading, tick: int) -> bool:
        stepped = abs(reading.pack_current_a - self._current_a) > self._current_step_a
        moved = abs(reading.pack_voltage_v - self._pack_v) > self._pack_step_v
        rested = tick - self._tick >= SHORTEST_TICKS
        if not (stepped or (moved and rested) or tick % STATUS_PER_S == 2):
            return False
        self._current_a, self._pack_v = reading.pack_current_a, reading.pack_voltage_v
        self._tick = tick
        return True

    def _temperatures_due(self, reading: BmsReading, phase: int) -> bool:
        hottest_c = float(reading.temperature_c.max())
        if phase != 4 and abs(hottest_c - self._hottest_c) < WARMTH_STEP_C:
            return False
        self._hottest_c = hottest_c
        return True
