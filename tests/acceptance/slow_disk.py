"""Runs a module of ours on a disk that takes its time, so that a kill finds commits under way.

    python -m tests.acceptance.slow_disk MODULE ARGUMENTS...

On a fast disk a commit takes a millisecond, and a program that answers before it has committed
would hardly ever be caught in between.
"""

from __future__ import annotations

import runpy
import sqlite3
import sys
import time
from functools import partial
from typing import Any

COMMIT_S = 0.15


class SlowConnection(sqlite3.Connection):
    """A connection whose commits take as long as on a worn card."""

    def commit(self) -> None:
        """Wait, then commit."""
        time.sleep(COMMIT_S)
        super().commit()

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement; a commit waits first."""
        if sql == "COMMIT":
            time.sleep(COMMIT_S)
        return super().execute(sql, *values)


if __name__ == "__main__":
    sqlite3.connect = partial(sqlite3.connect, factory=SlowConnection)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__")
