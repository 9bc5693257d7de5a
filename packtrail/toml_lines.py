"""At which line of a TOML text a key stands.

`tomllib` keeps no places. But every prefix of a TOML text that ends between two statements is
TOML itself, so the first prefix in which a key is there ends with the statement that set it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any, Final

Key = tuple[str | int, ...]
MOST_LINES: Final = 2000
"""A longer text is not searched; each line costs a parse of all before it."""
_NOTHING: Final = object()


def line_of(text: str, key: Sequence[str | int]) -> int | None:
    """The line, from 1, at which the statement that sets `key` begins; None if it cannot be told.

    Args:
        text: TOML.
        key: names of tables and indices of arrays, from the top.
    """
    lines = text.splitlines(keepends=True)
    if not key or len(lines) > MOST_LINES:
        return None
    begin = 1
    for end in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("".join(lines[:end]))
        except (tomllib.TOMLDecodeError, RecursionError):
            continue  # within a statement of several lines
        if _at(content, key) is not _NOTHING:
            return begin
        begin = end + 1
    return None


def known_part(content: object, key: Sequence[str | int]) -> Key:
    """`key` without what the content does not have: the place of a fault that is told of."""
    found: list[str | int] = []
    for part in key:
        below = _at(content, (part,))
        if below is not _NOTHING:
            content = below
            found.append(part)
    return tuple(found)


def _at(content: Any, key: Sequence[str | int]) -> Any:
    for part in key:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return content
