"""The intake: batches from the inbox, judged, committed, and only then answered.

Order matters and is the promise: commit, then receipt, then the broker's acknowledgement. A
crash between any two of them brings the message again, and the number removes the duplicate.
While the database commits one batch the next ones are judged; they wait where the first may change
whose word counts.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, TypeVar

from cloud_bridge.errors import ContentError, StoreError
from cloud_bridge.ingest.inbox import Delivery, Inbox
from cloud_bridge.ingest.judge import judge
from cloud_bridge.metrics import Metrics
from cloud_bridge.store import Arrival, Committed, Fact, Progress, Refused, Store, Stranger
from packtrail import logs
from packtrail.event import KeyRegistered, KeyRevoked, KeyRotated
from packtrail.language import Text
from packtrail.proof.trust import TrustList
from packtrail.receipt import Receipt, Refusal, seal_receipt
from packtrail.signing import SigningKey

REFUSALS_PER_RECEIPT: Final = 128
DETAIL: Final = 200
AHEAD: Final = 2
"""Batches that are judged and not committed yet: one is being written, one waits to be."""
RETRY_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0)

Done = TypeVar("Done")

log = logs.get("cloud_bridge.ingest")


class Answering(Protocol):
    """The way back to the broker."""

    def answer(self, gateway: str, receipt: bytes) -> None:
        """Publish a receipt; one that is lost is repaired by the gateway's repeat."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that it may forget these."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One batch between its judgement and its commit."""

    deliveries: Sequence[Delivery]
    found: Sequence[Arrival | Stranger]
    now_ns: int

    @property
    def arrivals(self) -> list[Arrival]:
        """What was authentic."""
        return [one for one in self.found if isinstance(one, Arrival)]

    @property
    def strangers(self) -> list[Stranger]:
        """What nobody vouches for."""
        return [one for one in self.found if isinstance(one, Stranger)]

    def halves(self) -> tuple[Judged, Judged]:
        """The first half and the rest."""
        cut = len(self.deliveries) // 2
        first = Judged(self.deliveries[:cut], self.found[:cut], self.now_ns)
        return first, Judged(self.deliveries[cut:], self.found[cut:], self.now_ns)

    @property
    def concerns_keys(self) -> bool:
        """Whether records behind this batch may be judged otherwise once it is committed."""
        facts = (one.content for one in self.arrivals if isinstance(one.content, Fact))
        return any(
            isinstance(fact.event.body, KeyRegistered | KeyRevoked | KeyRotated) for fact in facts
        )


class Intake:
    """One judge, and one writer a batch behind it.

    Args:
        inbox: where deliveries wait.
        link: how to answer.
        store: where they end.
        trust: the trust list of this moment.
        key: signs receipts.
        metrics: counts.
        batch: most deliveries in one transaction.
        batch_s: longest wait for a batch to fill, seconds.
        now: UTC nanoseconds.
        refuse_clear: see `judge_event`.
    """

    def __init__(
        self,
        inbox: Inbox,
        link: Answering,
        store: Store,
        trust: Callable[[], TrustList],
        key: SigningKey,
        metrics: Metrics,
        *,
        batch: int = 200,
        batch_s: float = 0.2,
        now: Callable[[], int] = time.time_ns,
        refuse_clear: bool = False,
    ) -> None:
        self._refuse_clear = refuse_clear
        self._inbox = inbox
        self._link = link
        self._store = store
        self._trust = trust
        self._key = key
        self._metrics = metrics
        self._batch = batch
        self._batch_s = batch_s
        self._now = now
        self._beat = time.monotonic()
        self.fault: Text | None = None

    @property
    def silent_s(self) -> float:
        """Seconds since the intake last went round: what the watchdog asks."""
        return time.monotonic() - self._beat

    def run(self, stop: threading.Event) -> None:
        """Take batches until `stop`."""
        with ThreadPoolExecutor(1, "commit") as writer:
            writing: deque[Future[Committed | None]] = deque()
            while not stop.is_set():
                self._beat = time.monotonic()
                deliveries = self._inbox.batch(self._batch, self._batch_s)
                judged = self._until_answered(partial(self._judge, deliveries), stop)
                while writing and (len(writing) >= AHEAD or writing[0].done()):
                    writing.popleft().result()
                if judged and deliveries:
                    settle = partial(self._settle, judged)
                    writing.append(writer.submit(self._until_answered, settle, stop))
                while judged and judged.concerns_keys and writing:
                    writing.popleft().result()

    def take(self, deliveries: Sequence[Delivery]) -> Committed:
        """Judge and commit one batch, answer, acknowledge.

        Raises:
            StoreError: nothing of it happened.
        """
        return self._settle(self._judge(deliveries))

    def _judge(self, deliveries: Sequence[Delivery]) -> Judged:
        if not deliveries:
            return Judged((), (), 0)
        trust, now_ns = self._trust(), self._now()
        refuse = self._refuse_clear
        found = [_judge_safely(one, trust, now_ns, refuse) for one in deliveries]
        return Judged(deliveries, found, now_ns)

    def _until_answered(self, work: Callable[[], Done], stop: threading.Event) -> Done | None:
        """Do it again until the store answers; None once `stop` is set."""
        attempt = 0
        while True:
            try:
                return work()
            except StoreError as error:
                self.fault = Text(error.describe("en"), error.describe("zh"))
                self._metrics.faults.inc()
                log.error("commit_failed", error=self.fault.en, waiting=len(self._inbox))  # noqa: TRY400 - one line, no trace
                if stop.wait(RETRY_S[min(attempt, len(RETRY_S) - 1)]):
                    return None
                attempt, self._beat = attempt + 1, time.monotonic()

    def _settle(self, judged: Judged) -> Committed:
        try:
            return self._commit(judged)
        except ContentError as error:
            if len(judged.deliveries) == 1:
                return self._commit(_without_content(judged, error))
            # One of them poisons the batch; the others shall not wait for it for ever.
            first, rest = judged.halves()
            return self._settle(first) + self._settle(rest)

    def _commit(self, judged: Judged) -> Committed:
        now_ns, strangers = judged.now_ns, judged.strangers
        with self._metrics.commit_s.time():
            committed = self._store.commit(judged.arrivals, strangers, now_ns)
        self.fault = None
        for progress in committed.progress:
            self._answer(progress, now_ns)
        self._link.acknowledge(judged.deliveries)
        self._tell(committed, strangers)
        return committed

    def _answer(self, progress: Progress, now_ns: int) -> None:
        for refused in _portions(progress.refused):
            receipt = Receipt(
                gateway=progress.gateway,
                epoch=progress.epoch,
                through=progress.through,
                ahead=progress.ahead,
                refused=refused,
                committed_ns=now_ns,
            )
            self._link.answer(progress.gateway, seal_receipt(receipt, self._key))
            self._metrics.receipts.inc()

    def _tell(self, committed: Committed, strangers: Sequence[Stranger]) -> None:
        self._metrics.count(committed, len(strangers))
        for progress in committed.progress:
            for refusal in progress.refused:
                log.warning(
                    "record_refused",
                    gateway=progress.gateway,
                    epoch=progress.epoch,
                    seq=refusal.seq,
                    reason=refusal.reason,
                    detail=refusal.detail,
                )
        # One line per reason and batch: whoever floods the broker shall not fill the log.
        for reason, count in Counter(one.reason for one in strangers).items():
            topic = next(one.topic for one in strangers if one.reason == reason)
            log.warning("messages_not_trusted", reason=reason, count=count, topic=topic)
        if committed.equivocations:
            log.error("equivocation", count=committed.equivocations)


def _judge_safely(
    delivery: Delivery, trust: TrustList, now_ns: int, refuse: bool
) -> Arrival | Stranger:
    """Judge; a message that trips the judge itself is kept as a stranger and logged whole."""
    try:
        return judge(delivery.topic, delivery.data, trust, now_ns, refuse_clear=refuse)
    except Exception:
        log.exception("judge_failed", topic=delivery.topic)
        return Stranger(delivery.topic[:256], "fault", delivery.data[:4096])


def _without_content(judged: Judged, error: ContentError) -> Judged:
    """A single message that no database can hold, refused: its number and bytes can be held."""
    (found,) = judged.found
    why = ascii(error.describe("en"))[:DETAIL]
    log.error("record_cannot_be_stored", topic=judged.deliveries[0].topic, fault=why)
    if isinstance(found, Arrival):
        return replace(judged, found=(replace(found, content=Refused("store", why)),))
    return replace(judged, found=(Stranger(ascii(found.topic), "store", found.data),))


def _portions(refused: tuple[Refusal, ...]) -> list[tuple[Refusal, ...]]:
    """Refusals in receipts of bounded size; one receipt at least."""
    step = REFUSALS_PER_RECEIPT
    return [refused[at : at + step] for at in range(0, len(refused), step)] or [()]
