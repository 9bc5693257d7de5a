"""Completeness: a pack's proof that leaves anything out is found out, with nothing but the head."""

from __future__ import annotations

import base64
import itertools
import random

import msgspec
import pytest

from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.authority import Authority
from cloud_bridge.ledger.proof import prove
from cloud_bridge.store import SqliteStore, Store
from cloud_bridge.store.postgres import PostgresStore
from packtrail.command import run_line
from packtrail.event import CorrectionDeclared, Disputed, KeyRegistered, PackInstalled, UnitRef
from packtrail.proof.checkpoint import open_checkpoint, sign_checkpoint
from packtrail.proof.pack import PackProof, check_proof
from packtrail.proof.stories import Completeness, completeness_fault, root_in
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN

KEY = parts.AUTHORITY.public


@pytest.fixture
def proof(desk) -> PackProof:
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed, parts.registered(parts.OTHER_PACK, 2).signed)
    for hour in range(4):
        desk.receive(gateway.tell(PackInstalled(parts.SLOT), t_ns=parts.T0 + hour * parts.HOUR))
    return prove(desk.store, parts.PACK, ORIGIN, KEY)


def faults(proof: PackProof) -> dict[str, tuple[str, ...]]:
    return {check.name: check.faults for check in check_proof(proof, KEY) if check.faults}


def test_every_shorter_story_is_found_out(proof):
    assert faults(proof) == {}
    for kept in range(len(proof.facts)):
        for facts in itertools.combinations(proof.facts, kept):
            shorter = msgspec.structs.replace(proof, facts=facts)
            assert "are not all" in faults(shorter)["whole"][0]


def test_a_fact_told_twice_is_found_out(proof):
    twice = msgspec.structs.replace(proof, facts=(*proof.facts, proof.facts[-1]))
    assert "whole" in faults(twice)


def test_a_proof_without_its_part_of_the_map_is_not_whole(proof):
    assert "leaves that out" in faults(msgspec.structs.replace(proof, complete=None))["whole"][0]


def test_one_flipped_bit_in_its_part_of_the_map_is_found(proof):
    chance = random.Random(5)
    shown = msgspec.to_builtins(proof.complete)
    for _ in range(60):
        changed = msgspec.json.decode(msgspec.json.encode(shown))
        where = chance.choice([changed["path"], changed["bucket"][0]])
        at = chance.randrange(len(where))
        raw = bytearray(base64.b64decode(where[at]))
        raw[chance.randrange(32)] ^= 1 << chance.randrange(8)
        where[at] = base64.b64encode(raw).decode()
        complete = msgspec.convert(changed, Completeness)
        assert "whole" in faults(msgspec.structs.replace(proof, complete=complete))


@pytest.mark.parametrize("text", ["", "AAAA", "!", "A" * 100])
def test_a_part_of_the_map_that_is_none_is_refused(proof, text):
    complete = Completeness(proof.complete.bucket, (text, *proof.complete.path[1:]))
    assert faults(msgspec.structs.replace(proof, complete=complete))["whole"] == ("not base64",)


def test_that_nothing_is_told_of_a_pack_can_be_proven(desk, proof):
    nobody = UnitRef("maker_serial", "nobody")
    _, shown = desk.store.completeness(nobody)
    root = root_in(open_checkpoint(proof.checkpoint, ORIGIN, KEY).extension)
    assert completeness_fault(shown, root, nobody, []) == ""
    _, known = desk.store.completeness(parts.PACK)
    assert completeness_fault(known, root, parts.PACK, []) != ""


def test_a_head_of_an_older_version_says_nothing_of_completeness(desk, proof):
    head = open_checkpoint(proof.checkpoint, ORIGIN, KEY)._replace(extension=())
    older = msgspec.structs.replace(
        proof, checkpoint=sign_checkpoint(head, parts.AUTHORITY), complete=None
    )
    checks = {check.name: check for check in check_proof(older, KEY)}
    assert "whole" not in checks
    assert not any(check.faults for check in checks.values())


@pytest.mark.parametrize("extension", [("packtrail-stories !",), ("packtrail-stories ",) * 2])
def test_a_head_that_commits_to_nonsense_vouches_for_nothing(proof, extension):
    head = open_checkpoint(proof.checkpoint, ORIGIN, KEY)._replace(extension=extension)
    strange = msgspec.structs.replace(proof, checkpoint=sign_checkpoint(head, parts.AUTHORITY))
    assert "whole" in faults(strange)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    made: Store
    if request.param == "sqlite":
        made = SqliteStore(tmp_path / "bridge.sqlite")
    else:
        made = PostgresStore(request.getfixturevalue("postgres").database())
    yield made
    made.close()


def random_story(chance: random.Random, units: list[UnitRef]) -> list:
    """Facts of packs, and statements about them that may come before them."""
    facts = [
        parts.installed(unit=unit, counter=number * 10 + place, t_ns=parts.T0 + number)
        for number, unit in enumerate(units)
        for place in range(3)
    ]
    first = parts.fact(
        CorrectionDeclared(facts[0].signed.event_id, "did_not_occur"), unit=None, counter=900
    )
    second = parts.fact(Disputed(first.signed.event_id, "no"), unit=None, counter=901)
    third = parts.fact(Disputed(facts[-1].signed.event_id, "no"), unit=None, counter=902)
    said = [*facts, first, second, third]
    chance.shuffle(said)
    return said


def test_the_map_is_the_same_however_it_grew_and_statements_join_late(store, monkeypatch):
    monkeypatch.setattr("cloud_bridge.store.writes.LINES_AT_ONCE", 2)
    chance = random.Random(9)
    authority = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    authority.publish_trust([KeyRegistered(parts.STATION.public.text, "station-1", "gateway")])
    units = [UnitRef("maker_serial", f"P{number}") for number in range(5)]
    for fact in random_story(chance, units):
        store.append([fact], NOW)
        if chance.random() < 0.5:
            authority.seal()
            for unit in units:
                if store.has_unit(unit):
                    assert faults(prove(store, unit, ORIGIN, KEY)) == {}
    authority.seal()
    assert [one for one in verify_whole(store, ORIGIN, KEY, 1) if one.faults] == []
    assert len(prove(store, units[0], ORIGIN, KEY).facts) == 5


def test_heads_of_two_bridges_on_one_store_are_one(store):
    one = Authority(store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
    two = Authority(store, parts.AUTHORITY, "bridge-2", ORIGIN, lambda: NOW)
    for counter in range(1, 6):
        store.append([parts.installed(counter=counter)], NOW)
        assert one.seal()
        assert two.seal()
    assert len(store.checkpoints()) == 5
    assert faults(prove(store, parts.PACK, ORIGIN, KEY)).keys() == {"signature"}


def test_a_proof_is_written_and_checked_by_two_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    run_line(["bridge", "init", str(tmp_path)])
    store = SqliteStore(tmp_path / "bridge.sqlite")
    key = SigningKey.load(tmp_path / "bridge.pem")
    authority = Authority(store, key, "bridge-1", "packtrail.example/ledger", lambda: NOW)
    authority.publish_trust([KeyRegistered(parts.STATION.public.text, "station-1", "gateway")])
    store.append([parts.installed()], NOW)
    store.close()
    monkeypatch.chdir(tmp_path)
    assert run_line(["id", "prove", parts.CODE]) == 0
    assert "1 facts" in capsys.readouterr().out
    assert run_line(["id", "verify", f"{parts.CODE}.json", "--key", key.public.text]) == 0
    assert "nothing of its story up to the checkpoint is left out (1)" in capsys.readouterr().out
    assert run_line(["id", "prove", "maker_serial:unknown"]) == 2
