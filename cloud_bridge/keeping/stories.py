"""The stored map of stories against the one that the lines and their index give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.lines import Name
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
    key_of,
    rise,
    root_in,
    value_of,
)
from packtrail.signing import VerifyKey


class StoriesCheck:
    """Tells every story anew, line by line.

    Args:
        store: inside `reading`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._size: int = next(store.stream("story_size"))[0]
        self._stories: dict[Name, tuple[int, bytes]] = {}

    def add(self, leaf: int, units: Iterable[Name], hashed: bytes) -> None:
        """The next line: the units under which it is listed, and its leaf hash."""
        if leaf >= self._size:
            return
        for unit in units:
            count, head = self._stories.get(unit, (0, START))
            self._stories[unit] = count + 1, further(head, hashed)

    def check(self, origin: str, authority: VerifyKey) -> Check:
        """What was found, at the end."""
        found = Findings("stories", len(self._stories))
        wanted = {
            (bucket_of(key), key): (*unit, *story)
            for unit, story in self._stories.items()
            for key in [key_of(UnitRef(*unit))]
        }
        stored = {
            (bucket, bytes(key)): (scheme, name, count, bytes(head))
            for bucket, key, scheme, name, count, head in self._store.stream("all_stories")
        }
        for place in sorted(wanted.keys() | stored.keys()):
            if wanted.get(place) != stored.get(place):
                row = stored.get(place) or wanted[place]
                found.fault(f"the story of {row[0]}:{row[1]} is not the one that its lines tell")
        self._check_nodes(found, _nodes(wanted), origin, authority)
        return found.check()

    def _check_nodes(
        self,
        found: Findings,
        wanted: dict[tuple[int, int], bytes],
        origin: str,
        authority: VerifyKey,
    ) -> None:
        stored = {
            (level, position): bytes(value)
            for level, position, value in self._store.stream("all_story_nodes")
        }
        for level, position in sorted(wanted.keys() | stored.keys()):
            if wanted.get((level, position)) != stored.get((level, position)):
                found.fault(f"node {level}/{position} of the map was changed")
        root = wanted.get((DEPTH, 0), EMPTY[DEPTH])
        note = self._store.checkpoint()
        try:
            head = open_checkpoint(note, origin, authority) if note else None
        except CodecError:
            return  # the heads' own check tells
        signed = root_in(head.extension) if head else None
        if head and signed is not None and head.size == self._size and signed != root:
            found.fault(f"the head of {head.size} lines commits to other stories")


def _nodes(
    stories: dict[tuple[int, bytes], tuple[str, str, int, bytes]],
) -> dict[tuple[int, int], bytes]:
    buckets: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for (bucket, key), (*_, count, head) in sorted(stories.items()):
        buckets[bucket].append((key, value_of(count, head)))
    changed = {bucket: bucket_hash(pairs) for bucket, pairs in buckets.items()}
    return rise(changed, lambda level, _position: EMPTY[level]) if changed else {}
