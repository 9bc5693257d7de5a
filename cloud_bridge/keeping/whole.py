"""The whole store, verified: from the first line and chunk to the last, whatever indexes say.

One consistent moment is read while the bridge may go on, span by span, by as many processes as
are asked for; none of them holds more than a span. Every fault names its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.lists import check_lists
from cloud_bridge.keeping.now import check_now
from cloud_bridge.keeping.personal import check_personal
from cloud_bridge.keeping.rest import check_days, check_receipts, check_refusals, check_units
from cloud_bridge.keeping.retired import check_retired
from cloud_bridge.keeping.segments import Segment, look_at_gap, look_at_span, spans, tell_gap
from cloud_bridge.keeping.stories import check_stories
from cloud_bridge.keeping.subjects import look_at_subjects
from cloud_bridge.keeping.telemetry import chunk_spans, look_at_chunks
from cloud_bridge.keeping.tree import BEFORE, BEYOND, TreeCheck
from cloud_bridge.keeping.workers import Hand, Workers, portions, working
from cloud_bridge.store import Store
from packtrail.language import Text
from packtrail.proof.pack import Check
from packtrail.signing import VerifyKey

Watch = Callable[[Text, float, Text], AbstractContextManager[Callable[[float], None]]]
"""See `packtrail.progress.watched`: what is under way, how much of it, counted in what."""
LINES: Final = Text("lines", "行")
"""What the progress of the longest part is counted in."""
_LEDGER: Final = Text("verifying the ledger", "正在核验账本")
_CHUNKS: Final = Text("verifying telemetry", "正在核验遥测")
_STORIES: Final = Text("verifying packs' stories", "正在核验电池包履历")
_REST: Final = Text("verifying the rest", "正在核验其余各项")
_CHUNK: Final = Text("chunks", "数据块")
_STORY: Final = Text("stories", "份履历")
_KIND: Final = Text("kinds", "项")


@contextmanager
def unwatched(_what: Text, _total: float, _unit: Text) -> Iterator[Callable[[float], None]]:
    """Nobody wants to know how far it is."""
    yield lambda _more: None


def verify_whole(
    store: Store,
    origin: str,
    authority: VerifyKey,
    jobs: int = 0,
    watch: Watch = unwatched,
) -> list[Check]:
    """Every check on everything that the store keeps.

    Args:
        store: of one bridge or many.
        origin: names the log in its heads.
        authority: the pinned key.
        jobs: processes that share the work; 0 for as many as there are cores.
        watch: is told how far it is.
    """
    damage, found = Findings("database", 1), list[Check]()
    try:
        with working(store, origin, authority, jobs or os.cpu_count() or 1) as workers:
            pages = workers.begin(_pages, None)
            try:
                found = _check_content(workers, watch)
            finally:
                for fault in pages():
                    damage.fault(fault)
    except StoreError as error:
        # A broken page ends the reading; whatever helps by waiting is no finding.
        if error.retryable:
            raise
        damage.fault(str(error))
    return [damage.check(), *found]


def _pages(_: None, hand: Hand) -> tuple[str, ...]:
    return hand.store.damage()


def _check_content(workers: Workers, watch: Watch) -> list[Check]:
    store = workers.own.store
    ledger = _Ledger(workers)
    with watch(_LEDGER, store.size(), LINES) as told:
        ledger.read(told)
    with watch(_CHUNKS, store.counts().chunks, _CHUNK) as told:
        chunks = _check_chunks(workers, told)
    with watch(_STORIES, store.counts().units, _STORY) as told:
        stories = check_stories(workers, told)
    with watch(_REST, len(_RESTS) + 1, _KIND) as told:
        ledger.check_indexes()
        told(1)
        rest = []
        for check in _RESTS:
            rest.append(check(workers, ledger))
            told(1)
    return [*ledger.checks(), chunks, stories, *rest]


class _Ledger:
    """Spans of the ledger, put together in their order."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._store = store = workers.own.store
        self.size = min(store.size(), next(store.stream("tree_size"))[0])
        self.now = Findings("now")
        self._lines, self._index = Findings("lines"), Findings("index")
        self._tree = TreeCheck(workers.own, self.size)
        self._subjects = 0
        self._next, self._end = 0, BEFORE

    def read(self, told: Callable[[float], None]) -> None:
        """Every line, and what stands in the tree and in indexes of each."""
        for segment in self._workers.answers(look_at_span, spans(self._store, self.size)):
            self._take(segment)
            told(segment.lines.count)
        self._tree.end()
        self._look_at_gap(BEYOND)

    def _take(self, segment: Segment) -> None:
        first, last, _ = segment.span
        self._look_at_gap(first)
        self._end = last
        if segment.tree:
            self._tree.add(first, segment.tree)
        if segment.there:
            begin, end = segment.there
            if self._next < begin < self.size:
                tell_gap(self._next - 1, begin, self._lines)
            self._next = max(self._next, end + 1)
        self._lines.add(segment.lines)
        self._index.add(segment.index)
        self.now.add(segment.now)
        self._subjects += segment.subjects

    def _look_at_gap(self, until: int) -> None:
        if self._end < until:
            self._index.add(look_at_gap(self._end, until, self._store))

    def check_indexes(self) -> None:
        """Whatever is listed of nothing that is there."""
        if self._subjects != next(self._store.stream("count_subjects"))[0]:
            rows = portions(self._store.stream("subject_lines"))
            for part in self._workers.answers(look_at_subjects, rows):
                self._index.add(part)
        check_units(self._store, self._index)

    def checks(self) -> list[Check]:
        """What was found."""
        found = (self._lines, self._tree.nodes, self._tree.heads, self._index)
        return [one.check() for one in found]


_RESTS: Final[tuple[Callable[[Workers, _Ledger], Check], ...]] = (
    lambda workers, ledger: check_now(workers, ledger.now),
    lambda workers, _: check_lists(workers),
    lambda workers, _: check_refusals(workers.own.store, workers.own.voices),
    lambda workers, _: check_receipts(workers.own.store),
    lambda workers, _: check_days(workers.own.store),
    lambda workers, _: check_personal(workers.own.store),
    lambda workers, _: check_retired(workers.own.store),
)


def _check_chunks(workers: Workers, told: Callable[[float], None]) -> Check:
    found = Findings("chunks")
    for part in workers.answers(look_at_chunks, chunk_spans(workers.own.store)):
        found.add(part)
        told(part.count)
    return found.check()
