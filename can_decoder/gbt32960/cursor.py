"""A cursor over the body of a report: one reading function per kind of unit.

Bytes enter; units leave. A body that ends too early raises `Short`, which ends the report at
the last whole unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder.gbt32960.frame import Edition
from can_decoder.gbt32960.units import (
    CURRENT_OFFSET_A,
    FIXED,
    TEMPERATURE_OFFSET_C,
    Floats,
    Mark,
    Part,
    Place,
    Unit,
    read_number,
    read_numbers,
)

MAKER_CODES: Final = range(0x80, 0xFF)
MOTOR_BYTES: Final = MappingProxyType({Edition.OF_2016: 12, Edition.OF_2025: 10})
FUEL_CELL_HEAD, FUEL_CELL_TAIL = 8, 10
CELL_VOLTAGE: Final = Place("cell_voltage_v", 2, 0.001)
PROBE: Final = Place("temperature_c", 1, 1, TEMPERATURE_OFFSET_C)


class Short(Exception):  # noqa: N818 — an event inside the room, not an error of a caller
    """The body ends inside a unit."""


@dataclass(slots=True)
class Cursor:
    """Reads a body from front to back."""

    data: bytes
    edition: Edition
    at: int = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if self.at + count > len(self.data):
            raise Short
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def unit(self) -> Unit:
        """The next unit."""
        code = self.number(1)
        if fixed := FIXED.get((self.edition, code)):
            return self._fixed(code, *fixed)
        if reading := _READINGS.get((self.edition, code)):
            return reading(self, code)
        if code in MAKER_CODES:
            return Unit("maker", code, raw=self.take(self.number(2)))
        rest = self.take(len(self.data) - self.at)
        return Unit("opaque", code, raw=rest)

    def _fixed(self, code: int, kind: str, places: tuple[Place, ...]) -> Unit:
        numbers: dict[str, float] = {}
        marks: dict[str, Mark] = {}
        for place in places:
            value, mark = read_number(self.take(place.size), place)
            numbers[place.name] = value
            if mark:
                marks[place.name] = mark
        return Unit(kind, code, numbers, marks=marks)

    def motors(self, code: int) -> Unit:
        """Drive motors: counted, not read."""
        count = self.number(1)
        return Unit(
            "motors", code, {"count": count}, raw=self.take(count * MOTOR_BYTES[self.edition])
        )

    def fuel_cell(self, code: int) -> Unit:
        """Fuel cell of 2016: its length depends on the probes it lists."""
        head = self.take(FUEL_CELL_HEAD)
        probes = int.from_bytes(head[6:8], "big")
        return Unit("fuel_cell", code, raw=head + self.take(probes + FUEL_CELL_TAIL))

    def alarms(self, code: int) -> Unit:
        """Alarms: highest level, flags, four lists of fault codes, 2025 also levels by flag."""
        numbers: dict[str, float] = {"level": self.number(1), "flags": self.number(4)}
        lists: dict[str, Floats] = {}
        for name in ("battery", "motor", "engine", "other"):
            codes = np.frombuffer(self.take(4 * self.number(1)), ">u4")
            lists[f"{name}_faults"] = codes.astype(np.float64)
        if self.edition is Edition.OF_2025:
            pairs = np.frombuffer(self.take(2 * self.number(1)), np.uint8)
            lists["flag_levels"] = pairs.astype(np.float64)
        return Unit("alarms", code, numbers, lists)

    def cells(self, code: int) -> Unit:
        """Cell voltages, subsystem by subsystem; the first one's totals are the numbers."""
        numbers: dict[str, float] = {"cells": 0}
        parts: list[Part] = []
        indices: list[NDArray[np.float64]] = []
        current = Place("current_a", 2, 0.1, CURRENT_OFFSET_A[self.edition])
        for _ in range(self.number(1)):
            system = self.number(1)
            voltage = read_number(self.take(2), Place("voltage_v", 2, 0.1))[0]
            amps = read_number(self.take(2), current)[0]
            count, first, here = self._cell_counts()
            values = read_numbers(self.take(2 * here), CELL_VOLTAGE)
            if not parts:
                numbers |= {"subsystem": system, "voltage_v": voltage, "current_a": amps}
            numbers["cells"] += count
            base = sum(map(len, indices)) if first <= 1 else first - 1
            indices.append(np.arange(base, base + here, dtype=np.float64))
            parts.append(Part(system, max(0, first - 1), values, voltage, amps))
        lists = {
            "cell_voltage_v": np.concatenate([part.values for part in parts] or [np.empty(0)]),
            "cell_index": np.concatenate(indices or [np.empty(0)]),
        }
        return Unit("cells", code, numbers, lists, parts=tuple(parts))

    def _cell_counts(self) -> tuple[int, int, int]:
        """Cells in all, number of the first one here, cells here."""
        count = self.number(2)
        if self.edition is Edition.OF_2025:
            return count, 1, count
        return count, self.number(2), self.number(1)

    def probes(self, code: int) -> Unit:
        """Probe temperatures, subsystem by subsystem."""
        parts: list[Part] = []
        for _ in range(self.number(1)):
            system = self.number(1)
            parts.append(Part(system, 0, read_numbers(self.take(self.number(2)), PROBE)))
        degrees = np.concatenate([part.values for part in parts] or [np.empty(0)])
        return Unit("probes", code, lists={"temperature_c": degrees}, parts=tuple(parts))

    def signature(self, code: int) -> Unit:
        """Signature of 2025: algorithm, R and S, kept raw."""
        begin = self.at
        self.take(1)
        self.take(self.number(2))
        self.take(self.number(2))
        return Unit("signature", code, raw=self.data[begin : self.at])


Reading = Callable[[Cursor, int], Unit]
_READINGS: Final[Mapping[tuple[Edition, int], Reading]] = MappingProxyType(
    {
        (Edition.OF_2016, 0x02): Cursor.motors,
        (Edition.OF_2025, 0x02): Cursor.motors,
        (Edition.OF_2016, 0x03): Cursor.fuel_cell,
        (Edition.OF_2016, 0x07): Cursor.alarms,
        (Edition.OF_2025, 0x06): Cursor.alarms,
        (Edition.OF_2016, 0x08): Cursor.cells,
        (Edition.OF_2025, 0x07): Cursor.cells,
        (Edition.OF_2016, 0x09): Cursor.probes,
        (Edition.OF_2025, 0x08): Cursor.probes,
        (Edition.OF_2025, 0xFF): Cursor.signature,
    }
)
