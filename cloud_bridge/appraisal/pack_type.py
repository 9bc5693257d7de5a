"""The type that a pack's samples are read by: its gateway's own specification, else its maker's."""

from __future__ import annotations

import msgspec

from cloud_bridge.fold import PackState
from cloud_bridge.store import Store
from packtrail.errors import PacktrailError
from packtrail.event import ConditionCommitted, UnitRegistered
from packtrail.shapes import convert
from soh_model import PackSpec


def type_of(store: Store, state: PackState) -> PackSpec | None:
    """The specification that the newest estimate was made with; None where none can be had."""
    point = state.newest_health or (state.health[-1] if state.health else None)
    entry = store.entry(point.event) if point else None
    body = entry.event.body if entry else None
    told = body.spec if isinstance(body, ConditionCommitted) else None
    return (_read(told) if told else None) or registered_type(state)


def registered_type(state: PackState) -> PackSpec | None:
    """The type as far as its maker registered it; None where that is not enough."""
    stated = state.registration.stated if state.registration else None
    if not isinstance(stated, UnitRegistered):
        return None
    try:
        return PackSpec(
            chemistry=stated.chemistry,
            rated_ah=stated.rated_capacity_ah,
            cells_in_series=stated.cells_in_series,
        )
    except PacktrailError:
        return None


def _read(told: dict[str, object]) -> PackSpec | None:
    """A specification as a record holds it; None for what another version wrote."""
    try:
        return convert(told, PackSpec)
    except (msgspec.ValidationError, PacktrailError):
        return None
