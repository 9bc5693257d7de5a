"""The thread that keeps the list of open duties near its end, one bridge of all on a store.

A store that never had the list, or another table of rules, is a long way: processes of lower
priority go it, while this one waits for them. Readers go the last steps themselves.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cloud_bridge.metrics import Metrics
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store
from cloud_bridge.upkeep import Upkeep
from packtrail import logs

EVERY_S: Final = 5.0
SAID_EVERY_S: Final = 30.0
TASK: Final = "duties"
JOBS: Final = 1
"""Processes of a running bridge; `packtrail bridge duties rebuild --jobs` takes more."""

log = logs.get("cloud_bridge")


@dataclass(slots=True)
class DutyKeeper:
    """Keeps one store's list.

    Attributes:
        book: the bridge's.
        store: which.
        settings: for processes that open it themselves.
        metrics: told how far it is.
    """

    book: DutyBook
    store: Store
    settings: StoreSettings
    metrics: Metrics
    _said: float = field(default=0.0)
    _told: int = field(default=-1)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        step = partial(self._step, stop)
        Upkeep(TASK, EVERY_S, step, self.store, self._tell).run(stop)

    def _step(self, stop: threading.Event) -> bool:
        if self.book.far_behind(self.store):
            self.book.build(self.store, self.settings, JOBS, stop, self._progress)
        return self.book.advance(self.store, time.time_ns(), 1)

    def _progress(self, done: int, whole: int) -> None:
        self.metrics.duties_behind.set(max(0, self.store.size() - done))
        if time.monotonic() - self._said > SAID_EVERY_S:
            self._said = time.monotonic()
            log.info("duties_progress", lines=done, of=whole)

    def _tell(self) -> None:
        """How far the list is, and whether this bridge brings rules that do not bind."""
        self.metrics.duties_behind.set(self.book.behind(self.store))
        total, late, _ = self.book.counts(self.store, time.time_ns())
        self.metrics.duties.labels("open").set(total)
        self.metrics.duties.labels("overdue").set(late)
        binding = self.book.in_force(self.store)
        differs = self.book.differs(self.store)
        self.metrics.rules_differ.set(differs)
        if binding.adopted.number != self._told:
            self._told = binding.adopted.number
            told = {"name": binding.table.name, "digest": binding.adopted.digest[:16]}
            log.info("rules_in_force", number=binding.adopted.number, **told)
            if differs:
                log.warning("rules_differ", own=self.book.own.name, in_force=binding.table.name)
