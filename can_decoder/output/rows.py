"""Columns per message to rows per value, in the order of the frames; themselves kept as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

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


class Name(NamedTuple):
    """What many rows share."""

    message: str
    signal: str
    unit: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Many values, n rows.

    Attributes:
        t_ns: int64 [n].
        name: intp [n], places in `names`.
        value: float64 [n].
        text: intp [n], places in `texts`, of which the first is "".
        names: message, signal and unit of the rows.
        texts: texts of value tables.
    """

    t_ns: NDArray[np.int64]
    name: NDArray[np.intp]
    value: NDArray[np.float64]
    text: NDArray[np.intp]
    names: tuple[Name, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.t_ns)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """From values that came one by one."""
        names: dict[Name, int] = {}
        texts = {"": 0}
        found = [
            (
                row.t_ns,
                names.setdefault(Name(row.message, row.signal, row.unit), len(names)),
                row.value,
                texts.setdefault(row.text, len(texts)),
            )
            for row in rows
        ]
        t_ns, name, value, text = zip(*found, strict=True) if found else ((), (), (), ())
        return cls(
            np.array(t_ns, np.int64),
            np.array(name, np.intp),
            np.array(value, np.float64),
            np.array(text, np.intp),
            tuple(names),
            tuple(texts),
        )


def rows_of(found: Mapping[str, Columns], units: Mapping[tuple[str, str], str]) -> Rows:
    """The values of a decoded batch, frame by frame.

    Args:
        found: what `Database.decode_batch` gave.
        units: (message, signal) -> unit.
    """
    gathered = _Gathered()
    for name, columns in found.items():
        for signal in columns.values:
            unit = units.get((columns.message, signal), "")
            gathered.add(Name(name, signal, unit), columns, signal)
    return gathered.finish()


class _Gathered:
    """Columns one behind the other, to be brought into the order of the frames."""

    def __init__(self) -> None:
        self._frames: list[NDArray[np.intp]] = []
        self._t_ns: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float64]] = []
        self._texts: list[NDArray[np.intp]] = []
        self._names: list[Name] = []
        self._words = {"": 0}

    def add(self, name: Name, columns: Columns, signal: str) -> None:
        """Take one signal's column, its absent rows left out."""
        present = columns.present(signal)
        self._names.append(name)
        self._frames.append(columns.rows[present])
        self._t_ns.append(columns.t_ns[present])
        self._values.append(columns[signal][present])
        codes, words = columns.coded_text(signal)
        places = np.array([self._words.setdefault(word, len(self._words)) for word in words])
        self._texts.append(places[codes[present]])

    def finish(self) -> Rows:
        """All of it; within a frame signals keep their order."""
        if not self._names:
            return Rows.of(())
        order = np.argsort(np.concatenate(self._frames), kind="stable")
        counts = [len(part) for part in self._frames]
        return Rows(
            np.concatenate(self._t_ns)[order],
            np.repeat(np.arange(len(counts)), counts)[order],
            np.concatenate(self._values)[order],
            np.concatenate(self._texts)[order],
            tuple(self._names),
            tuple(self._words),
        )


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
