"""Verification of what came after an earlier one, and what it cannot see."""

from __future__ import annotations

import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping import tree
from cloud_bridge.keeping.since import verify_since
from cloud_bridge.keeping.whole import Verified, verify_store
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store.opening import open_store
from packtrail.command import run_line
from packtrail.event import CorrectionDeclared
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.stored import KEY, NOW, Kept, kept, place, tell
from tests.cloud_bridge.test_commands import write_settings

__all__ = ["kept", "place"]


@pytest.fixture(autouse=True)
def _small_spans(monkeypatch):
    """Spans of four lines, so that a small ledger has many."""
    for module in ("tree", "segments", "ledger"):
        monkeypatch.setattr(f"cloud_bridge.keeping.{module}.SPAN", 4)
    monkeypatch.setattr(tree, "BITS", 2)


def goes_on(kept: Kept, lines: int = 15) -> str:
    """Verify, keep the head, and let the ledger grow."""
    store = kept.open()
    found = verify_store(store, ORIGIN, KEY, 1)
    assert found.sound
    assert found.head is not None
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    for counter in range(100, 100 + lines):
        store.append([parts.installed(counter=counter)], NOW)
        if counter % 4 == 0:
            authority.seal()
    first = store.entries(3, 1)[0].event_id
    store.append([parts.fact(CorrectionDeclared(first, "did_not_occur"), counter=900)], NOW)
    authority.seal()
    store.close()
    return found.head


def since(kept: Kept, head: str) -> Verified:
    store = kept.open()
    try:
        return verify_since(store, ORIGIN, KEY, head, 1)
    finally:
        store.close()


def faults(found: Verified) -> list[str]:
    return [fault for check in found.checks for fault in check.faults]


@pytest.mark.parametrize("lines", [1, 7, 8, 9, 23, 24, 25])
def test_newer_lines_are_looked_at_and_older_ones_are_not(kept, lines):
    head = goes_on(kept, lines)
    found = since(kept, head)
    assert faults(found) == []
    counts = {check.name: check.count for check in found.checks}
    assert counts["lines"] == lines + 1  # the ledger had eight, which are two spans
    assert counts["heads"] == len(range(100, 100 + lines, 4)) + 1
    store = kept.open()
    assert verify_store(store, ORIGIN, KEY, 1).sound
    store.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM ledger WHERE leaf = 12", "between line 11 and line 13"),
        ("UPDATE ledger SET author = 'x' WHERE leaf = 14", "leaf 14: its column author"),
        ("UPDATE tree SET hash = {zero} WHERE level = 3 AND position = 1", r"node 3/1 "),
        ("UPDATE tree SET hash = {zero} WHERE level = 0 AND position = 17", r"node 0/17 "),
        ("DELETE FROM ledger_unit WHERE leaf = 15", "leaf 15 names gbt34014:"),
        ("UPDATE story SET count = count + 1", "the story of gbt34014:"),
        ("DELETE FROM place", "place station-1"),
        # What the earlier head commits to cannot be exchanged for anything else.
        ("UPDATE tree SET hash = {zero} WHERE level = 3 AND position = 0", "the first 8 lines"),
    ],
)
def test_damage_after_the_head_is_located(kept, statement, said):
    head = goes_on(kept)
    hand = kept.hand()
    zero = "zeroblob(32)" if kept.settings.path else "decode(repeat('00', 32), 'hex')"
    hand.execute(statement.format(zero=zero))
    hand.close()
    told = faults(since(kept, head))
    assert any(said in fault for fault in told), told


def test_damage_before_the_head_is_seen_by_a_whole_verification_only(kept):
    head = goes_on(kept)
    hand = kept.hand()
    hand.execute("UPDATE ledger SET author = 'x' WHERE leaf = 2")
    hand.close()
    assert faults(since(kept, head)) == []
    assert kept.checks()["lines"][0].startswith("leaf 2: its column author")


def test_a_head_of_another_history_is_told(kept, tmp_path):
    other = Kept(StoreSettings(path=tmp_path / "other.sqlite"))
    store = open_store(other.settings)
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    store.append([parts.installed(counter=77)], NOW)
    authority.seal()
    head = store.checkpoint()
    store.close()
    goes_on(kept)
    assert faults(since(kept, head)) == ["the first 1 lines are not those that were verified"]
    assert "the ledger has 1" in faults(since(other, goes_on(kept, 3)))[0]
    with pytest.raises(BridgeError, match="no signed head"):
        since(kept, head.replace("bench", "x") + "x\n\n")


def test_the_command_keeps_a_head_and_goes_on_from_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    settings = write_settings(tmp_path, 1, 0)
    content = settings.read_text().replace("[ledger]\ncheckpoint_s = 0.05\n", "")
    settings.write_text(f'{content}[ledger]\norigin = "{ORIGIN}"\n')
    store = open_store(StoreSettings(path=tmp_path / "bridge.sqlite"))
    tell(store)
    store.close()
    head = tmp_path / "head"
    about = ["bridge", "verify", "--jobs", "1", "--settings", str(settings)]
    assert run_line([*about, "--since", str(head)]) == 2
    assert run_line([*about, "--keep", str(head)]) == 0
    assert head.read_text().startswith(f"{ORIGIN}\n8\n")
    kept = Kept(StoreSettings(path=tmp_path / "bridge.sqlite"))
    goes_on(kept)
    capsys.readouterr()
    assert run_line([*about, "--since", str(head), "--keep", str(head)]) == 0
    out = capsys.readouterr().out
    assert "the ledger goes on from the head that was verified before" in out
    assert "only what is newer than the earlier head was looked at" in out
    assert head.read_text().startswith(f"{ORIGIN}\n24\n")
    hand = kept.hand()
    hand.execute("UPDATE tree SET hash = zeroblob(32) WHERE level = 3 AND position = 2")
    hand.close()
    before = head.read_text()
    assert run_line([*about, "--since", str(head), "--keep", str(head)]) == 1
    assert head.read_text() == before
