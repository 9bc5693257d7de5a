"""What readers see of a guarded bridge: over the API, on pages, and in the log of reads."""

from __future__ import annotations

from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import msgspec
import pytest
from fastapi.testclient import TestClient

from cloud_bridge.access import Gate, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.keys import KeyRing
from cloud_bridge.access.reads import ReadLog
from cloud_bridge.access.redact import OF_A_PACK
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.settings import HttpSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.web import WebServer, application, guarded, listen
from packtrail.command import run_line
from packtrail.event import ConditionCommitted, PackInstalled
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW
from tests.cloud_bridge.running import settings_for
from tests.cloud_bridge.test_fold import estimate

PATH = f"/api/v1/packs/{parts.CODE}"
WHOLE = ("/events", "/proof", "/telemetry")


@pytest.fixture
def gate(desk, tmp_path):
    log = ReadLog(tmp_path / "access")
    return Gate(read_table(), Jurisdiction.CN, KeyRing(desk.store), log, lambda: NOW)


@pytest.fixture
def guard(desk, gate):
    """A guarded client over a pack in a car, with a minute of telemetry and a health report."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(
        gateway.tell(PackInstalled(vehicle=parts.CAR), t_ns=parts.T0),
        gateway.telemetry(parts.samples(60)),
        gateway.tell(ConditionCommitted(estimate(0.91)), t_ns=parts.T0 + parts.HOUR),
    )
    app = application(replace(desk.context, access=gate))
    with TestClient(guarded(app, ("testserver",)), raise_server_exceptions=False) as client:
        client.app_of_the_bridge = app
        yield client


def key(gate, role, *purposes, codes=(), days=0.0):
    token = gate.keys.add(f"a {role}", Reader(role), purposes, codes, NOW, days)
    return {"Authorization": f"Bearer {token}"}


def test_anybody_sees_what_is_public_and_is_told_what_is_hidden(guard, gate):
    answer = guard.get(PATH).json()
    assert answer["verdict"]["level"] == "green"
    assert answer["state"]["registration"]["maker"] == "maker-1"
    assert (answer["state"]["binding"], answer["state"]["health"]) == (None, [])
    assert (answer["reading"], answer["digest"]) == (None, "")
    hidden = {one["field"]: one for one in answer["hidden"]}
    assert set(hidden) == OF_A_PACK - {"making"}
    assert "recyclers" in hidden["health"]["who_en"]
    assert "综合利用企业" in hidden["health"]["who_zh"]
    assert parts.CAR.id not in guard.get(PATH).text
    assert gate.log.newest(10) == []


def test_the_list_hides_the_same(guard):
    (pack,) = guard.get("/api/v1/packs").json()["packs"]
    assert (pack["soh"], pack["reading"]) == (None, None)
    assert "health" in pack["hidden"]


@pytest.mark.parametrize("path", [*(PATH + end for end in WHOLE), "/api/v1/stations"])
def test_what_is_hidden_whole_asks_for_a_key_in_the_readers_language(guard, path):
    answer = guard.get(path, headers={"Accept-Language": "zh"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "可申请者" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/duties", "/metrics", f"/api/v1/vehicles/{parts.CAR.id}"])
def test_a_key_that_may_not_is_refused(guard, gate, path):
    answer = guard.get(path, headers=key(gate, "recycler", Purpose.TRIAGE))
    assert answer.status_code == 403
    assert "authorities" in answer.json()["detail"]
    assert gate.log.newest(10) == []


def test_a_recycler_sees_health_for_triage_but_no_vehicle_and_the_read_is_logged(guard, gate):
    headers = key(gate, "recycler", Purpose.TRIAGE, Purpose.TRACE)
    answer = guard.get(PATH, headers=headers).json()
    assert answer["state"]["health"][0]["estimate"]["soh"]["value"] == 0.91
    assert answer["state"]["binding"] is None
    assert answer["reading"] is not None
    assert [one["field"] for one in answer["hidden"]] == ["places", "vehicles", "ledger"]
    traced = guard.get(PATH, params={"purpose": "trace"}, headers=headers).json()
    assert traced["state"]["health"] == []
    first, second = gate.log.newest(10)
    assert (first.purpose, first.fields) == (
        "triage",
        ("custody", "health", "incidents", "telemetry"),
    )
    assert (second.purpose, second.what) == ("trace", PATH)


def test_an_operator_sees_everything(guard, gate, desk):
    headers = key(gate, "operator", Purpose.AUDIT)
    answer = guard.get(PATH, headers=headers).json()
    assert answer == desk.get(PATH).json()
    assert answer["hidden"] == []
    for path in (*(PATH + end for end in WHOLE), "/api/v1/stations", "/api/v1/duties", "/metrics"):
        assert guard.get(path, headers=headers).status_code == 200, path
    assert parts.CAR.id in guard.get(PATH, headers=headers).text


def test_a_key_of_some_codes_is_anybody_for_the_others(guard, gate):
    inside = key(gate, "owner", Purpose.TRIAGE, codes=(parts.CODE[:12],))
    outside = key(gate, "owner", Purpose.TRIAGE, codes=("ZZZ",))
    assert guard.get(PATH, headers=inside).json()["state"]["binding"]
    assert guard.get(PATH, headers=outside).json() == guard.get(PATH).json()
    vehicle = f"/api/v1/vehicles/{parts.CAR.id}"
    assert guard.get(vehicle, headers=inside).status_code == 403


def test_past_states_hide_the_same(guard):
    past = guard.get(PATH, params={"known": "2026-04-02T00:00:00Z"}).json()
    assert past["state"]["binding"] is None
    assert past["digest"] == ""


@pytest.mark.parametrize("token", ["", "pt_", "pt_00000000_x", "x" * 5000, "pt_\x00"])
def test_a_bad_key_is_told_so(guard, token):
    answer = guard.get(PATH, headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401


def test_another_secret_a_revoked_and_an_expired_key_are_refused(guard, gate):
    headers = key(gate, "operator", Purpose.AUDIT)
    assert guard.get(PATH, headers=headers).status_code == 200
    forged = {"Authorization": headers["Authorization"][:-1] + "!"}
    assert guard.get(PATH, headers=forged).status_code == 401
    gate.keys.revoke(gate.keys.all()[0].id, NOW)
    assert guard.get(PATH, headers=headers).status_code == 401
    gone = gate.keys.add("late", Reader.OPERATOR, (Purpose.AUDIT,), (), NOW - parts.HOUR, 0.01)
    assert guard.get(PATH, headers={"Authorization": f"Bearer {gone}"}).status_code == 401


def test_a_purpose_that_the_key_does_not_have_or_nobody_knows(guard, gate):
    headers = key(gate, "recycler", Purpose.TRIAGE)
    assert guard.get(PATH, params={"purpose": "audit"}, headers=headers).status_code == 403
    assert guard.get(PATH, params={"purpose": "fun"}).status_code == 422


def test_nothing_restricted_is_shown_when_the_log_cannot_be_written(guard, gate):
    headers = key(gate, "recycler", Purpose.TRIAGE)
    (gate.log._file).mkdir(parents=True)
    answer = guard.get(PATH, headers=headers)
    assert answer.status_code == 503
    assert "0.91" not in answer.text
    assert guard.get(PATH).status_code == 200


def test_pages_hide_and_say_so_in_both_languages(guard):
    page = guard.get(f"/packs/{parts.CODE}?lang=en").text
    assert "Not shown to you" in page
    assert "State of health</h2>" not in page
    assert parts.CAR.id[-4:] not in page
    assert "未向您显示" in guard.get(f"/packs/{parts.CODE}?lang=zh").text
    front = guard.get("/?lang=en").text
    assert "station-1" not in front
    assert "Not shown to you" in front


@pytest.mark.parametrize("path", [f"/packs/{parts.CODE}/vehicle", "/stations/station-1", "/duties"])
def test_pages_of_what_is_hidden_whole_say_who_may_ask(guard, path):
    page = guard.get(path, params={"lang": "en"})
    assert page.status_code == 403
    assert "authorities" in page.text


def test_an_export_tells_dynamic_points_only_to_a_proven_interest(guard, gate):
    path = f"{PATH}/export/batterypass"
    public = guard.get(path).text
    shown = guard.get(path, headers=key(gate, "recycler", Purpose.TRIAGE)).text
    assert public != shown
    assert len(gate.log.newest(10)) == 1


def test_a_bridge_that_answers_beyond_this_machine_is_guarded(tmp_path):
    assert not settings_for(tmp_path, 1883).access_enforced
    for http in ({"host": "0.0.0.0"}, {"allowed_hosts": ["id.example"]}):
        assert settings_for(tmp_path, 1883, http={"port": 0, **http}).access_enforced
    assert settings_for(tmp_path, 1883, access={"enforce": True}).access_enforced


def test_keys_and_reads_at_the_terminal(tmp_path, capsys):
    assert run_line(["bridge", "init", str(tmp_path / "b")]) == 0
    settings = ["--settings", str(tmp_path / "b" / "bridge.toml")]
    add = ["bridge", "key", "add", "north yard", "--role", "recycler", "--purpose", "triage"]
    assert run_line([*add, *settings]) == 0
    token = capsys.readouterr().out.splitlines()[-1]
    store = SqliteStore(next((tmp_path / "b").glob("*.sqlite")))
    ring = KeyRing(store)
    assert ring.known(token, NOW).name == "north yard"
    for file in (tmp_path / "b").iterdir():
        assert file.is_dir() or token.rpartition("_")[2].encode() not in file.read_bytes()
    assert run_line(["bridge", "key", "list", *settings]) == 0
    assert "north yard  recycler  triage" in capsys.readouterr().out
    assert run_line(["bridge", "key", "revoke", ring.all()[0].id, *settings]) == 0
    assert ring.known(token, NOW) is None
    assert run_line(["bridge", "key", "revoke", "none", *settings]) != 0
    assert run_line(["bridge", "reads", *settings]) == 0
    store.close()


def test_keys_of_an_earlier_version_are_brought_into_the_store_and_stay_revoked(desk, tmp_path):
    ring, file = KeyRing(desk.store), tmp_path / "keys.json"
    token = ring.add("old yard", Reader.RECYCLER, (Purpose.TRIAGE,), (), NOW)
    (key,) = ring.all()
    for number in ("00000001", key.id):
        file.write_bytes(msgspec.json.encode([msgspec.structs.replace(key, id=number)]))
        ring.take_over(tmp_path)
        ring.take_over(tmp_path)
        assert [one.name for one in tmp_path.glob("keys*")] == ["keys.json.taken"]
    assert sorted(one.id for one in ring.all()) == sorted(["00000001", key.id])
    ring.revoke(key.id, NOW)
    file.write_bytes(msgspec.json.encode([key]))
    ring.take_over(tmp_path)
    assert ring.known(token, NOW) is None
    assert ring.known(token.replace(key.id, "00000001"), NOW).name == "old yard"


def test_every_bridge_on_a_store_knows_a_key_and_its_end(desk, tmp_path):
    here, there = KeyRing(desk.store), KeyRing(desk.store)
    token = here.add("a", Reader.OPERATOR, (Purpose.AUDIT,), (), NOW)
    assert there.known(token, NOW)
    there.revoke(here.all()[0].id, NOW)
    assert here.known(token, NOW) is None


@pytest.mark.parametrize(
    "token", ["", "pt_", "pt__", "pt_%_x", "pt_\x00_\x00", "x" * 9000, "pt_é_é"]
)
def test_what_is_no_token_is_nobodys(desk, token):
    assert KeyRing(desk.store).known(token, NOW) is None


def test_a_terminal_shows_its_key_to_a_guarded_bridge(guard, gate, tmp_path, capsys, monkeypatch):
    server = WebServer(
        guarded(guard.app_of_the_bridge, ("127.0.0.1",)), listen(HttpSettings(port=0))
    )
    server.start()
    try:
        line = ["id", "verify", parts.CODE, "--url", server.url]
        line += ["--key", parts.AUTHORITY.public.text]
        monkeypatch.delenv("PACKTRAIL_API_KEY", raising=False)
        monkeypatch.setenv("LANGUAGE", "en")
        assert run_line(line) == 2
        told = capsys.readouterr().err
        assert "answers 401" in told
        assert "may ask: authorities" in told
        assert "--key-file" in told
        file = tmp_path / "key"
        token = gate.keys.add("a", Reader.OPERATOR, (Purpose.AUDIT,), (), NOW)
        file.write_text(token + "\n")
        assert run_line([*line, "--key-file", str(file)]) == 0
        assert run_line(["id", "show", *line[2:5], "--key-file", str(file)]) == 0
        proof = ["id", "prove", *line[2:5], "-o", str(tmp_path / "proof.json")]
        assert run_line([*proof, "--key-file", str(file)]) == 0
        monkeypatch.setenv("PACKTRAIL_API_KEY", token)
        assert run_line(line) == 0
        monkeypatch.setenv("PACKTRAIL_API_KEY", "pt_x\r\nHost: evil")
        assert run_line(line) == 2
        assert run_line([*line, "--key-file", str(tmp_path / "none")]) == 2
    finally:
        server.stop()
    assert {read.reader.split()[1] for read in gate.log.newest(9)} == {"a"}


def test_a_key_does_not_travel_to_where_a_redirection_points(tmp_path, monkeypatch, capsys):
    asked = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(302)
            self.send_header("Location", "/stolen")
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PACKTRAIL_API_KEY", "pt_1_x")
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert run_line(["id", "show", parts.CODE, "--url", url]) == 2
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == [(f"{PATH}/events?limit=1000", "Bearer pt_1_x")]
    assert "302" in capsys.readouterr().err


@pytest.fixture
def hidden_car(desk, guard):
    """Another car, which a gateway committed to; guarded."""
    gateway = parts.PlayedGateway(epoch="ab" * 8)
    desk.receive(gateway.conceal(PackInstalled(vehicle=parts.OTHER_CAR), t_ns=NOW - parts.HOUR))
    return Subjects(desk.store).vehicle(parts.OTHER_CAR)


def test_a_number_is_opened_for_who_may_and_the_log_names_the_subject(guard, gate, hidden_car):
    number = parts.OTHER_CAR.id
    authority = key(gate, "authority", Purpose.AUDIT)
    for what in (number, number.lower(), str(hidden_car)):
        plain = guard.get(f"/api/v1/vehicles/{what}", headers=authority)
        assert plain.status_code == 200
        assert number not in plain.text
        shown = guard.get(f"/api/v1/vehicles/{what}?number=true", headers=authority).json()
        assert shown["number"] == number
        opened = guard.get(f"/api/v1/vehicles/{what}/openings", headers=authority).json()
        assert [one["value"] for one in opened["openings"]] == [number]
    noted = [read.what for read in gate.log.newest(100)]
    named = f"/api/v1/vehicles/{hidden_car}"
    assert noted == [named, f"number of {named}", f"openings of {named}"] * 3
    assert number not in (gate.log._file).read_text().upper()


def test_who_may_not_see_vehicles_learns_nothing_of_one(guard, gate, hidden_car):
    workshop = key(gate, "workshop", Purpose.REPAIR)
    for headers, status in (({}, 401), (workshop, 403)):
        for what in (parts.OTHER_CAR.id, str(hidden_car), "LSVAA4182E2100001"):
            for end in ("", "?number=true", "/openings"):
                answer = guard.get(f"/api/v1/vehicles/{what}{end}", headers=headers)
                assert answer.status_code == status
                assert hidden_car.id not in answer.text


def test_a_table_that_shows_the_ledger_alone_shows_no_joins(desk, gate, hidden_car, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'version = "1"\n[[grant]]\njurisdictions = ["CN"]\nroles = ["auditor"]\n'
        'purposes = ["audit"]\nfields = ["ledger"]\nlegal = "x"\nfrom = "2026-01-01"\n'
    )
    own = Gate(read_table(file), Jurisdiction.CN, gate.keys, gate.log, lambda: NOW)
    app = guarded(application(replace(desk.context, access=own)), ("testserver",))
    with TestClient(app) as client:
        told = client.get(f"{PATH}/events", headers=key(own, "auditor", Purpose.AUDIT)).json()
    assert told["events"]
    assert told["subjects"] == {}
