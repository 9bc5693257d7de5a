"""The commands: real processes, real signals, one-line errors with exit code 2."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store import SqliteStore
from packtrail.command import run_line
from packtrail.event import PackInstalled
from packtrail.settings import load
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.running import Wire, until
from tests.services import free_port

HOST = "127.0.0.1"
LIVES = 6


def write_settings(folder: Path, broker: int, port: int, **more: str) -> Path:
    """Settings of a bridge in `folder` that trusts the station and the maker."""
    if not (folder / "bridge.pem").exists():
        parts.AUTHORITY.save(folder / "bridge.pem")
    path = folder / "bridge.toml"
    path.write_text(
        f"""
key_file = "bridge.pem"
[store]
path = "bridge.sqlite"
[mqtt]
port = {broker}
{more.get("mqtt", "")}
[ingest]
batch_ms = 5
[http]
port = {port}
[ledger]
checkpoint_s = 0.05
[[trust]]
party = "station-1"
role = "gateway"
public_key = "{parts.STATION.public.text}"
[[trust]]
party = "maker-1"
role = "maker"
public_key = "{parts.MAKER.public.text}"
"""
    )
    return path


@contextmanager
def process(settings: Path) -> Iterator[subprocess.Popen[str]]:
    """`packtrail bridge run`, ready to answer; killed at the end if it still lives."""
    line = [sys.executable, "-m", "packtrail", "bridge", "run", "--settings", str(settings)]
    log = settings.with_suffix(".log").open("a")
    child = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"LANG": "C"}
    )
    try:
        assert child.stdout.readline().startswith("http://"), settings.with_suffix(".log")
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        log.close()


def get(port: int, path: str):
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
        return json.loads(answer.read())


def subscribed(port: int) -> bool:
    """Whether the bridge hears records: what was sent before would not be sent again here."""
    try:
        return get(port, "/health")["ok"]
    except urllib.request.HTTPError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_answers_and_stops_cleanly(mosquitto, tmp_path, number):
    port = free_port()
    settings = write_settings(tmp_path, mosquitto.port, port)
    gateway = parts.PlayedGateway()
    with process(settings) as child:
        until(lambda: subscribed(port))
        with Wire(mosquitto.port) as wire:
            wire.send(gateway.tell(PackInstalled(place=parts.SLOT)), gateway.telemetry())
            wire.receipt(2)
        assert get(port, "/health") == {"ok": True, "faults": []}
        assert get(port, f"/api/v1/packs/{parts.CODE}")["state"]["binding"]["place"]["slot"] == "3"
        child.send_signal(number)
        assert child.wait(10) == 0
    log = settings.with_suffix(".log").read_text()
    assert "Traceback" not in log
    assert '"event": "bridge_stopped"' in log


def test_systemd_is_told_when_it_is_ready_alive_and_leaving(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with process(write_settings(tmp_path, free_port(), free_port())) as child:
            assert notified.recv(100) == b"READY=1"
            assert notified.recv(100) == b"WATCHDOG=1"
            child.send_signal(signal.SIGTERM)
            while (word := notified.recv(100)) == b"WATCHDOG=1":
                continue
            assert word == b"STOPPING=1"


def test_a_broker_that_is_down_leaves_pages_and_health_working(tmp_path):
    port = free_port()
    with process(write_settings(tmp_path, free_port(), port)):
        with pytest.raises(urllib.request.HTTPError) as unwell:
            get(port, "/health")
        assert unwell.value.code == 503
        assert "broker" in unwell.value.read().decode()
        assert get(port, "/api/v1/packs") == {"packs": [], "next": None}


@pytest.mark.slow
def test_kill_9_loses_and_doubles_nothing(mosquitto, tmp_path):
    """The bridge is killed at random moments while a gateway sends until it is answered."""
    chance = random.Random(20260401)
    settings = write_settings(tmp_path, mosquitto.port, free_port())
    gateway = parts.PlayedGateway()
    for i in range(150):
        gateway.telemetry(parts.samples(4, parts.T0 + i * parts.MINUTE))
        gateway.tell(PackInstalled(place=parts.SLOT), t_ns=parts.T0 + i * parts.MINUTE)
    total = gateway.seq
    with Wire(mosquitto.port) as wire:
        for life in range(LIVES):
            with process(settings) as child:
                while wire.through < total:
                    wire.send_window(gateway, chance)
                    if life < LIVES - 1 and chance.random() < 0.4:
                        time.sleep(chance.random() * 0.03)
                        break
                    wire.wait_for_progress(0.5)
                child.kill()
    store = SqliteStore(tmp_path / "bridge.sqlite")
    assert store.progress("station-1", parts.EPOCH).through == total
    assert store.counts()[:5] == (1, 150 + 3, 150, 0, 0)
    counters = [entry.signed.read().counter for entry in store.entries_of(parts.PACK)]
    assert sorted(counters) == list(range(1, 151))
    store.close()
    assert run_line(["id", "verify", parts.CODE, "--settings", str(settings)]) == 0


@pytest.fixture
def english(monkeypatch):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


def one_line(capsys) -> str:
    """What stands on standard error: one line and no traceback."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1, text
    assert text.startswith("packtrail: ")
    return text


def test_a_taken_port_is_one_line(english, mosquitto, tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        settings = write_settings(tmp_path, mosquitto.port, taken.getsockname()[1])
        assert run_line(["bridge", "run", "--settings", str(settings)]) == 2
    text = one_line(capsys)
    assert "the port is taken" in text
    assert "http.port" in text


def test_a_missing_key_is_one_line(english, tmp_path, capsys):
    settings = write_settings(tmp_path, 1, free_port())
    (tmp_path / "bridge.pem").unlink()
    assert run_line(["bridge", "run", "--settings", str(settings)]) == 2
    assert "packtrail key new" in one_line(capsys)


def test_missing_settings_are_one_line(english, tmp_path, capsys):
    assert run_line(["bridge", "run", "--settings", str(tmp_path / "no.toml")]) == 2
    assert "no.toml" in one_line(capsys)


def test_a_store_that_cannot_be_made_is_one_line(english, tmp_path, capsys):
    settings = write_settings(tmp_path, 1, free_port())
    settings.write_text(settings.read_text().replace('"bridge.sqlite"', '"gone/bridge.sqlite"'))
    assert run_line(["bridge", "run", "--settings", str(settings)]) == 2
    assert "gone/bridge.sqlite" in one_line(capsys)


def test_every_fault_of_the_settings_is_named_at_once(english, tmp_path, capsys):
    settings = write_settings(tmp_path, 1, 70_000, mqtt='shared_group = "x"\nprotocol = "3.1.1"')
    settings.write_text(settings.read_text().replace('role = "maker"', 'role = "king"'))
    assert run_line(["bridge", "run", "--settings", str(settings)]) == 2
    text = one_line(capsys)
    for fault in ("http.port", "mqtt", "trust[2].role"):
        assert fault in text


def test_check_reports_everything_with_its_remedy(english, mosquitto, tmp_path, capsys):
    settings = write_settings(tmp_path, mosquitto.port, free_port())
    assert run_line(["bridge", "check", "--settings", str(settings)]) == 0
    out = capsys.readouterr().out
    assert "✗" not in out
    assert "ready to run" in out
    (tmp_path / "bridge.pem").chmod(0o644)
    mosquitto.stop()
    assert run_line(["bridge", "check", "--settings", str(settings)]) == 2
    out = capsys.readouterr().out
    assert "✗ key" in out
    assert "chmod 600" in out
    assert "✗ broker" in out
    assert "✓ port" in out
    assert not (tmp_path / "bridge.sqlite").exists(), "a check leaves nothing behind"


def test_check_names_the_secret_that_a_projection_needs(
    english, mosquitto, tmp_path, capsys, monkeypatch
):
    settings = write_settings(tmp_path, mosquitto.port, free_port())
    hook = '[[hook]]\nname = "erp"\nurl = "http://127.0.0.1:9/"\nsecret_env = "ERP_SECRET"\n'
    settings.write_text(settings.read_text() + hook)
    monkeypatch.delenv("ERP_SECRET", raising=False)
    assert run_line(["bridge", "check", "--settings", str(settings)]) == 2
    out = capsys.readouterr().out
    assert "✗ projections" in out
    assert "ERP_SECRET" in out
    monkeypatch.setenv("ERP_SECRET", "geheim")
    assert run_line(["bridge", "check", "--settings", str(settings)]) == 0
    assert "✓ projections" in capsys.readouterr().out


def test_init_makes_what_run_needs_and_overwrites_nothing(english, tmp_path, capsys):
    folder = tmp_path / "new"
    assert run_line(["bridge", "init", str(folder)]) == 0
    key = SigningKey.load(folder / "bridge.pem")
    assert key.public.text in capsys.readouterr().out
    settings = load(BridgeSettings, folder / "bridge.toml")
    assert settings.key_file == folder / "bridge.pem"
    assert run_line(["bridge", "init", str(folder)]) == 0
    assert SigningKey.load(folder / "bridge.pem").public == key.public


def test_trust_adds_a_key_and_keeps_the_rest_of_the_file(english, tmp_path, capsys):
    folder = tmp_path / "new"
    run_line(["bridge", "init", str(folder)])
    path = folder / "bridge.toml"
    before = path.read_text()
    line = ["bridge", "trust", "station-9", parts.STRANGER.public.text, "--settings", str(path)]
    assert run_line([*line, "--site", "north", "--site", 'so"uth']) == 0
    (entry,) = load(BridgeSettings, path).trust
    assert (entry.party, entry.role, entry.sites) == ("station-9", "gateway", ("north", 'so"uth'))
    assert path.read_text().startswith(before.rstrip("\n"))
    once = path.read_text()
    assert run_line(line) == 0
    assert path.read_text() == once
    capsys.readouterr()
    line[2] = "somebody-else"
    assert run_line(line) == 2
    assert "speaks for station-9" in one_line(capsys)
    assert run_line(["bridge", "trust", "x", "no-key", "--settings", str(path)]) == 2
    assert "base64" in one_line(capsys)
    assert path.read_text() == once
    made = ["bridge.pem", "bridge.toml", "policy.toml", "prices.toml"]
    assert sorted(p.name for p in folder.iterdir()) == made


def test_the_sample_names_every_setting(tmp_path):
    text = Path("cloud_bridge/sample.toml").read_text()
    for name, field in BridgeSettings.model_fields.items():
        assert name in text
        inner = getattr(field.annotation, "model_fields", {})
        for key in inner:
            assert key in text, f"{name}.{key}"


@pytest.fixture
def kept(desk, tmp_path) -> list[str]:
    """A store with one pack's facts, and the arguments that lead to it."""
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(gateway.tell(PackInstalled(vehicle=parts.CAR)), gateway.telemetry())
    settings = write_settings(tmp_path, 1, 0)
    origin = '[ledger]\norigin = "bridge.example/ledger"'
    settings.write_text(settings.read_text().replace("[ledger]", origin))
    return ["--settings", str(settings)]


def test_show_tells_a_packs_state(english, kept, capsys):
    assert run_line(["id", "show", parts.CODE, *kept]) == 0
    out = capsys.readouterr().out
    assert "OK to receive." in out
    assert parts.CAR.id not in out
    assert "in service" in out


def test_show_speaks_chinese(kept, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert run_line(["id", "show", parts.CODE, *kept]) == 0
    assert "可以接收。" in capsys.readouterr().out


def test_show_as_json_is_the_state(english, kept, capsys):
    assert run_line(["id", "show", parts.CODE, *kept, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["state"]["lifecycle"] == "in_service"
    assert document["verdict"]["level"] == "green"


def test_verify_says_what_was_checked(english, kept, capsys):
    assert run_line(["id", "verify", parts.CODE, *kept]) == 0
    out = capsys.readouterr().out
    assert out.count("✓") == 11
    assert "sound" in out


def test_verify_finds_a_change_and_fails(english, kept, desk, capsys):
    with desk.store._transaction() as rows:
        connection = rows.connection
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute(
            "UPDATE ledger SET signed = replace(signed, '150.', '155.') WHERE leaf = 2"
        )
        connection.execute(
            "UPDATE ledger SET signed = cast(replace(signed, ':150', ':155') AS BLOB) "
            "WHERE leaf = 2"
        )
    assert run_line(["id", "verify", parts.CODE, *kept, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["sound"] is False
    assert "leaf 2 was changed" in document["checks"][0]["faults"]


def test_a_code_with_a_typo_is_one_line(english, kept, capsys):
    assert run_line(["id", "show", parts.CODE[:-1] + "!", *kept]) == 2
    assert "24" in one_line(capsys)


def test_a_pack_that_nobody_knows_is_one_line(english, kept, capsys):
    assert run_line(["id", "verify", parts.OTHER_CODE, *kept]) == 2
    assert "nothing was ever reported" in one_line(capsys)


def test_show_and_verify_ask_a_running_bridge(english, mosquitto, tmp_path, capsys):
    port = free_port()
    gateway = parts.PlayedGateway()
    with process(write_settings(tmp_path, mosquitto.port, port)):
        until(lambda: subscribed(port))
        with Wire(mosquitto.port) as wire:
            wire.send(gateway.tell(PackInstalled(place=parts.SLOT)))
            wire.receipt(1)
        url = f"http://{HOST}:{port}"
        until(lambda: get(port, f"/api/v1/packs/{parts.CODE}/proof")["facts"])
        line = ["id", "verify", parts.CODE, "--url", url]
        assert run_line([*line, "--key", parts.AUTHORITY.public.text]) == 0
        assert run_line([*line, "--key", parts.STRANGER.public.text]) == 1
        capsys.readouterr()
        assert run_line(line) == 2
        assert "--key" in one_line(capsys)
        assert run_line(["id", "show", parts.CODE, "--url", url]) == 0
        assert run_line(["id", "show", parts.OTHER_CODE, "--url", url]) == 2
    assert run_line(["id", "show", parts.CODE, "--url", url]) == 2
