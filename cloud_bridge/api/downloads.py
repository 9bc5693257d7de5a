"""Lists as files: which form a request asks for, and the answer that hands a file out in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

from fastapi import Query, Request, Response
from starlette.responses import StreamingResponse

from cloud_bridge.api.problems import Problem
from cloud_bridge.files import Rows
from cloud_bridge.files.csv_file import csv_pieces
from packtrail.event import UnitRef
from packtrail.language import Text

MOST_ROWS: Final = 10_000
"""Lines of one file of a list; the Link header leads on, as it does in JSON."""


class Form(StrEnum):
    """What a list can come as."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA: Final = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
}
FILES: Final = (MEDIA[Form.CSV], MEDIA[Form.PARQUET])
Asked = Annotated[
    Literal["json", "csv", "parquet"] | None,
    Query(alias="format", description="instead of the `Accept` header"),
]


def form_of(request: Request, asked: str | None) -> Form:
    """What is wanted: by parameter, else what the header likes best (RFC 9110, 12.5.1).

    Raises:
        Problem: 406, the header takes nothing that there is.
    """
    if asked is not None:
        return Form(asked)
    header = request.headers.get("accept", "").lower() or "*/*"
    weights = {form: liking(header, media) for form, media in MEDIA.items()}
    best = max(weights, key=lambda form: weights[form])  # of equals the first, JSON
    if not weights[best]:
        known = ", ".join(MEDIA.values())
        raise Problem(406, Text(f"there is: {known}", f"可选格式：{known}"))
    return best


def file_answer(rows: Rows, form: Form, name: str) -> Response:
    """A table as a file. Who leaves early is noticed, and no more of it is made.

    Raises:
        Problem: 501, what makes Parquet is not installed.
    """
    disposition = f'attachment; filename="{name}.{form.value}"'
    media = f"{MEDIA[form]}; charset=utf-8" if form is Form.CSV else MEDIA[form]
    headers = {"Content-Disposition": disposition, "Vary": "Authorization, Cookie, Accept"}
    return StreamingResponse(_maker(form)(rows), media_type=media, headers=headers)


def file_name(unit: UnitRef, what: str = "") -> str:
    """A name of ASCII letters, digits and dashes."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(unit))
    return f"{plain}-{what}" if what else plain


def _maker(form: Form) -> Callable[[Rows], Iterator[bytes]]:
    if form is Form.CSV:
        return csv_pieces
    try:
        from cloud_bridge.files.parquet_file import parquet_pieces  # noqa: PLC0415 - an extra
    except ImportError as error:
        remedy = "pip install 'packtrail[formats]'"
        missing = Text("Parquet needs pyarrow", "Parquet 需要 pyarrow")
        raise Problem(501, missing, remedy=remedy) from error
    return parquet_pieces


def liking(header: str, media: str) -> float:
    """How much a header likes a type: the most specific range that fits it counts."""
    found = (0, 0.0)
    for part in header.split(","):
        name, *more = (piece.strip() for piece in part.split(";"))
        ranges = ("*/*", f"{media.partition('/')[0]}/*", media)
        if name in ranges:
            found = max(found, (ranges.index(name) + 1, _quality(more)), key=lambda one: one[0])
    return found[1]


def _quality(parameters: list[str]) -> float:
    """`q`, 1 without one; what is no number counts for nothing."""
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
