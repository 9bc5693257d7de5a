"""What a scenario is expected to show, and whether it did: bounds against what was seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, NamedTuple, Self
from xml.etree import ElementTree as ET

from pydantic import AfterValidator, Field, model_validator

from packtrail.language import Text
from packtrail.settings import Settings, load
from simulators.scenario.play import Observed
from simulators.scenario.script import Words

NAMES: Final = (
    "records_sealed", "records_stored", "records_missing",
    "frames_sent", "frames_heard", "frames_lost",
    "packs_recognised", "packs_mistaken",
    "swaps_true", "swaps_told", "swaps_missed",
    "identities_contested", "identities_settled",
    "estimates_told", "estimates_wrong",
    "silent_baseless", "commits_failed", "troubles_told", "parts_faulty",
)  # fmt: skip
"""Of `Observed`, without those that begin with a word of `FAMILIES`."""
FAMILIES: Final = {
    "incidents": r"[a-z_0-9]+",
    "victims": r"[a-z_0-9]+",
    "others": r"[a-z_0-9]+",
    "silent": r"slot[1-8]",
    "errors": r"slot[1-8]",
}
_NO_NAME: Final = Text(
    "nothing is called {name}; there are {names}", "没有名为 {name} 的项目；可用：{names}"
)
_NO_BOUND: Final = Text(
    "needs `equals`, `at_least` or `at_most`", "需要 equals、at_least 或 at_most"
)
_NO_VALUE: Final = Text(
    "no value lies within {bounds}: use `equals` alone, or `at_least` below `at_most`",
    "没有数值满足 {bounds}：请单独使用 equals，或令 at_least 不大于 at_most",
)


def _is_told(name: str) -> str:
    """A name that a performance can tell: one that never comes up would count as 0 for ever."""
    family, _, member = name.partition(".")
    if name in NAMES or (family in FAMILIES and re.fullmatch(FAMILIES[family], member)):
        return name
    patterns = (f"{word}.{part}" for word, part in FAMILIES.items())
    raise ValueError(_NO_NAME.say(name=name, names=", ".join([*NAMES, *patterns])))


Name = Annotated[str, AfterValidator(_is_told)]
Bound = Annotated[float, Field(allow_inf_nan=False)] | None


class Expectation(Settings):
    """Bounds of one number, both included.

    Attributes:
        what: its name, as `packtrail simulate run` prints it; what never happened counts as 0.
        says: why that is expected.
    """

    what: Name
    says: Words
    equals: Bound = None
    at_least: Bound = None
    at_most: Bound = None

    @model_validator(mode="after")
    def _can_be_met_and_missed(self) -> Self:
        if not self.bounds:
            raise ValueError(_NO_BOUND.say())
        both = self.equals is not None and (self.at_least, self.at_most) != (None, None)
        low, high = self.at_least, self.at_most
        if both or (low is not None and high is not None and low > high):
            raise ValueError(_NO_VALUE.say(bounds=self.bounds))
        return self

    def holds(self, value: float) -> bool:
        """Whether a number lies within."""
        low, high = self.at_least, self.at_most
        if self.equals is not None:
            low = high = self.equals
        return (low is None or value >= low) and (high is None or value <= high)

    @property
    def bounds(self) -> str:
        """For a person."""
        parts = {"=": self.equals, "≥": self.at_least, "≤": self.at_most}
        return " ".join(f"{sign} {value:g}" for sign, value in parts.items() if value is not None)


def _are_any(expect: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    if not expect:
        raise ValueError(Text("nothing is expected", "没有任何预期").say())
    return expect


class Expectations(Settings):
    """All of them, `[[expect]]` in the file."""

    expect: Annotated[tuple[Expectation, ...], AfterValidator(_are_any)]


class Check(NamedTuple):
    """An expectation, what was seen, and whether it was met."""

    expectation: Expectation
    seen: float
    met: bool


def load_expectations(path: Path) -> Expectations:
    """Read a file of expectations.

    Raises:
        PacktrailError: it has faults; all of them are told.
    """
    return load(Expectations, path)


def judge(expectations: Expectations, observed: Observed) -> list[Check]:
    """Compare what was seen with what was expected."""
    checks = []
    for one in expectations.expect:
        seen = observed.get(one.what, 0.0)
        checks.append(Check(one, seen, one.holds(seen)))
    return checks


def junit(name: str, checks: list[Check], seconds: float) -> bytes:
    """The checks as JUnit XML: one test case each, as continuous integration reads it."""
    failed = [check for check in checks if not check.met]
    suite = ET.Element(
        "testsuite",
        name=f"packtrail.scenario.{name}",
        tests=str(len(checks)),
        failures=str(len(failed)),
        errors="0",
        time=f"{seconds:.3f}",
    )
    for check in checks:
        what = check.expectation.what
        case = ET.SubElement(suite, "testcase", classname=f"scenario.{name}", name=what, time="0")
        if not check.met:
            told = f"{what} is {check.seen:g}, expected {check.expectation.bounds}"
            ET.SubElement(case, "failure", message=told).text = check.expectation.says.en
    root = ET.Element("testsuites")
    root.append(suite)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body
