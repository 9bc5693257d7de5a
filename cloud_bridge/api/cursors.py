"""Cursors: where the next page of a list begins, opaque to whoever carries them.

A cursor holds the key of the last line that was shown, not how many were: what is added or goes
in the meantime moves no other line into a page twice, nor out of it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from fastapi import Query, Request, Response

from cloud_bridge.api.problems import Problem
from packtrail.language import Text
from packtrail.shapes import convert, from_json

LONGEST: Final = 1200
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next` of the page before; without it the list begins",
    ),
]
REMEDY: Final = Text("begin the list again without `cursor`", "请去掉 cursor 参数，从头读取列表")

Leaf = Annotated[int, msgspec.Meta(ge=-1, le=2**62)]
DueAt = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
Line = TypeVar("Line")
Key = TypeVar("Key", bound=tuple[Any, ...])


def cursor_of(name: str, key: tuple[Any, ...]) -> str:
    """The cursor behind the line with `key` of the list `name`."""
    return base64.urlsafe_b64encode(msgspec.json.encode([name, *key])).decode().rstrip("=")


def key_of(name: str, cursor: str | None, shape: type[Key]) -> Key | None:
    """The key in a cursor of the list `name`; None for the beginning.

    Raises:
        Problem: 400, it is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        found, *key = from_json(data, list[Any])
        if found == name:
            made: Key = convert(key, shape)
            return made
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        pass  # told below, whatever it was
    detail = Text("`cursor` is none that this list gave out", "cursor 不是此列表给出的游标")
    raise Problem(400, detail, remedy=REMEDY)


def cut(found: list[Line], limit: int) -> tuple[list[Line], bool]:
    """The lines of a page of which one more than `limit` was asked for, and whether it came."""
    return found[:limit], len(found) > limit


def linked(request: Request, response: Response, cursor: str | None) -> Response:
    """`response` with a Link header (RFC 8288) to the next page, if there is one."""
    if cursor:
        query = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
        path = quote(request.url.path, safe="/:")
        target = f"{path}?{urlencode([*query, ('cursor', cursor)])}"
        response.headers["Link"] = f'<{target}>; rel="next"'
    return response
