"""Retention as people meet it: the command, a running bridge, the API, the pack's page."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloud_bridge.retention.job import Rounds
from cloud_bridge.retention.retiring import Retention
from cloud_bridge.settings import BridgeSettings
from cloud_bridge.store.opening import open_store
from cloud_bridge.web import application, guarded
from packtrail.command import run_line
from packtrail.event import Disputed, UnitRetired
from packtrail.settings import load
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN, Desk
from tests.cloud_bridge.retention_parts import FLOOR, TODAY, Yard, at_day, rule
from tests.cloud_bridge.running import running, settings_for, until

TABLE = FLOOR + rule("weekly", "always", every=7)


@pytest.fixture
def home(tmp_path: Path, capsys) -> Path:
    """A bridge's folder with a week of telemetry and a table of its own."""
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    assert run_line(["bridge", "init", str(tmp_path)]) == 0
    file = tmp_path / "bridge.toml"
    text = file.read_text("utf-8").replace("packtrail.example/ledger", ORIGIN)
    text = text.replace('# rules = "retention.toml"', 'rules = "retention.toml"')
    file.write_text(text, "utf-8")
    (tmp_path / "retention.toml").write_text(TABLE, "utf-8")
    store = open_store(load(BridgeSettings, file).store)
    yard = Yard(store, tmp_path)
    yard.fill(range(7), hours=1)
    yard.close_days()
    store.close()
    capsys.readouterr()
    return tmp_path


def test_the_command_tells_first_and_lets_go_when_told(home, capsys, monkeypatch):
    retain = ["bridge", "retain", "--settings", str(home / "bridge.toml")]
    assert run_line([*retain, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["applied"], told["chunks"], told["days"], told["faults"]) == (False, 6, 6, [])
    assert told["kept"] == {"weekly": 1}
    monkeypatch.setenv("LANGUAGE", "zh")
    assert run_line(retain) == 0
    assert "可清除 1 个包的 6 个包日" in capsys.readouterr().out
    monkeypatch.setenv("LANGUAGE", "en")
    assert run_line([*retain, "--apply"]) == 0
    out = capsys.readouterr().out
    assert "went: 6 chunks" in out
    assert "stay: 1 pack-days, weekly (weekly)" in out
    assert run_line(["bridge", "verify", "--settings", str(home / "bridge.toml")]) == 0
    capsys.readouterr()
    gone = next(day for day in range(7) if (TODAY + day) % 7)
    moment = f"2026-04-0{gone + 1}T00:00:02Z"
    prove = ["id", "prove", parts.CODE, "--settings", str(home / "bridge.toml")]
    assert run_line([*prove, "--sample", moment]) == 2
    assert "was retired on" in capsys.readouterr().err
    assert run_line(["bridge", "retain", "--rules"]) == 0
    assert "packtrail-default/2" in capsys.readouterr().out


def test_a_table_with_a_fault_is_told_by_check_and_command(home, capsys):
    (home / "retention.toml").write_text(TABLE + rule("x", "stage"), "utf-8")
    settings = ["--settings", str(home / "bridge.toml")]
    assert run_line(["bridge", "retain", *settings]) == 2
    assert "stages are missing" in capsys.readouterr().err
    run_line(["bridge", "check", *settings])
    assert "stages are missing" in capsys.readouterr().out


def test_a_running_bridge_lets_go_by_itself_where_it_is_switched_on(home):
    settings = settings_for(
        home, 1, retention={"enabled": True, "rules": str(home / "retention.toml")}
    )
    settings = settings.model_copy(
        update={"ledger": load(BridgeSettings, home / "bridge.toml").ledger}
    )
    with running(settings, connected=False) as bridge:
        assert bridge.rounds is not None
        assert not bridge.stalled
        bridge.rounds._round(bridge._stop)
        text = bridge.metrics.text().decode()
        assert 'packtrail_bridge_retired_total{what="chunk"} 6.0' in text
    with running(settings_for(home, 1), connected=False) as bridge:
        assert bridge.rounds is None


def test_the_rounds_go_on_until_they_are_stopped(desk: Desk, tmp_path):
    yard = Yard(desk.store, tmp_path)
    yard.fill(range(3), hours=1)
    yard.close_days()
    retention = Retention(desk.store, parts.AUTHORITY, ORIGIN, yard.policy(), now=yard.clock)
    stop = threading.Event()
    rounds = Rounds(retention, desk.store, desk.context.metrics, 0.01, first_s=0.01)
    thread = threading.Thread(target=rounds.run, args=(stop,))
    thread.start()
    until(lambda: not yard.left())
    yard.fill([3], hours=1)
    yard.close_days()
    until(lambda: not yard.left())
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert len(yard.retired()) >= 2


def test_the_api_and_the_page_tell_what_is_kept_and_what_went(desk: Desk, tmp_path):
    yard = Yard(desk.store, tmp_path)
    yard.fill(range(7), hours=1)
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    yard.close_days()
    path = f"/api/v1/packs/{parts.CODE}/retention"
    before = desk.get(path).json()
    assert (before["policy"], before["kept_from"]) == ("packtrail-default/2", "2026-04-01")
    assert [by["rule"] for by in before["kept_by"] if by["all"]] == ["telemetry", "life"]
    assert before["kept_until"] == "", "for as long as it lives"
    assert (before["owed"], before["duties_behind"]) == ([], False)
    yard.retain(rule("weekly", "always", every=7))
    after = desk.get(path).json()
    (gone,) = after["retired"]
    assert (gone["records"], gone["kept"], gone["policy"]) == (6, 0, "yard/1")
    assert (TODAY + int(after["kept_from"][-2:]) - 1) % 7 == 0
    assert desk.get(f"/api/v1/packs/{parts.OTHER_CODE}/retention").status_code == 404
    page = desk.get(f"/packs/{parts.CODE}?lang=en").text
    assert "6 records of" in page
    assert "is kept: for as long as the pack lives" in page
    page = desk.get(f"/packs/{parts.CODE}?lang=zh").text
    assert "按 yard/1 清除" in page
    answer = desk.get(f"/api/v1/packs/{parts.CODE}/telemetry").json()
    assert len(answer["t_ns"] if "t_ns" in answer else answer["time"]) == 10


def at_moment(desk: Desk, day: int) -> TestClient:
    """The desk's pages on another day."""
    context = replace(desk.context, now=lambda: at_day(day))
    return TestClient(guarded(application(context), ("testserver",)))


def test_an_open_duty_and_a_dispute_are_told_where_it_says_until_when(desk: Desk, tmp_path):
    yard = Yard(desk.store, tmp_path)
    yard.fill(range(2), hours=1)
    yard.close_days()
    yard.say(parts.REGISTRATION, t_ns=at_day(-9))
    retired = yard.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    policy = yard.policy(rule("duty", "duty"), rule("dispute", "contested", reasons=["disputed"]))
    desk.context = replace(desk.context, policy=policy)
    client = at_moment(desk, 5)
    path = f"/api/v1/packs/{parts.CODE}/retention"
    told = client.get(path).json()
    assert told["kept_until"] == "", "nothing says when the duty will be done"
    assert {by["rule"] for by in told["kept_by"]} == {"floor", "duty"}
    (owed,) = {one["rule"]: one for one in told["owed"]}.values()
    assert owed["holds"] is True
    assert owed["days_left"] > 0
    assert owed["due"] > told["kept_from"]
    page = client.get(f"/packs/{parts.CODE}?lang=en").text
    assert "Kept until this is done: " in page
    assert owed["due"][:10] in page
    assert "在完成此项义务前保留：" in client.get(f"/packs/{parts.CODE}?lang=zh").text
    yard.say(Disputed(retired.signed.event_id, "not ours"), t_ns=at_day(4))
    assert {by["rule"] for by in client.get(path).json()["kept_by"]} >= {"dispute"}
    assert "overdue by " in at_moment(desk, 300).get(f"/packs/{parts.CODE}?lang=en").text


def test_a_rule_may_name_the_duties_that_it_means(desk: Desk, tmp_path):
    yard = Yard(desk.store, tmp_path)
    yard.fill(range(2), hours=1)
    yard.close_days()
    yard.say(UnitRetired("capacity", 362.5, "lfp", "outlet-9"), t_ns=at_day(3))
    yard.now_ns = at_day(20)
    client = at_moment(desk, 20)
    told = client.get(f"/api/v1/packs/{parts.CODE}/retention").json()
    (owed,) = {one["rule"] for one in told["owed"]}
    other = rule("duty", "duty", duties=["another_duty"])
    assert yard.retain(other, apply=False).chunks == 2
    assert yard.retain(rule("duty", "duty", duties=[owed]), apply=False).chunks == 0
