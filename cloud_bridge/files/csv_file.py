"""CSV (RFC 4180) in UTF-8, with a header; a text that a spreadsheet would compute is disarmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from cloud_bridge.files.table import Column, Kind, Rows
from packtrail.times import format_time

ROWS: Final = 500
"""So many go out at once."""
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that Excel, LibreOffice or WPS takes for a formula (OWASP, CSV injection)."""


def csv_pieces(rows: Rows) -> Iterator[bytes]:
    """The file, piece by piece; cells and probes are columns numbered from 1."""
    yield _lines([_heads(rows.columns)])
    for page in rows.pages:
        ready = [
            one
            for column, values in zip(rows.columns, page, strict=True)
            for one in _cells(column, values)
        ]
        lines = list(zip(*ready, strict=True))
        for start in range(0, len(lines), ROWS):
            yield _lines(lines[start : start + ROWS])


def _heads(columns: Sequence[Column]) -> list[str]:
    return [
        head
        for column in columns
        for head in (
            [f"{column.name}_{i + 1}" for i in range(column.width)]
            if column.width
            else [column.name]
        )
    ]


def _cells(column: Column, values: Sequence[Any]) -> list[list[str]]:
    """One list of cells for each column of the file."""
    write = _WRITERS[column.kind]
    if not column.width:
        return [[write(value) for value in values]]
    return [[write(value) for value in cell] for cell in np.asarray(values).T.tolist()]


def _lines(lines: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()


def _text(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.startswith(FORMULA) else text


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.12g}"  # noqa: PLR0124 - NaN


def _integer(value: int | None) -> str:
    return "" if value is None else str(value)


def _moment(value: int | None) -> str:
    return "" if value is None else format_time(value)


_WRITERS: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.MOMENT: _moment,
}
