"""Close-ups: everything that was on the bus from 30 s before an alarm to 30 s after it.

The frames themselves go to a candump log on the gateway's disk, which any tool can read again
with a better database. Samples at 20 Hz made of them travel like other telemetry, beside the
second-by-second ones of the same time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from can_decoder import FrameBatch
from gateway.pipeline.ring import joined
from gateway.pipeline.sampling import Grid
from gateway.pipeline.tracking import Listener
from packtrail import logs
from packtrail.sample import Sample
from packtrail.times import NS_PER_S, format_time

AFTER_NS: Final = 30 * NS_PER_S
SAMPLE_NS: Final = NS_PER_S // 20
MOST_FILES: Final = 50
MOST_BYTES: Final = 500_000_000
"""Of all close-ups together; the oldest make room."""


@dataclass(slots=True)
class CloseUp:
    """One alarm's frames while they are collected.

    Attributes:
        alarm_ns: when the alarm began.
        kind: of the alarm.
        batches: frames so far.
    """

    alarm_ns: int
    kind: str
    batches: list[FrameBatch] = field(default_factory=list)

    def is_over(self, t_ns: int) -> bool:
        """Whether enough was seen after the alarm, or time ran backwards."""
        return t_ns > self.alarm_ns + AFTER_NS or t_ns < self.alarm_ns

    def samples(self, listener: Listener) -> Iterator[Sample]:
        """Samples at 20 Hz.

        Args:
            listener: a fresh one; it learns the pack from the frames alone.
        """
        frames, grid = joined(self.batches), Grid(SAMPLE_NS)
        start = 0
        while start < len(frames):
            stop = _next_moment(frames.t_ns, start, grid)
            listener.feed(frames.select(slice(start, stop)))
            t_ns = int(frames.t_ns[stop - 1])
            grid.step(t_ns)
            if listener.decoded:
                yield listener.snapshot(t_ns)
            start = stop


def _next_moment(t_ns: NDArray[np.int64], start: int, grid: Grid) -> int:
    """The row behind the first one that is due."""
    if grid.last_ns is None:
        return start + 1
    due = np.flatnonzero((t_ns[start:] >= grid.next_ns) | (t_ns[start:] < grid.last_ns))
    return start + int(due[0]) + 1 if len(due) else len(t_ns)


PutSamples = Callable[[Iterator[Sample]], None]


class CloseUpShelf:
    """Works close-ups off in a thread of its own, one at a time.

    Args:
        folder: where the candump logs go; made when the first comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._desk = ThreadPoolExecutor(1, "closeup")
        self._log = logs.get("gateway.closeup")

    def keep(self, closeup: CloseUp, slot: str, listener: Listener, put: PutSamples) -> None:
        """Send the samples and write the frames, without holding up the caller.

        What the disk refuses is told and costs that file only.
        """

        def work() -> None:
            put(closeup.samples(listener))
            self._write(closeup, slot)

        self._desk.submit(work)

    def finish(self) -> None:
        """Work off what waits; nothing more is taken."""
        self._desk.shutdown()

    def _write(self, closeup: CloseUp, slot: str) -> None:
        moment = re.sub(r"\D", "", format_time(closeup.alarm_ns))[:14]
        place = re.sub(r"[^\w.-]", "_", slot)
        path = self.folder / f"{moment}-{place}-{closeup.kind}.log"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="ascii") as lines:
                for batch in closeup.batches:
                    lines.writelines(candump_lines(batch, "can0"))
            self._make_room()
        except OSError as error:
            self._log.warning("closeup_not_written", path=str(path), why=str(error))

    def _make_room(self) -> None:
        files = sorted(self.folder.glob("*.log"))
        sizes = {path: path.stat().st_size for path in files}
        while files and (len(files) > MOST_FILES or sum(sizes[p] for p in files) > MOST_BYTES):
            files.pop(0).unlink()


def candump_lines(batch: FrameBatch, channel: str) -> Iterator[str]:
    """Frames as `candump -l` writes them; FD frames with their mark."""
    columns = zip(
        batch.t_ns.tolist(),
        batch.ids.tolist(),
        batch.extended.tolist(),
        batch.payloads(),
        strict=True,
    )
    for t_ns, frame_id, extended, data in columns:
        name = f"{frame_id:08X}" if extended else f"{frame_id:03X}"
        mark = "##0" if len(data) > 8 else "#"
        moment = f"{t_ns // NS_PER_S}.{t_ns % NS_PER_S // 1000:06d}"
        yield f"({moment}) {channel} {name}{mark}{data.hex().upper()}\n"
