"""Passports: nothing invented, valid in the formats of others, and back without loss."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator

from cloud_bridge.exports import POINTS, Access, Missing, Source, gather, passport_of
from cloud_bridge.exports.credential import issuer_of, passport_in, secured
from cloud_bridge.exports.formats import EVERYTHING, FORMATS, read_document
from cloud_bridge.exports.making import prepared
from cloud_bridge.exports.multibase import base58, did_of, from_base58
from packtrail.command import run_line
from packtrail.errors import CodecError
from packtrail.estimate import Interval
from packtrail.event import ConditionCommitted, UnitRef
from packtrail.record import Kind
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts, passport_story
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.test_fold import estimate


@pytest.fixture
def schema(real_data):
    """A published schema by its file's name."""

    def read(name):
        return json.loads((real_data / "passport" / name).read_text("utf-8"))

    return read


@pytest.fixture
def told(desk):
    """Everything stated and measured."""
    assert desk.submit(*passport_story.statements()).status_code == 200
    desk.receive(*passport_story.life(parts.PlayedGateway()))
    return desk


def written(desk, name, unit=parts.PACK, allowed=EVERYTHING):
    ready = prepared(desk.store, unit, NOW, key=parts.AUTHORITY, allowed=allowed)
    return FORMATS[name].write(ready)


def passport(desk, unit=parts.PACK):
    return passport_of(gather(desk.store, unit))


def test_the_table_holds_every_data_point_of_the_guidance_that_is_to_be_filled():
    numbers = {number for point in POINTS.values() for number in point.ec}
    # 16 is told by 12, 13 and 15.
    assert numbers == set(range(1, 72)) - {16}
    assert all(point.en and point.zh and point.en != point.zh for point in POINTS.values())
    dynamic = {number for point in POINTS.values() if point.dynamic for number in point.ec}
    assert dynamic == set(range(51, 72))


def test_every_dynamic_point_of_an_electric_vehicle_is_filled_without_typing(told):
    found = passport(told)
    wanted = {key for key, point in POINTS.items() if point.dynamic and point.applies("ev")}
    assert wanted - set(found.data) == set()
    assert found.missing == {}
    for key in wanted:
        datum = found.data[key]
        assert datum.as_of, key
        assert datum.source is not Source.STATED, key
        assert datum.unit == POINTS[key].unit or key == "negative_events", key
    capacity = found.data["remaining_capacity_ah"]
    assert capacity.source is Source.COMPUTED
    assert capacity.low < capacity.value < capacity.high
    assert capacity.method == "counting/1"


def test_figures_are_those_of_the_evidence(told):
    data = {key: datum.value for key, datum in passport(told).data.items()}
    # 6 days of 278 Ah, and 2 h at 130 A for three quarters of the time.
    ride_ah = 2 * 130 * 0.75
    assert data["capacity_throughput_ah"] == pytest.approx(6 * 278 + ride_ah, rel=0.01)
    assert data["full_cycles"] == pytest.approx(data["capacity_throughput_ah"] / 300, abs=1e-3)
    assert data["resistance_now_ohm"] == pytest.approx(0.1, rel=0.02)
    assert data["resistance_increase_pct"] == pytest.approx(100 * (0.1 / 0.09 - 1), abs=2.5)
    assert data["soce_pct"] == pytest.approx(
        100 * data["remaining_capacity_ah"] * 345.6 / 1000 / 50, abs=0.01
    )
    assert data["deep_discharges"] == 1
    assert data["overcharges"] == 0
    assert data["status"] == "original"
    # 3 of 20 h a day are at or below 0 degC by the counters.
    assert data["temperature_minutes"]["below"] == pytest.approx(6 * 2 * 60, abs=1)
    assert data["efficiency_now_pct"] < 100


def test_what_nobody_said_is_missing_with_its_reason(desk):
    desk.submit(parts.registered().signed)
    found = passport(desk)
    assert found.missing["manufacturer"] is Missing.NOT_STATED
    assert found.missing["remaining_capacity_ah"] is Missing.NOT_ENOUGH_DATA
    assert "self_discharge_now_pct_month" not in found.missing
    assert set(found.data).isdisjoint(found.missing)
    assert set(found.data) | set(found.missing) == {
        key for key, point in POINTS.items() if point.applies("ev")
    }
    document = json.loads(written(desk, "batterypass"))
    assert "manufacturerInformation" not in document["generalProductInformation"]
    reasons = {one["target"]: one["reason"] for one in document["notFilled"]}
    name = "generalProductInformation.manufacturerInformation.contactName"
    assert reasons[name] == "not_stated"


def test_a_reference_that_is_missing_is_said_to_be(desk):
    desk.submit(passport_story.registered())
    desk.receive(*passport_story.life(parts.PlayedGateway()))
    found = passport(desk)
    assert "resistance_now_ohm" in found.data
    assert found.missing["resistance_increase_pct"] is Missing.NO_REFERENCE


def committed(soce=None, **more):
    told_so = msgspec.structs.replace(estimate(0.9), soce=soce, **more)
    return ConditionCommitted(told_so)


def test_the_estimators_own_state_of_certified_energy_goes_before(desk):
    desk.submit(passport_story.registered())
    gateway = parts.PlayedGateway()
    soce = Interval(0.871, 0.84, 0.9)
    desk.receive(gateway.tell(committed(soce, certified_kwh=50.0), kind=Kind.HEALTH))
    found = passport(desk).data["soce_pct"]
    assert (found.value, found.low, found.high) == (87.1, 84.0, 90.0)
    assert "UN GTR 22" in found.note


def test_a_rating_is_no_certificate(desk):
    body = msgspec.structs.replace(parts.REGISTRATION, energy_kwh=51.84)
    desk.submit(passport_story.told(body, 1))
    desk.receive(parts.PlayedGateway().tell(committed(), kind=Kind.HEALTH))
    found = passport(desk)
    assert "remaining_energy_kwh" in found.data
    assert found.missing["soce_pct"] is Missing.NO_REFERENCE


def test_a_stranger_may_not_write_the_sheet_of_a_model(told):
    before = passport(told).data["manufacturer"]
    assert before.value["name"] == "Maker Co."
    assert before.events
    body = msgspec.structs.replace(passport_story.SHEET, mass_kg=1.0)
    answer = told.submit(
        passport_story.told(body, 1, unit=None, key=parts.STATION, author="station-1")
    )
    assert answer.status_code == 422
    assert passport(told).data["mass_kg"].value == 362.0


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


@pytest.mark.real_data
def test_credentials_are_valid(told, schema):
    document = json.loads(written(told, "credential"))
    Draft202012Validator(schema("vc/verifiable-credential-schema.json")).validate(document)


def test_a_credential_brings_everything_back(told):
    content = read_document(written(told, "credential"))
    assert content.issuer.startswith("did:key:z6Mk")
    assert content.data == passport(told).data
    assert passport_in(json.loads(written(told, "credential"))) == passport(told)


@pytest.mark.parametrize("where", ["credentialSubject", "validFrom", "@context", "issuer", "proof"])
def test_a_changed_credential_is_refused(told, where):
    document = json.loads(written(told, "credential"))
    if where == "proof":
        document["proof"]["created"] = "2020-01-01T00:00:00Z"
    elif where == "credentialSubject":
        document[where]["passport"]["data"]["soc_pct"]["value"] += 1
    elif where == "@context":
        document[where].append("https://elsewhere.example/")
    else:
        document[where] = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ5XJPt4swbTQ2"
    with pytest.raises(CodecError, match=r"proof|issuer"):
        issuer_of(document)


W3C = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
    ],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}


def test_proofs_are_those_of_the_suite():
    """Key, document and proof of W3C vc-di-eddsa, representation eddsa-jcs-2022."""
    multikey = from_base58("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")
    key = SigningKey.from_seed(multikey.removeprefix(bytes([0x80, 0x26])))
    assert did_of(key.public) == "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    assert secured(W3C, key, "2023-02-24T23:36:38Z")["proof"]["proofValue"] == (
        "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    )


@given(st.binary(max_size=80))
def test_base58_comes_back(data):
    assert from_base58(base58(data)) == data


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


def leaves(value, path=""):
    if isinstance(value, dict):
        for name, one in value.items():
            if name != "notFilled":
                yield from leaves(one, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from leaves(one, f"{path}/{at}")
    else:
        yield path, value


def bare(document):
    """Without what is missing, and without the one value that a target cannot hold whole."""
    found = {k: v for k, v in json.loads(document).items() if k != "notFilled"}
    found.get("generalProductInformation", {}).pop("warrentyPeriod", None)
    return found


@pytest.fixture
def settings(told, tmp_path):
    """The same store as a person at the terminal finds it."""
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    parts.MAKER.save(tmp_path / "maker.pem")
    file = tmp_path / "bridge.toml"
    file.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    return str(file)


def test_a_passport_is_written_at_the_terminal(settings, tmp_path, capfd):
    out = tmp_path / "pack.json"
    line = ["id", "export", parts.CODE, "--format", "batterypass", "--settings", settings]
    assert run_line([*line, "--out", str(out)]) == 0
    told = capfd.readouterr()
    assert str(out) in told.out
    assert "0 missing" in told.err
    assert json.loads(out.read_bytes())["generalProductInformation"]["batteryMass"] == 362.0
    assert run_line(line) == 0
    assert json.loads(capfd.readouterr().out) == json.loads(out.read_bytes())


def test_a_foreign_passport_goes_on_here(told, settings, tmp_path, capfd):
    """A document of another bridge: first looked at, then put on record, then written again."""
    document = json.loads(written(told, "batterypass"))
    other = "0B1PB000000000F390000009"
    document["generalProductInformation"]["productIdentifier"] = other
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(document))
    line = ["id", "import", str(file), "--settings", settings]
    assert run_line(line) == 0
    assert "nothing was recorded" in capfd.readouterr().out
    line += ["--author", "maker-1", "--key", str(tmp_path / "maker.pem")]
    assert run_line(line) == 0
    assert "2 events recorded" in capfd.readouterr().out
    unit = UnitRef("gbt34014", other)
    found, before = passport(told, unit), passport(told)
    assert found.data["soc_pct"].source is Source.CLAIMED
    assert found.data["soc_pct"].value == before.data["soc_pct"].value
    assert found.data["manufacturer"].value["name"] == "Maker Co."
    again = bare(written(told, "batterypass", unit))
    theirs = bare(json.dumps(document).encode())
    # Another code is another passport; what is our own stands before what was claimed.
    for one in (again, theirs):
        one["generalProductInformation"].pop("batteryPassportIdentifier")
        one["performanceAndDurability"]["batteryCondition"].pop("negativeEvents")
    assert again == theirs


def test_nobody_puts_a_passport_on_record_with_a_key_that_is_not_trusted(
    told, settings, tmp_path, capfd
):
    parts.STRANGER.save(tmp_path / "stranger.pem")
    file = tmp_path / "foreign.json"
    file.write_bytes(written(told, "batterypass"))
    line = ["id", "import", str(file), "--settings", settings, "--author", "maker-1"]
    before = told.store.size()
    assert run_line([*line, "--key", str(tmp_path / "stranger.pem")]) == 1
    assert "refused" in capfd.readouterr().out
    assert told.store.size() == before


def test_a_document_that_is_none_is_one_clear_line(settings, tmp_path, capfd):
    file = tmp_path / "no.json"
    file.write_text("{}")
    assert run_line(["id", "import", str(file), "--settings", settings]) == 2
    assert "formats that come back" in capfd.readouterr().err


def test_anybody_sees_the_public_points_and_that_others_are_withheld(told):
    answer = told.get(f"/api/v1/packs/{parts.CODE}/export/batterypass")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert "batteryCondition" not in document["performanceAndDurability"]
    assert document["generalProductInformation"]["batteryMass"] == 362.0
    assert {"target", "point", "reason"} == set(document["notFilled"][0])
    assert "withheld" in {one["reason"] for one in document["notFilled"]}
    hidden = {key for key, point in POINTS.items() if point.access is not Access.PUBLIC}
    shown = read_document(answer.content).data
    assert shown
    assert hidden.isdisjoint(shown)


def test_the_api_answers_each_format_with_its_type_and_refuses_others(told):
    for form in FORMATS.values():
        answer = told.get(f"/api/v1/packs/{parts.CODE}/export/{form.name}")
        expected = 422 if form.name == "credential" else 200
        assert answer.status_code == expected, form.name
        if expected == 200:
            assert answer.headers["content-type"].startswith(form.media)
    assert told.get(f"/api/v1/packs/{parts.CODE}/export/word").status_code == 404
    unknown = UnitRef("maker_serial", "nobody")
    assert told.get(f"/api/v1/packs/{unknown}/export/batterypass").status_code == 404


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"credentialSubject": 3}', b"\xff\xfe", b"[" * 9]
)
def test_what_is_no_document_is_refused(data):
    with pytest.raises(CodecError):
        read_document(data)
