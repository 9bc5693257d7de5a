"""What a scenario is expected to show, and whether it did: bounds against what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple, Self
from xml.etree import ElementTree as ET

from pydantic import Field, model_validator

from packtrail.language import Text
from packtrail.settings import Settings, load
from simulators.scenario.play import Observed
from simulators.scenario.script import Words

Name = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)?$")]


class Expectation(Settings):
    """Bounds of one number, both included.

    Attributes:
        what: its name, as `packtrail simulate run` prints it; what never happened counts as 0.
        says: why that is expected.
    """

    what: Name
    says: Words
    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.equals is None and self.at_least is None and self.at_most is None:
            told = Text(
                "needs `equals`, `at_least` or `at_most`", "需要 equals、at_least 或 at_most"
            )
            raise ValueError(told.say())
        return self

    def holds(self, value: float) -> bool:
        """Whether a number lies within."""
        low = self.equals if self.at_least is None else self.at_least
        high = self.equals if self.at_most is None else self.at_most
        return (low is None or value >= low) and (high is None or value <= high)

    @property
    def bounds(self) -> str:
        """For a person."""
        parts = {"=": self.equals, "≥": self.at_least, "≤": self.at_most}
        return " ".join(f"{sign} {value:g}" for sign, value in parts.items() if value is not None)


class Expectations(Settings):
    """All of them, `[[expect]]` in the file."""

    expect: Annotated[tuple[Expectation, ...], Field(min_length=1)]


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
