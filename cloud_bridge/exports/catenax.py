"""Catena-X BatteryPass 6.1.0 (SAMM `io.catenax.battery.battery_pass`)."""

from __future__ import annotations

from typing import Any, Final

from cloud_bridge.exports.catenax_materials import ROWS as MATERIALS
from cloud_bridge.exports.lens import ABSENT, Each, Json, Pair, Pick, Row, Same, chosen

_NIL: Final = "urn:uuid:00000000-0000-0000-0000-000000000000"
"""RFC 9562: no predecessor."""
_CATEGORY: Final = {
    "ev": "EV",
    "lmt": "LMT",
    "industrial": "industrial",
    "stationary": "industrial",
    "sli": "SLI",
}
_CATEGORY_BACK: Final = {"EV": "ev", "LMT": "lmt", "industrial": "industrial", "SLI": "sli"}
_STATUS: Final = {
    "original": "original",
    "reused": "re-used",
    "repurposed": "repurposed",
    "remanufactured": "remanufactured",
    "waste": "waste",
}
_STATUS_BACK: Final = {theirs: ours for ours, theirs in _STATUS.items()}
_IDENTITY: Final = "identification.identification"
LINK: Final = f"{_IDENTITY}.codes.1.value"
_RATED: Final = "performance.rated"
_DYNAMIC: Final = "performance.dynamic"


def _document(paper: Json) -> Json:
    return {
        "content": paper["url"],
        "contentType": paper.get("mime", ""),
        "header": paper.get("title", ""),
    }


def _paper(document: Json) -> Json:
    found = {
        "url": document["content"],
        "mime": document.get("contentType", ""),
        "title": document.get("header", ""),
    }
    return {name: value for name, value in found.items() if value}


def _documents(target: str, source: str, kind: str) -> Pick:
    return Pick(target, source, kind, _document, _paper, many=True)


def _stamped(target: str, key: str) -> list[Row]:
    return [
        Pair(f"{_DYNAMIC}.{target}.value", key),
        Pair(f"{_DYNAMIC}.{target}.time", f"{key}@as_of"),
    ]


def _power_at(soc: int) -> Pick:
    return Pick(
        f"{_RATED}.power.at{soc}SoC",
        "original_power",
        soc,
        lambda one: one["power_w"],
        lambda watt: {"power_w": watt},
        by="soc_pct",
    )


def _agents(text: str) -> list[str]:
    return text.split("; ")


def _parts(rows: list[Json]) -> list[Json]:
    """The model does not tell which supplier has which part: the first one gets them."""
    return [
        {"name": row["nameAtManufacturer"], "number": row["manufacturerPartId"]} for row in rows
    ]


def _first_power(rows: Any) -> Any:
    return rows[0]["power_w"] if rows else ABSENT


_BASICS: Final[tuple[Row, ...]] = (
    Pair(
        "identification.category", "category", chosen(_CATEGORY), chosen(_CATEGORY_BACK)
    ),
    Pair("identification.idDmc", "unit_id"),
    Pair("identification.chemistry", "chemistry.short"),
    Pair(f"{_IDENTITY}.type.manufacturerPartId", "model.part_id"),
    Pair(f"{_IDENTITY}.type.nameAtManufacturer", "model.name"),
    Pair(f"{_IDENTITY}.codes.0.value", "unit_id", read=False),
    Pair(f"{_IDENTITY}.codes.0.key", "meta.scheme", read=False),
    Pair(LINK, "meta.link", read=False),
    Same(f"{_IDENTITY}.codes.1.key", "GS1 Digital Link", LINK),
    Same(f"{_IDENTITY}.dataCarrier.carrierType", "QR", "identification.idDmc"),
    Same(f"{_IDENTITY}.dataCarrier.carrierLayout", "bare code", "identification.idDmc"),
    Pair(f"{_IDENTITY}.classification.0.classificationID", "category", read=False),
    Same(
        f"{_IDENTITY}.classification.0.classificationStandard",
        "Regulation (EU) 2023/1542, Article 3",
        f"{_IDENTITY}.classification.0.classificationID",
    ),
    Pair("operation.intoServiceDate", "into_service"),
    Pair("operation.manufacturer.facility.0.facility", "facility.bpn"),
    Pair("operation.manufacturer.manufacturer", "manufacturer.bpn"),
    Pair("operation.manufacturer.manufacturingDate", "made_on"),
    Pair("characteristics.warranty.lifeValue", "warranty.months"),
    Same("characteristics.warranty.lifeUnit", "unit:month", "characteristics.warranty.lifeValue"),
    Pair("characteristics.physicalDimension.weight.value", "mass_kg"),
    Same(
        "characteristics.physicalDimension.weight.unit",
        "unit:kilogram",
        "characteristics.physicalDimension.weight.value",
    ),
    Pair("sustainability.status", "status", chosen(_STATUS), chosen(_STATUS_BACK)),
    _documents(
        "sustainability.documents.separateCollection", "waste_information", "separate_collection"
    ),
    _documents(
        "sustainability.documents.wastePrevention", "waste_information", "waste_prevention"
    ),
    Pair("metadata.passportIdentifier", "passport_id"),
    Pair("metadata.economicOperatorId", "operator.bpn"),
    Pair("metadata.version", "meta.version", read=False),
    Pair("metadata.issueDate", "meta.day", read=False),
    Pair("metadata.lastModification", "meta.day", read=False),
    Pair("metadata.expirationDate", "further.expires"),
    Pair("metadata.backupReference", "further.backup_reference"),
    Same("metadata.predecessor", _NIL, "metadata.passportIdentifier"),
    Same("specVersion", "6.1.0", "metadata.passportIdentifier"),
    Pair("commercial.placedOnMarket", "further.placed_on_market"),
    Pair("commercial.purpose.0", "category", read=False),
    Each(
        "handling.content.producer", "spares", (Pair("id", "firm.bpn"),)
    ),
    Pair(
        "handling.content.sparePart",
        "spares",
        lambda rows: [
            {"manufacturerPartId": part["number"], "nameAtManufacturer": part["name"]}
            for row in rows
            for part in row.get("parts", [])
        ],
        read=False,
    ),
    Pair("handling.content.sparePart", "spares.0.parts", back=_parts, write=False),
    Same("handling.applicable", True, "handling.content"),
)  # fmt: skip
_SAFE: Final[tuple[Row, ...]] = (
    _documents("conformity.declarationOfConformity", "declaration", "declaration_of_conformity"),
    _documents("conformity.resultOfTestReport", "test_reports", "test_report"),
    _documents("conformity.thirdPartyAssurance", "due_diligence", "third_party"),
    _documents("conformity.dueDiligencePolicy", "due_diligence", "due_diligence"),
    _documents("safety.safetyMeasures", "safety_measures.papers", "safety"),
    _documents("safety.dismantling", "dismantling.papers", "dismantling"),
    _documents("safety.removalFromAppliance", "dismantling.papers", "removal"),
    Each(
        "safety.meaningOfLabels",
        "marks",
        (
            Pair("content", "url"),
            Pair("header", "meaning"),
            Pair("contentType", "subject"),
        ),
    ),
    Pair("safety.usableExtinguishAgent.0.media", "extinguishing.agents", "; ".join, _agents),
    Pair("safety.usableExtinguishAgent.0.fireClass", "extinguishing.fire_class"),
)  # fmt: skip
_PERFORMANCE: Final[tuple[Row, ...]] = (
    *(
        Pair(f"{_RATED}.{target}", source)
        for target, source in (
            ("voltage.min", "minimum_voltage_v"),
            ("voltage.max", "maximum_voltage_v"),
            ("voltage.nominal", "nominal_voltage_v"),
            ("roundTripEfficiency.initial", "efficiency_pct"),
            ("roundTripEfficiency.50PercentLife", "efficiency_half_life_pct"),
            ("roundTripEfficiency.depthOfDischarge", "further.depth_of_discharge_pct"),
            ("energy.value", "rated_energy_kwh"),
            ("resistance.cell", "resistance.cell_ohm"),
            ("resistance.module", "resistance.module_ohm"),
            ("resistance.pack", "resistance.pack_ohm"),
            ("power.value", "power_limit_w"),
            ("capacity.value", "rated_capacity_ah"),
            ("capacity.thresholdExhaustion", "exhaustion_threshold_pct"),
            ("temperature.lower", "idle_temperature.low_c"),
            ("temperature.upper", "idle_temperature.high_c"),
            ("selfDischargingRate", "self_discharge_pct_month"),
            ("lifetime.expectedYears", "expected_years"),
            ("lifetime.cycleLifeTesting.cycles", "expected_cycles"),
            ("lifetime.cycleLifeTesting.temperature", "further.life_test_temperature_c"),
            ("lifetime.cycleLifeTesting.depthOfDischarge", "further.life_test_depth_pct"),
            ("lifetime.cycleLifeTesting.appliedChargeRate", "life_test_rate"),
        )
    ),
    Pair(f"{_RATED}.lifetime.cycleLifeTesting.appliedDischargeRate", "life_test_rate", read=False),
    _power_at(80),
    _power_at(20),
    _documents(f"{_RATED}.lifetime.report", "life_test", "life_test"),
    *_stamped("stateOfCharge", "soc_pct"),
    *_stamped("fullCycles", "full_cycles"),
    Pair(f"{_DYNAMIC}.selfDischargingRate", "self_discharge_now_pct_month"),
    *_stamped("power.fade", "power_fade_pct"),
    Pair(f"{_DYNAMIC}.power.remaining.value", "remaining_power", _first_power, read=False),
    Pair(f"{_DYNAMIC}.power.remaining.time", "remaining_power@as_of", read=False),
    *_stamped("capacity.fade", "capacity_fade_pct"),
    *_stamped("capacity.throughput", "capacity_throughput_ah"),
    *_stamped("capacity.capacity", "remaining_capacity_ah"),
    *_stamped("roundTripEfficiency.fade", "efficiency_fade_pct"),
    *_stamped("roundTripEfficiency.remaining", "efficiency_now_pct"),
    *_stamped("resistance.increase.pack", "resistance_increase_pct"),
    *_stamped("resistance.increase.cell", "cell_resistance_increase_pct"),
    *_stamped("resistance.remaining.pack", "resistance_now_ohm"),
    *_stamped("resistance.remaining.cell", "cell_resistance_ohm"),
    *_stamped("energy.soce", "soce_pct"),
    *_stamped("energy.remaining", "remaining_energy_kwh"),
    *_stamped("energy.throughput", "energy_throughput_kwh"),
)

ROWS: Final[tuple[Row, ...]] = (*_BASICS, *MATERIALS, *_SAFE, *_PERFORMANCE)
