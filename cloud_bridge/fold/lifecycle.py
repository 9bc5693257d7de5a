"""The stage of a unit's life: which moves are allowed, and what was illegal.

Alive (registered, stocked, in service) -> retired -> taken back -> {part of a product, taken
apart, recycled}, the last three terminal. Destroyed units can still be taken back. A retired unit
goes into service again only after an inspection that declares it fit (digital_id 6.3). What is
illegal is contested and not applied; a missing step in between is implied and shown as a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold.axes import Lifecycle
from cloud_bridge.fold.contests import Contest, ContestReason, Gap, contest
from cloud_bridge.fold.told import Told
from packtrail.event import (
    ConditionCommitted,
    InspectionRecorded,
    MaterialProcessed,
    PackInstalled,
    ProductAssembled,
    RecoveryReceived,
    SwapPerformed,
    UnitDestroyed,
    UnitDisassembled,
    UnitRef,
    UnitRepaired,
    UnitRetired,
)

_RESTING: Final = frozenset({Lifecycle.RETIRED, Lifecycle.RECOVERED, Lifecycle.DESTROYED})


@dataclass(slots=True)
class Life:
    """Walks through a unit's stages of life.

    Attributes:
        names: the unit and its further codes.
        stage: None while it is alive, else the stage of its end.
        since: the fact that began the stage.
        number: which life, from 1.
        illegal: facts that the stage did not allow.
    """

    names: frozenset[UnitRef]
    stage: Lifecycle | None = None
    since: Told | None = None
    number: int = 1
    fit: Told | None = None
    contests: list[Contest] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    illegal: set[str] = field(default_factory=set)

    def walk(self, facts: Sequence[Told]) -> Life:
        """Walk through `facts`, in order; returns itself."""
        for told in facts:
            self._take(told)
        return self

    def _take(self, told: Told) -> None:
        body, own = told.event.body, told.event.unit in self.names
        match body:
            case PackInstalled() | SwapPerformed() if own:
                self._use(told, in_vehicle=body.vehicle is not None)
            case ConditionCommitted() if own:
                self._sense(told)
            case InspectionRecorded(reuse=True) if own:
                self.fit = told
            case UnitRepaired(remanufactured=True) if own:
                self.number += 1
            case _:
                self._end(told, own=own)

    def _end(self, told: Told, *, own: bool) -> None:
        match told.event.body:
            case UnitRetired() if own:
                self._step(told, Lifecycle.RETIRED, lambda stage: stage is None)
            case UnitDestroyed() if own:
                self._step(told, Lifecycle.DESTROYED, lambda _: True)
            case RecoveryReceived(units=units) if own or self._among(units):
                self._step(told, Lifecycle.RECOVERED, lambda _: True, implied="retirement")
            case UnitDisassembled() if own:
                self._finish(told, Lifecycle.DISMANTLED)
            case UnitDisassembled(children=children) if self._among(children):
                self._step(told, Lifecycle.RECOVERED, lambda _: True)
            case ProductAssembled(inputs=inputs) if self._among(inputs):
                self._finish(told, Lifecycle.REPURPOSED_IN)
            case MaterialProcessed(units_in=units) if self._among(units):
                self._finish(told, Lifecycle.RECYCLED)

    def _use(self, told: Told, *, in_vehicle: bool) -> None:
        if self._over(told) or self.stage is None or not in_vehicle:
            return
        # A pack that was declared fit after its retirement may drive again; that of a pack which
        # had been taken back already is another life.
        if self.stage in _RESTING and self.fit and self.since and self.fit.order > self.since.order:
            self.number += self.stage is Lifecycle.RECOVERED
            self.stage, self.since = None, told
        else:
            self._forbid(ContestReason.ILLEGAL_MOVE, told)

    def _sense(self, told: Told) -> None:
        # A reading whose span began before the end tells of the time before.
        if self.since and told.event.from_ns > self.since.event.to_ns:
            self._over(told)

    def _over(self, told: Told) -> bool:
        if self.stage is None or not self.stage.terminal:
            return False
        self._forbid(ContestReason.AFTER_END, told)
        return True

    def _step(
        self,
        told: Told,
        stage: Lifecycle,
        allowed: Callable[[Lifecycle | None], bool],
        implied: str = "",
    ) -> None:
        if self._over(told) or self.stage is stage or not allowed(self.stage):
            return
        if implied and self.stage is None:
            self.gaps.append(Gap(implied, (told.event_id,)))
        self.stage, self.since = stage, told

    def _finish(self, told: Told, stage: Lifecycle) -> None:
        if self._over(told):
            return
        if self.stage is None:
            self._forbid(ContestReason.ILLEGAL_MOVE, told)
            return
        if self.stage is not Lifecycle.RECOVERED:
            self.gaps.append(Gap("receipt", (told.event_id,)))
        self.stage, self.since = stage, told

    def _forbid(self, reason: ContestReason, told: Told) -> None:
        proof = [self.since, told] if self.since else [told]
        self.contests.append(contest(reason, proof, [told]))
        self.illegal.add(told.event_id)

    def _among(self, units: Sequence[UnitRef]) -> bool:
        return not self.names.isdisjoint(units)
