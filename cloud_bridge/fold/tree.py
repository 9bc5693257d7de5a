"""What is inside a unit: parts in and out, and whether masses close when it is taken apart.

I9: a part has one parent at any instant. I10: what comes out is what was inside, and masses add
up within the errors of the scales. I15: mass changes by repair only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.state import Parts
from cloud_bridge.fold.told import Told
from packtrail.event import (
    ProductAssembled,
    UnitDisassembled,
    UnitRef,
    UnitRegistered,
    UnitRepaired,
    UnitRetired,
)

SCALE_SHARE: Final = 0.005
"""Error that any weighing may have, as a share of the mass: class III scales and a wet floor."""


@dataclass(slots=True)
class Tree:
    """Follows the parts of one unit through its facts."""

    names: frozenset[UnitRef]
    children: list[UnitRef] = field(default_factory=list)
    uncoded: int = 0
    parent: tuple[UnitRef, Told] | None = None
    product: UnitRef | None = None
    origins: tuple[UnitRef, ...] = ()
    lots: list[str] = field(default_factory=list)
    mass: tuple[float, Told] | None = None
    loss_kg: float = 0.0
    contests: list[Contest] = field(default_factory=list)

    def walk(self, facts: Sequence[Told]) -> Tree:
        """Follow `facts`, in order; returns itself."""
        for told in facts:
            if told.event.unit in self.names:
                self._own(told)
            else:
                self._other(told)
        return self

    @property
    def parts(self) -> Parts:
        """What was found."""
        return Parts(
            children=tuple(self.children),
            uncoded_cells=self.uncoded,
            parent=self.parent[0] if self.parent else None,
            product=self.product,
            origins=self.origins,
            lots=tuple(self.lots),
            mass_kg=self.mass[0] if self.mass else None,
            loss_kg=self.loss_kg,
        )

    def _own(self, told: Told) -> None:
        match told.event.body:
            case UnitRegistered() as body if self.mass is None and not self.children:
                self.children, self.uncoded = list(body.children), body.uncoded_cells
                self._weigh(told, body.mass_kg)
            case ProductAssembled() as body:
                self.children, self.uncoded = list(body.inputs), body.uncoded_cells
                self.origins = body.origins
                self._weigh(told, body.mass_kg)
            case UnitRepaired() as body:
                self._repair(told, body)
            case UnitRetired(kg=kg):
                self._weigh(told, kg)
            case UnitDisassembled() as body:
                self._take_apart(told, body)

    def _other(self, told: Told) -> None:
        """A fact about another unit that this one is a part of."""
        owner = told.event.unit
        if owner is None:
            return
        match told.event.body:
            case UnitRegistered(children=children) if not self.names.isdisjoint(children):
                self._join(owner, told)
            case ProductAssembled(inputs=inputs) if not self.names.isdisjoint(inputs):
                self.product = owner
                self._join(owner, told)
            case UnitRepaired(replaced=replaced):
                if any(one.out in self.names for one in replaced):
                    self.parent = None
                if any(one.into in self.names for one in replaced):
                    self._join(owner, told)
            case UnitDisassembled(children=children) if not self.names.isdisjoint(children):
                self.parent = None

    def _join(self, owner: UnitRef, told: Told) -> None:
        if self.parent and self.parent[0] != owner:
            proof = [self.parent[1], told]
            self.contests.append(contest(ContestReason.TWO_PARENTS, proof, [told]))
        self.parent = (owner, told)

    def _repair(self, told: Told, body: UnitRepaired) -> None:
        gone = [one.out for one in body.replaced if one.out]
        if self.children and any(unit not in self.children for unit in gone):
            self.contests.append(contest(ContestReason.CHILDREN_DIFFER, [told], [told]))
        self.children = [unit for unit in self.children if unit not in gone]
        self.children += [one.into for one in body.replaced if one.into]
        self.uncoded = max(0, self.uncoded - body.uncoded_out + body.uncoded_in)
        if body.mass_before_kg is not None:
            self._weigh(told, body.mass_before_kg)
        if body.mass_after_kg is not None:
            self.mass = (body.mass_after_kg, told)

    def _weigh(self, told: Told, kg: float | None, error_kg: float = 0.0) -> None:
        if kg is None:
            return
        if self.mass and abs(kg - self.mass[0]) > error_kg + SCALE_SHARE * max(kg, self.mass[0]):
            self.contests.append(contest(ContestReason.MASS_CHANGED, [self.mass[1], told], [told]))
        self.mass = (kg, told)

    def _take_apart(self, told: Told, body: UnitDisassembled) -> None:
        self._weigh(told, body.kg_in, body.scale_error_kg)
        out = body.children_kg + sum(lot.kg for lot in body.lots) + body.loss_kg
        if abs(body.kg_in - out) > body.scale_error_kg + SCALE_SHARE * body.kg_in:
            self.contests.append(contest(ContestReason.MASS_OPEN, [told], [told]))
        inside, outside = set(self.children), set(body.children)
        if (inside or self.uncoded) and (
            inside != outside or (self.uncoded and self.uncoded != body.uncoded_cells)
        ):
            self.contests.append(contest(ContestReason.CHILDREN_DIFFER, [told], [told]))
        self.lots += [str(lot.lot) for lot in body.lots]
        self.loss_kg += body.loss_kg
        self.children, self.uncoded = [], 0
