"""Which records are under way, which go next, which go again.

A bounded number of records is under way: sent, and not yet answered by a receipt. Three
quarters of the window carry records in the order of their numbers, so that the receipt's
contiguous `through` always advances, however many alarms there are. The last quarter carries
what is urgent ahead of that order, by priority. A receipt frees the first kind by `through`
and the second by `ahead`; neither can starve the other.

What no receipt has answered in time is sent again, first only the lowest number: one record
does not fill a broker whose bridge is away, and its receipt shows at once what else is
missing. Each record's patience doubles with every repeat. After a reconnect everything under
way is sent again, for the broker may have forgotten it.

No clock, no thread and no socket here: times come in as monotonic nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.outbox import Outbox, Waiting
from packtrail.receipt import Receipt
from packtrail.times import NS_PER_S
from packtrail.topics import RecordAddress

AHEAD_SHARE: Final = 4
"""One part in four of the window overtakes."""
LONGEST_PATIENCE_NS: Final = 300 * NS_PER_S


@dataclass(slots=True)
class Flight:
    """A record under way."""

    record: Waiting
    ahead: bool
    sent_ns: int
    patience_ns: int

    def overdue(self, now_ns: int) -> bool:
        """Whether its receipt should have come."""
        return now_ns - self.sent_ns >= self.patience_ns

    def again(self, now_ns: int) -> Waiting:
        """Send it once more and be more patient."""
        self.sent_ns = now_ns
        self.patience_ns = min(2 * self.patience_ns, LONGEST_PATIENCE_NS)
        return self.record


class Window:
    """The records under way over one outbox."""

    def __init__(self, outbox: Outbox, limit: int = 64, patience_s: float = 10.0) -> None:
        self._outbox = outbox
        self._ahead_limit = max(1, limit // AHEAD_SHARE)
        self._order_limit = max(1, limit - self._ahead_limit)
        self._patience_ns = int(patience_s * NS_PER_S)
        self.restart()

    def __len__(self) -> int:
        return len(self._flights)

    def restart(self) -> None:
        """A new connection: nothing counts as sent."""
        self._flights: dict[int, Flight] = {}
        self._answered: set[RecordAddress] = set()
        self._through: dict[str, int] = {}
        self._cursor = 0

    def fill(self, now_ns: int, most: int, *, in_order: bool = True) -> list[Waiting]:
        """At most so many records to send now for the first time; they count as sent.

        Without `in_order` only what is urgent goes: the day's data budget is used up.
        """
        urgent = self._fill_ahead(now_ns, most)
        if not in_order:
            return urgent
        return [*urgent, *self._fill_in_order(now_ns, most - len(urgent))]

    def answer(self, receipt: Receipt, now_ns: int) -> list[Waiting]:
        """Take a verified receipt; returns what is overdue and goes again."""
        self._through[receipt.epoch] = max(self._through.get(receipt.epoch, 0), receipt.through)
        named = [*receipt.ahead, *(refusal.seq for refusal in receipt.refused)]
        self._answered |= {RecordAddress(receipt.gateway, receipt.epoch, seq) for seq in named}
        self._answered = {a for a in self._answered if a.seq > self._through.get(a.epoch, 0)}
        for position, flight in list(self._flights.items()):
            if self._is_answered(flight.record):
                del self._flights[position]
        return [f.again(now_ns) for f in self._in_order() if f.overdue(now_ns)]

    def probe(self, now_ns: int) -> Waiting | None:
        """The lowest record under way, if its receipt is overdue; it goes again."""
        lowest = next(iter(self._in_order()), None)
        return lowest.again(now_ns) if lowest and lowest.overdue(now_ns) else None

    def next_probe_ns(self) -> int | None:
        """When `probe` has something to send, monotonic nanoseconds."""
        lowest = next(iter(self._in_order()), None)
        return None if lowest is None else lowest.sent_ns + lowest.patience_ns

    def _fill_ahead(self, now_ns: int, most: int) -> list[Waiting]:
        under_way = sum(flight.ahead for flight in self._flights.values())
        room = min(most, self._ahead_limit - under_way)
        if room <= 0:
            return []
        candidates = len(self._flights) + len(self._answered) + room
        rows = self._outbox.waiting(after=0, limit=candidates, urgent=True)
        fresh = [row for row in rows if not self._is_known(row)][:room]
        return [self._send(row, now_ns, ahead=True) for row in fresh]

    def _fill_in_order(self, now_ns: int, most: int) -> list[Waiting]:
        sent: list[Waiting] = []
        under_way = sum(not flight.ahead for flight in self._flights.values())
        room = min(most, self._order_limit - under_way)
        while room > len(sent):
            rows = self._outbox.waiting(after=self._cursor, limit=room - len(sent))
            if not rows:
                break
            self._cursor = rows[-1].position
            fresh = [row for row in rows if not self._is_known(row)]
            sent += [self._send(row, now_ns, ahead=False) for row in fresh]
        return sent

    def _send(self, record: Waiting, now_ns: int, *, ahead: bool) -> Waiting:
        self._flights[record.position] = Flight(record, ahead, now_ns, self._patience_ns)
        return record

    def _is_known(self, record: Waiting) -> bool:
        return record.position in self._flights or self._is_answered(record)

    def _is_answered(self, record: Waiting) -> bool:
        address = record.address
        return address in self._answered or address.seq <= self._through.get(address.epoch, 0)

    def _in_order(self) -> list[Flight]:
        return [self._flights[position] for position in sorted(self._flights)]
