"""What a transaction offers to those who fill it: named statements, one or many at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave back, read to its end, and how many rows it wrote."""

    rows: list[tuple[Any, ...]]
    written: int

    def fetchone(self) -> Any:
        """The first row, or None."""
        return self.rows[0] if self.rows else None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


Run = Callable[[str, Values | None], Rows]
"""Runs a named statement with its parameters."""


Question = tuple[str, Values | None]
"""A named statement and its parameters."""


class Transaction(Protocol):
    """One open transaction; whoever gave it commits it."""

    def run(self, name: str, values: Values | None = None, /) -> Rows:
        """Run a named statement with its parameters."""

    def run_many(self, name: str, rows: Sequence[Values], /) -> None:
        """Run a statement that gives nothing back once per row, in as few steps as possible."""

    def run_each(self, name: str, rows: Sequence[Values], /) -> list[Rows]:
        """Run a statement once per row; the answers in the same order."""

    def ask(self, *questions: Question) -> list[Rows]:
        """Run statements of which none needs the other's answer; the answers in their order."""

    def hold(self, gateways: Collection[str], *, ledger: bool) -> None:
        """Wait until nobody else writes records of these gateways, or to the ledger.

        Called once, before the first statement. What it holds is let go by the commit.
        """
