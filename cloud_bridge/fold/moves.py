"""What each event says about where a pack goes: it leaves something, arrives somewhere, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_bridge.fold.told import Told
from packtrail.event import (
    CustodyAccepted,
    MaterialProcessed,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    ProductAssembled,
    RecoveryReceived,
    SwapPerformed,
    UnitDisassembled,
    UnitRef,
    VehicleRef,
    VehicleRegistered,
    units_named,
)

Target = VehicleRef | PlaceRef
ANY_SLOT = ""
"""Somewhere at the site: a swap does not name the slot."""


@dataclass(frozen=True, slots=True)
class Move:
    """One event's word on one pack.

    Attributes:
        told: the event.
        leaves: what it leaves; with several, whichever of them it is in.
        arrives: where it comes to, or None.
        swap: whether a swap says so.
        vague: the swap names only the site, so the place it leaves or reaches is any there.
        anew: it is taken from wherever it was: handed over, taken apart, used up.
    """

    told: Told
    leaves: tuple[Target, ...] = ()
    arrives: Target | None = None
    swap: bool = False
    vague: bool = False
    anew: bool = False


def moves_of(names: frozenset[UnitRef], facts: Iterable[Told]) -> list[Move]:
    """The moves of the unit of `names` that `facts` tell of, in their order."""
    return [move for told in facts if (move := _move(names, told))]


def same_spot(one: Target, other: Target) -> bool:
    """Whether two names mean one spot: an unnamed slot is any slot of its site."""
    if isinstance(one, PlaceRef) and isinstance(other, PlaceRef):
        vague = ANY_SLOT in (one.slot, other.slot)
        return one.site == other.site and (vague or one.slot == other.slot)
    return one == other


def _move(names: frozenset[UnitRef], told: Told) -> Move | None:
    match told.event.body:
        case PackInstalled(vehicle=vehicle, place=place):
            target = vehicle or place
            return Move(told, arrives=target) if target and told.event.unit in names else None
        case PackRemoved(vehicle=vehicle, place=place):
            targets = tuple(target for target in (vehicle, place) if target)
            return Move(told, leaves=targets) if targets and told.event.unit in names else None
        case SwapPerformed() as swap:
            return _swap(names, told, swap)
        case VehicleRegistered(vehicle=vehicle, packs=packs) if not names.isdisjoint(packs):
            return Move(told, arrives=vehicle)
    return _handed_over(names, told)


def _handed_over(names: frozenset[UnitRef], told: Told) -> Move | None:
    """A store, a receiver or a press took it, whatever was last said of where it is."""
    match told.event.body:
        case RecoveryReceived(site=site) | CustodyAccepted(site=site) if site:
            taken = not names.isdisjoint(units_named(told.event))
            return Move(told, arrives=PlaceRef(site, ANY_SLOT), anew=True) if taken else None
        case UnitDisassembled() if told.event.unit in names:
            return Move(told, anew=True)
        case ProductAssembled(inputs=units) | MaterialProcessed(units_in=units):
            return Move(told, anew=True) if not names.isdisjoint(units) else None
    return None


def _swap(names: frozenset[UnitRef], told: Told, swap: SwapPerformed) -> Move | None:
    somewhere = PlaceRef(swap.site, ANY_SLOT)
    if told.event.unit in names:
        return Move(told, (somewhere,), swap.vehicle, swap=True, vague=True)
    if swap.unit_out in names:
        return Move(told, (swap.vehicle,), somewhere, swap=True)
    return None
