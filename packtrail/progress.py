"""A bar with rate and remaining time for whatever takes more than two seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text as Styled

from packtrail.language import Text

PATIENCE_S: Final = 2.0


@contextmanager
def watched(what: Text, total: float, unit: Text) -> Iterator[Callable[[float], None]]:
    """A function to be told of progress; the bar appears after two seconds on a terminal.

    Args:
        what: is under way.
        total: units in all.
        unit: what is counted.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        _Rate(unit.say()),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task(what.say(), total=total, visible=False)

    def advance(more: float) -> None:
        bar.advance(task, more)
        elapsed = bar.tasks[0].elapsed or 0.0
        if elapsed > PATIENCE_S and not bar.tasks[0].visible:
            bar.update(task, visible=True)

    with bar:
        yield advance


class _Rate(ProgressColumn):
    """Units a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Styled:
        """The present rate."""
        speed = task.finished_speed or task.speed
        return Styled("" if speed is None else f"{speed:,.0f} {self._unit}/s")
