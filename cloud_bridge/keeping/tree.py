"""The stored tree against the one that grows anew from the lines: every node, every signed head.

One pass, a few hashes in memory: each level of the stored tree is read beside the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.store import Store
from packtrail.errors import CodecError
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.proof.merkle import EMPTY_ROOT, grow, node_hash
from packtrail.signing import VerifyKey


class _Level:
    """One level of the stored tree, read from its left end."""

    def __init__(self, level: int, rows: Iterator[tuple[Any, ...]], found: Findings) -> None:
        self._level = level
        self._rows = rows
        self._found = found
        self._next = next(rows, None)

    def compare(self, position: int, wanted: bytes) -> None:
        while self._next is not None and self._next[0] < position:
            self._beyond()
        if self._next is None or self._next[0] > position:
            self._found.fault(f"{self._name(position)} is missing")
            return
        if self._next[1] != wanted:
            self._found.fault(f"{self._name(position)} was changed")
        self._found.count += 1
        self._next = next(self._rows, None)

    def end(self) -> None:
        while self._next is not None:
            self._beyond()

    def _beyond(self) -> None:
        if self._next is not None:
            self._found.fault(f"{self._name(self._next[0])} belongs to no tree of these lines")
        self._next = next(self._rows, None)

    def _name(self, position: int) -> str:
        first = position << self._level if self._level < 64 else -1
        last = first + (1 << self._level) - 1 if self._level < 64 else -1
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        return f"node {self._level}/{position} ({lines})"


class TreeCheck:
    """Grows the tree line by line.

    Args:
        store: inside `reading`.
        origin: names the log.
        authority: signs its heads.
    """

    def __init__(self, store: Store, origin: str, authority: VerifyKey) -> None:
        self.nodes, self.heads = Findings("nodes"), Findings("heads")
        self.size = 0
        self._peaks: dict[int, bytes] = {}
        self._levels = {
            level: _Level(level, store.stream("tree_level", {"level": level}), self.nodes)
            for (level,) in list(store.stream("tree_levels"))
        }
        self._origin, self._authority = origin, authority
        self._notes = store.stream("all_checkpoints")
        self._note = next(self._notes, None)
        self._check_heads()

    def add(self, hashed: bytes) -> None:
        """The next line's leaf hash."""
        for level, position, value in grow(self.size, hashed, lambda k, _p: self._peaks[k]):
            stored = self._levels.get(level)
            if stored is None:
                stored = self._levels[level] = _Level(level, iter(()), self.nodes)
            stored.compare(position, value)
            self._peaks[level] = value
        self.size += 1
        self._check_heads()

    def end(self) -> None:
        """No line comes any more."""
        for level in self._levels.values():
            level.end()
        while self._note is not None:
            self.heads.fault(f"a head of {self._note[0]} lines, the ledger has {self.size}")
            self._note = next(self._notes, None)

    def _check_heads(self) -> None:
        while self._note is not None and self._note[0] <= self.size:
            size, root, note = self._note
            fault = self._head_fault(size, root, note)
            if fault:
                self.heads.fault(f"the head of {size} lines: {fault}")
            self.heads.count += 1
            self._note = next(self._notes, None)

    def _head_fault(self, size: int, stored: bytes, note: str) -> str:
        try:
            head = open_checkpoint(note, self._origin, self._authority)
        except CodecError as error:
            return str(error)
        if head.size != size:
            return f"the note says {head.size}"
        if head.root != stored:
            return "the note says another root"
        return "" if head.root == self._root() else "the lines do not give its root"

    def _root(self) -> bytes:
        """RFC 6962: what is complete, joined from the right."""
        found = b""
        for level in range(self.size.bit_length()):
            if self.size >> level & 1:
                peak = self._peaks[level]
                found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT
