"""Readers go first: what works in the background steps aside while somebody waits for an answer.

All threads share one interpreter. A projection that has a million lines to catch up with would
hold it for milliseconds at each of the dozens of moments in which an answer needs it again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

GiveWay = Callable[[], None]
"""Called after each piece of long work, in the thread that did it."""

SHARE: Final = 4.0
"""Under readers who never cease, a fifth of the time is left to work in the background."""
LONGEST_S: Final = 1.0
QUIET_S: Final = 0.05
"""Who has just had an answer often asks again."""
LOOK_S: Final = 0.01


class RightOfWay:
    """Knows whether anybody waits. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker = threading.local()
        self._waiting = 0
        self._left_s = -QUIET_S

    def enter(self) -> None:
        """Somebody waits for an answer from now on."""
        with self._lock:
            self._waiting += 1

    def leave(self) -> None:
        """One of them has it."""
        with self._lock:
            self._waiting -= 1
            self._left_s = time.monotonic()

    @property
    def free(self) -> bool:
        """Whether nobody waits, and nobody has for a moment."""
        return not self._waiting and time.monotonic() - self._left_s >= QUIET_S

    def give(self) -> None:
        """Wait while somebody waits for an answer, for so long as this thread's work may cost.

        Its work is the processor time that it has had since it was last here.
        """
        had_s: float = getattr(self._worker, "had_s", 0.0)
        worked_s = time.thread_time() - had_s
        self._stand_aside(min(SHARE * worked_s, LONGEST_S))
        self._worker.had_s = time.thread_time()

    def _stand_aside(self, most_s: float) -> None:
        until_s = time.monotonic() + most_s
        while not self.free and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(LOOK_S, left_s))


def go_on() -> None:
    """Give way to nobody: where no readers are."""
