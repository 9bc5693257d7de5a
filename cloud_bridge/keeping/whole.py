"""The whole store, verified: from the first line and chunk to the last, whatever indexes say.

One consistent moment is read while the bridge may go on, span by span, by as many processes as
are asked for; none of them holds more than a span. Every fault names its place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.duties import check_duties
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.ledger import LedgerCheck
from cloud_bridge.keeping.lists import check_lists
from cloud_bridge.keeping.now import check_now
from cloud_bridge.keeping.personal import check_personal
from cloud_bridge.keeping.rest import check_receipts, check_refusals
from cloud_bridge.keeping.retired import check_retired
from cloud_bridge.keeping.stated_days import check_days
from cloud_bridge.keeping.stories import check_stories
from cloud_bridge.keeping.telemetry import chunk_spans, look_at_chunks
from cloud_bridge.keeping.workers import Hand, Workers, working
from cloud_bridge.store import Store
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.proof.pack import Check
from packtrail.signing import VerifyKey

Watch = Callable[[Text, float, Text], AbstractContextManager[Callable[[float], None]]]
"""See `packtrail.progress.watched`: what is under way, how much of it, counted in what."""
LINES: Final = Text("lines", "行")
"""What the progress of the longest part is counted in."""
LEDGER: Final = Text("verifying the ledger", "正在核验账本")
_CHUNKS: Final = Text("verifying telemetry", "正在核验遥测")
STORIES: Final = Text("verifying packs' stories", "正在核验电池包履历")
_REST: Final = Text("verifying the rest", "正在核验其余各项")
_CHUNK: Final = Text("chunks", "数据块")
STORY: Final = Text("stories", "份履历")
_KIND: Final = Text("kinds", "项")


@contextmanager
def unwatched(_what: Text, _total: float, _unit: Text) -> Iterator[Callable[[float], None]]:
    """Nobody wants to know how far it is."""
    yield lambda _more: None


@dataclass(slots=True)
class Verified:
    """What a verification found.

    Attributes:
        checks: in the order in which they are told.
        head: the newest signed head of the moment that was looked at; None where there is none.
    """

    checks: list[Check]
    head: str | None = None

    @property
    def sound(self) -> bool:
        """Whether everything that was looked at holds."""
        return not any(check.faults for check in self.checks)


def verify_whole(
    store: Store,
    origin: str,
    authority: VerifyKey,
    jobs: int = 0,
    watch: Watch = unwatched,
) -> list[Check]:
    """The checks of `verify_store`."""
    return verify_store(store, origin, authority, jobs, watch).checks


def verify_store(
    store: Store,
    origin: str,
    authority: VerifyKey,
    jobs: int = 0,
    watch: Watch = unwatched,
) -> Verified:
    """Every check on everything that the store keeps.

    Args:
        store: of one bridge or many.
        origin: names the log in its heads.
        authority: the pinned key.
        jobs: processes that share the work; 0 for as many as there are cores.
        watch: is told how far it is.
    """
    damage, found = Findings("database", 1), Verified([])
    try:
        with working(store, origin, authority, jobs or os.cpu_count() or 1) as workers:
            pages = workers.begin(_pages, None)
            try:
                found.checks = _check_content(workers, watch)
                found.head = workers.own.store.checkpoint()
            finally:
                for fault in pages():
                    damage.fault(fault)
    except StoreError as error:
        # A broken page ends the reading; whatever helps by waiting is no finding.
        if error.retryable:
            raise
        damage.fault(str(error))
    return Verified([damage.check(), *found.checks], found.head)


def _pages(_: None, hand: Hand) -> tuple[str, ...]:
    return hand.store.damage()


def _check_content(workers: Workers, watch: Watch) -> list[Check]:
    store = workers.own.store
    ledger = LedgerCheck(workers)
    with watch(LEDGER, store.size(), LINES) as told:
        ledger.read(told)
    with watch(_CHUNKS, store.counts().chunks, _CHUNK) as told:
        chunks = _check_chunks(workers, told)
    with watch(STORIES, store.counts().units, STORY) as told:
        stories = check_stories(workers, told)
    with watch(_REST, len(_RESTS) + 1, _KIND) as told:
        ledger.check_indexes()
        told(1)
        rest = []
        for name, check in _RESTS.items():
            rest.append(_looked(name, check, workers, ledger))
            told(1)
    return [*ledger.checks(), chunks, stories, *rest]


Rest = Callable[[Workers, LedgerCheck], Check]


def _looked(name: str, check: Rest, workers: Workers, ledger: LedgerCheck) -> Check:
    """A check, or that damage told elsewhere kept it from its end: the others go on."""
    try:
        return check(workers, ledger)
    except PacktrailError as error:
        if error.retryable or isinstance(error, StoreError):
            raise
        return Check(name, 0, (f"cannot be looked at: {error}",))


_RESTS: Final[dict[str, Rest]] = {
    "now": lambda workers, ledger: check_now(workers, ledger.now),
    "lists": lambda workers, _: check_lists(workers),
    "duties": lambda workers, _: check_duties(workers, time.time_ns()),
    "refusals": lambda workers, _: check_refusals(workers.own.store, workers.own.voices),
    "receipts": lambda workers, _: check_receipts(workers.own.store),
    "days": lambda workers, _: check_days(workers),
    "personal": lambda workers, _: check_personal(workers.own.store),
    "retired": lambda workers, _: check_retired(workers.own.store),
}


def _check_chunks(workers: Workers, told: Callable[[float], None]) -> Check:
    found = Findings("chunks")
    for part in workers.answers(look_at_chunks, chunk_spans(workers.own.store)):
        found.add(part)
        told(part.count)
    return found.check()
