"""From a GS1 key to a pack: syntax, link types, linksets, and what a browser of others may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.web import application, guarded
from packtrail.codes.gs1 import Gs1Key, key_of, read_path, read_text
from packtrail.errors import CodeError
from packtrail.event import AliasBound, UnitRef
from tests.cloud_bridge import parts

GTIN = "04012345678901"
ODD = "A/1%?é"[:4]
LINK = f"/01/{GTIN}/21/AB12"
NAME = f"gs1%3A{GTIN}.AB12"
PAGE = f"http://testserver/packs/{NAME}"
LINKSET = "application/linkset+json"


@pytest.fixture
def told(desk):
    desk.submit(parts.registered().signed)
    for n, name in enumerate((f"{GTIN}.AB12", f"{GTIN}.{ODD}", "8003.04012345678901B7"), 2):
        body = AliasBound(UnitRef("gs1", name))
        fact = parts.fact(body, key=parts.MAKER, author="maker-1", stream="erp", counter=n)
        desk.submit(fact.signed)
    signing = application(replace(desk.context, proof_key=parts.AUTHORITY))
    desk.client = TestClient(guarded(signing, ("testserver",)))
    return desk


def ask(desk, path, method="GET", **headers):
    return desk.client.request(method, path, headers=headers, follow_redirects=False)


def test_a_scan_leads_to_the_packs_page(told):
    answer = ask(told, LINK)
    assert (answer.status_code, answer.headers["location"]) == (307, PAGE)
    assert answer.links["linkset"]["url"] == f"http://testserver{LINK}?linkType=linkset"
    assert answer.headers["access-control-allow-origin"] == "*"
    page = told.get(LINK, follow_redirects=True)
    assert page.status_code == 200
    assert f"{GTIN}.AB12" in page.text
    assert ask(told, f"{LINK}?lang=zh&linkType=gs1:pip").headers["location"] == f"{PAGE}?lang=zh"
    assert ask(told, LINK, "HEAD").headers["location"] == PAGE
    options = ask(told, LINK, "OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "path",
    [
        "/01/4012345678901/21/AB12",
        f"/01/{GTIN}/10/LOT7/21/AB12",
        f"/01/{GTIN}/22/2A/10/LOT7/21/AB12/",
        f"/01/{GTIN}/21/A%2F1%25",
        "/8003/04012345678901B7",
    ],
)
def test_a_key_may_be_written_in_more_than_one_way(told, path):
    answer = ask(told, path)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("http://testserver/packs/gs1%3A")
    assert told.get(path, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/01/04012345678902/21/AB12",
        "/01/0401/21/AB12",
        f"/01/{GTIN}/21/AB12/10/LOT7",
        f"/01/{GTIN}/21",
        f"/01/{GTIN}/21/{'A' * 21}",
        f"/01/{GTIN}/21/A%5CB",
        f"/01/{GTIN}/21/%E7%94%B5",
        f"/01/{GTIN}/99/AB12",
        "/01/",
        "/8003/14012345678901B7",
        "/8003/04012345678902B7",
        "/8004/AB12",
        "/8004/4012345/21/AB12",
    ],
)
def test_what_is_no_key_is_told_so(told, path):
    answer = ask(told, path, **{"Accept-Language": "zh"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]


def test_what_nobody_has_is_not_found(told):
    for path in (f"/01/{GTIN}/21/ZZ", f"/01/{GTIN}", "/8004/4012345XX"):
        assert ask(told, path).status_code == 404
    refused = ask(told, f"{LINK}?linkType=gs1:recipeInfo")
    assert refused.status_code == 404
    assert "gs1:traceability" in refused.json()["detail"]


def test_all_links_come_as_a_linkset(told):
    for answer in (
        ask(told, f"{LINK}?linkType=linkset"),
        ask(told, f"{LINK}?linkType=all"),
        ask(told, LINK, Accept=LINKSET),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, LINKSET)
        assert "json-ld#context" in answer.headers["link"]
        (found,) = answer.json()["linkset"]
        assert found["anchor"] == f"http://testserver{LINK}"
        (default,) = found["https://ref.gs1.org/voc/defaultLink"]
        assert (default["href"], default["hreflang"]) == (PAGE, ["en", "zh"])
        assert default["title*"][1] == {"value": "电池包页面", "language": "zh"}
        assert "https://ref.gs1.org/voc/certificationInfo" not in found, "it does not appraise"
    for kind, targets in found.items():
        for target in targets if kind != "anchor" else ():
            reached = told.get(target["href"], follow_redirects=False)
            assert reached.status_code == 200, kind
            assert reached.headers["content-type"].partition(";")[0] == target["type"]


@pytest.mark.parametrize("prefix", ["gs1:", "https://ref.gs1.org/voc/", "https://gs1.org/voc/"])
def test_of_several_links_the_media_type_decides(told, prefix):
    path = f"{LINK}?linkType={prefix}dpp"
    credential = ask(told, path, Accept="application/vc, text/html;q=0.5").headers["location"]
    assert credential.endswith("/export/credential")
    assert ask(told, path).headers["location"] == PAGE
    assert ask(told, path, Accept="application/json").headers["location"].endswith("batterypass")


def test_the_resolver_describes_itself(told):
    found = told.get("/.well-known/gs1resolver").json()
    assert found["resolverRoot"] == "http://testserver"
    assert found["supportedPrimaryKeys"] == ["01", "8003", "8004"]


SERIALS = st.text("!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz", min_size=1, max_size=20)


@given(SERIALS)
def test_any_serial_survives_path_and_name(serial):
    key = Gs1Key("01", GTIN, serial)
    assert read_path(key.path) == key
    assert key_of(key.unit) == key
    assert read_text(f"https://id.example/x{key.path}?lang=zh") == key


@given(st.text(max_size=60))
def test_no_text_brings_the_reader_down(text):
    assert read_text(text) is None
    with pytest.raises(CodeError):
        read_path(text)
