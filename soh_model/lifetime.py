"""Many sessions of one pack to one answer: fused health, use, and what lies ahead.

Batches of samples in order of time and the pack's type enter; the fused estimate, the life, the
counters and the prognosis leave. A file of weeks is cut where nothing was sampled for half a day.
Cycles are those of a stated use per year, or else those that the samples show: what a pack did
between them is not in them, so that the cycles left are then counted in the same partial measure.
Cells that are numbered otherwise in a later session are followed (`cell_order`), so that what is
said of one cell names it as the last session does; where they cannot be followed, no cell of an
earlier session is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from packtrail.estimate import Estimate, Interval, Verdict
from packtrail.sample import SampleBatch
from soh_model.cell_history import CellHistory
from soh_model.cell_order import CellOrder
from soh_model.cell_outliers import CellOutliers, cell_figures
from soh_model.energy import with_soh
from soh_model.estimating import estimate
from soh_model.pack_life import NS_PER_YEAR, SHARED, PackLife
from soh_model.pack_spec import PackSpec
from soh_model.prognosis import Prognosis, Trend
from soh_model.use_counters import UseCounters

APART_NS: Final = 12 * 3600 * 10**9
DISTANCES: Final = (50.0, 100.0, 200.0)


class LifeReading(msgspec.Struct, frozen=True):
    """One session that could tell: full cycles until then, and what it found."""

    cycles: float
    soh: Interval


class Lifetime(msgspec.Struct, frozen=True, kw_only=True):
    """What some sessions together say of a pack.

    Attributes:
        estimate: fused over all sessions; that of the last one where none could tell.
        sessions: sessions given.
        told: of these, could tell.
        life: what the fusion knows.
        counters: use within the samples.
        prognosis: None for less than three sessions that could tell.
        cycles_per_year: use that the cycles rest on; None where they were counted in the samples.
        readings: of the mean cell, one for each session that could tell, in order.
        outliers: the cells that discharge themselves most and resist most.
        cell_order: whether the cells were numbered alike throughout.
    """

    estimate: Estimate
    sessions: int
    told: int
    life: PackLife
    counters: UseCounters
    prognosis: Prognosis | None
    cycles_per_year: float | None = None
    readings: tuple[LifeReading, ...] = ()
    outliers: CellOutliers = CellOutliers()
    cell_order: CellOrder = CellOrder()


def sessions_of(batch: SampleBatch) -> Iterator[SampleBatch]:
    """The batch cut where nothing was sampled for half a day."""
    cuts = np.flatnonzero(np.diff(batch.t_ns) > APART_NS) + 1
    edges = [0, *cuts.tolist(), len(batch)]
    for start, stop in pairwise(edges):
        yield batch.window(start, stop)


def lifetime(
    sessions: Iterable[SampleBatch],
    spec: PackSpec,
    *,
    end: float = 0.7,
    cycles_per_year: float | None = None,
) -> Lifetime:
    """Estimate every session and fuse them.

    Args:
        sessions: at least one, in order of time.
        spec: the pack's type.
        end: SoH of the mean cell at which life ends.
        cycles_per_year: equivalent full cycles of a usual year, if known.
    """
    gathering = Gathering(spec, cycles_per_year)
    for batch in sessions:
        gathering.take(batch)
    return gathering.lifetime(end)


def trend_of(readings: Iterable[LifeReading], shared: float) -> Trend:
    """The trend of a life.

    Args:
        readings: in order.
        shared: standard error that all have in common; see `PackLife`.
    """
    trend, own = Trend(shared), float(np.sqrt(1 - SHARED**2))
    for reading in readings:
        trend.take(reading.cycles, reading.soh.value, own * reading.soh.width / 3.92)
    return trend


class Gathering:
    """Sessions taken in one by one, so that only one has to be held.

    Args:
        spec: the pack's type.
        cycles_per_year: see `lifetime`.
    """

    def __init__(self, spec: PackSpec, cycles_per_year: float | None = None) -> None:
        self.life, self.counters = PackLife(), UseCounters()
        self.sessions = self.told = self._first_ns = 0
        self.answer: Estimate | None = None
        self._cells = CellHistory()
        self._spec, self._per_year = spec, cycles_per_year
        self._readings: list[LifeReading] = []

    def take(self, batch: SampleBatch) -> Estimate:
        """One more session, later than those before; its own estimate."""
        self._follow_cells(batch)
        found = estimate(batch, self._spec)
        self.life = self.life.with_estimate(found)
        self.counters = self.counters.with_session(batch)
        self.sessions += 1
        if found.verdict is Verdict.TOLD and found.soh is not None:
            self.told += 1
            self._readings.append(LifeReading(self._cycles(found), found.soh))
        if self.answer is None or found.verdict is Verdict.TOLD:
            self.answer = found
        return found

    def _follow_cells(self, batch: SampleBatch) -> None:
        """Name the cells of the sessions so far as this one does, and take in its own."""
        match = self._cells.take(cell_figures(batch, self._spec))
        if match is not None and self.answer is not None:
            weakest = match.followed(self.answer.weakest_cell)
            self.answer = msgspec.structs.replace(self.answer, weakest_cell=weakest)

    @property
    def outliers(self) -> CellOutliers:
        """The cells that discharge themselves most and resist most, of all sessions so far."""
        return self._cells.outliers

    @property
    def cell_order(self) -> CellOrder:
        """Whether the sessions so far number the cells alike."""
        return self._cells.cell_order

    def fused(self) -> Estimate | None:
        """The last session's estimate, its mean cell replaced by what all sessions say."""
        if self.answer is None or not self.told:
            return self.answer
        moved = with_soh(self.answer, self.life.soh())
        return msgspec.structs.replace(moved, method=f"{moved.method}+life/1")

    def prognosis(self, end: float) -> Prognosis | None:
        """What lies ahead; readings share a part of their error, which no number of them cures."""
        return trend_of(self._readings, self.life.shared).prognosis(DISTANCES, end)

    def lifetime(self, end: float) -> Lifetime:
        """Everything together; there must have been a session."""
        answer = self.fused()
        assert answer is not None
        return Lifetime(
            estimate=answer,
            sessions=self.sessions,
            told=self.told,
            life=self.life,
            counters=self.counters,
            prognosis=self.prognosis(end),
            cycles_per_year=self._per_year,
            readings=tuple(self._readings),
            outliers=self.outliers,
            cell_order=self.cell_order,
        )

    def _cycles(self, found: Estimate) -> float:
        if self._per_year is None:
            return self.counters.equivalent_cycles(self._spec)
        self._first_ns = self._first_ns or found.to_ns
        return self._per_year * (found.to_ns - self._first_ns) / NS_PER_YEAR
