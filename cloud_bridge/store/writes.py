"""The writing half of `Store`: transactions over whatever database stands below."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Final

from cloud_bridge.store.batch import Batch
from cloud_bridge.store.linking import Vault
from cloud_bridge.store.rows import Transaction, Values
from cloud_bridge.store.stories import Stories
from cloud_bridge.store.values import Arrival, Committed, Cursor, Fact, Stranger
from packtrail.event import UnitRef
from packtrail.proof.merkle import root
from packtrail.topics import RecordAddress

LINES_AT_ONCE: Final = 20_000
"""So many lines enter the map of stories in one transaction; meanwhile nobody else writes."""

Sign = Callable[[int, bytes, bytes], str]
"""Size, root of the tree and root of the map of stories -> the signed head."""


class Writes(ABC):
    """See `Store`; a database gives `_transaction`."""

    _keep_strangers: int
    vault: Vault | None

    @abstractmethod
    def _transaction(self, rows: int = ...) -> AbstractContextManager[Transaction]:
        """Everything inside is committed together, or nothing is.

        Args:
            rows: about so many will be written; a database may take few another way than many.
        """

    def commit(
        self, arrivals: Sequence[Arrival], strangers: Sequence[Stranger], now_ns: int
    ) -> Committed:
        """See `Store.commit`."""
        with self._transaction(len(arrivals) + len(strangers)) as rows:
            batch = Batch(rows, now_ns, self.vault)
            committed = batch.take(arrivals)
            batch.take_strangers(strangers, self._keep_strangers)
            return committed

    def append(self, facts: Sequence[Fact], now_ns: int) -> tuple[int | None, ...]:
        """See `Store.append`."""
        with self._transaction(len(facts)) as rows:
            return Batch(rows, now_ns, self.vault).record(facts)

    def append_keys(self, facts: Sequence[Fact], through: int, now_ns: int) -> bool:
        """See `Store.append_keys`."""
        with suppress(_ChangedError), self._transaction(len(facts)) as rows:
            rows.hold((), ledger=True)
            if rows.run("newest_key_line").fetchone()[0] != through:
                raise _ChangedError
            _expect_number(rows, facts[0])
            Batch(rows, now_ns, self.vault).record(facts)
            return True
        return False

    def append_after(
        self, facts: Sequence[Fact], author: str, leaf: int, now_ns: int
    ) -> tuple[int | None, ...] | None:
        """See `Store.append_after`."""
        with suppress(_ChangedError), self._transaction(len(facts)) as rows:
            rows.hold((), ledger=True)
            if rows.run("newest_place", {"author": author}).fetchone()[0] != leaf:
                raise _ChangedError
            return Batch(rows, now_ns, self.vault).record(facts)
        return None

    def retire(
        self,
        fact: Fact,
        addresses: Sequence[RecordAddress],
        seen: Mapping[UnitRef, int],
        now_ns: int,
    ) -> int | None:
        """See `Store.retire`."""
        with suppress(_ChangedError), self._transaction(len(addresses)) as rows:
            rows.hold((), ledger=True)
            _expect_unchanged(rows, fact, seen)
            (leaf,) = Batch(rows, now_ns).record([fact])
            _empty(rows, fact, leaf, addresses)
            return leaf
        return None

    def seal(self, sign: Sign, now_ns: int) -> int:
        """See `Store.seal`."""
        while True:
            with self._transaction() as rows:
                rows.hold((), ledger=True)
                stories = Stories(rows)
                if not stories.advance(LINES_AT_ONCE):
                    continue
                size: int = rows.run("ledger_size").fetchone()[0]
                if size > rows.run("newest_head").fetchone()[0]:
                    head = root(size, lambda level, position: _node(rows, level, position))
                    row = {"size": size, "root": head, "note": sign(size, head, stories.root())}
                    rows.run("insert_checkpoint", {**row, "now": now_ns})
                return size

    def run_statements(self, steps: Sequence[tuple[str, Sequence[Values]]]) -> bool:
        """See `Store.run_statements`."""
        with self._transaction() as rows:
            for number, (name, values) in enumerate(steps):
                if number == 0:
                    if rows.run(name, values[0]).written == 0:
                        return False
                elif values:
                    rows.run_many(name, values)
        return True

    def save_cosignature(self, size: int, name: str, line: str, now_ns: int) -> None:
        """See `Store.save_cosignature`."""
        row = {"size": size, "name": name, "line": line, "now": now_ns}
        with self._transaction() as rows:
            rows.run("insert_cosignature", row)

    def save_checkpoint(self, size: int, root: bytes, note: str, now_ns: int) -> None:
        """See `Store.save_checkpoint`."""
        row = {"size": size, "root": root, "note": note, "now": now_ns}
        with self._transaction() as rows:
            rows.run("insert_checkpoint", row)

    def move_cursor(self, projection: str, cursor: Cursor, now_ns: int) -> None:
        """See `Store.move_cursor`."""
        row = {"projection": projection, "chunk": cursor.chunk, "leaf": cursor.leaf, "now": now_ns}
        with self._transaction() as rows:
            rows.run("upsert_cursor", row)


def _node(rows: Transaction, level: int, position: int) -> bytes:
    row = rows.run("find_node", {"level": level, "position": position}).fetchone()
    return bytes(row[0])


class _ChangedError(Exception):
    """Others were faster: undo everything and let the caller look again."""


def _expect_unchanged(rows: Transaction, fact: Fact, seen: Mapping[UnitRef, int]) -> None:
    for unit, newest in seen.items():
        row = rows.run("newest_line_of", {"scheme": unit.scheme, "unit": unit.id}).fetchone()
        if row[0] > newest:
            raise _ChangedError
    _expect_number(rows, fact)


def _expect_number(rows: Transaction, fact: Fact) -> None:
    number = {"author": fact.event.author, "stream": fact.event.stream}
    if rows.run("next_counter", number).fetchone()[0] != fact.event.counter:
        raise _ChangedError


def _empty(
    rows: Transaction, fact: Fact, leaf: int | None, addresses: Sequence[RecordAddress]
) -> None:
    unit, numbers = fact.event.unit, defaultdict(list)
    if unit is None or leaf is None:
        raise _ChangedError
    for gateway, epoch, seq in addresses:
        numbers[gateway, epoch].append(seq)
    about = {"scheme": unit.scheme, "unit": unit.id, "leaf": leaf}
    written = 0
    for (gateway, epoch), seqs in sorted(numbers.items()):
        row = {**about, "gateway": gateway, "epoch": epoch, "seqs": json.dumps(seqs)}
        written += rows.run("retire_chunks", row).written
    if written != len(addresses):
        raise _ChangedError
