"""The writing half of `Store`: transactions over whatever database stands below."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from cloud_bridge.store.batch import Batch
from cloud_bridge.store.linking import Vault
from cloud_bridge.store.rows import Transaction
from cloud_bridge.store.stories import Stories
from cloud_bridge.store.values import Arrival, Committed, Cursor, Fact, Stranger
from packtrail.proof.merkle import root

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
