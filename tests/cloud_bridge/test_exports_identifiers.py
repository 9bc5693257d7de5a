"""The unique identifier in passports: a GS1 Digital Link where there is a key, else the code."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator

from cloud_bridge.exports.continuing import continued
from cloud_bridge.exports.formats import FORMATS, read_document
from cloud_bridge.exports.identifiers import link_of
from cloud_bridge.store import SqliteStore
from packtrail.codes.gs1 import read_text
from packtrail.event import AliasBound, UnitRef
from packtrail.times import format_time
from tests.cloud_bridge import parts
from tests.cloud_bridge.exporting import leaves, passport, schema, told, written
from tests.cloud_bridge.test_exports_formats import BATTERYPASS, problems

__all__ = ["schema", "told"]

KEY = UnitRef("gs1", "09506000134352.AB/12")
LINK = "https://id.gs1.org/01/09506000134352/21/AB%2F12"
GIAI = UnitRef("gs1", "8004.4012345XY")
PLACES = {
    "batterypass": "generalProductInformation/productIdentifier",
    "batterypass-ready": "/UniqueBatteryIdentifierUniqueProductIdentifier",
    "catenax": "identification/identification/codes/1/value",
    "credential": "credentialSubject/id",
}
HELD = [name for name in FORMATS if name not in ("national", "catenax-code")]


def bind(desk, *aliases, counter=50, until=""):
    for n, alias in enumerate(aliases, counter):
        body = AliasBound(alias, until)
        about = {"author": "maker-1", "stream": "alias", "counter": n, "t_ns": parts.T0}
        assert desk.submit(parts.signed(body, key=parts.MAKER, **about)).status_code == 200


@pytest.fixture
def keyed(told):
    bind(told, GIAI, KEY)
    return told


def places_of(document, value):
    return [path for path, one in leaves(json.loads(document)) if one == value]


@pytest.mark.parametrize("name", HELD)
def test_a_key_is_the_unique_identifier_as_a_digital_link(keyed, name):
    document = written(keyed, name)
    found = places_of(document, LINK)
    assert found
    if name in PLACES:
        assert any(path.endswith(PLACES[name]) for path in found), found
    if name == "idta":
        assert (
            json.loads(document)["assetAdministrationShells"][0]["assetInformation"][
                "globalAssetId"
            ]
            == LINK
        )


@pytest.mark.parametrize("name", HELD)
def test_without_a_key_a_document_is_as_it_was(told, name):
    assert "id.gs1.org" not in written(told, name).decode()
    assert parts.CODE in written(told, name).decode()


@pytest.mark.parametrize("name", HELD)
def test_both_names_come_back(keyed, name):
    content = read_document(written(keyed, name))
    assert content.unit == parts.PACK
    if name == "epcis":  # whose signed facts bind the key themselves
        bodies = [signed.read().body for signed in content.events]
        assert AliasBound(KEY) in bodies
    else:
        assert content.further == (KEY,)
        assert content.data["unit_id"].value == parts.CODE


# Catena-X has no place for the CAS number that a statement on a substance needs.
@pytest.mark.parametrize("name", [one for one in HELD if one not in ("epcis", "catenax")])
def test_another_bridge_binds_the_key_once(keyed, tmp_path, name):
    content = read_document(written(keyed, name))
    other = SqliteStore(tmp_path / "other.sqlite")
    bodies = [body for _, body in continued(other, content)]
    assert [body for body in bodies if isinstance(body, AliasBound)] == [AliasBound(KEY)]
    again = [body for _, body in continued(keyed.store, content)]
    assert not any(isinstance(body, AliasBound) for body in again)
    other.close()


def test_the_link_leads_to_this_pack_by_our_own_resolver(keyed):
    answer = keyed.get(LINK.removeprefix("https://id.gs1.org"), follow_redirects=False)
    assert answer.status_code == 307
    assert read_text(LINK).unit == KEY
    assert answer.headers["location"].endswith("/packs/gs1%3A09506000134352.AB%2F12")


def test_of_several_keys_the_gtin_counts_and_one_that_is_over_does_not(told):
    state = lambda: told.context.packs.state(parts.PACK)  # noqa: E731
    assert link_of(state()) == ""
    bind(told, GIAI)
    assert link_of(state()) == "https://id.gs1.org/8004/4012345XY"
    bind(told, KEY, counter=60, until=format_time(parts.T0 + parts.HOUR))
    assert link_of(state()) == "https://id.gs1.org/8004/4012345XY"
    bind(told, UnitRef("gs1", "09506000134352.C7"), counter=70)
    assert link_of(state()) == "https://id.gs1.org/01/09506000134352/21/C7"


def test_a_pack_that_was_registered_under_its_key_goes_by_it_alone(desk):
    desk.submit(parts.registered(KEY).signed)
    document = json.loads(written(desk, "batterypass", unit=KEY))
    assert document["generalProductInformation"]["productIdentifier"] == LINK
    content = read_document(written(desk, "batterypass", unit=KEY))
    assert (content.unit, content.further) == (KEY, ())
    codes = json.loads(written(desk, "catenax", unit=KEY))["identification"]["identification"]
    assert codes["codes"][0] == {"key": "GS1", "value": str(KEY)}


def test_the_passport_itself_keeps_its_name(keyed, told):
    assert passport(keyed).id == passport(told).id
    assert passport(keyed).data["unit_id"].value == parts.CODE


@pytest.mark.real_data
@pytest.mark.parametrize("aspect", BATTERYPASS)
def test_battery_pass_stays_valid(keyed, schema, aspect):
    document = json.loads(written(keyed, "batterypass"))
    validator = Draft4Validator(schema(f"batterypass/{BATTERYPASS[aspect]}.schema.json"))
    assert problems(validator, document[aspect], ("elfDischarg",)) == []


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "file", "validator", "but"),
    [
        (
            "batterypass-ready",
            "batterypass-ready/EV",
            Draft202012Validator,
            ("EvolutionOfSelf-dischargeRates",),
        ),
        (
            "catenax",
            "catenax/BatteryPass-6.1.0",
            Draft4Validator,
            ("'selfDischargingRate' is a required",),
        ),
    ],
)
def test_the_others_stay_valid(keyed, schema, name, file, validator, but):
    document = json.loads(written(keyed, name))
    assert problems(validator(schema(f"{file}.schema.json")), document, but) == []


@pytest.mark.real_data
def test_events_and_credentials_stay_valid(keyed, schema):
    events = Draft7Validator(schema("epcis/EPCIS-JSON-Schema.json"))
    assert problems(events, json.loads(written(keyed, "epcis"))) == []
    credential = json.loads(written(keyed, "credential"))
    assert Draft202012Validator(schema("vc/verifiable-credential-schema.json")).is_valid(credential)
