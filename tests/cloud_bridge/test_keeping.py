"""Verification of a whole store, on both databases, whatever was flipped, cut or reordered."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping.whole import verify_store, verify_whole
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store.opening import open_store
from packtrail.event import CorrectionDeclared, PackInstalled
from packtrail.language import Text
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.stored import KEY, NOW, Kept, contents, kept, place, tell

__all__ = ["kept", "place"]


FLIPS = 4


PLACES = {
    # What names a row of each table, and what of it is vouched for by something else.
    "ledger": ("leaf", "leaf event_id type author stream counter signed"),
    "tree": ("level position", "level position hash"),
    "checkpoint": ("size", "size root note"),
    "ledger_unit": ("leaf scheme unit", "leaf scheme unit"),
    "ledger_subject": ("leaf kind id", "leaf kind id"),
    "unit": ("scheme id", "scheme id"),
    "place": ("author site slot", "author site slot from_ns leaf"),
    "vehicle": ("scheme id", "scheme id from_ns leaf"),
    "attribution": ("leaf", "leaf gateway slot scheme unit old_scheme old_unit from_ns to_ns"),
    "chunk": (
        "gateway epoch seq",
        "gateway epoch seq scheme unit slot from_ns to_ns samples data",
    ),
    "refused": ("gateway epoch seq", "gateway epoch seq data"),
    "equivocation": ("gateway epoch seq", "digest data"),
    "receipt": ("gateway epoch", "gateway epoch through highest"),
    "record": ("gateway epoch seq", "gateway epoch seq outcome"),
    "story": ("bucket key", "bucket key scheme unit count head"),
    "story_node": ("level position", "level position hash"),
    "glance": ("scheme unit", "scheme unit shown"),
}


def test_a_sound_store_is_sound_and_everything_in_it_was_looked_at(kept):
    store = kept.open()
    told: dict[str, tuple[float, float]] = {}

    @contextmanager
    def watch(what: Text, total: float, _unit: Text) -> Iterator[Callable[[float], None]]:
        heard: list[float] = []
        yield heard.append
        told[what.en] = (sum(heard), total)

    checks = verify_whole(store, ORIGIN, KEY, 2, watch)
    assert told["verifying the ledger"] == (8, 8)
    assert told["verifying telemetry"] == (3, 3)
    assert all(done >= total for done, total in told.values())
    store.close()
    assert [one for one in checks if one.faults] == []
    counts = {one.name: one.count for one in checks}
    assert counts == {
        "database": 1,
        "lines": 8,
        "nodes": 15,
        "heads": 2,
        "index": 8,
        "stories": 2,
        "chunks": 3,
        "now": 7,
        "lists": 2,
        "duties": 0,
        "refusals": 2,
        "receipts": 1,
        "days": 0,
        "personal": 0,
        "retired": 0,
    }


def test_processes_read_one_moment_while_the_bridge_goes_on(kept):
    store, stop, counters = kept.open(), threading.Event(), itertools.count(100)
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)

    def write() -> None:
        while not stop.is_set():
            fact = parts.installed(counter=next(counters))
            said = CorrectionDeclared(fact.signed.event_id, "did_not_occur")
            # The statement first: its story is found when the fact comes.
            store.append([parts.fact(said, counter=next(counters))], NOW)
            store.append([fact], NOW)
            authority.seal()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        before = store.size()
        found = verify_store(store, ORIGIN, KEY, 2)
        after = store.size()
    finally:
        stop.set()
        writer.join()
    store.close()
    assert [check for check in found.checks if check.faults] == []
    (lines,) = [check.count for check in found.checks if check.name == "lines"]
    assert before <= lines < after
    assert found.head is not None
    assert int(found.head.split()[1]) <= lines


def test_one_flipped_bit_in_any_column_of_any_table_is_located(kept):
    chance = random.Random(7)
    hand = kept.hand()
    missed = []
    for table, (key, columns) in PLACES.items():
        for column in columns.split():
            for _ in range(FLIPS if column in ("signed", "data", "hash", "note") else 1):
                undo, place = flip(kept, hand, table, key.split(), column, chance)
                told = " ".join(fault for faults in kept.checks().values() for fault in faults)
                if not any(part in told for part in place):
                    missed.append((table, column, place, told))
                undo()
    assert missed == []
    assert kept.checks() == {}
    hand.close()


def flip(kept: Kept, hand: Any, table: str, key: list[str], column: str, chance: random.Random):
    """Flip a bit of a random row; how to undo it, and words of which one names the place."""
    extra = ["scheme", "unit"] if table == "story" else []
    names = [name for name in dict.fromkeys([*key, *extra]) if name != column] + [column]
    rows = hand.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    row = dict(zip(names, chance.choice([r for r in rows if r[-1] is not None]), strict=True))
    changed = with_flipped_bit(row[column], chance)
    where = " AND ".join(f"{name} = {kept.mark}" for name in key)
    after = [changed if name == column else row[name] for name in key]
    before = [row[name] for name in key]
    update = f"UPDATE {table} SET {column} = {kept.mark} WHERE {where}"
    done = hand.execute(update, [changed, *before])
    assert done.rowcount == 1

    def undo() -> None:
        assert hand.execute(update, [row[column], *after]).rowcount == 1

    # Where a name itself was changed, the row goes by its new one.
    return undo, [*words(table, key, row), *words(table, key, {**row, column: changed})]


def words(table: str, key: list[str], row: dict[str, Any]) -> list[str]:
    named = {
        "ledger": [f"leaf {row.get('leaf')}", f"line {row.get('leaf')}"],
        "tree": [f"node {row.get('level')}/{row.get('position')} "],
        "checkpoint": [f"head of {row.get('size')} lines"],
        "ledger_unit": [f"leaf {row.get('leaf')} "],
        "ledger_subject": [f"leaf {row.get('leaf')} "],
        "story": [f"the story of {row.get('scheme')}:{row.get('unit')} "],
        "story_node": [f"node {row.get('level')}/{row.get('position')} of the map"],
        "attribution": [f"attribution {row.get('leaf')} "],
    }
    named["record"] = [f"{row.get('gateway')}/{row.get('epoch')}: "]
    name = "/".join(str(row[one]) for one in key)
    return [*named.get(table, []), name, name.replace("/", " "), name.replace("/", ":")]


def with_flipped_bit(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if value == "":
        return "?"
    if isinstance(value, str):
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(4)) + value[at + 1 :]
    return value ^ 1 << chance.randrange(40)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM ledger WHERE leaf = 4"], "between line 3 and line 5"),
        (["DELETE FROM ledger WHERE leaf = 7"], "a head of 8 lines, the ledger has 7"),
        (
            [
                "UPDATE ledger SET leaf = 99 WHERE leaf = 4",
                "UPDATE ledger SET leaf = 4 WHERE leaf = 5",
                "UPDATE ledger SET leaf = 5 WHERE leaf = 99",
            ],
            r"node 0/4 \(line 4\) was changed",
        ),
        (["DELETE FROM tree WHERE level = 2 AND position = 1"], r"node 2/1 .* is missing"),
        (["DELETE FROM ledger_unit WHERE leaf = 6"], "leaf 6 speaks of gbt34014:"),
        (["DELETE FROM record WHERE seq = 6"], "9 numbers are promised; 6 is missing"),
        (["DELETE FROM record WHERE seq = 2"], f"chunk station-1/{parts.EPOCH}/2: no record"),
        (["DELETE FROM refused"], f"station-1/{parts.EPOCH}/5: said to be 'refused'"),
        (["DELETE FROM receipt"], "records without a receipt"),
        (["DELETE FROM vehicle"], "vehicle vin LSVAA4182E2184847 is missing"),
    ],
)
def test_what_was_removed_or_reordered_is_located(kept, statements, said):
    hand = kept.hand()
    for statement in statements:
        hand.execute(statement)
    hand.close()
    told = [fault for faults in kept.checks().values() for fault in faults]
    assert any(re.search(said, fault) for fault in told), told


def test_lines_of_a_stranger_or_beyond_its_role_do_not_stand(kept):
    store = kept.open()
    wrong = parts.fact(PackInstalled(place=parts.SLOT), key=parts.STRANGER, counter=60)
    beyond = parts.fact(parts.REGISTRATION, counter=61)
    store.append([wrong, beyond], NOW)
    store.close()
    faults = kept.checks()["lines"]
    assert "leaf 8: key" in faults[0]
    assert faults[1] == "leaf 9: station-1 (gateway) may not state UnitRegistered"


def test_a_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing(tmp_path):
    settings = StoreSettings(path=tmp_path / "bridge.sqlite")
    store = open_store(settings)
    tell(store)
    before = vouched(contents(store))
    store.close()
    sound, chance = settings.path.read_bytes(), random.Random(11)
    found = 0
    for _ in range(150):
        at = chance.randrange(len(sound))
        flipped = sound[:at] + bytes([sound[at] ^ 1 << chance.randrange(8)]) + sound[at + 1 :]
        settings.path.write_bytes(flipped)
        try:
            faults = Kept(settings).checks()
            if not faults:
                store = open_store(settings)
                assert vouched(contents(store)) == before, at
                store.close()
            found += bool(faults)
        except BridgeError:
            found += 1
    assert found > 10  # the other bits lie where nothing is: pages are never full


def vouched(found: dict[str, Any]) -> dict[str, Any]:
    """Only what the verification promises to notice."""
    return {
        table: [[pair for pair in row if pair[0] in columns.split()] for row in found[table]]
        for table, (_, columns) in PLACES.items()
        if table in found
    }
