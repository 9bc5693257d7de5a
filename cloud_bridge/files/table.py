"""What a file is made of: named columns, and pages of values that come one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds; "not known" is None in each, in numbers NaN as well."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    MOMENT = "moment"
    """UTC nanoseconds, shown as RFC 3339."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: with its unit, as in `pack_voltage_v`.
        kind: of its values.
        unit: UCUM-like, "" for none.
        vss: path in the COVESA Vehicle Signal Specification, "" for none.
        width: numbers per row (cells, probes); 0 for one value.
    """

    name: str
    kind: Kind = Kind.TEXT
    unit: str = ""
    vss: str = ""
    width: int = 0


Page = Sequence[Sequence[Any]]
"""Some rows, column by column; a wide column has a sequence of numbers per row."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: its columns, and its pages as they are asked for."""

    columns: tuple[Column, ...]
    pages: Iterator[Page]
