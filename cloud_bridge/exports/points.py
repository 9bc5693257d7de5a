"""The table of data points: `points.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import msgspec

from packtrail.language import Text
from packtrail.shapes import convert

CATEGORIES: Final = ("ev", "lmt", "industrial", "stationary", "industrial_without_bms")


class Access(StrEnum):
    """Who may see a point under Regulation (EU) 2023/1542, Annex XIII."""

    PUBLIC = "public"
    LEGITIMATE = "legitimate"
    """Persons with a legitimate interest, and the Commission."""
    AUTHORITY = "authority"
    """Notified bodies, market surveillance and the Commission."""


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data point.

    Attributes:
        key: our name of it.
        en: name in English.
        zh: name in Chinese.
        access: who may see it.
        dynamic: whether it changes over the life.
        ec: numbers in the Commission's guidance on battery passports, v1.0.
        din: clause of DIN DKE SPEC 99100.
        unit: of the value.
        categories: which batteries it applies to; empty means all.
        why_en: why it does not apply to the others, in English.
        why_zh: in Chinese.
    """

    key: str
    en: str
    zh: str
    access: Access
    dynamic: bool = False
    ec: tuple[int, ...] = ()
    din: str = ""
    unit: str = ""
    categories: tuple[str, ...] = ()
    why_en: str = ""
    why_zh: str = ""

    @property
    def why_not(self) -> Text:
        """Why it does not apply to batteries of other categories."""
        return Text(self.why_en, self.why_zh)

    @property
    def text(self) -> Text:
        """The point's name."""
        return Text(self.en, self.zh)

    def applies(self, category: str) -> bool:
        """Whether a battery of `category` has to have it."""
        return not self.categories or category in self.categories


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    point: tuple[Point, ...]


def _read() -> Mapping[str, Point]:
    text = files("cloud_bridge.exports").joinpath("points.toml").read_text("utf-8")
    rows = convert(tomllib.loads(text), _Table).point
    return MappingProxyType({row.key: row for row in rows})


POINTS: Final = _read()
"""Every data point by its key."""
