"""The inbox: deliveries wait here between the broker's thread and the judge's, bounded.

When it is full the broker's thread waits, so that the broker keeps what we cannot take yet.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import NamedTuple


class Delivery(NamedTuple):
    """One message as the broker handed it over.

    Attributes:
        topic: as published.
        data: payload.
        packet: packet identifier to acknowledge.
        session: which connection it came on; an identifier means nothing on another one.
    """

    topic: str
    data: bytes
    packet: int
    session: int


class Inbox:
    """A bounded queue that hands out batches.

    Args:
        capacity: deliveries that may wait.
    """

    def __init__(self, capacity: int) -> None:
        self._queue: queue.Queue[Delivery] = queue.Queue(capacity)
        self._closed = threading.Event()

    def put(self, delivery: Delivery) -> bool:
        """Wait for room and add; False once the inbox is closed."""
        while not self._closed.is_set():
            try:
                self._queue.put(delivery, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def batch(self, limit: int, wait_s: float, idle_s: float = 0.5) -> list[Delivery]:
        """Up to `limit` deliveries.

        Args:
            limit: full batches leave at once.
            wait_s: a batch that is not full leaves so long after its first delivery.
            idle_s: with no delivery at all, an empty batch comes back after this.
        """
        try:
            taken = [self._queue.get(timeout=idle_s)]
        except queue.Empty:
            return []
        deadline = time.monotonic() + wait_s
        while len(taken) < limit:
            try:
                taken.append(self._queue.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
        return taken

    def close(self) -> None:
        """Take nothing more; the broker delivers it again."""
        self._closed.set()

    def __len__(self) -> int:
        return self._queue.qsize()
