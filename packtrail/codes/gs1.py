"""GS1 keys of single things: GTIN with serial (01, 21), GRAI (8003) and GIAI (8004).

As element strings of a label, as paths of a GS1 Digital Link, and as the units that events name.
GS1 General Specifications, sections 3 and 7.9 (check digit), figure 7.11-1 (characters that a
serial may have); GS1 Digital Link Standard: URI Syntax, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from packtrail.codes.gs1_compressed import decompressed
from packtrail.errors import CodeError
from packtrail.event import UnitRef
from packtrail.language import Text

SCHEME: Final = "gs1"
GTIN, GRAI, GIAI = "01", "8003", "8004"
KEYS: Final = (GTIN, GRAI, GIAI)
QUALIFIERS: Final = {GTIN: ("22", "10", "21"), GRAI: (), GIAI: ()}
"""What may stand behind a key in a Digital Link, in this order; of a GTIN the serial counts."""

_SET_82 = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"
_SERIAL = re.compile(rf"{_SET_82}{{1,20}}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_GRAI = re.compile(rf"(0[0-9]{{13}})({_SET_82}{{0,16}})")
_GIAI = re.compile(rf"(?=.{{1,30}}$)[0-9]{{4}}{_SET_82}*")
_ELEMENTS = re.compile(r"\(?01\)?([0-9]{14})\(?21\)?(.+)|\((8003|8004)\)(.+)")
_LINK = re.compile(r"https?://[^/\s]+(?:/[^/\s]+)*?/((?:01|8003|8004)/[^?#\s]+)(?:\?[^#\s]*)?")
_SHORT_LINK = re.compile(r"https?://[^/\s]+(?:/[^/\s]+)*?/([A-Za-z0-9_-]+)(?:\?[^#\s]*)?")
_NAME = re.compile(r"(8003|8004)\.(.+)|([0-9]{14})\.(.+)")


@dataclass(frozen=True, slots=True)
class Gs1Key:
    """One thing's key.

    Attributes:
        ai: application identifier: `01`, `8003` or `8004`.
        value: the key, a GTIN in 14 digits.
        serial: of a GTIN; "" for the kind of thing.
    """

    ai: str
    value: str
    serial: str = ""

    @property
    def unit(self) -> UnitRef:
        """As events name it: `GTIN.SERIAL`, or `8003.GRAI`, `8004.GIAI`."""
        if self.ai == GTIN:
            return UnitRef(SCHEME, f"{self.value}.{self.serial}")
        return UnitRef(SCHEME, f"{self.ai}.{self.value}")

    @property
    def path(self) -> str:
        """Of a Digital Link, such as `/01/04012345678901/21/AB12`."""
        serial = f"/21/{quote(self.serial, safe='')}" if self.serial else ""
        return f"/{self.ai}/{quote(self.value, safe='')}{serial}"

    @property
    def uri(self) -> str:
        """The canonical Digital Link, `https://id.gs1.org/01/...`: a name, wherever it leads."""
        return f"https://id.gs1.org{self.path}"


def read_key(ai: str, value: str, serial: str = "") -> Gs1Key:
    """A key of its parts; a GTIN of 8, 12 or 13 digits is filled up to 14.

    Raises:
        CodeError: what is wrong with it.
    """
    if ai == GTIN:
        _expect(_GTIN.fullmatch(value), value, _NO_GTIN)
        _expect(_sound(value), value, _CHECK_DIGIT)
        _expect(not serial or _SERIAL.fullmatch(serial), serial, _NO_SERIAL)
        return Gs1Key(ai, value.zfill(14), serial)
    if ai == GRAI:
        found = _GRAI.fullmatch(value)
        _expect(found, value, _NO_GRAI)
        _expect(_sound(value[:14]), value, _CHECK_DIGIT)
        return Gs1Key(ai, value)
    _expect(ai == GIAI, ai, _NO_KEY)
    _expect(_GIAI.fullmatch(value), value, _NO_GIAI)
    return Gs1Key(ai, value)


def read_path(path: str) -> Gs1Key:
    """The key of a Digital Link's path, still percent-encoded, such as `01/04012345678901/21/AB`.

    Also of a compressed one, `AQnYUc1gmkIXDU-iun`, or of one whose qualifiers are compressed.

    Raises:
        CodeError: no path of that syntax, or a key that is none.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) == 1:
        return _of_elements(decompressed(parts[0]))
    if len(parts) == 3 and parts[0] in KEYS:
        return _of_elements({parts[0]: parts[1]} | _qualifiers(parts[0], parts[2]))
    names, values = parts[::2], parts[1::2]
    _expect(len(names) == len(values) and names[0] in KEYS, path, _NO_KEY)
    _expect(_in_order(names[1:], QUALIFIERS[names[0]]), path, _NO_QUALIFIER)
    return read_key(
        names[0], values[0], dict(zip(names[1:], values[1:], strict=True)).get("21", "")
    )


def read_text(text: str) -> Gs1Key | None:
    """The key of a label's text, an element string or a Digital Link; None for anything else."""
    link, elements = _LINK.fullmatch(text), _ELEMENTS.fullmatch(text)
    link = link or _SHORT_LINK.fullmatch(text)
    try:
        if link:
            key = read_path(link[1])
        elif elements:
            gtin, serial, ai, value = elements.groups()
            key = read_key(GTIN, gtin, serial) if gtin else read_key(ai, value)
        else:
            return None
    except CodeError:
        return None
    return key if key.serial or key.ai != GTIN else None


def _of_elements(found: Mapping[str, str]) -> Gs1Key:
    """The one key among element strings; what else they tell is left alone."""
    keys = [ai for ai in KEYS if ai in found]
    _expect(len(keys) == 1, " ".join(found), _NO_KEY)
    return read_key(keys[0], found[keys[0]], found.get("21", "") if keys[0] == GTIN else "")


def _qualifiers(key: str, segment: str) -> dict[str, str]:
    """What stands compressed behind a key that does not; another key is none of it."""
    found = decompressed(segment)
    _expect(not set(KEYS) & set(found), segment, _NO_QUALIFIER)
    return {ai: value for ai, value in found.items() if ai in QUALIFIERS[key]}


def key_of(unit: UnitRef) -> Gs1Key | None:
    """The key that a unit's name is; None for another's."""
    found = _NAME.fullmatch(unit.id) if unit.scheme == SCHEME else None
    if found is None:
        return None
    ai, value, gtin, serial = found.groups()
    try:
        return read_key(GTIN, gtin, serial) if gtin else read_key(ai, value)
    except CodeError:
        return None


def _in_order(names: Sequence[str], known: Sequence[str]) -> bool:
    """Whether qualifiers are known ones, each once, in their order."""
    return [name for name in known if name in names] == list(names)


def _sound(digits: str) -> bool:
    """Whether the last digit is the check digit: weights 3 and 1 from the right."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def _expect(good: object, what: str, otherwise: Text) -> None:
    if not good:
        raise CodeError(otherwise, text=what[:64])


_NO_KEY = Text(
    "a path is /01/GTIN/21/SERIAL, /8003/GRAI or /8004/GIAI",
    "路径应为 /01/GTIN/21/序列号、/8003/GRAI 或 /8004/GIAI",
)
_NO_QUALIFIER = Text(
    "behind a GTIN come 22, 10 and 21, in this order", "GTIN 之后依次为 22、10、21"
)
_NO_GTIN = Text("a GTIN has 8, 12, 13 or 14 digits", "GTIN 应为 8、12、13 或 14 位数字")
_NO_SERIAL = Text(
    "a serial has 1 to 20 characters of GS1's set 82", "序列号应为 1 至 20 个 GS1 字符集 82 字符"
)
_NO_GRAI = Text(
    "a GRAI has 0, 13 digits and a serial of up to 16 characters",
    "GRAI 应为 0 加 13 位数字及至多 16 位序列号",
)
_NO_GIAI = Text(
    "a GIAI has a company prefix and up to 30 characters in all",
    "GIAI 应以厂商识别代码开头，共至多 30 个字符",
)
_CHECK_DIGIT = Text("the check digit does not fit", "校验位不符")
