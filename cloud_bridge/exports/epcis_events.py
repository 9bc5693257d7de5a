"""Which EPCIS event a fact becomes: its kind, its step, its subjects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from cloud_bridge.fold import Told
from packtrail import event as e
from packtrail.codes.gs1 import key_of

Json = dict[str, Any]

ADD: Final = "ADD"
OBSERVE: Final = "OBSERVE"
DELETE: Final = "DELETE"


@dataclass(frozen=True, slots=True)
class Shape:
    """One EPCIS event without its time and id; `first` of those that one fact becomes."""

    kind: str
    fields: Json
    first: bool = True


def uri(kind: str, *names: str) -> str:
    """A name of ours as an address: `urn:packtrail:unit:gbt34014:CODE`."""
    return ":".join(["urn:packtrail", kind, *(quote(name, safe="") for name in names)])


def unit_uri(unit: e.UnitRef) -> str:
    """A unit; one with a GS1 key by its Digital Link, which EPCIS takes for an EPC."""
    key = key_of(unit)
    return key.uri if key else uri("unit", unit.scheme, unit.id)


def shapes_of(told: Told, unit: e.UnitRef) -> list[Shape]:
    """What a fact becomes; nothing for keys, reports and other facts without a physical side."""
    body, about = told.event.body, told.event.unit or unit
    match body:
        case e.PackInstalled() | e.PackRemoved():
            return [_association(about, body)]
        case e.SwapPerformed():
            return _swap(about, body)
        case e.UnitDisassembled() | e.ProductAssembled() | e.MaterialProcessed():
            return [_transformation(about, body)]
    plain = _PLAIN.get(told.event.type)
    if plain is None:
        return []
    step, disposition, action = plain
    fields: Json = {"epcList": _epcs(told.event, unit), "action": action}
    fields |= {"bizStep": step} if step else {}
    fields |= {"disposition": disposition} if disposition else {}
    return [Shape("ObjectEvent", fields | _where(body) | _parties(told) | _sensors(told))]


_PLAIN: Final = {
    "UnitRegistered": ("commissioning", "active", ADD),
    "AliasBound": ("encoding", "encoded", OBSERVE),
    "LabelReissued": ("encoding", "encoded", OBSERVE),
    "ConditionCommitted": ("sensor_reporting", "", OBSERVE),
    "UsageRecorded": ("sensor_reporting", "", OBSERVE),
    "ChargeRecorded": ("sensor_reporting", "", OBSERVE),
    "IncidentRecorded": ("sensor_reporting", "", OBSERVE),
    "InspectionRecorded": ("inspecting", "", OBSERVE),
    "UnitRepaired": ("repairing", "", OBSERVE),
    "BmsReplaced": ("replacing", "", OBSERVE),
    "UnitRetired": ("other", "inactive", OBSERVE),
    "UnitDestroyed": ("destroying", "destroyed", OBSERVE),
    "LotFormed": ("packing", "container_closed", OBSERVE),
    "CustodyOffered": ("shipping", "in_transit", OBSERVE),
    "CustodyAccepted": ("receiving", "in_progress", OBSERVE),
    "CustodyRefused": ("void_shipping", "returned", OBSERVE),
    "RecoveryReceived": ("receiving", "inactive", OBSERVE),
    "RecoveryShipped": ("shipping", "in_transit", OBSERVE),
    "VehicleScrapReceived": ("receiving", "inactive", OBSERVE),
    "LostOrStolen": ("", "stolen", OBSERVE),
    "Found": ("", "available", OBSERVE),
    "Exported": ("departing", "in_transit", OBSERVE),
}
"""Type of fact -> business step, disposition ("" for none), action."""


def _epcs(event: e.Event, unit: e.UnitRef) -> list[str]:
    named = e.units_named(event) or (unit,)
    return [unit_uri(one) for one in named]


def _association(about: e.UnitRef, body: e.PackInstalled | e.PackRemoved) -> Shape:
    came = isinstance(body, e.PackInstalled)
    fields: Json = {
        "parentID": _parent(body.vehicle, body.place),
        "childEPCs": [unit_uri(about)],
        "action": ADD if came else DELETE,
        "bizStep": "installing" if came else "removing",
    }
    return Shape("AssociationEvent", fields | _where(body))


def _parent(vehicle: e.VehicleRef | None, place: e.PlaceRef | None) -> str:
    if vehicle is not None:
        return uri("vehicle", vehicle.scheme, vehicle.id)
    return uri("slot", place.site, place.slot) if place else uri("slot", "unknown")


def _swap(about: e.UnitRef, body: e.SwapPerformed) -> list[Shape]:
    """One removal and one installation at one instant."""
    vehicle = _parent(body.vehicle, None)
    where = {"readPoint": {"id": uri("site", body.site)}}
    into = {"parentID": vehicle, "childEPCs": [unit_uri(about)], "action": ADD}
    found = [Shape("AssociationEvent", into | {"bizStep": "installing"} | where)]
    if body.unit_out:
        out = {"parentID": vehicle, "childEPCs": [unit_uri(body.unit_out)], "action": DELETE}
        fields = out | {"bizStep": "removing"} | where
        found.append(Shape("AssociationEvent", fields, first=False))
    return found


def _transformation(
    about: e.UnitRef, body: e.UnitDisassembled | e.ProductAssembled | e.MaterialProcessed
) -> Shape:
    match body:
        case e.UnitDisassembled():
            parts = [unit_uri(child) for child in body.children]
            sides = _sides([unit_uri(about)], [], parts, _made(body.lots))
            return Shape("TransformationEvent", sides | {"bizStep": "disassembling"})
        case e.ProductAssembled():
            sides = _sides([unit_uri(one) for one in body.inputs], [], [unit_uri(about)], [])
            return Shape("TransformationEvent", sides | {"bizStep": "assembling"})
        case e.MaterialProcessed():
            used = [_lot(part.lot, part.kg) for part in body.lots_in]
            units = [unit_uri(one) for one in body.units_in]
            sides = _sides(units, used, [], _made(body.out))
            return Shape("TransformationEvent", sides | {"bizStep": "other"})


def _sides(units_in: list[str], lots_in: list[Json], out: list[str], lots: list[Json]) -> Json:
    sides = {
        "inputEPCList": units_in,
        "inputQuantityList": lots_in,
        "outputEPCList": out,
        "outputQuantityList": lots,
    }
    return {name: side for name, side in sides.items() if side}


def _made(lots: Iterable[e.MaterialOut]) -> list[Json]:
    return [_lot(out.lot, out.kg) for out in lots]


def _lot(lot: e.LotRef, kg: float) -> Json:
    return {"epcClass": uri("lot", lot.party, lot.id), "quantity": kg, "uom": "KGM"}


def _where(body: Any) -> Json:
    place = getattr(body, "place", None)
    site = place.site if isinstance(place, e.PlaceRef) else getattr(body, "site", "")
    return {"readPoint": {"id": uri("site", site)}} if site else {}


def _parties(told: Told) -> Json:
    """From whom to whom, where a fact is a hand-over."""
    body, author = told.event.body, told.event.author
    giver, taker = getattr(body, "from_party", ""), getattr(body, "to_party", "")
    if not giver and not taker:
        return {}
    giver, taker = giver or author, taker or author
    return {
        "sourceList": [{"type": "owning_party", "source": uri("party", giver)}],
        "destinationList": [{"type": "owning_party", "destination": uri("party", taker)}],
    }


def _sensors(told: Told) -> Json:
    reports = _reports(told.event.body)
    if not reports:
        return {}
    meta = {"startTime": told.event.occurred_from, "endTime": told.event.occurred_to}
    return {"sensorElementList": [{"sensorMetadata": meta, "sensorReport": reports}]}


def _reports(body: Any) -> list[Json]:
    match body:
        case e.ConditionCommitted(estimate=estimate) if estimate.soh:
            soh = estimate.soh
            bounds = {"value": soh.value, "minValue": soh.low, "maxValue": soh.high}
            return [{"type": uri("quantity", "soh"), **bounds, "uom": "C62"}]
        case e.UsageRecorded():
            return [
                {"type": uri("quantity", name), "value": getattr(body, name), "uom": unit}
                for name, unit in _DAY
            ]
        case e.IncidentRecorded(value=value) if value is not None:
            report = {"type": uri("quantity", body.quantity or body.kind), "value": value}
            return [report | ({} if body.cleared else {"exception": "ALARM_CONDITION"})]
        case e.InspectionRecorded(capacity_ah=capacity) if capacity is not None:
            return [{"type": "ElectricCharge", "value": capacity, "uom": "AMH"}]
    return []


_DAY: Final = (
    ("charge_ah", "AMH"),
    ("discharge_ah", "AMH"),
    ("charge_kwh", "KWH"),
    ("discharge_kwh", "KWH"),
)
"""Sums of a day with their UN/CEFACT units."""
