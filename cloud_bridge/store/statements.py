"""SQL stays in SQL files: named statements, and numbered migrations per database.

What all databases understand stands once in `sql/queries.sql`; a folder per database holds its
migrations and the few statements that it says in its own words.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_MIGRATION = re.compile(r"\d{4}_\w+\.sql")


class Migration(NamedTuple):
    """One step forward: `version` is what the database has after it."""

    version: int
    name: str
    script: str


@cache
def statements(database: str) -> dict[str, str]:
    """Statement name -> SQL with `:name` parameters, as `database` understands it."""
    folder = files(__package__).joinpath("sql")
    common = _named(folder.joinpath("queries.sql"))
    return common | _named(folder.joinpath(database, "queries.sql"))


def migrations(database: str) -> list[Migration]:
    """The steps for `database` (a folder below `sql`), in order and without a gap."""
    folder = files(__package__).joinpath("sql", database)
    found = sorted(entry.name for entry in folder.iterdir() if _MIGRATION.fullmatch(entry.name))
    steps = [
        Migration(int(name[:4]), name, folder.joinpath(name).read_text("utf-8")) for name in found
    ]
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        raise RuntimeError(f"migrations of {database} have a gap: {found}")
    return steps


def _named(file: Traversable) -> dict[str, str]:
    parts = _NAME.split(file.read_text("utf-8"))[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}
