"""Backup and restore of a whole gateway, and outboxes of every released schema."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from gateway.outbox import SqliteOutbox, schema
from packtrail.command import run_line
from tests.gateway.drafts import GATEWAY, KEY, receipt, telemetry
from tests.gateway.stations import write_settings

SCHEMAS = Path(__file__).parent / "schemas"


def open_at(folder: Path) -> SqliteOutbox:
    return SqliteOutbox(folder / "outbox.db", gateway=GATEWAY, key=KEY)


def test_a_running_gateway_is_saved_and_goes_on_elsewhere_with_new_numbers(tmp_path, capsys):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    settings = write_settings(old)
    running = open_at(old)
    running.put(telemetry(1)).result(5)
    saved = tmp_path / "saved.tar.gz"
    assert run_line(["gateway", "backup", "--settings", str(settings), str(saved)]) == 0
    running.put(telemetry(2)).result(5)  # after the backup; the bridge may have seen it
    running.close()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert run_line(["gateway", "backup", "--settings", str(settings), str(saved)]) == 2

    target = new / "gateway.toml"
    assert run_line(["gateway", "restore", "--settings", str(target), str(saved)]) == 0
    assert stat.S_IMODE((new / "gateway.key").stat().st_mode) == 0o600
    restored = open_at(new)
    assert restored.epoch != running.epoch
    assert restored.put(telemetry(3)).result(5).seq == 1
    waiting = restored.waiting(after=0, limit=9)
    assert [row.address[1:] for row in waiting] == [(running.epoch, 1), (restored.epoch, 1)]
    restored.settle(receipt(running.epoch, 1)).result(5)
    restored.close()
    capsys.readouterr()
    assert run_line(["gateway", "restore", "--settings", str(target), str(saved)]) == 2
    assert "already" in capsys.readouterr().err


def test_a_file_that_is_no_backup_or_a_hostile_one_is_refused(tmp_path, capsys):
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    hostile = tmp_path / "hostile.tar.gz"
    with tarfile.open(hostile, "w:gz") as archive:
        link = tarfile.TarInfo("gateway.toml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    for name in ("x.tar.gz", "hostile.tar.gz", "missing.tar.gz"):
        words = ["--settings", str(tmp_path / "g" / "gateway.toml"), str(tmp_path / name)]
        assert run_line(["gateway", "restore", *words]) == 2
        assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "g" / "gateway.toml").exists()


@pytest.mark.parametrize("script", sorted(SCHEMAS.glob("*.sql")), ids=lambda path: path.stem)
def test_an_outbox_of_every_released_version_is_opened_with_its_records(tmp_path, script):
    file = tmp_path / "outbox.db"
    with closing(sqlite3.connect(file)) as old:
        old.execute("PRAGMA auto_vacuum = INCREMENTAL")
        old.executescript(script.read_text("utf-8"))
    outbox = open_at(tmp_path)
    old_records = outbox.waiting(after=0, limit=10)
    assert [row.address.seq for row in old_records] == [1, 2]
    assert outbox.counters().waiting == 2
    outbox.put(telemetry(9)).result(5)
    outbox.settle(receipt(old_records[0].address.epoch, 2)).result(5)
    assert outbox.counters().waiting == 1
    outbox.close()
    with closing(sqlite3.connect(file)) as now:
        assert now.execute("PRAGMA user_version").fetchone()[0] == schema.steps()[-1][0]


def test_the_newest_schema_has_its_example():
    newest = schema.steps()[-1][0]
    assert (SCHEMAS / f"{newest:03d}.sql").exists(), "python -m tests.gateway.old_outbox makes it"


def test_a_backup_holds_the_certificates_as_well(tmp_path):
    folder = tmp_path / "g"
    folder.mkdir()
    settings = write_settings(folder)
    text = settings.read_text() + (
        '\n[broker.tls]\nca_file = "ca.pem"\ncertificate_file = "c.pem"\nkey_file = "c.key"\n'
    )
    settings.write_text(text)
    for name in ("ca.pem", "c.pem", "c.key"):
        (folder / name).write_text(name)
    saved = tmp_path / "b.tar.gz"
    assert run_line(["gateway", "backup", "--settings", str(settings), str(saved)]) == 0
    shutil.rmtree(folder)
    assert run_line(["gateway", "restore", "--settings", str(settings), str(saved)]) == 0
    assert (folder / "c.key").read_text() == "c.key"
    assert stat.S_IMODE((folder / "c.key").stat().st_mode) == 0o600
