"""Which pack the readings of a visit speak of, or why that cannot be said.

The order of trust: a code is believed when it was read twice, or read from the label of a
pack whose arrival the station controller told. Readings that disagree are settled only by a
majority of at least two; until then nothing is attributed to anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from packtrail.codes import LabelProblem, read_label
from packtrail.event import Reading, UnitRef
from packtrail.language import Text

TOLD_BY_CONTROLLER: Final = frozenset({"order", "controller"})
"""Sources that are the controller's own word: they do not confirm what it said before."""


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


def judge(readings: Sequence[Reading], *, arrived: bool) -> Judgement:
    """Weigh the readings of one visit.

    Args:
        readings: in the order in which they were made.
        arrived: whether the controller told that a pack stands in the slot.
    """
    votes = Counter(unit for unit in units_of(readings) if unit)
    if not votes:
        return Judgement(None, Problem.UNREADABLE if readings else Problem.UNREAD)
    (leader, count), *others = votes.most_common()
    if others:
        settled = count >= 2 and count > others[0][1]
        return Judgement(leader, None) if settled else Judgement(None, Problem.DISAGREE)
    from_label = any(
        reading.source not in TOLD_BY_CONTROLLER
        for reading, unit in zip(readings, units_of(readings), strict=True)
        if unit
    )
    if count >= 2 or (arrived and from_label):
        return Judgement(leader, None)
    return Judgement(None, Problem.UNCONFIRMED)


def units_of(readings: Sequence[Reading]) -> list[UnitRef | None]:
    """The pack that each reading names; None for one that names none or only half a code."""
    units: list[UnitRef | None] = []
    half = ""
    for reading in readings:
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
