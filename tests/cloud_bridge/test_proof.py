"""Checkpoints, proofs and the audit: what holds verifies, what was touched is located."""

from __future__ import annotations

import base64
import hashlib
import sqlite3

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.ledger.audit import audit
from cloud_bridge.ledger.proof import ground_of, proof_pieces, prove
from packtrail.errors import CodecError
from packtrail.event import PackInstalled, PackRemoved, SignedEvent
from packtrail.proof.checkpoint import (
    Checkpoint,
    note_key_hash,
    open_checkpoint,
    sign_checkpoint,
    verifier_line,
)
from packtrail.proof.pack import PackProof, check_proof
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN

KEY = parts.AUTHORITY.public
HEAD = Checkpoint(ORIGIN, 5, hashlib.sha256(b"root").digest())


def test_a_checkpoint_is_a_note_that_any_tool_verifies():
    note = sign_checkpoint(HEAD, parts.AUTHORITY)
    text, _, signatures = note.partition("\n\n")
    assert text.split("\n") == [ORIGIN, "5", base64.b64encode(HEAD.root).decode()]
    dash, name, blob = signatures.rstrip("\n").split(" ")
    raw = base64.b64decode(blob)
    assert (dash, name) == ("—", ORIGIN)
    # By the formulas of C2SP signed-note, without our own code.
    assert raw[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.raw).digest()[:4]
    Ed25519PublicKey.from_public_bytes(KEY.raw).verify(raw[4:], (text + "\n").encode())
    assert open_checkpoint(note, ORIGIN, KEY) == HEAD


def test_the_verifier_line_is_that_of_the_note_format():
    """The example key of the Go note package, which C2SP signed-note describes."""
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    key = type(KEY)(raw)
    assert note_key_hash("PeterNeumann", key).hex() == "c74f20a3"
    assert verifier_line("PeterNeumann", key) == (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


def test_signatures_of_witnesses_do_not_disturb():
    note = sign_checkpoint(HEAD, parts.AUTHORITY)
    witnessed = note + "— witness.example AAAA\n— other !!!\n"
    assert open_checkpoint(witnessed, ORIGIN, KEY) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n5\n", "\n6\n"),
        lambda note: note.replace(ORIGIN, "elsewhere.example/log"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.partition("\n\n")[0] + "\n\n",
        lambda _note: "",
        lambda note: note.replace("\n5\n", "\n05\n"),
        lambda note: note[:-10] + "AAAAAAAA=\n",
    ],
    ids=["size", "origin", "no blank line", "unsigned", "empty", "leading zero", "signature"],
)
def test_a_checkpoint_that_was_touched_is_not_believed(change):
    with pytest.raises(CodecError):
        open_checkpoint(change(sign_checkpoint(HEAD, parts.AUTHORITY)), ORIGIN, KEY)


@pytest.fixture
def told(desk):
    gateway = parts.PlayedGateway()
    desk.submit(parts.registered().signed, parts.registered(parts.OTHER_PACK, 2).signed)
    desk.receive(
        gateway.tell(PackInstalled(place=parts.SLOT)),
        gateway.telemetry(),
        gateway.tell(PackRemoved(place=parts.SLOT), t_ns=parts.T0 + parts.HOUR),
        gateway.tell(PackInstalled(place=parts.SLOT), unit=parts.OTHER_PACK),
    )
    return desk


def proof_of(desk) -> PackProof:
    return prove(desk.store, parts.PACK, ORIGIN, KEY)


def faults_of(checks) -> dict[str, tuple[str, ...]]:
    return {check.name: check.faults for check in checks if check.faults}


def test_a_sound_proof_passes_every_check(told):
    checks = check_proof(proof_of(told), KEY)
    assert faults_of(checks) == {}
    assert {check.name: check.count for check in checks} == {
        "checkpoint": 1,
        "inclusion": 5,
        "signature": 3,
        "entitled": 3,
        "numbers": 3,
        "whole": 3,
    }


def test_facts_too_new_for_the_checkpoint_are_counted(told):
    told.store.append([parts.installed(counter=9)], parts.T0)
    checks = check_proof(proof_of(told), KEY)
    assert {check.name: check.count for check in checks}["newer"] == 1


def test_a_proof_survives_its_way_as_json(told):
    data = msgspec.json.encode(proof_of(told))
    assert faults_of(check_proof(msgspec.json.decode(data, type=PackProof), KEY)) == {}


def test_a_proof_under_another_key_fails_at_once(told):
    checks = check_proof(proof_of(told), parts.STRANGER.public)
    assert list(faults_of(checks)) == ["checkpoint"]


def test_a_changed_fact_is_located(told):
    proof = proof_of(told)
    one = proof.facts[1]
    event = {**one.signed.event, "counter": 99}
    changed = msgspec.structs.replace(
        one, signed=SignedEvent(event, one.signed.key_id, one.signed.signature)
    )
    facts = (proof.facts[0], changed, proof.facts[2])
    faults = faults_of(check_proof(msgspec.structs.replace(proof, facts=facts), KEY))
    assert set(faults) == {"inclusion", "signature", "whole"}
    assert faults["inclusion"][0].startswith(f"leaf {one.leaf} ")


def test_a_fact_at_another_place_of_the_tree_is_located(told):
    proof = proof_of(told)
    moved = msgspec.structs.replace(proof.facts[0], leaf=proof.facts[0].leaf + 1)
    faults = faults_of(check_proof(msgspec.structs.replace(proof, facts=(moved,)), KEY))
    assert "inclusion" in faults


def test_a_fact_whose_key_was_registered_later_or_never_is_located(told):
    proof = proof_of(told)
    faults = faults_of(check_proof(msgspec.structs.replace(proof, keys=()), KEY))
    assert len(faults["signature"]) == 3


def test_a_sound_store_passes_the_audit(told):
    checks = audit(told.store, parts.PACK, ORIGIN, KEY)
    assert faults_of(checks) == {}
    counts = {check.name: check.count for check in checks}
    assert counts["tree"] == told.store.size() == 7
    assert (counts["complete"], counts["telemetry"]) == (3, 1)


def tampered(desk, *statements: str) -> dict[str, tuple[str, ...]]:
    """Faults that the audit finds after somebody with the file in hand has changed it."""
    connection = sqlite3.connect(desk.store._path)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return faults_of(audit(desk.store, parts.PACK, ORIGIN, KEY))


def test_one_flipped_bit_in_a_line_is_located(told):
    length = len(told.store.entries()[4].data)
    for at in (1, length // 2, length):
        flipped = told.store.entries()[4].data
        changed = bytearray(flipped)
        changed[at - 1] ^= 1
        statement = f"UPDATE ledger SET signed = x'{changed.hex()}' WHERE leaf = 4"
        assert tampered(told, statement)["tree"][0] == "leaf 4 was changed"
        tampered(told, f"UPDATE ledger SET signed = x'{flipped.hex()}' WHERE leaf = 4")


def test_a_line_under_another_id_is_located(told):
    faults = tampered(told, "UPDATE ledger SET event_id = 'ab' WHERE leaf = 4")
    assert faults == {"tree": ("leaf 4 is listed under another id",)}


def test_a_removed_line_is_found(told):
    assert "tree" in tampered(told, "DELETE FROM ledger WHERE leaf = 4")


def test_a_removed_end_is_found(told):
    statements = ("DELETE FROM ledger WHERE leaf = 6", "DELETE FROM tree WHERE position = 6")
    assert "a checkpoint of 7 lines, the ledger has 6" in tampered(told, *statements)["tree"]


def test_reordered_lines_are_found(told):
    faults = tampered(
        told,
        "UPDATE ledger SET leaf = 99 WHERE leaf = 4",
        "UPDATE ledger SET leaf = 4 WHERE leaf = 5",
        "UPDATE ledger SET leaf = 5 WHERE leaf = 99",
    )
    assert faults["tree"][:2] == ("leaf 4 was changed", "leaf 5 was changed")


def test_a_line_that_was_rewritten_with_its_hashes_does_not_give_the_signed_root(told):
    other = told.store.entries()[5].data
    hashed = hashlib.sha256(b"\x00" + other).hexdigest()
    faults = tampered(
        told,
        f"UPDATE ledger SET signed = x'{other.hex()}' WHERE leaf = 4",
        f"UPDATE tree SET hash = x'{hashed}' WHERE level = 0 AND position = 4",
    )
    assert "the first 7 lines do not give the root that was signed" in faults["tree"]


def test_a_fact_that_is_hidden_from_its_pack_is_located(told):
    hidden = told.store.entries_of(parts.PACK)[1].leaf
    faults = tampered(told, f"DELETE FROM ledger_unit WHERE leaf = {hidden}")
    assert faults == {"complete": (f"leaf {hidden} names the pack and is not listed",)}


def test_telemetry_that_was_changed_is_located(told):
    data = bytearray(told.store.latest_chunks(parts.PACK)[0].data)
    data[-1] ^= 1
    faults = tampered(told, f"UPDATE chunk SET data = x'{data.hex()}'")
    assert faults == {"telemetry": (f"station-1 {parts.EPOCH} 2",)}


def test_two_contents_under_one_number_are_named(told):
    twin = parts.signed(PackRemoved(place=parts.SLOT), counter=1)
    gateway = parts.PlayedGateway(seq=10)
    told.receive(gateway.record(parts.Kind.EVENT, parts.encode_event(twin)))
    faults = faults_of(audit(told.store, parts.PACK, ORIGIN, KEY))
    assert faults["numbers"][0].startswith(f"station-1 {parts.EPOCH} number 1: ")
    assert "numbers" in faults_of(check_proof(proof_of(told), KEY))


def test_a_cloned_gateways_records_are_named(told):
    told.receive(parts.PlayedGateway().telemetry(parts.samples(3)))
    faults = faults_of(audit(told.store, parts.PACK, ORIGIN, KEY))
    assert faults == {"records": (f"station-1 {parts.EPOCH} number 1",)}


def in_pieces(desk) -> list[bytes]:
    return list(proof_pieces(desk.store, ground_of(desk.store, parts.PACK, ORIGIN, KEY)))


def long_story(desk, facts=7):
    """Moves of the pack between lines of the other."""
    for number in range(facts):
        body = (PackInstalled, PackRemoved)[number % 2](place=parts.SLOT)
        moved = parts.fact(body, counter=500 + number, t_ns=parts.T0 + number * parts.HOUR)
        other = parts.installed(unit=parts.OTHER_PACK, counter=900 + number)
        desk.store.append([moved, other], parts.T0)
    desk.authority.seal()


@pytest.mark.parametrize("page", [1, 3, 10, 1000])
def test_a_proof_in_pieces_is_the_same_proof(told, monkeypatch, page):
    long_story(told)
    told.store.append([parts.installed(counter=9)], parts.T0)
    monkeypatch.setattr("cloud_bridge.ledger.proof.PAGE", page)
    pieces = in_pieces(told)
    assert len(pieces) == 2 + -(-10 // page)
    assert b"".join(pieces) == msgspec.json.encode(proof_of(told))


def test_a_long_proof_is_handed_out_in_pieces_and_checks(told, monkeypatch):
    long_story(told)
    for name in ("cloud_bridge.ledger.proof.PAGE", "cloud_bridge.api.packs.PAGE"):
        monkeypatch.setattr(name, 4)
    path = f"/api/v1/packs/{parts.CODE}/proof"
    answer = told.get(path)
    assert "content-length" not in answer.headers
    proof = msgspec.json.decode(answer.content, type=PackProof)
    assert (len(proof.facts), faults_of(check_proof(proof, KEY))) == (10, {})
    tag = {"If-None-Match": answer.headers["etag"]}
    same = told.client.get(path, headers=tag)
    assert (same.status_code, same.content) == (304, b"")
    told.store.append([parts.installed(counter=9)], parts.T0)
    fresh = told.client.get(path, headers=tag)
    assert (fresh.status_code, len(fresh.json()["facts"])) == (200, 11)


def test_a_story_of_any_length_takes_a_fixed_number_of_questions(told, monkeypatch):
    asked: list[str] = []
    run = told.store._run
    monkeypatch.setattr(
        told.store, "_run", lambda name, *more: asked.append(name) or run(name, *more)
    )
    in_pieces(told)
    few = sorted(asked)
    long_story(told, 40)
    asked.clear()
    in_pieces(told)
    assert sorted(asked) == few


def test_a_line_that_is_no_json_any_more_is_not_handed_out(told):
    leaf = told.store.entries_of(parts.PACK)[0].leaf
    tampered(told, f"UPDATE ledger SET signed = x'7bff' WHERE leaf = {leaf}")
    with pytest.raises(CodecError, match=f"ledger line {leaf}"):
        in_pieces(told)
