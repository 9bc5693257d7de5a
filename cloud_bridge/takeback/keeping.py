"""The thread that keeps the statistics of take-back near the ledger's end."""

from __future__ import annotations

import threading
import time
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import Store
from cloud_bridge.takeback.tally import Tally
from packtrail import logs

EVERY_S: Final = 5.0
TASK: Final = "takeback"

log = logs.get("cloud_bridge")


def keep(store: Store, metrics: Metrics, stop: threading.Event) -> None:
    """Until `stop` is set; one bridge of all on a store does it."""
    tally, pause_s = Tally(store), 0.1
    while not stop.wait(pause_s):
        begin, done = time.monotonic(), True
        try:
            if store.lead(TASK):
                done = tally.advance(1)
            metrics.takeback_behind.set(tally.behind())
        except BridgeError as error:
            log.error("takeback_failed", error=error.describe("en"))  # noqa: TRY400 - one line
        # A way to go leaves four fifths of the time to whoever waits for an answer.
        pause_s = EVERY_S if done else 4 * (time.monotonic() - begin)
