"""The Merkle tree of RFC 6962 section 2.1, over complete subtrees that are stored once.

A node `(level, position)` covers the 2**level leaves from `position * 2**level` on. Complete
nodes never change, so the tree is stored append-only and every root, inclusion proof and
consistency proof takes O(log n) reads. `verify_*` follow RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """One complete subtree."""

    level: int
    position: int
    hash: bytes


ReadNode = Callable[[int, int], bytes]
"""The hash of the complete node at `(level, position)`."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grow(size: int, leaf: bytes, read: ReadNode) -> list[Node]:
    """The nodes that become complete when `leaf` (a leaf hash) joins a tree of `size` leaves."""
    nodes = [Node(0, size, leaf)]
    while nodes[-1].position % 2 == 1:
        level, position, right = nodes[-1]
        nodes.append(Node(level + 1, position // 2, node_hash(read(level, position - 1), right)))
    return nodes


def root(size: int, read: ReadNode) -> bytes:
    """The tree head of the first `size` leaves."""
    return _subtree(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(leaf: int, size: int, read: ReadNode) -> list[bytes]:
    """The audit path PATH(leaf, D[size]), from the bottom up.

    Raises:
        ValueError: the tree of that size has no such leaf.
    """
    if not 0 <= leaf < size:
        raise ValueError(f"leaf {leaf} of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if leaf < middle:
            path.append(_subtree(middle, high, read))
            high = middle
        else:
            path.append(_subtree(low, middle, read))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: ReadNode) -> list[bytes]:
    """PROOF(old, D[new]): that the tree of `old` leaves is a prefix of that of `new`.

    Raises:
        ValueError: not 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError(f"{old} to {new}")
    path: list[bytes] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_subtree(middle, high, read))
            high = middle
        else:
            path.append(_subtree(low, middle, read))
            low, whole = middle, False
    if not whole:
        path.append(_subtree(low, high, read))
    return path[::-1]


def verify_inclusion(
    leaf: int, size: int, hashed: bytes, path: Sequence[bytes], head: bytes
) -> bool:
    """Whether `path` leads from the leaf hash `hashed` to the tree head `head`."""
    if not 0 <= leaf < size:
        return False
    fn, sn, value = leaf, size - 1, hashed
    for step in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            value = node_hash(step, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node_hash(value, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and value == head


def verify_consistency(
    old: int, new: int, old_head: bytes, new_head: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` shows that the tree under `new_head` continues that under `old_head`."""
    if old == new:
        return not path and old_head == new_head
    if not 0 < old < new or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_head, *path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            before, after = node_hash(step, before), node_hash(step, after)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            after = node_hash(after, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and before == old_head and after == new_head


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _subtree(low: int, high: int, read: ReadNode) -> bytes:
    """The head of leaves `low` to `high` (exclusive); `low` is aligned as the RFC splits."""
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, low >> level)
    middle = low + _split(count)
    return node_hash(_subtree(low, middle, read), _subtree(middle, high, read))
