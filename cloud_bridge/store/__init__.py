"""The one store: what the bridge has committed is here, everything else follows from it.

Judged arrivals enter in batches, one transaction each; receipts, packs, facts, chunks and the
ledger's tree leave. `Store` is the contract; `SqliteStore` keeps it in one file, and
`cloud_bridge.store.postgres` in a PostgreSQL database, loaded only where it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloud_bridge.store.contract import Store
    from cloud_bridge.store.sqlite import SqliteStore
    from cloud_bridge.store.values import (
        Arrival,
        Blank,
        Chunk,
        Committed,
        Content,
        Counts,
        Cursor,
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
        TelemetryDay,
    )
    from packtrail.proof.entry import Entry

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
    "TelemetryDay",
]

_ELSEWHERE = {"SqliteStore": "sqlite", "Store": "contract"}
"""A proof in a file is checked without a database, and without loading what belongs to one."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'values')}"), name)
    globals()[name] = found
    return found
