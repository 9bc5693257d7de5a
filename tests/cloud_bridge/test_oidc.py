"""People log in at a real OpenID Connect provider, a process of its own on loopback."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from cloud_bridge.access import Purpose, Reader
from cloud_bridge.errors import BridgeError
from cloud_bridge.login.oidc import ERRAND_NS, Errand
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.setup import check
from packtrail.settings import load
from tests.cloud_bridge.login_parts import house_over
from tests.cloud_bridge.running import settings_for
from tests.services import LOOPBACK, free_port, wait_for_port

BACK = "https://testserver/login/oidc/return"
GRANTS = [
    {"value": "yard", "role": "recycler", "purposes": ["triage", "trace"], "codes": ["02"]},
    {"value": "staff-no", "role": "operator", "purposes": ["audit"]},
]


@pytest.fixture(scope="module")
def issuer():
    port = free_port()
    program = Path(__file__).with_name("provider.py")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", program, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_port(port, process)
    yield f"http://{LOOPBACK}:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def client(issuer):
    """Id and secret of us at the provider."""
    content = {"redirect_uris": [BACK]}
    told = requests.post(f"{issuer}/oauth2/clients", json=content, timeout=10).json()
    return told["client_id"], told["client_secret"]


@pytest.fixture
def settings(issuer, client, monkeypatch):
    monkeypatch.setenv("PACKTRAIL_OIDC_SECRET", client[1])
    oidc = {"issuer": issuer, "client_id": client[0], "secret_env": "PACKTRAIL_OIDC_SECRET"}
    return LoginSettings.model_validate({"oidc": oidc | {"grant": GRANTS, "label": "Yard Ltd"}})


@pytest.fixture
def house(desk, tmp_path, settings):
    made = house_over(desk, tmp_path, settings)
    made.clock.ns = time.time_ns()
    return made


def at_provider(browser, sub: str = "anne-1", path: str = "/login/oidc?next=/duties", **more: str):
    """Go to the provider, say who one is; where it sends one back to."""
    there = browser.get(path)
    assert there.status_code == 303, there.text
    url = there.headers["location"]
    answer = requests.post(url, data={"sub": sub} | more, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_a_person_goes_to_the_provider_and_comes_back_as_what_his_groups_make_him(house):
    browser = house.browser()
    assert "Log in with Yard Ltd" in browser.get("/login").text
    answer = browser.get(path_of(at_provider(browser)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/duties")
    page = browser.get("/account").text
    assert "<h1>anne</h1>" in page
    assert "recyclers" in page
    assert "Another password" not in page
    bearer = house.gate.visitor(_scope(browser)).bearer
    assert (bearer.reader, bearer.mandate.role) == ("oidc anne", Reader.RECYCLER)
    assert bearer.mandate.purposes == (Purpose.TRIAGE, Purpose.TRACE)
    assert bearer.mandate.codes == ("02",)


def _scope(browser):
    held = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    return {
        "type": "http",
        "scheme": "https",
        "client": ("192.0.2.1", 1),
        "headers": [(b"cookie", held.encode())],
    }


def test_the_request_has_pkce_state_and_nonce(house):
    browser = house.browser()
    query = parse_qs(urlsplit(browser.get("/login/oidc").headers["location"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [BACK]
    again = parse_qs(urlsplit(browser.get("/login/oidc").headers["location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(query[name][0]) >= 32
        assert query[name] != again[name]


def test_who_has_no_role_here_is_told_so(house):
    browser = house.browser()
    answer = browser.get(path_of(at_provider(browser, "bob-1")))
    assert answer.status_code == 403
    assert "you have no role here" in answer.text
    assert browser.get("/account").status_code == 303


def test_who_was_not_sent_by_us_is_not_let_in(house):
    """Login CSRF: the answer of somebody else's login, or a state that was made up."""
    browser, other = house.browser(), house.browser()
    stolen = path_of(at_provider(other))
    assert browser.get(stolen).status_code == 403
    browser.get("/login/oidc")
    assert browser.get(stolen).status_code == 403
    own = path_of(at_provider(browser))
    assert browser.get(own.replace("state=", "state=x")).status_code == 403
    assert browser.get(own).status_code == 403, "an errand serves once"
    answer = browser.get(path_of(at_provider(browser)) + "&lang=zh")
    assert answer.status_code == 303
    assert "本次登录并非由此发起" in browser.get(own + "&lang=zh").text


def test_a_code_serves_once_and_an_errand_ends(house):
    browser = house.browser()
    url = path_of(at_provider(browser))
    held = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    assert browser.get(url).status_code == 303
    assert house.browser().get(url, headers={"Cookie": held}).status_code == 403
    late = path_of(at_provider(browser := house.browser()))
    house.clock.pass_(ERRAND_NS / 1e9 + 1)
    assert "took too long" in browser.get(late).text


def test_another_verifier_than_that_of_the_challenge_is_refused_by_the_provider(house):
    browser = house.browser()
    url = path_of(at_provider(browser))
    store = house.context.store
    with store._transaction() as rows:
        ((digest, content),) = rows.connection.execute("SELECT digest, content FROM errand")
        errand = msgspec.json.decode(content, type=Errand)
        forged = msgspec.structs.replace(errand, verifier="v" * 64)
        text = msgspec.json.encode(forged).decode()
        rows.connection.execute("UPDATE errand SET content = ? WHERE digest = ?", (text, digest))
    answer = browser.get(url)
    assert answer.status_code == 403
    assert "invalid_grant" in answer.text


def test_somebody_who_says_no_at_the_provider_is_back_at_our_login(house):
    browser = house.browser()
    answer = browser.get(path_of(at_provider(browser, action="deny")))
    assert answer.status_code == 403
    assert "the provider says: access_denied" in answer.text
    made_up = browser.get("/login/oidc/return?error=<b>call+010-555</b>")
    assert "the provider says: bcall010555b" in made_up.text
    assert browser.get("/account").status_code == 303


OURS = RSAKey.generate_key(2048, {"kid": "ours"})
STRANGERS = RSAKey.generate_key(2048, {"kid": "ours"})


def signed(client_id, issuer, key=OURS, alg="RS256", **more):
    """A token; `exp` and `iat` in seconds from now, None leaves a claim out."""
    now = int(time.time())
    more |= {name: now + more[name] for name in ("exp", "iat") if more.get(name)}
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": "anne-1",
        "nonce": "n",
        "iat": now,
        "exp": now + 300,
    } | more
    return jwt.encode({"alg": alg, "kid": "ours"}, {k: v for k, v in claims.items() if v}, key)


@pytest.fixture
def provider(house):
    """A provider whose key we have, until it is asked again."""
    made = house.login.provider
    keys = KeySet([RSAKey.import_key(OURS.as_dict(private=False))]).as_dict()
    made.discovery._keys = time.time_ns(), keys
    return made


def test_what_is_signed_right_is_believed(provider, client, issuer):
    claims = provider._checked(signed(client[0], issuer), "n")
    assert claims["sub"] == "anne-1"
    several = signed(client[0], issuer, aud=[client[0], "other"], azp=client[0])
    assert provider._checked(several, "n")["azp"] == client[0]


@pytest.mark.parametrize(
    "more",
    [
        {"key": STRANGERS},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"nonce": "other"},
        {"nonce": None},
        {"exp": -120},
        {"exp": None},
        {"iat": 600},
        {"sub": None},
        {"azp": "other"},
    ],
    # Neither a key nor a time has the same text in two processes.
    ids=lambda more: "-".join(more) + ("-none" if None in more.values() else ""),
)
def test_what_does_not_hold_is_refused(provider, client, issuer, more):
    name = next(iter(more))
    reasons = {"key": "kid", "exp": "exp|expired", "iat": "in the future"}
    reason = reasons.get(name, name)
    with pytest.raises(BridgeError, match=f"does not hold: .*({reason})"):
        provider._checked(signed(client[0], issuer, **more), "n")


def test_several_audiences_without_a_party_are_refused(provider, client, issuer):
    with pytest.raises(BridgeError, match="azp"):
        provider._checked(signed(client[0], issuer, aud=[client[0], "other"]), "n")


def test_no_signature_and_one_by_the_public_key_as_a_secret_are_refused(provider, client, issuer):
    good = signed(client[0], issuer)
    none = "eyJhbGciOiJub25lIn0." + good.split(".")[1] + "."
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"ours"}').decode().rstrip("=")
    body = f"{head}.{good.split('.')[1]}"
    mac = hmac.digest(OURS.as_pem(private=False), body.encode(), "sha256")
    confused = f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    for token in ("", "x", none, confused):
        with pytest.raises(BridgeError, match="does not hold"):
            provider._checked(token, "n")


def test_a_provider_that_is_away_or_another_is_said_so(desk, tmp_path, settings):
    away = settings.oidc.model_copy(update={"issuer": f"http://{LOOPBACK}:{free_port()}"})
    house = house_over(desk, tmp_path, settings.model_copy(update={"oidc": away}))
    answer = house.browser().get("/login/oidc")
    assert answer.status_code == 503
    other = settings.oidc.issuer.replace(LOOPBACK, "localhost")
    moved = settings.oidc.model_copy(update={"issuer": f"{other}/"})
    house = house_over(desk, tmp_path, settings.model_copy(update={"oidc": moved}))
    with pytest.raises(BridgeError, match="calls itself"):
        house.login.provider.discovery.described()


def settings_file(folder, oidc, **more):
    """A bridge's file as somebody would write it."""
    known = settings_for(folder, 1883)
    lines = [
        f'key_file = "{known.key_file}"',
        f'[store]\npath = "{folder / "bridge.sqlite"}"',
        "[access]\nenforce = true",
        "[login.oidc]",
        *(f"{name} = {json.dumps(value)}" for name, value in oidc.items()),
        '[[login.oidc.grant]]\nvalue = "yard"\nrole = "recycler"\npurposes = ["triage"]',
    ]
    file = folder / "bridge.toml"
    file.write_text("\n".join(lines))
    return file


def test_check_tries_the_provider_and_names_what_is_missing(tmp_path, issuer, client, monkeypatch):
    oidc = {"issuer": issuer, "client_id": client[0], "secret_env": "PACKTRAIL_OIDC_SECRET"}
    file = settings_file(tmp_path, oidc)
    monkeypatch.delenv("PACKTRAIL_OIDC_SECRET", raising=False)

    def found():
        return next(one for one in check(file) if one.what.en == "login")

    assert "PACKTRAIL_OIDC_SECRET" in found().fault
    monkeypatch.setenv("PACKTRAIL_OIDC_SECRET", client[1])
    assert found().ok
    settings_file(tmp_path, oidc | {"issuer": f"http://{LOOPBACK}:{free_port()}"})
    assert "does not answer" in found().fault


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"issuer": "http://id.example"}, "https, unless"),
        ({"scopes": ["profile"]}, "openid has to be among them"),
        ({"client": "x"}, "login.oidc.client"),
    ],
)
def test_a_faulty_table_is_told_with_its_place(tmp_path, fault, said):
    oidc = {"issuer": "https://id.example", "client_id": "packtrail"} | fault
    with pytest.raises(Exception, match=said):
        load(BridgeSettings, settings_file(tmp_path, oidc))
