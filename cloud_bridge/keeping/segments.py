"""A span of the ledger, looked at as a whole: lines, their places, nodes, heads and indexes.

Everything is read here, by whichever process got the span, and goes when the span is done; what
is handed back is faults, and a few hashes for the tree above.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.lines import Line, Name, Statement, check_statement, look
from cloud_bridge.keeping.now import check_stated
from cloud_bridge.keeping.subjects import check_subjects
from cloud_bridge.keeping.tree import BEFORE, BEYOND, SPAN, Hash, Subtree, grow_span
from cloud_bridge.keeping.workers import Hand
from cloud_bridge.store import Store
from packtrail.proof.merkle import leaf_hash


class Span(NamedTuple):
    """Leaves from `first` up to and without `last`; the tree covers those below `size`."""

    first: int
    last: int
    size: int


@dataclass(slots=True)
class Segment:
    """What a span gave.

    Attributes:
        span: which.
        there: the first and the last leaf that is there; None without any.
        subjects: how many entries of the index of subjects its lines account for.
        tree: its nodes; None where the tree does not reach.
        lines: faults of lines.
        index: faults of what is listed of them.
        now: faults of places, vehicles and attributions that they state.
    """

    span: Span
    there: tuple[int, int] | None = None
    subjects: int = 0
    tree: Subtree | None = None
    lines: Findings = field(default_factory=lambda: Findings("lines"))
    index: Findings = field(default_factory=lambda: Findings("index"))
    now: Findings = field(default_factory=lambda: Findings("now"))


def look_at_span(span: Span, hand: Hand) -> Segment:
    """Everything that a span of the ledger can tell by itself."""
    found = Segment(span)
    try:
        _look(span, hand, found)
    except StoreError as error:
        # A broken page; whatever helps by waiting is no finding.
        if error.retryable:
            raise
        found.lines.fault(f"lines {span.first} to {span.last - 1} cannot be read: {error}")
    return found


def _look(span: Span, hand: Hand, found: Segment) -> None:
    lines = list(_Listed(hand.store, span, found.index))
    if lines:
        found.there = lines[0].leaf, lines[-1].leaf
    _tell_gaps(lines, found.lines)
    if 0 <= span.first < span.size:
        found.tree = grow_span(span.first, _hashes(span, lines), hand)
    for line in lines:
        if not 0 <= line.leaf < span.size:
            found.lines.fault(f"leaf {line.leaf} lies beyond the tree of {span.size} lines")
    looked = look(lines, hand.voices)
    found.lines.add(looked.lines)
    found.index.add(looked.index)
    for said in looked.statements:
        check_statement(found.index, said, _spoken_of(hand.store, said))
    found.subjects = check_subjects(hand.store, looked.subjects, found.index)
    check_stated(hand.store, span.first, span.last, looked.facts, found.now)


def look_at_gap(first: int, last: int, store: Store) -> Findings:
    """What is listed of leaves of which none is there."""
    found = Findings("index")
    for _ in _Listed(store, Span(first, last, 0), found):
        raise AssertionError("a line in a gap")
    return found


def _hashes(span: Span, lines: Sequence[Line]) -> list[Hash]:
    hashes: list[Hash] = [None] * (min(span.last, span.size) - span.first)
    for line in lines:
        if line.leaf < span.size:
            hashes[line.leaf - span.first] = leaf_hash(line.data)
    return hashes


def _tell_gaps(lines: Sequence[Line], found: Findings) -> None:
    for before, after in pairwise(lines):
        if after.leaf != before.leaf + 1:
            tell_gap(before.leaf, after.leaf, found)


def tell_gap(before: int, after: int, found: Findings) -> None:
    """Two leaves between which nothing is."""
    found.fault(f"between line {before} and line {after} others are missing")


def _spoken_of(store: Store, said: Statement) -> frozenset[Name]:
    named = {"event_ids": json.dumps(sorted(said.targets))}
    return frozenset((scheme, unit) for scheme, unit in store.stream("units_of_events", named))


class _Listed:
    """Lines joined with the units that the index lists of each, in one pass over both."""

    def __init__(self, store: Store, span: Span, found: Findings) -> None:
        between = {"first": span.first, "last": span.last}
        self._rows = store.stream("lines_between", between)
        self._units = store.stream("listed_between", between)
        self._found = found
        self._next: tuple[Any, ...] | None = None

    def __iter__(self) -> Iterator[Line]:
        self._next = next(self._units, None)
        for row in self._rows:
            yield Line._make((*row, frozenset(self._of(row[0]))))
        while self._next is not None:
            self._orphan()

    def _of(self, leaf: int) -> Iterator[Name]:
        """What is listed of a line; of those before it nothing may be left."""
        while self._next is not None and self._next[0] <= leaf:
            if self._next[0] < leaf:
                self._orphan()
                continue
            yield self._next[1], self._next[2]
            self._next = next(self._units, None)

    def _orphan(self) -> None:
        if self._next is not None:
            leaf, *name = self._next
            self._found.fault(f"{':'.join(name)} lists leaf {leaf}, which is not there")
        self._next = next(self._units, None)


def spans(store: Store, size: int, since: int = BEFORE) -> Iterator[Span]:
    """Spans in which there are lines, rising; the last of the tree is always among them.

    Args:
        store: inside `reading`.
        size: of the tree.
        since: the beginning of the first span.
    """
    tail = size // SPAN * SPAN if size % SPAN else None
    for begin in _occupied(store, since):
        if tail is not None and begin >= tail:
            if begin > tail:
                yield Span(tail, tail + SPAN, size)
            tail = None
        yield Span(begin, begin + SPAN, size)
    if tail is not None:
        yield Span(tail, tail + SPAN, size)


def _occupied(store: Store, since: int) -> Iterator[int]:
    leaf = next(store.stream("next_line", {"first": since}))[0]
    while leaf is not None:
        begin = leaf // SPAN * SPAN
        yield begin
        after = {"first": begin + SPAN}
        leaf = next(store.stream("next_line", after))[0] if begin + SPAN < BEYOND else None
