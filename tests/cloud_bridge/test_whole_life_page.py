"""The pack's page tells every kind of event, in both languages, and marks the likely culprit."""

import pytest

from cloud_bridge.fold import Told
from cloud_bridge.pages.story import line_of
from cloud_bridge.store import Fact
from packtrail import event as e
from packtrail.language import Text
from tests.cloud_bridge import parts
from tests.packtrail import vocabulary


@pytest.mark.parametrize("event", vocabulary.events(), ids=lambda event: event.type)
def test_each_type_of_event_is_said_in_both_languages(event):
    told = Told("0" * 64, event)
    said = Text(*(line_of(told, event.unit, language, set()).text for language in ("en", "zh")))
    assert said.en != said.zh
    assert event.type not in said.zh


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_life_to_its_end_is_shown_with_its_culprit(desk, language):
    story = [
        e.UnitRetired("capacity", 362.0),
        e.RecoveryReceived("outlet-9"),
        e.UnitDisassembled(362.0, children_kg=360.0, loss_kg=2.0),
        e.PackInstalled(vehicle=parts.CAR),
    ]
    facts = [
        parts.fact(body, t_ns=parts.T0 + n * parts.HOUR, counter=n)
        for n, body in enumerate(story, start=1)
    ]
    desk.store.append([parts.registered(), *facts], parts.T0)
    page = desk.get(f"/packs/{parts.CODE}", headers={"Accept-Language": language}).text
    assert ("most likely wrong" if language == "en" else "最可能有误") in page
    assert ("taken apart" if language == "en" else "已拆解") in page


def test_a_product_has_a_page_of_its_own(desk):
    product = e.UnitRef("gbt34014", "001PB24F3A0000123RP")
    body = e.ProductAssembled((parts.PACK,), "lfp", 100.0, 48.0, use="tower")
    said: Fact = parts.fact(body, unit=product)
    desk.store.append([said], parts.T0)
    assert desk.get(f"/packs/{product.id}").status_code == 200
    assert desk.get("/").status_code == 200
    assert desk.get(f"/api/v1/packs/{product.id}").json()["state"]["lifecycle"] == "registered"
