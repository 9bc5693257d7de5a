"""Facts and states as people are shown them: numbers in place of subjects, or that they are gone.

Made after the fold and its digest, and only for a reader who may see vehicles; pages mask the
numbers besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cloud_bridge.fold import PackState, Told
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.view.linking import under_names, vehicle_named
from packtrail.event import VehicleRef
from packtrail.personal import vehicle_of

Names = Mapping[str, str]
"""`subject:ID` -> number, or `forgotten:YYYY-MM-DD`."""


def shown_to_people(
    subjects: Subjects, facts: Iterable[Told], state: PackState | None = None
) -> dict[str, str]:
    """What stands for the vehicles of `facts` and `state`."""
    named = {str(vehicle) for told in facts if (vehicle := vehicle_of(told.event.body))}
    return subjects.shown(named | set(vehicles_in(state) if state else ()))


def vehicles_in(state: PackState) -> list[str]:
    """The names of the vehicles that a pack is or was in, each once."""
    now = state.binding.vehicle if state.binding else None
    named = [now, *(stay.vehicle for stay in state.stays)]
    return list(dict.fromkeys(str(vehicle) for vehicle in named if vehicle))


def for_people(facts: Iterable[Told], names: Names) -> list[Told]:
    """`facts` with those names."""
    return under_names(facts, names)


def state_for_people(state: PackState, names: Names) -> PackState:
    """`state` with those names; its bytes are no longer those of the fold."""
    if not names:
        return state
    binding = state.binding
    if binding and binding.vehicle:
        binding = msgspec.structs.replace(binding, vehicle=vehicle_shown(binding.vehicle, names))
    stays = tuple(
        msgspec.structs.replace(stay, vehicle=vehicle_shown(stay.vehicle, names))
        if stay.vehicle
        else stay
        for stay in state.stays
    )
    return msgspec.structs.replace(state, binding=binding, stays=stays)


def vehicle_shown(vehicle: VehicleRef, names: Names) -> VehicleRef:
    """One vehicle with its name."""
    name = names.get(str(vehicle))
    return vehicle_named(name) if name else vehicle
