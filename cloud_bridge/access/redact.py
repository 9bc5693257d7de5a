"""A digital ID as a reader may see it: hidden parts are empty, and named beside it as hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from cloud_bridge.access.fields import Field
from cloud_bridge.fold import PackState
from cloud_bridge.fold.state import Binding, Custody, Parts, Stay
from cloud_bridge.view import PackView

OF_A_PACK = frozenset(Field) - {Field.STATIONS, Field.DUTIES}
"""The fields that speak of a pack."""

_BLANK: dict[Field, dict[str, Any]] = {
    Field.MAKING: {"registration": None, "aliases": (), "parts": Parts()},
    Field.HEALTH: {"health": (), "totals": (), "inspections": (), "triage": None, "repairs": 0},
    Field.INCIDENTS: {"incidents": ()},
    Field.CUSTODY: {"custody": Custody()},
    Field.VEHICLES: {"vehicles": 0, "swaps": 0},
}


def redacted(view: PackView, seen: frozenset[Field]) -> PackView:
    """`view` with what is not in `seen` left out; the verdict is judged on the whole."""
    state = redacted_state(view.state, seen)
    return replace(view, state=state, reading=view.reading if Field.TELEMETRY in seen else None)


def redacted_state(state: PackState, seen: frozenset[Field]) -> PackState:
    """`state` with what is not in `seen` left out."""
    if seen >= OF_A_PACK:
        return state
    blank: dict[str, Any] = {}
    for field in frozenset(_BLANK) - seen:
        blank |= _BLANK[field]
    return msgspec.structs.replace(
        state,
        **blank,
        binding=_binding(state.binding, seen),
        stays=_stays(state.stays, seen),
        **({} if Field.LEDGER in seen else {"contests": (), "gaps": (), "stage_event": ""}),
    )


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
