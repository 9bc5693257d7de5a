"""Filling an empty SQLite file: no journal, for a file that fails is thrown away, and indexes last.

In a transaction of its own a store of ten million lines would be written twice, first into the
log; and indexes that grow with every row are read and written all over, the more the larger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

CACHE_KB: Final = 262_144
"""For the indexes that a table cannot be without; names of events come in no order."""
INDEXES: Final = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


@contextmanager
def filling(connection: sqlite3.Connection) -> Iterator[None]:
    """Quick writing inside; nothing of it is certain before the file is synced afterwards."""
    indexes = connection.execute(INDEXES).fetchall()
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")
    try:
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        for _, statement in indexes:
            connection.execute(statement)
    finally:
        for pragma in ("cache_size = -2000", "synchronous = FULL", "journal_mode = WAL"):
            connection.execute(f"PRAGMA {pragma}")
