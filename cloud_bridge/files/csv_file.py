"""CSV (RFC 4180) in UTF-8, with a header; a text that a spreadsheet would compute is disarmed.

A row is one `%`: cell by cell through Python's csv module it takes twice the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from cloud_bridge.files.table import Column, Kind, Page, Rows
from packtrail.times import format_time

ROWS: Final = 500
"""So many go out at once."""
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that Excel, LibreOffice or WPS takes for a formula (OWASP, CSV injection)."""
NUMBER: Final = "%.12g"


def csv_pieces(rows: Rows) -> Iterator[bytes]:
    """The file, piece by piece; cells and probes are columns numbered from 1."""
    heads = [_quoted(head) for column in rows.columns for head in _heads(column)]
    yield (",".join(heads) + "\r\n").encode()
    for page in rows.pages:
        length = len(page[0]) if page else 0
        for start in range(0, length, ROWS):
            yield _block(rows.columns, [values[start : start + ROWS] for values in page])


def _heads(column: Column) -> list[str]:
    return [f"{column.name}_{i + 1}" for i in range(column.width)] or [column.name]


def _block(columns: Sequence[Column], page: Page) -> bytes:
    """Some rows: how each column is written, and what stands there."""
    written: list[tuple[str, Sequence[Any]]] = []
    for column, values in zip(columns, page, strict=True):
        if column.kind is Kind.NUMBER:
            written += [_numbers(one) for one in _singly(column, values)]
        else:
            written.append(("%s", [_text(column.kind, value) for value in values]))
    row = ",".join(how for how, _ in written) + "\r\n"
    return "".join([row % cells for cells in zip(*(v for _, v in written), strict=True)]).encode()


def _singly(column: Column, values: Sequence[Any]) -> list[list[float | None]]:
    """One list for each column of the file."""
    if not column.width:
        return [list(values)]
    cells: list[list[float | None]] = np.asarray(values, np.float64).T.tolist()
    return cells


def _numbers(values: list[float | None]) -> tuple[str, Sequence[Any]]:
    """Not known is empty, which a number's place in a row cannot be."""
    if all(value is not None and value == value for value in values):  # noqa: PLR0124 - NaN
        return NUMBER, values
    known = (value is not None and value == value for value in values)  # noqa: PLR0124 - NaN
    return "%s", [NUMBER % v if here else "" for v, here in zip(values, known, strict=True)]


def _text(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind is Kind.MOMENT:
        return format_time(value)
    if kind is Kind.INTEGER:
        return str(value)
    return _quoted(f"'{value}" if value.startswith(FORMULA) else value)


def _quoted(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
