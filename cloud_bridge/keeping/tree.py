"""The stored tree against the one that grows anew from the lines: every node, every signed head.

Each span of lines has a subtree of its own, which is grown and compared where the lines are read;
above the spans the tree goes on here. A node that follows from its stored children is no fault of
its own: what lies below it was told already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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

Hash = bytes | None
"""None where a line is missing below."""


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
        heads: that cover up to a line within it.
        nodes: faults of its nodes.
    """

    complete: bool
    root: Hash = None
    heads: list[HeadSeen] = field(default_factory=list)
    nodes: Findings = field(default_factory=lambda: Findings("nodes"))


def grow_span(first: int, hashes: Sequence[Hash], hand: Hand) -> Subtree:
    """Compare the nodes over some lines.

    Args:
        first: their first leaf, a multiple of `SPAN`.
        hashes: leaf hashes, None for a line that is missing; fewer than `SPAN` at the end only.
        hand: reads what is stored.
    """
    levels = _levels(hashes)
    found = Subtree(len(hashes) == SPAN, levels[-1][0] if levels[-1] else None)
    stored: list[dict[int, bytes]] = [{} for _ in levels]
    over = {"first": first, "last": first + SPAN, "top": BITS}
    for level, position, value in hand.store.stream("nodes_over", over):
        stored[level][position] = value
    for level, wanted in enumerate(levels):
        below = stored[level - 1] if level else {}
        _compare(found.nodes, level, first >> level, wanted, stored[level], below)
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


def _compare(
    found: Findings,
    level: int,
    at: int,
    wanted: Sequence[Hash],
    stored: dict[int, bytes],
    below: dict[int, bytes],
) -> None:
    """One level of a span against what is stored of it and of the level below."""
    for position, value in enumerate(wanted, at):
        there = stored.get(position)
        if there is None:
            found.fault(f"{_name(level, position)} is missing")
            continue
        found.count += 1
        if there != value and not _follows(level, position, there, value, below):
            found.fault(f"{_name(level, position)} was changed")
    for position in sorted(stored.keys() - range(at, at + len(wanted))):
        _stray(found, level, position)


def _follows(level: int, position: int, there: bytes, value: Hash, below: dict[int, bytes]) -> bool:
    """Whether a node is as the stored ones below it make it, so that the fault is theirs."""
    if level == 0:
        return value is None
    left, right = below.get(2 * position), below.get(2 * position + 1)
    if left is None or right is None:
        return value is None
    return node_hash(left, right) == there


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
    """

    def __init__(self, hand: Hand, size: int) -> None:
        self.nodes, self.heads = Findings("nodes"), Findings("heads")
        self._hand = hand
        self._size = size
        self._at = 0
        self._peaks: dict[int, Hash] = {}
        self._before: dict[int, tuple[int, bytes]] = {}

    def add(self, first: int, span: Subtree) -> None:
        """The next span."""
        self._skip(first)
        self.nodes.add(span.nodes)
        self._at = first + SPAN
        for head in span.heads:
            if head.size < self._at:
                self._check_head(head)
        if span.complete:
            self._rise(first >> BITS, span.root)
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
        for row in self._hand.store.stream("heads_between", {"first": BEFORE, "last": 1}):
            size, stored, note = row
            self._check_head(seen_head(size, stored, note, {}, self._hand))

    def _rise(self, position: int, value: Hash) -> None:
        """A span is complete: so are the nodes above it whose last it is."""
        level = BITS
        while position & 1:
            value = _joined(self._peaks.get(level), value)
            below = _stored(self._hand, level, position - 1, position + 1)
            level, position = level + 1, position >> 1
            stored = _stored(self._hand, level, position, position + 1)
            _compare(self.nodes, level, position, [value], stored, below)
        self._peaks[level] = value

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
