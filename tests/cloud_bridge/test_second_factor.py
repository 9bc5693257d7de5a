"""A second factor: taken up, asked for, used up, lost and taken away."""

from __future__ import annotations

import base64
import re
import shutil
from html import unescape
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from playwright.sync_api import sync_playwright

from cloud_bridge.access import Purpose, Reader
from cloud_bridge.access.visitor import Mandate
from cloud_bridge.errors import StoreError
from cloud_bridge.login import codes, passwords
from cloud_bridge.login.factor import TICKET_NS, SecondFactors, Taken
from cloud_bridge.login.guesses import FREE_OF_BOTH
from cloud_bridge.login.settings import Factor, FactorRuleSettings, LoginSettings
from cloud_bridge.store.accounts import PersonRow
from packtrail.command import run_line
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.login_parts import RECYCLER, SECRET, form_of, house_over, log_in
from tests.cloud_bridge.streaming import serving

KEPT = passwords.hashed(SECRET)
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
"""Appendix B, SHA-1: seconds and eight digits; six of them are the last six."""


def made(desk, tmp_path, **settings):
    house = house_over(desk, tmp_path, LoginSettings(**settings))
    mandate = msgspec.json.encode(RECYCLER).decode()
    desk.store.save_person(PersonRow("anne", KEPT, mandate, NOW))
    return house


@pytest.fixture
def offered(desk, tmp_path):
    return made(desk, tmp_path)


@pytest.fixture
def required(desk, tmp_path):
    return made(desk, tmp_path, second_factor=Factor.REQUIRED)


def app_code(secret, house, ahead=0):
    return codes.code_at(secret, house.clock.ns // 10**9 // codes.STEP_S + ahead)


def given(house):
    """Anne's secret and recovery codes."""
    return house.login.factors.give("anne")


def secret_on(page):
    address = unescape(re.search(r"otpauth://[^<]+", page.text)[0])
    assert "<svg" in page.text
    return base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])


def tell(browser, code, page=None):
    page = page or browser.get("/login/code")
    return browser.post("/login/code", data={"form": form_of(page), "code": code})


def recovery_on(page):
    return re.findall(r'<li class="code">([a-z2-7-]+)</li>', page.text)


@pytest.mark.parametrize(("seconds", "digits"), RFC_6238)
def test_codes_are_those_of_the_standard(seconds, digits):
    secret = b"12345678901234567890"
    assert codes.code_at(secret, seconds // codes.STEP_S) == digits[-6:]
    assert codes.step_of(secret, digits[-6:], seconds) == seconds // codes.STEP_S
    assert codes.step_of(secret, digits[-6:], seconds + codes.STEP_S) == seconds // codes.STEP_S
    assert codes.step_of(secret, digits[-6:], seconds + 2 * codes.STEP_S) is None


def test_what_an_app_scans_names_the_bridge_and_the_person():
    url = urlsplit(codes.address_of(b"12345678901234567890", "李 雷", "id.example"))
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert url.path == "/packtrail%20id.example:%E6%9D%8E%20%E9%9B%B7"
    told = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert told == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "packtrail id.example",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


def test_who_has_none_logs_in_as_before_where_it_is_only_offered(offered):
    browser = offered.browser()
    assert log_in(browser).status_code == 303
    assert "Not set up: your password alone" in browser.get("/account").text


def test_a_code_follows_the_password_and_only_then_there_is_a_login(offered):
    secret, _ = given(offered)
    browser = offered.browser()
    half = log_in(browser, next="/duties")
    assert half.headers["location"] == "/login/code"
    assert "<b>anne</b>" not in browser.get("/").text, "a right password alone is nobody"
    page = browser.get("/login/code")
    assert 'autocomplete="one-time-code"' in page.text
    whole = tell(browser, app_code(secret, offered), page)
    assert (whole.status_code, whole.headers["location"]) == (303, "/duties")
    assert "<b>anne</b>" in browser.get("/").text
    assert browser.get("/account").text.count("Recovery codes left: 10")
    assert tell(browser, app_code(secret, offered), page).status_code == 403, "its ticket is gone"


def test_a_code_that_was_used_lets_nobody_in_again(offered):
    secret, _ = given(offered)
    code = app_code(secret, offered)
    first, second = offered.browser(), offered.browser(address="192.0.2.7")
    log_in(first)
    assert tell(first, code).status_code == 303
    log_in(second)
    answer = tell(second, code)
    assert answer.status_code == 401
    assert "used already" in answer.text
    earlier = app_code(secret, offered, -1)
    assert tell(second, earlier, answer).status_code == 401, "nor one from before it"
    offered.clock.pass_(codes.STEP_S)
    assert tell(second, app_code(secret, offered)).status_code == 303
    logins = offered.context.metrics.logins
    assert logins.labels("replayed")._value.get() == 2
    assert logins.labels("half_way")._value.get() == 2


def test_a_recovery_code_lets_in_once_however_it_is_typed(offered):
    _, fresh = given(offered)
    for typed, status in ((f" {fresh[0].upper().replace('-', ' ')}", 303), (fresh[0], 401)):
        browser = offered.browser()
        log_in(browser)
        assert "Recovery code" in browser.get("/login/code?recovery=1").text
        assert tell(browser, typed).status_code == status
    assert offered.login.factors.recovery_left("anne") == 9


def test_guessing_codes_slows_down_and_a_right_password_does_not_help(offered):
    secret, _ = given(offered)
    browser = offered.browser()
    log_in(browser)
    for _ in range(FREE_OF_BOTH):
        assert tell(browser, "000000").status_code == 401
    answer = tell(browser, app_code(secret, offered))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 10
    assert log_in(offered.browser()).headers["location"] == "/login/code"
    again = offered.browser()
    log_in(again)
    assert tell(again, app_code(secret, offered)).status_code == 429
    offered.clock.pass_(codes.STEP_S)
    assert tell(again, app_code(secret, offered)).status_code == 303


@pytest.mark.parametrize("code", ["", "12345", "1234567", "²²²²²²", "١٢٣٤٥٦", "x" * 5000, "\x00"])
def test_what_is_no_code_is_a_wrong_code(offered, code):
    given(offered)
    browser = offered.browser()
    log_in(browser)
    assert tell(browser, code).status_code == 401


def test_a_ticket_is_of_its_browser_its_password_and_its_time(offered):
    secret, _ = given(offered)
    browser, other = offered.browser(), offered.browser()
    assert browser.get("/login/code").headers["location"] == "/login"
    log_in(browser)
    page = browser.get("/login/code")
    assert tell(other, app_code(secret, offered), page).status_code == 403
    offered.clock.pass_(TICKET_NS / 1e9 + 1)
    late = tell(browser, app_code(secret, offered), page)
    assert (late.status_code, late.headers["location"]) == (303, "/login")
    log_in(browser)
    offered.login.people.change_password("anne", "another battery of horses")
    assert tell(browser, app_code(secret, offered)).headers["location"] == "/login"


def test_who_must_have_one_takes_it_up_on_logging_in(required):
    browser = required.browser()
    answer = log_in(browser, next="/duties")
    assert answer.headers["location"] == "/login/factor"
    assert browser.get("/account").headers["location"].startswith("/login")
    for lang, words in (("en", "Scan this with"), ("zh", "请用身份验证器应用扫描")):
        assert words in browser.get(f"/login/factor?lang={lang}").text
    page = browser.get("/login/factor")
    secret = secret_on(page)
    wrong = browser.post("/login/factor", data={"form": form_of(page), "code": "000000"})
    assert wrong.status_code == 401
    assert secret_on(wrong) == secret, "the app keeps what it has scanned"
    code = app_code(secret, required)
    done = browser.post("/login/factor", data={"form": form_of(wrong), "code": code})
    assert len(set(recovery_on(done))) == codes.RECOVERY_CODES
    assert 'href="/duties"' in done.text
    assert done.headers["cache-control"] == "no-store"
    assert "<b>anne</b>" in browser.get("/").text
    again = required.browser()
    assert log_in(again).headers["location"] == "/login/code"
    assert tell(again, code).status_code == 401, "the code of taking it up is used up too"
    assert tell(again, recovery_on(done)[3]).status_code == 303


def test_a_login_without_a_code_ends_when_the_rule_comes(desk, tmp_path):
    before = made(desk, tmp_path)
    browser = before.browser()
    log_in(browser)
    after = made(desk, tmp_path, second_factor=Factor.REQUIRED)
    held = after.browser()
    held.cookies = browser.cookies
    assert "<b>anne</b>" not in held.get("/").text


def test_one_takes_it_up_changes_and_leaves_it_on_ones_own_page(offered):
    browser, elsewhere = offered.browser(), offered.browser()
    log_in(browser)
    log_in(elsewhere)

    def ask(do, code="", password=SECRET):
        own = form_of(browser.get("/account"))
        content = {"form": own, "do": do, "password": password, "code": code}
        return browser.post("/account/factor", data=content)

    assert "the password is wrong" in ask("set", password="wrong" * 4).text
    assert ask("recovery").status_code == 422
    assert ask("set").headers["location"] == "/account/factor"
    page = browser.get("/account/factor")
    secret = secret_on(page)
    content = {"form": form_of(page), "code": app_code(secret, offered)}
    first = recovery_on(browser.post("/account/factor/confirm", data=content))
    assert "Recovery codes left: 10" in browser.get("/account").text
    assert "<b>anne</b>" not in elsewhere.get("/").text, "other logins have ended"
    assert ask("recovery", "000000").status_code == 422
    offered.clock.pass_(codes.STEP_S)
    second = recovery_on(ask("recovery", app_code(secret, offered)))
    assert set(first).isdisjoint(second)
    assert "the code is wrong" in ask("remove", first[0]).text
    assert ask("remove", second[0]).headers["location"] == "/account"
    assert "Not set up" in browser.get("/account").text
    assert log_in(offered.browser()).headers["location"] == "/"


def test_who_must_have_one_cannot_turn_it_off(required):
    secret, fresh = given(required)
    browser = required.browser()
    log_in(browser)
    tell(browser, app_code(secret, required))
    own = browser.get("/account")
    assert 'value="remove"' not in own.text
    content = {"form": form_of(own), "do": "remove", "password": SECRET, "code": fresh[0]}
    answer = browser.post("/account/factor", data=content)
    assert "has to have a second factor" in answer.text
    assert required.login.factors.has("anne")


def test_changing_the_password_keeps_the_factor_and_the_login_as_strong(required):
    secret, _ = given(required)
    browser = required.browser()
    log_in(browser)
    tell(browser, app_code(secret, required))
    own, new = form_of(browser.get("/account")), "a quite different phrase"
    content = {"form": own, "old": SECRET, "new": new}
    assert browser.post("/account/password", data=content).status_code == 303
    assert "<b>anne</b>" in browser.get("/").text
    assert log_in(required.browser(), password=new).headers["location"] == "/login/code"


RULES = LoginSettings(
    second_factor=Factor.OFF,
    second_factor_rule=(
        FactorRuleSettings(policy=Factor.OFFERED, roles=(Reader.OPERATOR,), purposes=("repair",)),
        FactorRuleSettings(policy=Factor.REQUIRED, roles=(Reader.OPERATOR, Reader.AUTHORITY)),
        FactorRuleSettings(policy=Factor.REQUIRED, all_codes=True, purposes=("audit",)),
    ),
)


@pytest.mark.parametrize(
    ("mandate", "policy"),
    [
        (Mandate(Reader.OPERATOR, (Purpose.TRACE, Purpose.REPAIR)), Factor.OFFERED),
        (Mandate(Reader.OPERATOR, (Purpose.TRACE,)), Factor.REQUIRED),
        (Mandate(Reader.RECYCLER, (Purpose.AUDIT,)), Factor.REQUIRED),
        (Mandate(Reader.RECYCLER, (Purpose.AUDIT,), ("0B1",)), Factor.OFF),
        (RECYCLER, Factor.OFF),
    ],
)
def test_the_first_rule_that_fits_counts(mandate, policy):
    assert RULES.factor_for(mandate) is policy


def test_at_rest_there_is_neither_secret_nor_code_nor_use_for_another_key(offered):
    secret, fresh = given(offered)
    store = offered.context.store
    tables = [one for one in store.tables() if one.name in ("second_factor", "recovery_code")]
    with store.reading():
        rows = str([list(store.dump(table)) for table in tables])
    assert len(tables) == 2
    assert secret not in store.factor("anne").sealed
    for word in (codes.spelled(secret), *fresh, *(one.replace("-", "") for one in fresh)):
        assert word not in rows
    log_in(browser := offered.browser())
    other = SecondFactors(store, LoginSettings(), parts.STRANGER, offered.clock)
    with pytest.raises(StoreError, match="another bridge's key"):
        other.check("anne", app_code(secret, offered), "x")
    moved = msgspec.structs.replace(store.factor("anne"), name="bob")
    store.save_person(PersonRow("bob", KEPT, msgspec.json.encode(RECYCLER).decode(), NOW))
    store.save_factor(moved, [])
    with pytest.raises(StoreError):
        offered.login.factors.check("bob", app_code(secret, offered), "x")
    assert offered.login.factors.check("anne", app_code(secret, offered), "x") is Taken.RIGHT
    assert browser.get("/login/code").status_code == 200


@pytest.fixture
def settings(desk, tmp_path):
    """What a person at the terminal finds."""
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    file = tmp_path / "bridge.toml"
    file.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    return str(file)


def test_the_operator_gives_one_and_takes_it_away(offered, settings, capsys, monkeypatch):
    monkeypatch.setenv("LANG", "C")
    assert run_line(["bridge", "people", "factor", "anne", "--settings", settings]) == 0
    said = capsys.readouterr().out
    secret = base64.b32decode(re.search(r"secret: ([A-Z2-7]+)", said)[1])
    assert "otpauth://totp/packtrail:anne?" in said
    assert len(re.findall(r"^[a-z2-7]{4}(?:-[a-z2-7]{4}){3}$", said, re.MULTILINE)) == 10
    run_line(["bridge", "people", "list", "--settings", settings])
    assert "with a code" in capsys.readouterr().out
    browser = offered.browser()
    log_in(browser)
    assert tell(browser, app_code(secret, offered)).status_code == 303
    assert run_line(["bridge", "people", "factor", "anne", "--off", "--settings", settings]) == 0
    assert "<b>anne</b>" not in browser.get("/").text
    assert log_in(browser).headers["location"] == "/"
    assert run_line(["bridge", "people", "factor", "nobody", "--settings", settings]) == 2


def test_who_is_closed_and_comes_back_has_no_factor_of_before(offered):
    given(offered)
    offered.login.people.close("anne")
    offered.login.people.add("anne", RECYCLER, SECRET)
    assert log_in(offered.browser()).headers["location"] == "/"


CHROMIUM = shutil.which("chromium") or ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_takes_it_up_in_a_browser_without_any_foreign_request(required, language):
    with serving(required.context) as (web, _), sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM)
        page, asked, faults = browser.new_page(locale=language), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(f"{web.url}/login")
        page.fill("#name", "anne")
        page.fill("#password", SECRET)
        page.press("#password", "Enter")
        assert page.locator(".qr svg").bounding_box()["width"] > 150
        secret = base64.b32decode(page.inner_text(".secret >> nth=0").replace(" ", ""))
        page.fill("#code", app_code(secret, required))
        page.press("#code", "Enter")
        assert page.locator(".recovery li").count() == codes.RECOVERY_CODES
        page.click(".button")
        assert page.inner_text(".who b") == "anne"
        browser.close()
        assert all(url.startswith((web.url, "data:")) for url in asked)
    assert faults == []
