"""The one store: what the bridge has committed is here, everything else follows from it.

Judged arrivals enter in batches, one transaction each; receipts, packs, facts, chunks and the
ledger's tree leave. `Store` is the contract; `SqliteStore` keeps it in one file, and
`cloud_bridge.store.postgres` in a PostgreSQL database, loaded only where it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cloud_bridge.store.values import (
    Arrival,
    Blank,
    Chunk,
    Committed,
    Content,
    Counts,
    Cursor,
    Entry,
    Equivocation,
    Fact,
    GatewayProgress,
    PlaceFact,
    Progress,
    Refused,
    RefusedRecord,
    SlotNow,
    StoredChunk,
    Stranger,
)

if TYPE_CHECKING:
    from cloud_bridge.store.contract import Store
    from cloud_bridge.store.sqlite import SqliteStore

__all__ = [
    "Arrival",
    "Blank",
    "Chunk",
    "Committed",
    "Content",
    "Counts",
    "Cursor",
    "Entry",
    "Equivocation",
    "Fact",
    "GatewayProgress",
    "PlaceFact",
    "Progress",
    "Refused",
    "RefusedRecord",
    "SlotNow",
    "SqliteStore",
    "Store",
    "StoredChunk",
    "Stranger",
]

_LATER = {"SqliteStore": "cloud_bridge.store.sqlite", "Store": "cloud_bridge.store.contract"}
"""A proof in a file is checked without a database, and without loading one."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
