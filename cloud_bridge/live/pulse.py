"""The pulse: looks once a second at what has grown in the store, while anybody listens.

It asks the store and not the intake, so an event that another bridge has taken reaches a listener
as one of our own does. Leaves of the ledger are given out in the order of commits: what lies above
the last size that was seen is all that is new.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool

from cloud_bridge.errors import StoreError
from cloud_bridge.store import Store
from packtrail import logs
from packtrail.event import UnitRef
from packtrail.topics import RecordAddress

EVERY_S: Final = 1.0
MOST_LINES: Final = 10_000
"""After more new lines than these everybody looks for himself."""

log = logs.get("cloud_bridge.live")


class Listener:
    """One reader's ear.

    Attributes:
        unit: whose samples count; None for nobody's.
        names: units whose facts count; None for every line of the ledger.
        facts: whether the ledger has grown by something that counts.
        samples: whether samples have come.
    """

    def __init__(self, unit: UnitRef | None) -> None:
        self.unit = unit
        self.names: frozenset[UnitRef] | None = None
        self.facts = False
        self.samples = False
        self._news = asyncio.Event()

    def tell(self, *, facts: bool = False, samples: bool = False) -> None:
        """Mark what there is to fetch."""
        self.facts |= facts
        self.samples |= samples
        if facts or samples:
            self.wake()

    def wake(self) -> None:
        """Go on, whether there is something or not."""
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """Until somebody has called, at most for so long; whether somebody has."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        self._news.clear()
        return True


@dataclass(slots=True)
class Seen:
    """What the store held at the last look: lines, and the newest chunk of each unit."""

    size: int
    newest: dict[UnitRef, RecordAddress | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """What has come since: units that were spoken of (None: ask yourself), and with samples."""

    grown: bool
    spoken_of: frozenset[UnitRef] | None
    sampled: frozenset[UnitRef]


class Pulse:
    """Marks listeners. Of the server's own thread alone, but for `close`.

    Args:
        store: what is looked at.
        every_s: time between two looks, seconds.
    """

    def __init__(self, store: Store, every_s: float = EVERY_S) -> None:
        self._store = store
        self._every_s = every_s
        self._listeners: set[Listener] = set()
        self._seen: Seen | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # The shared threads may all be at work for those that the last look has woken.
        self._looker = ThreadPoolExecutor(1, "pulse")
        self.closed = False

    @asynccontextmanager
    async def listening(self, unit: UnitRef | None = None) -> AsyncIterator[Listener]:
        """Be marked from now on: nothing that comes after this call is missed.

        Raises:
            StoreError: the database does not answer.
        """
        listener = Listener(unit)
        self._loop = asyncio.get_running_loop()
        if self._seen is None:
            size = await run_in_threadpool(self._store.size)
            self._seen = self._seen or Seen(size)  # another may have come meanwhile
        self._listeners.add(listener)
        if self._task is None:
            self._task = asyncio.create_task(self._beat())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Send everybody home, for the server stops; from any thread."""
        self.closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for listener in self._listeners:
            listener.wake()

    async def _beat(self) -> None:
        """Look until nobody listens any more."""
        try:
            while self._listeners and not self.closed:
                await self._look()
                await asyncio.sleep(self._every_s)
        finally:
            self._task = self._seen = None

    async def _look(self) -> None:
        assert self._seen is not None, "set before the first listener, and till the last has gone"
        units = frozenset(one.unit for one in self._listeners if one.unit)
        try:
            loop = asyncio.get_running_loop()
            news = await loop.run_in_executor(self._looker, self.since, self._seen, units)
        except StoreError as error:
            log.warning("look_failed", error=error.describe("en"))
            return  # what came meanwhile is seen by the next look
        for one in self._listeners:
            one.tell(facts=_concerns(news, one), samples=one.unit in news.sampled)

    def since(self, seen: Seen, units: frozenset[UnitRef]) -> News:
        """Look, in any thread; `seen` is moved on when all has been read.

        Raises:
            StoreError: the database does not answer.
        """
        with self._store.reading():
            size = self._store.size()
            spoken_of = self._spoken_of(seen.size, size)
            newest = {unit: self._newest(unit) for unit in units}
        # A unit that is new here may have got a chunk since its listener read: it looks again.
        sampled = {one for one, at in newest.items() if seen.newest.get(one, at) != at}
        sampled |= units - seen.newest.keys()
        grown, seen.size, seen.newest = size > seen.size, size, newest
        return News(grown, spoken_of, frozenset(sampled))

    def _spoken_of(self, first: int, last: int) -> frozenset[UnitRef] | None:
        """Units that the lines of [first, last) name; None where anybody's state may change."""
        if first >= last:
            return frozenset()
        # What an authority's new key has said before counts otherwise from now on.
        if last - first > MOST_LINES or self._store.key_entries(first - 1):
            return None
        rows = self._store.stream("listed_between", {"first": first, "last": last})
        return frozenset(UnitRef(scheme, unit) for _leaf, scheme, unit in rows)

    def _newest(self, unit: UnitRef) -> RecordAddress | None:
        found = self._store.latest_chunks(unit)
        return found[0].address if found else None


def _concerns(news: News, one: Listener) -> bool:
    if not news.grown:
        return False
    if news.spoken_of is None or one.names is None:
        return True
    return not one.names.isdisjoint(news.spoken_of)
