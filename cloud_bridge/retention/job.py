"""The rounds of a running bridge: of several on one store, one makes them."""

from __future__ import annotations

import threading
from typing import Final

from cloud_bridge.metrics import Metrics
from cloud_bridge.retention.retiring import TASK, Report, Retention
from cloud_bridge.store import Store
from packtrail import logs
from packtrail.errors import PacktrailError

FIRST_S: Final = 60.0
"""A bridge that has just started has other things to do."""
AGAIN_S: Final = 600.0
"""After a fault, or while another bridge leads."""

log = logs.get("cloud_bridge.retention")


class Rounds:
    """Runs `Retention` again and again.

    Args:
        retention: what may go and goes.
        store: says who leads.
        metrics: counts.
        every_s: from one round to the next, seconds.
        first_s: until the first one.
    """

    def __init__(
        self,
        retention: Retention,
        store: Store,
        metrics: Metrics,
        every_s: float,
        first_s: float = FIRST_S,
    ) -> None:
        self._retention, self._store, self._metrics = retention, store, metrics
        self._every_s, self._first_s = every_s, first_s

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a store that does not answer is asked again."""
        pause_s = self._first_s
        while not stop.wait(pause_s):
            try:
                pause_s = self._round(stop)
            except PacktrailError as error:
                log.warning("retention_waits", error=error.describe("en"))
                pause_s = AGAIN_S
            except Exception:
                # A mistake of our own: the ingest goes on, and whoever reads the log learns of it.
                log.exception("retention_failed")
                pause_s = AGAIN_S

    def _round(self, stop: threading.Event) -> float:
        if not self._store.lead(TASK):
            return min(AGAIN_S, self._every_s)
        report = self._retention.run(stop, apply=True)
        self._tell(report)
        return self._every_s

    def _tell(self, report: Report) -> None:
        self._metrics.retired.labels("chunk").inc(report.chunks)
        self._metrics.retired.labels("byte").inc(report.size_bytes)
        told = {"packs": report.touched, "chunks": report.chunks, "bytes": report.size_bytes}
        log.info("telemetry_retired", statements=report.statements, **told)
        for fault in report.faults:
            log.warning("not_retired", fault=fault)
