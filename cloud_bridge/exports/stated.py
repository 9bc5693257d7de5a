"""Static data points: stated by registration, model sheet and statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from cloud_bridge.exports.datum import Datum, Origin, Source
from cloud_bridge.exports.gathering import Gathered
from cloud_bridge.exports.points import POINTS
from cloud_bridge.fold import Told
from packtrail.event import (
    ModelSheetPublished,
    PassportFacts,
    PassportStated,
    ProductAssembled,
    UnitRegistered,
)
from packtrail.shapes import plain_json

_SYMBOLS: Final = {"Co": "Cobalt", "Ni": "Nickel", "Li": "Lithium", "Pb": "Lead"}
_WASTE: Final = ("waste_prevention", "separate_collection", "collection")
_DISMANTLING: Final = ("dismantling", "removal", "bill_of_material", "drawing", "model_3d")

Facts = dict[str, Any]


def static_points(gathered: Gathered) -> dict[str, Datum]:
    """Registration first, then the sheet, then statements; a later kind of source wins."""
    found: dict[str, Datum] = {}
    registration = gathered.state.registration
    if registration:
        values = _of_registration(registration.stated)
        found |= _data(values, registration.at, registration.event)
    if gathered.sheet:
        body = gathered.sheet.event.body
        assert isinstance(body, ModelSheetPublished)
        found |= _of(gathered.sheet, _of_sheet(body))
    # Oldest and most general first, so that the newest on the unit itself has the last word.
    for told in reversed(gathered.stated):
        if isinstance(told.event.body, PassportStated):
            fresh = _of(told, dict(of_facts(told.event.body.facts)))
            found |= {key: _merged(found.get(key), datum) for key, datum in fresh.items()}
    return found


def claimed_points(gathered: Gathered) -> dict[str, Datum]:
    """Dynamic points that an imported passport brought along."""
    found: dict[str, Datum] = {}
    for told in reversed(gathered.stated):
        body = told.event.body
        if told.event.unit is None or not isinstance(body, PassportStated):
            continue
        for claim in body.claims:
            point = POINTS.get(claim.point)
            if point and point.dynamic:
                found[claim.point] = Datum(
                    value=claim.value,
                    unit=claim.unit or point.unit,
                    as_of=claim.as_of,
                    method=claim.method,
                    low=claim.low,
                    high=claim.high,
                    source=Source.CLAIMED,
                    origins=(Origin.PASSPORT,),
                    events=(told.event_id,),
                )
    return found


def of_facts(facts: PassportFacts) -> Iterator[tuple[str, Any]]:
    """Point -> value of everything that is stated."""
    for key, take in _TAKE.items():
        value = take(facts)
        if value not in (None, "", (), [], {}):
            yield key, plain(value)


def plain(value: Any) -> Any:
    """As JSON has it: objects, lists, text and numbers."""
    return plain_json(msgspec.json.encode(value))


def _merged(before: Datum | None, after: Datum) -> Datum:
    """Of composition, the sheet's parts stay beside the materials of a statement."""
    if before and isinstance(before.value, dict) and isinstance(after.value, dict):
        both = before.value | after.value
        return msgspec.structs.replace(after, value=both, events=(*before.events, *after.events))
    return after


def _of(told: Told, values: Facts) -> dict[str, Datum]:
    return _data(values, told.event.occurred_to, told.event_id)


def _data(values: Facts, at: str, event: str) -> dict[str, Datum]:
    return {
        key: Datum(
            value=plain(value),
            unit=POINTS[key].unit,
            as_of=at,
            source=Source.STATED,
            events=(event,),
        )
        for key, value in values.items()
        if value not in (None, "", (), [], {})
    }


def _of_registration(stated: UnitRegistered | ProductAssembled) -> Facts:
    values: Facts = {
        "chemistry": {"short": stated.chemistry},
        "rated_capacity_ah": stated.rated_capacity_ah,
        "nominal_voltage_v": stated.nominal_voltage_v,
        "mass_kg": stated.mass_kg,
        "rated_energy_kwh": stated.energy_kwh,
    }
    if isinstance(stated, UnitRegistered):
        values["rated_energy_kwh"] = stated.certified_energy_kwh or stated.energy_kwh
        values |= {
            "model": {"cells_in_series": stated.cells_in_series}
            | ({"name": stated.model} if stated.model else {})
        }
        values |= {"made_on": stated.made_on}
        values |= {"facility": {"place": stated.made_at} if stated.made_at else None}
    return values


def _of_sheet(sheet: ModelSheetPublished) -> Facts:
    papers = [{"kind": "dismantling", **_document(one)} for one in sheet.documents]
    steps = [msgspec.to_builtins(step) for step in sheet.steps]
    numbers = [
        {"name": part.name, "number": part.part_number} for part in sheet.parts if part.part_number
    ]
    shares = [
        {"material": _SYMBOLS[symbol], "pre_consumer_pct": 0.0, "post_consumer_pct": 100 * share}
        for symbol, share in sorted(sheet.recycled_share.items())
        if symbol in _SYMBOLS
    ]
    dismantling = {"steps": steps, "discharge": sheet.discharge, "papers": papers}
    return {
        "mass_kg": sheet.mass_kg,
        "composition": {"parts": msgspec.to_builtins(sheet.parts)} if sheet.parts else None,
        "part_numbers": numbers,
        "dismantling": {key: value for key, value in dismantling.items() if value},
        "safety_measures": {"measures": list(sheet.safety)} if sheet.safety else None,
        "carbon": None
        if sheet.carbon_kg_per_kwh is None
        else {"kg_per_kwh": sheet.carbon_kg_per_kwh},
        "recycled": shares,
        "expected_cycles": sheet.expected_cycles,
        "warranty": None
        if sheet.warranty_years is None
        else {"months": round(12 * sheet.warranty_years)},
    }


def _document(one: Any) -> dict[str, str]:
    return {"url": one.url, "title": one.title}


def _papers(*kinds: str) -> Callable[[PassportFacts], Any]:
    def take(facts: PassportFacts) -> Any:
        return [paper for paper in facts.papers if paper.kind in kinds]

    return take


def _with_papers(name: str, *kinds: str) -> Callable[[PassportFacts], Any]:
    def take(facts: PassportFacts) -> Any:
        papers = _papers(*kinds)(facts)
        return {name: papers} if papers else None

    return take


def _extinguishing(facts: PassportFacts) -> Any:
    if not facts.extinguishing_agents:
        return None
    found: Facts = {"agents": list(facts.extinguishing_agents)}
    return found | ({"fire_class": facts.fire_class} if facts.fire_class else {})


_TAKE: Final[dict[str, Callable[[PassportFacts], Any]]] = {
    "manufacturer": lambda facts: facts.manufacturer,
    "operator": lambda facts: facts.operator,
    "facility": lambda facts: facts.facility,
    "model": lambda facts: {"part_id": facts.part_id} if facts.part_id else None,
    "into_service": lambda facts: facts.into_service,
    "warranty": lambda facts: facts.warranty,
    "chemistry": lambda facts: {"name": facts.chemistry_name} if facts.chemistry_name else None,
    "composition": lambda facts: {"materials": facts.materials} if facts.materials else None,
    "substances": lambda facts: facts.substances,
    "critical_materials": lambda facts: facts.critical_materials,
    "extinguishing": _extinguishing,
    "carbon": lambda facts: facts.carbon,
    "recycled": lambda facts: facts.recycled,
    "renewable_pct": lambda facts: facts.renewable_pct,
    "minimum_voltage_v": lambda facts: facts.minimum_voltage_v,
    "maximum_voltage_v": lambda facts: facts.maximum_voltage_v,
    "original_power": lambda facts: facts.original_power,
    "power_limit_w": lambda facts: facts.power_limit_w,
    "power_ratio_w_per_wh": lambda facts: facts.power_ratio_w_per_wh,
    "expected_cycles": lambda facts: facts.expected_cycles,
    "expected_years": lambda facts: facts.expected_years,
    "life_test": _papers("life_test"),
    "life_test_rate": lambda facts: facts.life_test_rate,
    "exhaustion_threshold_pct": lambda facts: facts.exhaustion_threshold_pct,
    "idle_temperature": lambda facts: facts.idle_temperature,
    "efficiency_pct": lambda facts: facts.efficiency_pct,
    "efficiency_half_life_pct": lambda facts: facts.efficiency_half_life_pct,
    "resistance": lambda facts: facts.resistance,
    "self_discharge_pct_month": lambda facts: facts.self_discharge_pct_month,
    "marks": lambda facts: facts.marks,
    "declaration": _papers("declaration_of_conformity"),
    "test_reports": _papers("test_report"),
    "due_diligence": _papers("due_diligence", "third_party"),
    "waste_information": _papers(*_WASTE),
    "instructions": _papers("instructions"),
    "dismantling": _with_papers("papers", *_DISMANTLING),
    "safety_measures": _with_papers("papers", "safety"),
    "spares": lambda facts: facts.spares,
    "part_documents": _papers("parts", "spares"),
    "further": lambda facts: facts.further,
}
