"""From a GS1 key to a pack: syntax, link types, linksets, and what a browser of others may ask."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.web import application, guarded
from packtrail.codes.gs1 import Gs1Key, key_of, read_path, read_text
from packtrail.codes.gs1_compressed import decompressed
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


SHORT = {
    "AQnYUc1gmg": ("01", "05412345000013", ""),
    "AQnYUc1gmiCNV4JG": ("01", "05412345000013", ""),
    "AQnYUc1gmkIXDU-iun": ("01", "05412345000013", "72292641703"),
    "AQnYUc1gmiCNV4JGQhcNT6K6c": ("01", "05412345000013", "72292641703"),
    "AQnYUc1gmiCNV4JGQhcNT6K6cibQCWN9Pee9tT-PQ": ("01", "05412345000013", "72292641703"),
    "AQnYUc1gmkIXDU-iunIm0AljfT3nvbU_j0": ("01", "05412345000013", "72292641703"),
    "AQnYUc1gmkax7ipGrOHDPC5YNI8hMz": ("01", "05412345000013", ""),
    "gAMJCAXukTMA": ("8003", "04965031954585", ""),
    "gASXYNWjFkzaNWbdk5YQWjFNHkcODNm": ("8004", "0541234537290A41&GHpp33", ""),
    "cEB2CqjAAkuwatGLJm0as27JywgtGKaPI4cGbM": ("8004", "0541234537290A41&GHpp33", ""),
    "01/05412345000013/IQuGp9FdO": ("01", "05412345000013", "72292641703"),
    "01/05412345000013/EEarwSMhC4an0V04": ("01", "05412345000013", "72292641703"),
    "01/05412345000013/EEarwSM": ("01", "05412345000013", ""),
    "8004/0541234537290A41%26GHpp33/cEB2Cqi": ("8004", "0541234537290A41&GHpp33", ""),
}
"""Compressed forms that GS1 gives as examples of its toolkit, and what they stand for."""
OTHERS = {
    "AN2yxDhfaiaw": {"00": "998440410914660971"},
    "JTLIetaiHYA": {"253": "3060077601309"},
    "JUa0T-eifdtOO9UFEmlYwv3Q": {"254": "RP56J920471", "414": "5060917510004"},
    "QUSaVjC_dHBAVlCrg": {"414": "5060917510004", "7040": "5KFX"},
    "gBCVYNWjFkzaNWbdk5YQWjFHHkM2cAI0xdvpGo": {
        "8010": "0541234537290A41#GH33",
        "8011": "6639047221",
    },
    "gBN05060917511473062B98T": {"8013": "5060917511473062B98T"},
    "gBhbV6rzBENPmAGXPRfk": {"8018": "411369833821910265", "8019": "4003812"},
}
"""Of keys that no pack has."""


@pytest.mark.parametrize("path", SHORT)
def test_a_compressed_link_is_the_key_that_it_stands_for(path):
    assert read_path(path) == Gs1Key(*SHORT[path])
    serial = SHORT[path][2] or SHORT[path][0] != "01"
    for stem in ("https://id.example", "http://brand.example/some/where"):
        found = read_text(f"{stem}/{path}?linkType=gs1:dpp")
        if path.count("/") == 0:
            assert found == (Gs1Key(*SHORT[path]) if serial else None)


@pytest.mark.parametrize("segment", OTHERS)
def test_other_keys_are_read_over_or_told_to_be_none_of_ours(segment):
    assert decompressed(segment) == OTHERS[segment]
    with pytest.raises(CodeError):
        read_path(segment)


class Packed:
    """Writes bits as the standard's compression does; the tests' own."""

    def __init__(self):
        self.bits = ""

    def put(self, number, count):
        self.bits += f"{number:0{count}b}"
        return self

    def text(self, value, length_bits):
        self.put(4, 3).put(len(value), length_bits)
        for character in value:
            self.put(ord(character), 7)
        return self

    @property
    def segment(self):
        padded = self.bits + "0" * (-len(self.bits) % 6)
        return "".join(SAFE_64[int(padded[at : at + 6], 2)] for at in range(0, len(padded), 6))


SAFE_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


@given(st.text(SET_82, min_size=1, max_size=20))
def test_any_serial_survives_compression(serial):
    packed = Packed().put(0x0C, 8).put(int(GTIN), 47).text(serial, 5)
    assert read_path(packed.segment) == Gs1Key("01", GTIN, serial)
    # Somebody else's key and value, `k1=v1`, is read over.
    packed.put(0xF, 4).put(2, 7).put(SAFE_64.index("k"), 6).put(SAFE_64.index("1"), 6)
    packed.put(3, 3).put(2, 7).put(SAFE_64.index("v"), 6).put(SAFE_64.index("1"), 6)
    assert read_path(packed.segment) == Gs1Key("01", GTIN, serial)


def test_a_scan_of_a_compressed_link_leads_to_the_packs_page(told):
    short = "/" + Packed().put(0x0C, 8).put(int(GTIN), 47).text("AB12", 5).segment
    answer = ask(told, short)
    assert (answer.status_code, answer.headers["location"]) == (307, PAGE)
    assert answer.links["linkset"]["url"] == f"http://testserver{LINK}?linkType=linkset"
    assert ask(told, short, "HEAD").headers["location"] == PAGE
    assert ask(told, short, "OPTIONS").status_code == 204
    (context,) = ask(told, f"{short}?linkType=linkset").json()["linkset"]
    assert context["anchor"] == f"http://testserver{LINK}"
    behind = f"/01/{GTIN}/" + Packed().put(0x21, 8).text("AB12", 5).segment
    assert ask(told, behind).headers["location"] == PAGE
    dpp = ask(told, f"{short}?linkType=gs1:dpp", Accept="application/vc")
    assert dpp.headers["location"].endswith("/export/credential")
    assert ask(told, "/AQnYUc1gmkIXDU-iun").status_code == 404
    grai = Packed().put(0x8003, 16).put(int("04012345678901"), 47).text("B7", 5).segment
    assert ask(told, f"/{grai}").headers["location"].endswith("gs1%3A8003.04012345678901B7")


HOSTILE = [
    "A" * 300,
    "A" * 100_000,
    "_" * 300,
    "8" * 300,
    "AQ",
    "AQnYUc1gm",
    "AQnYUc1gmhCNV4JGAQnYUc1gmg",
    Packed().put(0x0C, 8).put(10**14, 47).text("AB", 5).segment,
    Packed().put(0x0C, 8).put(int(GTIN), 47).put(7, 3).put(2, 5).put(0, 14).segment,
    Packed().put(0x0C, 8).put(int(GTIN), 47).put(0, 3).put(31, 5).put(0, 103).segment,
    Packed().put(0x01, 8).put(int(GTIN), 47).put(0x01, 8).put(int(GTIN), 47).segment,
    Packed().put(0x01, 8).put(int(GTIN), 47).put(0x8004, 16).text("4012345", 5).segment,
    Packed().put(0xE0, 8).put(0, 64).segment,
    Packed().put(0x77, 8).put(0, 64).segment,
    Packed().put(0x0C, 8).put(int(GTIN), 47).text("A\x00B", 5).segment,
]


@pytest.mark.parametrize("segment", HOSTILE, ids=range(len(HOSTILE)))
def test_what_only_looks_like_a_compressed_link_is_an_unknown_address(told, segment):
    began = time.perf_counter()
    with pytest.raises(CodeError):
        read_path(segment)
    assert time.perf_counter() - began < 0.1
    if len(segment) <= 300:
        assert ask(told, f"/{segment}").status_code == ask(told, "/nowhere").status_code == 404
        partial = ask(told, f"/01/{GTIN}/{segment}")
        assert partial.status_code in (400, 404)


@pytest.mark.parametrize("path", ["/docs", "/health", "/stations", "/metrics", "/login"])
def test_our_own_addresses_are_what_they_were(told, path):
    assert ask(told, path, "HEAD").status_code in (404, 405)
    assert ask(told, "/nowhere", "POST").status_code == 404


@given(st.text("ABCabgQIJKLEGHcdefh0189-_", min_size=6, max_size=60))
def test_any_word_of_the_alphabet_is_a_key_or_refused(text):
    try:
        found = read_path(text)
    except CodeError:
        return
    assert read_path(found.path) == found


@given(st.text(max_size=60))
def test_no_text_brings_the_reader_down(text):
    assert read_text(text) is None
    with pytest.raises(CodeError):
        read_path(text)
