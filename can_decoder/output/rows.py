"""Columns per message to rows per value, in the order of the frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from can_decoder.columns import Columns
from packtrail.quantities import QUANTITIES
from packtrail.sample import Sample

HEADER = ("t_ns", "message", "signal", "value", "unit", "text")


class Row(NamedTuple):
    """One value.

    Attributes:
        t_ns: time of its frame.
        message: message, or "" for a quantity.
        signal: signal or quantity; cells carry their number from 1: `cell_voltage_v[1]`.
        value: physical value.
        unit: its unit.
        text: the value table's text, "" if none.
    """

    t_ns: int
    message: str
    signal: str
    value: float
    unit: str
    text: str


def rows_of(found: Mapping[str, Columns], units: Mapping[tuple[str, str], str]) -> list[Row]:
    """The values of a decoded batch, frame by frame.

    Args:
        found: what `Database.decode_batch` gave.
        units: (message, signal) -> unit.
    """
    keyed: list[tuple[int, Row]] = []
    for name, columns in found.items():
        frames = columns.rows.tolist()
        times = columns.t_ns.tolist()
        for signal in columns.values:
            texts = columns.text(signal)
            unit = units.get((columns.message, signal), "")
            places = np.flatnonzero(columns.present(signal)).tolist()
            values = columns[signal].tolist()
            keyed += [
                (frames[i], Row(times[i], name, signal, values[i], unit, texts[i])) for i in places
            ]
    keyed.sort(key=lambda pair: pair[0])
    return [row for _, row in keyed]


def rows_of_sample(sample: Sample) -> Iterator[Row]:
    """The known quantities of a sample."""
    for name, value in sample.values.items():
        unit = QUANTITIES[name].unit
        if isinstance(value, np.ndarray):
            for index, cell in enumerate(value.tolist(), start=1):
                if not np.isnan(cell):
                    yield Row(sample.t_ns, "", f"{name}[{index}]", cell, unit, "")
        elif not np.isnan(value):
            yield Row(sample.t_ns, "", name, float(value), unit, "")
