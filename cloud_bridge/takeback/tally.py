"""Statistics of take-back kept in the store: a projection with a cursor of its own.

Lines are first looked through for whom they may concern, who then waits; those who wait are made
anew, share by share, and the sums move by what changed. Both steps are written only where nobody
else has taken one meanwhile, so several bridges may share the work. Lines that were there at the
beginning are looked through for receipts alone: a share is made of the whole story anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from cloud_bridge.fold import Told
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.rules.judging import window
from cloud_bridge.store import Entry, Store
from cloud_bridge.takeback.making import Made
from cloud_bridge.takeback.shares import units_received
from cloud_bridge.takeback.waiting import MODEL, RECEIPT, UNIT, Waiting
from cloud_bridge.view.stories import Stories, told_of
from packtrail.event import (
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    KeyRegistered,
    ModelSheetPublished,
    RecoveryReceived,
    Role,
    SiteRegistered,
    units_named,
)

LINES: Final = 20_000
SHARES: Final = 100
"""So many shares are made anew in one transaction."""
STATEMENTS: Final = ("CorrectionDeclared", "DisputeResolved", "Disputed")
FIRST: Final = ("ModelSheetPublished", "RecoveryReceived", "SiteRegistered")
"""What lines of the beginning are looked through for."""

Steps = list[tuple[str, Sequence[dict[str, Any]]]]


class TallyCursor(NamedTuple):
    """The newest line that was looked through, where the beginning ends, and a step's number."""

    leaf: int
    horizon: int
    step: int


@dataclass(slots=True)
class Tally:
    """Keeps one store's statistics."""

    store: Store
    _stories: Stories = field(init=False)

    def __post_init__(self) -> None:
        self._stories = Stories(self.store)

    def advance(self, steps: int | None = None) -> bool:
        """Take in what is new, in at most so many steps; whether nothing is left."""
        while steps is None or steps > 0:
            if self._step():
                return True
            steps = None if steps is None else steps - 1
        return False

    def behind(self) -> int:
        """Lines that were not looked through yet, and shares that wait (at most 100,000)."""
        ((waiting,),) = self.store.stream("takeback_waiting_counted")
        return max(0, self.store.size() - 1 - self._cursor().leaf) + int(waiting)

    def rebuild(self) -> None:
        """Begin again from the first line."""
        now = self._cursor()
        move = {"step": now.step, "through": -1, "horizon": -1}
        names = ("waiting", "share", "code", "sum", "model", "site")
        clears: Steps = [(f"clear_takeback_{name}", [{}]) for name in names]
        self.store.run_statements([("move_takeback", [move]), *clears])

    def _cursor(self) -> TallyCursor:
        (row,) = self.store.stream("takeback_cursor")
        return TallyCursor(*row)

    def _step(self) -> bool:
        now = self._cursor()
        waits = [Waiting(*row) for row in self.store.stream("takeback_waits", {"limit": SHARES})]
        if waits:
            self._make(now, waits)
            return False
        size = self.store.size()
        if now.leaf >= size - 1:
            return True
        if now.horizon < 0:
            now = now._replace(horizon=size)
        through = min(now.leaf + LINES, size - 1)
        if now.leaf < now.horizon - 1:
            through = window(self.store, FIRST, now.leaf, now.horizon, LINES)
        self._look(now, through)
        return False

    def _look(self, now: TallyCursor, through: int) -> None:
        """Who waits after these lines."""
        begins = now.leaf < now.horizon - 1
        with self.store.reading():
            found = _Lines(self.store, now.leaf, through, begins=begins)
            found.look()
        move = {"step": now.step, "through": through, "horizon": now.horizon}
        waiting = [one._asdict() for one in dict.fromkeys(found.waiting)]
        sites = [{"site": site, "region": region} for site, region in found.regions.items()]
        self.store.run_statements(
            [
                ("move_takeback", [{**move}]),
                ("takeback_wait", waiting),
                ("put_takeback_site", sites),
            ]
        )

    def _make(self, now: TallyCursor, waits: Sequence[Waiting]) -> None:
        """Shares of some who wait, made anew."""
        with self.store.reading():
            regions = dict(self.store.stream("takeback_regions"))
            made = Made(self.store, self._stories, regions)
            for one in waits:
                made.make(one)
        steps: Steps = [("step_takeback", [{"step": now.step}])]
        steps += [("takeback_looked_at", [one._asdict() for one in waits]), *made.steps()]
        self.store.run_statements(steps)


@dataclass(slots=True)
class _Lines:
    """Some lines, and whom they concern."""

    store: Store
    after: int
    through: int
    begins: bool
    waiting: list[Waiting] = field(default_factory=list)
    regions: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Find them."""
        types = FIRST if self.begins else (*FIRST, *STATEMENTS, "KeyRegistered")
        self.regions = {}
        known = dict(self.store.stream("takeback_regions"))
        for told in sorted(self._typed(types), key=lambda one: one.leaf):
            self._concern(told)
        if not self.begins:
            span = {"after": self.after, "through": self.through}
            touched = self.store.stream("takeback_touched", span)
            self.waiting += [Waiting(UNIT, *row) for row in touched]
        for site, region in self.regions.items():
            if known.get(site, "") != region:
                self._received_at(site)

    def _typed(self, types: Sequence[str]) -> Iterator[Told]:
        row = {
            "types": msgspec.json.encode(types).decode(),
            "after": self.after,
            "through": self.through,
        }
        yield from (told_of(Entry(*line)) for line in self.store.stream("lines_of_types", row))

    def _concern(self, told: Told) -> None:
        """Whom a line concerns; a statement, whom its target does."""
        if told.event_id in self._seen:
            return
        self._seen.add(told.event_id)
        body = told.event.body
        match body:
            case RecoveryReceived():
                self._receipt(told)
            case ModelSheetPublished():
                self.waiting.append(Waiting(MODEL, body.model.maker, body.model.name))
            case SiteRegistered():
                self.regions[body.site] = body.region
            case CorrectionDeclared() | Disputed():
                self._target(body.target)
            case DisputeResolved():
                self._target(body.dispute)
            case KeyRegistered(role=Role.AUTHORITY):
                self._authority(body.party, told.leaf)
            case _:
                self.waiting += [Waiting(UNIT, unit.scheme, unit.id) for unit in
                                 units_named(told.event)]  # fmt: skip

    def _receipt(self, told: Told) -> None:
        units = units_received(told)
        self.waiting += [Waiting(UNIT, unit.scheme, unit.id) for unit in units]
        if not units:
            self.waiting.append(Waiting(RECEIPT, "", told.event_id))

    def _target(self, event_id: str) -> None:
        entry = self.store.entry(event_id)
        if entry is not None and entry.event.type not in ("SiteRegistered", "KeyRegistered"):
            self._concern(told_of(entry))

    def _authority(self, party: str, leaf: int) -> None:
        """Corrections of a party count otherwise once it is an authority."""
        if key_lines(self.store).role_before(party, leaf) == Role.AUTHORITY:
            return
        for row in list(self.store.stream("lines_by", {"author": party, "before": leaf})):
            if row[4] in STATEMENTS:
                self._concern(told_of(Entry(*row[:4])))

    def _received_at(self, site: str) -> None:
        row = {"site": site, "through": self.through}
        for (event_id,) in list(self.store.stream("received_at", row)):
            entry = self.store.entry(event_id)
            if entry is not None:
                self._receipt(told_of(entry))
