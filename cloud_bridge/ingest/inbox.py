"""The inbox: deliveries wait here between the broker's thread and the judge's, bounded.

When it is full the broker's thread waits, so that the broker keeps what we cannot take yet.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Final, NamedTuple

MOST_BYTES: Final = 64 * 1024 * 1024
LULL_S: Final = 0.02
"""When nothing has come for so long, nothing more may come before an answer: over MQTT 3.1.1
mosquitto sends 20 messages and waits for it."""


class Delivery(NamedTuple):
    """One message as the broker handed it over.

    Attributes:
        topic: as published.
        data: payload.
        packet: packet identifier to acknowledge, 0 for QoS 0.
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
        most_bytes: how much they may hold together; one delivery may always wait.
    """

    def __init__(self, capacity: int, most_bytes: int = MOST_BYTES) -> None:
        self._capacity = capacity
        self._most_bytes = most_bytes
        self._waiting: deque[Delivery] = deque()
        self._bytes = 0
        self._wanted = 1
        self._closed = False
        lock = threading.Lock()
        self._arrived = threading.Condition(lock)
        self._left = threading.Condition(lock)

    def put(self, delivery: Delivery) -> bool:
        """Wait for room and add; False once the inbox is closed."""
        with self._left:
            while not self._closed and not self._has_room(delivery):
                self._left.wait()
            if self._closed:
                return False
            self._waiting.append(delivery)
            self._bytes += len(delivery.data)
            # Whoever fills a batch is woken for its first and its last delivery only.
            if len(self._waiting) in (1, self._wanted) or not self._has_room(delivery):
                self._arrived.notify_all()
        return True

    def batch(self, limit: int, wait_s: float, idle_s: float = 0.5) -> list[Delivery]:
        """Up to `limit` deliveries.

        Args:
            limit: full batches leave at once; so does whatever fills the inbox.
            wait_s: a batch that is not full leaves so long after its first delivery, or in a lull.
            idle_s: with no delivery at all, an empty batch comes back after this.
        """
        with self._arrived:
            self._wanted = limit
            if self._arrived.wait_for(lambda: self._waiting, idle_s):
                self._fill(limit, wait_s)
            count = min(limit, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(count)]
            self._bytes -= sum(len(one.data) for one in taken)
            self._left.notify_all()
        return taken

    def close(self) -> None:
        """Take nothing more; the broker delivers it again."""
        with self._left:
            self._closed = True
            self._left.notify_all()
            self._arrived.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)

    def _fill(self, limit: int, wait_s: float) -> None:
        """Wait for more as long as more comes."""
        until, before = time.monotonic() + wait_s, 0
        while before < len(self._waiting) and (left_s := until - time.monotonic()) > 0:
            before = len(self._waiting)
            if self._arrived.wait_for(lambda: self._is_batch(limit), min(LULL_S, left_s)):
                return

    def _is_batch(self, limit: int) -> bool:
        """Whether there is nothing to wait for: enough has come, or no more can."""
        full = self._bytes >= self._most_bytes or len(self._waiting) >= self._capacity
        return self._closed or full or len(self._waiting) >= limit

    def _has_room(self, delivery: Delivery) -> bool:
        fits = self._bytes + len(delivery.data) <= self._most_bytes
        return not self._waiting or (fits and len(self._waiting) < self._capacity)
