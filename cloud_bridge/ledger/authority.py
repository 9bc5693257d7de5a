"""The authority: puts the trust list of the settings into the ledger, and signs tree heads.

Only changes are appended: a new or changed entry becomes a KeyRegistered, a missing one a
KeyRevoked. Starting twice with the same settings writes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from cloud_bridge.store import Entry, Fact, Store
from packtrail.event import Body, Event, KeyRegistered, KeyRevoked, sign_event
from packtrail.proof.checkpoint import Checkpoint, sign_checkpoint
from packtrail.proof.stories import root_line
from packtrail.proof.trust import TrustList, signed_by
from packtrail.signing import SigningKey, VerifyKey
from packtrail.times import ClockQuality, format_time

TRUST_STREAM = "trust"


class TrustReader:
    """The trust list of this moment; reads only what is new in the ledger."""

    def __init__(self, store: Store, authority: VerifyKey) -> None:
        self._store = store
        self._list = TrustList(authority)
        self._lock = threading.Lock()

    def __call__(self) -> TrustList:
        """The list after every key event that is committed."""
        with self._lock:
            fresh = self._store.key_entries(self._list.through)
            if fresh:
                self._list = self._list.extended(fresh)
            return self._list


class Authority:
    """Speaks with the bridge's own key.

    Args:
        store: where the ledger is.
        key: the authority's key, which is pinned by everyone who verifies.
        name: author of the key events.
        origin: names the log in checkpoints.
        now: UTC nanoseconds.
    """

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        name: str,
        origin: str,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = store
        self._key = key
        self._name = name
        self._origin = origin
        self._now = now
        self._sealed = -1
        self._lock = threading.Lock()

    def publish_trust(self, wanted: Sequence[KeyRegistered]) -> int:
        """Append what differs between the ledger and `wanted`; returns how many events.

        Bridges that share a store may do so at once: who comes second looks again at what is
        left to say.
        """
        with self._lock:  # within one bridge nobody needs to come second
            while True:
                known = self._store.key_entries()
                bodies = self._missing(known, wanted)
                if not bodies:
                    return 0
                through = known[-1].leaf if known else -1
                first = self._store.next_counter(self._name, TRUST_STREAM)
                if self._store.append_keys(self._signed(bodies, first), through, self._now()):
                    return len(bodies)

    def _missing(self, known: Iterable[Entry], wanted: Sequence[KeyRegistered]) -> list[Body]:
        """What has to be said for the ledger to come to `wanted`."""
        current = standing(known, self._key.public)
        bodies: list[Body] = [body for body in wanted if current.get(_key_id(body)) != body]
        kept = {_key_id(body) for body in wanted}
        since = format_time(self._now())
        revoked = (gone for gone in current if gone not in kept)
        return [*bodies, *(KeyRevoked(one, since, "no longer in the settings") for one in revoked)]

    def _signed(self, bodies: Sequence[Body], first: int) -> list[Fact]:
        """Under the numbers from `first` on."""
        return [self._fact(body, first + n) for n, body in enumerate(bodies)]

    def seal(self) -> bool:
        """Sign a checkpoint if the ledger has grown since the last; returns whether it did."""
        if self._store.size() == self._sealed:
            return False
        self._sealed = self._store.seal(self._sign, self._now())
        return True

    def _sign(self, size: int, tree: bytes, stories: bytes) -> str:
        head = Checkpoint(self._origin, size, tree, (root_line(stories),))
        return sign_checkpoint(head, self._key)

    def _fact(self, body: Body, counter: int) -> Fact:
        moment = format_time(self._now())
        event = Event(
            unit=None,
            occurred_from=moment,
            occurred_to=moment,
            clock=ClockQuality.FREE,
            author=self._name,
            stream=TRUST_STREAM,
            counter=counter,
            body=body,
        )
        return Fact(sign_event(event, self._key), event)


def standing(entries: Iterable[Entry], authority: VerifyKey) -> dict[str, KeyRegistered]:
    """Key id -> registration that stands, unrevoked, at the end of `entries`."""
    found: dict[str, KeyRegistered] = {}
    for entry in entries:
        if not signed_by(entry.signed, authority):
            continue
        body = entry.event.body
        if isinstance(body, KeyRegistered):
            found[_key_id(body)] = body
        elif isinstance(body, KeyRevoked):
            found.pop(body.key_id, None)
    return found


def _key_id(body: KeyRegistered) -> str:
    return VerifyKey.from_text(body.public_key).key_id
