"""One batch inside one transaction: numbers, content, ledger, tree and receipts.

Knows the statements by name and no database by name; whoever calls it holds the transaction.
Rows are gathered first and written together, so that a batch costs a few statements instead of
a few per record.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cloud_bridge.store.linking import Vault
from cloud_bridge.store.numbers import beyond, contiguous, named_ahead, reach
from cloud_bridge.store.recorder import Recorder
from cloud_bridge.store.rows import Rows, Transaction
from cloud_bridge.store.values import (
    Arrival,
    Blank,
    Chunk,
    Committed,
    Fact,
    Progress,
    Refused,
    Stranger,
)
from packtrail.event import UnitRef
from packtrail.receipt import Refusal
from packtrail.topics import RecordAddress

STORED: Final = "stored"
REFUSED: Final = "refused"

Key = tuple[str, str]
"""Gateway and epoch: what a receipt is about."""


@dataclass(slots=True)
class Batch:
    """Work of one transaction at one record time."""

    rows: Transaction
    now_ns: int
    vault: Vault | None = None
    stored: int = 0
    refused: int = 0
    repeats: int = 0
    equivocations: int = 0
    _known: dict[RecordAddress, tuple[bytes, str]] = field(default_factory=dict)
    _gathered: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _slots: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _facts: list[Fact] = field(default_factory=list)
    _units: set[UnitRef] = field(default_factory=set)
    _refusals: dict[Key, dict[int, Refusal]] = field(default_factory=dict)
    _newest: dict[Key, tuple[int, int]] = field(default_factory=dict)
    _touched: dict[Key, set[int]] = field(default_factory=dict)

    def take(self, arrivals: Sequence[Arrival]) -> Committed:
        """Store or recognise each arrival, then move the receipts they touch."""
        gateways = {arrival.address.gateway for arrival in arrivals}
        ledger = any(isinstance(arrival.content, Fact) for arrival in arrivals)
        self.rows.hold(gateways, ledger=ledger)
        self._recognise(arrivals)
        for arrival in arrivals:
            self._take(arrival)
        self._write()
        progress = self._move_receipts()
        return Committed(progress, self.stored, self.refused, self.repeats, self.equivocations)

    def take_strangers(self, strangers: Sequence[Stranger], keep: int) -> None:
        """Keep the newest messages that nobody vouches for, the oldest go."""
        if not strangers:
            return
        self.rows.run_many(
            "insert_stranger",
            [
                {"topic": one.topic, "reason": one.reason, "data": one.data, "now": self.now_ns}
                for one in strangers
            ],
        )
        self.rows.run("trim_strangers", {"keep": keep})

    def record(self, facts: Sequence[Fact]) -> tuple[int | None, ...]:
        """Append facts that no record carried; None for one that is there already."""
        self.rows.hold((), ledger=True)
        return self._record(facts)

    def _recognise(self, arrivals: Iterable[Arrival]) -> None:
        """Read what is known of these numbers."""
        asked: dict[Key, list[int]] = defaultdict(list)
        for arrival in arrivals:
            gateway, epoch, seq = arrival.address
            asked[gateway, epoch].append(seq)
        questions = [
            {"gateway": gateway, "epoch": epoch, "seqs": json.dumps(seqs)}
            for (gateway, epoch), seqs in asked.items()
        ]
        answers = self.rows.run_each("find_records", questions)
        for (gateway, epoch), rows in zip(asked, answers, strict=True):
            for seq, digest, outcome in rows:
                self._known[RecordAddress(gateway, epoch, seq)] = digest, outcome

    def _take(self, arrival: Arrival) -> None:
        address = arrival.address
        self._see(address, arrival.sealed_ns)
        before = self._known.get(address)
        if before is None:
            self._keep(arrival)
            return
        digest, outcome = before
        if digest == arrival.digest:
            self.repeats += 1
        else:
            self._keep_equivocation(arrival)
        if outcome == REFUSED:
            self._name_again(address)

    def _see(self, address: RecordAddress, sealed_ns: int) -> None:
        key = (address.gateway, address.epoch)
        seq, newest_ns = self._newest.get(key, (0, 0))
        self._newest[key] = (max(seq, address.seq), max(newest_ns, sealed_ns))
        self._touched.setdefault(key, set()).add(address.seq)

    def _keep(self, arrival: Arrival) -> None:
        outcome = REFUSED if isinstance(arrival.content, Refused) else STORED
        gateway, epoch, seq = arrival.address
        self._gathered["insert_record"].append(
            {
                "gateway": gateway,
                "epoch": epoch,
                "seq": seq,
                "digest": arrival.digest,
                "outcome": outcome,
                "now": self.now_ns,
            }
        )
        self._known[arrival.address] = arrival.digest, outcome
        match arrival.content:
            case Refused() as refused:
                self._refuse(arrival, refused)
                return
            case Chunk() as chunk:
                self._keep_chunk(arrival, chunk)
            case Fact() as fact:
                self._facts.append(fact)
            case Blank():
                pass
        self.stored += 1

    def _refuse(self, arrival: Arrival, refused: Refused) -> None:
        self.refused += 1
        row = {"reason": refused.reason, "detail": refused.detail, "data": arrival.data}
        self._gathered["insert_refused"].append(
            {**arrival.address._asdict(), **row, "now": self.now_ns}
        )
        self._name(arrival.address, Refusal(arrival.address.seq, refused.reason, refused.detail))

    def _name(self, address: RecordAddress, refusal: Refusal) -> None:
        named = self._refusals.setdefault((address.gateway, address.epoch), {})
        named[address.seq] = refusal

    def _name_again(self, address: RecordAddress) -> None:
        row = self.rows.run("find_refused", address._asdict()).fetchone()
        if row:  # else it was refused in this very batch, and is named
            self._name(address, Refusal(*row))

    def _keep_equivocation(self, arrival: Arrival) -> None:
        row = {"digest": arrival.digest, "data": arrival.data, "now": self.now_ns}
        self._gathered["insert_equivocation"].append({**arrival.address._asdict(), **row})
        self.equivocations += 1

    def _keep_chunk(self, arrival: Arrival, chunk: Chunk) -> None:
        gateway, epoch, seq = arrival.address
        row = {
            "gateway": gateway,
            "epoch": epoch,
            "seq": seq,
            "scheme": chunk.unit.scheme if chunk.unit else None,
            "unit": chunk.unit.id if chunk.unit else None,
            "slot": chunk.slot,
            "from_ns": chunk.from_ns,
            "to_ns": chunk.to_ns,
            "samples": chunk.samples,
            "data": arrival.data,
            "now": self.now_ns,
        }
        self._gathered["insert_chunk"].append(row)
        place = (gateway, chunk.slot)
        if place not in self._slots or chunk.to_ns >= self._slots[place]["to_ns"]:
            self._slots[place] = row
        if chunk.unit:
            self._units.add(chunk.unit)

    def _write(self) -> None:
        for name, rows in self._gathered.items():
            self.rows.run_many(name, rows)
        keys = ("gateway", "slot", "scheme", "unit", "epoch", "seq", "to_ns")
        slots = [{key: row[key] for key in keys} for row in self._slots.values()]
        self.rows.run_many("upsert_slot", slots)
        self._record(self._facts)

    def _record(self, facts: Sequence[Fact]) -> tuple[int | None, ...]:
        recorder = Recorder(self.rows, self.now_ns, self.vault)
        leaves = recorder.record(facts) if facts else ()
        # In one order for all, so that two bridges never wait for each other.
        units = sorted(recorder.units | self._units, key=lambda unit: (unit.scheme, unit.id))
        rows = [{"scheme": unit.scheme, "unit": unit.id, "now": self.now_ns} for unit in units]
        self.rows.run_many("insert_unit", rows)
        return leaves

    def _move_receipts(self) -> tuple[Progress, ...]:
        keys = [{"gateway": gateway, "epoch": epoch} for gateway, epoch in self._newest]
        before = self.rows.run_each("find_receipt", keys)
        moved = [self._move(key, rows) for key, rows in zip(self._newest, before, strict=True)]
        self.rows.run_many("upsert_receipt", [row for row, _ in moved])
        return tuple(progress for _, progress in moved)

    def _move(self, key: Key, rows: Rows) -> tuple[dict[str, Any], Progress]:
        """The receipt's new row, and what to answer."""
        (gateway, epoch), (seen, sealed_ns) = key, self._newest[key]
        before, highest, sealed_before = rows.fetchone() or (0, 0, 0)
        through, waiting = self._reach(key, before, highest)
        row: dict[str, Any] = {"gateway": gateway, "epoch": epoch, "through": through}
        row |= {
            "now": self.now_ns,
            "highest": max(highest, seen),
            "sealed_ns": max(sealed_before, sealed_ns),
        }
        ahead = named_ahead(through, self._touched[key], waiting)
        named = self._refusals.get(key, {})
        refused = tuple(named[seq] for seq in sorted(named))
        return row, Progress(gateway, epoch, through, ahead, refused)

    def _reach(self, key: Key, through: int, highest: int) -> tuple[int, tuple[int, ...]]:
        if highest > through:
            return reach(self.rows.run, *key, through)
        # Nothing waited beyond: what is there now is what this batch brought.
        fresh = beyond(through, self._touched[key])
        joined = contiguous(through, fresh)
        return joined, tuple(beyond(joined, fresh))
