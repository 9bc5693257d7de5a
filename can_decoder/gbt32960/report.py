"""Reports (commands 02 and 03): a time and information units in any order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from can_decoder.errors import DecoderError
from can_decoder.gbt32960.cursor import CELL_VOLTAGE, PROBE, Cursor, Short
from can_decoder.gbt32960.frame import TIME_BYTES, Edition, Message, read_time, write_time
from can_decoder.gbt32960.units import CURRENT_OFFSET_A, FIXED, Part, Place, Unit, write_number
from packtrail.language import Text
from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats, Sample

CELL_CODE: Final = {Edition.OF_2016: 0x08, Edition.OF_2025: 0x07}
PROBE_CODE: Final = {Edition.OF_2016: 0x09, Edition.OF_2025: 0x08}
MOST_CELLS: Final = 200
"""Cells in one part of a 2016 unit."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    Attributes:
        t_ns: UTC of collection, None where the bytes are no date.
        units: in the order in which they came.
        is_whole: the data unit was used up to its last byte.
    """

    t_ns: int | None
    units: tuple[Unit, ...]
    is_whole: bool = True

    def unit(self, kind: str) -> Unit | None:
        """The first unit of a kind."""
        return next((unit for unit in self.units if unit.kind == kind), None)


def read_report(message: Message) -> Report:
    """Read the data unit of a report; what follows a broken unit is left out."""
    cursor = Cursor(message.data, message.edition, TIME_BYTES)
    units: list[Unit] = []
    whole = len(message.data) >= TIME_BYTES
    while cursor.at < len(message.data):
        try:
            units.append(cursor.unit())
        except Short:
            whole = False
            break
    whole = whole and not any(unit.kind == "opaque" for unit in units)
    return Report(read_time(message.data), tuple(units), whole)


def build_report(t_ns: int, units: Iterable[Unit], edition: Edition = Edition.OF_2016) -> bytes:
    """The data unit of a report: vehicle, position, extremes, alarms, cells and probes.

    Raises:
        DecoderError: a unit that this edition does not have or that is kept raw.
    """
    return write_time(t_ns) + b"".join(_build(unit, edition) for unit in units)


def _build(unit: Unit, edition: Edition) -> bytes:
    fixed = FIXED.get((edition, unit.code))
    if fixed and fixed[0] == unit.kind:
        numbers = (write_number(unit.numbers[p.name], p, unit.marks.get(p.name)) for p in fixed[1])
        return bytes([unit.code]) + b"".join(numbers)
    if unit.kind == "cells":
        return _cells(unit, edition)
    if unit.kind == "probes":
        return _probes(unit, edition)
    if unit.kind == "alarms":
        return _alarms(unit, edition)
    if unit.kind == "maker":
        return bytes([unit.code]) + len(unit.raw).to_bytes(2, "big") + unit.raw
    raise DecoderError(Text(f"no {unit.kind} unit can be built", f"无法生成 {unit.kind} 信息体"))


def _cells(unit: Unit, edition: Edition) -> bytes:
    """Subsystem by subsystem; 2016 cuts long lists, and each cut makes a further unit."""
    flow = unit.numbers
    own = unit.parts or (
        Part(1, 0, unit.lists["cell_voltage_v"], flow["voltage_v"], flow["current_a"]),
    )
    step = MOST_CELLS if edition is Edition.OF_2016 else max(len(part.values) for part in own)
    out = b""
    for begin in range(0, max(len(part.values) for part in own), max(1, step)):
        here = [part for part in own if begin < len(part.values)]
        out += bytes([CELL_CODE[edition], len(here)])
        out += b"".join(_cells_of(part, begin, step, edition) for part in here)
    return out


def _cells_of(part: Part, begin: int, step: int, edition: Edition) -> bytes:
    volts = part.values.tolist()
    cut = volts[begin : begin + step]
    current = Place("current_a", 2, 0.1, CURRENT_OFFSET_A[edition])
    out = bytes([part.number]) + write_number(part.voltage_v, Place("voltage_v", 2, 0.1))
    out += write_number(part.current_a, current) + len(volts).to_bytes(2, "big")
    if edition is Edition.OF_2016:
        out += (begin + 1).to_bytes(2, "big") + bytes([len(cut)])
    return out + b"".join(write_number(value, CELL_VOLTAGE) for value in cut)


def _probes(unit: Unit, edition: Edition) -> bytes:
    own = unit.parts or (Part(1, 0, unit.lists["temperature_c"]),)
    out = bytes([PROBE_CODE[edition], len(own)])
    for part in own:
        degrees = part.values.tolist()
        out += bytes([part.number]) + len(degrees).to_bytes(2, "big")
        out += b"".join(write_number(value, PROBE) for value in degrees)
    return out


def _alarms(unit: Unit, edition: Edition) -> bytes:
    code = 0x07 if edition is Edition.OF_2016 else 0x06
    out = bytes([code, int(unit.numbers["level"])])
    out += int(unit.numbers["flags"]).to_bytes(4, "big")
    for name in ("battery", "motor", "engine", "other"):
        codes = unit.lists.get(f"{name}_faults", np.empty(0))
        out += bytes([len(codes)]) + codes.astype(">u4").tobytes()
    if edition is Edition.OF_2025:
        pairs = unit.lists.get("flag_levels", np.empty(0)).astype(np.uint8)
        out += bytes([len(pairs) // 2]) + pairs.tobytes()
    return out


def sample_of(report: Report) -> Sample:
    """Canonical quantities of a report; charge current is positive, so the sign is turned."""
    values: dict[str, float | Floats] = {}
    if vehicle := report.unit("vehicle"):
        numbers = vehicle.numbers
        values["pack_voltage_v"] = numbers["voltage_v"]
        values["pack_current_a"] = 0.0 - numbers["current_a"]
        values["soc_pct"] = numbers["soc_pct"]
        values["insulation_ohm"] = 1000.0 * numbers["insulation_kohm"]
    if extremes := report.unit("extremes"):
        values |= {n: v for n, v in extremes.numbers.items() if n in QUANTITIES}
    if alarms := report.unit("alarms"):
        values["bms_alarm_level"] = alarms.numbers["level"]
    if cells := _cell_array(report):
        values["cell_voltage_v"] = cells[0]
    if probes := report.unit("probes"):
        values["temperature_c"] = probes.lists["temperature_c"]
    return Sample(report.t_ns or 0, values)


def _cell_array(report: Report) -> tuple[Floats] | None:
    """Cells of all parts at their places, NaN between; None if there are none."""
    units = [unit for unit in report.units if unit.kind == "cells"]
    places = np.concatenate([unit.lists["cell_index"] for unit in units] or [np.empty(0)])
    if not len(places):
        return None
    array = np.full(int(places.max()) + 1, np.nan)
    array[places.astype(np.intp)] = np.concatenate([u.lists["cell_voltage_v"] for u in units])
    return (array,)
