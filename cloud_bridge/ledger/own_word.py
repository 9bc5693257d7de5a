"""What the bridge itself states: signed with its own key, appended in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cloud_bridge.store.contract import Store
from cloud_bridge.store.values import Fact
from packtrail.event import Body, Event, UnitRef, sign_event
from packtrail.personal import conceal
from packtrail.signing import SigningKey
from packtrail.times import ClockQuality, format_time


class Statement(NamedTuple):
    """One statement: about which unit, what, and of when; the moment of stating it without."""

    unit: UnitRef | None
    body: Body
    span_ns: tuple[int, int] | None = None


class OwnWord:
    """Appends statements to the ledger; what they say of vehicles and owners is committed to.

    Args:
        store: where the ledger is.
        key: the bridge's.
        author: under what name its own key speaks.
        stream: numbers them.
        now: UTC nanoseconds.
    """

    def __init__(
        self, store: Store, key: SigningKey, author: str, stream: str, now: Callable[[], int]
    ) -> None:
        self._store, self._key, self.author = store, key, author
        self._stream, self._now = stream, now

    def state(self, statements: Iterable[Statement]) -> None:
        """All of them, or with a fault of the store none."""
        said = list(statements)
        if not said:
            return
        moment = self._now()
        first = self._store.next_counter(self.author, self._stream)
        facts = [self._fact(one, n, moment) for n, one in enumerate(said, start=first)]
        self._store.append(facts, moment)

    def signed(self, one: Statement) -> Fact:
        """A statement under the next number; whoever appends it sees that the number still is."""
        counter = self._store.next_counter(self.author, self._stream)
        return self._fact(one, counter, self._now())

    def _fact(self, one: Statement, counter: int, moment: int) -> Fact:
        begin, end = one.span_ns or (moment, moment)
        body, openings = conceal(one.body)
        event = Event(
            unit=one.unit,
            occurred_from=format_time(begin),
            occurred_to=format_time(end),
            clock=ClockQuality.SYNCED,
            author=self.author,
            stream=self._stream,
            counter=counter,
            body=body,
        )
        return Fact(sign_event(event, self._key), event, openings)
