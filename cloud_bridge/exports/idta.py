"""IDTA 02035, Digital Battery Passport 1.0, as an Asset Administration Shell environment (JSON).

Part 2 (handover documentation) and part 3 (carbon footprint) are submodels of their own templates
and not written. Whole numbers where the template asks for them: what it rounds is not read back.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cloud_bridge.exports.aas import document_of, submodel
from cloud_bridge.exports.batterypass_performance import event_of, event_text
from cloud_bridge.exports.datum import Passport
from cloud_bridge.exports.identifiers import unit_in
from cloud_bridge.exports.idta_shapes import SHAPES
from cloud_bridge.exports.lens import ABSENT, Each, Json, Pair, Pick, Row, from_url, url_of
from packtrail.shapes import plain_json

_PLATE: Final = "BatteryNameplate"
URI: Final = f"{_PLATE}.URIOfTheProduct"
_GENERAL: Final = "TechnicalData.GeneralInformation"
_AREAS: Final = "TechnicalData.TechnicalPropertyAreas"
_CONDITION: Final = "ProductCondition"
_MATERIAL: Final = "MaterialComposition"
_CIRCULAR: Final = "Circularity"


def _papers(target: str, source: str, kind: str) -> Pick:
    return Pick(target, source, kind, url_of, from_url, many=True)


def _stamped(target: str, key: str) -> list[Row]:
    return [
        Pair(f"{_CONDITION}.{target}.{target}Value", key),
        Pair(f"{_CONDITION}.{target}.LastUpdate", f"{key}@as_of"),
    ]


def _whole(value: float) -> Any:
    """A template that asks for whole numbers cannot hold others."""
    return int(value) if float(value).is_integer() else ABSENT


_NAMEPLATE: Final[tuple[Row, ...]] = (
    Pair(URI, "meta.uri", read=False),
    Pair(URI, "passport_id", back=lambda uri: ABSENT if unit_in(uri) else uri, write=False),
    Pair(f"{_PLATE}.ManufacturerName", "manufacturer.name"),
    Pair(f"{_PLATE}.AddressInformation.Street", "manufacturer.address.street"),
    Pair(f"{_PLATE}.AddressInformation.Zipcode", "manufacturer.address.postal_code"),
    Pair(f"{_PLATE}.AddressInformation.NationalCode", "manufacturer.address.country"),
    Pair(f"{_PLATE}.SerialNumber", "unit_id"),
    Pair(f"{_PLATE}.DateOfManufacture", "made_on"),
    Pair(f"{_PLATE}.DateOfPuttingIntoService", "into_service"),
    Pair(f"{_PLATE}.UniqueFacilityIdentifier", "facility.identifier"),
    Pair(f"{_PLATE}.LifeCycleStage", "status"),
    Pair(f"{_PLATE}.OperatorIdentifier", "operator.identifier"),
    Pair(f"{_PLATE}.ManufacturerIdentifier", "manufacturer.identifier"),
    Each(
        f"{_PLATE}.Markings",
        "marks",
        (
            Pair("MarkingName", "meaning"),
            Pair("MarkingFile", "url"),
            Pair("MarkingAdditionalText", "subject"),
        ),
    ),
    _papers(f"{_PLATE}.EUDeclarationOfConformity", "declaration", "declaration_of_conformity"),
    _papers(f"{_PLATE}.ResultsOfTestReportsProvingCompliance", "test_reports", "test_report"),
)
_VOLTAGE: Final = f"{_AREAS}.CapacityEnergyVoltage"
_EFFICIENCY: Final = f"{_AREAS}.RoundTripEnergyEfficiency"
_RESISTANCE: Final = f"{_AREAS}.Resistance"
_INITIAL: Final = f"{_RESISTANCE}.InitialInternalResistanceOnBattery"
_POWER: Final = f"{_AREAS}.PowerCapability"
_LIFE: Final = f"{_AREAS}.Lifetime"
_TECHNICAL: Final[tuple[Row, ...]] = (
    Pair(f"{_GENERAL}.ManufacturerName", "manufacturer.name", read=False),
    Pair(f"{_GENERAL}.ManufacturerIdentifier", "manufacturer.identifier", read=False),
    Pair(f"{_GENERAL}.BatteryCategory", "category"),
    Pair(f"{_GENERAL}.BatteryMass", "mass_kg"),
    Pair(f"{_GENERAL}.WarrantyInformation.WarrantyPeriod", "warranty.until"),
    Pair(f"{_VOLTAGE}.NominalVoltage", "nominal_voltage_v"),
    Pair(f"{_VOLTAGE}.MinVoltage", "minimum_voltage_v"),
    Pair(f"{_VOLTAGE}.MaxVoltage", "maximum_voltage_v"),
    Pair(f"{_VOLTAGE}.RatedCapacity", "rated_capacity_ah"),
    Pair(f"{_VOLTAGE}.CapacityFade", "capacity_fade_pct"),
    Pair(f"{_VOLTAGE}.CertifiedUsableBatteryEnergy", "rated_energy_kwh"),
    Pair(f"{_EFFICIENCY}.InitialRoundTripEnergyEfficiency", "efficiency_pct", _whole),
    Pair(
        f"{_EFFICIENCY}.RoundTripEnergyEfficiencyAt50PercentOfCycleLife",
        "efficiency_half_life_pct",
        _whole,
    ),
    Pair(f"{_EFFICIENCY}.EnergyRoundTripEfficiencyFade", "efficiency_fade_pct"),
    Pair(f"{_EFFICIENCY}.InitialSelfDischargingRate", "self_discharge_pct_month", _whole),
    Pair(f"{_INITIAL}CellLevel", "resistance.cell_ohm"),
    Pair(f"{_INITIAL}PackLevel", "resistance.pack_ohm"),
    Pair(f"{_INITIAL}ModuleLevel", "resistance.module_ohm"),
    Pair(
        f"{_RESISTANCE}.InternalResistanceIncreaseOfBatteryCellLevel",
        "cell_resistance_increase_pct",
    ),
    Pair(f"{_RESISTANCE}.InternalResistanceIncreaseOfBatteryPackLevel", "resistance_increase_pct"),
    Pair(f"{_POWER}.MaximumPermittedBatteryPower", "power_limit_w"),
    Pair(f"{_POWER}.PowerFade", "power_fade_pct"),
    Pair(f"{_POWER}.RatioNorminalBatteryPowerAndBatteryEnergy", "power_ratio_w_per_wh"),
    Each(
        f"{_POWER}.OriginalPowerCapability",
        "original_power",
        (Pair("atSoc", "soc_pct", _whole), Pair("powerCapabilityAt", "power_w")),
    ),
    Pair(f"{_AREAS}.Temperature.TemperatureRangeIdleState_LowerBoundary", "idle_temperature.low_c"),
    Pair(
        f"{_AREAS}.Temperature.TemperatureRangeIdleState_UpperBoundary", "idle_temperature.high_c"
    ),
    Pair(f"{_LIFE}.ExpectedLifetimeInCalendarYears", "expected_years", _whole),
    Pair(f"{_LIFE}.ExpectedNumberOfCycles", "expected_cycles", _whole),
    Pair(f"{_LIFE}.CapacityThresholdExhaustion", "exhaustion_threshold_pct"),
    Pair(f"{_LIFE}.CRateOfRelevantCycleLifeTest", "life_test_rate"),
)
_WARM: Final = f"{_CONDITION}.TemperatureInformation"
_REMAINING: Final = f"{_CONDITION}.RemainingPowerCapability"
_REMAINING_AT: Final = f"{_REMAINING}.RemainingPowerCapabilityDynamicAt"
_STATE: Final[tuple[Row, ...]] = (
    *_stamped("EnergyThroughput", "energy_throughput_kwh"),
    *_stamped("CapacityThroughput", "capacity_throughput_ah"),
    # Cycles are whole numbers here: begun ones are cut off, and the figure is not read back.
    Pair(
        f"{_CONDITION}.NumberOfFullCycles.NumberOfFullCyclesValue", "full_cycles", int, read=False
    ),
    Pair(f"{_CONDITION}.NumberOfFullCycles.LastUpdate", "full_cycles@as_of", read=False),
    *_stamped("StateOfCertifiedEnergy", "soce_pct"),
    *_stamped("RemainingEnergy", "remaining_energy_kwh"),
    *_stamped("RemainingCapacity", "remaining_capacity_ah"),
    Each(
        f"{_CONDITION}.NegativeEvents",
        "negative_events",
        (Pair("NegativeEventValue", "", event_text, event_of), Pair("LastUpdate", "at")),
    ),
    Pair(f"{_WARM}.MeasuredTemp", "temperature_c", read=False),
    Pair(f"{_WARM}.TimeExtremeHighTemp", "temperature_minutes.above"),
    Pair(f"{_WARM}.TimeExtremeLowTemp", "temperature_minutes.below"),
    Pair(f"{_WARM}.TimeExtremeHighTempCharging", "temperature_minutes.charging_above"),
    Pair(f"{_WARM}.TimeExtremeLowTempCharging", "temperature_minutes.charging_below"),
    Pair(f"{_WARM}.LastUpdate", "temperature_minutes@as_of"),
    Pair(f"{_REMAINING_AT}.RPCLastUpdated", "remaining_power@as_of", read=False),
    Pair(f"{_REMAINING_AT}.AtSoC", "remaining_power.0.soc_pct"),
    Pair(f"{_REMAINING_AT}.PowerCapabilityAt", "remaining_power.0.power_w"),
    Pair(f"{_REMAINING}.LastUpdate", "remaining_power@as_of"),
    *_stamped("EvolutionOfSelfDischarge", "self_discharge_evolution_pct"),
    *_stamped("CurrentSelfDischargingRate", "self_discharge_now_pct_month"),
    *_stamped("RemainingRoundTripEnergyEfficiency", "efficiency_now_pct"),
    *_stamped("StateOfCharge", "soc_pct"),
)
_COMPOSITION: Final[tuple[Row, ...]] = (
    Pair(f"{_MATERIAL}.BatteryChemistry.ShortName", "chemistry.short"),
    Pair(f"{_MATERIAL}.BatteryChemistry.ClearName", "chemistry.name"),
    Each(
        f"{_MATERIAL}.BatteryMaterials",
        "composition.materials",
        (
            Pair("BatteryMaterialLocation.ComponentName", "location"),
            Pair("BatteryMaterialIdentifier", "cas"),
            Pair("BatteryMaterialName", "name"),
            Pair("BatteryMaterialMass", "kg"),
            Pair("IsCriticalRawMaterial", "critical"),
        ),
    ),
    Each(
        f"{_MATERIAL}.HazardousSubstances",
        "substances",
        (
            Pair("HazardousSubstanceClass", "kind"),
            Pair("HazardousSubstanceName", "name"),
            Pair("HazardousSubstanceConcentration", "concentration_pct"),
            Pair("HazardousSubstanceImpact", "impacts"),
            Pair("HazardousSubstanceLocation.ComponentName", "location"),
            Pair("HazardousSubstanceIdentifier", "cas"),
        ),
    ),
)
_END: Final = f"{_CIRCULAR}.EndOfLifeInformation"
_LOOP: Final[tuple[Row, ...]] = (
    _papers(f"{_CIRCULAR}.DismantlingAndRemovalInformation", "dismantling.papers", "dismantling"),
    Each(
        f"{_CIRCULAR}.SparePartSources",
        "spares",
        (
            Pair("NameOfSupplier", "firm.name"),
            Pair("AddressOfSupplier.NationalCode", "firm.address.country"),
            Pair("AddressOfSupplier.PostalCode", "firm.address.postal_code"),
            Pair("AddressOfSupplier.Street", "firm.address.street"),
            Pair("EmailAddressOfSupplier.EmailAddress", "firm.email"),
            Pair("SupplierWebAddress", "firm.web"),
            Each("Components", "parts", (Pair("PartName", "name"), Pair("PartNumber", "number"))),
        ),
    ),
    Each(
        f"{_CIRCULAR}.RecycledContentInformation",
        "recycled",
        (
            Pair("PreConsumerShare", "pre_consumer_pct"),
            Pair("RecycledMaterial", "material"),
            Pair("PostConsumerShare", "post_consumer_pct"),
        ),
    ),
    _papers(f"{_CIRCULAR}.SafetyMeasures.SafetyInstructions", "safety_measures.papers", "safety"),
    Pair(f"{_CIRCULAR}.SafetyMeasures.ExtinguishingAgents", "extinguishing.agents"),
    _papers(f"{_END}.WastePrevention", "waste_information", "waste_prevention"),
    _papers(f"{_END}.SeparateCollection", "waste_information", "separate_collection"),
    _papers(f"{_END}.InformationOnCollection", "waste_information", "collection"),
    Pair(f"{_CIRCULAR}.RenewableContent", "renewable_pct"),
)

EXTENSIONS: Final = ("notFilled", "evidence")
ROWS: Final = (*_NAMEPLATE, *_TECHNICAL, *_STATE, *_COMPOSITION, *_LOOP)


def environment_of(passport: Passport, document: Json) -> Json:
    """The shell of a unit with its five submodels; `document` is the table's, filled."""
    made = (
        submodel(shape, document[shape.name], f"{passport.id}#{shape.name}")
        for shape in SHAPES
        if shape.name in document
    )
    submodels = [one for one in made if one["submodelElements"]]
    shell = {
        "idShort": "BatteryPassport",
        "id": f"{passport.id}#aas",
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": passport.link or passport.id,
            "specificAssetIds": [{"name": "batteryCode", "value": str(passport.unit)}],
        },
        # The metamodel has no place for what is missing and why, but for extensions.
        "extensions": [_extension(name, document.get(name, [])) for name in EXTENSIONS],
        "submodels": [_to(one["id"]) for one in submodels],
        "modelType": "AssetAdministrationShell",
    }
    return {"assetAdministrationShells": [shell], "submodels": submodels}


def _extension(name: str, content: Any) -> Json:
    value = msgspec.json.encode(content).decode()
    return {"name": name, "valueType": "xs:string", "value": value}


def extension_of(environment: Json, name: str) -> Any:
    """The content of one of our extensions; None where there is none or it is no JSON."""
    shells = environment.get("assetAdministrationShells")
    for shell in shells if isinstance(shells, list) else ():
        for one in shell.get("extensions", ()):
            if one.get("name") == name:
                try:
                    return plain_json(str(one.get("value", "")))
                except (msgspec.DecodeError, RecursionError):
                    return None
    return None


def plain_document(environment: Json) -> Json:
    """The table's document of an environment, ours or somebody else's."""
    by_meaning = {_meaning(one): one for one in environment.get("submodels", [])}
    return {
        shape.name: document_of(shape, by_meaning[shape.meaning])
        for shape in SHAPES
        if shape.meaning in by_meaning
    }


def is_environment(document: Json) -> bool:
    """Whether a document is an environment that holds one of the five submodels."""
    found = document.get("submodels")
    if not isinstance(found, list):
        return False
    meanings = {shape.meaning for shape in SHAPES}
    return any(_meaning(one) in meanings for one in found if isinstance(one, dict))


def _meaning(found: Json) -> str:
    keys = found.get("semanticId", {}).get("keys", [])
    return str(keys[0].get("value", "")) if keys else ""


def _to(identifier: str) -> Json:
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": identifier}]}
