"""What streams tell: of a pack its state and readings, of the ledger its lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from fastapi import Request

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK, redacted_state
from cloud_bridge.api.answers import (
    LedgerGrowth,
    Newer,
    PackDetail,
    ReadingAnswer,
    VerdictAnswer,
    event_answer,
    reading_answer_of,
)
from cloud_bridge.api.context import Context
from cloud_bridge.api.packs import pack_detail
from cloud_bridge.api.sight import note
from cloud_bridge.api.streams import Told, event
from cloud_bridge.fold import Told as Fact
from cloud_bridge.fold import fold, judge_pack
from cloud_bridge.live import Listener
from cloud_bridge.store import Entry
from packtrail.event import UnitRef, units_named

PAGE: Final = 200
"""Lines of the ledger in one piece, at most."""


class OfAPack(Told):
    """Tells `state` and `reading` of one pack whenever they have changed for this reader.

    Who may not see the ledger is not told, by an event that says nothing new, that a hidden fact
    was reported.

    Args:
        unit: the pack.
        brief: say only that there is something new, not what.
    """

    def __init__(
        self, request: Request, bridge: Context, after: int | None, unit: UnitRef, *, brief: bool
    ) -> None:
        super().__init__(request, bridge, after)
        self.unit: UnitRef = unit
        self._brief = brief
        self._state: PackDetail | None = None
        self._reading: ReadingAnswer | None = None

    def begin(self, listener: Listener) -> list[bytes]:
        """The state, unless the reader has it, and the newest reading."""
        size, facts = self._names(listener)
        sight = self.sight()
        found = pack_detail(self.bridge, sight, self.unit)
        if self.after is not None and self.after <= size and self._had(found, facts, sight):
            self._state, told = lasting(found), []
        else:
            told = self._told(size)
        newest = self.samples()
        return told if self._brief else told + newest

    def facts(self, listener: Listener) -> Iterator[bytes]:
        """The state, if it is another one for this reader."""
        size, _facts = self._names(listener)
        yield from self._told(size)

    def samples(self) -> list[bytes]:
        """The newest reading, for who may see it."""
        sight = self.sight()
        if Field.TELEMETRY not in sight.of(self.unit):
            return []
        found = self.bridge.packs.reading(self.unit)
        if found is None or reading_answer_of(found) == self._reading:
            return []
        self._reading = reading_answer_of(found)
        if self._brief:
            return [event("newer", Newer(str(self.unit), "reading"))]
        note(self.request, self.bridge, sight, frozenset({Field.TELEMETRY}))
        return [event("reading", self._reading)]

    def _names(self, listener: Listener) -> tuple[int, list[Fact]]:
        """Listen to all that the pack's facts name; lines of the ledger, and these facts."""
        with self.bridge.store.reading():
            size = self.bridge.store.size()
            first, facts = self.bridge.packs.story(self.unit)
        named = {one for told in facts for one in units_named(told.event)}
        listener.names = frozenset({self.unit, first} | named)
        return size, facts

    def _had(self, found: PackDetail, facts: list[Fact], sight: Sight) -> bool:
        """Whether the facts that the reader has come to the same for him as all of them."""
        assert self.after is not None
        old = [told for told in facts if told.leaf < self.after]
        if len(old) == len(facts):
            return True
        state = fold(self.bridge.packs.told(self.unit).unit, old)
        shown = redacted_state(state, sight.of(self.unit) & OF_A_PACK, self.unit)
        verdict = judge_pack(state)
        said = VerdictAnswer(verdict.level.value, *verdict.text)
        return (shown, said) == (found.state, found.verdict)

    def _told(self, size: int) -> list[bytes]:
        sight = self.sight()
        found = pack_detail(self.bridge, sight, self.unit)
        if lasting(found) == self._state:
            return []
        self._state = lasting(found)
        if self._brief:
            return [event("newer", Newer(str(self.unit), "state"), size)]
        note(self.request, self.bridge, sight, sight.of(self.unit) & OF_A_PACK)
        self._reading = found.reading
        return [event("state", found, size)]


def lasting(found: PackDetail) -> PackDetail:
    """What facts alone change: a reading has an event of its own."""
    return msgspec.structs.replace(found, reading=None, seen_at="")


class OfTheLedger(Told):
    """Tells each new line as a `fact` to who may see it, and to all how many lines there are."""

    def begin(self, listener: Listener) -> list[bytes]:
        """How many lines there are, and those that the reader lacks if it says what it has."""
        size = self.bridge.store.size()
        if self.after is not None and self.after <= size:
            listener.facts = self.after < size
            return []
        self.after = size
        return [self._growth()]

    def facts(self, listener: Listener) -> Iterator[bytes]:
        """New lines, page by page."""
        del listener
        while lines := self.bridge.store.entries((self.after or 0) - 1, PAGE):
            sight = self.sight()
            shown = [one for one in lines if _may_see(sight, one)]
            if shown:
                note(self.request, self.bridge, sight, frozenset({Field.LEDGER}))
            self.after = lines[-1].leaf + 1
            told = [event("fact", event_answer(one), one.leaf + 1) for one in shown]
            yield b"".join([*told, self._growth()])

    def _growth(self) -> bytes:
        return event("ledger", LedgerGrowth(self.after or 0), self.after)


def _may_see(sight: Sight, line: Entry) -> bool:
    """A line is shown with any pack that it names; one that names none, to who sees all packs."""
    if not sight.codes:
        return Field.LEDGER in sight.fields
    return any(Field.LEDGER in sight.of(unit) for unit in units_named(line.event))
