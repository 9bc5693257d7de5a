"""Samples of stored chunks, one by one and joined."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from cloud_bridge.store import StoredChunk
from packtrail.columns import decode_columns
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.sample import Floats, SampleBatch


def samples_of(chunk: StoredChunk, names: Collection[str] | None = None) -> SampleBatch:
    """The samples of a stored chunk that count; it decoded when it was judged.

    Args:
        chunk: as it lies in the store.
        names: quantities that are wanted; all of them by default.
    """
    batch = decode_columns(unseal(chunk.data, MAX_RECORD_BYTES).read().body, names)
    low, high = np.searchsorted(batch.t_ns, [chunk.chunk.from_ns, chunk.chunk.to_ns + 1])
    return batch.window(int(low), int(high))


def joined(batches: list[SampleBatch]) -> SampleBatch:
    """One batch in order of time; overlaps of late chunks are sorted in."""
    if not batches:
        return SampleBatch(np.empty(0, np.int64), {})
    t_ns = np.concatenate([batch.t_ns for batch in batches])
    names = dict.fromkeys(name for batch in batches for name in batch.values)
    columns = {name: _column(name, batches) for name in names}
    if not np.all(t_ns[1:] >= t_ns[:-1]):
        order = np.argsort(t_ns, kind="stable")
        t_ns, columns = t_ns[order], {name: one[order] for name, one in columns.items()}
    return SampleBatch(t_ns, columns)


def _column(name: str, batches: list[SampleBatch]) -> Floats:
    """One column over all batches, NaN where a batch has none."""
    found = [batch.values[name] for batch in batches if name in batch.values]
    width = max((column.shape[1] for column in found if column.ndim == 2), default=0)
    return np.concatenate([_piece(batch, name, width) for batch in batches])


def _piece(batch: SampleBatch, name: str, width: int) -> Floats:
    shape = (len(batch), width) if width else (len(batch),)
    column = batch.values.get(name)
    if column is not None and column.shape == shape:
        return column
    piece = np.full(shape, np.nan)
    if column is None or column.ndim != piece.ndim:
        return piece
    if width:
        piece[:, : column.shape[1]] = column
    else:
        piece[:] = column
    return piece
