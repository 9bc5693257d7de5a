"""A foreign passport goes on here: its data points become events of whoever brings it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cloud_bridge.errors import BridgeError
from cloud_bridge.exports.datum import Datum
from cloud_bridge.exports.exchange import Imported
from cloud_bridge.exports.points import POINTS
from cloud_bridge.store import Store
from packtrail.event import (
    AliasBound,
    Body,
    Claim,
    PassportFacts,
    PassportStated,
    UnitRef,
    UnitRegistered,
)
from packtrail.language import Text
from packtrail.shapes import convert

_PLAIN: Final = (
    "manufacturer", "operator", "into_service", "warranty", "substances", "critical_materials",
    "carbon", "recycled", "renewable_pct", "minimum_voltage_v", "maximum_voltage_v",
    "original_power", "power_limit_w", "power_ratio_w_per_wh", "expected_cycles",
    "expected_years", "life_test_rate", "exhaustion_threshold_pct", "idle_temperature",
    "efficiency_pct", "efficiency_half_life_pct", "resistance", "self_discharge_pct_month",
    "marks", "spares", "further",
)  # fmt: skip
"""Points whose value is a field of `PassportFacts` of the same name."""
_INSIDE: Final = (
    ("part_id", "model", "part_id"),
    ("chemistry_name", "chemistry", "name"),
    ("materials", "composition", "materials"),
    ("extinguishing_agents", "extinguishing", "agents"),
    ("fire_class", "extinguishing", "fire_class"),
)
"""Field of `PassportFacts`, point, key of the point's value."""
_PAPERS: Final = ("life_test", "declaration", "test_reports", "due_diligence",
                  "waste_information", "instructions", "part_documents")  # fmt: skip

About = tuple[UnitRef, Body]


def facts_of(data: Mapping[str, Datum]) -> PassportFacts:
    """What is stated, as a statement holds it.

    Raises:
        BridgeError: a value that is not of its point's form.
    """
    found: dict[str, Any] = {key: data[key].value for key in _PLAIN if key in data}
    for field, key, name in _INSIDE:
        if key in data and name in data[key].value:
            found[field] = data[key].value[name]
    if "facility" in data:
        found["facility"] = {k: v for k, v in data["facility"].value.items() if k != "place"}
    papers = [paper for key in _PAPERS if key in data for paper in data[key].value]
    for key in ("dismantling", "safety_measures"):
        papers += data[key].value.get("papers", []) if key in data else []
    if papers:
        found["papers"] = papers
    try:
        return convert(found, PassportFacts, strict=False)
    except msgspec.ValidationError as error:
        raise BridgeError(
            Text(f"not of the form: {error}", f"格式不符：{error}"),
            where="passport",
            hint=Text("correct the document", "请更正该文档"),
        ) from error


def continued(store: Store, content: Imported) -> list[About]:
    """Events that put a document's content on record: a registration where there is none yet.

    Raises:
        BridgeError: it names no unit, or a value is not of its form.
    """
    if content.unit is None:
        raise BridgeError(
            Text("the document names no unit", "文档未指明电池"),
            where=content.format,
            hint=Text("it needs an identifier of the unit", "文档需含电池标识"),
        )
    unit, found = content.unit, list[About]()
    registration = registration_of(content)
    known = store.has_unit(unit) and any(
        isinstance(entry.event.body, UnitRegistered) for entry in store.entries_of(unit)
    )
    if registration and not known:
        found.append((unit, registration))
    # That a document of somebody else names two codes binds them where nobody has said so yet.
    found += [(unit, AliasBound(one)) for one in content.further if not store.has_unit(one)]
    claims = tuple(
        Claim(key, datum.value, datum.unit, datum.as_of, datum.method, datum.low, datum.high)
        for key, datum in content.data.items()
        if POINTS[key].dynamic
    )
    facts = facts_of(content.data)
    # Events that the document carries speak for themselves.
    if (claims or facts != PassportFacts()) and not content.events:
        body = PassportStated(facts, None, claims, content.format, content.digest)
        found.append((unit, body))
    return found


def registration_of(content: Imported) -> UnitRegistered | None:
    """The registration that a document has enough for: chemistry, capacity and voltage."""
    data = {key: datum.value for key, datum in content.data.items()}
    if not {"chemistry", "rated_capacity_ah", "nominal_voltage_v"} <= set(data):
        return None
    return UnitRegistered(
        chemistry=str(data["chemistry"].get("short", "")),
        rated_capacity_ah=float(data["rated_capacity_ah"]),
        nominal_voltage_v=float(data["nominal_voltage_v"]),
        # Most passports do not tell it; 0 is "not known" to whoever reads it here.
        cells_in_series=int(data.get("model", {}).get("cells_in_series", 0)),
        model=str(data.get("model", {}).get("name", "")),
        mass_kg=data.get("mass_kg"),
        made_on=str(data.get("made_on", "")),
        children=content.parts,
        energy_kwh=data.get("rated_energy_kwh"),
        category=str(data.get("category", "ev")),
        made_at=str(data.get("facility", {}).get("place", "")),
    )
