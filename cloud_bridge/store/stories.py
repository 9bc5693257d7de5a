"""The stored map of stories: taken forward over the newest ledger lines, read for a proof.

Within the transaction that keeps the next signed head, so that head and map are of one moment.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloud_bridge.store.places import packed
from cloud_bridge.store.rows import Rows, Transaction, Values
from packtrail.event import UnitRef
from packtrail.proof.stories import (
    DEPTH,
    EMPTY,
    START,
    Completeness,
    bucket_hash,
    bucket_of,
    chained,
    further,
    key_of,
    rise,
    value_of,
)


class Run(Protocol):
    """Runs a named statement, inside a transaction or a reading."""

    def __call__(self, name: str, values: Values | None, /) -> Rows:
        """All rows of it."""


@dataclass(frozen=True, slots=True)
class Stories:
    """The map within a transaction that holds the ledger."""

    rows: Transaction

    def advance(self, most: int) -> bool:
        """Take in further lines, at most so many; whether all are in now."""
        first: int = self.rows.run("story_size").fetchone()[0]
        size: int = self.rows.run("ledger_size").fetchone()[0]
        last = min(size, first + most)
        if last > first:
            self._take(first, last)
            self.rows.run("move_story", {"size": last})
        return last == size

    def root(self) -> bytes:
        """Over all that was taken in."""
        return _node(self.rows.run, DEPTH, 0)

    def _take(self, first: int, last: int) -> None:
        fresh: dict[UnitRef, list[int]] = defaultdict(list)
        for leaf, scheme, name in self.rows.run("listed_between", {"first": first, "last": last}):
            fresh[UnitRef(scheme, name)].append(leaf)
        told = [self._told(unit, leaves, last) for unit, leaves in fresh.items()]
        self.rows.run_many("upsert_story", told)
        changed = {}
        for bucket in {row["bucket"] for row in told}:
            changed[bucket] = bucket_hash(_pairs(self.rows.run, bucket))
        nodes = rise(changed, lambda level, position: _node(self.rows.run, level, position))
        rows = [
            {"level": level, "position": position, "hash": value}
            for (level, position), value in sorted(nodes.items())
        ]
        self.rows.run_many("upsert_story_node", rows)

    def _told(self, unit: UnitRef, fresh: list[int], last: int) -> dict[str, Any]:
        key = key_of(unit)
        place = {"bucket": bucket_of(key), "key": key}
        name = {"scheme": unit.scheme, "unit": unit.id}
        count, head = self.rows.run("find_story", place).fetchone() or (0, START)
        listed = self.rows.run("count_listed", {**name, "last": last}).fetchone()[0]
        if listed == count + len(fresh):
            for leaf in fresh:
                head = further(head, self._leaf_hash(leaf))
        else:  # an older statement joined it, for the fact that it speaks of came after it
            leaves = self.rows.run("listed_of", {**name, "last": last})
            head = chained(self._leaf_hash(leaf) for (leaf,) in leaves)
        return {**place, **name, "count": listed, "head": bytes(head)}

    def _leaf_hash(self, leaf: int) -> bytes:
        value: bytes = self.rows.run("find_node", {"level": 0, "position": leaf}).fetchone()[0]
        return value


def completeness_of(run: Run, unit: UnitRef) -> Completeness:
    """The unit's part of the map."""
    position = bucket_of(key_of(unit))
    bucket = tuple((_text(key), _text(value)) for key, value in _pairs(run, position))
    beside = [(level, position >> level ^ 1) for level in range(DEPTH)]
    found = {(level, at): value for level, at, value in run("find_story_nodes", packed(beside))}
    path = tuple(_text(bytes(found.get(place, EMPTY[place[0]]))) for place in beside)
    return Completeness(bucket, path)


def _pairs(run: Run, bucket: int) -> list[tuple[bytes, bytes]]:
    rows = run("story_bucket", {"bucket": bucket})
    return [(bytes(key), value_of(count, bytes(head))) for key, count, head in rows]


def _node(run: Run, level: int, position: int) -> bytes:
    row: Any = run("find_story_node", _place(level, position)).fetchone()
    return bytes(row[0]) if row else EMPTY[level]


def _place(level: int, position: int) -> Mapping[str, Any]:
    return {"level": level, "position": position}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
