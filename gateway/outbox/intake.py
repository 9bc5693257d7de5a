"""The queue in front of the writer thread, and when a group is due.

Facts and the end are due at once, records within 200 ms or when 100 of them wait, held
samples and receipts within 800 ms: one disk flush serves them all. The queue is bounded: when
the disk stands still for so long that it is full, telemetry and samples are refused and the
caller counts them; facts are always taken.
"""

from __future__ import annotations

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
            Hold: lazy_wait_s,
            Forget: lazy_wait_s,
            Settle: lazy_wait_s,
        }
        self._capacity = capacity
        self._orders: deque[tuple[float, Order]] = deque()
        self._changed = threading.Condition()
        self._records = 0
        self._urgent = False
        self._ended = False

    def offer(self, order: Order) -> bool:
        """Take an order; False when the queue is full or ended."""
        with self._changed:
            if self._ended or (len(self._orders) >= self._capacity and not is_fact(order)):
                return False
            self._orders.append((time.monotonic() + self._patience[type(order)], order))
            self._records += isinstance(order, Put)
            self._urgent = self._urgent or is_fact(order)
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
            while not self._due():
                self._changed.wait(self._patience_left())
            count = min(len(self._orders), MAX_GROUP)
            group = [self._orders.popleft()[1] for _ in range(count)]
            self._records -= sum(isinstance(order, Put) for order in group)
            self._urgent = any(is_fact(order) for _, order in self._orders)
        return group

    def rest(self, seconds: float) -> bool:
        """Wait before the disk is tried again; False once the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)
            return not self._ended

    def _due(self) -> bool:
        if self._ended or self._urgent or self._records >= GROUP:
            return True
        left = self._patience_left()
        return left is not None and left <= 0

    def _patience_left(self) -> float | None:
        if not self._orders:
            return None
        return min(deadline for deadline, _ in self._orders) - time.monotonic()


def is_fact(order: Order) -> bool:
    """Whether it is what must never be lost."""
    return isinstance(order, RecordFacts) or (
        isinstance(order, Put) and isinstance(order.draft, Fact)
    )
