"""The newest samples of packs as plain values, decoded once and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud_bridge.store import Store, StoredChunk
from cloud_bridge.view.batches import samples_of
from packtrail.event import UnitRef
from packtrail.sample import Floats

READINGS_KEPT: Final = 20_000
"""About 3 kB each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest sample of a pack, plain values only.

    Attributes:
        t_ns: UTC of its frames.
        values: quantity -> newest known value; cells and probes as their extremes
            (`cell_voltage_max_v`, `temperature_max_c` and so on).
    """

    t_ns: int
    values: dict[str, float]


class Readings:
    """Reads newest samples from a store. Safe to call from any thread.

    A chunk never changes, so what was read of one is kept under its position.

    Args:
        store: where.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[int, Reading] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, units: Sequence[UnitRef]) -> dict[UnitRef, Reading]:
        """The newest sample of each unit that has any."""
        newest = self._store.newest_samples(units)
        plain = {unit: one.position for unit, one in newest.items() if not one.attributed}
        positions = {unit: position for unit, position in plain.items() if position is not None}
        read = self._at(set(positions.values()))
        found = {unit: read[at] for unit, at in positions.items() if at in read}
        for unit in newest.keys() - plain.keys():
            chunks = self._store.latest_chunks(unit)
            found.update((unit, reading_of(chunk)) for chunk in chunks)
        return found

    def newest(self, unit: UnitRef) -> object:
        """Names the newest chunk of a unit, None without any; it is another when that is."""
        newest = self._store.newest_samples([unit])[unit]
        if not newest.attributed:
            return newest.position
        return next((chunk.address for chunk in self._store.latest_chunks(unit)), None)

    def _at(self, positions: set[int]) -> dict[int, Reading]:
        with self._lock:
            found = {at: self._kept[at] for at in positions & self._kept.keys()}
            for at in found:
                self._kept.move_to_end(at)
        chunks = self._store.chunks_at(positions - found.keys())
        fresh = {at: reading_of(chunk) for at, chunk in chunks.items()}
        with self._lock:
            self._kept |= fresh
            while len(self._kept) > READINGS_KEPT:
                self._kept.popitem(last=False)
        return found | fresh


def reading_of(chunk: StoredChunk) -> Reading:
    """The newest known value of each quantity in a chunk."""
    batch = samples_of(chunk)
    values: dict[str, float] = {}
    for name, column in batch.values.items():
        flat = column.reshape(len(batch), -1)
        known = flat[np.isfinite(flat).any(axis=1)]
        if len(known):
            values |= _plain(name, known[-1], per_pack=column.ndim == 1)
    return Reading(int(batch.t_ns[-1]), values)


def _plain(name: str, row: Floats, *, per_pack: bool) -> dict[str, float]:
    """A value by its name; of many, the extremes under the names of pack quantities."""
    if per_pack:
        return {name: float(row[0])}
    stem, unit = name.rsplit("_", 1)
    return {
        f"{stem}_max_{unit}": float(np.nanmax(row)),
        f"{stem}_min_{unit}": float(np.nanmin(row)),
    }
