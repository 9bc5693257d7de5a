"""What a BatterySwap message says of packs, as bodies of facts. Pure.

OCPP gives no time, so a move happened when its message arrived. The serial number is read as a
label is: the one pack code in it, whatever stands around. One that holds none, or several, is
contested at its slot and waits for a person. The token of whoever swaps is not kept, except a VIN,
and that as a commitment.
"""

from __future__ import annotations

from typing import Final

import msgspec

from packtrail.codes import read_label
from packtrail.event import (
    Body,
    IdentityContested,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    Reading,
    UnitRef,
    VehicleRef,
)
from packtrail.ocpp import SOURCE, Battery, BatterySwap
from packtrail.times import format_time

REASON: Final = "swap"
Said = tuple[UnitRef | None, Body]
"""A pack, or None while it is not known, and what is said of it."""


def place_of(site: str, battery: Battery) -> PlaceRef:
    """The slot of a battery."""
    return PlaceRef(site, str(battery.slot))


def mark_of(swap: BatterySwap, battery: Battery) -> str:
    """The message about one battery in hexadecimal: equal for a message that is sent again."""
    told = {"requestId": swap.request_id, "eventType": swap.event_type}
    return msgspec.json.encode(told | msgspec.to_builtins(battery)).hex()


def said_of(swap: BatterySwap, battery: Battery, site: str, t_ns: int) -> list[Said]:
    """The facts about one battery; none where nobody took it.

    Args:
        swap: the message.
        battery: one of its batteries.
        site: where the station stands.
        t_ns: when the message arrived, UTC ns.
    """
    if swap.event_type == "BatteryOutTimeout":
        return []
    place = place_of(site, battery)
    reading = Reading(SOURCE, battery.serial, format_time(t_ns), mark_of(swap, battery))
    label = read_label(battery.serial)
    if label.unit is None:
        problem = "sources_disagree" if label.candidates else "unreadable"
        return [(None, IdentityContested(place, problem, (reading,)))]
    return [(label.unit, body) for body in _moves(swap, battery, place, reading)]


def _moves(
    swap: BatterySwap, battery: Battery, place: PlaceRef, reading: Reading
) -> tuple[Body, ...]:
    soc, soh, vehicle = battery.soc_pct, battery.soh_pct / 100, swap.vehicle
    readings = (reading,)
    if swap.event_type == "BatteryIn":
        stands = PackInstalled(place=place, reason=REASON, soc_pct=soc, readings=readings, soh=soh)
        return (*_left(vehicle, soc, soh), stands)
    gone = PackRemoved(place=place, reason=REASON, soc_pct=soc, readings=readings, soh=soh)
    return (gone, *_joined(vehicle, soc, soh))


def _left(vehicle: VehicleRef | None, soc: float, soh: float) -> tuple[Body, ...]:
    return (PackRemoved(vehicle=vehicle, reason=REASON, soc_pct=soc, soh=soh),) if vehicle else ()


def _joined(vehicle: VehicleRef | None, soc: float, soh: float) -> tuple[Body, ...]:
    return (PackInstalled(vehicle=vehicle, reason=REASON, soc_pct=soc, soh=soh),) if vehicle else ()
