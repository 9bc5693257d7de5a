"""Identifiers that are not GB/T 34014 codes: makers' serials, GS1 keys, vehicle numbers.

They keep their type beside them, for a maker's serial may look like anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from packtrail.codes import gs1
from packtrail.codes.pack_code import PackCode
from packtrail.errors import CodeError
from packtrail.event import UnitRef, VehicleRef
from packtrail.language import Text

MAX_IDENTIFIER = 64
_PRINTABLE = re.compile(rf"[A-Za-z0-9(][A-Za-z0-9 ._:/+()-]{{0,{MAX_IDENTIFIER - 1}}}")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def identify(text: str) -> UnitRef:
    """The identifier that a bare text is, with its type.

    GB/T 34014 first, then GS1 element strings and Digital Links, then a maker's own serial.

    Raises:
        CodeError: the text cannot be anybody's identifier.
    """
    try:
        return PackCode.parse(text).unit
    except CodeError:
        return _foreign(text.strip())


def parse_unit(text: str) -> UnitRef:
    """The unit that a path or an argument names: `CODE` or `scheme:id`.

    Raises:
        CodeError: neither; names the character that is wrong.
    """
    scheme, colon, name = text.partition(":")
    if colon and scheme.isidentifier() and name:
        return UnitRef(scheme, name)
    return PackCode.parse(text).unit


def _foreign(text: str) -> UnitRef:
    key = gs1.read_text(text)
    if key is not None:
        return key.unit
    if not _PRINTABLE.fullmatch(text):
        raise CodeError(
            Text(
                f"an identifier has 1 to {MAX_IDENTIFIER} letters, digits or . _ : / + ( ) -",
                f"标识符应为 1 至 {MAX_IDENTIFIER} 个字母、数字或 . _ : / + ( ) -",
            ),
            text=text[:MAX_IDENTIFIER],
        )
    return UnitRef("maker_serial", text)


class VinFinding(StrEnum):
    """Unusual, but seen on test vehicles and some real ones."""

    CHECK_DIGIT = "check_digit"

    @property
    def text(self) -> Text:
        """The finding as a sentence."""
        return Text("the check digit does not fit", "校验位不符")


@dataclass(frozen=True, slots=True)
class Vin:
    """A vehicle identification number (GB 16735, ISO 3779): personal data.

    Attributes:
        text: 17 characters.
        findings: `CHECK_DIGIT` when position 9 does not fit: a warning, no refusal.
    """

    text: str
    findings: tuple[VinFinding, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a VIN; blanks around it and lower case are forgiven.

        Raises:
            CodeError: not 17 characters, or one that no VIN has (I, O, Q).
        """
        vin = text.strip().upper()
        if not _VIN.fullmatch(vin):
            raise CodeError(
                Text(
                    "a VIN has 17 characters without I, O and Q",
                    "车辆识别代号为 17 位，不含 I、O、Q",
                ),
                text=vin[:MAX_IDENTIFIER],
            )
        return cls(vin, () if _check_digit(vin) == vin[8] else (VinFinding.CHECK_DIGIT,))

    @property
    def vehicle(self) -> VehicleRef:
        """The VIN as events carry it."""
        return VehicleRef("vin", self.text)

    @property
    def masked(self) -> str:
        """For pages that anybody may see: maker and last four characters."""
        return f"{self.text[:3]}··········{self.text[-4:]}"


def _check_digit(vin: str) -> str:
    """GB 16735 annex: weighted sum modulo 11, with X for 10."""
    values = (int(c) if c.isdigit() else _VIN_VALUES[c] for c in vin)
    remainder = sum(v * w for v, w in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)
