"""The appraisal: from the digital ID to gates, grades, value, a page and a certificate."""

from __future__ import annotations

import json

import pytest

from cloud_bridge.api.packs import known_unit
from cloud_bridge.appraisal.certificate import certificate_of, check_certificate
from cloud_bridge.settings import BridgeSettings
from packtrail import event as e
from packtrail.command import run_line
from packtrail.settings import load
from tests.cloud_bridge import parts
from tests.cloud_bridge.appraising import estimate
from tests.cloud_bridge.conftest import NOW

DAY_NS = 24 * parts.HOUR


def test_a_sound_pack_is_graded_and_worth_something(shop):
    _, tell, ask = shop
    tell(e.ConditionCommitted(estimate()))
    found = ask().json()
    assert found["decision"]["decided"] == "vehicle"
    assert found["holds"] == []
    assert found["facts"]["nominal_kwh"] == pytest.approx(150 * 345.6 / 1000)
    best = found["decision"]["value"]["best"]
    assert 0 < best["low"] < best["value"] < best["high"]
    assert found["events"][0] != found["events"][1]


def test_an_uninspected_precursor_of_thermal_runaway_stops_it(shop):
    _, tell, ask = shop
    tell(e.ConditionCommitted(estimate()))
    alarm = e.IncidentRecorded("thermal_runaway_precursor", "danger")
    tell(alarm)
    found = ask().json()
    assert found["decision"]["decided"] == "recycle"
    assert "thermal_runaway_precursor" in found["decision"]["gates"]


def test_a_contested_record_holds_the_decision_up(shop):
    desk, tell, ask = shop
    tell(e.ConditionCommitted(estimate()))
    tell(e.IdentityContested(place=parts.SLOT, problem="sources_disagree"))
    found = ask().json()
    assert found["holds"] == ["contested"]
    assert found["decision"]["decided"] is None
    assert found["decision"]["probabilities"]["vehicle"] > 0.9
    page = desk.get(f"/packs/{parts.CODE}/certificate?lang=zh").text
    assert "暂缓，请先处理：记录自相矛盾" in page


@pytest.mark.parametrize(("lang", "words"), [("en", "Fit for"), ("zh", "适用于：车用或维修")])
def test_the_page_shows_the_conclusion_the_value_and_what_it_rests_on(shop, lang, words):
    desk, tell, _ = shop
    tell(e.ConditionCommitted(estimate()))
    page = desk.get(f"/packs/{parts.CODE}/certificate?lang={lang}")
    assert page.status_code == 200
    assert words in page.text
    assert "ab" * 32 in page.text
    assert "did:key:" in page.text
    assert {"en": "self-discharge of a cell", "zh": "单体自放电"}[lang] in page.text, "not measured"
    assert words in desk.get(f"/packs/{parts.CODE}?lang={lang}").text


def test_new_prices_count_without_a_restart(shop):
    desk, tell, ask = shop
    tell(e.ConditionCommitted(estimate()))
    before = ask().json()["decision"]["value"]["reuse"]["value"]
    file = desk.folder / "prices.toml"
    file.write_text(file.read_text("utf-8").replace("= 600.0 ", "= 1200.0 "), "utf-8")
    assert ask().json()["decision"]["value"]["reuse"]["value"] > 2 * before
    file.write_text("nonsense = 1", "utf-8")
    answer = ask()
    assert answer.status_code == 422
    assert "prices.toml" in answer.json()["detail"]


def test_what_cannot_be_appraised_says_why(shop):
    desk, _, ask = shop
    answer = ask(headers={"Accept-Language": "zh"})
    assert answer.status_code == 422
    assert "没有任何健康状态报告" in answer.json()["detail"]
    page = desk.get(f"/packs/{parts.CODE}/certificate?lang=en")
    assert page.status_code == 404
    assert "nothing was ever told of its health" in page.text
    assert "/certificate" not in desk.get(f"/packs/{parts.CODE}?lang=en").text


def test_a_bridge_without_policy_and_prices_says_so(desk):
    desk.submit(parts.registered().signed)
    answer = desk.get(f"/api/v1/packs/{parts.CODE}/appraisal")
    assert answer.status_code == 404
    assert "[appraisal]" in answer.json()["detail"]


@pytest.fixture
def document(shop):
    _, tell, ask = shop
    tell(e.ConditionCommitted(estimate()))
    return ask("certificate").json()


def faults(document, key=parts.AUTHORITY.public, now_ns=NOW):
    return {
        one.name: one.faults for one in check_certificate(document, key, now_ns)[1] if one.faults
    }


def test_a_certificate_is_sound_for_its_time_and_for_its_issuer(document):
    assert faults(document) == {}
    assert list(faults(document, key=parts.STRANGER.public)) == ["issuer"]
    assert list(faults(document, now_ns=NOW + 31 * DAY_NS)) == ["validity"]
    assert list(faults(document, now_ns=NOW - parts.HOUR)) == ["validity"]


def test_any_change_of_a_certificate_is_found(document):
    text = json.dumps(document)
    for old, new in (
        ('"decided": "vehicle"', '"decided": "stationary"'),
        ('"life": 1', '"life": 2'),
        (document["validUntil"], document["validUntil"].replace("2026", "2036")),
        (parts.CODE, parts.OTHER_CODE),
    ):
        changed = json.loads(text.replace(old, new))
        assert changed != document
        assert "issuer" in faults(changed)
    assert "appraisal" in faults(document | {"credentialSubject": {"id": "x"}})
    assert "issuer" in faults({k: v for k, v in document.items() if k != "proof"})


def test_the_command_appraises_certifies_and_verifies(shop, tmp_path, capsys):
    desk, tell, _ = shop
    tell(e.ConditionCommitted(estimate(0.80, 0.05)))
    desk.store.close()
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    assert run_line(["bridge", "init", str(tmp_path)]) == 0
    settings = tmp_path / "bridge.toml"
    before, mark, after = settings.read_text("utf-8").partition("# [appraisal]")
    for name in ("policy", "prices"):
        after = after.replace(f"# {name} =", f"{name} =", 1)
    settings.write_text(before + mark.removeprefix("# ") + after, "utf-8")
    path = load(BridgeSettings, settings).store.path
    (tmp_path / "bridge.sqlite").rename(path)
    capsys.readouterr()
    out = tmp_path / "certificate.json"
    line = ["id", "appraise", parts.CODE, "--settings", str(settings), "--out", str(out)]
    assert run_line(line) == 0
    said = capsys.readouterr().out
    assert "Not decided: test first" in said
    assert "example figures" in said
    assert "self-discharge of a cell: not done; limit 0.5 [provisional]; rest 24 h" in said
    assert "no reuse standard found" in said
    verify = ["id", "verify", str(out)]
    assert run_line([*verify, "--key", parts.AUTHORITY.public.text]) == 0
    assert "sound" in capsys.readouterr().out
    assert run_line([*verify, "--key", parts.STRANGER.public.text]) == 1
    assert run_line(verify) == 2


def test_a_certificate_has_one_id_for_one_content(shop):
    desk, tell, _ = shop
    tell(e.ConditionCommitted(estimate()))
    context = desk.context
    unit = known_unit(context, parts.CODE)
    found = context.appraiser.appraise(context.packs, unit, NOW)
    first, second = (certificate_of(found, parts.AUTHORITY, 30) for _ in range(2))
    assert first == second
    later = context.appraiser.appraise(context.packs, unit, NOW + DAY_NS)
    assert certificate_of(later, parts.AUTHORITY, 30)["id"] != first["id"]
