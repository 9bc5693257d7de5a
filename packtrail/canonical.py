"""RFC 8785 bytes where msgspec's sorted JSON is known to be the same, ten times quicker.

Everything is looked at that the two write differently: whole numbers as fractions, exponents, NaN,
integers from 2**53 on, keys that UTF-16 sorts otherwise than UTF-8, and types that are no JSON.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_SORTING: Final = msgspec.json.Encoder(order="sorted")
_HIGH: Final = re.compile(rb"[\xee-\xff]")
"""Characters from U+E000 on, which UTF-16 sorts before and after each other as UTF-8 does not."""
_LARGEST: Final = 2**53
_SMALLEST: Final = 1e-4
"""From here up to 10**16 Python and ECMAScript write a fraction without exponent, and alike."""


def quick_canonical(value: object) -> bytes | None:
    """The canonical form; None where it takes a closer look, or there is none."""
    try:
        if not _is_alike(value):
            return None
        found = _SORTING.encode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return found if found.isascii() or not _HIGH.search(found) else None


def _is_alike(value: object) -> bool:
    """Whether both write every number and key of it alike."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is dict:
        return all(type(key) is str and _is_alike(one) for key, one in value.items())  # type: ignore[attr-defined]
    if kind is list or kind is tuple:
        return all(map(_is_alike, value))  # type: ignore[call-overload]
    if kind is int:
        return -_LARGEST < value < _LARGEST  # type: ignore[operator]
    return kind is float and _is_plain(value)  # type: ignore[arg-type]


def _is_plain(value: float) -> bool:
    # Shortest digits that give the number back are the same ones everywhere; the rest is notation.
    if not _SMALLEST <= abs(value) < _LARGEST or value.is_integer():
        return False
    text = repr(value)
    return "e" not in text and msgspec.json.encode(value) == text.encode()
