"""Packs as they are asked for: state, verdict, newest reading, and telemetry of a span."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud_bridge.fold import (
    PackState,
    Told,
    Verdict,
    as_it_was,
    as_we_knew_it,
    fold,
)
from cloud_bridge.store import Store, StoredChunk
from cloud_bridge.view.batches import joined, samples_of
from cloud_bridge.view.glances import Glances, PackGlance, code_of
from cloud_bridge.view.kept import Kept
from cloud_bridge.view.readings import Reading, Readings
from cloud_bridge.view.stories import Stories, Story
from packtrail.codes import PackCode
from packtrail.event import UnitRef
from packtrail.sample import SampleBatch

GAP_NS: Final = 15 * 60 * 10**9
"""A silence this long ends a session."""
SESSION_CHUNKS: Final = 240
"""At most so many chunks are read for the chart of the last session."""
SESSIONS_KEPT: Final = 32
DRAWN: Final = frozenset(
    {"pack_voltage_v", "pack_current_a", "soc_pct", "temperature_c", "temperature_max_c"}
)
"""Quantities of a session's charts: the cells alone would be most of the work."""


@dataclass(frozen=True, slots=True)
class PackView:
    """One pack for the head of its page.

    Attributes:
        unit: whose.
        code: the decoded code, or None for another scheme.
        state: the digital ID.
        verdict: what to do with it.
        reading: the newest sample, or None.
        seen_ns: when anything was last heard of it, UTC ns; 0 for never.
    """

    unit: UnitRef
    code: PackCode | None
    state: PackState
    verdict: Verdict
    reading: Reading | None
    seen_ns: int


class Packs:
    """Reads packs from a store.

    Args:
        store: where.

    Attributes:
        kept: what others make of its stories.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stories = Stories(store)
        self._readings = Readings(store)
        self.kept = Kept()
        self._glances = Glances(store, self._stories, self._readings)
        self._sessions: dict[UnitRef, tuple[object, SampleBatch]] = {}
        self._lock = threading.Lock()

    @property
    def store(self) -> Store:
        """Where packs are read from."""
        return self._store

    def facts(self, unit: UnitRef) -> list[Told]:
        """Every fact that names `unit` under any of its codes, in ledger order."""
        return self.story(unit)[1]

    def told(self, unit: UnitRef) -> Story:
        """The story of the unit that bears the code `unit`, with its fold."""
        return self._stories.of(unit)

    def newest(self, unit: UnitRef) -> tuple[Told, ...]:
        """Facts about the unit that occurred last, the newest first."""
        return self._stories.of(unit).newest

    def story(self, unit: UnitRef) -> tuple[UnitRef, list[Told]]:
        """The first code of the unit that bears the label `unit`, and every fact about it."""
        story = self._stories.of(unit)
        return story.unit, list(story.facts)

    def state(
        self, unit: UnitRef, at_ns: int | None = None, known_ns: int | None = None
    ) -> PackState:
        """The digital ID: now, as it was at `at_ns`, or as it was known at `known_ns`."""
        story = self._stories.of(unit)
        if at_ns is None and known_ns is None:
            return story.state
        unit, facts = story.unit, list(story.facts)
        if at_ns is not None:
            facts = as_it_was(facts, at_ns)
        if known_ns is not None:
            facts = as_we_knew_it(facts, known_ns)
        return fold(unit, facts)

    def view(self, unit: UnitRef) -> PackView:
        """One pack as it is now."""
        story, reading = self._stories.of(unit), self.reading(unit)
        seen_ns = max(story.heard_ns, reading.t_ns if reading else 0)
        return PackView(unit, code_of(unit), story.state, story.verdict, reading, seen_ns)

    def known(self, unit: UnitRef) -> bool:
        """Whether anything was ever said of `unit`."""
        return self._store.has_unit(unit)

    def page(self, after: UnitRef | None, limit: int) -> list[PackGlance]:
        """Packs in the order of their names."""
        with self._store.reading():
            return list(self.glances(self._store.units(after, limit)).values())

    def glances(self, units: Sequence[UnitRef]) -> dict[UnitRef, PackGlance]:
        """What lists show of each unit, in their order."""
        return self._glances.of(units)

    def reading(self, unit: UnitRef) -> Reading | None:
        """The newest sample of `unit`."""
        return self._readings.of([unit]).get(unit)

    def last_session(self, unit: UnitRef) -> SampleBatch:
        """The newest samples back to the first long silence, of what is drawn of a session."""
        newest = self._readings.newest(unit)
        if newest is None:
            return joined([])
        known = self._sessions.get(unit)
        if known is None or known[0] != newest:
            known = newest, self._session(unit)
            with self._lock:
                self._sessions[unit] = known
                while len(self._sessions) > SESSIONS_KEPT:
                    self._sessions.pop(next(iter(self._sessions)))
        return known[1]

    def _session(self, unit: UnitRef) -> SampleBatch:
        session: list[StoredChunk] = []
        for chunk in self._store.latest_chunks(unit, SESSION_CHUNKS):
            if session and session[-1].chunk.from_ns - chunk.chunk.to_ns > GAP_NS:
                break
            session.append(chunk)
        return joined([samples_of(chunk, DRAWN) for chunk in reversed(session)])
