"""The whole gateway as a process: kill -9, SIGTERM, and what a person is told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gateway.outbox import SqliteOutbox
from gateway.pipeline import recover
from gateway.settings import GatewaySettings
from packtrail.codes import PackCode
from packtrail.columns import decode_columns
from packtrail.command import run_line
from packtrail.record import Kind
from packtrail.settings import load
from tests.gateway.bridge_player import BridgePlayer, eventually
from tests.gateway.drafts import GATEWAY, KEY, opened
from tests.gateway.stations import write_settings
from tests.services import LOOPBACK

REPOSITORY = Path(__file__).parents[2]


class Live:
    """A gateway process with a battery on its bus."""

    def __init__(self, settings: Path, **environment: str) -> None:
        self.settings = load(GatewaySettings, settings)
        self.sent: list[float] = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.live_process", str(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            env=os.environ | environment,
        )

    def listen(self, seconds: float) -> None:
        """Until the bus has spoken for so long from now on."""
        until = time.time() + seconds
        while not self.sent or self.sent[-1] < until:
            self.sent.append(float(self._child.stdout.readline()))

    def ask(self, path: str, body: object = None) -> dict:
        url = f"http://{LOOPBACK}:{self.settings.local_api.port}{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            return self.ask("/health")["status"] == "ok"
        except OSError:
            return False

    def end(self, how: signal.Signals) -> int:
        if self._child.returncode is not None:
            return self._child.returncode
        self._child.send_signal(how)
        out, self.errors = self._child.communicate(timeout=20)
        self.sent += [float(row) for row in out.splitlines(keepends=True) if row.endswith(b"\n")]
        return self._child.returncode


@pytest.fixture
def go_live():
    started: list[Live] = []

    def _start(settings: Path, **environment: str) -> Live:
        started.append(Live(settings, **environment))
        eventually(started[-1].answers)
        return started[-1]

    yield _start
    for process in started:
        process.end(signal.SIGKILL)


@pytest.fixture
def live(go_live, tmp_path, mosquitto) -> Live:
    return go_live(write_settings(tmp_path, mosquitto.port))


def on_disk(settings: GatewaySettings) -> np.ndarray:
    """Times of all samples in an outbox, held ones too, in seconds."""
    outbox = SqliteOutbox(settings.outbox.file, gateway=GATEWAY, key=KEY)
    records = [opened(row.sealed) for row in outbox.waiting(after=0, limit=10_000)]
    chunks = [record.body for record in records if record.kind is Kind.TELEMETRY]
    chunks += [draft.columns for draft in recover(outbox.recovered())[0]]
    outbox.close()
    return np.sort(np.concatenate([decode_columns(chunk).t_ns for chunk in chunks]) / 1e9)


def test_kill_9_costs_at_most_the_last_second_of_samples(live):
    live.listen(4)
    live.end(signal.SIGKILL)
    times = on_disk(live.settings)
    # A sample is due each second; one that was due 0.2 s before the kill is on the disk.
    assert live.sent[-1] - times[-1] <= 1.5
    assert np.diff(times).max() < 1.5


def test_after_a_kill_the_next_run_sends_what_the_last_one_held(tmp_path, mosquitto, go_live):
    settings = write_settings(tmp_path, mosquitto.port)
    first = go_live(settings)
    first.listen(3)
    first.end(signal.SIGKILL)
    expected = on_disk(load(GatewaySettings, settings))
    bridge = BridgePlayer(mosquitto.port)
    second = go_live(settings)
    eventually(bridge.seqs)
    second.end(signal.SIGKILL)
    sent = [decode_columns(r.body).t_ns / 1e9 for r in bridge.records.values() if r.body]
    assert set(expected) <= set(np.concatenate(sent))
    bridge.close()


def test_sigterm_ends_cleanly_with_everything_on_disk(live):
    live.listen(2)
    told_to_end = time.time()
    assert live.end(signal.SIGTERM) == 0
    assert b"Traceback" not in live.errors
    assert told_to_end - on_disk(live.settings)[-1] <= 1.5


def test_systemd_is_told_of_readiness_of_life_and_of_the_end(tmp_path, mosquitto, go_live):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        process = go_live(write_settings(tmp_path, mosquitto.port), **environment)
        assert [systemd.recv(99) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        process.end(signal.SIGTERM)
        told = [systemd.recv(99)]
        while told[-1] != b"STOPPING=1":
            told.append(systemd.recv(99))


def test_a_controller_over_http_binds_the_pack_and_a_restart_remembers_it(
    tmp_path, mosquitto, go_live
):
    settings = write_settings(tmp_path, mosquitto.port)
    code = PackCode.make(maker="001", chemistry="LMO", made_on=date(2020, 1, 2), serial=3).text
    first = go_live(settings)
    at = "2026-04-01T00:00:00Z"
    first.ask("/v1/slots/1/scan", {"label": code, "at": at})
    first.ask("/v1/slots/1/scan", {"label": code, "source": "order", "at": at})
    first.ask("/v1/slots/1/insert", {"at": at})
    (slot,) = first.ask("/v1/slots")["slots"]
    assert (slot["state"], slot["code"]) == ("bound", code)
    first.end(signal.SIGKILL)
    second = go_live(settings)
    (slot,) = second.ask("/v1/slots")["slots"]
    assert (slot["state"], slot["code"]) == ("bound", code)


def test_check_finds_everything_in_order(tmp_path, mosquitto, capsys):
    settings = write_settings(tmp_path, mosquitto.port)
    assert run_line(["gateway", "check", "--settings", str(settings)]) == 0
    assert "ready to run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder, text: (folder / "gateway.key").unlink(), "no key file"),
        (lambda folder, text: (folder / "gateway.key").chmod(0o644), "others may read"),
        (lambda folder, text: text.replace("nissan_leaf", "no_such"), "no_such"),
        (lambda folder, text: text.replace('"virtual"', '"socketcan"'), "socketcan"),
        (lambda folder, text: text.replace("profiles", 'dbc = ["no.dbc"]\nprofiles'), "no.dbc"),
        (lambda folder, text: text.replace("quota_mb = 100", "quota_mb = 999999"), "MB free"),
    ],
)
def test_check_names_each_fault_and_its_remedy(tmp_path, mosquitto, capsys, spoil, said):
    path = write_settings(tmp_path, mosquitto.port)
    changed = spoil(tmp_path, path.read_text())
    if isinstance(changed, str):
        path.write_text(changed)
    assert run_line(["gateway", "check", "--settings", str(path)]) == 2
    faults = [row for row in capsys.readouterr().out.splitlines() if row.startswith("✗")]
    assert len(faults) == 1
    assert said in faults[0]
    assert " — " in faults[0]


def test_check_says_that_the_broker_is_down(tmp_path, capsys):
    assert run_line(["gateway", "check", "--settings", str(write_settings(tmp_path))]) == 2
    assert "the broker does not answer" in capsys.readouterr().out


def test_check_speaks_chinese(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    run_line(["gateway", "check", "--settings", str(write_settings(tmp_path))])
    assert "消息代理无响应" in capsys.readouterr().out


def test_a_taken_port_is_one_line_and_exit_code_2(live, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    path = write_settings(other)
    mine = f"port = {load(GatewaySettings, path).local_api.port}"
    path.write_text(path.read_text().replace(mine, f"port = {live.settings.local_api.port}"))
    assert run_line(["gateway", "run", "--settings", str(path)]) == 2
    assert "the port is taken" in capsys.readouterr().err


def test_init_makes_a_key_and_settings_that_load(tmp_path, capsys):
    folder = tmp_path / "new"
    assert run_line(["gateway", "init", str(folder)]) == 0
    assert load(GatewaySettings, folder / "gateway.toml").key.file.exists()
    assert "public_key" in capsys.readouterr().out
    assert run_line(["gateway", "init", str(folder)]) == 2
