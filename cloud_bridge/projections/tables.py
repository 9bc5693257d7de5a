"""Tables of the lake: samples and facts as Arrow, written whole or not at all."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from cloud_bridge.store import Entry, StoredChunk
from cloud_bridge.view.batches import joined, samples_of
from packtrail.sample import SampleBatch

DAY_NS: Final = 86_400 * 10**9
FACTS: Final = pa.schema(
    [
        ("leaf", pa.int64()),
        ("event_id", pa.string()),
        ("type", pa.string()),
        ("author", pa.string()),
        ("pack", pa.string()),
        ("from_ns", pa.int64()),
        ("to_ns", pa.int64()),
        ("recorded_ns", pa.int64()),
        ("signed", pa.binary()),
    ]
)

Partition = tuple[str, str]
"""Pack and day."""


def day_of(t_ns: int) -> str:
    """The UTC day of a moment, like 2026-04-01."""
    return datetime.fromtimestamp(t_ns // 10**9, UTC).strftime("%Y-%m-%d")


def by_day(chunks: Iterable[StoredChunk]) -> dict[Partition, list[SampleBatch]]:
    """The samples of chunks by pack and day; a chunk over midnight is cut in two.

    Telemetry of a slot whose pack is not known lies under `slot:GATEWAY:SLOT`. A chunk that
    retention has emptied has no samples any more.
    """
    found: dict[Partition, list[SampleBatch]] = defaultdict(list)
    for chunk in chunks:
        if not chunk.data:
            continue
        batch = samples_of(chunk)
        days = batch.t_ns // DAY_NS
        for day in np.unique(days).tolist():
            low, high = np.searchsorted(days, [day, day + 1]).tolist()
            found[_owner(chunk), day_of(day * DAY_NS)].append(batch.window(low, high))
    return found


def telemetry_table(batches: Sequence[SampleBatch]) -> pa.Table:
    """Samples in order of time; "not known" is null, per-cell quantities are lists."""
    batch = joined(list(batches))
    columns: dict[str, pa.Array] = {"t_ns": pa.array(batch.t_ns)}
    for name, values in sorted(batch.values.items()):
        if values.ndim == 1:
            columns[name] = pa.array(values, from_pandas=True)
            continue
        flat = pa.array(values.astype(np.float32).ravel(), from_pandas=True)
        ends = np.arange(len(batch) + 1, dtype=np.int32) * values.shape[1]
        columns[name] = pa.ListArray.from_arrays(pa.array(ends), flat)
    return pa.table(columns)


def facts_table(entries: Sequence[Entry]) -> pa.Table:
    """Ledger lines: what they are about, and their bytes."""
    rows = []
    for entry in entries:
        event = entry.event
        rows.append(
            {
                "leaf": entry.leaf,
                "event_id": entry.event_id,
                "type": event.type,
                "author": event.author,
                "pack": str(event.unit) if event.unit else None,
                "from_ns": event.from_ns,
                "to_ns": event.to_ns,
                "recorded_ns": entry.recorded_ns,
                "signed": entry.data,
            }
        )
    return pa.Table.from_pylist(rows, schema=FACTS)


def unfinished(path: Path) -> Path:
    """Where a file stands until it is whole: hidden, for a reader may take a folder as it is."""
    return path.with_name(f".{path.name}.writing")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table beside its place, sync it, and move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = unfinished(path)
    parquet.write_table(table, beside, compression="zstd")
    _settle(beside, path)


def write_whole(path: Path, data: bytes) -> None:
    """Write bytes beside their place, sync them, and move them there."""
    beside = unfinished(path)
    beside.write_bytes(data)
    _settle(beside, path)


def _owner(chunk: StoredChunk) -> str:
    unit = chunk.chunk.unit
    name = str(unit) if unit else f"slot:{chunk.address.gateway}:{chunk.chunk.slot}"
    return quote(name, safe="")


def _settle(beside: Path, path: Path) -> None:
    handle = os.open(beside, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    beside.replace(path)
