"""The watch over a store: looks at each unit some time after something new was said of it.

Late reports explain much, so a unit is looked at after a time of grace; what a still later report
explains is withdrawn by a correction. Statements already on the ledger are not repeated, so
a kill at any point, or a second look at the same portion, changes nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold import ContestReason, Stay, Told, fold
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.inquiry import Position
from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.projections import Portion
from cloud_bridge.right_of_way import GiveWay, go_on
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.packs import Packs
from cloud_bridge.watch.suspicions import (
    Sent,
    Suspicion,
    ahead_of_time,
    too_far,
    wrong_source,
)
from packtrail.event import (
    AnomalyFlagged,
    Body,
    ConflictDetected,
    CorrectionDeclared,
    SiteRegistered,
    UnitRef,
    units_named,
)
from packtrail.signing import SigningKey
from packtrail.times import NS_PER_S, parse_time

STREAM: Final = "watch"
TIDIES_S: Final = 600.0
"""Longer than a follower leaves a projection alone when nothing is new."""
JOINED_NS: Final = 10 * 60 * 10**9
"""Telemetry of one source with no longer silence in it is looked at as one."""
REMEMBERED: Final = 100_000
"""Units of which the watch knows that nothing has changed since it looked."""
WAITING: Final = 100_000
"""Units of which late reports are waited for, half a kilobyte each."""
WATCHED: Final = frozenset(
    {ContestReason.CLOCK, ContestReason.TOO_FAST, ContestReason.WRONG_SOURCE}
)


@dataclass(slots=True)
class _Due:
    """A unit that something was said of: when first, monotonic seconds, and what was sent."""

    since_s: float
    told: bool = False
    sent: list[Sent] = field(default_factory=list)


class Watch:
    """See `Projection`; its target is the ledger.

    Args:
        store: what is looked at, and where statements go.
        key: the bridge's.
        author: under what name its own key speaks.
        grace_s: how long late reports are waited for, seconds.
        now: UTC nanoseconds.
        most: so many units wait at most; after that the one that has waited longest is looked at.
        give_way: called after each look: readers go first.
    """

    name = "watch"
    reads_samples = False

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        author: str,
        grace_s: float = 600.0,
        now: Callable[[], int] = time.time_ns,
        *,
        most: int = WAITING,
        give_way: GiveWay = go_on,
    ) -> None:
        # What waits here is lost by a kill: the cursor stays behind it.
        self.settle_s = grace_s + TIDIES_S if grace_s else 0.0
        self._store = store
        self._packs = Packs(store)
        self._word = OwnWord(store, key, author, STREAM, now)
        self._grace_s = grace_s
        self._now = now
        self._most = most
        self._give_way = give_way
        self._due: OrderedDict[UnitRef, _Due] = OrderedDict()
        self._at_ease: OrderedDict[UnitRef, Sent] = OrderedDict()
        self._sites: dict[str, Position] = {}
        self._sites_after = -1

    def take(self, portion: Portion) -> None:
        """See `Projection.take`."""
        if self._is_old(portion):
            self._catch_up(portion)
        else:
            self._hear(portion.entries)
        for stored in portion.telemetry:
            chunk = stored.chunk
            if chunk.unit:
                sent = Sent(stored.address.gateway, chunk.slot, chunk.from_ns, chunk.to_ns)
                _join(self._note(chunk.unit).sent, sent)
        self._look()

    def _hear(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event.body, AnomalyFlagged | ConflictDetected):
                continue  # our own word is no news
            for unit in units_named(entry.event):
                self._note(unit).told = True

    def _is_old(self, portion: Portion) -> bool:
        """Whether all late reports about these lines have had their time already."""
        waited_ns = self._now() - portion.entries[-1].recorded_ns if portion.entries else 0
        return waited_ns > self._grace_s * NS_PER_S > 0

    def _catch_up(self, portion: Portion) -> None:
        """Look at the units that later lines do not speak of: the others come by again.

        So a watch that follows a long ledger from its beginning looks at each unit once, and holds
        none of them meanwhile.
        """
        span = {"first": portion.begin.leaf + 1, "last": portion.end.leaf + 1}
        with self._store.reading():
            units = [UnitRef(*row) for row in self._store.stream("last_named_between", span)]
        for unit in units:
            due = self._due.pop(unit, _Due(0.0))
            due.told = True
            self._look_at(unit, due)

    def tidy(self) -> None:
        """See `Projection.tidy`."""
        self._look()

    def forget(self) -> None:
        """See `Projection.forget`: statements stay; what is seen again is not said again."""

    def close(self) -> None:
        """See `Projection.close`."""

    def _note(self, unit: UnitRef) -> _Due:
        return self._due.setdefault(unit, _Due(time.monotonic()))

    def _look(self) -> None:
        """Look at the units whose time of grace is over."""
        until_s = time.monotonic() - self._grace_s
        while self._due:
            unit, due = next(iter(self._due.items()))
            if due.since_s > until_s and len(self._due) <= self._most:
                return
            if not self._is_more_of_the_same(unit, due):
                self._look_at(unit, due)
            del self._due[unit]

    def _is_more_of_the_same(self, unit: UnitRef, due: _Due) -> bool:
        """Whether all of it was found in order before: most telemetry is."""
        last = self._at_ease.get(unit)
        return (
            last is not None
            and not due.told
            and all(one[:2] == last[:2] and one.from_ns >= last.from_ns for one in due.sent)
        )

    def _look_at(self, unit: UnitRef, due: _Due) -> None:
        self._judge(unit, due)
        self._give_way()

    def _judge(self, unit: UnitRef, due: _Due) -> None:
        with self._store.reading():
            unit, facts = self._packs.story(unit)
            told = in_order(facts)
            stated = _stated(told)
            stays = fold(unit, told).stays
            sent = [*due.sent, *_contradicted(stated)]
            found = self._suspicions(unit, told, stays, sent)
        fresh = [one for one in found if one.name not in stated]
        gone = stated.keys() - {one.name for one in found}
        mine = [stated[name] for name in gone if stated[name].event.author == self._word.author]
        self._state(unit, fresh, mine)
        self._at_ease.pop(unit, None)
        if not found:
            self._remember(unit, due.sent, stays)

    def _suspicions(
        self, unit: UnitRef, told: Sequence[Told], stays: Sequence[Stay], sent: Sequence[Sent]
    ) -> list[Suspicion]:
        standing = Settlement(told).standing
        gateways = {one.gateway for one in sent}
        homes = {
            name: frozenset(fact.place.site for fact in self._store.places(name))
            for name in gateways
        }
        return [
            *ahead_of_time(standing),
            *too_far(unit, standing, self._positions()),
            *wrong_source(stays, sent, homes, {one.event_id: one.event.author for one in told}),
        ]

    def _positions(self) -> dict[str, Position]:
        """Where the sites of the directory are."""
        while page := self._store.entries_of_type("SiteRegistered", self._sites_after):
            for entry in page:
                body = entry.event.body
                assert isinstance(body, SiteRegistered)
                if body.latitude_deg is not None and body.longitude_deg is not None:
                    self._sites[body.site] = Position(body.latitude_deg, body.longitude_deg)
            self._sites_after = page[-1].leaf
        return self._sites

    def _remember(self, unit: UnitRef, sent: Sequence[Sent], stays: Sequence[Stay]) -> None:
        """More of the same source needs no look, unless the unit has been elsewhere since."""
        last = max(sent, key=lambda one: one.from_ns, default=None)
        since = stays[-1].since if stays else ""
        if last and (not since or parse_time(since) <= last.from_ns):
            self._at_ease[unit] = last
        while len(self._at_ease) > REMEMBERED:
            self._at_ease.popitem(last=False)

    def _state(self, unit: UnitRef, fresh: Iterable[Suspicion], gone: Iterable[Told]) -> None:
        """Put what is new, and what is withdrawn, on the ledger in one transaction."""
        new = [Statement(unit, _body(one), one.sent and one.sent[2:]) for one in fresh]
        old = [Statement(unit, CorrectionDeclared(one.event_id, "did_not_occur")) for one in gone]
        self._word.state([*new, *old])


def _body(one: Suspicion) -> Body:
    if one.sent:
        return AnomalyFlagged(one.reason, one.events, detail=one.sent.source)
    return ConflictDetected(one.reason.invariant, one.reason, one.events, one.culprits)


def _stated(told: Sequence[Told]) -> dict[tuple[str, tuple[str, ...], str], Told]:
    """What a bridge has said of this kind, and not withdrawn."""
    stated = {}
    for one in Settlement(told).standing:
        body = one.event.body
        if isinstance(body, AnomalyFlagged) and body.kind in WATCHED:
            stated[body.kind, body.evidence, body.detail] = one
        elif isinstance(body, ConflictDetected) and body.reason in WATCHED:
            stated[body.reason, body.evidence, ""] = one
    return stated


def _contradicted(stated: dict[tuple[str, tuple[str, ...], str], Told]) -> list[Sent]:
    """The telemetry that statements speak of, to be looked at again with what is known now."""
    found = []
    for (reason, _, source), told in stated.items():
        if reason == ContestReason.WRONG_SOURCE:
            gateway, _, slot = source.partition(" ")
            found.append(Sent(gateway, slot, told.event.from_ns, told.event.to_ns))
    return found


def _join(sent: list[Sent], one: Sent) -> None:
    """Add a span, or lengthen the one that it goes on from."""
    for place, other in enumerate(sent):
        near = one.from_ns <= other.to_ns + JOINED_NS and other.from_ns <= one.to_ns + JOINED_NS
        if other[:2] == one[:2] and near:
            ends = min(other.from_ns, one.from_ns), max(other.to_ns, one.to_ns)
            sent[place] = Sent(one.gateway, one.slot, *ends)
            return
    sent.append(one)
