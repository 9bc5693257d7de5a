"""EPCIS 2.0: a pack's story as events that say what, when, where and why, each with its hash.

The signed event itself rides along as an extension, so that nothing is lost on return. A
correction becomes the `errorDeclaration` of its target; the target stays.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cloud_bridge.access.fields import Field
from cloud_bridge.exports.epcis_events import Shape, shapes_of, unit_uri
from cloud_bridge.exports.epcis_hash import event_hash
from cloud_bridge.exports.exchange import Export, Imported
from cloud_bridge.exports.lens import Json
from cloud_bridge.exports.points import Access
from cloud_bridge.fold import Told
from packtrail.errors import CodecError
from packtrail.event import (
    CorrectionDeclared,
    SignedEvent,
    UnitRegistered,
    decode_event,
    encode_event,
)
from packtrail.times import format_time, parse_time

NAMESPACE: Final = "urn:packtrail:epcis:"
PREFIXES: Final = {"packtrail": NAMESPACE}
CONTEXT: Final = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"packtrail": NAMESPACE},
]
EVENT: Final = "packtrail:event"
SIGNED: Final = "packtrail:signed"


def document_of(export: Export) -> Json:
    """An EPCIS document of every fact that has a place in one and that the reader may see."""
    facts = export.gathered.told
    shown = [told for told in facts if _seen(told, export)]
    found = {told.event_id: _events(told, export) for told in shown}
    _declare_errors(facts, found)
    events = [event for told in shown for event in found[told.event_id]]
    document: Json = {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": export.now,
        "epcisBody": {"eventList": events},
    }
    if export.forgotten:
        document["packtrail:forgotten"] = [msgspec.to_builtins(one) for one in export.forgotten]
    withheld = export.withheld(len(shown), len(facts))
    return document | ({"packtrail:withheld": withheld} if withheld else {})


def read_document(document: Json) -> Imported:
    """The signed events that a document of ours carries, each once.

    Raises:
        CodecError: it is none, an event's id is not its hash, or a signed event does not parse.
    """
    body = document.get("epcisBody")
    events = body.get("eventList") if isinstance(body, dict) else None
    if not isinstance(events, list):
        raise CodecError("epcis", "no list of events")
    carried: dict[str, SignedEvent] = {}
    for event in events:
        if not isinstance(event, dict) or SIGNED not in event:
            continue
        if event.get("eventID") != event_hash(event, PREFIXES):
            raise CodecError("epcis", f"{event.get('eventID')} is not the hash of its event")
        signed = decode_event(str(event[SIGNED]).encode())
        carried[signed.event_id] = signed
    units = [event.read().unit for event in carried.values()]
    unit = next((one for one in units if one), None)
    return Imported("epcis", unit, {}, events=tuple(carried.values()))


def _seen(told: Told, export: Export) -> bool:
    """What a maker registers is public; everything after it is for those with an interest.

    Each fact only to who may see what it speaks of, and as it was signed to who sees the ledger.
    """
    whole = Access.LEGITIMATE in export.allowed
    entitled = whole or isinstance(told.event.body, UnitRegistered)
    return entitled and export.shows(told)


def _events(told: Told, export: Export) -> list[Json]:
    return [_event(told, shape, export) for shape in shapes_of(told, export.gathered.unit)]


def _event(told: Told, shape: Shape, export: Export) -> Json:
    event: Json = {
        "type": shape.kind,
        "eventTime": _moment(told.event.occurred_to),
        "eventTimeZoneOffset": "+00:00",
        **_named(shape.fields, export),
        EVENT: f"urn:packtrail:event:{told.event_id}",
    }
    if told.recorded_ns:
        event["recordTime"] = _stamp(told.recorded_ns)
    signed = export.signed_of(told.event_id) if Field.LEDGER in export.seen else None
    # The same fact may have two shapes (a swap); the first one carries it.
    if signed and shape.first:
        event[SIGNED] = encode_event(signed).decode()
    return {"eventID": event_hash(event, PREFIXES), **event}


def _named(value: Any, export: Export) -> Any:
    """The pack itself by its Digital Link where one is bound to its code."""
    link = export.passport.link
    return _replaced(value, unit_uri(export.passport.unit), link) if link else value


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(one, old, new) for name, one in value.items()}
    if isinstance(value, list):
        # Of a fact that names the pack by both its names, one is left.
        found = [_replaced(one, old, new) for one in value]
        return [one for at, one in enumerate(found) if one not in found[:at]]
    return new if value == old else value


def _declare_errors(facts: Any, found: dict[str, list[Json]]) -> None:
    for told in facts:
        body = told.event.body
        if not isinstance(body, CorrectionDeclared):
            continue
        declared: Json = {"declarationTime": _moment(told.event.occurred_to), "reason": body.reason}
        corrective = [one["eventID"] for one in found.get(body.replacement, ())]
        if corrective:
            declared["correctiveEventIDs"] = corrective
        for event in found.get(body.target, ()):
            event["errorDeclaration"] = declared


def _moment(text: str) -> str:
    return _stamp(parse_time(text))


def _stamp(t_ns: int) -> str:
    """With milliseconds, as the hash reads it."""
    whole = format_time(t_ns // 10**6 * 10**6)
    head, _, rest = whole.removesuffix("Z").partition(".")
    return f"{head}.{(rest + '000')[:3]}Z"
