"""A policy of use: what a pack of some health may be used for, and what stops it at once.

A TOML file enters, a checked `Policy` leaves, with its legal reference, version and date of
effect. Thresholds are configuration, not code: the texts differ between countries and years.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from packtrail.errors import SettingsError
from packtrail.language import Text
from packtrail.shapes import convert
from packtrail.toml_file import read_toml

Loaded = TypeVar("Loaded", bound=msgspec.Struct)

LIMITED_GATES: Final = ("insulation", "self_discharge", "cell_resistance")
"""Gates that hold a measurement to a limit of the policy."""


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


class Ban(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A use that no pack may go to, whatever its grade.

    Attributes:
        use: such as `e-bike`.
        reference: law and article.
        effective: date from which it holds, ISO 8601.
    """

    use: str
    reference: str
    effective: str


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
        stopping_severities: severities of alarms and precursors that stop any use until cleared.
        highest_self_discharge_pct_day: safety gate for the worst cell against the median; None =
            no such gate.
        highest_cell_resistance_ratio: the same for its resistance over the median cell's.
        provisional: gate -> why its limit is not settled (English, Chinese). Such a gate holds a
            pack for a test and never sends it to recycling by itself; decisions name it.
        known_origin: whether a pack without a known maker and history is stopped.
        holding_gates: gates that hold a pack for clearing instead of sending it to recycling.
        refuse_unmeasured: whether a gate that nobody measured holds a pack too.
        bans: uses that no grade may go to.
        labels: name of a use -> (English, Chinese).
        certainty: probability that a grade must reach to be decided.
    """

    name: str
    version: str
    effective: str
    reference: str
    grades: tuple[Grade, ...]
    lowest_insulation_ohm_per_v: float = 100.0
    stopping_events: tuple[str, ...] = ()
    stopping_severities: tuple[str, ...] = ("danger", "quarantine")
    highest_self_discharge_pct_day: float | None = None
    highest_cell_resistance_ratio: float | None = None
    provisional: dict[str, tuple[str, str]] = {}
    known_origin: bool = False
    holding_gates: tuple[str, ...] = ("unknown_origin",)
    refuse_unmeasured: bool = False
    bans: tuple[Ban, ...] = ()
    labels: dict[str, tuple[str, str]] = {}
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
        faults += [
            f"provisional: {name} is none of {', '.join(LIMITED_GATES)}"
            for name in self.provisional
            if name not in LIMITED_GATES
        ]
        banned = {ban.use for ban in self.bans}
        faults += [
            f"grades: {grade.name} permits {use}, which is banned"
            for grade in self.grades
            for use in grade.uses
            if use in banned | set(grade.bans)
        ]
        faults += [
            f"{where}: effective must be a date such as 2026-04-01"
            for where, day in (
                ("policy", self.effective),
                *((b.use, b.effective) for b in self.bans),
            )
            if not _is_date(day)
        ]
        if faults:
            raise SettingsError("policy", faults)

    def grade(self, name: str) -> Grade | None:
        """The grade of that name; None for what is none, such as `recycle`."""
        return next((grade for grade in self.grades if grade.name == name), None)


def content_digest(content: msgspec.Struct) -> str:
    """SHA-256 of a policy's or price file's content, hex: the same figures, the same digest."""
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def use_text(policy: Policy, name: str) -> Text:
    """A use for a person; as it is where the policy has no label for it."""
    return Text(*policy.labels.get(name, (name, name)))


def grade_text(policy: Policy, name: str) -> Text:
    """A grade, or `recycle`, for a person."""
    if name == "recycle":
        return Text("recycle", "再生利用")
    return next(grade.text for grade in policy.grades if grade.name == name)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def load_toml(kind: type[Loaded], path: Path) -> Loaded:
    """Read a policy or price file.

    Raises:
        SettingsError: The file is missing, is no TOML or has faults.
    """
    try:
        return convert(read_toml(path), kind)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        faults = cause.faults if isinstance(cause, SettingsError) else [str(error)]
        raise SettingsError(str(path), faults) from error
