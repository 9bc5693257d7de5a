"""The whole store, verified: from the first line and chunk to the last, whatever indexes say.

One consistent moment is read while the bridge may go on. Signatures are shared among processes;
every fault names its place.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Any, Final, Self, TypeVar

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.lines import Line, Looked, Name, Voices, look
from cloud_bridge.keeping.personal import check_personal
from cloud_bridge.keeping.rest import (
    check_days,
    check_now,
    check_receipts,
    check_refusals,
    check_units,
)
from cloud_bridge.keeping.retired import check_retired
from cloud_bridge.keeping.stories import StoriesCheck
from cloud_bridge.keeping.telemetry import ChunkRow, look_at_chunks
from cloud_bridge.keeping.tree import TreeCheck
from cloud_bridge.store import Entry, Store
from cloud_bridge.store.recorder import Facts
from packtrail.proof.pack import Check
from packtrail.signing import VerifyKey

PORTION: Final = 500

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Workers:
    """Looks at portions, here or in further processes; answers come in the order of portions.

    Args:
        voices: who could speak when.
        jobs: processes; 1 for this one alone.
    """

    def __init__(self, authority: VerifyKey, keys: Sequence[Entry], jobs: int) -> None:
        self.voices = Voices(authority, keys)
        self._jobs = jobs
        self._stack = ExitStack()
        if jobs > 1:
            # Spawned, for a fork would share the database's connection.
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(jobs, context, _remember, (authority, keys))
            self._pool = self._stack.enter_context(pool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def answers(
        self, action: Callable[[Sequence[Item], Voices], Answer], items: Iterable[Item]
    ) -> Iterator[Answer]:
        """`action` of each portion of `items`."""
        source = iter(items)
        portions = iter(lambda: list(islice(source, PORTION)), [])
        if self._jobs == 1:
            yield from (action(portion, self.voices) for portion in portions)
            return
        waiting: deque[Future[Answer]] = deque()
        for portion in portions:
            waiting.append(self._pool.submit(_recall, action, portion))
            if len(waiting) > 2 * self._jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_voices: Voices


def _remember(authority: VerifyKey, keys: Sequence[Entry]) -> None:
    global _voices  # noqa: PLW0603 - a worker process has one, from its start on
    _voices = Voices(authority, keys)


def _recall(action: Callable[[Sequence[Item], Voices], Answer], portion: Sequence[Item]) -> Answer:
    return action(portion, _voices)


def _untold(_: float) -> None:
    """Nobody wants to know how far it is."""


def verify_whole(
    store: Store,
    origin: str,
    authority: VerifyKey,
    jobs: int = 0,
    told: Callable[[float], None] = _untold,
) -> list[Check]:
    """Every check on everything that the store keeps.

    Args:
        store: of one bridge or many.
        origin: names the log in its heads.
        authority: the pinned key.
        jobs: processes that check signatures; 0 for as many as there are cores.
        told: hears of every portion of lines and chunks how many it was.
    """
    damage = Findings("database", 1)
    for fault in store.damage():
        damage.fault(fault)
    found: list[Check] = []
    try:
        found = _check_content(store, origin, authority, jobs or os.cpu_count() or 1, told)
    except StoreError as error:
        # A broken page ends the reading; whatever helps by waiting is no finding.
        if error.retryable:
            raise
        damage.fault(str(error))
    return [damage.check(), *found]


def _check_content(
    store: Store, origin: str, authority: VerifyKey, jobs: int, told: Callable[[float], None]
) -> list[Check]:
    with store.reading():
        with Workers(authority, store.key_entries(), jobs) as workers:
            tree, stories = TreeCheck(store, origin, authority), StoriesCheck(store)
            ledger, facts = _check_ledger(store, workers, tree, stories, told)
            chunks = _check_chunks(store, workers, told)
        rest = [
            stories.check(origin, authority),
            check_now(store, facts),
            check_refusals(store, workers.voices),
            check_receipts(store),
            check_days(store),
            check_personal(store),
            check_retired(store),
        ]
        return [*ledger, chunks, *rest]


def _check_ledger(
    store: Store,
    workers: Workers,
    tree: TreeCheck,
    stories: StoriesCheck,
    told: Callable[[float], None],
) -> tuple[list[Check], Facts]:
    lines, index, facts = Findings("lines"), Findings("index"), Facts()
    source = _Lines(store, lines, index)
    said = []
    for looked in workers.answers(look, source):
        for at in range(0, len(looked.hashes), 32):
            hashed = looked.hashes[at : at + 32]
            tree.add(hashed)
            stories.add(*source.passed.popleft(), hashed)
        _take(looked, lines, index, facts)
        said += looked.statements
        told(len(looked.hashes) // 32)
    tree.end()
    source.end()
    for leaf, targets, named in said:
        source.check_statement(leaf, targets, named)
    check_units(store, index)
    return [one.check() for one in (lines, tree.nodes, tree.heads, index)], facts


def _take(looked: Looked, lines: Findings, index: Findings, facts: Facts) -> None:
    lines.count += len(looked.hashes) // 32
    index.count += len(looked.hashes) // 32
    for fault in looked.lines:
        lines.fault(fault)
    for fault in looked.index:
        index.fault(fault)
    facts.add(looked.facts)


def _check_chunks(store: Store, workers: Workers, told: Callable[[float], None]) -> Check:
    found = Findings("chunks")
    rows = (ChunkRow(*row) for row in store.stream("all_chunks"))

    def counted() -> Iterator[ChunkRow]:
        for row in rows:
            found.count += 1
            told(1)
            yield row

    for faults in workers.answers(look_at_chunks, counted()):
        for fault in faults:
            found.fault(fault)
    return found.check()


class _Lines:
    """Ledger lines joined with what the indexes list of each, in one pass over all three."""

    def __init__(self, store: Store, lines: Findings, index: Findings) -> None:
        self._lines, self._index = lines, index
        self._rows = store.stream("all_lines")
        self._units = _Listed(store.stream("all_ledger_units"), index)
        self._subjects = _Listed(store.stream("all_ledger_subjects"), index)
        self._targets = {row[0] for row in store.stream("spoken_targets")}
        self.passed: deque[tuple[int, frozenset[Name]]] = deque()
        self._under: dict[str, frozenset[Name]] = {}
        self._of_statement: dict[int, frozenset[Name]] = {}

    def __iter__(self) -> Iterator[Line]:
        wanted = 0
        for row in self._rows:
            if row[0] != wanted:
                self._lines.fault(f"between line {wanted - 1} and line {row[0]} others are missing")
            wanted = row[0] + 1
            units, subjects = self._units.of(row[0]), self._subjects.of(row[0])
            line = Line._make((*row, units, subjects))
            self.passed.append((line.leaf, units))
            if line.event_id in self._targets:
                self._under[line.event_id] = line.units
            if any(kind == "event" for kind, _ in line.subjects):
                self._of_statement[line.leaf] = line.units
            yield line

    def end(self) -> None:
        """What is listed of no line."""
        self._units.end()
        self._subjects.end()

    def check_statement(self, leaf: int, targets: frozenset[str], named: frozenset[Name]) -> None:
        """A statement belongs to the story of whatever its targets speak of."""
        nothing: frozenset[Name] = frozenset()
        wanted = named.union(*(self._under.get(target, nothing) for target in targets))
        listed = self._of_statement.get(leaf, nothing)
        for one in sorted(wanted - listed):
            self._index.fault(f"leaf {leaf} speaks of {':'.join(one)} and is not listed")
        for one in sorted(listed - wanted):
            self._index.fault(f"leaf {leaf} is listed under {':'.join(one)}, of which it is silent")


class _Listed:
    """An index in the order of the lines."""

    def __init__(self, rows: Iterator[tuple[Any, ...]], found: Findings) -> None:
        self._rows, self._found = rows, found
        self._next = next(rows, None)

    def of(self, leaf: int) -> frozenset[Name]:
        """What is listed of a line; of those before it nothing may be left."""
        names = []
        while self._next is not None and self._next[0] <= leaf:
            if self._next[0] == leaf:
                names.append((self._next[1], self._next[2]))
            else:
                self._orphan()
            self._next = next(self._rows, None)
        return frozenset(names)

    def end(self) -> None:
        """No line comes any more."""
        while self._next is not None:
            self._orphan()
            self._next = next(self._rows, None)

    def _orphan(self) -> None:
        if self._next is not None:
            leaf, *name = self._next
            self._found.fault(f"{':'.join(name)} lists leaf {leaf}, which is not there")
