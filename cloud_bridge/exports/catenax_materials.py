"""Catena-X BatteryPass 6.1.0: materials and carbon footprint.

The model asks for single metals by name and for shares of mass where ours are kilograms; the
active materials are those that the maker states recycled content of.
"""

from __future__ import annotations

from typing import Any, Final

from cloud_bridge.exports.lens import ABSENT, Json, Pair, Pick, Row, Same

_CRITICAL: Final = frozenset({"Cobalt", "Lithium", "Nickel"})
"""Regulation (EU) 2024/1252, Annex II; nickel as battery grade."""
_UNIT: Final = "kilogram CO2e per kilowatt-hour"


def _footprint(carbon: Json) -> Any:
    study = [
        {"content": url, "contentType": "text/html", "header": "carbon footprint study"}
        for url in [carbon.get("study")]
        if url
    ]
    found = [
        {
            "value": stage["kg_per_kwh"],
            "lifecycle": stage["stage"],
            "unit": _UNIT,
            "type": "Climate Change Total",
            "rulebook": [],
            "manufacturingPlant": [],
            "declaration": study,
            **(
                {"performanceClass": carbon["performance_class"]}
                if "performance_class" in carbon
                else {}
            ),
        }
        for stage in carbon.get("stages", [])
    ]
    return found or ABSENT


def _carbon(rows: list[Json]) -> Json:
    found: Json = {
        "stages": [{"stage": row["lifecycle"], "kg_per_kwh": row["value"]} for row in rows],
        "kg_per_kwh": sum(row["value"] for row in rows),
    }
    for row in rows:
        found |= {"performance_class": row["performanceClass"]} if "performanceClass" in row else {}
        found |= {"study": row["declaration"][0]["content"]} if row.get("declaration") else {}
    return found


def _active(material: str) -> list[Row]:
    there = f"materials.active.{material.lower()}"
    return [
        Pick(
            f"{there}.recycled",
            "recycled",
            material,
            lambda one: one["pre_consumer_pct"] + one["post_consumer_pct"],
            lambda share: {"pre_consumer_pct": 0.0, "post_consumer_pct": share},
            by="material",
        ),
        Same(f"{there}.location", "active material", f"{there}.recycled"),
        Same(f"{there}.critical", material in _CRITICAL, f"{there}.recycled"),
        Same(f"{there}.documentation", [], f"{there}.recycled"),
    ]


def _hazardous(name: str) -> Pick:
    return Pick(
        f"materials.hazardous.{name.lower()}", "substances", name, _metal, _from_metal, by="name"
    )


def _metal(one: Json) -> Json:
    found = {
        "concentration": one["concentration_pct"],
        "location": one["location"],
        "materialUnit": "unit:percent",
        "critical": False,
        "documentation": [],
        "impactOfSubstances": [_impact(text) for text in one.get("impacts", [])],
    }
    return found | ({"recycled": 0.0} if one["name"] == "Lead" else {})


def _impact(text: str) -> Json:
    return {"content": text, "contentType": "text/plain", "header": "impact"}


def _from_metal(value: Json) -> Json:
    return {
        "concentration_pct": value["concentration"],
        "location": value["location"],
        "kind": "AcuteToxicity",
        "cas": "",
        "impacts": [one["content"] for one in value.get("impactOfSubstances", [])],
    }


def _composition(materials: list[Json]) -> Any:
    """Shares of the materials that are stated, by mass, %."""
    total = sum(one["kg"] for one in materials)
    if not total:
        return ABSENT
    return [
        {
            "id": [{"id": one["cas"], "type": "CAS", "name": one["name"]}],
            "concentration": 100 * one["kg"] / total,
            "unit": "unit:percent",
            "critical": one.get("critical", False),
            "documentation": [],
            "location": one["location"],
            "recycled": one.get("recycled_pct", 0.0),
            "renewable": one.get("renewable_pct", 0.0),
        }
        for one in materials
        if {"recycled_pct", "renewable_pct"} <= set(one)
    ] or ABSENT


ROWS: Final[tuple[Row, ...]] = (
    Pair("sustainability.carbonFootprint", "carbon", _footprint, _carbon),
    *(row for name in ("Nickel", "Lithium", "Cobalt", "Lead") for row in _active(name)),
    Pick(
        "materials.active.lead.concentration",
        "substances",
        "Lead",
        lambda one: one["concentration_pct"],
        lambda _: {},
        by="name",
    ),
    Same(
        "materials.active.lead.materialUnit",
        "unit:percent",
        "materials.active.lead.concentration",
    ),
    Same("materials.active.lead.impactOfSubstances", [], "materials.active.lead.recycled"),
    *(_hazardous(name) for name in ("Cadmium", "Mercury", "Lead")),
    Pair("materials.composition", "composition.materials", _composition, lambda _: ABSENT),
)
