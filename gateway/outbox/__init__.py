"""The outbox: records wait here, on disk, until the bridge's receipt says that they are stored.

Enter drafts, leave sealed records; only a receipt takes one out. What can go wrong is the
disk: a full one costs the oldest telemetry, which the digital ID is told, never an event.
"""

from gateway.outbox.door import (
    Counters,
    Draft,
    Fact,
    Held,
    Outbox,
    Settled,
    Telemetry,
    Waiting,
)
from gateway.outbox.writer import OutboxOptions, SqliteOutbox

__all__ = [
    "Counters",
    "Draft",
    "Fact",
    "Held",
    "Outbox",
    "OutboxOptions",
    "Settled",
    "SqliteOutbox",
    "Telemetry",
    "Waiting",
]
