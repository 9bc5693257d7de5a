"""Battery Pass data model 1.2.x (SAMM, seven aspects): one object with an aspect per key.

Keys are as upstream has them, misspelt ones too. Aspect versions: Performance 1.2.1, others 1.2.0.
"""

from __future__ import annotations

from typing import Any, Final

from cloud_bridge.exports.batterypass_performance import ROWS as PERFORMANCE_ROWS
from cloud_bridge.exports.identifiers import code_in
from cloud_bridge.exports.lens import ABSENT, Each, Pair, Pick, Row, chosen, from_url, url_of

GENERAL: Final = "generalProductInformation"
IDENTIFIER: Final = f"{GENERAL}.productIdentifier"
CARBON: Final = "carbonFootprintForBatteries"
CIRCULARITY: Final = "circularity"
LABELING: Final = "labeling"
MATERIAL: Final = "materialComposition"
DILIGENCE: Final = "supplyChainDueDiligence"

_STATUS: Final = {
    "original": "Original",
    "reused": "Reused",
    "repurposed": "Repurposed",
    "remanufactured": "Remanufactured",
    "waste": "Waste",
}
_STATUS_BACK: Final = {theirs: ours for ours, theirs in _STATUS.items()}
_PAPERS: Final = {
    "bill_of_material": "BillOfMaterial",
    "model_3d": "Model3D",
    "dismantling": "DismantlingManual",
    "removal": "RemovalManual",
    "manual": "OtherManual",
    "drawing": "Drawing",
}
_PAPERS_BACK: Final = {theirs: ours for ours, theirs in _PAPERS.items()}
_MIDNIGHT: Final = "T00:00:00Z"


def _address(target: str, source: str) -> list[Row]:
    return [
        Pair(f"{target}.addressCountry", f"{source}.country"),
        Pair(f"{target}.postalCode", f"{source}.postal_code"),
        Pair(f"{target}.streetAddress", f"{source}.street"),
    ]


def _firm(target: str, source: str) -> list[Row]:
    return [
        Pair(f"{target}.contactName", f"{source}.name"),
        *_address(f"{target}.postalAddress", f"{source}.address"),
        Pair(f"{target}.identifier", f"{source}.identifier"),
        Pair(f"{target}.webAddress", f"{source}.web"),
    ]


def _day(target: str, source: str) -> Pair:
    return Pair(target, source, lambda day: f"{day}{_MIDNIGHT}", lambda moment: moment[:10])


def _urn(identifier: str) -> str:
    """Upstream's pattern has no room for the hyphens of a UUID."""
    return identifier.replace("urn:uuid:", "urn:packtrail:").replace("-", "")


def _uuid(urn: str) -> Any:
    digits = urn.removeprefix("urn:packtrail:")
    if digits == urn or len(digits) != 32:
        return urn
    cuts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"urn:uuid:{'-'.join(cuts)}"


def _rest(_: Any) -> Any:
    return ABSENT


_GENERAL: Final[list[Row]] = [
    Pair(IDENTIFIER, "meta.identifier", read=False),
    Pair(IDENTIFIER, "unit_id", back=code_in, write=False),
    # The model has one place; a code beside a Digital Link stands beside the aspects.
    Pair("furtherIdentifier", "meta.code", read=False),
    Pair("furtherIdentifier", "unit_id", write=False),
    Pair(f"{GENERAL}.batteryPassportIdentifier", "passport_id", _urn, _uuid),
    Pair(
        f"{GENERAL}.batteryCategory",
        "category",
        lambda category: "industrial" if category.startswith("industrial") else category,
    ),
    *_firm(f"{GENERAL}.manufacturerInformation", "manufacturer"),
    _day(f"{GENERAL}.manufacturingDate", "made_on"),
    Pair(f"{GENERAL}.batteryStatus", "status", chosen(_STATUS), chosen(_STATUS_BACK)),
    Pair(f"{GENERAL}.batteryMass", "mass_kg"),
    *_address(f"{GENERAL}.manufacturingPlace", "facility.address"),
    *_firm(f"{GENERAL}.operatorInformation", "operator"),
    _day(f"{GENERAL}.puttingIntoService", "into_service"),
    # Upstream types the period as a month of the year: the month in which it ends.
    Pair(f"{GENERAL}.warrentyPeriod", "warranty.until", lambda day: f"--{day[5:7]}", _rest),
]
_CARBON: Final[list[Row]] = [
    Pair(f"{CARBON}.batteryCarbonFootprint", "carbon.kg_per_kwh"),
    Each(
        f"{CARBON}.carbonFootprintPerLifecycleStage",
        "carbon.stages",
        (Pair("lifecycleStage", "stage"), Pair("carbonFootprint", "kg_per_kwh")),
    ),
    Pair(f"{CARBON}.carbonFootprintPerformanceClass", "carbon.performance_class"),
    Pair(f"{CARBON}.carbonFootprintStudy", "carbon.study"),
    Pair(f"{CARBON}.absoluteCarbonFootprint", "carbon.absolute_kg"),
]
_PAPER: Final = (
    Pair("documentType", "kind", chosen(_PAPERS), chosen(_PAPERS_BACK)),
    Pair("mimeType", "mime"),
    Pair("documentURL", "url"),
)
_CIRCULARITY: Final[list[Row]] = [
    Each(f"{CIRCULARITY}.dismantlingAndRemovalInformation", "dismantling.papers", _PAPER),
    Each(
        f"{CIRCULARITY}.sparePartSources",
        "spares",
        (
            Pair("nameOfSupplier", "firm.name"),
            Pair("addressOfSupplier.addressCountry", "firm.address.country"),
            Pair("addressOfSupplier.postalCode", "firm.address.postal_code"),
            Pair("addressOfSupplier.streetAddress", "firm.address.street"),
            Pair("emailAddressOfSupplier", "firm.email"),
            Pair("supplierWebAddress", "firm.web"),
            Each("components", "parts", (Pair("partName", "name"), Pair("partNumber", "number"))),
        ),
    ),
    Each(
        f"{CIRCULARITY}.recycledContent",
        "recycled",
        (
            Pair("preConsumerShare", "pre_consumer_pct"),
            Pair("recycledMaterial", "material"),
            Pair("postConsumerShare", "post_consumer_pct"),
        ),
    ),
    Pick(
        f"{CIRCULARITY}.safetyMeasures.safetyInstructions",
        "safety_measures.papers",
        "safety",
        url_of,
        from_url,
    ),
    Pair(f"{CIRCULARITY}.safetyMeasures.extinguishingAgent", "extinguishing.agents"),
    *(
        Pick(
            f"{CIRCULARITY}.endOfLifeInformation.{target}",
            "waste_information",
            kind,
            url_of,
            from_url,
        )
        for target, kind in (
            ("wastePrevention", "waste_prevention"),
            ("separateCollection", "separate_collection"),
            ("informationOnCollection", "collection"),
        )
    ),
    Pair(f"{CIRCULARITY}.renewableContent", "renewable_pct"),
]
_LABELING: Final[list[Row]] = [
    Pick(
        f"{LABELING}.declarationOfConformity",
        "declaration",
        "declaration_of_conformity",
        url_of,
        from_url,
    ),
    Pick(f"{LABELING}.resultOfTestReport", "test_reports", "test_report", url_of, from_url),
    Each(
        f"{LABELING}.labels",
        "marks",
        (
            Pair("labelingSymbol", "url"),
            Pair("labelingMeaning.en", "meaning"),
            Pair("labelingSubject", "subject"),
        ),
    ),
]
_LOCATED: Final = "batteryMaterialLocation.componentName"
_MATERIAL: Final[list[Row]] = [
    Pair(f"{MATERIAL}.batteryChemistry.shortName", "chemistry.short"),
    Pair(f"{MATERIAL}.batteryChemistry.clearName", "chemistry.name"),
    Each(
        f"{MATERIAL}.batteryMaterials",
        "composition.materials",
        (
            Pair(_LOCATED, "location"),
            Pair("batteryMaterialIdentifier", "cas"),
            Pair("batteryMaterialName", "name"),
            Pair("batteryMaterialMass", "kg"),
            Pair("isCriticalRawMaterial", "critical"),
        ),
    ),
    Each(
        f"{MATERIAL}.hazardousSubstances",
        "substances",
        (
            Pair("hazardousSubstanceClass", "kind"),
            Pair("hazardousSubstanceName", "name"),
            Pair("hazardousSubstanceConcentration", "concentration_pct"),
            Pair("hazardousSubstanceImpact", "impacts"),
            Pair("hazardousSubstanceLocation.componentName", "location"),
            Pair("hazardousSubstanceIdentifier", "cas"),
        ),
    ),
]
_DILIGENCE: Final[list[Row]] = [
    Pick(
        f"{DILIGENCE}.supplyChainDueDiligenceReport",
        "due_diligence",
        "due_diligence",
        url_of,
        from_url,
    ),
    Pick(f"{DILIGENCE}.thirdPartyAussurances", "due_diligence", "third_party", url_of, from_url),
]

ROWS: Final[tuple[Row, ...]] = (
    *_GENERAL,
    *_CARBON,
    *_CIRCULARITY,
    *_LABELING,
    *_MATERIAL,
    *PERFORMANCE_ROWS,
    *_DILIGENCE,
)
