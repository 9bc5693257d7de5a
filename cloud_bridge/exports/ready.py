"""BatteryPass-Ready (test environment v1.0): the five categories, values with their units.

Numbers that its schemas type as integers are rounded: what is smaller does not come back.
"""

from __future__ import annotations

from typing import Any, Final

from cloud_bridge.exports.identifiers import code_in
from cloud_bridge.exports.lens import ABSENT, Json, Pair, Pick, Row, Same, chosen, from_url, url_of

ROOT: Final = "Battery_Passport"
_SYMBOLS: Final = f"{ROOT}.SymbolsLabelsAndDocumentationOfConformity"
_DILIGENCE: Final = f"{ROOT}.SupplyChainDueDiligence"
PERFORMANCE: Final = f"{ROOT}.PerformanceAndDurability"
_IDENTIFIERS: Final = f"{ROOT}.IdentifiersAndProductData"
IDENTIFIER: Final = f"{_IDENTIFIERS}.UniqueBatteryIdentifierUniqueProductIdentifier"
_CIRCULARITY: Final = f"{ROOT}.CircularityAndResourceEfficiency"
_MATERIALS: Final = f"{ROOT}.BatteryMaterialsAndComposition"
_CARBON: Final = f"{ROOT}.BatteryCarbonFootprint"

_CATEGORY: Final = {
    "ev": "electric vehicle battery",
    "lmt": "LMT battery",
    "industrial": "industrial/non-stationary battery",
    "stationary": "industrial/stationary battery",
}
_CATEGORY_BACK: Final = {theirs: ours for ours, theirs in _CATEGORY.items()}
_STATUS: Final = {
    "original": "original",
    "reused": "re-used",
    "repurposed": "repurposed",
    "remanufactured": "remanufactured",
    "waste": "waste",
}
_STATUS_BACK: Final = {theirs: ours for ours, theirs in _STATUS.items()}
_CHEMISTRY: Final = {"PB": "Pb", "NA": "Na-ion", "NIMH": "Ni-MH", "NICD": "Ni-Cd"}
_LITHIUM: Final = ("LCO", "LFP", "LMO", "NCA", "NMC")


def _url(unit: str) -> str:
    return unit if ":" in unit else f"urn:packtrail:unit:{unit}"


def _from_url(url: str) -> str:
    return code_in(url.removeprefix("urn:packtrail:unit:"))


def _chemistry(short: str) -> Any:
    family = short.split("/", maxsplit=1)[0].upper()
    lithium = next((name for name in _LITHIUM if family.startswith(name)), "")
    return f"Li-ion {lithium}" if lithium else _CHEMISTRY.get(family, ABSENT)


def _family(theirs: str) -> str:
    return theirs.removeprefix("Li-ion ").lower()


def _integer(value: float) -> int:
    return round(value)


def measured(
    target: str,
    source: str,
    name: str,
    unit: str,
    *,
    whole: bool = False,
    root: str = PERFORMANCE,
    label: str = "",
) -> list[Row]:
    """A value beside its unit: `<name>Value` and `<label>`, by default `<name>`."""
    value = f"{root}.{target}.{name}Value"
    return [
        Pair(value, source, _integer) if whole else Pair(value, source),
        Same(f"{root}.{target}.{label or name}", unit, value),
    ]


def percent(target: str, source: str, root: str = PERFORMANCE) -> list[Row]:
    """A share of 0 to 100 beside its unit."""
    there = f"{root}.{target}"
    return [
        Pair(f"{there}.percentageValue", source, lambda value: min(100.0, max(0.0, value))),
        Same(f"{there}.percent", "%", f"{there}.percentageValue"),
    ]


def _recycled(material: str, when: str, key: str) -> list[Row]:
    there = f"{_CIRCULARITY}.{when}-consumerRecycled{material}Share"
    return [
        Pick(
            f"{there}.percentageValue",
            "recycled",
            material,
            lambda one: one[key],
            lambda value: {key: value},
            by="material",
        ),
        Same(f"{there}.percent", "%", f"{there}.percentageValue"),
    ]


def _firm(target: str, source: str) -> list[Row]:
    there = f"{_IDENTIFIERS}.{target}"
    return [
        Pair(f"{there}.name", f"{source}.name"),
        Pair(f"{there}.registeredTradeNameOrRegisteredTrademark", f"{source}.trade_name"),
        Pair(f"{there}.postalAddress", f"{source}.address", _line, _address),
        Pair(f"{there}.webAddress", f"{source}.web"),
        Pair(f"{there}.e-mailAddress", f"{source}.email"),
    ]


def _line(address: Json) -> str:
    """An address on one line: street; postal code; country."""
    return "; ".join(address.get(part, "") for part in ("street", "postal_code", "country"))


def _address(line: str) -> Json:
    parts = [part.strip() for part in line.split(";")]
    if len(parts) != 3:
        return {"street": line}
    return dict(zip(("street", "postal_code", "country"), parts, strict=True))


def _document(target: str, source: str, kind: str, root: str) -> Pick:
    return Pick(f"{root}.{target}", source, kind, url_of, from_url)


def _mark(target: str, subject: str) -> Pick:
    back = _marked(subject)
    return Pick(f"{_SYMBOLS}.{target}", "marks", subject, url_of, back, by="subject")


def _marked(subject: str) -> Any:
    return lambda url: {"meaning": subject, "url": url}


def _stage(target: str, stage: str) -> list[Row]:
    there = f"{_CARBON}.{target}"
    name = f"{there}.kgCO2-equivalentPerKilowattHour"
    return [
        Pick(
            f"{name}Value",
            "carbon.stages",
            stage,
            lambda one: one["kg_per_kwh"],
            lambda kg: {"kg_per_kwh": kg},
            by="stage",
        ),
        Same(name, "kgCO2-eq/kWh", f"{name}Value"),
    ]


def _joined(values: Any) -> str:
    return "; ".join(values)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")]


def _names(rows: Any) -> Any:
    return "; ".join(f"{row['name']} ({row.get('cas', '')})" for row in rows)


_IDENTITY: Final[tuple[Row, ...]] = (
    Same(f"{_IDENTIFIERS}.DPPSchemaVersion", "1.0", f"{_IDENTIFIERS}.BatterySerialNumber"),
    Same(
        f"{_IDENTIFIERS}.DPPStatus.dppStatusValue", "Active", f"{_IDENTIFIERS}.BatterySerialNumber"
    ),
    Same(f"{_IDENTIFIERS}.DPPGranularity", "item", f"{_IDENTIFIERS}.BatterySerialNumber"),
    Pair(f"{_IDENTIFIERS}.Date-timeOfLatestUpdateOfDPP", "meta.as_of", read=False),
    Pair(f"{_IDENTIFIERS}.BatteryModelIdentifier", "model.name"),
    Pair(f"{_IDENTIFIERS}.UniqueBatteryPassportIdentifierUniqueDPPIdentifier", "passport_id"),
    Pair(IDENTIFIER, "meta.identifier", _url, read=False),
    Pair(IDENTIFIER, "unit_id", back=_from_url, write=False),
    Pair("furtherIdentifier", "meta.code", read=False),
    Pair("furtherIdentifier", "unit_id", write=False),
    Pair(f"{_IDENTIFIERS}.UniqueEconomicOperatorIdentifier", "operator.identifier"),
    Pair(f"{_IDENTIFIERS}.UniqueManufacturerIdentifier", "manufacturer.identifier"),
    Pair(f"{_IDENTIFIERS}.UniqueFacilityIdentifier", "facility.identifier"),
    *_firm("EconomicOperatorInformation", "operator"),
    *_firm("ManufacturerInformation", "manufacturer"),
    Pair(f"{_IDENTIFIERS}.ManufacturingPlace", "facility.address", _line, _address),
    Pair(f"{_IDENTIFIERS}.ManufacturingDate", "made_on"),
    Pair(f"{_IDENTIFIERS}.DateOfPuttingTheBatteryIntoService", "into_service"),
    Pair(f"{_IDENTIFIERS}.WarrantyPeriodOfTheBattery", "warranty.until"),
    Pair(f"{_IDENTIFIERS}.BatterySerialNumber", "unit_id", lambda code: code[-7:], read=False),
    Pair(
        f"{_IDENTIFIERS}.BatteryCategory.batteryCategoryValue",
        "category",
        lambda one: _CATEGORY.get(one, _CATEGORY["industrial"]),
        chosen(_CATEGORY_BACK),
    ),
    *measured("BatteryMass", "mass_kg", "gramKg", "kg", root=_IDENTIFIERS),
    Pair(
        f"{_IDENTIFIERS}.BatteryStatus.batteryStatusValues",
        "status",
        chosen(_STATUS),
        chosen(_STATUS_BACK),
    ),
)
_PAPERS: Final[tuple[Row, ...]] = (
    _mark("SeparateCollectionSymbol", "SeparateCollection"),
    _mark("SymbolsForCadmiumAndLead", "HazardousMaterial"),
    _mark("CarbonFootprintLabel", "CarbonFootPrint"),
    Pair(
        f"{_SYMBOLS}.ExtinguishingAgent.extinguishingAgent", "extinguishing.agents", _joined, _split
    ),
    Pair(f"{_SYMBOLS}.ExtinguishingAgent.agentFireClass", "extinguishing.fire_class"),
    Pair(
        f"{_SYMBOLS}.MeaningOfLabelsAndSymbols",
        "marks",
        lambda marks: "; ".join(f"{mark['subject']}: {mark['meaning']}" for mark in marks),
        read=False,
    ),
    _document("EUDeclarationOfConformity", "declaration", "declaration_of_conformity", _SYMBOLS),
    _document("ResultsOfTestReportsProvingCompliance", "test_reports", "test_report", _SYMBOLS),
    _document("InformationOfDueDiligenceReport", "due_diligence", "due_diligence", _DILIGENCE),
    _document(
        "ThirdPartyAssurancesOfRecognisedSchemes", "due_diligence", "third_party", _DILIGENCE
    ),
    _document(
        "DismantlingInformation-ManualsForTheRemovalAndTheDisassemblyOfTheBatteryPack",
        "dismantling.papers",
        "dismantling",
        _CIRCULARITY,
    ),
    _document("PartNumbersForComponents", "part_documents", "parts", _CIRCULARITY),
    _document("InformationOnSourcesOfSpareParts", "part_documents", "spares", _CIRCULARITY),
    _document("SafetyMeasures", "safety_measures.papers", "safety", _CIRCULARITY),
    _document(
        "InformationOnTheRoleOfEnd-usersInContributingToWastePrevention",
        "waste_information",
        "waste_prevention",
        _CIRCULARITY,
    ),
    _document(
        "InformationOnTheRoleOfEnd-usersInContributingToTheSeparateCollectionOfWasteBatteries",
        "waste_information",
        "separate_collection",
        _CIRCULARITY,
    ),
    _document(
        "InformationOnBatteryCollectionPreparationForSecondLifeAndOnTreatmentAtEndOfLife",
        "waste_information",
        "collection",
        _CIRCULARITY,
    ),
)
_CONTENT: Final[tuple[Row, ...]] = (
    *(
        row
        for material in ("Nickel", "Cobalt", "Lithium")
        for when, key in (("Pre", "pre_consumer_pct"), ("Post", "post_consumer_pct"))
        for row in _recycled(material, when, key)
    ),
    Pick(
        f"{_CIRCULARITY}.RecycledLeadShare.percentageValue",
        "recycled",
        "Lead",
        lambda one: one["pre_consumer_pct"] + one["post_consumer_pct"],
        lambda value: {"pre_consumer_pct": 0.0, "post_consumer_pct": value},
        by="material",
    ),
    Same(
        f"{_CIRCULARITY}.RecycledLeadShare.percent",
        "%",
        f"{_CIRCULARITY}.RecycledLeadShare.percentageValue",
    ),
    *percent("RenewableContentShare", "renewable_pct", _CIRCULARITY),
    Pair(
        f"{_MATERIALS}.BatteryChemistry.chemicalCodeValue", "chemistry.short", _chemistry, _family
    ),
    Pair(f"{_MATERIALS}.CriticalRawMaterials", "critical_materials", _joined, _split),
    Pair(f"{_MATERIALS}.HazardousSubstances", "substances", _names, read=False),
    Pair(
        f"{_MATERIALS}.MaterialsUsedInCathodeAnodeAndElectrolyte",
        "composition.materials",
        _names,
        read=False,
    ),
    Pair(
        f"{_MATERIALS}.ImpactOfSubstancesOnEnvironmentHumanHealthSafetyPersons",
        "substances",
        lambda rows: "; ".join(impact for row in rows for impact in row.get("impacts", [])),
        read=False,
    ),
    *_stage(
        "ContributionOfRawMaterialAcquisitionAndPre-processingLifecycleStage",
        "RawMaterialExtraction",
    ),
    *_stage("ContributionOfMainProductProductionLifecycleStage", "MainProduction"),
    *_stage("ContributionOfDistributionLifecycleStage", "Distribution"),
    *_stage("ContributionOfEndOfLifeAndRecyclingLifecycleStage", "Recycling"),
    *measured(
        "BatteryCarbonFootprintPerFunctionalUnit",
        "carbon.kg_per_kwh",
        "kgCO2-equivalentPerKilowattHour",
        "kgCO2-eq/kWh",
        root=_CARBON,
    ),
    Pair(f"{_CARBON}.CarbonFootprintPerformanceClass", "carbon.performance_class"),
    Pair(f"{_CARBON}.WebLinkToPublicCarbonFootprintStudy", "carbon.study"),
    *measured(
        "AbsoluteBatteryCarbonFootprint",
        "carbon.absolute_kg",
        "kgCO2-equivalent",
        "kgCO2-eq",
        whole=True,
        root=_CARBON,
    ),
)

ROWS: Final[tuple[Row, ...]] = (*_IDENTITY, *_PAPERS, *_CONTENT)
"""All but performance and durability, see `ready_performance`."""
