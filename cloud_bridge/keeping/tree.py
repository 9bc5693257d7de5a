"""The stored tree against the one that grows anew from the lines: every node, every signed head.

Each span of lines has a subtree of its own, which is grown and compared where the lines are read;
above the spans the tree goes on here. A node that follows from its stored children is no fault of
its own: what lies below it was told already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final, NamedTuple

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.workers import Hand
from packtrail.errors import CodecError
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.proof.merkle import EMPTY_ROOT, node_hash, root

BITS: Final = 12
SPAN: Final = 1 << BITS
"""So many lines make a span."""
BEFORE: Final = -(1 << 63)
BEYOND: Final = (1 << 63) - 1

MOST: Final = 16
"""So many guesses are followed; four pieces of damage, one above the other."""

Hash = bytes | None
"""None where a line is missing below."""
Doubts = dict[int, frozenset[Hash]]
"""Position -> what a node may have been, of those that are not what the lines make them."""


class HeadSeen(NamedTuple):
    """A signed head: how many lines it covers, its root, the peaks within its span, its fault."""

    size: int
    root: bytes
    peaks: dict[int, Hash]
    fault: str


@dataclass(slots=True)
class Subtree:
    """What one span gave.

    Attributes:
        complete: whether it has all its lines, or could have.
        root: the node above all of them.
        doubts: what the root may have been, if it is not what is stored.
        heads: that cover up to a line within it.
        nodes: faults of its nodes.
    """

    complete: bool
    root: Hash = None
    doubts: frozenset[Hash] = frozenset()
    heads: list[HeadSeen] = field(default_factory=list)
    nodes: Findings = field(default_factory=lambda: Findings("nodes"))


def grow_span(first: int, hashes: Sequence[Hash], hand: Hand) -> Subtree:
    """Compare the nodes over some lines.

    Args:
        first: their first leaf, a multiple of `SPAN`.
        hashes: leaf hashes, None for a line that is missing; fewer than `SPAN` at the end only.
        hand: reads what is stored.
    """
    stored: list[dict[int, bytes]] = [{} for _ in range(BITS + 1)]
    over = {"first": first, "last": first + SPAN, "top": BITS}
    for level, position, value in hand.store.stream("nodes_over", over):
        stored[level][position] = value
    # A line that is missing is told as such; its node stands in for it, so that nothing above is.
    there = [value or stored[0].get(leaf) for leaf, value in enumerate(hashes, first)]
    levels = _levels(there)
    found = Subtree(len(hashes) == SPAN, levels[-1][0] if levels[-1] else None)
    below: Doubts = {}
    for level, wanted in enumerate(levels):
        at = first >> level
        beneath = _Below(2 * at, levels[level - 1], below) if level else None
        below = _compare(found.nodes, level, at, wanted, stored[level], beneath)
    found.doubts = below.get(first >> BITS, frozenset())
    found.heads = list(_heads(first, levels, hand))
    return found


def _stored(hand: Hand, level: int, first: int, last: int) -> dict[int, bytes]:
    span = {"level": level, "first": first, "last": last}
    return dict(hand.store.stream("nodes_between", span))


def _levels(hashes: Sequence[Hash]) -> list[Sequence[Hash]]:
    """Complete nodes of each level, from the lines up to the span's root."""
    levels = [hashes]
    for _ in range(BITS):
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        levels.append([_joined(left, right) for left, right in pairs])
    return levels


def _joined(left: Hash, right: Hash) -> Hash:
    return None if left is None or right is None else node_hash(left, right)


class _Below(NamedTuple):
    """Nodes of a level, as the lines make them from position `first` on, and doubts about them."""

    first: int
    wanted: Sequence[Hash]
    doubts: Doubts

    def either(self, position: int) -> frozenset[Hash]:
        """What a node may have been before anything was changed."""
        doubts = self.doubts.get(position)
        return doubts or frozenset([self.wanted[position - self.first]])

    def joined(self, position: int) -> frozenset[Hash]:
        """What the node above two may have been."""
        pairs = product(self.either(2 * position), self.either(2 * position + 1))
        return frozenset(_joined(*pair) for pair in islice(pairs, MOST))


def _compare(
    found: Findings,
    level: int,
    at: int,
    wanted: Sequence[Hash],
    stored: dict[int, bytes],
    below: _Below | None,
) -> Doubts:
    """One level of a span against what is stored of it; faults below it are told already."""
    doubts: Doubts = {}
    for position, value in enumerate(wanted, at):
        there = stored.get(position)
        found.count += there is not None
        if there == value is not None:
            continue
        made = below.joined(position) if below else frozenset([value])
        if there is not None and (there in made or None in made):
            doubts[position] = frozenset([there])
            continue
        told = "was changed" if there is not None else "is missing"
        found.fault(f"{_name(level, position)} {told}")
        doubts[position] = frozenset([*islice(made, MOST), there, value]) - {None}
    for position in sorted(stored.keys() - range(at, at + len(wanted))):
        _stray(found, level, position)
    return doubts


def _stray(found: Findings, level: int, position: int) -> None:
    found.fault(f"{_name(level, position)} belongs to no tree of these lines")


def _name(level: int, position: int) -> str:
    first = position << level if 0 <= level < 64 else -1
    last = first + (1 << level) - 1 if 0 <= level < 64 else -1
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    return f"node {level}/{position} ({lines})"


def _heads(first: int, levels: Sequence[Sequence[Hash]], hand: Hand) -> Iterator[HeadSeen]:
    """Heads of more than `first` lines, up to the end of the span."""
    there = len(levels[0])
    span = {"first": first + 1, "last": first + there + 1}
    for size, stored, note in hand.store.stream("heads_between", span):
        inside = size - first
        peaks = {
            level: levels[level][(inside >> level) - 1]
            for level in range(BITS + 1)
            if inside >> level & 1
        }
        yield seen_head(size, stored, note, peaks, hand)


def seen_head(size: int, stored: bytes, note: str, peaks: dict[int, Hash], hand: Hand) -> HeadSeen:
    """A head with what its signature and its row say against it."""
    fault = ""
    try:
        head = open_checkpoint(note, hand.origin, hand.authority)
    except CodecError as error:
        fault = str(error)
    else:
        if head.size != size:
            fault = f"the note says {head.size}"
        elif head.root != stored:
            fault = "the note says another root"
    return HeadSeen(size, stored, peaks, fault)


class TreeCheck:
    """The tree above the spans, and the heads.

    Args:
        hand: of this process.
        size: how many lines the tree is said to cover.
        first: where it begins, a multiple of `SPAN`: the stored tree is believed up to there.

    Raises:
        StoreError: a node over the lines before `first` is missing.
    """

    def __init__(self, hand: Hand, size: int, first: int = 0) -> None:
        self.nodes, self.heads = Findings("nodes"), Findings("heads")
        self._hand = hand
        self._size = size
        self._first = self._at = first
        self._peaks: dict[int, Hash] = {
            level: hand.store.node(level, (first >> level) - 1)
            for level in range(BITS, first.bit_length())
            if first >> level & 1
        }
        self._doubts: Doubts = {}

    def add(self, first: int, span: Subtree) -> None:
        """The next span."""
        self._skip(first)
        self.nodes.add(span.nodes)
        self._at = first + SPAN
        for head in span.heads:
            if head.size < self._at:
                self._check_head(head)
        if span.complete:
            self._rise(first >> BITS, span.root, span.doubts)
        for head in span.heads:
            if head.size == self._at:
                self._check_head(head)

    def _skip(self, first: int) -> None:
        """Spans without a single line."""
        while self._at + SPAN <= first:
            self.add(self._at, grow_span(self._at, [None] * SPAN, self._hand))

    def end(self) -> None:
        """No span comes any more."""
        self._skip(self._size)
        level: int | None = BEFORE
        while level is not None:
            level = next(self._hand.store.stream("next_level", {"level": level}))[0]
            if level is not None:
                self._look_beyond(level)
        beyond = {"first": self._size + 1, "last": BEYOND}
        for size, *_ in self._hand.store.stream("heads_between", beyond):
            self.heads.fault(f"a head of {size} lines, the ledger has {self._size}")
        before = {"first": BEFORE, "last": 1 if self._first == 0 else BEFORE}
        for row in self._hand.store.stream("heads_between", before):
            size, stored, note = row
            self._check_head(seen_head(size, stored, note, {}, self._hand))

    def _rise(self, position: int, value: Hash, doubts: frozenset[Hash]) -> None:
        """A span is complete: so are the nodes above it whose last it is."""
        level = BITS
        while position & 1:
            pair = self._peaks.get(level), value
            both = {position - 1: self._doubts.get(level, frozenset()), position: doubts}
            below = _Below(position - 1, pair, both)
            value, level, position = _joined(*pair), level + 1, position >> 1
            stored = _stored(self._hand, level, position, position + 1)
            found = _compare(self.nodes, level, position, [value], stored, below)
            doubts = found.get(position, frozenset())
        self._peaks[level], self._doubts[level] = value, doubts

    def _look_beyond(self, level: int) -> None:
        """Nodes outside of the tree; those in a span were told there."""
        inside = 0 <= level <= BITS
        complete = self._size >> level if 0 <= level < 64 else 0
        spans = -(-self._size // SPAN) << BITS >> level if inside else complete
        for first, last in ((BEFORE, 0), (spans, BEYOND)):
            for position in _stored(self._hand, level, first, last):
                _stray(self.nodes, level, position)

    def _check_head(self, head: HeadSeen) -> None:
        self.heads.count += 1
        fault = head.fault
        if not fault and not self._fits(head):
            fault = "the lines do not give its root"
        if fault:
            self.heads.fault(f"the head of {head.size} lines: {fault}")

    def _fits(self, head: HeadSeen) -> bool:
        """By the lines, or by the stored nodes where the fault lies between the two."""
        if self._root(head) == head.root:
            return True
        try:
            return root(head.size, self._hand.store.node) == head.root
        except (StoreError, ValueError):
            return False

    def _root(self, head: HeadSeen) -> Hash:
        """RFC 6962: what is complete, joined from the right."""
        found: Hash = None
        for level in range(max(head.size, 0).bit_length()):
            if head.size >> level & 1:
                peak = head.peaks[level] if level in head.peaks else self._peaks.get(level)
                if peak is None:
                    return None
                found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT
