"""IDTA 02035: valid by the metamodel, element by element that of the templates, and back."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from aas_core3 import jsonization, verification

from cloud_bridge.exports.formats import FORMATS, read_document
from cloud_bridge.exports.idta import plain_document
from cloud_bridge.exports.idta_shapes import SHAPES
from cloud_bridge.exports.making import prepared
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.exporting import passport, told, written

__all__ = ["told"]

TEMPLATES = {
    "BatteryNameplate": "IDTA_02035-1_DBP-Part-1_Digital_Nameplate",
    "TechnicalData": "IDTA_02035-4_DBP-Part-4_TechnicalData",
    "ProductCondition": "IDTA_02035-5_DBP-Part-5_ProductCondition",
    "MaterialComposition": "IDTA_02035-6_DBP-Part-6_MaterialComposition",
    "Circularity": "IDTA_02035-7_DBP-Part-7_Circularity",
}
PLAIN = ("Street", "Zipcode", "NationalCode")
"""Of the address, which the template leaves to another one (IDTA 02002)."""


def faults(document):
    environment = jsonization.environment_from_jsonable(document)
    return [f"{fault.path}: {fault.cause}" for fault in verification.verify(environment)]


def test_the_environment_is_one_by_the_metamodel(told):
    document = json.loads(written(told, "idta"))
    assert faults(document) == []
    assert [one["idShort"] for one in document["submodels"]] == list(TEMPLATES)
    shell = document["assetAdministrationShells"][0]
    missing = json.loads(shell["extensions"][0]["value"])
    lacking = {one["point"] for one in missing if one["reason"] != "not_applicable"}
    assert lacking <= {"part_documents"}


def test_of_a_pack_that_only_its_maker_knows_little_is_written(desk):
    desk.submit(passport_story.registered())
    document = json.loads(written(desk, "idta"))
    assert faults(document) == []
    assert "Circularity" not in {one["idShort"] for one in document["submodels"]}


def test_what_the_submodels_hold_comes_back(told):
    document = written(told, "idta")
    content = read_document(document)
    assert (content.format, content.unit) == ("idta", parts.PACK)
    first = passport(told).data
    for key in (
        "soc_pct",
        "soce_pct",
        "rated_capacity_ah",
        "energy_throughput_kwh",
        "negative_events",
        "recycled",
        "marks",
        "status",
    ):
        assert content.data[key].value == first[key].value, key
    assert content.data["soc_pct"].as_of == first["soc_pct"].as_of
    assert "full_cycles" not in content.data, "whole cycles are less than what is known"


def test_what_came_back_is_written_again_alike(told):
    document = written(told, "idta")
    back = msgspec.structs.replace(passport(told), data=dict(read_document(document).data))
    ready = prepared(told.store, parts.PACK, NOW, key=parts.AUTHORITY)
    again = FORMATS["idta"].write(replace(ready, passport=back))
    first, second = (plain_document(json.loads(one)) for one in (document, again))
    del first["ProductCondition"]["NumberOfFullCycles"]
    del first["ProductCondition"]["TemperatureInformation"]["MeasuredTemp"]
    assert second == first


@pytest.mark.real_data
@pytest.mark.parametrize("name", TEMPLATES)
def test_each_element_is_the_templates(told, real_data, name):
    file = real_data / "passport" / "idta-02035" / f"{TEMPLATES[name]}.template.json"
    (template,) = json.loads(file.read_text("utf-8"))["submodels"]
    document = json.loads(written(told, "idta"))
    (ours,) = [one for one in document["submodels"] if one["idShort"] == name]
    assert ours["semanticId"] == template["semanticId"]
    known = dict(described(template["submodelElements"]))
    found = [one for one in described(ours["submodelElements"]) if one[0][-1] not in PLAIN]
    assert len(found) > 3
    for path, what in found:
        assert known.get(path) == what, path


@pytest.mark.real_data
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_element_that_a_shape_names_is_in_the_template(real_data, shape):
    file = real_data / "passport" / "idta-02035" / f"{TEMPLATES[shape.name]}.template.json"
    (template,) = json.loads(file.read_text("utf-8"))["submodels"]
    known = {path for path, _ in described(template["submodelElements"])}

    def names(elements, above=(), *, listed=False):
        for one in elements:
            path = (*above, "*" if listed else one.name)
            yield path
            yield from names(one.inside, path, listed=one.kind == "List")

    assert {path for path in names(shape.inside) if path[-1] not in PLAIN} - known == set()


def described(elements, above=(), listed=""):
    """Path -> kind, type and meaning; what stands in a list goes by the list's one name."""
    for one in elements:
        path = (*above, listed or one["idShort"])
        kind = (one["modelType"], one.get("valueType", ""))
        yield path, (*kind, one["semanticId"]["keys"][0]["value"])
        value = one.get("value")
        if isinstance(value, list) and one["modelType"] != "MultiLanguageProperty":
            inner = "*" if one["modelType"] == "SubmodelElementList" else ""
            yield from described(value, path, inner)
