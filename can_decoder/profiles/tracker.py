"""Trackers: frames in, the present state of a pack out.

A tracker remembers the latest valid value of each quantity and when its frame came. It is
fed every frame of a bus and looks only at those that its profile needs. It knows no clock:
ages are counted from the time that the caller gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from can_decoder.frames import FrameBatch, IdFilter
from packtrail.quantities import QUANTITIES
from packtrail.sample import Floats, Sample


@dataclass(slots=True)
class TrackerCounts:
    """What became of the frames.

    Attributes:
        decoded: frames that updated something.
        unknown: frames that the profile does not need.
        invalid: values out of bounds or marked as not available.
        short: frames that lack a signal they should hold.
        checksum: frames refused for their checksum.
        repeated: frames refused because their counter stood still.
        skipped: frames that the counter shows to be missing.
        superseded: frames that a later one of the same burst made up for; not looked at.
    """

    decoded: int = 0
    unknown: int = 0
    invalid: int = 0
    short: int = 0
    checksum: int = 0
    repeated: int = 0
    skipped: int = 0
    superseded: int = 0


class Tracker(Protocol):
    """What the gateway needs of any profile, whatever the bus speaks."""

    counts: TrackerCounts

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes, /) -> None:
        """Take one frame."""
        ...

    def feed_batch(self, batch: FrameBatch, /) -> None:
        """Take the frames of a burst: the state is as if they had been fed one by one."""
        ...

    def snapshot(self, t_ns: int, /) -> Sample:
        """All quantities of the profile as of `t_ns`; NaN for what was never seen."""
        ...

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        """All identifiers that the profile needs, for filters of an adapter."""
        ...


class PackState:
    """Latest value and time of each quantity.

    Args:
        quantities: names that a snapshot holds even when nothing was seen.
    """

    def __init__(self, quantities: Iterable[str]) -> None:
        self._names = tuple(dict.fromkeys(quantities))
        self._values: dict[str, float] = {}
        self._times: dict[str, int] = {}
        self._cells: dict[str, _Cells] = {}

    def put(self, quantity: str, value: float, t_ns: int) -> None:
        """Keep a value of the pack."""
        self._values[quantity] = value
        self._times[quantity] = t_ns

    def put_cell(self, quantity: str, index: int, value: float, t_ns: int) -> None:
        """Keep the value of cell or probe `index`, from 0."""
        cells = self._cells.get(quantity)
        if cells is None:
            cells = self._cells[quantity] = _Cells()
        cells.put(index, value, t_ns)

    def sample(self, t_ns: int) -> Sample:
        """The state as of `t_ns`; the age of an array is that of its oldest cell."""
        values: dict[str, float | Floats] = {}
        ages: dict[str, float] = {}
        for name in self._names:
            if QUANTITIES[name].array:
                cells = self._cells.get(name, _NO_CELLS)
                values[name], seen = cells.values(), cells.oldest_ns
            else:
                values[name] = self._values.get(name, np.nan)
                seen = self._times.get(name)
            ages[name] = np.nan if seen is None else (t_ns - seen) / 1e9
        return Sample(t_ns, values, ages)


class _Cells:
    """Values of cells by place, in an array that grows to the last one that was ever heard."""

    def __init__(self) -> None:
        self._values: Floats = np.full(1, np.nan)
        self._times = np.full(1, _NEVER)

    def put(self, index: int, value: float, t_ns: int) -> None:
        """Keep the value of one cell."""
        if index >= len(self._values):
            more = index + 1 - len(self._values)
            self._values = np.append(self._values, np.full(more, np.nan))
            self._times = np.append(self._times, np.full(more, _NEVER))
        self._values[index] = value
        self._times[index] = t_ns

    def values(self) -> Floats:
        """[n] as they are now, NaN for those never heard; one NaN before any was."""
        return self._values.copy()

    @property
    def oldest_ns(self) -> int | None:
        """Time of the cell that was heard longest ago, among those ever heard."""
        oldest = int(self._times.min())
        return None if oldest == _NEVER else oldest


_NEVER: Final[int] = np.iinfo(np.int64).max
_NO_CELLS: Final = _Cells()


def samples_of(
    tracker: Tracker, frames: FrameBatch | Iterable[FrameBatch], period_s: float
) -> Iterator[Sample]:
    """Samples every `period_s` of frame time; a period without frames gives none.

    A sample at t holds what came up to t. The grid begins at the first frame.
    """
    period_ns = round(period_s * 1e9)
    due = None
    for t_ns, frame_id, extended, data in _in_time(frames):
        due = t_ns if due is None else due
        if t_ns > due:
            yield tracker.snapshot(due)
            due += -(-(t_ns - due) // period_ns) * period_ns
        tracker.feed(t_ns, frame_id, extended, data)
    if due is not None:
        yield tracker.snapshot(due)


def _in_time(
    frames: FrameBatch | Iterable[FrameBatch],
) -> Iterator[tuple[int, int, bool, bytes]]:
    """Frames one by one, each batch sorted by time."""
    for batch in [frames] if isinstance(frames, FrameBatch) else frames:
        order = np.argsort(batch.t_ns, kind="stable")
        rows = zip(
            order.tolist(),
            batch.t_ns[order].tolist(),
            batch.ids[order].tolist(),
            batch.extended[order].tolist(),
            strict=True,
        )
        for row, t_ns, frame_id, extended in rows:
            yield t_ns, frame_id, extended, batch.payload(row)
