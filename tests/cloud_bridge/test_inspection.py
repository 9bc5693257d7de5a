"""Refused records stay: a person can list them, open one, and take its bytes along."""

from __future__ import annotations

import pytest

from cloud_bridge.ingest.judge import judge
from cloud_bridge.store import SqliteStore, Stranger
from packtrail.command import run_line
from packtrail.record import Kind
from tests.cloud_bridge import parts


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A store with one poisoned record of a station, and one message of a stranger."""
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    store = SqliteStore(tmp_path / "bridge.sqlite")
    poison = parts.PlayedGateway().record(Kind.TELEMETRY, b"poison")
    (tmp_path / "sent").write_bytes(poison[1])
    arrival = judge(*poison, parts.trust(), parts.T0)
    store.commit([arrival], [Stranger("packtrail/1/x\n/record", "key", b"?")], parts.T0)
    store.close()
    path = tmp_path / "bridge.toml"
    path.write_text('key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n')
    return path


def refused(settings, *arguments: str) -> int:
    return run_line(["bridge", "refused", *arguments, "--settings", str(settings)])


def test_a_poisoned_record_is_listed_with_its_reason(settings, capsys):
    assert refused(settings) == 0
    text = capsys.readouterr().out
    assert f"station-1/{parts.EPOCH}/1  columns: " in text
    assert refused(settings, "--gateway", "other") == 0
    assert "nothing was refused" in capsys.readouterr().out


def test_a_poisoned_record_can_be_opened_and_its_bytes_taken_along(settings, capsys, tmp_path):
    where = f"station-1/{parts.EPOCH}/1"
    assert refused(settings, where, "-o", str(tmp_path / "out")) == 0
    text = capsys.readouterr().out
    assert f"kind=telemetry  unit={parts.CODE}  slot=3" in text
    assert (tmp_path / "out").read_bytes() == (tmp_path / "sent").read_bytes()


def test_a_strangers_topic_cannot_write_to_the_terminal(settings, capsys):
    assert refused(settings, "--strangers") == 0
    text = capsys.readouterr().out
    assert r"packtrail/1/x\n/record" in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("where", [f"station-1/{parts.EPOCH}/9", "nonsense"])
def test_what_was_not_refused_is_one_line(settings, capsys, where):
    assert refused(settings, where) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_store_that_is_not_there_is_one_line(settings, capsys):
    (settings.parent / "bridge.sqlite").unlink()
    assert refused(settings) == 2
    assert "no store yet" in capsys.readouterr().err
