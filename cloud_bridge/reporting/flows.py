"""Flows of a national platform: production, vehicle, sale, swap, repair, retirement and the rest.

Shaped after the upload flows of the platform of 2018; the interface of the platform of Order No.
73 (2025) is not published, so a `Platform` of one's own may write them in any other form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from packtrail import event as e

Json = dict[str, Any]


class Report(msgspec.Struct, frozen=True):
    """One report.

    Attributes:
        id: stays the same through every repetition: of the fact that it reports.
        flow: which flow, such as `swap`.
        party: who has to report; the author of the fact.
        occurred: when it happened, RFC 3339 UTC.
        fields: what is reported.
    """

    id: str
    flow: str
    party: str
    occurred: str
    fields: Json


def report_of(event_id: str, event: e.Event) -> Report | None:
    """The report of a fact, or None for one that no flow asks for."""
    found = _flow(event)
    if found is None:
        return None
    flow, fields = found
    kept = {name: value for name, value in fields.items() if value not in (None, "", [], ())}
    return Report(event_id[:32], flow, event.author, event.occurred_from, kept)


def reports_of(events: Iterable[tuple[str, e.Event]]) -> list[Report]:
    """Every report of a story, in its order: the national report of one pack."""
    return [report for one in events if (report := report_of(*one)) is not None]


def _flow(event: e.Event) -> tuple[str, Json] | None:
    code = str(event.unit) if event.unit else ""
    body = event.body
    if isinstance(body, e.PackInstalled | e.PackRemoved):
        if body.vehicle is None or body.reason != "repair":
            return None
        side = "new_code" if isinstance(body, e.PackInstalled) else "old_code"
        return "replacement", {"vehicle": str(body.vehicle), side: code}
    maker = _FLOWS.get(event.type)
    if maker is None:
        return None
    flow, fields = maker
    return flow, fields(code, body)


def _codes(units: Iterable[e.UnitRef]) -> list[str]:
    return [str(unit) for unit in units]


def _with(code: str, units: Iterable[e.UnitRef]) -> list[str]:
    return list(dict.fromkeys([*([code] if code else []), *_codes(units)]))


_FLOWS: Final[dict[str, tuple[str, Callable[[str, Any], Json]]]] = {
    "UnitRegistered": (
        "production",
        lambda code, b: {
            "code": code,
            "model": b.model,
            "chemistry": b.chemistry,
            "capacity_ah": b.rated_capacity_ah,
            "voltage_v": b.nominal_voltage_v,
            "kg": b.mass_kg,
            "made_on": b.made_on,
            "children": _codes(b.children),
        },
    ),
    "VehicleRegistered": (
        "vehicle",
        lambda _, b: {
            "vehicle": str(b.vehicle),
            "mode": b.mode.value,
            "codes": _codes(b.packs),
            "model": b.model,
            "brand": b.brand,
            "made_on": b.made_on,
        },
    ),
    "VehicleSold": (
        "sale",
        lambda _, b: {"vehicle": str(b.vehicle), "region": b.region, "sold_on": b.sold_on},
    ),
    "SwapPerformed": (
        "swap",
        lambda code, b: {
            "vehicle": str(b.vehicle),
            "old_code": str(b.unit_out) if b.unit_out else "",
            "new_code": code,
            "unit": b.site,
            "order": b.order,
        },
    ),
    "UnitRepaired": (
        "repair",
        lambda code, b: {
            "code": code,
            "replaced": [
                {"old": str(one.out or ""), "new": str(one.into or "")} for one in b.replaced
            ],
            "old_parts_to": b.parts_to,
        },
    ),
    "BmsReplaced": ("repair", lambda code, b: {"code": code, "reason": b.reason}),
    "UnitRetired": (
        "retire",
        lambda code, b: {
            "code": code,
            "kg": b.kg,
            "class": b.battery_class,
            "destination": b.destination,
        },
    ),
    "VehicleScrapReceived": (
        "scrap",
        lambda _, b: {
            "vehicle": str(b.vehicle),
            "codes": _codes(b.found),
            "certificate": b.certificate,
        },
    ),
    "RecoveryReceived": (
        "stock_in",
        lambda code, b: {
            "codes": _with(code, b.units),
            "site": b.site,
            "from": b.from_party,
            "kg": b.kg,
            "count": b.count,
            "lot": str(b.lot) if b.lot else "",
        },
    ),
    "RecoveryShipped": (
        "stock_out",
        lambda code, b: {
            "codes": _with(code, b.units),
            "site": b.site,
            "to": b.to_party,
            "kg": b.kg,
            "count": b.count,
        },
    ),
    "ProductAssembled": (
        "second_life",
        lambda code, b: {
            "code": code,
            "sources": _codes(b.inputs),
            "use": b.use,
            "capacity_ah": b.rated_capacity_ah,
            "voltage_v": b.nominal_voltage_v,
            "kwh": b.energy_kwh,
            "kg": b.mass_kg,
            "buyer": b.buyer,
        },
    ),
    "MaterialProcessed": (
        "recycled",
        lambda _, b: {
            "codes": _codes(b.units_in),
            "units_kg": b.units_kg,
            "process": b.process,
            "out": [
                {"lot": str(one.lot), "kind": one.kind, "kg": one.kg, **one.elements}
                for one in b.out
            ],
            "residue_kg": b.residue_kg,
        },
    ),
}
