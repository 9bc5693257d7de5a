"""The fold of lots: kilograms and elements in and out, nothing spent twice (I11, I10).

Lots are made of units and of other lots, so that each kilogram has a list of origins. A process
balances within the error of its scales, no element comes out of nothing, and no more of a lot
is used than there was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.handovers import Handovers
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import Told, in_order
from cloud_bridge.fold.tree import SCALE_SHARE
from packtrail.event import (
    LotFormed,
    LotPart,
    LotRef,
    MaterialOut,
    MaterialProcessed,
    MaterialUsed,
    RecoveryReceived,
    UnitDisassembled,
    UnitRef,
)

ANALYSIS_SHARE: Final = 0.02
"""Error of a ratio of two chemical analyses, share: each is good to a percent or so."""


class LotState(msgspec.Struct, frozen=True, kw_only=True):
    """A lot as of a moment.

    Attributes:
        lot: which.
        kind: of material, "" for a lot of units.
        kg_made: kilograms that came into being.
        kg_used: kilograms that went into processes and products.
        elements: element symbol -> kg by analysis.
        units: units gathered in it, or that it came from directly.
        sources: lots that it was made of.
        contests: what contradicts.
        events: how many facts.
    """

    lot: LotRef
    kind: str
    kg_made: float
    kg_used: float
    elements: dict[str, float]
    units: tuple[UnitRef, ...]
    sources: tuple[str, ...]
    contests: tuple[Contest, ...]
    events: int

    @property
    def kg_left(self) -> float:
        """What there should still be, kg."""
        return self.kg_made - self.kg_used


def fold_lot(lot: LotRef, facts: Iterable[Told]) -> LotState:
    """The state of `lot` from every fact that names it, in any order."""
    told = in_order(facts)
    settled = Settlement(told)
    tally = _Tally(lot)
    for one in settled.standing:
        tally.take(one)
    return LotState(
        lot=lot,
        kind=tally.kind,
        kg_made=tally.made,
        kg_used=tally.used,
        elements=dict(sorted(tally.elements.items())),
        units=tuple(sorted(tally.units, key=str)),
        sources=tuple(sorted(tally.sources)),
        contests=tuple(sorted({*settled.contests, *tally.contests})),
        events=len(told),
    )


@dataclass(slots=True)
class _Tally:
    """Adds up one lot."""

    lot: LotRef
    kind: str = ""
    made: float = 0.0
    used: float = 0.0
    error: float = 0.0
    elements: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    claimed: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    units: set[UnitRef] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    makers: list[Told] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    handovers: Handovers = field(init=False)

    def __post_init__(self) -> None:
        """Follow who gave it to whom."""
        self.handovers = Handovers(self.lot)

    def take(self, told: Told) -> None:
        """Add one fact."""
        self.handovers.take(told)
        match told.event.body:
            case LotFormed() as body:
                self.units |= set(body.units) | ({told.event.unit} if told.event.unit else set())
                self._make(told, body.kg or 0.0)
            case RecoveryReceived(lot=lot) as body if lot == self.lot:
                self.units |= set(body.units) | ({told.event.unit} if told.event.unit else set())
                self._make(told, body.kg or 0.0)
            case UnitDisassembled() as body:
                self._come_out(told, body.lots, body.scale_error_kg)
                if told.event.unit:
                    self.units.add(told.event.unit)
            case MaterialProcessed() as body:
                self._process(told, body)
            case MaterialUsed() as body:
                self._spend(told, body.lots, body.elements)

    def _process(self, told: Told, body: MaterialProcessed) -> None:
        if any(out.lot == self.lot for out in body.out):
            self.sources |= {str(part.lot) for part in body.lots_in}
            self.units |= set(body.units_in)
            self.contests += balance(told, body)
            self._come_out(told, body.out, body.scale_error_kg)
        self._spend(told, body.lots_in, {})

    def _come_out(self, told: Told, lots: Iterable[MaterialOut], error_kg: float) -> None:
        for out in lots:
            if out.lot == self.lot:
                self.kind = out.kind
                self.error += error_kg
                self._make(told, out.kg)
                for element, kg in out.elements.items():
                    self.elements[element] += kg

    def _make(self, told: Told, kg: float) -> None:
        self.makers.append(told)
        self.made += kg

    def _spend(self, told: Told, parts: Iterable[LotPart], claims: Mapping[str, float]) -> None:
        """Use some kilograms; of more than there was, the last giver or user is to blame."""
        mine = sum(part.kg for part in parts if part.lot == self.lot)
        if not mine:
            return
        self.used += mine
        self.handovers.use(told, mine)
        if self.used > self.made * (1 + SCALE_SHARE) + self.error:
            more, wrong = self.handovers.blame(told)
            proof = [*self.makers[:1], *more, told]
            self.contests.append(contest(ContestReason.DOUBLE_SPENT, proof, wrong))
        for element, kg in claims.items():
            self.claimed[element] += kg
            if self.claimed[element] > self.elements.get(element, 0.0) * (1 + SCALE_SHARE) + 1e-9:
                self._unproven(told, parts)

    def _unproven(self, told: Told, parts: Iterable[LotPart]) -> None:
        # With several lots in one use, each alone need not carry the whole claim.
        if all(part.lot == self.lot for part in parts):
            proof = [*self.makers[:1], told]
            self.contests.append(contest(ContestReason.CLAIM_UNPROVEN, proof, [told]))


def balance(told: Told, body: MaterialProcessed) -> list[Contest]:
    """Whether one process gives back what went in, in all and element by element."""
    found = []
    kg_in = body.units_kg + sum(part.kg for part in body.lots_in)
    kg_out = sum(out.kg for out in body.out) + body.residue_kg + body.loss_kg
    if kg_in and abs(kg_in - kg_out) > body.scale_error_kg + SCALE_SHARE * kg_in:
        found.append(contest(ContestReason.MASS_OPEN, [told], [told]))
    for element, put_in in body.elements_in.items():
        got = sum(out.elements.get(element, 0.0) for out in body.out)
        if got > put_in * (1 + ANALYSIS_SHARE) + 1e-9:
            found.append(contest(ContestReason.ELEMENTS_OPEN, [told], [told]))
    return found
