"""Who waits for which record, and what became of it: the way back from the intake.

Success is told for what a receipt names and for nothing else. A record that no trusted key vouches
for gets no receipt; its sender hears an error and keeps it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from cloud_bridge.feeds.gbt32960.sealing import SealedRecord
from cloud_bridge.ingest.inbox import Delivery
from packtrail.receipt import open_receipt
from packtrail.signing import VerifyKey
from packtrail.topics import RecordAddress, parse_record_topic, record_topic

BATCH: Final = 200
"""Records in one transaction: a receipt names all that it answers, up to 256."""

Told = Callable[[bool], None]
"""Hears whether all is stored; called in the intake's thread."""


class _Ticket:
    """Waits for several records."""

    def __init__(self, waiting: set[RecordAddress], told: Told) -> None:
        self.waiting, self.told, self.good = waiting, told, True

    def settle(self, address: RecordAddress, *, good: bool) -> None:
        self.good = self.good and good
        self.waiting.discard(address)
        if not self.waiting:
            self.told(self.good)


class Acks:
    """See `cloud_bridge.ingest.intake.Answering`.

    Args:
        bridge: whose receipts count.
    """

    def __init__(self, bridge: VerifyKey) -> None:
        self._bridge = bridge
        self._tickets: dict[RecordAddress, list[_Ticket]] = defaultdict(list)
        self._stored: set[RecordAddress] = set()
        self._refused: set[RecordAddress] = set()
        self._lock = threading.Lock()

    def wait_for(self, records: Iterable[SealedRecord], told: Told) -> list[Delivery]:
        """Deliveries for the inbox; `told` hears once, when the last of them is settled."""
        own = list(records)
        ticket = _Ticket({one.address for one in own}, told)
        with self._lock:
            for address in ticket.waiting:
                self._tickets[address].append(ticket)
        return [Delivery(record_topic(one.address), one.data, 0, 0) for one in own]

    def answer(self, gateway: str, receipt: bytes) -> None:
        """Note what a receipt names; refusals may come in several."""
        said = open_receipt(receipt, self._bridge)
        self._stored |= {RecordAddress(gateway, said.epoch, seq) for seq in said.ahead}
        self._refused |= {RecordAddress(gateway, said.epoch, one.seq) for one in said.refused}

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """The batch is done: tell everybody who waits for one of its records."""
        stored, refused = self._stored, self._refused
        self._stored, self._refused = set(), set()
        addresses = dict.fromkeys(parse_record_topic(one.topic) for one in deliveries)
        with self._lock:
            tickets = {address: self._tickets.pop(address, []) for address in addresses}
        for address, waiting in tickets.items():
            good = address in stored and address not in refused
            for ticket in waiting:
                ticket.settle(address, good=good)
