"""The codes of a unit: labels are reissued and further identifiers bound, the unit stays one."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_bridge.fold.contests import Contest, ContestReason, contest
from cloud_bridge.fold.state import Alias
from cloud_bridge.fold.told import Told
from packtrail.event import AliasBound, LabelReissued, ProductAssembled, UnitRef, UnitRegistered


def names_of(unit: UnitRef, facts: Sequence[Told]) -> frozenset[UnitRef]:
    """`unit` with every code that `facts` bind to it, directly or by way of another."""
    names = {unit}
    while more := {code for told in facts if (code := _bound(told, names))} - names:
        names |= more
    return frozenset(names)


def owners_of(unit: UnitRef, facts: Sequence[Told]) -> list[UnitRef]:
    """The units that `unit` is a later label or a further code of."""
    return [
        told.event.unit
        for told in facts
        if isinstance(body := told.event.body, AliasBound | LabelReissued)
        and _new_code(body) == unit
        and told.event.unit
    ]


def aliases_of(facts: Sequence[Told], names: frozenset[UnitRef]) -> tuple[Alias, ...]:
    """The further codes in the order in which they came."""
    found = []
    for told in facts:
        code = _bound(told, names)
        if code:
            until = told.event.body.until if isinstance(told.event.body, AliasBound) else ""
            found.append(Alias(code, told.event.occurred_from, until, told.event_id))
    return tuple(found)


def twice(unit: UnitRef, facts: Sequence[Told]) -> list[Contest]:
    """One code for two units: bound to several, or bound to one while registered for another."""
    owners: dict[UnitRef, Told] = {}
    for told in facts:
        body, owner = told.event.body, told.event.unit
        if owner is None:
            continue
        if isinstance(body, AliasBound | LabelReissued) and _new_code(body) == unit:
            owners.setdefault(owner, told)
        elif isinstance(body, UnitRegistered | ProductAssembled) and owner == unit:
            owners.setdefault(unit, told)
    if len(owners) < 2:
        return []
    proof = sorted(owners.values(), key=lambda told: told.order)
    return [contest(ContestReason.CODE_TWICE, proof[:2], proof[1:2])]


def _bound(told: Told, names: set[UnitRef] | frozenset[UnitRef]) -> UnitRef | None:
    body = told.event.body
    if isinstance(body, AliasBound | LabelReissued) and told.event.unit in names:
        return _new_code(body)
    return None


def _new_code(body: AliasBound | LabelReissued) -> UnitRef:
    return body.alias if isinstance(body, AliasBound) else body.code
