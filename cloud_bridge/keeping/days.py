"""Commits to the telemetry of each pack and day, so that no chunk can vanish or change unseen.

A projection whose target is the ledger: when a day is over, and nothing of it has come for a
while, its root is stated; what still comes later makes a further revision. Statements that
stand are not repeated, so a kill at any point changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from cloud_bridge.ledger.days import DAY_NS, committed, day_of, number_of
from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.projections import Portion
from cloud_bridge.store import Cursor, Store
from packtrail.event import TelemetryCommitted, UnitRef
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S

STREAM: Final = "days"
CURSOR: Final = "days-closed"
"""Counts days, not chunks: up to which one all were closed."""
TIDIES_S: Final = 600.0
AT_ONCE: Final = 200
"""Statements in one transaction."""


class Days:
    """See `Projection`.

    Args:
        store: what is looked at, and where statements go.
        key: the bridge's.
        author: under what name its own key speaks.
        grace_s: how long nothing of a day may have come, seconds.
        now: UTC nanoseconds.
    """

    name = "days"
    reads_samples = False

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        author: str,
        grace_s: float = 3600.0,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        # What waits here is lost by a kill: the cursor stays behind it.
        self.settle_s = grace_s + TIDIES_S if grace_s else 0.0
        self._store = store
        self._word = OwnWord(store, key, author, STREAM, now)
        self._grace_ns = round(grace_s * NS_PER_S)
        self._now = now
        self._late: dict[tuple[UnitRef, int], int] = {}

    def take(self, portion: Portion) -> None:
        """See `Projection.take`: what belongs to a day that is over waits for more of it."""
        today = day_of(self._now())
        for stored in portion.chunks:
            unit, day = stored.chunk.unit, day_of(stored.chunk.to_ns)
            if unit and day < today:
                self._late[unit, day] = self._now()
        if self._late:
            self._close_late()

    def tidy(self) -> None:
        """See `Projection.tidy`: the next day that is over is closed, and what came late to it."""
        self._close_late()
        last = self._next_day()
        if last is not None:
            self._state((unit, last) for unit in self._store.units_of_day(*_span(last)))
            self._store.move_cursor(CURSOR, Cursor(last), self._now())

    def forget(self) -> None:
        """See `Projection.forget`: statements stay, and days are looked at again."""
        self._store.move_cursor(CURSOR, Cursor(), self._now())

    def close(self) -> None:
        """See `Projection.close`."""

    def _next_day(self) -> int | None:
        """The day to be closed next, None while there is none."""
        closed = self._store.cursor(CURSOR).chunk
        newest = day_of(self._now() - self._grace_ns) - 1
        if not closed:
            first = self._store.first_sample_ns()
            return newest if first is None else min(day_of(first), newest)
        return closed + 1 if closed < newest else None

    def _close_late(self) -> None:
        due = self._now() - self._grace_ns
        ready = [one for one, touched in self._late.items() if touched <= due]
        self._state(ready)
        for one in ready:
            del self._late[one]

    def _state(self, days: Iterable[tuple[UnitRef, int]]) -> None:
        found: list[Statement] = []
        for unit, day in days:
            body = self._revised(unit, day)
            if body is not None:
                begin, end = _span(day)
                found.append(Statement(unit, body, (begin, end - 1)))
            if len(found) == AT_ONCE:
                self._word.state(found)
                found = []
        self._word.state(found)

    def _revised(self, unit: UnitRef, day: int) -> TelemetryCommitted | None:
        """What is to be stated of a day, None if it stands already."""
        records = self._store.day_records(unit, *_span(day))
        bodies = (entry.event.body for entry in self._store.entries_of(unit))
        told = [body for body in bodies if isinstance(body, TelemetryCommitted)]
        newest = max(
            (body for body in told if number(body) == day),
            key=lambda body: body.revision,
            default=None,
        )
        body = committed(day, records, newest.revision + 1 if newest else 0)
        return None if newest and newest.root == body.root else body


def number(body: TelemetryCommitted) -> int:
    """The day's number, -1 for one that is no date: a key of ours would not state it."""
    try:
        return number_of(body.day)
    except ValueError:
        return -1


def _span(day: int) -> tuple[int, int]:
    return day * DAY_NS, (day + 1) * DAY_NS
