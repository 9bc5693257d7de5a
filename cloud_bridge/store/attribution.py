"""Chunks that were sealed for no pack, or for a wrong one, and are known to be a unit's.

A sealed record never changes; which part of it counts for whom is read together with the
ledger's TelemetryAttributed lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from cloud_bridge.store.values import StoredChunk


class Span(NamedTuple):
    """One attribution: chunks of a slot in [from_ns, to_ns] sealed for `old_unit` ("" none)."""

    gateway: str
    slot: str
    old_scheme: str
    old_unit: str
    from_ns: int
    to_ns: int

    def covers(self, stored: StoredChunk) -> bool:
        """Whether it speaks of some of this chunk's samples."""
        chunk = stored.chunk
        sealed_for = (chunk.unit.scheme, chunk.unit.id) if chunk.unit else ("", "")
        return (
            (self.gateway, self.slot) == (stored.address.gateway, chunk.slot)
            and sealed_for == (self.old_scheme, self.old_unit)
            and self.from_ns <= chunk.to_ns
            and chunk.from_ns <= self.to_ns
        )


def clip(stored: StoredChunk, spans: Sequence[Span]) -> StoredChunk:
    """The chunk with its times narrowed to what was attributed; its bytes stay whole."""
    covering = [span for span in spans if span.covers(stored)]
    from_ns = max(stored.chunk.from_ns, min(span.from_ns for span in covering))
    to_ns = min(stored.chunk.to_ns, max(span.to_ns for span in covering))
    return replace(stored, chunk=replace(stored.chunk, from_ns=from_ns, to_ns=to_ns))
