"""A policy of use: what a pack of some health may be used for, and what stops it at once.

A TOML file enters, a checked `Policy` leaves, with its legal reference, version and date of
effect. Thresholds are configuration, not code: the texts differ between countries and years.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from packtrail.errors import SettingsError
from packtrail.language import Text
from packtrail.toml_file import read_toml

Loaded = TypeVar("Loaded", bound=msgspec.Struct)


class Grade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade of use.

    Attributes:
        name: short name, such as `stationary`.
        label: (English, Chinese).
        lowest_soh: pack SoH from which it is reached, fraction.
        highest_growth: resistance growth up to which it is given; None = any.
        highest_spread_pct: spread of cell capacities up to which it is given; None = any.
        uses: permitted uses.
        bans: uses that the policy forbids for it, such as `e-bike`.
    """

    name: str
    label: tuple[str, str]
    lowest_soh: float
    highest_growth: float | None = None
    highest_spread_pct: float | None = None
    uses: tuple[str, ...] = ()
    bans: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        """The label in both languages."""
        return Text(*self.label)


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy.

    Attributes:
        name: what it is called.
        version: of the file.
        effective: date from which it holds, ISO 8601.
        reference: law or standard that it follows.
        grades: from best to worst; the last takes what no other takes.
        lowest_insulation_ohm_per_v: safety gate (GB 18384, ISO 6469-3: 100 ohm per volt DC).
        stopping_events: events in a pack's history that stop any use.
        certainty: probability that a grade must reach to be decided.
    """

    name: str
    version: str
    effective: str
    reference: str
    grades: tuple[Grade, ...]
    lowest_insulation_ohm_per_v: float = 100.0
    stopping_events: tuple[str, ...] = ()
    certainty: float = 0.9

    def __post_init__(self) -> None:
        """Refuse policies without grades or with grades out of order."""
        faults = []
        if not self.grades:
            faults.append("grades: at least one is needed")
        lowest = [grade.lowest_soh for grade in self.grades]
        if lowest != sorted(lowest, reverse=True):
            faults.append("grades: lowest_soh must fall from one grade to the next")
        if not 0.5 <= self.certainty < 1:
            faults.append("certainty: must lie between 0.5 and 1")
        if faults:
            raise SettingsError("policy", faults)

    def grade(self, name: str) -> Grade | None:
        """The grade of that name; None for what is none, such as `recycle`."""
        return next((grade for grade in self.grades if grade.name == name), None)


def load_toml(kind: type[Loaded], path: Path) -> Loaded:
    """Read a policy or price file.

    Raises:
        SettingsError: The file is missing, is no TOML or has faults.
    """
    try:
        return msgspec.convert(read_toml(path), kind)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        faults = cause.faults if isinstance(cause, SettingsError) else [str(error)]
        raise SettingsError(str(path), faults) from error
