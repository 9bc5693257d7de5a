"""An outbox without a disk: the same promises while the process lives; for tests of its users."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from gateway.clock import SystemClock
from gateway.outbox import Counters, Draft, Fact, Held, Settled, Telemetry, Waiting
from gateway.outbox.sealing import Sealer
from packtrail.receipt import Receipt
from packtrail.topics import RecordAddress
from tests.gateway.drafts import GATEWAY, KEY


class MemoryOutbox:
    """Commits at once."""

    epoch = "00000000000000aa"

    def __init__(self) -> None:
        self._sealer = Sealer(GATEWAY, KEY, SystemClock())
        self._lock = threading.RLock()
        self._rows: dict[int, Waiting] = {}
        self._held: list[Held] = []
        self._notes: dict[str, bytes] = {}
        self._listeners: list[Callable[[], None]] = []
        self._added = self._stored = self._refused = 0
        self.holds = 0

    def put(self, draft: Draft) -> Future[RecordAddress]:
        done: Future[RecordAddress] = Future()
        with self._lock:
            self._added += 1
            kind, sealed = self._sealer.seal(draft, self.epoch, self._added)
            address = RecordAddress(GATEWAY, self.epoch, self._added)
            self._rows[address.seq] = Waiting(address.seq, address, kind.priority, sealed)
            if isinstance(draft, Telemetry):
                self._held = [held for held in self._held if held.chunk != draft.chunk]
                self._held += draft.still_open
        done.set_result(address)
        self._tell()
        return done

    def record(self, facts: Sequence[Fact], notes: Mapping[str, bytes]) -> Future[int]:
        done: Future[int] = Future()
        for fact in facts:
            self.put(fact)
        self._notes.update(notes)
        done.set_result(len(facts))
        return done

    def note(self, name: str) -> bytes | None:
        return self._notes.get(name)

    def hold(self, held: Held) -> None:
        with self._lock:
            self.holds += 1
            self._held.append(held)

    def forget(self, chunk: str) -> None:
        self._held = [held for held in self._held if held.chunk != chunk]

    def recovered(self) -> list[Held]:
        return []

    def waiting(self, *, after: int, limit: int, urgent: bool = False) -> list[Waiting]:
        with self._lock:
            rows = [row for position, row in sorted(self._rows.items()) if position > after]
        if urgent:
            rows = sorted((r for r in rows if r.kind.carries_event), key=lambda r: r.priority)
        return rows[:limit]

    def settle(self, receipt: Receipt) -> Future[Settled]:
        done: Future[Settled] = Future()
        with self._lock:
            done.set_result(self._settle(receipt))
        self._tell()
        return done

    def subscribe(self, wake: Callable[[], None]) -> None:
        self._listeners.append(wake)

    def counters(self) -> Counters:
        size = sum(len(row.sealed) for row in self._rows.values())
        totals = (self._added, self._stored, self._refused, 0)
        return Counters(*totals, len(self._rows), size, len(self._held))

    def close(self) -> None:
        return

    def _settle(self, receipt: Receipt) -> Settled:
        if (receipt.gateway, receipt.epoch) != (GATEWAY, self.epoch):
            return Settled(0, 0)
        refused = [r.seq for r in receipt.refused if self._rows.pop(r.seq, None)]
        gone = [seq for seq in self._rows if seq <= receipt.through or seq in receipt.ahead]
        for seq in gone:
            del self._rows[seq]
        self._stored += len(gone)
        self._refused += len(refused)
        return Settled(len(gone), len(refused))

    def _tell(self) -> None:
        for wake in self._listeners:
            wake()
