"""The last half minute of a slot's frames, so that an alarm can be seen from before it began."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder import FrameBatch
from packtrail.times import NS_PER_S

SPAN_NS: Final = 30 * NS_PER_S
MOST_BYTES: Final = 3_000_000
"""Per slot: 30 s of 4,000 classic frames a second."""
BYTES_PER_FRAME: Final = 15
"""Identifier, flags, time and length, beside the payload."""


class Ring:
    """Bursts of the last 30 s of the frames' own time, the oldest falling out."""

    def __init__(self, span_ns: int = SPAN_NS, most_bytes: int = MOST_BYTES) -> None:
        self._span_ns, self._most_bytes = span_ns, most_bytes
        self._bursts: deque[FrameBatch] = deque()
        self._bytes = 0

    def add(self, batch: FrameBatch) -> None:
        """Take the newest frames; time that runs backwards begins anew."""
        if not len(batch):
            return
        newest = int(batch.t_ns[-1])
        if self._bursts and newest < int(self._bursts[-1].t_ns[-1]):
            self.clear()
        self._bursts.append(batch)
        self._bytes += _size(batch)
        while self._bursts and self._is_too_much(newest):
            self._bytes -= _size(self._bursts.popleft())

    def _is_too_much(self, newest_ns: int) -> bool:
        is_old = newest_ns - int(self._bursts[0].t_ns[-1]) > self._span_ns
        return is_old or self._bytes > self._most_bytes

    def frames(self) -> list[FrameBatch]:
        """What is remembered, in order."""
        return list(self._bursts)

    def clear(self) -> None:
        """Another pack."""
        self._bursts.clear()
        self._bytes = 0


def _size(batch: FrameBatch) -> int:
    return len(batch) * (BYTES_PER_FRAME + int(batch.data.shape[1]))


def joined(batches: list[FrameBatch]) -> FrameBatch:
    """Bursts as one batch, in order of arrival."""
    if not batches:
        return FrameBatch.empty()
    if len(batches) == 1:
        return batches[0]
    width = max(batch.data.shape[1] for batch in batches)
    rows = [_widened(batch.data, width) for batch in batches]
    return FrameBatch(
        ids=np.concatenate([b.ids for b in batches]),
        extended=np.concatenate([b.extended for b in batches]),
        t_ns=np.concatenate([b.t_ns for b in batches]),
        data=np.concatenate(rows),
        length=np.concatenate([b.length for b in batches]),
        channel=np.concatenate([b.channel for b in batches]),
    )


def _widened(data: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return np.pad(data, ((0, 0), (0, width - data.shape[1]))) if data.shape[1] < width else data
