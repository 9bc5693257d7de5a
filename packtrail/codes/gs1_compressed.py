"""Compressed GS1 Digital Links: a segment of base64url becomes application identifiers and values.

GS1 Digital Link Standard: URI Syntax, releases 1.1 and 1.2, chapter on compression: bits of an AI
(two to four decimal digits of four bits each) or of a common sequence of AIs (a byte with a letter
in it), then the value in as few bits as its format needs. Formats: GS1 General Specifications,
section 3. What is read is bounded: a segment of at most `LONGEST` characters, each AI once.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from packtrail.errors import CodeError
from packtrail.language import Text

LONGEST: Final = 300
"""Characters; a GTIN with every qualifier takes under 80."""
SHORTEST: Final = 6
_SEGMENT: Final = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST},{LONGEST}}}")
_SAFE_64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HEX: Final = "0123456789abcdef"

_FORMATS: Final = {
    "N18": "00 8006 8017 8018 8026",
    "N17": "402",
    "N14": "01 02 8001",
    "N13": "410 411 412 413 414 415 416 417 7001",
    "N10": "7003",
    "N6": "11 12 13 15 16 17 7006 8005 31.. 32.. 33.. 34.. 35.. 36.. 395.",
    "N4": "394. 8111",
    "N3": "422 424 426",
    "N2": "20",
    "N..15": "390. 392.",
    "N..12": "8011",
    "N..10": "8019",
    "N..8": "30 37",
    "N..6": "242",
    "N..4": "7004",
    "N3+N..15": "391. 393.",
    "N3+N..12": "423 425",
    "N6+N..6": "7007",
    "N8+N..4": "8008",
    "N13+N..12": "255",
    "N13+X..17": "253",
    "N14+X..16": "8003",
    "N3+X..27": "703.",
    "N3+X..9": "421",
    "N1+X3": "7040",
    "X..90": "91 92 93 94 95 96 97 98 99",
    "X..70": "8110 8112 8200",
    "X..50": "8009",
    "X..34": "8007",
    "X..30": "240 241 250 251 400 401 403 7002 7023 723. 8004 8010 8013 90",
    "X..28": "235",
    "X..25": "8020",
    "X..20": "10 21 22 243 254 420 7020 7021 7022 710 711 712 713 714 715 8002 8012",
    "X..12": "7005",
    "X..10": "7009",
    "X..3": "427 7008",
    "X..2": "7010",
}
"""Format of a value -> its application identifiers; a dot stands for any digit."""
_SEQUENCES: Final = {
    0x0A: "01 22",
    0x0B: "01 10",
    0x0C: "01 21",
    0x0D: "01 17",
    0x0E: "01 7003",
    0x0F: "01 30",
    0x1A: "01 10 21 17",
    0x1B: "01 15",
    0x1C: "01 11",
    0x1D: "01 16",
    0x1E: "01 91",
    0x1F: "01 10 15",
    **{0x2A + n: f"01 310{n}" for n in range(6)},
    **{0x3A + n: f"01 320{n}" for n in range(6)},
    0x9A: "8010 8011",
    0x9B: "8017 8019",
    0x9C: "8018 8019",
    0x9D: "414 254",
    **{0xA0 + n: f"01 392{n}" for n in range(10)},
    **{0xC0 + n: f"255 390{n}" for n in range(10)},
    **{0xCA + n: f"255 394{n}" for n in range(4)},
}
"""Bytes that stand for several AIs, whose values follow in this order."""
_OTHERS: Final = 0xF
"""The first four bits of a key and value of somebody else's."""

_BROKEN: Final = Text("no compressed GS1 Digital Link", "不是压缩的 GS1 Digital Link")


class _Part(NamedTuple):
    """Part of a value: `N` digits or `X` characters, a fixed number or at most so many."""

    kind: str
    size: int
    fixed: bool


class _Bits:
    """Bits from the first to the last."""

    def __init__(self, segment: str) -> None:
        padded = segment + "A" * (-len(segment) % 4)
        raw = base64.urlsafe_b64decode(padded)
        self.left = 6 * len(segment)
        self._value = int.from_bytes(raw, "big") >> (8 * len(raw) - self.left)

    def take(self, count: int) -> int:
        """The next `count` as a number."""
        if count > self.left:
            raise _broken("it ends within a value")
        self.left -= count
        return self._value >> self.left & ((1 << count) - 1)

    def characters(self, count: int, alphabet: str, bits: int) -> str:
        """The next `count` characters of `bits` each."""
        return "".join(alphabet[self.take(bits)] for _ in range(count))


def decompressed(segment: str) -> dict[str, str]:
    """Application identifier -> value, in the order of the segment.

    What is no GS1's (key and value of a query) is read over.

    Raises:
        CodeError: it is none, holds an unknown AI, or one twice.
    """
    if _SEGMENT.fullmatch(segment) is None:
        raise _broken("other characters, too short or too long")
    try:
        bits = _Bits(segment)
    except binascii.Error as error:
        raise _broken(str(error)) from error
    found: dict[str, str] = {}
    # What is left over after the last value is padding to a whole character.
    while bits.left > 8:
        for ai in _next(bits):
            if ai in found:
                raise _broken(f"{ai} comes twice")
            found[ai] = "".join(_value(bits, part) for part in _parts(ai))
    if not found:
        raise _broken("nothing in it")
    return found


def _next(bits: _Bits) -> Iterator[str]:
    """The AIs whose values come next."""
    first = bits.take(8)
    if first >> 4 == _OTHERS:
        _pass_over(bits, first & 0xF)
    elif first in _SEQUENCES:
        yield from _SEQUENCES[first].split()
    else:
        ai = f"{first:02x}"
        for _ in range(_length_of(ai) - 2):
            ai += f"{bits.take(4):x}"
        yield ai


def _value(bits: _Bits, part: _Part) -> str:
    if part.kind == "N":
        count = part.size if part.fixed else _length(bits, part.size)
        return _digits(bits, count)
    encoding = bits.take(3)
    return _text(bits, encoding, part.size if part.fixed else _length(bits, part.size))


def _length(bits: _Bits, most: int) -> int:
    count = bits.take(math.ceil(math.log2(most) + 0.01))
    if count > most:
        raise _broken(f"{count} characters, at most {most}")
    return count


def _text(bits: _Bits, encoding: int, count: int) -> str:
    match encoding:
        case 0:
            return _digits(bits, count)
        case 1:
            return bits.characters(count, _HEX, 4)
        case 2:
            return bits.characters(count, _HEX.upper(), 4)
        case 3:
            return bits.characters(count, _SAFE_64, 6)
        case 4:
            return "".join(chr(bits.take(7)) for _ in range(count))
    raise _broken(f"encoding {encoding}")


def _digits(bits: _Bits, count: int) -> str:
    if not count:
        return ""
    number = f"{bits.take(math.ceil(count * math.log2(10) + 0.01)):0{count}d}"
    if len(number) > count:
        raise _broken(f"more than {count} digits")
    return number


def _pass_over(bits: _Bits, high: int) -> None:
    """Read over a key of up to 127 characters of six bits, and its value."""
    key = high << 3 | bits.take(3)
    bits.take(6 * key)
    encoding = bits.take(3)
    _text(bits, encoding, bits.take(7))


@cache
def _formats() -> dict[str, str]:
    return {ai: form for form, known in _FORMATS.items() for ai in known.split()}


def _parts(ai: str) -> list[_Part]:
    known = _formats()
    dotted = (ai, f"{ai[:3]}.", f"{ai[:2]}..")
    form = next((known[name] for name in dotted if name in known), "")
    if not form or not ai.isdecimal():
        raise _broken(f"({ai[:4]}) is no application identifier known here")
    return [_part(one) for one in form.split("+")]


def _part(text: str) -> _Part:
    return _Part(text[0], int(text[1:].lstrip(".")), ".." not in text)


@cache
def _length_of(two: str) -> int:
    """Digits of every AI that begins with these two."""
    lengths = {len(ai) for ai in _formats() if ai.startswith(two)}
    if len(lengths) != 1:
        raise _broken(f"no application identifier begins with {two}")
    return lengths.pop()


def _broken(why: str) -> CodeError:
    return CodeError(_BROKEN, text=why)
