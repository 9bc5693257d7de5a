"""Letting telemetry go: pack by pack, each portion together with the statement that says so.

A portion is one transaction, in which the ledger's line comes first: whatever is killed, bytes
are either there or retired. Before that each chunk is compared with its digest, for a changed
one is evidence. Of several bridges on one store one retires at a time; what came into a pack's
story meanwhile makes its portion wait for the next round.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from cloud_bridge.ledger.days import DAY_NS, name_of
from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.ledger.retired import RetiredRecord, removed_root
from cloud_bridge.retention.plan import DueDay, PackPlan, batches, plan_of
from cloud_bridge.retention.policy import KeepRule, Policy
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.store import Store
from cloud_bridge.store.values import ALL, DayChunk
from packtrail.errors import CodecError
from packtrail.event import RetiredDay, TelemetryRetired, UnitRef
from packtrail.record import MAX_RECORD_BYTES, unseal
from packtrail.signing import SigningKey

STREAM: Final = "retention"
TASK: Final = "retention"
UNITS: Final = 200
BATCH: Final = 5_000
"""Chunks in one transaction; meanwhile no fact is recorded elsewhere."""


@dataclass(slots=True)
class Report:
    """What went, or would.

    Attributes:
        packs: looked at.
        touched: of which something goes.
        days: of which something goes.
        chunks: that go.
        size_bytes: that go.
        statements: that were made.
        kept: rule -> pack-days of which it holds something.
        changed: packs that something came about meanwhile: the next round looks again.
        faults: days and chunks that are not what they should be, and therefore stay.
    """

    packs: int = 0
    touched: int = 0
    days: int = 0
    chunks: int = 0
    size_bytes: int = 0
    statements: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(msgspec.to_builtins(self))


class Retention:
    """Lets go what no rule holds.

    Args:
        store: of one bridge or many.
        key: the bridge's.
        author: under what name its own key speaks.
        policy: the table.
        duties: tells which packs a duty is open about.
        batch: chunks in one transaction.
        gather_days: a pack waits until the oldest of what may go has been due for so long, and
            then goes in one statement instead of one a day.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        author: str,
        policy: Policy,
        *,
        duties: DutyBook | None = None,
        batch: int = BATCH,
        gather_days: float = 0.0,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store, self.policy, self._now = store, policy, now
        self._word = OwnWord(store, key, author, STREAM, now)
        self._duties = duties or DutyBook()
        self._batch = batch
        self._gather_ns = round(gather_days * DAY_NS)
        self._owed: dict[str, set[str]] = {}
        self._owed_of = 0

    def run(self, stop: threading.Event | None = None, *, apply: bool) -> Report:
        """One round over every pack; what may go goes only with `apply`.

        Raises:
            StoreError: the store does not answer; what went before that is gone and said.
        """
        report, now_ns = Report(), self._now()
        rules, self._owed_of = self.policy.binding(now_ns), 0
        for unit in self._units():
            if stop is not None and stop.is_set():
                break
            plan = self._plan(unit, rules, now_ns)
            report.packs += 1
            report.kept.update(plan.kept)
            report.faults += plan.faults
            if self._is_ripe(plan, now_ns):
                self._take(plan, report, stop, apply=apply)
        return report

    def _is_ripe(self, plan: PackPlan, now_ns: int) -> bool:
        return any(one.since_ns + self._gather_ns <= now_ns for one in plan.due)

    def _plan(self, unit: UnitRef, rules: Sequence[KeepRule], now_ns: int) -> PackPlan:
        """What may go; duties are looked at for whoever has something to lose."""
        plan = plan_of(self._store, unit, rules, now_ns)
        if not plan.due or not any(rule.when == "duty" for rule in rules):
            return plan
        if max(plan.seen.values()) >= self._owed_of:
            # The pack's story went on since duties were read: they have to be as new.
            self._owed_of = self._store.size()
            self._owed = defaultdict(set)
            for one in self._duties.open(self._store, now_ns):
                for name in one.units:
                    self._owed[name].add(one.rule)
        owed = {one for name in plan.seen for one in self._owed.get(str(name), ())}
        return plan_of(self._store, unit, rules, now_ns, owed=owed) if owed else plan

    def _units(self) -> Iterator[UnitRef]:
        after: UnitRef | None = None
        while page := self._store.units(after, UNITS):
            yield from page
            after = page[-1]

    def _take(
        self, plan: PackPlan, report: Report, stop: threading.Event | None, *, apply: bool
    ) -> None:
        report.touched += 1
        for days in batches(plan.due, self._batch):
            if stop is not None and stop.is_set():
                return
            sound = self._sound(plan, days, report) if apply else days
            if not sound:
                continue
            if apply and not self._retire(plan, sound):
                report.changed.append(str(plan.unit))
                return
            report.statements += apply
            report.days += len(sound)
            report.chunks += sum(len(one.chunks) for one in sound)
            report.size_bytes += sum(chunk.size for one in sound for chunk in one.chunks)

    def _sound(self, plan: PackPlan, days: Sequence[DueDay], report: Report) -> list[DueDay]:
        """The days without chunks whose bytes are not what was recorded."""
        found = []
        for one in days:
            span = min(c.from_ns for c in one.chunks), max(c.to_ns for c in one.chunks)
            there = self._store.chunks_of(plan.unit, *span, ALL)
            held = {chunk.address: chunk.data for chunk in there}
            good = tuple(c for c in one.chunks if _is_sound(c, held.get(c.address, b"")))
            for chunk in sorted(set(one.chunks) - set(good)):
                where = "/".join(map(str, chunk.address))
                report.faults.append(f"chunk {where}: not what came under this number; it stays")
            kept = one.kept + len(one.chunks) - len(good)
            if good:
                found.append(DueDay(one.day, one.body, good, kept, one.since_ns))
        return found

    def _retire(self, plan: PackPlan, days: Sequence[DueDay]) -> bool:
        chunks = [chunk for one in days for chunk in one.chunks]
        span = days[0].day * DAY_NS, (days[-1].day + 1) * DAY_NS - 1
        fact = self._word.signed(Statement(plan.unit, self._body(days, chunks), span))
        addresses = [chunk.address for chunk in chunks]
        leaf = self._store.retire(fact, addresses, plan.seen, self._now())
        if leaf is None:
            return False
        # What this very round has stated is no news to it.
        plan.seen[plan.unit] = leaf
        return True

    def _body(self, days: Sequence[DueDay], chunks: Sequence[DayChunk]) -> TelemetryRetired:
        return TelemetryRetired(
            days=tuple(
                RetiredDay(
                    name_of(one.day), one.body.root, one.body.revision, len(one.chunks), one.kept
                )
                for one in days
            ),
            samples=sum(chunk.samples for chunk in chunks),
            size_bytes=sum(chunk.size for chunk in chunks),
            removed=removed_root(record_of(chunk) for chunk in chunks),
            policy=self.policy.name,
            policy_digest=self.policy.digest,
        )


def record_of(chunk: DayChunk) -> RetiredRecord:
    """What stays of a chunk."""
    return RetiredRecord(
        chunk.address, chunk.digest, chunk.slot, chunk.from_ns, chunk.to_ns, chunk.samples
    )


def _is_sound(chunk: DayChunk, data: bytes) -> bool:
    try:
        sealed = unseal(data, MAX_RECORD_BYTES)
    except CodecError:
        return False
    return hashlib.sha256(sealed.payload).digest() == chunk.digest
