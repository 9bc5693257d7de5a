"""The queue in front of the writer thread, and when a group is due.

Facts and the end are due at once, records and held samples within 200 ms or when 100 records
wait, receipts within 800 ms: one disk flush serves them all. A gateway that is killed thus
loses the samples of its last 200 ms, at one a second one of each pack at most. The queue is
bounded: when the disk stands still for so long that it is full, telemetry and samples are
refused and the caller counts them; facts are always taken.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from gateway.outbox.door import Draft, Fact, Held, Settled
from packtrail.receipt import Receipt
from packtrail.topics import RecordAddress

RECORD_WAIT_S: Final = 0.2
LAZY_WAIT_S: Final = 0.8
GROUP: Final = 100
MAX_GROUP: Final = 1000
CAPACITY: Final = 5000


@dataclass(frozen=True, slots=True)
class Put:
    """A draft to be numbered, sealed and stored."""

    draft: Draft
    done: Future[RecordAddress] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Facts and notes that are stored together or not at all."""

    facts: tuple[Fact, ...]
    notes: Mapping[str, bytes]
    done: Future[int] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Hold:
    """A sample to be kept until its chunk is put."""

    held: Held


@dataclass(frozen=True, slots=True)
class Forget:
    """Held samples of a chunk that will never be put."""

    chunk: str


@dataclass(frozen=True, slots=True)
class Settle:
    """A receipt to be applied."""

    receipt: Receipt
    done: Future[Settled] = field(default_factory=Future)


Order = Put | RecordFacts | Hold | Forget | Settle


class Intake:
    """Orders wait here for the writer."""

    def __init__(
        self,
        record_wait_s: float = RECORD_WAIT_S,
        lazy_wait_s: float = LAZY_WAIT_S,
        capacity: int = CAPACITY,
    ) -> None:
        self._patience = {
            Put: record_wait_s,
            RecordFacts: 0.0,
            Hold: record_wait_s,
            Forget: lazy_wait_s,
            Settle: lazy_wait_s,
        }
        self._capacity = capacity
        self._orders: deque[Order] = deque()
        self._changed = threading.Condition()
        self._due_at = math.inf
        self._records = 0
        self._ended = False

    def offer(self, order: Order) -> bool:
        """Take an order; False when the queue is full or ended."""
        urgent = is_fact(order)
        with self._changed:
            if self._ended or (len(self._orders) >= self._capacity and not urgent):
                return False
            self._orders.append(order)
            self._records += isinstance(order, Put)
            due_at = time.monotonic() + (0.0 if urgent else self._patience[type(order)])
            if due_at < self._due_at or self._records >= GROUP:
                self._due_at = min(due_at, self._due_at)
                self._changed.notify()
        return True

    def end(self) -> None:
        """Refuse further orders; what waits is due now."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def next_group(self) -> list[Order]:
        """Wait until a group is due and take it; empty when all is done."""
        with self._changed:
            while (left_s := self._due_in()) > 0:
                self._changed.wait(None if math.isinf(left_s) else left_s)
            count = min(len(self._orders), MAX_GROUP)
            group = [self._orders.popleft() for _ in range(count)]
            self._records -= sum(isinstance(order, Put) for order in group)
            self._due_at = 0.0 if self._orders else math.inf
        return group

    def take_receipts(self) -> list[Settle]:
        """The receipts among what waits, due or not."""
        with self._changed:
            receipts = [order for order in self._orders if isinstance(order, Settle)]
            others = [order for order in self._orders if not isinstance(order, Settle)]
            self._orders = deque(others)
        return receipts

    def rest(self, seconds: float) -> bool:
        """Wait before the disk is tried again; False once the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)
            return not self._ended

    def _due_in(self) -> float:
        """Seconds until a group is due."""
        if self._ended or self._records >= GROUP:
            return 0.0
        return self._due_at - time.monotonic()


def is_fact(order: Order) -> bool:
    """Whether it is what must never be lost."""
    return isinstance(order, RecordFacts) or (
        isinstance(order, Put) and isinstance(order.draft, Fact)
    )
