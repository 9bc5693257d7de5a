"""Faults that a verification finds: each with its place, the first hundred of a kind in full."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from packtrail.proof.pack import Check

SHOWN: Final = 100


@dataclass(slots=True)
class Findings:
    """One check under way.

    Attributes:
        name: see `CHECKS`.
        count: how many were looked at.
    """

    name: str
    count: int = 0
    _shown: list[str] = field(default_factory=list)
    _more: int = 0

    def fault(self, where: str) -> None:
        """Something does not hold, there."""
        if len(self._shown) < SHOWN:
            self._shown.append(where)
        else:
            self._more += 1

    def add(self, part: Findings) -> None:
        """Take in what another process found in its part."""
        self.count += part.count
        for where in part._shown:
            self.fault(where)
        self._more += part._more

    def check(self) -> Check:
        """What was found."""
        more = (f"and {self._more} more",) if self._more else ()
        return Check(self.name, self.count, (*self._shown, *more))
