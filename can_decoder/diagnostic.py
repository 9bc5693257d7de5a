"""Diagnostics: what a reader could not use, with its place, in both languages.

A diagnostic costs the statement it names and nothing else. Whoever wants strictness counts
them; the readers themselves never refuse a file for its content.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from packtrail.language import Text

Severity = Literal["error", "warning"]


class Diagnostic(msgspec.Struct, frozen=True):
    """One finding about an input file.

    Attributes:
        file: the file's name as the caller gave it.
        line: line number from 1, or 0 where the whole file is meant.
        reason: what is wrong and what was done about it.
        severity: `error` when something was dropped, `warning` when a guess was made.
    """

    file: str
    line: int
    reason: Text
    severity: Severity = "error"

    def describe(self, language: str | None = None) -> str:
        """`file:line: severity: reason` in one line."""
        return f"{self.file}:{self.line}: {self.severity}: {self.reason.say(language)}"

    def __str__(self) -> str:
        return self.describe()
