"""The ways a passport leaves and comes: the terminal and the API."""

from __future__ import annotations

import json

from cloud_bridge.exports import POINTS, Access, Source
from cloud_bridge.exports.formats import FORMATS, read_document
from packtrail.command import run_line
from packtrail.event import UnitRef
from tests.cloud_bridge import parts
from tests.cloud_bridge.exporting import bare, passport, settings, told, written

__all__ = ["settings", "told"]


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
