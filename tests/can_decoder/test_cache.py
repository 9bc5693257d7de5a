"""The cache of large databases: it saves time, and nothing in it can do harm."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

import can_decoder
from can_decoder import Database, cache


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """Where entries go."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def dbc(tmp_path) -> Path:
    """A file that is large enough, with every kind of finding."""
    lines = []
    for number in range(400):
        lines.append(f"BO_ {number} M{number}: 8 X")
        lines.append(f' SG_ a{number} M : 0|4@1+ (1,0) [0|0] "" X')
        lines.append(f' SG_ b{number} m1 : 8|16@0- (0.1,-40.0) [-40|99.5] "°C" X')
        lines.append(f'VAL_ {number} a{number} 0 "off" 1 "on" ;')
    lines.append("SIG_VALTYPE_ 7 nothing : 1;")
    path = tmp_path / "big.dbc"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def entries(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def same(first: Database, second: Database) -> bool:
    names = [message.name for message in first.messages]
    return (
        repr(first.messages) == repr(second.messages)  # an integer stays one
        and first.diagnostics == second.diagnostics
        and [first.plan(name) for name in names] == [second.plan(name) for name in names]
    )


def test_second_start_takes_what_the_first_has_compiled(place, dbc, monkeypatch):
    plain = can_decoder.load(dbc, cached=False)
    assert not entries(place)
    assert same(can_decoder.load(dbc), plain)
    assert len(entries(place)) == 1
    monkeypatch.setattr("can_decoder.files.read_dbc", None)  # reading would fail
    kept = can_decoder.load(dbc)
    assert same(kept, plain)
    assert kept.decode(1, False, b"\x01\x00\x01" + bytes(5)) == {"a1": 1, "b1": -27.2}


def test_changed_or_renamed_file_is_another_entry(place, dbc):
    can_decoder.load(dbc)
    dbc.write_bytes(dbc.read_bytes() + b"\n")
    can_decoder.load(dbc)
    can_decoder.load(dbc.rename(dbc.with_name("other.dbc")))
    assert len(entries(place)) == 3


def harm(entry: Path, how: str) -> None:
    stored = entry.read_bytes()
    if how == "writable by others":
        entry.chmod(0o666)
        return
    body = b"\x93\x91\x01\x90\x90" if how == "foreign" else stored[cache.DIGEST_BYTES :]
    digest = sha256(body).digest()
    entry.write_bytes({"torn": stored[:-9], "empty": b""}.get(how, digest + body))


@pytest.mark.parametrize("how", ["torn", "empty", "foreign", "writable by others"])
def test_entry_that_cannot_be_trusted_is_passed_over(place, dbc, how):
    plain = can_decoder.load(dbc)
    harm(entries(place)[0], how)
    assert cache.recall(entries(place)[0].stem) is None
    assert same(can_decoder.load(dbc), plain)
    assert cache.recall(entries(place)[0].stem) is not None


def test_cache_can_be_switched_off_and_a_folder_that_is_none_costs_nothing(
    tmp_path, dbc, monkeypatch
):
    monkeypatch.setenv(cache.VARIABLE, cache.OFF)
    assert len(can_decoder.load(dbc).messages) == 400
    monkeypatch.setenv(cache.VARIABLE, str(dbc / "inside"))
    assert len(can_decoder.load(dbc).messages) == 400


def test_entries_live_where_the_desktop_keeps_its_caches(tmp_path, monkeypatch):
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "packtrail" / "databases"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.folder() == tmp_path / "home" / ".cache" / "packtrail" / "databases"


def test_only_so_many_entries_are_kept(place, dbc, monkeypatch):
    monkeypatch.setattr(cache, "MOST_ENTRIES", 2)
    for number in range(4):
        dbc.write_bytes(dbc.read_bytes() + b"\n" * number)
        can_decoder.load(dbc)
    assert len(entries(place)) == 2
