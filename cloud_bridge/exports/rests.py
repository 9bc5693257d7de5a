"""Rests of a unit, gathered from its telemetry chunk by chunk: what it loses while nothing flows.

A chunk counts as resting while no current above the estimator's own bound flows; its means stand
for it. A rest ends with current, with a silence of more than an hour, or where the voltage is
another after a silence: something happened that nobody saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from packtrail.sample import SampleBatch
from packtrail.times import NS_PER_S
from soh_model import PackSpec
from soh_model.chemistry import fresh_cell
from soh_model.idle_loss import SHORTEST_S, IdleLoss, idle_loss
from soh_model.session import IDLE_PER_RATED

LONGEST_SILENCE_S: Final = 3600.0
SAME_CELL_V: Final = 0.005


@dataclass(frozen=True, slots=True)
class Rested:
    """What a rest told: the loss, from when to when it was, UTC ns."""

    loss: IdleLoss
    from_ns: int
    to_ns: int


@dataclass(slots=True)
class Rests:
    """Watches batches go by, oldest first.

    Attributes:
        spec: the unit's type; without it nothing is gathered.
        told: newest rest that tells the loss, or None.
    """

    spec: PackSpec | None
    told: Rested | None = None
    _points: list[tuple[float, float, float]] = field(default_factory=list)
    _first_ns: int = 0
    _last_ns: int = 0

    def watching(self, batches: Iterable[SampleBatch]) -> Iterator[SampleBatch]:
        """The same batches, looked at."""
        for batch in batches:
            self._add(batch)
            yield batch
        self._end()

    def _add(self, batch: SampleBatch) -> None:
        point = self._point(batch)
        if point is None:
            self._end()
            return
        begin, end = int(batch.t_ns[0]), int(batch.t_ns[-1])
        if self._points and not self._goes_on(begin, point[0]):
            self._end()
        if not self._points:
            self._first_ns = begin
        at = (begin + end) / 2 - self._first_ns
        self._points.append((at / NS_PER_S, *point))
        self._last_ns = end

    def _goes_on(self, begin_ns: int, volts: float) -> bool:
        silence_s = (begin_ns - self._last_ns) / NS_PER_S
        return (
            0 <= silence_s <= LONGEST_SILENCE_S and abs(volts - self._points[-1][1]) <= SAME_CELL_V
        )

    def _point(self, batch: SampleBatch) -> tuple[float, float] | None:
        """Mean cell voltage and temperature of a chunk at rest; None for any other."""
        volts, current = batch.values.get("pack_voltage_v"), batch.values.get("pack_current_a")
        if self.spec is None or volts is None or current is None or not len(batch):
            return None
        if not (np.abs(current) < IDLE_PER_RATED * self.spec.rated_ah).all():
            return None  # an unknown current is no rest either
        if not np.isfinite(volts).any():
            return None
        warmth = batch.values.get("temperature_c")
        known = warmth[np.isfinite(warmth)] if warmth is not None else np.empty(0)
        mean_c = float(known.mean()) if len(known) else float("nan")
        return float(np.nanmean(volts)) / self.spec.cells_in_series, mean_c

    def _end(self) -> None:
        points, self._points = self._points, []
        if self.spec is None or not points or points[-1][0] < SHORTEST_S:
            return
        fresh = fresh_cell(self.spec)
        if fresh is None:
            return
        t_s, volts, warmth = np.array(points).T
        loss = idle_loss(t_s, volts, warmth, fresh)
        if loss is not None:
            self.told = Rested(loss, self._first_ns, self._last_ns)
