"""Processes that read the same moment of a store, each through a connection of its own.

A task is a function and a span, never the rows: what is looked at is read where it is looked at,
so that the process that hands out the work does next to nothing, and none of them holds more
than one span.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Final, TypeVar

from cloud_bridge.keeping.voices import Voices
from cloud_bridge.store import Store
from cloud_bridge.store.contract import Moment
from packtrail.signing import VerifyKey

Item = TypeVar("Item")
Answer = TypeVar("Answer")
PORTION: Final = 2_000
START_S: Final = 120.0
"""A process that has not come up by then never will."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a task works with.

    Attributes:
        store: inside `reading`, of the moment that all share.
        voices: who could speak when.
        origin: names the log in its heads.
        authority: the pinned key.
    """

    store: Store
    voices: Voices
    origin: str
    authority: VerifyKey

    @classmethod
    def of(cls, store: Store, origin: str, authority: VerifyKey) -> Hand:
        """With the voices that the store's key lines give."""
        return cls(store, Voices(authority, store.key_entries()), origin, authority)


class Workers:
    """Does tasks, here or in further processes; answers come in the order of the items.

    Args:
        own: of this process.
        pool: the others; None where there are none.
        jobs: how many.
    """

    def __init__(self, own: Hand, pool: ProcessPoolExecutor | None = None, jobs: int = 1) -> None:
        self.own = own
        self._pool = pool
        self._jobs = jobs

    def answers(
        self, action: Callable[[Item, Hand], Answer], items: Iterable[Item]
    ) -> Iterator[Answer]:
        """`action` of each of `items`."""
        if self._pool is None:
            yield from (action(item, self.own) for item in items)
            return
        waiting: deque[Future[Answer]] = deque()
        for item in items:
            waiting.append(self._pool.submit(_recall, action, item))
            if len(waiting) > 2 * self._jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def begin(self, action: Callable[[Item, Hand], Answer], item: Item) -> Callable[[], Answer]:
        """Set one long task going beside all others; what is returned waits for its answer."""
        if self._pool is None:
            return lambda: action(item, self.own)
        return self._pool.submit(_recall, action, item).result


@contextmanager
def working(store: Store, origin: str, authority: VerifyKey, jobs: int) -> Iterator[Workers]:
    """Workers on the present moment of `store`, which this process reads too."""
    if jobs == 1:
        with store.reading():
            yield Workers(Hand.of(store, origin, authority))
        return
    with ExitStack() as stack:
        # Spawned, for a fork would share the database's connection.
        context = multiprocessing.get_context("spawn")
        gate = context.Barrier(jobs + 1)
        pool = stack.enter_context(ProcessPoolExecutor(jobs, context, _remember, (gate,)))
        # One waits for the other at the gate, so every process gets exactly one of each.
        up = [pool.submit(_stand_by) for _ in range(jobs)]
        _pass(gate, up)

        def join(moment: Moment) -> None:
            joined = [pool.submit(_join, moment, origin, authority) for _ in range(jobs)]
            _pass(gate, joined)

        stack.enter_context(store.together(join))
        yield Workers(Hand.of(store, origin, authority), pool, jobs)


def portions(rows: Iterable[Item]) -> Iterator[list[Item]]:
    """Rows, so many at a time."""
    source = iter(rows)
    return iter(lambda: list(islice(source, PORTION)), [])


def _pass(gate: Barrier, tasks: Iterable[Future[None]]) -> None:
    with suppress(BrokenBarrierError):  # a task says why
        gate.wait(START_S)
    faults = [task.exception() for task in tasks]
    for fault in sorted(filter(None, faults), key=lambda one: isinstance(one, BrokenBarrierError)):
        raise fault


_gate: Barrier
_hand: Hand
_open = ExitStack()


def _remember(gate: Barrier) -> None:
    global _gate  # noqa: PLW0603 - a worker process has one, from its start on
    _gate = gate


def _stand_by() -> None:
    """What takes long to load is loaded before anybody is kept from writing."""
    from cloud_bridge.keeping import segments, stories  # noqa: F401, PLC0415 - see above

    _gate.wait(START_S)


def _join(moment: Moment, origin: str, authority: VerifyKey) -> None:
    global _hand  # noqa: PLW0603 - see _remember
    try:
        store = _open.enter_context(moment.joined())
        _gate.wait(START_S)
    except BaseException:
        _gate.abort()
        raise
    _hand = Hand.of(store, origin, authority)


def _recall(action: Callable[[Item, Hand], Answer], item: Item) -> Answer:
    return action(item, _hand)
