"""What of a passport and of its facts a reader may see: points by their law, all by the table.

Annex XIII says who may see a data point; the access table says which fields a reader may see, in
an export as in every other answer. A point or a fact has to pass both.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cloud_bridge.access.fields import EVERYTHING, Field
from cloud_bridge.access.redact import OF_A_PACK
from cloud_bridge.exports.datum import Datum, Missing, Passport, Source
from cloud_bridge.exports.points import POINTS, Access, Point
from packtrail import event as e

WHOLE: Final = EVERYTHING
_OF_POINTS: Final = {
    "soc_pct": Field.TELEMETRY,
    "temperature_c": Field.TELEMETRY,
    "negative_events": Field.INCIDENTS,
    "deep_discharges": Field.INCIDENTS,
    "overcharges": Field.INCIDENTS,
    "status": Field.MAKING,
    "use": Field.MAKING,
}
"""Dynamic points that are not of health; of `use` each part has its own field."""
_OF_USE: Final = {
    "swaps": Field.VEHICLES,
    "vehicles": Field.VEHICLES,
    "hours_seen": Field.HEALTH,
    "repairs": Field.HEALTH,
}
_OF_FACTS: Final[dict[Field, tuple[type[e.Body], ...]]] = {
    Field.MAKING: (
        e.UnitRegistered,
        e.AliasBound,
        e.LabelReissued,
        e.UnitDisassembled,
        e.ProductAssembled,
        e.MaterialProcessed,
        e.ModelSheetPublished,
        e.PassportStated,
    ),
    Field.HEALTH: (
        e.ConditionCommitted,
        e.UsageRecorded,
        e.ChargeRecorded,
        e.InspectionRecorded,
        e.UnitRepaired,
        e.BmsReplaced,
        e.TriageDecided,
    ),
    Field.INCIDENTS: (e.IncidentRecorded,),
    Field.TELEMETRY: (e.TelemetryCommitted, e.TelemetryRetired),
    Field.CUSTODY: (
        e.CustodyOffered,
        e.CustodyAccepted,
        e.CustodyRefused,
        e.RecoveryReceived,
        e.RecoveryShipped,
        e.LotFormed,
        e.LostOrStolen,
        e.Found,
        e.Exported,
    ),
}
"""What a fact speaks of beside places and vehicles; of all others only the ledger tells."""
_PLACED: Final = (e.PackInstalled, e.PackRemoved, e.SwapPerformed)


def fields_of(body: e.Body) -> frozenset[Field]:
    """The fields that a fact holds something of."""
    found = {field for field, kinds in _OF_FACTS.items() if isinstance(body, kinds)}
    if getattr(body, "vehicle", None) is not None:
        found.add(Field.VEHICLES)
    if getattr(body, "place", None) is not None or bool(getattr(body, "site", None)):
        found.add(Field.PLACES)
    if not found or not (found - {Field.VEHICLES, Field.PLACES} or isinstance(body, _PLACED)):
        found.add(Field.LEDGER)
    return frozenset(found)


def shows(body: e.Body, seen: frozenset[Field]) -> bool:
    """Whether a reader who may see these fields is told of a fact; the ledger holds them all."""
    told = fields_of(body)
    if Field.LEDGER in seen:
        return Field.VEHICLES not in told or Field.VEHICLES in seen
    return told <= seen


def sieved(
    passport: Passport, allowed: frozenset[Access], seen: frozenset[Field], now: str
) -> Passport:
    """What a reader sees of a passport; the rest is told to be withheld.

    Args:
        passport: whole.
        allowed: by Annex XIII.
        seen: by the access table.
        now: RFC 3339; stands for the moment of a newest fact that he may not see.
    """
    hidden = {key for key, point in POINTS.items() if not _open(point, allowed, seen)}
    asked = passport.data.keys() | passport.missing.keys()
    data = {
        key: _cut(key, datum, seen, now)
        for key, datum in passport.data.items()
        if key not in hidden
    }
    withheld = asked & hidden - _not_applicable(passport)
    missing = passport.missing | dict.fromkeys(withheld, Missing.WITHHELD)
    whole = seen >= OF_A_PACK and Access.LEGITIMATE in allowed
    return msgspec.structs.replace(
        passport,
        data=data,
        missing={key: missing[key] for key in sorted(missing)},
        as_of=passport.as_of if seen >= {Field.LEDGER, Field.TELEMETRY} else now,
        state_digest=passport.state_digest if whole else "",
    )


def _not_applicable(passport: Passport) -> frozenset[str]:
    """What does not apply follows from the law and the category, and is no secret."""
    found = passport.missing.items()
    return frozenset(key for key, reason in found if reason is Missing.NOT_APPLICABLE)


def _open(point: Point, allowed: frozenset[Access], seen: frozenset[Field]) -> bool:
    field = Field.MAKING
    if point.dynamic:
        field = _OF_POINTS.get(point.key, Field.HEALTH)
    return point.access in allowed and field in seen


def _cut(key: str, datum: Datum, seen: frozenset[Field], now: str) -> Datum:
    changes: dict[str, Any] = {}
    if key == "use" and isinstance(datum.value, dict):
        changes["value"] = {
            name: one
            for name, one in datum.value.items()
            if _OF_USE.get(name, Field.LEDGER) in seen
        }
    if datum.source is Source.LEDGER and POINTS[key].dynamic and Field.LEDGER not in seen:
        changes["as_of"] = now
    return msgspec.structs.replace(datum, **changes) if changes else datum
