"""The ledger as a whole: spans that processes have looked at, put together in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.rest import check_units
from cloud_bridge.keeping.segments import Segment, look_at_gap, look_at_span, spans, tell_gap
from cloud_bridge.keeping.subjects import check_beyond
from cloud_bridge.keeping.tree import BEFORE, BEYOND, BITS, SPAN, TreeCheck
from cloud_bridge.keeping.workers import Workers
from packtrail.proof.pack import Check


class LedgerCheck:
    """Spans of the ledger, put together in their order.

    Args:
        workers: look at them.
        since: lines below it were verified before; the span that it lies in is looked at whole.
    """

    def __init__(self, workers: Workers, since: int = 0) -> None:
        self._workers = workers
        self._store = store = workers.own.store
        self.size = min(store.size(), next(store.stream("tree_size"))[0])
        self.now = Findings("now")
        self._lines, self._index = Findings("lines"), Findings("index")
        self.first = since // SPAN * SPAN
        self._tree = TreeCheck(workers.own, self.size, self.first)
        self._subjects = Counter[int]()
        self._next, self._end = self.first, self.first if since else BEFORE

    def read(self, told: Callable[[float], None]) -> None:
        """Every line, and what stands in the tree and in indexes of each."""
        found = spans(self._store, self.size, self._end)
        for segment in self._workers.answers(look_at_span, found):
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
        self._subjects[first >> BITS] += segment.subjects

    def _look_at_gap(self, until: int) -> None:
        if self._end < until:
            self._index.add(look_at_gap(self._end, until, self._store))

    def check_indexes(self) -> None:
        """Whatever is listed of nothing that is there."""
        check_beyond(self._workers, self._subjects, self._index)
        check_units(self._store, self._index)

    def checks(self) -> list[Check]:
        """What was found."""
        found = (self._lines, self._tree.nodes, self._tree.heads, self._index)
        return [one.check() for one in found]
