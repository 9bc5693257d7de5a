"""The gate: from a request's token to what its reader may see, and the log of what was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import Scope

from cloud_bridge.access.fields import EVERYTHING, Field, Jurisdiction, Purpose, Reader
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.reads import Read, ReadLog
from cloud_bridge.access.table import AccessTable
from cloud_bridge.access.visitor import Bearer, Doors, Visitor, visitor_of
from packtrail.event import UnitRef
from packtrail.times import format_time


@dataclass(frozen=True, slots=True)
class Sight:
    """What one request's reader may see.

    Attributes:
        role: as what it is judged.
        purpose: what it reads for.
        fields: what it may see of packs within its codes, and of the bridge if it has no codes.
        public: what anybody may see.
        codes: beginnings of the codes that it has its role for; empty for all.
        reader: key, certificate or person, "" for anybody.
    """

    role: Reader
    purpose: Purpose
    fields: frozenset[Field]
    public: frozenset[Field]
    codes: tuple[str, ...] = ()
    reader: str = ""

    def of(self, unit: UnitRef | None = None) -> frozenset[Field]:
        """What it may see of `unit`; without one, of the bridge as a whole."""
        if not self.codes:
            return self.fields
        inside = unit is not None and str(unit).startswith(self.codes)
        return self.fields if inside else self.public


OPEN = Sight(Reader.OPERATOR, Purpose.TRACE, EVERYTHING, EVERYTHING)
"""Of a bridge that answers to this machine alone."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Judges readers.

    Attributes:
        table: who may see what.
        where: whose law governs.
        keys: the keys of machines.
        log: takes down restricted reads.
        now: UTC nanoseconds.
        doors: ways in beside keys.
    """

    table: AccessTable
    where: Jurisdiction
    keys: KeyRing
    log: ReadLog
    now: Callable[[], int]
    doors: Doors = field(default_factory=Doors)

    def anybody(self, purpose: Purpose = Purpose.RECEIVE) -> Sight:
        """A reader without a key."""
        public = self._seen(Reader.PUBLIC, purpose)
        return Sight(Reader.PUBLIC, purpose, public, public)

    def visitor(self, scope: Scope) -> Visitor:
        """Who sent a request.

        Raises:
            StoreError: the database that holds the logins does not answer.
        """
        return visitor_of(scope, self.doors, self.keys, self.now())

    def sight(self, bearer: Bearer, purpose: Purpose) -> Sight:
        """What somebody may see for one of his purposes."""
        return Sight(
            bearer.mandate.role,
            purpose,
            self._seen(bearer.mandate.role, purpose),
            self._seen(Reader.PUBLIC, purpose),
            bearer.mandate.codes,
            bearer.reader,
        )

    def who_may_see(self, field: Field) -> tuple[Reader, ...]:
        """The roles that may ask for `field`."""
        return self.table.who_may_see(field, self.where, self.now())

    def note(self, sight: Sight, shown: frozenset[Field], what: str, address: str) -> None:
        """Take down an answer that shows more than anybody may see."""
        restricted = shown - sight.public
        if not restricted:
            return
        self.log.note(
            Read(
                at=format_time(self.now()),
                reader=sight.reader,
                role=sight.role,
                purpose=sight.purpose,
                fields=tuple(sorted(restricted)),
                what=what,
                address=address,
                table=self.table.version,
            )
        )

    def _seen(self, role: Reader, purpose: Purpose) -> frozenset[Field]:
        return self.table.seen(self.where, role, purpose, self.now())
