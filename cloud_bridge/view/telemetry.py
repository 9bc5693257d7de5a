"""A pack's telemetry in pages of chunks, each chunk once, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from cloud_bridge.store import Store, StoredChunk
from cloud_bridge.view.batches import joined, samples_of
from packtrail.columns import widths
from packtrail.event import UnitRef
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.sample import SampleBatch

SPARE: Final = (16, 256, 4096)
"""So many more than needed are read, one after the other: chunks that end as a page's last did."""


class Span(NamedTuple):
    """From when to when, both included, UTC ns."""

    from_ns: int
    to_ns: int


class Mark(NamedTuple):
    """The last chunk of a page: when what counts of it ends, and its record."""

    to_ns: int
    gateway: str
    epoch: str
    seq: int


def chunk_page(
    store: Store, unit: UnitRef, span: Span, after: Mark | None, limit: int
) -> tuple[list[StoredChunk], Mark | None]:
    """At most `limit` chunks that overlap the span, in the store's order, after a mark.

    Chunks follow each other by their ends; two gateways' may overlap, so that a page can begin
    with samples that lie before the last of the page before it. Each comes once all the same.

    Returns:
        The chunks, and the mark of the next page or None at the end.
    """
    found = _after(store, unit, span, after, limit + 1)
    page = found[:limit]
    following = _mark(page[-1]) if len(found) > limit else None
    return [chunk for chunk in page if chunk.data], following  # retention empties, and keeps


def samples_within(chunks: list[StoredChunk], span: Span) -> SampleBatch:
    """Their samples of the span, in order of time."""
    batch = joined([samples_of(chunk) for chunk in chunks])
    low, high = np.searchsorted(batch.t_ns, [span.from_ns, span.to_ns + 1])
    return batch.window(int(low), int(high))


def chunk_pages(store: Store, unit: UnitRef, span: Span, limit: int) -> Iterator[list[StoredChunk]]:
    """Every page of a span, as it is asked for."""
    mark: Mark | None = None
    while True:
        page, mark = chunk_page(store, unit, span, mark, limit)
        yield page
        if mark is None:
            return


def quantities_of(chunks: list[StoredChunk]) -> dict[str, int]:
    """Every quantity in chunks, with how many cells or probes; 0 for one value per pack."""
    found: dict[str, int] = {}
    for chunk in chunks:
        body = unseal(chunk.data, MAX_RECORD_BYTES).read().body
        for name, width in widths(body).items():
            found[name] = max(width, found.get(name, 0))
    return found


def kept_span(store: Store, unit: UnitRef, span: Span) -> Span | None:
    """What is kept within a span, from the first chunk to the last; None for nothing."""
    first, newest = store.chunks_of(unit, *span, 1), store.latest_chunks(unit)
    if not first or not newest:
        return None
    low = max(span.from_ns, first[0].chunk.from_ns)
    return Span(low, max(low, min(span.to_ns, newest[0].chunk.to_ns)))


def _after(
    store: Store, unit: UnitRef, span: Span, after: Mark | None, wanted: int
) -> list[StoredChunk]:
    """What follows the mark; all that ends as its chunk did is read once more, to find it."""
    if after is None:
        return store.chunks_of(unit, *span, wanted)
    low, rest = max(span.from_ns, after.to_ns), []
    for spare in SPARE:
        read = store.chunks_of(unit, low, span.to_ns, wanted + spare)
        names = [tuple(chunk.address) for chunk in read]
        if after[1:] in names:
            rest = read[names.index(after[1:]) + 1 :]
        else:  # its chunk is gone: what ends later, or has the higher name, is what follows
            rest = [chunk for chunk in read if _mark(chunk) > after]
        if len(rest) >= wanted or len(read) < wanted + spare:
            break
    return rest


def _mark(chunk: StoredChunk) -> Mark:
    return Mark(chunk.chunk.to_ns, *chunk.address)
