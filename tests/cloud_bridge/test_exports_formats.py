"""Passports in the formats of others: valid there, and back without loss."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator

from cloud_bridge.exports import gather
from cloud_bridge.exports.formats import FORMATS, read_document
from cloud_bridge.exports.making import prepared
from packtrail.errors import CodecError
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.exporting import leaves, passport, schema, told, written

__all__ = ["schema", "told"]


BATTERYPASS = {
    "generalProductInformation": "GeneralProductInformation-1.2.0",
    "carbonFootprintForBatteries": "CarbonFootprintForBatteries-1.2.0",
    "circularity": "Circularity-1.2.0",
    "labeling": "Labeling-1.2.0",
    "materialComposition": "MaterialComposition-1.2.0",
    "performanceAndDurability": "PerformanceAndDurability-1.2.1",
    "supplyChainDueDiligence": "SupplyChainDueDiligence-1.2.0",
}


@pytest.mark.real_data
@pytest.mark.parametrize("aspect", BATTERYPASS)
def test_battery_pass_aspects_are_valid(told, aspect, schema):
    document = json.loads(written(told, "batterypass"))
    # Self-discharge is no point of an electric vehicle's, but the model asks for it.
    errors = [
        "/".join(map(str, error.absolute_path)) + ": " + error.message
        for error in Draft4Validator(
            schema(f"batterypass/{BATTERYPASS[aspect]}.schema.json")
        ).iter_errors(document[aspect])
    ]
    assert [one for one in errors if "elfDischarg" not in one] == []


def problems(validator, document, but=()):
    """Where a document does not fit; what does not apply to the category is left out."""
    found = [
        "/".join(map(str, error.absolute_path)) + ": " + error.message[:200]
        for error in validator.iter_errors(document)
    ]
    return [one for one in found if not any(word in one for word in but)]


CATEGORIES = {
    "ev": "EV",
    "lmt": "LMT",
    "industrial": "OtherIndustrial2kWh",
    "stationary": "StationaryIndustrial2kWh",
    "industrial_without_bms": "IndustrialWithoutBMS",
}


@pytest.mark.real_data
@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_is_ready(desk, schema, category):
    """Self-discharge needs weeks of rest, which nobody has seen of this pack: it is told so."""
    chemistry = "Pb" if category == "industrial_without_bms" else "lfp"
    registered = passport_story.registered(category=category, chemistry=chemistry)
    desk.submit(registered, *passport_story.statements()[1:])
    desk.receive(*passport_story.life(parts.PlayedGateway()))
    document = json.loads(written(desk, "batterypass-ready"))
    file = f"batterypass-ready/{CATEGORIES[category]}.schema.json"
    validator = Draft202012Validator(schema(file))
    assert problems(validator, document, ("EvolutionOfSelf-dischargeRates",)) == []
    if category in ("lmt", "stationary"):
        asked = {one["target"].split(".")[2]: one["reason"] for one in document["notFilled"]}
        assert asked["EvolutionOfSelf-dischargeRates"] == "not_enough_data"


@pytest.mark.real_data
def test_the_battery_pass_of_catena_x_is_valid(told, schema):
    document = json.loads(written(told, "catenax"))
    validator = Draft4Validator(schema("catenax/BatteryPass-6.1.0.schema.json"))
    # Self-discharge is no data point of an electric vehicle's battery (guidance, no. 65).
    assert problems(validator, document, ("'selfDischargingRate' is a required",)) == []


@pytest.mark.real_data
def test_events_are_valid(told, schema):
    document = json.loads(written(told, "epcis"))
    validator = Draft7Validator(schema("epcis/EPCIS-JSON-Schema.json"))
    assert problems(validator, document) == []
    kinds = {event["type"] for event in document["epcisBody"]["eventList"]}
    assert kinds == {"ObjectEvent", "AssociationEvent"}


def test_events_come_back_signed_as_they_were(told):
    document = written(told, "epcis")
    content = read_document(document)
    facts = gather(told.store, parts.PACK).told
    assert {one.event_id for one in content.events} == {one.event_id for one in facts}
    assert all(one.read() for one in content.events)
    changed = json.loads(document)
    changed["epcisBody"]["eventList"][0]["disposition"] = "inactive"
    with pytest.raises(CodecError, match="hash"):
        read_document(json.dumps(changed).encode())


@pytest.mark.real_data
def test_every_code_tree_is_valid(told, schema):
    document = json.loads(written(told, "catenax-code"))
    Draft4Validator(schema("catenax/TractionBatteryCode-2.0.0.schema.json")).validate(document)
    assert document["tractionBatteryCode"] == parts.CODE


HELD = {"batterypass": 58, "batterypass-ready": 53, "catenax": 50}


@pytest.mark.parametrize("name", HELD)
def test_what_a_format_holds_comes_back_and_is_written_again_alike(told, name):
    document = written(told, name)
    content = read_document(document)
    assert content.format == name
    assert content.unit == parts.PACK
    first = passport(told).data
    back = {key: datum.value for key, datum in content.data.items()}
    assert len(back) >= HELD[name]
    again = msgspec.structs.replace(passport(told), data=dict(content.data))
    ready = prepared(told.store, parts.PACK, NOW, key=parts.AUTHORITY)
    again = FORMATS[name].write(replace(ready, passport=again))
    gone = lost(json.loads(document), json.loads(again))
    assert [path for path in gone if not path.startswith(LOST[name])] == []
    for key in ("rated_capacity_ah", "mass_kg", "soc_pct", "nominal_voltage_v", "status"):
        assert back[key] == first[key].value
    if name != "batterypass-ready":  # it has no place for moments
        assert content.data["soc_pct"].as_of == first["soc_pct"].as_of


LOST = {
    "batterypass": ("generalProductInformation.warrentyPeriod",),
    "batterypass-ready": (
        "Battery_Passport.BatteryMaterialsAndComposition.HazardousSubstances",
        "Battery_Passport.BatteryMaterialsAndComposition.MaterialsUsedInCathodeAnodeAndElectrolyte",
        "Battery_Passport.BatteryMaterialsAndComposition.ImpactOfSubstances",
        "Battery_Passport.PerformanceAndDurability.InformationOnAccidents",
        "Battery_Passport.SymbolsLabelsAndDocumentationOfConformity.MeaningOfLabelsAndSymbols",
    ),
    "catenax": ("materials.composition", "performance.dynamic.power.remaining"),
}
"""What a target repeats in other words, or cannot hold whole: the page on passports says so."""


def lost(document, again):
    """Paths that are not the same any more, without the numbers of list items."""
    before, after = dict(leaves(document)), dict(leaves(again))
    paths = {path for path in before | after if before.get(path) != after.get(path)}
    return sorted({".".join(p for p in path.split("/") if not p.isdigit()) for path in paths})


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"credentialSubject": 3}', b"\xff\xfe", b"[" * 9]
)
def test_what_is_no_document_is_refused(data):
    with pytest.raises(CodecError):
        read_document(data)
