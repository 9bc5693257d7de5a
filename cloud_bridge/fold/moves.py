"""What each event says about where a pack goes: it leaves something, arrives somewhere, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_bridge.fold.told import Told
from packtrail.event import (
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    UnitRef,
    VehicleRef,
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
    """

    told: Told
    leaves: tuple[Target, ...] = ()
    arrives: Target | None = None
    swap: bool = False
    vague: bool = False


def moves_of(unit: UnitRef, facts: Iterable[Told]) -> list[Move]:
    """The moves of `unit` that `facts` tell of, in their order."""
    return [move for told in facts if (move := _move(unit, told))]


def same_spot(one: Target, other: Target) -> bool:
    """Whether two names mean one spot: an unnamed slot is any slot of its site."""
    if isinstance(one, PlaceRef) and isinstance(other, PlaceRef):
        vague = ANY_SLOT in (one.slot, other.slot)
        return one.site == other.site and (vague or one.slot == other.slot)
    return one == other


def _move(unit: UnitRef, told: Told) -> Move | None:
    match told.event.body:
        case PackInstalled(vehicle=vehicle, place=place):
            target = vehicle or place
            return Move(told, arrives=target) if target and told.event.unit == unit else None
        case PackRemoved(vehicle=vehicle, place=place):
            targets = tuple(target for target in (vehicle, place) if target)
            return Move(told, leaves=targets) if targets and told.event.unit == unit else None
        case SwapPerformed() as swap:
            return _swap(unit, told, swap)
    return None


def _swap(unit: UnitRef, told: Told, swap: SwapPerformed) -> Move | None:
    somewhere = PlaceRef(swap.site, ANY_SLOT)
    if told.event.unit == unit:
        return Move(told, (somewhere,), swap.vehicle, swap=True, vague=True)
    if swap.unit_out == unit:
        return Move(told, (swap.vehicle,), somewhere, swap=True)
    return None
