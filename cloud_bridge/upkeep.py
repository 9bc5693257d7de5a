"""What is kept behind the ledger for those who ask: a step at a time, by one bridge of a store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.store import Store
from packtrail import logs

FIRST_S: Final = 0.1
SHARE: Final = 4.0
"""A long way to go leaves four fifths of the time to whoever waits for an answer."""

log = logs.get("cloud_bridge")


def _nothing() -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One thing that is kept.

    Attributes:
        name: of the task, of which one bridge of all on a store has the lead, and in the log.
        every_s: how often it is looked after while there is little to do, seconds.
        step: does a portion; whether nothing is left.
        store: where.
        tell: called after each step, on every bridge.
    """

    name: str
    every_s: float
    step: Callable[[], bool]
    store: Store
    tell: Callable[[], None] = _nothing

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; a fault is logged, and tried again later."""
        pause_s = FIRST_S
        while not stop.wait(pause_s):
            begin, done = time.monotonic(), True
            try:
                if self.store.lead(self.name):
                    done = self.step()
                self.tell()
            except BridgeError as error:
                told = error.describe("en")
                log.error("upkeep_failed", task=self.name, error=told)  # noqa: TRY400 - one line
            pause_s = self.every_s if done else SHARE * (time.monotonic() - begin)
