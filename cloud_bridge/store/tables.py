"""Tables as a whole: what a backup takes along, whichever database they lie in.

Found by asking the database, so that a migration that adds a table needs no line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from graphlib import TopologicalSorter

import msgspec


class Table(msgspec.Struct, frozen=True):
    """A table and its columns, in their order."""

    name: str
    columns: tuple[str, ...]


def in_order(
    found: Mapping[str, Table], needs: Mapping[str, AbstractSet[str]]
) -> tuple[Table, ...]:
    """The tables so that each comes after those that its rows refer to; always the same order.

    Args:
        found: every table by its name.
        needs: name -> tables that it refers to.
    """
    graph = {name: sorted(set(needs.get(name, ())) - {name}) for name in sorted(found)}
    return tuple(found[name] for name in TopologicalSorter(graph).static_order())


def select_all(table: Table) -> str:
    """Every row, in the order of the first column."""
    # Names come from the database's own catalogue, which only our migrations write.
    return f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY 1"  # noqa: S608


def insert_into(table: Table) -> str:
    """With positional parameters."""
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608
