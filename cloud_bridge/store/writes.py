"""One batch inside one transaction: numbers, content, ledger, tree and receipts.

Knows the statements by name and no database by name; whoever calls it holds the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cloud_bridge.ledger.merkle import grow, leaf_hash
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
from packtrail.event import PlaceRef, SwapPerformed, UnitRef, encode_event
from packtrail.receipt import MAX_AHEAD, Refusal
from packtrail.topics import RecordAddress

STORED: Final = "stored"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave back, read to its end, and how many rows it wrote."""

    rows: list[tuple[Any, ...]]
    written: int

    def fetchone(self) -> Any:
        """The first row, or None."""
        return self.rows[0] if self.rows else None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


Run = Callable[[str, Mapping[str, Any] | None], Rows]
"""Runs a named statement with its parameters."""


@dataclass(slots=True)
class Batch:
    """Work of one transaction at one record time."""

    run: Run
    now_ns: int
    stored: int = 0
    refused: int = 0
    repeats: int = 0
    equivocations: int = 0
    refusals: dict[tuple[str, str], dict[int, Refusal]] = field(default_factory=dict)
    newest: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    touched: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def take(self, arrivals: Sequence[Arrival]) -> Committed:
        """Store or recognise each arrival, then move the receipts they touch."""
        for arrival in arrivals:
            self._take(arrival)
        progress = tuple(self._move_receipt(*key) for key in self.newest)
        return Committed(progress, self.stored, self.refused, self.repeats, self.equivocations)

    def take_strangers(self, strangers: Sequence[Stranger], keep: int) -> None:
        """Keep the newest messages that nobody vouches for, the oldest go."""
        for one in strangers:
            row = {"topic": one.topic, "reason": one.reason, "data": one.data, "now": self.now_ns}
            self.run("insert_stranger", row)
        if strangers:
            self.run("trim_strangers", {"keep": keep})

    def record(self, facts: Iterable[Fact]) -> tuple[int | None, ...]:
        """Append facts to the ledger; None for one that is there already."""
        return tuple(self._record(fact) for fact in facts)

    def _take(self, arrival: Arrival) -> None:
        address = arrival.address
        self._see(address, arrival.sealed_ns)
        outcome = REFUSED if isinstance(arrival.content, Refused) else STORED
        row = {**address._asdict(), "digest": arrival.digest, "outcome": outcome}
        if self.run("insert_record", {**row, "now": self.now_ns}).written == 1:
            self._keep(arrival)
            return
        digest, before = self.run("find_record", address._asdict()).fetchone()
        if digest == arrival.digest:
            self.repeats += 1
        else:
            self._keep_equivocation(arrival)
        if before == REFUSED:
            self._name_again(address)

    def _see(self, address: RecordAddress, sealed_ns: int) -> None:
        key = (address.gateway, address.epoch)
        seq, newest_ns = self.newest.get(key, (0, 0))
        self.newest[key] = (max(seq, address.seq), max(newest_ns, sealed_ns))
        self.touched.setdefault(key, set()).add(address.seq)

    def _keep(self, arrival: Arrival) -> None:
        match arrival.content:
            case Refused() as refused:
                self._refuse(arrival, refused)
                return
            case Chunk() as chunk:
                self._insert_chunk(arrival, chunk)
            case Fact() as fact:
                self._record(fact)
            case Blank():
                pass
        self.stored += 1

    def _refuse(self, arrival: Arrival, refused: Refused) -> None:
        self.refused += 1
        row = {"reason": refused.reason, "detail": refused.detail, "data": arrival.data}
        self.run("insert_refused", {**arrival.address._asdict(), **row, "now": self.now_ns})
        self._name(arrival.address, Refusal(arrival.address.seq, refused.reason, refused.detail))

    def _name(self, address: RecordAddress, refusal: Refusal) -> None:
        named = self.refusals.setdefault((address.gateway, address.epoch), {})
        named[address.seq] = refusal

    def _name_again(self, address: RecordAddress) -> None:
        row = self.run("find_refused", address._asdict()).fetchone()
        self._name(address, Refusal(*row))

    def _keep_equivocation(self, arrival: Arrival) -> None:
        row = {"digest": arrival.digest, "data": arrival.data, "now": self.now_ns}
        self.run("insert_equivocation", {**arrival.address._asdict(), **row})
        self.equivocations += 1

    def _insert_chunk(self, arrival: Arrival, chunk: Chunk) -> None:
        row = {
            **arrival.address._asdict(),
            "scheme": chunk.unit.scheme if chunk.unit else None,
            "unit": chunk.unit.id if chunk.unit else None,
            "slot": chunk.slot,
            "from_ns": chunk.from_ns,
            "to_ns": chunk.to_ns,
            "samples": chunk.samples,
            "data": arrival.data,
            "now": self.now_ns,
        }
        self.run("insert_chunk", row)
        keys = ("gateway", "slot", "scheme", "unit", "epoch", "seq", "to_ns")
        self.run("upsert_slot", {key: row[key] for key in keys})
        if chunk.unit:
            self._insert_unit(chunk.unit)

    def _insert_unit(self, unit: UnitRef) -> None:
        self.run("insert_unit", {"scheme": unit.scheme, "unit": unit.id, "now": self.now_ns})

    def _record(self, fact: Fact) -> int | None:
        signed, event = fact.signed, fact.event
        event_id = signed.event_id
        if self.run("find_event", {"event_id": event_id}).fetchone():
            return None
        leaf: int = self.run("ledger_size", None).fetchone()[0]
        data = encode_event(signed)
        row = {"leaf": leaf, "event_id": event_id, "type": event.type, "author": event.author}
        row |= {"stream": event.stream, "counter": event.counter}
        self.run("insert_ledger", {**row, "signed": data, "now": self.now_ns})
        self._grow_tree(leaf, data)
        self._index(fact, leaf)
        return leaf

    def _grow_tree(self, leaf: int, data: bytes) -> None:
        for node in grow(leaf, leaf_hash(data), self._node):
            self.run("insert_node", node._asdict())

    def _node(self, level: int, position: int) -> bytes:
        place = {"level": level, "position": position}
        value: bytes = self.run("find_node", place).fetchone()[0]
        return value

    def _index(self, fact: Fact, leaf: int) -> None:
        for unit in units_of(fact):
            self._insert_unit(unit)
            row = {"scheme": unit.scheme, "unit": unit.id, "leaf": leaf}
            self.run("insert_ledger_unit", row)
        place = place_of(fact)
        if place:
            row = {"author": fact.event.author, "site": place.site, "slot": place.slot}
            self.run("upsert_place", {**row, "from_ns": fact.event.from_ns, "leaf": leaf})

    def _move_receipt(self, gateway: str, epoch: str) -> Progress:
        key = {"gateway": gateway, "epoch": epoch}
        before = self.run("find_receipt", key).fetchone() or (0, 0, 0)
        seen, sealed_ns = self.newest[gateway, epoch]
        through, waiting = reach(self.run, gateway, epoch, before[0])
        ahead = named_ahead(through, self.touched[gateway, epoch], waiting)
        row = {"through": through, "highest": max(before[1], seen), "now": self.now_ns}
        row |= {"sealed_ns": max(before[2], sealed_ns)}
        self.run("upsert_receipt", {**key, **row})
        named = self.refusals.get((gateway, epoch), {})
        refused = tuple(named[seq] for seq in sorted(named))
        return Progress(gateway, epoch, through, ahead, refused)


def reach(run: Run, gateway: str, epoch: str, through: int) -> tuple[int, tuple[int, ...]]:
    """How far numbers go without a hole from `through` on, and the lowest beyond the hole.

    Read in pages: a gateway may have any number of records waiting behind a hole.
    """
    key = {"gateway": gateway, "epoch": epoch, "limit": MAX_AHEAD}
    while True:
        page = [row[0] for row in run("numbers_above", {**key, "through": through})]
        joined = contiguous(through, page)
        if joined < through + MAX_AHEAD:
            ahead = [seq for seq in page if seq > joined]
            return joined, tuple(ahead)
        through = joined


def named_ahead(through: int, touched: Iterable[int], waiting: Iterable[int]) -> tuple[int, ...]:
    """What a receipt names beyond `through`: first what it answers, then the lowest.

    Behind a hole that nothing will ever close (a bridge that was restored from a backup) the
    lowest numbers alone would leave everything later without an answer for ever.
    """
    answered = sorted(seq for seq in touched if seq > through)[:MAX_AHEAD]
    others = [seq for seq in waiting if seq not in answered]
    return tuple(sorted(answered + others[: MAX_AHEAD - len(answered)]))


def contiguous(through: int, above: Iterable[int]) -> int:
    """The end of the sequence without a hole that starts at `through`."""
    for seq in above:
        if seq != through + 1:
            break
        through = seq
    return through


def units_of(fact: Fact) -> tuple[UnitRef, ...]:
    """Every unit that a fact says something about."""
    body = fact.event.body
    other = body.unit_out if isinstance(body, SwapPerformed) else None
    return tuple(unit for unit in (fact.event.unit, other) if unit)


def place_of(fact: Fact) -> PlaceRef | None:
    """The slot that a fact names, if it names one."""
    place = getattr(fact.event.body, "place", None)
    return place if isinstance(place, PlaceRef) else None
