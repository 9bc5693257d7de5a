"""What a pack's telemetry says at the gates: cells that leak or resist, and insulation.

The same code as `packtrail triage` and `packtrail fleet triage` use, a UTC day at a time: the
chunks of a day are read once, reduced to a few figures (`soh_model.pack_measurement`), and only
those are kept, in this process. Bounded whatever a pack has behind it: the newest `MOST_CHUNKS`
chunks of the last `MOST_DAYS` days, `PIECE` samples at a time, and no more chunks at one asking
than the asker allows; days that had to wait are counted, and read at the next asking.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import numpy as np

from cloud_bridge.ledger.days import DAY_NS, name_of
from cloud_bridge.store import Store, StoredChunk, TelemetryDay
from cloud_bridge.view.batches import joined, samples_of
from packtrail.event import UnitRef
from packtrail.sample import SampleBatch
from soh_model import PackSpec
from soh_model.cell_outliers import CellOutliers
from soh_model.pack_measurement import GateReadings, cells_over, gate_readings

MOST_DAYS: Final = 60
MOST_CHUNKS: Final = 6_000
PIECE: Final = 43_200
"""Samples that one session holds at most: half a day of seconds, 35 MB for a hundred cells."""
KEPT_PACKS: Final = 5_000
READ: Final = frozenset(
    {
        "pack_current_a",
        "pack_voltage_v",
        "cell_voltage_v",
        "temperature_c",
        "temperature_max_c",
        "soc_pct",
        "insulation_ohm",
    }
)


class CellEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What of a pack's telemetry the gates were answered from.

    Attributes:
        outliers: the worst cells; indices from 0, as the newest day numbers them.
        insulation_ohm: lowest insulation resistance seen, None if never.
        pack_voltage_v: highest pack voltage seen, None if never.
        from_day: first day that was read, UTC date; "" for none.
        to_day: last one.
        days: how many were read.
        samples: in them.
        waiting: days with telemetry that are not read yet.
    """

    outliers: CellOutliers = CellOutliers()
    insulation_ohm: float | None = None
    pack_voltage_v: float | None = None
    from_day: str = ""
    to_day: str = ""
    days: int = 0
    samples: int = 0
    waiting: int = 0


NOTHING: Final = CellEvidence()


class _Day(NamedTuple):
    stamp: TelemetryDay
    readings: tuple[GateReadings, ...]


@dataclass(slots=True)
class _Pack:
    spec: PackSpec
    waiting: int = 0
    days: dict[int, _Day] = field(default_factory=dict)
    outliers: CellOutliers | None = None
    """Over all days; None until they are put together anew."""


class Measuring:
    """Measures packs as they are asked for, and keeps each day's figures.

    Args:
        store: where telemetry lies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._packs: OrderedDict[UnitRef, _Pack] = OrderedDict()
        self._lock = threading.Lock()
        self._busy = threading.Lock()

    def known(self, unit: UnitRef, after_ns: int = 0) -> CellEvidence:
        """What was found so far, without reading anything."""
        with self._lock:
            pack = self._packs.get(unit)
            return NOTHING if pack is None else _evidence(pack, after_ns)

    def measure(
        self, unit: UnitRef, spec: PackSpec, most_chunks: int, after_ns: int = 0
    ) -> CellEvidence:
        """Read what is new, newest day first; nothing while another question reads.

        Args:
            unit: whose.
            spec: its type; another one than before begins anew.
            most_chunks: to read now; at least one day is read.
            after_ns: insulation counts only from days that begin later, UTC.
        """
        pack = self._begun(unit, spec)
        stamps = self._stamps(unit)
        # One at a time, so that memory is bounded whoever asks at once; others see what is known.
        if self._busy.acquire(blocking=False):
            try:
                self._read(unit, pack, stamps, most_chunks)
            finally:
                self._busy.release()
        with self._lock:
            pack.waiting = len(_unread(pack, stamps))
            for day in pack.days.keys() - stamps.keys():
                del pack.days[day]
                pack.outliers = None
            return _evidence(pack, after_ns)

    def _read(
        self, unit: UnitRef, pack: _Pack, stamps: Mapping[int, TelemetryDay], most_chunks: int
    ) -> None:
        room = most_chunks
        for done, day in enumerate(_unread(pack, stamps)):
            if done and stamps[day].chunks > room:
                return
            room -= stamps[day].chunks
            found = _Day(stamps[day], tuple(self._readings(unit, day, pack.spec)))
            with self._lock:
                pack.days[day], pack.outliers = found, None

    def _stamps(self, unit: UnitRef) -> dict[int, TelemetryDay]:
        """The days that count, each as it lies in the store now."""
        found = self._store.telemetry_days(unit, MOST_CHUNKS)
        if len(found) > 1 and sum(one.chunks for one in found) >= MOST_CHUNKS:
            found = found[:-1]  # the oldest is only there in part
        return {one.day: one for one in found if one.day > found[0].day - MOST_DAYS}

    def _begun(self, unit: UnitRef, spec: PackSpec) -> _Pack:
        with self._lock:
            pack = self._packs.get(unit)
            if pack is None or pack.spec != spec:
                pack = self._packs[unit] = _Pack(spec)
            self._packs.move_to_end(unit)
            while len(self._packs) > KEPT_PACKS:
                self._packs.popitem(last=False)
            return pack

    def _readings(self, unit: UnitRef, day: int, spec: PackSpec) -> Iterator[GateReadings]:
        chunks = self._store.chunks_of(unit, day * DAY_NS, (day + 1) * DAY_NS - 1, MOST_CHUNKS)
        mine = [chunk for chunk in chunks if chunk.chunk.to_ns // DAY_NS == day]
        for batch in _pieces(mine):
            yield gate_readings(batch, spec)


def _unread(pack: _Pack, stamps: Mapping[int, TelemetryDay]) -> list[int]:
    """Days that have more than was read of them, newest first."""
    return [
        day
        for day, stamp in stamps.items()
        if day not in pack.days or pack.days[day].stamp != stamp
    ]


def _pieces(chunks: Sequence[StoredChunk]) -> Iterator[SampleBatch]:
    """Sessions of one day: the whole day where it is no more than `PIECE` samples."""
    size, edges = 0, [0]
    for at, chunk in enumerate(chunks):
        size += chunk.chunk.samples
        if size > PIECE and at > edges[-1]:
            edges.append(at)
            size = chunk.chunk.samples
    for start, stop in pairwise([*edges, len(chunks)]):
        batch = joined([samples_of(chunk, READ) for chunk in chunks[start:stop]])
        if len(batch):
            yield _once(batch)


def _once(batch: SampleBatch) -> SampleBatch:
    """What two gateways saw at the same instant counts once."""
    t_ns, keep = np.unique(batch.t_ns, return_index=True)
    if len(t_ns) == len(batch):
        return batch
    return SampleBatch(t_ns, {name: column[keep] for name, column in batch.values.items()})


def _evidence(pack: _Pack, after_ns: int) -> CellEvidence:
    days = sorted(pack.days)
    read = [one for day in days for one in pack.days[day].readings]
    after = [one for day in days if day * DAY_NS > after_ns for one in pack.days[day].readings]
    if pack.outliers is None:  # following a hundred cells over months of days takes its time
        pack.outliers = cells_over(read).outliers
    return CellEvidence(
        outliers=pack.outliers,
        insulation_ohm=min(_told(one.insulation_ohm for one in after), default=None),
        pack_voltage_v=max(_told(one.pack_voltage_v for one in after), default=None),
        from_day=name_of(days[0]) if days else "",
        to_day=name_of(days[-1]) if days else "",
        days=len(days),
        samples=sum(one.samples for one in read),
        waiting=pack.waiting,
    )


def _told(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
