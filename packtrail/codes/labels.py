"""Labels as scanners give them: a maker's prefix, control characters, two halves, lower case.

What enters is whatever a scanner, a clipboard or a hand gave; what leaves is one pack code, or
the reason why it is none. A label is never guessed: two readings that both fit are a problem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations

from packtrail.codes.pack_code import CodeFinding, PackCode
from packtrail.errors import CodeError
from packtrail.event import UnitRef
from packtrail.language import Text

MAX_LABEL = 512
_LENGTHS = (24, 19)
_RUN = re.compile(r"[0-9A-Z]+")


class LabelProblem(StrEnum):
    """Why no code was read."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_CODE = "no_code"
    SEVERAL_CODES = "several_codes"

    @property
    def text(self) -> Text:
        """The problem as a sentence."""
        return _PROBLEMS[self]


@dataclass(frozen=True, slots=True)
class LabelReading:
    """What a label says.

    Attributes:
        raw: what the scanner gave, cut at 512 characters.
        code: the code, or None.
        problem: why there is none.
        detail: for `NO_CODE`, which character of the nearest candidate is wrong.
        joined: whether it was put together from two halves.
        candidates: for `SEVERAL_CODES`, all of them.
    """

    raw: str
    code: PackCode | None = None
    problem: LabelProblem | None = None
    detail: Text | None = None
    joined: bool = False
    candidates: tuple[str, ...] = ()

    @property
    def unit(self) -> UnitRef | None:
        """The code as records carry it, or None."""
        return self.code.unit if self.code else None

    @property
    def findings(self) -> tuple[CodeFinding, ...]:
        """What is unusual about the code."""
        return self.code.findings if self.code else ()


def read_label(text: str, other_half: str = "") -> LabelReading:
    """Find the one pack code in a scan.

    Args:
        text: scanner output, in any dirt.
        other_half: a second scan, where design part and production part are printed apart;
            the order does not matter.
    """
    raw = f"{text}\n{other_half}" if other_half else text
    if len(raw) > MAX_LABEL:
        return LabelReading(raw[:MAX_LABEL], problem=LabelProblem.TOO_LONG)
    runs = _RUN.findall(unicodedata.normalize("NFKC", raw).upper())
    if not runs:
        return LabelReading(raw, problem=LabelProblem.EMPTY)
    for found, joined in ((_whole(runs), False), (_inside(runs), False), (_halves(runs), True)):
        if len(found) == 1:
            return LabelReading(raw, code=found[0], joined=joined)
        if found:
            texts = tuple(code.text for code in found)
            return LabelReading(raw, problem=LabelProblem.SEVERAL_CODES, candidates=texts)
    return LabelReading(raw, problem=LabelProblem.NO_CODE, detail=_nearest(runs))


def _whole(runs: list[str]) -> list[PackCode]:
    """Runs that are a code as they stand, the surest reading."""
    return _distinct(run for run in runs if len(run) in _LENGTHS)


def _inside(runs: list[str]) -> list[PackCode]:
    """Codes inside longer runs; the longer form first, then those that end a run.

    A maker prints a part number *before* the code, so a code that ends its run is likelier
    than one that fits by accident further left.
    """
    for length in _LENGTHS:
        long_runs = [run for run in runs if len(run) > length]
        ending = _distinct(run[-length:] for run in long_runs)
        anywhere = _distinct(
            run[start : start + length] for run in long_runs for start in range(len(run) - length)
        )
        if ending or anywhere:
            return ending or anywhere
    return []


def _halves(runs: list[str]) -> list[PackCode]:
    """Codes made of two runs, in either order; a prefix before a half is allowed."""
    pairs = permutations(runs[:8], 2)
    return _distinct(
        first[-head:] + second[-(length - head) :]
        for first, second in pairs
        for length, head in ((24, 14), (19, 7))
        if len(first) >= head and len(second) >= length - head
    )


def _distinct(texts: Iterable[str]) -> list[PackCode]:
    codes: dict[str, PackCode] = {}
    for text in texts:
        try:
            codes.setdefault(text, PackCode.parse(text))
        except CodeError:
            continue
    return list(codes.values())


def _nearest(runs: list[str]) -> Text | None:
    """Why the longest run is no code: the hint a technician needs."""
    longest = max(runs, key=len)
    try:
        PackCode.parse(longest)
    except CodeError as error:
        return error.what if isinstance(error.what, Text) else None
    return None


_PROBLEMS = {
    LabelProblem.EMPTY: Text("nothing was read", "没有读到内容"),
    LabelProblem.TOO_LONG: Text("longer than any label", "内容过长，不是标签"),
    LabelProblem.NO_CODE: Text("no pack code in it", "其中没有电池编码"),
    LabelProblem.SEVERAL_CODES: Text("more than one pack code in it", "其中有多个电池编码"),
}
