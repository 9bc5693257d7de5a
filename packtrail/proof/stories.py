"""The map of stories: what makes a pack's history provably complete, not only each fact true.

Unit -> (how many facts, chain over their leaf hashes), in 65,536 buckets under a Merkle tree of 16
levels, whose root every signed head carries. Who holds a head can be shown that nothing of a pack
was left out; nobody can be shown a shorter story without its showing. Pure.

    key    = SHA-256(0x00 || scheme || 0x00 || id)        bucket = its first 16 bits
    head   = SHA-256(0x01 || head before || leaf hash)    in the order of leaves, from 32 zeros
    value  = SHA-256(0x02 || count as 8 bytes || head)
    bucket = SHA-256(0x03 || key || value || key ...)     keys rising
    node   = SHA-256(0x04 || left || right)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from packtrail.event import UnitRef

DEPTH: Final = 16
START: Final = bytes(32)
LINE: Final = "packtrail-stories "
"""How the root's line in a head begins (C2SP tlog-checkpoint, extension line)."""


class Completeness(msgspec.Struct, frozen=True):
    """One bucket and its way to the root, as base64.

    Attributes:
        bucket: keys and values of every unit in it, keys rising.
        path: the hashes beside it, from the bottom up.
    """

    bucket: tuple[tuple[str, str], ...]
    path: tuple[str, ...]


def key_of(unit: UnitRef) -> bytes:
    """Where a unit stands in the map."""
    return hashlib.sha256(b"\x00" + unit.scheme.encode() + b"\x00" + unit.id.encode()).digest()


def bucket_of(key: bytes) -> int:
    """0 to 65,535."""
    return int.from_bytes(key[:2], "big")


def further(head: bytes, leaf: bytes) -> bytes:
    """The head of a story that goes on with this leaf hash."""
    return hashlib.sha256(b"\x01" + head + leaf).digest()


def chained(leaves: Iterable[bytes]) -> bytes:
    """The head of a story with these leaf hashes."""
    head = START
    for leaf in leaves:
        head = further(head, leaf)
    return head


def value_of(count: int, head: bytes) -> bytes:
    """What the map holds of a unit."""
    return hashlib.sha256(b"\x02" + count.to_bytes(8, "big") + head).digest()


def bucket_hash(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Over keys and values, keys rising."""
    return hashlib.sha256(b"\x03" + b"".join(key + value for key, value in pairs)).digest()


def join(left: bytes, right: bytes) -> bytes:
    """The node above two."""
    return hashlib.sha256(b"\x04" + left + right).digest()


def _empty() -> tuple[bytes, ...]:
    nodes = [bucket_hash(())]
    for _ in range(DEPTH):
        nodes.append(join(nodes[-1], nodes[-1]))
    return tuple(nodes)


EMPTY: Final = _empty()
"""Level -> the hash of a node with nothing below it."""


def rise(
    changed: dict[int, bytes], read: Callable[[int, int], bytes]
) -> dict[tuple[int, int], bytes]:
    """Every node that changes when these buckets do, the buckets (level 0) among them.

    Args:
        changed: bucket -> its new hash.
        read: the hash of a node that does not change.
    """
    nodes = {(0, position): value for position, value in changed.items()}
    level = dict(changed)
    for height in range(DEPTH):
        above: dict[int, bytes] = {}
        for position in {one >> 1 for one in level}:
            pair = [
                level[one] if one in level else read(height, one)
                for one in (2 * position, 2 * position + 1)
            ]
            above[position] = join(*pair)
        nodes |= {(height + 1, position): value for position, value in above.items()}
        level = above
    return nodes


def root_line(root: bytes) -> str:
    """The line of a head."""
    return LINE + base64.b64encode(root).decode()


def root_in(extension: Sequence[str]) -> bytes | None:
    """The map's root in a head's extension lines; None where it has none.

    A head with two of them, or with one that cannot be read, has b"", which nothing fits.
    """
    found = [line.removeprefix(LINE) for line in extension if line.startswith(LINE)]
    if not found:
        return None
    try:
        return base64.b64decode(found[0], validate=True) if len(found) == 1 else b""
    except binascii.Error:
        return b""


def completeness_fault(
    shown: Completeness | None, root: bytes, unit: UnitRef, leaves: Sequence[bytes]
) -> str:
    """Why these leaf hashes may not be all of the unit's story, or "".

    Args:
        shown: what the proof brings.
        root: from the signed head.
        unit: whose story.
        leaves: leaf hashes of the facts in the proof, in the order of their leaves.
    """
    if shown is None:
        return "the head vouches for complete stories, the proof leaves that out"
    try:
        pairs = [(_bytes(key), _bytes(value)) for key, value in shown.bucket]
        path = [_bytes(step) for step in shown.path]
    except binascii.Error:
        return "not base64"
    if not _leads_to(root, key_of(unit), pairs, path):
        return "its part of the map does not lead to the signed head"
    told = dict(pairs).get(key_of(unit))
    wanted = value_of(len(leaves), chained(leaves)) if leaves else None
    if told != wanted:
        return f"the {len(leaves)} facts shown are not all, or not those, that the head commits to"
    return ""


def _leads_to(
    root: bytes, key: bytes, pairs: Sequence[tuple[bytes, bytes]], path: Sequence[bytes]
) -> bool:
    keys = [pair[0] for pair in pairs]
    if keys != sorted(set(keys)) or any(bucket_of(one) != bucket_of(key) for one in keys):
        return False
    position, value = bucket_of(key), bucket_hash(pairs)
    for step in path:
        value = join(step, value) if position & 1 else join(value, step)
        position >>= 1
    return len(path) == DEPTH and value == root


def _bytes(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if len(value) != 32:
        raise binascii.Error("not 32 bytes")
    return value
