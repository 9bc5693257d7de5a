"""Stories of packs, folded once and kept until the ledger says more of them.

What is kept is bounded by how many facts it holds, so a bridge with a million packs needs no more
memory than one with a thousand. Whether a story still holds takes one look at the index per code.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Final, NamedTuple

from cloud_bridge.fold import PackState, Told, Verdict, fold, judge_pack, names_of, owners_of
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.store import Entry, Store
from cloud_bridge.view.linking import linked
from packtrail.event import (
    AliasBound,
    CorrectionDeclared,
    LabelReissued,
    Role,
    Subject,
    UnitRef,
    VehicleRef,
)

FACTS_KEPT: Final = 30_000
"""About 2 kB each."""
CHANGES: Final = (AliasBound, LabelReissued, CorrectionDeclared)
"""They change of what a story consists, or how much of it counts."""
LAST: Final = 2**62
NEWEST: Final = 400
"""So many of a story are shown line by line."""

Stamp = tuple[tuple[UnitRef, int], ...]
"""The newest line of each code that was looked at, and of the keys where they matter."""


@dataclass(frozen=True, slots=True)
class Story:
    """A unit's facts and what they come to.

    Attributes:
        unit: its first code.
        facts: in the order of the ledger.
        newest: those that occurred last, the newest first.
        state: their fold.
        verdict: what to do with it.
        heard_ns: the latest end of a fact, UTC ns; 0 without any.
        vehicles: that the facts name, the newest first.
        codes: all that were looked at.
        keys: the newest key line, -1 where no correction asks for it.
    """

    unit: UnitRef
    facts: tuple[Told, ...]
    newest: tuple[Told, ...]
    state: PackState
    verdict: Verdict
    heard_ns: int
    vehicles: tuple[Subject, ...]
    codes: frozenset[UnitRef]
    keys: int

    @property
    def mark(self) -> tuple[UnitRef, int, int, int]:
        """The same only while nothing is added to the story."""
        return self.unit, len(self.facts), self.facts[-1].leaf if self.facts else -1, self.keys


class Whole(NamedTuple):
    """All that a fold reads.

    Attributes:
        unit: the first code of the unit.
        facts: in the order of the ledger.
        codes: all that were looked at.
        keys: the newest key line, -1 where no correction asks for it.
    """

    unit: UnitRef
    facts: list[Told]
    codes: frozenset[UnitRef]
    keys: int

    @property
    def heard_ns(self) -> int:
        """The latest end of a fact, UTC ns; 0 without any."""
        return max((told.end_ns for told in self.facts), default=0)


class Stories:
    """Reads stories from a store. Safe to call from any thread.

    Args:
        store: where.
        kept: so many facts are held at most; a story with more is read each time.
    """

    def __init__(self, store: Store, kept: int = FACTS_KEPT) -> None:
        self._store = store
        self._most = kept
        self._held = 0
        self._kept: OrderedDict[UnitRef, tuple[Stamp, Story]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, unit: UnitRef) -> Story:
        """The story of the unit that bears the code `unit`, as the ledger has it now."""
        with self._lock:
            known = self._kept.get(unit)
        if known and known[0] == self._stamp(known[1]):
            with self._lock:
                if unit in self._kept:
                    self._kept.move_to_end(unit)
            return known[1]
        with self._store.reading():
            story = self._told(self._whole(unit, known[1] if known else None))
            stamp = self._stamp(story)
        self._keep(unit, stamp, story)
        return story

    def _whole(self, unit: UnitRef, known: Story | None) -> Whole:
        """Everything about a unit; of a story that has only grown, no more than what is new."""
        more = _added(self._store, known) if known else None
        if known is None or more is None:
            return gathered_whole(self._store, unit)
        return Whole(known.unit, [*known.facts, *more], known.codes, known.keys)

    def _told(self, whole: Whole) -> Story:
        state = fold(whole.unit, whole.facts)
        return Story(
            unit=whole.unit,
            facts=tuple(whole.facts),
            newest=tuple(nlargest(NEWEST, whole.facts, key=lambda told: told.order)),
            state=state,
            verdict=judge_pack(state),
            heard_ns=whole.heard_ns,
            vehicles=_vehicles(whole.facts),
            codes=whole.codes,
            keys=whole.keys,
        )

    def _stamp(self, story: Story) -> Stamp:
        newest = [(code, self._store.newest_line_of(code)) for code in story.codes]
        if story.keys >= 0:
            newest.append((UnitRef("", "keys"), newest_key_line(self._store)))
        return tuple(newest)

    def _keep(self, unit: UnitRef, stamp: Stamp, story: Story) -> None:
        with self._lock:
            before = self._kept.pop(unit, None)
            self._held -= len(before[1].facts) if before else 0
            if len(story.facts) > self._most:
                return
            self._kept[unit] = stamp, story
            self._held += len(story.facts)
            while self._held > self._most:
                self._held -= len(self._kept.popitem(last=False)[1][1].facts)


def gathered_whole(store: Store, unit: UnitRef) -> Whole:
    """Everything about the unit that bears the code `unit`."""
    facts, read = _gathered(store, unit)
    seen = {unit}
    while owners := set(owners_of(unit, facts)) - seen:
        unit = min(owners, key=str)
        seen |= owners
        facts, more = _gathered(store, unit)
        read |= more
    facts.sort(key=lambda told: told.leaf)
    keys = newest_key_line(store) if _has_corrections(facts) else -1
    return Whole(unit, facts, frozenset(read | seen), keys)


def newest_key_line(store: Store) -> int:
    """Its leaf, never below 0: where there is none yet, the first comes after all that is told."""
    return max(0, key_lines(store).through)


def _added(store: Store, known: Story) -> list[Told] | None:
    """What was added at the end of a story; None where that is not all that has changed.

    Further codes, corrections and lines that joined it late may change what it consists of, or in
    which role somebody spoke.
    """
    if len(known.codes) > 1 or known.keys >= 0 or not known.facts:
        return None
    more = [told_of(entry) for entry in store.entries_of(known.unit, known.facts[-1].leaf)]
    if any(isinstance(told.event.body, CHANGES) for told in more):
        return None
    if store.lines_of(known.unit, LAST) != len(known.facts) + len(more):
        return None
    return linked(store, more)


def told_of(entry: Entry) -> Told:
    """A ledger line as the fold reads it."""
    return Told(entry.event_id, entry.event, entry.recorded_ns, leaf=entry.leaf)


def gathered(store: Store, unit: UnitRef) -> list[Told]:
    """Every fact about `unit` and about the codes that are bound to it, in any order."""
    return _gathered(store, unit)[0]


def _gathered(store: Store, unit: UnitRef) -> tuple[list[Told], set[UnitRef]]:
    facts = {told.event_id: told for told in map(told_of, store.entries_of(unit))}
    read = {unit}
    while more := names_of(unit, list(facts.values())) - read:
        for code in more:
            facts |= {told.event_id: told for told in map(told_of, store.entries_of(code))}
        read |= more
    return with_roles(store, linked(store, list(facts.values()))), read


def with_roles(store: Store, facts: list[Told]) -> list[Told]:
    """The facts, where it matters with the word that an authority spoke."""
    if not _has_corrections(facts):
        return facts
    authorities = key_lines(store).authorities
    return [
        replace(told, role=Role.AUTHORITY) if told.event.author in authorities else told
        for told in facts
    ]


def _vehicles(facts: list[Told]) -> tuple[Subject, ...]:
    named = (
        Subject("vehicle", str(vehicle))
        for told in reversed(facts)
        if isinstance(vehicle := getattr(told.event.body, "vehicle", None), VehicleRef)
    )
    return tuple(dict.fromkeys(named))


def _has_corrections(facts: list[Told]) -> bool:
    return any(isinstance(told.event.body, CorrectionDeclared) for told in facts)
