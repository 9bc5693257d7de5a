"""Shapes of IDTA 02035, Digital Battery Passport 1.0: parts 1 and 4 to 7.

Names, types and semantic ids as the published templates have them, slips of theirs too
(`RatioNorminalBatteryPower…`). Templates: IDTA, CC BY 4.0.
"""

from __future__ import annotations

from typing import Final

from cloud_bridge.exports.aas import Element, Shape, file, group, many, prop, words

_SAMM: Final = "urn:samm:io.admin-shell.idta.batterypass."
_NAMEPLATE: Final = f"{_SAMM}digital_nameplate:1.0.0"
_TECHNICAL: Final = f"{_SAMM}technical_data:1.0.0"
_ADDRESS: Final = "urn:samm:io.admin-shell.idta.contact_information:1.0.0"
_PAPER: Final = prop(
    "DocumentIdentifier",
    meaning="urn:samm:io.admin-shell.idta.handover_documentation:2.0.0#DocumentIdentifier",
)
_STAMP: Final = prop("LastUpdate", "dateTime")


def _eclass(number: str, version: int = 2) -> str:
    return f"0173-1#02-{number}#{version:03}"


def _iec(number: str, version: int = 9) -> str:
    return f"0112/2///61987#{number}#{version:03}"


def _stamped(name: str, of: str = "float") -> Element:
    """A dynamic value and when it was told."""
    return group(name, prop(f"{name}Value", of), _STAMP)


NAMEPLATE: Final = Shape(
    "BatteryNameplate",
    "https://admin-shell.io/idta/digitalbatterypassport/nameplate/1/0/Nameplate",
    _NAMEPLATE,
    "https://admin-shell.io/idta-02035-1",
    (
        prop("URIOfTheProduct", "anyURI", _iec("ABN590", 2)),
        words("ManufacturerName", _iec("ABA565")),
        group(
            "AddressInformation",
            words("Street", _eclass("AAO128")),
            words("Zipcode", _eclass("AAO129")),
            words("NationalCode", _eclass("AAO134")),
            meaning="https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation",
        ),
        prop("SerialNumber", "string", _iec("ABA951")),
        prop("DateOfManufacture", "date", _iec("ABB757", 7)),
        prop("DateOfPuttingIntoService", "date"),
        prop(
            "UniqueFacilityIdentifier",
            "string",
            "https://admin-shell.io/idta/nameplate/3/0/UniqueFacilityIdentifier",
        ),
        prop("LifeCycleStage", "string", _eclass("ABL841", 1)),
        prop("OperatorIdentifier"),
        prop("ManufacturerIdentifier", "string", f"{_TECHNICAL}#manufacturerIdentifier"),
        many(
            "Markings",
            group(
                "Markings__00__",
                prop("MarkingName", "string", _iec("ABA231")),
                file("MarkingFile", "image/png", _iec("ABO100", 2)),
                prop("MarkingAdditionalText", "string", _iec("ABB146", 7)),
                meaning="0112/2///61360_7#AAS009#001",
            ),
            "0112/2///61360_7#AAS006",
        ),
        many("EUDeclarationOfConformity", _PAPER, "#euDeclarationOfConformity"),
        many("ResultsOfTestReportsProvingCompliance", _PAPER),
    ),
)
TECHNICAL: Final = Shape(
    "TechnicalData",
    "https://admin-shell.io/idta/digitalbatterypassport/TechnicalData/1/0",
    _TECHNICAL,
    "IDTA-02003-2-0",
    (
        group(
            "GeneralInformation",
            prop("ManufacturerName", "string", _eclass("AAO677", 4)),
            prop("ManufacturerIdentifier"),
            prop("BatteryCategory"),
            prop("BatteryMass", "float"),
            group(
                "WarrantyInformation",
                prop("WarrantyPeriod", "string", f"{_SAMM}technical_data:1.0.1#warrantyPeriod"),
                meaning=f"{_SAMM}technical_data:1.0.1#warrantyInformation",
            ),
            meaning="0173-1#02-ABK161#002/0173-1#01-AHX838#002",
        ),
        group(
            "TechnicalPropertyAreas",
            group(
                "CapacityEnergyVoltage",
                prop("NominalVoltage", "float", _eclass("ABL588", 1)),
                prop("MinVoltage", "float", _eclass("ABL587", 1)),
                prop("MaxVoltage", "float", _eclass("ABL589", 1)),
                prop("RatedCapacity", "float", _eclass("ABL869")),
                prop("CapacityFade", "float", _eclass("ABL828")),
                prop("CertifiedUsableBatteryEnergy", "float", _eclass("ABL829")),
            ),
            group(
                "RoundTripEnergyEfficiency",
                prop("InitialRoundTripEnergyEfficiency", "integer", _eclass("ABL833")),
                prop(
                    "RoundTripEnergyEfficiencyAt50PercentOfCycleLife", "integer", _eclass("ABL866")
                ),
                prop("EnergyRoundTripEfficiencyFade", "float", _eclass("ABL827")),
                prop("InitialSelfDischargingRate", "integer", _eclass("ABL834")),
            ),
            group(
                "Resistance",
                prop("InitialInternalResistanceOnBatteryCellLevel", "float", _eclass("ABL844")),
                prop("InitialInternalResistanceOnBatteryPackLevel", "float", _eclass("ABL846")),
                prop("InitialInternalResistanceOnBatteryModuleLevel", "float", _eclass("ABL832")),
                prop(
                    "InternalResistanceIncreaseOfBatteryCellLevel",
                    "float",
                    "#internalResistanceIncreaseOfBatteryCell",
                ),
                prop(
                    "InternalResistanceIncreaseOfBatteryPackLevel",
                    "float",
                    "#internalResistanceIncreaseOfBatteryPack",
                ),
            ),
            group(
                "PowerCapability",
                prop("MaximumPermittedBatteryPower", "float", _eclass("ABL843")),
                prop("PowerFade", "float", _eclass("ABL852")),
                prop("RatioNorminalBatteryPowerAndBatteryEnergy", "float", "#powerCapabilityRatio"),
                many(
                    "OriginalPowerCapability",
                    group(
                        "PowerCapabilityAt",
                        prop("atSoc", "unsignedInt", "#atSoC"),
                        prop("powerCapabilityAt", "float"),
                        meaning="#PowerCapabilityAt",
                    ),
                    _eclass("ABL853"),
                ),
            ),
            group(
                "Temperature",
                prop("TemperatureRangeIdleState_LowerBoundary", "float", _eclass("ABL842")),
                prop("TemperatureRangeIdleState_UpperBoundary", "float", _eclass("ABL871")),
            ),
            group(
                "Lifetime",
                prop("ExpectedLifetimeInCalendarYears", "unsignedInt", "#expectedLifetime"),
                prop("ExpectedNumberOfCycles", "unsignedInt"),
                prop("CapacityThresholdExhaustion", "float", _eclass("ABL838")),
                prop("CRateOfRelevantCycleLifeTest", "decimal", "#cRateLifeCycleTest"),
            ),
            meaning=_eclass("ABK163"),
        ),
    ),
)
CONDITION: Final = Shape(
    "ProductCondition",
    f"{_SAMM}product_condition:1.0.0#ProductCondition",
    f"{_SAMM}product_condition:1.0.1",
    "https://admin-shell.io/idta-02035-5",
    (
        _stamped("EnergyThroughput"),
        _stamped("CapacityThroughput"),
        _stamped("NumberOfFullCycles", "unsignedInt"),
        _stamped("StateOfCertifiedEnergy"),
        _stamped("RemainingEnergy"),
        _stamped("RemainingCapacity"),
        many(
            "NegativeEvents",
            group(
                "NegativeEvent",
                prop("NegativeEventValue"),
                _STAMP,
                meaning="#NegativeEvent",
            ),
        ),
        group(
            "TemperatureInformation",
            prop("MeasuredTemp", "float"),
            prop("TimeExtremeHighTemp", "float"),
            prop("TimeExtremeLowTemp", "float"),
            prop("TimeExtremeHighTempCharging", "float"),
            prop("TimeExtremeLowTempCharging", "float"),
            _STAMP,
        ),
        group(
            "RemainingPowerCapability",
            group(
                "RemainingPowerCapabilityDynamicAt",
                prop("RPCLastUpdated", "dateTime"),
                prop("AtSoC", "float"),
                prop("PowerCapabilityAt", "float"),
            ),
            _STAMP,
        ),
        _stamped("EvolutionOfSelfDischarge"),
        _stamped("CurrentSelfDischargingRate"),
        _stamped("RemainingRoundTripEnergyEfficiency"),
        _stamped("StateOfCharge"),
    ),
)
_LOCATED: Final = prop("ComponentName")
MATERIAL: Final = Shape(
    "MaterialComposition",
    f"{_SAMM}material_composition:1.0.0#MaterialComposition",
    f"{_SAMM}material_composition:1.0.1",
    "https://admin-shell.io/idta-02035-6",
    (
        group("BatteryChemistry", prop("ShortName"), prop("ClearName")),
        many(
            "BatteryMaterials",
            group(
                "BatteryMaterial",
                group("BatteryMaterialLocation", _LOCATED),
                prop("BatteryMaterialIdentifier"),
                prop("BatteryMaterialName"),
                prop("BatteryMaterialMass", "float"),
                prop("IsCriticalRawMaterial", "boolean"),
                meaning="#BatteryMaterial",
            ),
        ),
        many(
            "HazardousSubstances",
            group(
                "HazardousSubstance",
                prop("HazardousSubstanceClass"),
                prop("HazardousSubstanceName"),
                prop("HazardousSubstanceConcentration", "double"),
                many("HazardousSubstanceImpact", prop("Impact", meaning="#Impact")),
                group("HazardousSubstanceLocation", _LOCATED),
                prop("HazardousSubstanceIdentifier"),
                meaning="#HazardousSubstance",
            ),
        ),
    ),
)
CIRCULARITY: Final = Shape(
    "Circularity",
    f"{_SAMM}circularity:1.0.0#Circularity",
    f"{_SAMM}circularity:1.0.0",
    "https://admin-shell.io/idta-02035-7",
    (
        many("DismantlingAndRemovalInformation", _PAPER),
        many(
            "SparePartSources",
            group(
                "SparePartSupplier",
                words("NameOfSupplier", f"{_ADDRESS}#company"),
                group(
                    "AddressOfSupplier",
                    words("NationalCode", f"{_ADDRESS}#nationalCode"),
                    words("PostalCode", f"{_ADDRESS}#postalCode"),
                    words("Street", f"{_ADDRESS}#street"),
                ),
                group(
                    "EmailAddressOfSupplier",
                    prop("EmailAddress", "string", f"{_ADDRESS}#emailAddress"),
                    meaning=f"{_ADDRESS}#email",
                ),
                prop("SupplierWebAddress", "string", f"{_ADDRESS}#addressOfAdditionalLink"),
                many(
                    "Components",
                    group("Component", prop("PartName"), prop("PartNumber"), meaning="#Component"),
                ),
                meaning="#SparePartSupplier",
            ),
        ),
        many(
            "RecycledContentInformation",
            group(
                "RecycledContent",
                prop("PreConsumerShare", "float"),
                prop("RecycledMaterial"),
                prop("PostConsumerShare", "float"),
                meaning="#RecycledContent",
            ),
            "#recycledContent",
        ),
        group(
            "SafetyMeasures",
            many("SafetyInstructions", _PAPER),
            many("ExtinguishingAgents", prop("ExtinguishingAgent", meaning="#ExtinguishingAgent")),
        ),
        group(
            "EndOfLifeInformation",
            many("WastePrevention", _PAPER),
            many("SeparateCollection", _PAPER),
            many("InformationOnCollection", _PAPER),
        ),
        prop("RenewableContent", "float"),
    ),
)
SHAPES: Final = (NAMEPLATE, TECHNICAL, CONDITION, MATERIAL, CIRCULARITY)
