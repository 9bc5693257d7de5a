"""`packtrail id verify FILE`: a proof in a file, checked with the bridge's key alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from packtrail.command import run_line
from packtrail.event import PackInstalled
from tests.cloud_bridge import parts

KEY = parts.AUTHORITY.public.text


@pytest.fixture
def proof(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed)
    desk.receive(gateway.tell(PackInstalled(place=parts.SLOT)))
    file = tmp_path / "pack.json"
    file.write_bytes(desk.get(f"/api/v1/packs/{parts.CODE}/proof").content)
    return file


def test_a_sound_proof_is_said_to_be_sound(proof, capsys):
    assert run_line(["id", "verify", str(proof), "--key", KEY]) == 0
    assert "sound: everything that was checked holds" in capsys.readouterr().out


def test_one_changed_letter_is_found_and_located(proof, capsys):
    proof.write_bytes(proof.read_bytes().replace(b'"Demo 52"', b'"Demo 62"'))
    assert run_line(["id", "verify", str(proof), "--key", KEY]) == 1
    text = capsys.readouterr().out
    assert "NOT sound" in text
    assert "not in the signed tree" in text
    assert "the signature does not fit" in text


def test_a_proof_does_not_vouch_for_itself(proof, capsys):
    assert run_line(["id", "verify", str(proof)]) == 2
    assert "--key" in capsys.readouterr().err
    other = parts.STRANGER.public.text
    assert run_line(["id", "verify", str(proof), "--key", other]) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_a_file_that_holds_no_proof_is_refused_with_a_remedy(tmp_path, content, capsys):
    file = tmp_path / "pack.json"
    file.write_bytes(content)
    assert run_line(["id", "verify", str(file), "--key", KEY]) == 2
    assert "pack.json" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    assert run_line(["id", "verify", str(tmp_path / "none.json"), "--key", KEY]) == 2
    assert "none.json" in capsys.readouterr().err


def test_checking_a_file_loads_neither_web_server_nor_database():
    heavy = ("fastapi", "psycopg", "pydantic", "numpy", "sqlite3")
    program = (
        f"import sys, cloud_bridge.ledger.offline;print([m for m in {heavy} if m in sys.modules])"
    )
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert loaded.strip() == "[]"
