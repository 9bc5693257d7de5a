"""`passport_of`: data points of a unit, static as stated, dynamic as the evidence has them."""

from __future__ import annotations

import uuid
from typing import Final

from cloud_bridge.exports.category import category_of
from cloud_bridge.exports.datum import Datum, Missing, Passport, Source
from cloud_bridge.exports.dynamic import dynamic_points
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.exports.identifiers import link_of
from cloud_bridge.exports.points import POINTS
from cloud_bridge.exports.stated import claimed_points, static_points
from cloud_bridge.fold import PackState, digest
from packtrail.event import UnitRef
from packtrail.times import format_time

NAMESPACE: Final = uuid.UUID("6b1f0f5e-55a4-5f0e-9d5c-0d1b1d9d2c11")
"""Passport identifiers are UUIDs (RFC 9562, version 5) of unit and life within this space."""


def passport_of(gathered: Gathered) -> Passport:
    """Every data point: its datum, or why there is none; that it does not apply is a reason."""
    state = gathered.state
    category = category_of(state)
    data = _identity(state, category) | static_points(gathered)
    missing: dict[str, Missing] = {}
    dynamic, unknown = dynamic_points(gathered, data)
    # What another passport claimed stands only where nothing of our own is known.
    data |= claimed_points(gathered) | dynamic
    for key, point in POINTS.items():
        if key in data:
            continue
        if not point.applies(category):
            missing[key] = Missing.NOT_APPLICABLE
        else:
            untold = Missing.NOT_ENOUGH_DATA if point.dynamic else Missing.NOT_STATED
            missing[key] = unknown.get(key, untold)
    newest = max([told.event.to_ns for told in gathered.facts] + [gathered.use.last_ns], default=0)
    return Passport(
        id=passport_id(state.unit, state.life),
        unit=state.unit,
        life=state.life,
        category=category,
        as_of=format_time(newest) if newest else "",
        state_digest=digest(state),
        data={key: data[key] for key in POINTS if key in data},
        missing={key: missing[key] for key in sorted(missing)},
        link=link_of(state),
    )


def passport_id(unit: UnitRef, life: int) -> str:
    """`urn:uuid:...`: the same on every bridge for the same unit and life."""
    return uuid.uuid5(NAMESPACE, f"{unit.scheme}:{unit.id}/{life}").urn


def _identity(state: PackState, category: str) -> dict[str, Datum]:
    """What the ledger itself knows."""
    registration = state.registration
    event = (registration.event,) if registration else ()
    at = registration.at if registration else state.first_at
    values = {
        "passport_id": passport_id(state.unit, state.life),
        "unit_id": str(state.unit),
        **({"category": category} if registration else {}),
    }
    return {
        key: Datum(value=value, source=Source.LEDGER, as_of=at, events=event)
        for key, value in values.items()
    }
