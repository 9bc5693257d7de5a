"""SQL stays in SQL files: named statements, and numbered migrations per database."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Migration(NamedTuple):
    """One step forward: `version` is what the database has after it."""

    version: int
    name: str
    script: str


@cache
def statements() -> dict[str, str]:
    """Statement name -> SQL with `:name` parameters, from `sql/queries.sql`."""
    text = files(__package__).joinpath("sql/queries.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def migrations(database: str) -> list[Migration]:
    """The steps for `database` (a folder below `sql`), in order and without a gap."""
    folder = files(__package__).joinpath("sql", database)
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    steps = [
        Migration(int(name[:4]), name, folder.joinpath(name).read_text("utf-8")) for name in found
    ]
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        raise RuntimeError(f"migrations of {database} have a gap: {found}")
    return steps
