"""What is kept of simulated days and weeks, and means over the cells of a pack."""

from __future__ import annotations

import numpy as np

from simulators.arithmetic import Floats, sum_of_rows
from simulators.cells import CellBank, open_circuit_v
from simulators.ensemble.block import BlockState, Trace
from simulators.ensemble.wear import Use


class Today:
    """What is kept of a day; [packs], of the mean cell where cells differ."""

    def __init__(self, state: BlockState, soc: Floats) -> None:
        self.moved_ah = np.zeros(soc.shape[1])
        self.charged_kwh, self.asked, self.given = (self.moved_ah.copy() for _ in range(3))
        self.lowest_soc, self.highest_soc = soc[0].copy(), soc[0].copy()
        self.coldest_c = state.temperature_c.min(axis=0)
        self.hottest_c = state.temperature_c.max(axis=0)

    def add(self, moved_ah: Floats, charged_kwh: Floats, soc: Floats, state: BlockState) -> None:
        """An hour."""
        self.moved_ah += moved_ah
        self.charged_kwh += charged_kwh
        self.lowest_soc = np.minimum(self.lowest_soc, soc[0])
        self.highest_soc = np.maximum(self.highest_soc, soc[0])
        self.coldest_c = np.minimum(self.coldest_c, state.temperature_c.min(axis=0))
        self.hottest_c = np.maximum(self.hottest_c, state.temperature_c.max(axis=0))

    def short(self, asked: Floats, given: Floats) -> None:
        """What driving asked for and what it got."""
        self.asked += asked
        self.given += given


def weighted(values: Floats, weight: Floats) -> Floats:
    """Mean over the cells of each pack, row by row, [packs]."""
    total = values[0] * weight[0]
    for row, share in zip(values[1:], weight[1:].tolist(), strict=True):
        total = total + row * share
    return np.asarray(total / float(weight.sum()))


class Week:
    """What ageing needs to know of the days since it was last applied.

    Args:
        rated_ah: capacities on the labels, [cells, packs].
        since_day: when it begins.
    """

    def __init__(self, rated_ah: Floats, since_day: int) -> None:
        self.since_day = since_day
        self.depth = np.zeros(rated_ah.shape[1])
        self._rated_ah = rated_ah[0]
        self._hours = 0.0
        self._warmth, self._charge, self._open_v = (np.zeros_like(rated_ah) for _ in range(3))
        self._moved_ah, self._flowing_h = np.zeros_like(self.depth), np.zeros_like(self.depth)

    def add(self, bank: CellBank, state: BlockState, soc: Floats, trace: Trace, h: float) -> Floats:
        """An hour in steps of `h` hours; returns the charge that moved, Ah [packs]."""
        size = np.abs(trace.current_a)
        moved_ah = sum_of_rows(size) * h
        self._moved_ah += moved_ah
        self._flowing_h += sum_of_rows((size > 0.0).astype(np.float64)) * h
        self._warmth += state.temperature_c
        self._charge += soc
        self._open_v += open_circuit_v(bank, state.lithium_ah)
        self._hours += 1.0
        return moved_ah

    def use(self, until_day: int) -> Use:
        """The days as use of the cells."""
        days = until_day - self.since_day
        return Use(
            days=days,
            temperature_c=self._warmth / self._hours,
            soc=self._charge / self._hours,
            open_v=self._open_v / self._hours,
            depth=self.depth / days,
            cycles=self._moved_ah / (2.0 * self._rated_ah),
            rate=self._moved_ah / np.maximum(self._flowing_h, 1e-9) / self._rated_ah,
        )
