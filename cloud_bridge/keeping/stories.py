"""The stored map of stories against the one that the lines and their index give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.workers import Hand, Workers
from cloud_bridge.store import Store
from packtrail.errors import CodecError
from packtrail.event import UnitRef
from packtrail.proof.checkpoint import open_checkpoint
from packtrail.proof.pack import Check
from packtrail.proof.stories import (
    DEPTH,
    EMPTY,
    START,
    bucket_hash,
    bucket_of,
    further,
    join,
    key_of,
    rise,
    root_in,
    value_of,
)

AT_ONCE: Final = 128
"""Buckets that one process takes at a time: two thousand packs of a million."""

_COUNT: Final = (1 << 64) - 1

Nodes = dict[tuple[int, int], bytes]


class Span(NamedTuple):
    """Buckets from `first` up to and without `last`; the map covers lines below `size`."""

    first: int
    last: int
    size: int


@dataclass(slots=True)
class Buckets:
    """What a span of buckets gave.

    Attributes:
        right: how many stories are those that their lines tell.
        hashes: bucket -> its hash, from the lines.
        said: bucket -> its hash, from what is stored, where that is another.
        found: faults.
    """

    right: int = 0
    hashes: dict[int, bytes] = field(default_factory=dict)
    said: dict[int, bytes] = field(default_factory=dict)
    found: Findings = field(default_factory=lambda: Findings("stories"))


def look_at_buckets(span: Span, hand: Hand) -> Buckets:
    """Tell every story of some buckets anew."""
    told = Buckets()
    try:
        _look(span, hand.store, told)
    except StoreError as error:
        if error.retryable:
            raise
        told.found.fault(f"buckets {span.first} to {span.last - 1} cannot be read: {error}")
    return told


def _look(span: Span, store: Store, told: Buckets) -> None:
    pairs: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    said: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    chains = _Chains(store, span)
    for bucket, key, scheme, name, count, head in store.stream("stories_between", span._asdict()):
        told.found.count += 1
        wanted, place = chains.of(bucket, bytes(key)), key_of(UnitRef(scheme, name))
        right = wanted == (count, bytes(head)) and (bucket, key) == (bucket_of(place), place)
        told.right += right
        if not right:
            told.found.fault(f"the story of {scheme}:{name} is not the one that its lines tell")
        if wanted[0]:
            pairs[bucket_of(place)].append((place, value_of(*wanted)))
        said[bucket].append((bytes(key), value_of(count & _COUNT, bytes(head))))
    told.hashes = _hashes(pairs)
    told.said = dict(_hashes(said).items() - told.hashes.items())


def _hashes(pairs: dict[int, list[tuple[bytes, bytes]]]) -> dict[int, bytes]:
    return {bucket: bucket_hash(sorted(found)) for bucket, found in pairs.items()}


class _Chains:
    """Count and head of each story, from the hashes of its lines, in the order of the map."""

    def __init__(self, store: Store, span: Span) -> None:
        self._rows = store.stream("hashes_of_stories", span._asdict())
        self._next = next(self._rows, None)

    def of(self, bucket: int, key: bytes) -> tuple[int, bytes]:
        count, head = 0, START
        while self._next is not None and self._next[:2] == (bucket, key):
            count += 1
            head = further(head, bytes(self._next[2] or b""))
            self._next = next(self._rows, None)
        return count, head


def check_stories(
    workers: Workers, told_of: Callable[[float], None], buckets: Collection[int] | None = None
) -> Check:
    """The map of stories, its nodes and its root in the newest head.

    Args:
        workers: look at it.
        told_of: hears how many stories were looked at.
        buckets: only their stories; the nodes of all others are believed. None for all.
    """
    hand, found = workers.own, Findings("stories")
    size: int = next(hand.store.stream("story_size"))[0]
    asked = _spans(hand.store, size) if buckets is None else (Span(n, n + 1, size) for n in buckets)
    right, hashes, said = 0, dict[int, bytes](), dict[int, bytes]()
    for told in workers.answers(look_at_buckets, asked):
        found.add(told.found)
        right += told.right
        hashes |= told.hashes
        said |= told.said
        told_of(told.found.count)
    stored = {
        (level, position): bytes(value)
        for level, position, value in hand.store.stream("all_story_nodes")
    }
    if buckets is not None:
        believed = {one: value for (level, one), value in stored.items() if level == 0}
        hashes = {one: value for one, value in believed.items() if one not in buckets} | hashes
    elif right != next(hand.store.stream("count_told", {"size": size}))[0]:
        _tell_missing(hand.store.stream("units_told", {"size": size}), hand.store, found)
    wanted = rise(hashes, lambda level, _position: EMPTY[level]) if hashes else {}
    _check_nodes(stored, wanted, said, found)
    top = DEPTH, 0
    # Where the stored root is the signed one, what lies below it was told.
    _check_head(hand, size, {nodes.get(top, EMPTY[DEPTH]) for nodes in (wanted, stored)}, found)
    return found.check()


def _spans(store: Store, size: int) -> Iterator[Span]:
    """Spans in which there are stories, wherever their rows say that they stand."""
    bucket = next(store.stream("first_bucket"))[0]
    while bucket is not None:
        first = bucket // AT_ONCE * AT_ONCE
        yield Span(first, first + AT_ONCE, size)
        bucket = next(store.stream("next_bucket", {"first": first + AT_ONCE}))[0]


def _tell_missing(units: Iterable[tuple[Any, ...]], store: Store, found: Findings) -> None:
    for scheme, name in units:
        key = key_of(UnitRef(scheme, name))
        place = {"bucket": bucket_of(key), "key": key}
        if next(store.stream("find_story", place), None) is None:
            found.fault(f"the story of {scheme}:{name} is missing, and lines tell it")


def _check_nodes(stored: Nodes, wanted: Nodes, said: dict[int, bytes], found: Findings) -> None:
    for place in sorted(wanted.keys() | stored.keys()):
        if wanted.get(place) != stored.get(place) and not _follows(place, stored, said):
            found.fault(f"node {place[0]}/{place[1]} of the map was changed")


def _follows(place: tuple[int, int], stored: Nodes, said: dict[int, bytes]) -> bool:
    """Whether a node is as what is stored below it makes it, so that the fault is told there."""
    level, position = place
    if level == 0 and position in said:
        return stored.get(place) == said[position]
    if not 0 < level <= DEPTH:
        return False
    left, right = (
        stored.get((level - 1, below), EMPTY[level - 1])
        for below in (2 * position, 2 * position + 1)
    )
    return stored.get(place) == join(left, right)


def _check_head(hand: Hand, size: int, roots: set[bytes], found: Findings) -> None:
    note = hand.store.checkpoint()
    try:
        head = open_checkpoint(note, hand.origin, hand.authority) if note else None
    except CodecError:
        return  # the heads' own check tells
    signed = root_in(head.extension) if head else None
    if head and signed is not None and head.size == size and signed not in roots:
        found.fault(f"the head of {head.size} lines commits to other stories")
