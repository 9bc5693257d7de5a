"""People log in with a password, read as what they are, and log out."""

from __future__ import annotations

import io

import msgspec
import pytest

from cloud_bridge.access import Purpose
from cloud_bridge.errors import BridgeError
from cloud_bridge.login import passwords
from cloud_bridge.login.guesses import FREE_OF_BOTH, LONGEST_S
from cloud_bridge.login.people import People
from cloud_bridge.login.sessions import OIDC
from cloud_bridge.login.settings import LoginSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.store.accounts import PersonRow
from cloud_bridge.store.factors import PASSWORD
from packtrail.command import run_line
from packtrail.event import ConditionCommitted, PackInstalled
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.login_parts import RECYCLER, SECRET, form_of, house_over, log_in
from tests.cloud_bridge.test_fold import estimate

PAGE = f"/packs/{parts.CODE}"
API = f"/api/v1/packs/{parts.CODE}"
KEPT = passwords.hashed(SECRET)


@pytest.fixture
def house(desk, tmp_path):
    """A pack in a car with a health report, and Anne, a recycler."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(vehicle=parts.CAR), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR),
    )
    made = house_over(desk, tmp_path)
    mandate = msgspec.json.encode(RECYCLER).decode()
    desk.store.save_person(PersonRow("anne", KEPT, mandate, NOW))
    return made


def test_a_person_logs_in_sees_what_the_role_may_and_logs_out(house):
    browser = house.browser()
    before = browser.get(PAGE).text
    assert "State of health</h2>" not in before
    assert f'href="/login?next={PAGE.replace("/", "%2F")}"' in before
    answer = log_in(browser, next=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = browser.get(PAGE).text
    assert "<b>anne</b> <span>recyclers</span>" in page
    assert "State of health</h2>" in page
    assert parts.CAR.id[-4:] not in page
    assert browser.get(API).json()["state"]["health"][0]["estimate"]["soh"]["value"] == 0.91
    (read, _) = house.gate.log.newest(10)
    assert (read.reader, read.purpose, read.what) == ("password anne", "triage", PAGE)
    assert read.address == "192.0.2.1"
    own = browser.get("/account")
    assert browser.post("/logout", data={"form": form_of(own)}).status_code == 303
    assert browser.get(PAGE).text == before


def test_the_cookie_is_kept_from_scripts_other_sites_and_open_wires(house):
    browser = house.browser()
    held = log_in(browser).headers.get_list("set-cookie")[0]
    name, _, rest = held.partition("=")
    assert name == "__Host-packtrail"
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {
        "httponly",
        "path=/",
        "samesite=lax",
        "secure",
    }
    secret = rest.partition(";")[0]
    with house.context.store.reading():
        rows = list(house.context.store.dump(_table(house, "session")))
    assert len(rows) == 1
    assert secret not in str(rows)


def _table(house, name):
    return next(one for one in house.context.store.tables() if one.name == name)


def test_no_password_over_an_open_wire_but_within_this_machine(house):
    outside = house.browser("http://testserver")
    assert "no password over an open wire" in outside.get("/login").text
    assert outside.get("/login").text.count("<input") == 0
    held = house.browser("http://127.0.0.1", "127.0.0.1")
    content = {"form": form_of(held.get("/login")), "name": "anne", "password": SECRET}
    outside.cookies = held.cookies
    assert outside.post("/login", data=content).status_code in (401, 403)
    assert log_in(held).status_code == 303
    assert "<b>anne</b>" in held.get("/").text


@pytest.mark.parametrize(
    ("name", "password"), [("anne", "wrong" * 4), ("nobody", SECRET), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(house, name, password):
    browser = house.browser()
    answer = log_in(browser, name, password)
    assert answer.status_code == 401
    assert "name or password is wrong" in answer.text
    assert (
        "用户名或口令错误"
        in browser.post(
            "/login?lang=zh", data={"form": form_of(answer), "name": name, "password": password}
        ).text
    )


def test_guessing_slows_down_even_for_the_right_password_but_not_for_others(house, monkeypatch):
    tried = []
    monkeypatch.setattr(
        "cloud_bridge.login.desk.fits", lambda word, kept: tried.append(word) or word == SECRET
    )
    browser = house.browser()
    for _ in range(FREE_OF_BOTH):
        assert log_in(browser, password="x" * 20).status_code == 401
    answer = log_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 10
    assert "too many wrong passwords" in answer.text
    assert len(tried) == FREE_OF_BOTH
    assert log_in(house.browser(address="192.0.2.9")).status_code == 303
    assert log_in(browser, name="bob", password="y" * 20).status_code == 401
    house.clock.pass_(11)
    assert log_in(browser, password="x" * 20).status_code == 401
    assert int(log_in(browser).headers["retry-after"]) == 20
    house.clock.pass_(LONGEST_S)
    assert log_in(browser).status_code == 303
    assert log_in(house.browser()).status_code == 303, "a right one makes good"


def test_a_name_that_nobody_has_is_slowed_down_alike(house, monkeypatch):
    monkeypatch.setattr("cloud_bridge.login.desk.fits", lambda _word, _kept: False)
    browser = house.browser()
    answers = [log_in(browser, name="nobody").status_code for _ in range(FREE_OF_BOTH + 1)]
    assert answers == [401] * FREE_OF_BOTH + [429]


FORMS = ("/login", "/logout", "/account/purpose", "/account/password")


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_of_another_login_or_another_site_changes_nothing(house, path):
    browser, other = house.browser(), house.browser()
    if path != "/login":
        log_in(browser)
        log_in(other)
    page = "/login" if path == "/login" else "/account"
    content = {
        "name": "anne",
        "password": SECRET,
        "purpose": "trace",
        "old": SECRET,
        "new": "n" * 9,
    }
    own = content | {"form": form_of(browser.get(page))}
    foreign = content | {"form": form_of(other.get(page))}
    for fields in (content, content | {"form": ""}, content | {"form": "é"}, foreign):
        answer = browser.post(path, data=fields)
        assert answer.status_code == 403, fields
        assert "load the page again" in answer.json()["detail"]
    crossed = browser.post(path, data=own, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    assert "重新加载" in browser.post(path, headers={"Accept-Language": "zh"}).json()["detail"]
    if path != "/login":
        assert "<b>anne</b>" in browser.get("/").text
        assert browser.get("/account").text.count("selected>triage") == 1


def test_nobody_can_send_the_forms_of_a_person(house):
    for path in FORMS[1:]:
        assert house.browser().post(path, data={"form": "x"}).status_code == 401
    assert house.browser().get("/account").headers["location"].startswith("/login")


def test_a_login_ends_by_idleness_by_its_age_and_when_the_person_is_closed(house):
    def seen(browser):
        return "<b>anne</b>" in browser.get("/").text

    idle, old, closed = (house.browser() for _ in range(3))
    log_in(idle)
    house.clock.pass_(59 * 60)
    assert seen(idle)
    house.clock.pass_(61 * 60)
    assert not seen(idle)
    log_in(old)
    for _ in range(12):
        assert seen(old)
        house.clock.pass_(3600 - 1)
    house.clock.pass_(60)
    assert not seen(old)
    log_in(closed)
    house.login.people.close("anne")
    assert not seen(closed)
    assert log_in(closed).status_code == 401


def test_a_login_at_a_provider_is_not_that_of_a_person_here_of_the_same_name(house):
    secret = house.login.sessions.open("anne", OIDC, RECYCLER)
    house.login.people.close("anne")
    assert house.login.sessions.resume(secret).reader == "oidc anne"


def test_where_passwords_are_switched_off_no_login_of_one_is_left(house, desk, tmp_path):
    secret = house.login.sessions.open("anne", PASSWORD, RECYCLER)
    assert house.login.sessions.resume(secret)
    off = house_over(desk, tmp_path, LoginSettings(password=False))
    assert off.login.sessions.resume(secret) is None
    assert "<input" not in off.browser().get("/login").text
    assert off.login.known("anne", SECRET, "192.0.2.1") is None


def test_tries_are_counted_and_never_quoted(house, caplog):
    browser = house.browser()
    log_in(browser, name="my secret by mistake")
    log_in(browser)
    text = house.context.metrics.text().decode()
    assert 'packtrail_bridge_logins_total{outcome="refused"} 1.0' in text
    assert 'packtrail_bridge_logins_total{outcome="let_in"} 1.0' in text
    assert "by mistake" not in caplog.text


def test_a_purpose_is_chosen_for_the_login_and_bounded_by_the_role(house):
    browser = house.browser()
    log_in(browser)
    assert browser.get(API).json()["state"]["health"]
    form = form_of(browser.get("/account"))
    refused = browser.post("/account/purpose", data={"form": form, "purpose": "audit"})
    assert refused.status_code == 403
    chosen = browser.post("/account/purpose", data={"form": form, "purpose": "trace"})
    assert chosen.status_code == 303
    assert browser.get(API).json()["state"]["health"] == []
    assert house.gate.log.newest(1)[0].purpose == Purpose.TRACE


def test_another_password_needs_the_old_one_and_ends_other_logins(house):
    browser, other = house.browser(), house.browser()
    log_in(browser)
    log_in(other)

    def change(old, new):
        form = form_of(browser.get("/account"))
        return browser.post("/account/password", data={"form": form, "old": old, "new": new})

    assert "the old password is wrong" in change("wrong" * 5, "n" * 20).text
    assert "at least 12" in change(SECRET, "short").text
    assert "too easy" in change(SECRET, "anne-anne-and-more").text
    assert change(SECRET, "another horse, another pack").status_code == 303
    assert "<b>anne</b>" in browser.get("/").text
    assert "<b>anne</b>" not in other.get("/").text
    assert log_in(other).status_code == 401
    assert log_in(other, password="another horse, another pack").status_code == 303


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nx"],
)
def test_nobody_is_led_elsewhere_by_our_login(house, wanted):
    assert log_in(house.browser(), next=wanted).headers["location"] == "/"


def test_what_somebody_types_is_shown_and_never_run(house):
    page = log_in(house.browser(), name='"><script>alert(1)</script>').text
    assert "<script>alert" not in page


def test_a_cookie_that_is_none_of_ours_is_anybody(house):
    public = house.browser().get(API).json()
    for value in ("", "x", "x" * 4000, "%00", 'a"b'):
        answer = house.browser().get(API, headers={"Cookie": f"__Host-packtrail={value}"})
        assert answer.json() == public, value


def test_pages_confine_the_browser(house):
    headers = house.browser().get("/login").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "strict-transport-security" not in house.browser("http://127.0.0.1").get("/").headers


def test_a_password_is_kept_as_argon2id_of_rfc_9106():
    assert KEPT.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.fits(SECRET, KEPT)
    assert not passwords.fits(SECRET + " ", KEPT)
    assert not passwords.fits("x" * 300, KEPT)
    assert not passwords.fits(SECRET, "$argon2id$broken")
    assert passwords.fits("e\u0301" + SECRET, passwords.hashed("\u00e9" + SECRET))


def test_people_at_the_terminal(tmp_path, capsys, monkeypatch):
    assert run_line(["bridge", "init", str(tmp_path / "b")]) == 0
    settings = ["--settings", str(tmp_path / "b" / "bridge.toml")]

    def people(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run_line(["bridge", "people", *words, *settings])

    add = ("add", "李雷", "--role", "recycler", "--purpose", "triage", "--code", "02")
    assert people(*add, typed="short\n") == 2
    assert people(*add, typed=f"{SECRET}\n") == 0
    assert "enforce = true" in capsys.readouterr().out
    assert people(*add, typed=f"{SECRET}\n") == 2
    assert people("list") == 0
    assert "李雷  recycler  triage  02  may log in" in capsys.readouterr().out
    assert people("password", "李雷", typed="another horse, another pack\n") == 0
    assert people("close", "李雷") == 0
    assert people("close", "李雷") == 2
    store = SqliteStore(tmp_path / "b" / "bridge.sqlite")
    book = People(store, lambda: NOW)
    assert book.find("李雷") is None
    with pytest.raises(BridgeError, match="1 to 64 letters"):
        book.add("a b", RECYCLER, SECRET)
    store.close()
