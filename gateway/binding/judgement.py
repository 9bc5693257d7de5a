"""Which pack the readings of a visit speak of, or why that cannot be said.

The order of trust: a label that a second reading confirms; a code that the pack's own
electronics told (UDS, a GB/T 32960 login); the pack that the bridge knows in a vehicle; and a
person's word at the station page, which ends every dispute. What a charger heard of maker and
serial (GB/T 27930 BRM) is kept as a hint and decides nothing. Readings that disagree are
settled by a majority of at least two; until then nothing is attributed to anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from packtrail.codes import LabelProblem, read_label
from packtrail.event import Reading, UnitRef
from packtrail.language import Text

TOLD: Final = frozenset({"order", "controller", "ocpp"})
"""Sources that are the controller's own word: they confirm a label, but not each other."""
ELECTRONIC: Final = frozenset({"uds", "gbt32960", "vin"})
"""Sources that no dirt on a label can mislead: one such reading is enough."""
OPERATOR: Final = "operator"
HINTS: Final = frozenset({"brm", "uds_vin"})
"""Kept, and decide nothing: a charger's word, and a vehicle before the bridge has resolved it."""


class Problem(StrEnum):
    """Why no pack is known."""

    UNREAD = "unread"
    UNREADABLE = "unreadable"
    UNCONFIRMED = "unconfirmed"
    DISAGREE = "sources_disagree"

    @property
    def text(self) -> Text:
        """The problem as a sentence."""
        return _PROBLEMS[self]


class Judgement(NamedTuple):
    """A pack, or the problem."""

    unit: UnitRef | None
    problem: Problem | None


def judge(readings: Sequence[Reading], *, arrived: bool, confirm: bool = True) -> Judgement:
    """Weigh the readings of one visit.

    Args:
        readings: in the order in which they were made.
        arrived: whether somebody told that a pack stands in the slot.
        confirm: whether a label needs a second reading even then.
    """
    named = [
        (reading.source, unit)
        for reading, unit in zip(readings, units_of(readings), strict=True)
        if unit and reading.source not in HINTS
    ]
    by_hand = [unit for source, unit in named if source == OPERATOR]
    if by_hand:
        return Judgement(by_hand[-1], None)
    votes = Counter(unit for _, unit in named)
    if not votes:
        heard = any(reading.source not in HINTS for reading in readings)
        return Judgement(None, Problem.UNREADABLE if heard else Problem.UNREAD)
    (leader, count), *others = votes.most_common()
    sources = {source for source, unit in named if unit == leader}
    independent = bool(sources - TOLD)
    if others:
        settled = independent and count >= 2 and count > others[0][1]
        return Judgement(leader, None) if settled else Judgement(None, Problem.DISAGREE)
    enough = count >= 2 or (arrived and not confirm)
    if sources & ELECTRONIC or (independent and enough):
        return Judgement(leader, None)
    return Judgement(None, Problem.UNCONFIRMED)


def units_of(readings: Sequence[Reading]) -> list[UnitRef | None]:
    """The pack that each reading names; None for one that names none or only half a code."""
    units: list[UnitRef | None] = []
    half = ""
    for reading in readings:
        if reading.says or reading.source in HINTS:
            units.append(reading.says)
            continue
        label = read_label(reading.raw)
        if label.unit is None and label.problem is LabelProblem.NO_CODE:
            label = read_label(half, reading.raw) if half else label
            half = "" if label.unit else reading.raw
        units.append(label.unit)
    return units


_PROBLEMS: Final = {
    Problem.UNREAD: Text("no label was read", "未读取标签"),
    Problem.UNREADABLE: Text("the label cannot be read", "标签无法识读"),
    Problem.UNCONFIRMED: Text("read once, not yet confirmed", "仅读取一次，尚未确认"),
    Problem.DISAGREE: Text("the readings disagree", "多次读取结果不一致"),
}
