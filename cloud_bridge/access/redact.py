"""A digital ID as a reader may see it: hidden parts are empty, and named beside it as hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.fold import PackState, Told
from cloud_bridge.fold.state import Binding, Custody, Parts, Stay
from cloud_bridge.view import PackGlance, PackView, SlotView, StationView
from packtrail.event import IdentityContested, UnitRef

OF_A_PACK = frozenset(Field) - {Field.STATIONS, Field.DUTIES}
"""The fields that speak of a pack."""

OF_A_STATION = frozenset(
    {Field.STATIONS, Field.PLACES, Field.HEALTH, Field.INCIDENTS, Field.TELEMETRY}
)
"""The fields that a station's slots and alarms show."""

HEARD_OF = frozenset({Field.TELEMETRY, Field.LEDGER})
"""The fields that tell together when anything was last heard of a pack."""

_BLANK: dict[Field, dict[str, Any]] = {
    Field.MAKING: {"registration": None, "aliases": (), "parts": Parts()},
    Field.HEALTH: {"health": (), "totals": (), "inspections": (), "triage": None, "repairs": 0},
    Field.INCIDENTS: {"incidents": ()},
    Field.CUSTODY: {"custody": Custody()},
    Field.VEHICLES: {"vehicles": 0, "swaps": 0},
    Field.LEDGER: {
        "contests": (),
        "gaps": (),
        # Counts and moments of facts tell of facts that are hidden.
        "events": 0,
        "first_at": "",
        "last_at": "",
        "stage_since": "",
        "stage_event": "",
    },
}


def redacted(view: PackView, seen: frozenset[Field]) -> PackView:
    """`view` with what is not in `seen` left out; the verdict is judged on the whole."""
    state = redacted_state(view.state, seen, view.unit)
    reading = view.reading if Field.TELEMETRY in seen else None
    return replace(view, state=state, reading=reading, seen_ns=_heard_ns(view, seen))


def redacted_glance(pack: PackGlance, seen: frozenset[Field]) -> PackGlance:
    """`pack` with what is not in `seen` left out; the verdict is judged on the whole."""
    if seen >= OF_A_PACK:
        return pack
    told = msgspec.structs.replace(
        pack.told,
        soh=pack.told.soh if Field.HEALTH in seen else None,
        model=pack.told.model if Field.MAKING in seen else "",
        binding=_binding(pack.told.binding, seen),
        heard_ns=pack.told.heard_ns if seen >= HEARD_OF else 0,
    )
    return replace(pack, told=told, reading=pack.reading if Field.TELEMETRY in seen else None)


def redacted_state(state: PackState, seen: frozenset[Field], asked: UnitRef) -> PackState:
    """`state` with what is not in `seen` left out, under the code that was `asked` for."""
    if seen >= OF_A_PACK:
        return state
    blank: dict[str, Any] = {}
    for field in frozenset(_BLANK) - seen:
        blank |= _BLANK[field]
    return msgspec.structs.replace(
        state,
        **blank,
        # Whose other codes a pack has is told with its making alone.
        unit=state.unit if Field.MAKING in seen else asked,
        binding=_binding(state.binding, seen),
        stays=_stays(state.stays, seen),
    )


def redacted_station(view: StationView, sight: Sight) -> StationView:
    """A station without the places, packs and alarms that its reader may not see."""
    seen = sight.of()
    places = Field.PLACES in seen
    return replace(
        view,
        sites=view.sites if places else (),
        slots=tuple(_slot(slot, sight) for slot in view.slots) if places else (),
        alarms=tuple(told for told in view.alarms if _kind(told) in seen),
    )


def _slot(slot: SlotView, sight: Sight) -> SlotView:
    if slot.pack is None:
        return slot
    return replace(slot, pack=redacted_glance(slot.pack, sight.of(slot.pack.unit) & OF_A_PACK))


def _kind(alarm: Told) -> Field:
    """An alarm is of a pack, or of a slot where it is not known which pack is in it."""
    contested = isinstance(alarm.event.body, IdentityContested)
    return Field.PLACES if contested else Field.INCIDENTS


def _heard_ns(view: PackView, seen: frozenset[Field]) -> int:
    """When something was last heard of it, of what the reader may see; 0 for nothing."""
    if seen >= HEARD_OF:
        return view.seen_ns
    return view.reading.t_ns if view.reading and Field.TELEMETRY in seen else 0


def _binding(binding: Binding | None, seen: frozenset[Field]) -> Binding | None:
    """Where it is, if the reader may see that kind of place."""
    if binding is None or (Field.VEHICLES if binding.vehicle else Field.PLACES) not in seen:
        return None
    place = binding.place if Field.PLACES in seen else None
    return msgspec.structs.replace(binding, place=place)


def _stays(stays: tuple[Stay, ...], seen: frozenset[Field]) -> tuple[Stay, ...]:
    """Where it was: a stay in a vehicle is left out whole, for its times are of the vehicle."""
    kept = [stay for stay in stays if (Field.VEHICLES if stay.vehicle else Field.PLACES) in seen]
    if Field.PLACES in seen:
        return tuple(kept)
    return tuple(msgspec.structs.replace(stay, place=None) for stay in kept)
