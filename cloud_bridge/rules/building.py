"""The beginning of a list over a large ledger, in processes of their own.

Windows are judged beside each other and written one after the other, each with how far the list
has come: whoever is killed, or finds that somebody else went on meanwhile, goes on from there. The
bridge's own process waits and writes, so that pages have its interpreter for themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import connection
from typing import Final

from cloud_bridge.errors import BridgeError
from cloud_bridge.rules.judging import Judged, calling, windows
from cloud_bridge.rules.lists import DutyList, lists_of
from cloud_bridge.rules.open_duties import WINDOW, judge, keep, note_reports
from cloud_bridge.rules.table import RuleTable
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Store
from cloud_bridge.store.opening import open_store
from packtrail.language import Text

WORTH: Final = 50_000
"""A shorter way is gone in the bridge's own process."""
AHEAD: Final = 3
"""So many windows per process are under way."""
NICE: Final = 10

Tell = Callable[[int, int], None]
"""Told how many lines of how many are done, after each window."""


@dataclass(frozen=True, slots=True)
class Build:
    """How a list is begun.

    Attributes:
        settings: each process opens the store itself.
        table: the list's.
        jobs: processes.
        now_ns: what happens later is not looked at yet.
        stop: says when to leave off.
        tell: told how far it is.
    """

    settings: StoreSettings
    table: RuleTable
    jobs: int
    now_ns: int
    stop: threading.Event
    tell: Tell = lambda _done, _all: None

    def run(self, store: Store, number: int) -> bool:
        """Take the list to its horizon; False where it was told to stop, or the list is gone.

        Raises:
            BridgeError: somebody killed a process; what was judged before that is kept.
            StoreError: the store does not answer.
        """
        while not note_reports(store, store.size()):
            if self.stop.is_set():
                return False
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.jobs, context, _open, (self.settings, self.table)) as pool:
            try:
                return self._through(store, pool, number)
            except BrokenExecutor as error:
                raise _killed() from error
            finally:
                pool.shutdown(cancel_futures=True)

    def _through(self, store: Store, pool: ProcessPoolExecutor, number: int) -> bool:
        while (now := _now(store, number)) is not None and not self.stop.is_set():
            if now.leaf >= now.horizon - 1:
                return True
            self._from(store, pool, now)
        return False

    def _from(self, store: Store, pool: ProcessPoolExecutor, now: DutyList) -> None:
        """From where the list is as far as nobody else interferes."""
        under_way: deque[tuple[int, int, Future[Judged]]] = deque()
        types = calling(self.table.duty)
        for window in windows(store, types, now.leaf, now.horizon, WINDOW):
            task = pool.submit(_judge, now.list, *window, self.now_ns)
            under_way.append((*window, task))
            if len(under_way) >= AHEAD * self.jobs and not self._write(store, now, under_way):
                return
        while under_way and self._write(store, now, under_way):
            pass

    def _write(
        self, store: Store, now: DutyList, under_way: deque[tuple[int, int, Future[Judged]]]
    ) -> bool:
        after, through, task = under_way.popleft()
        if self.stop.is_set() or not keep(store, now.list, after, through, task.result()):
            for *_, other in under_way:
                other.cancel()
            return False
        self.tell(through + 1, now.horizon)
        return True


def _killed() -> BridgeError:
    return BridgeError(
        Text("a process that judges duties was killed", "判定义务的进程被终止"),
        hint=Text(
            "see whether memory runs short; it is gone on with", "请检查内存是否不足；稍后继续"
        ),
        retryable=True,
    )


def _now(store: Store, number: int) -> DutyList | None:
    return next((one for one in lists_of(store) if one.list == number), None)


_mine: dict[str, tuple[Store, RuleTable]] = {}


def _open(settings: StoreSettings, table: RuleTable) -> None:
    """A process opens the store for itself, and ends when the one that it works for is gone."""
    os.nice(NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _mine["store"] = open_store(settings), table


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _judge(number: int, after: int, through: int, now_ns: int) -> Judged:
    store, table = _mine["store"]
    return judge(store, table, number, after, through, now_ns)
