"""The one store: what the bridge has committed is here, everything else follows from it.

Judged arrivals enter in batches, one transaction each; receipts, packs, facts, chunks and the
ledger's tree leave. `Store` is the contract; `SqliteStore` keeps it in one file, and
`cloud_bridge.store.postgres` in a PostgreSQL database, loaded only where it is asked for.
"""

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
