"""Audit paths of many leaves at once: every node is read once, in one step, and shared above.

The same paths as `merkle.inclusion_proof` gives leaf by leaf. Paths of one story meet on their way
up: what lies above the meeting point is put together once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from packtrail.proof.merkle import node_hash

Place = tuple[int, int]
"""Level and position of a complete subtree."""

ReadNodes = Callable[[Collection[Place]], Mapping[Place, bytes]]
"""The hashes of complete nodes, all that were asked for."""

Path = TypeVar("Path", bytes, tuple[str, ...])


def inclusion_paths(
    leaves: Iterable[int], size: int, read: ReadNodes, step: Callable[[bytes], Path], end: Path
) -> dict[int, Path]:
    """Leaf -> its audit path in the tree of the first `size` leaves, from the bottom up.

    Args:
        leaves: of which leaves, each below `size`.
        size: of the tree.
        read: asked once, for all nodes.
        step: one hash as a path of its own; paths are put together by `+`.
        end: the empty path.

    Raises:
        ValueError: the tree of that size has no such leaf.
    """
    levels = _levels(leaves, size)
    beside = {
        (level, position ^ 1)
        for level, positions in enumerate(levels)
        for position in positions
        if (position ^ 1) + 1 <= size >> level
    }
    nodes = read(beside | _peaks(size))
    edges = _edges(size, nodes)
    above = {0: end}
    for level in reversed(range(len(levels))):
        last = step(edges[level]) if level in edges else end
        above = {
            position: (
                step(nodes[level, position ^ 1])
                if position ^ 1 < size >> level
                else last
                if position ^ 1 == size >> level
                else end
            )
            + above[position >> 1]
            for position in levels[level]
        }
    return above


def _levels(leaves: Iterable[int], size: int) -> list[set[int]]:
    """Level -> positions that have one of the leaves below them; the root is left out."""
    found = set(leaves)
    if found and not 0 <= min(found) <= max(found) < size:
        raise ValueError(f"leaves {min(found)} to {max(found)} of {size}")
    levels = []
    for _ in range((size - 1).bit_length()):
        levels.append(found)
        found = {position >> 1 for position in found}
    return levels


def _peaks(size: int) -> set[Place]:
    """The largest complete subtrees of a tree, one for each bit of its size."""
    return {(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1}


def _edges(size: int, nodes: Mapping[Place, bytes]) -> dict[int, bytes]:
    """Level -> the hash of the leaves that fill no subtree of that level, where there are any."""
    edges: dict[int, bytes] = {}
    edge = b""
    for level in range(size.bit_length()):
        if edge:
            edges[level] = edge
        if size >> level & 1:
            peak = nodes[level, (size >> level) - 1]
            edge = node_hash(peak, edge) if edge else peak
    return edges
