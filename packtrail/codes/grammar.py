"""The tables of a code's edition, read from the TOML file beside this module.

Editions are data: a revised standard is a new file, and no line of code changes.
"""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ALNUM = string.digits + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a code: `start` counts from 0."""

    name: str
    start: int
    length: int
    alphabet: str

    @property
    def stop(self) -> int:
        """One past the last character."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Form:
    """One length of a code and its fields, in order."""

    length: int
    second_life: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """One edition of the standard.

    Attributes:
        edition: `2017`.
        title: the standard's number.
        first_year: the year of the first symbol.
        year: symbols of 30 years.
        month: symbols of 12 months.
        day: symbols of days 1 to 31.
        levels: symbol -> name.
        chemistries: symbol -> key and names.
        forms: the lengths a code may have.
    """

    edition: str
    title: str
    first_year: int
    year: str
    month: str
    day: str
    levels: dict[str, dict[str, str]]
    chemistries: dict[str, dict[str, str]]
    forms: tuple[Form, ...]

    def form(self, length: int) -> Form | None:
        """The form of that length, if there is one."""
        return next((form for form in self.forms if form.length == length), None)


@cache
def grammar(edition: str = "2017") -> Grammar:
    """The tables of an edition of GB/T 34014."""
    text = files(__package__).joinpath(f"gbt34014-{edition}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    alphabets = {
        "alnum": ALNUM,
        "serial": ALNUM,
        "R": "R",
        "level": "".join(table["level"]),
        "chemistry": "".join(table["chemistry"]),
        "year": table["year"]["symbols"],
        "month": table["month"]["symbols"],
        "day": table["day"]["symbols"],
    }
    return Grammar(
        edition=table["edition"],
        title=table["title"],
        first_year=table["year"]["first"],
        year=alphabets["year"],
        month=alphabets["month"],
        day=alphabets["day"],
        levels=table["level"],
        chemistries=table["chemistry"],
        forms=tuple(_form(form, alphabets) for form in table["form"]),
    )


def _form(table: dict[str, Any], alphabets: dict[str, str]) -> Form:
    fields, start = [], 0
    for name, length, alphabet in table["fields"]:
        fields.append(Field(name, start, length, alphabets[alphabet]))
        start += length
    return Form(table["length"], table["second_life"], tuple(fields))
