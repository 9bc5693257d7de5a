"""The bounded queue between the buses and the pipeline."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from gateway.bus.frame import Burst

CAPACITY_FRAMES: Final = 100_000
"""A second of 32 buses as busy as they can be; about 10 MB of columns."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that another thread wants done in the pipeline's thread."""

    action: Callable[[], Any]
    done: Future[Any]


class Mailbox:
    """What the pipeline's thread works off, in order of arrival.

    Bounded by frames: when the pipeline falls so far behind that the mailbox is full, a live
    bus loses the newest burst, which is counted per bus, while a recording waits. Calls are
    always taken.
    """

    def __init__(self, capacity: int = CAPACITY_FRAMES) -> None:
        self._capacity = capacity
        self._items: deque[Burst | Call] = deque()
        self._frames = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def depth(self) -> int:
        """Frames that wait."""
        return self._frames

    def offer(self, burst: Burst) -> bool:
        """Take a burst if there is room for it."""
        with self._changed:
            if self._closed or self._frames + len(burst.frames) > self._capacity:
                return False
            self._take_in(burst)
        return True

    def put(self, burst: Burst) -> None:
        """Take a burst, waiting for room; for recordings, which can wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._frames < self._capacity)
            self._take_in(burst)

    def call(self, action: Callable[[], Any]) -> Future[Any]:
        """Have something done between two bursts."""
        call = Call(action, Future())
        with self._changed:
            if self._closed:
                call.done.cancel()
            else:
                self._items.append(call)
                self._changed.notify_all()
        return call.done

    def take(self, timeout_s: float) -> Burst | Call | None:
        """The next item; None when none came in time."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._items:
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    return None
                self._changed.wait(left)
            item = self._items.popleft()
            if isinstance(item, Burst):
                self._frames -= len(item.frames)
                self._changed.notify_all()
            return item

    def close(self) -> None:
        """Take nothing more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nobody will take anything any more: callers must not wait for ever."""
        with self._changed:
            self._closed = True
            for item in self._items:
                if isinstance(item, Call):
                    item.done.cancel()
            self._items.clear()
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """Closed, and nothing left."""
        with self._changed:
            return self._closed and not self._items

    def _take_in(self, burst: Burst) -> None:
        self._items.append(burst)
        self._frames += len(burst.frames)
        self._changed.notify_all()
