"""The follower: one thread per projection that carries it along behind the store.

It reads, hands over, and only then moves the cursor; of several bridges on one store, one
carries each projection. A target that is down is asked again after
a growing pause, for ever; the ingest never waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from cloud_bridge.metrics import Metrics
from cloud_bridge.projections.contract import Portion, Projection, TargetError
from cloud_bridge.right_of_way import GiveWay, go_on
from cloud_bridge.store import Cursor, Entry, Store, StoredChunk
from packtrail import logs
from packtrail.errors import PacktrailError
from packtrail.language import Text

CHUNKS: Final = 200
SPANS: Final = 1_000
"""Chunks at a time for who does not look into them."""
ENTRIES: Final = 500
POLL_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
TIDY_S: Final = 300.0

log = logs.get("cloud_bridge.projections")


class Follower:
    """Carries one projection along.

    Args:
        projection: where to.
        store: where from.
        metrics: counts.
        poll_s: how often it looks for more once it is up to date, seconds.
        now: UTC nanoseconds.
        give_way: called after each portion: readers go first.
    """

    def __init__(
        self,
        projection: Projection,
        store: Store,
        metrics: Metrics,
        *,
        poll_s: float = POLL_S,
        now: Callable[[], int] = time.time_ns,
        give_way: GiveWay = go_on,
    ) -> None:
        self._projection = projection
        self._store = store
        self._metrics = metrics
        self._poll_s = poll_s
        self._now = now
        self._give_way = give_way
        self._tidied = 0.0
        self._kept: Cursor | None = None
        self._at: Cursor | None = None
        self._through = 0
        self._unsettled: deque[tuple[float, Cursor]] = deque()
        self.fault: Text | None = None

    @property
    def name(self) -> str:
        """Of the projection."""
        return self._projection.name

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop`; a target that is down is asked again."""
        pause_s = self._poll_s
        while not stop.is_set():
            try:
                pause_s = self._poll_s
                if not self._store.lead(self.name):
                    self._at = None
                elif self.step():
                    self._give_way()
                    continue
                else:
                    self._tidy()
            except PacktrailError as error:
                self._tell(error)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            except Exception as error:
                # A mistake of our own: the ingest goes on, and a person reads of it.
                log.exception("projection_failed", projection=self.name)
                self._tell(TargetError(f"{type(error).__name__}: {error}"))
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            stop.wait(pause_s)
        self._projection.close()

    def step(self) -> bool:
        """Carry one portion; returns whether there was anything.

        Raises:
            TargetError: the target did not take it.
            StoreError: the store does not answer.
        """
        try:
            portion = self._next()
            if portion.telemetry or portion.entries:
                self._projection.take(portion)
        except PacktrailError:
            # A target that went away may have forgotten its newest seconds, whatever it said.
            self._at = None
            self._unsettled.clear()
            raise
        self._at = portion.end
        if portion.end != portion.begin:
            self._unsettled.append((time.monotonic(), portion.end))
        self._settle()
        self._count(portion)
        return portion.end != portion.begin

    def _settle(self) -> None:
        """Move the cursor behind all that the target has had for long enough."""
        settled = None
        while self._unsettled and self._is_settled(self._unsettled[0][0]):
            settled = self._unsettled.popleft()[1]
        if settled is None or self._store.cursor(self.name)[:2] != (self._kept or Cursor())[:2]:
            return
        self._store.move_cursor(self.name, settled, self._now())
        self._kept = settled

    def _is_settled(self, carried_s: float) -> bool:
        return time.monotonic() - carried_s >= self._projection.settle_s

    def _count(self, portion: Portion) -> None:
        carried = self._metrics.projected
        carried.labels(self.name, "chunk").inc(len(portion.chunks))
        carried.labels(self.name, "fact").inc(len(portion.entries))
        self._metrics.behind.labels(self.name).set(self._behind(portion))
        self.fault = None

    def _next(self) -> Portion:
        kept = self._store.cursor(self.name)._replace(moved_ns=0)
        if kept != self._kept:
            # Somebody else moved it: another bridge led, or a person has it made again.
            self._kept, self._at = kept, None
            self._unsettled.clear()
        begin = self._at or kept
        chunks = self._chunks(begin.chunk)
        entries = self._store.entries(begin.leaf, ENTRIES)
        end = Cursor(
            chunks[-1][0] if chunks else begin.chunk, entries[-1].leaf if entries else begin.leaf
        )
        attributed = self._store.chunks_attributed(begin, end) if end != begin else []
        return Portion(begin, end, [chunk for _, chunk in chunks], entries, attributed)

    def _chunks(self, after: int) -> list[tuple[int, StoredChunk]]:
        if after >= self._through:
            # Whoever commits waits for this question: it is asked once for all that is there.
            self._through = self._store.newest_chunk()
        if self._projection.reads_samples:
            return self._store.chunks_after(after, self._through, CHUNKS)
        return self._store.chunk_spans_after(after, self._through, SPANS)

    def _behind(self, portion: Portion) -> float:
        """Seconds from the newest thing carried to its commit; what stands on a dashboard."""
        carried: list[StoredChunk | Entry] = [*portion.chunks[-1:], *portion.entries[-1:]]
        newest_ns = max((one.recorded_ns for one in carried), default=self._now())
        return max(0.0, (self._now() - newest_ns) / 1e9)

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY_S or not self._tidied:
            self._tidied = time.monotonic()
            self._projection.tidy()

    def _tell(self, error: PacktrailError) -> None:
        fault = Text(error.describe("en"), error.describe("zh"))
        if fault != self.fault:
            log.warning("projection_waits", projection=self.name, error=fault.en)
        self.fault = fault
        self._metrics.projection_faults.labels(self.name).inc()


def rebuild(projection: Projection, store: Store, now_ns: int) -> None:
    """Begin a projection anew: its target is emptied and its cursor goes back to zero.

    Raises:
        BridgeError: the target or the store does not answer.
    """
    store.move_cursor(projection.name, Cursor(), now_ns)
    projection.forget()
