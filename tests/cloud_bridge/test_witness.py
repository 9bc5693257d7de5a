"""Witnesses: what continues is cosigned, a split view refused; who verifies can ask for it."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.ledger.authority import Authority
from cloud_bridge.ledger.proof import prove
from cloud_bridge.settings import WitnessSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.witness.asking import Asking
from cloud_bridge.witness.protocol import Witness, write_request
from cloud_bridge.witness.server import WitnessServer
from packtrail.command import run_line
from packtrail.errors import PacktrailError
from packtrail.event import KeyRegistered
from packtrail.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from packtrail.proof.cosignature import WitnessKey, cosign, cosigned_at
from packtrail.proof.merkle import consistency_proof
from packtrail.proof.pack import check_proof
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN
from tests.cloud_bridge.running import until

KEY = parts.AUTHORITY.public
NAME = "witness.example/w1"
OWN = SigningKey.from_seed(b"witness".ljust(32, b"."))
NOW_S = 1_775_000_000


class Log:
    """A bridge's ledger that grows, or a second one with the same key that tells other things."""

    def __init__(self, file: Path, first: int = 1) -> None:
        self.store = SqliteStore(file)
        self.authority = Authority(self.store, parts.AUTHORITY, "bridge-1", ORIGIN, lambda: NOW)
        self.counter = first

    def grow(self, facts: int = 1) -> str:
        for _ in range(facts):
            self.store.append([parts.installed(counter=self.counter)], NOW)
            self.counter += 1
        self.authority.seal()
        note = self.store.checkpoint()
        assert note
        return note

    def request(self, old: int, note: str) -> bytes:
        size = open_checkpoint(note, ORIGIN, KEY).size
        steps = consistency_proof(old, size, self.store.node) if 0 < old < size else []
        return write_request(old, steps, note)


@pytest.fixture
def log(tmp_path) -> Iterator[Log]:
    made = Log(tmp_path / "bridge.sqlite")
    yield made
    made.store.close()


@pytest.fixture
def twin(tmp_path) -> Iterator[Log]:
    """The split view: another history under the same key and origin."""
    made = Log(tmp_path / "twin.sqlite", first=500)
    yield made
    made.store.close()


def witness_in(folder: Path) -> Witness:
    folder.mkdir(exist_ok=True)
    return Witness(NAME, OWN, {ORIGIN: KEY}, folder, lambda: NOW_S)


@pytest.fixture
def witness(tmp_path) -> Witness:
    return witness_in(tmp_path / "witness")


def test_a_cosignature_is_that_of_the_specification(log, witness):
    note = log.grow()
    answer = witness.add(log.request(0, note))
    assert answer.status == 200
    dash, name, blob = answer.body.rstrip("\n").split(" ")
    raw, body = base64.b64decode(blob), note.partition("\n\n")[0] + "\n"
    # By the formulas of C2SP tlog-cosignature, without our own code.
    public = OWN.public.raw
    assert (dash, name) == ("—", NAME)
    assert raw[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert int.from_bytes(raw[4:12], "big") == NOW_S
    message = f"cosignature/v1\ntime {NOW_S}\n{body}".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], message)
    assert open_checkpoint(note + answer.body, ORIGIN, KEY).size == 1
    assert cosigned_at(note + answer.body, witness.public) == NOW_S


def test_what_continues_is_cosigned_and_remembered(log, witness, tmp_path):
    size = 0
    for facts in (1, 1, 5, 2, 9):
        note = log.grow(facts)
        assert witness.add(log.request(size, note)).status == 200
        assert witness.add(log.request(size + facts, note)).status == 200  # the same again
        size += facts
        # A witness that was killed goes on from its file.
        witness = witness_in(tmp_path / "witness")
    assert witness.add(log.request(0, note)) == (409, f"{size}\n", "text/x.tlog.size")


@pytest.mark.parametrize("seen", [1, 3, 4, 7])
def test_a_split_view_is_refused_whatever_it_claims(log, twin, witness, seen):
    assert witness.add(log.request(0, log.grow(seen))).status == 200
    same = twin.grow(seen)
    assert witness.add(twin.request(seen, same)).status == 409
    longer = twin.grow(3)
    assert witness.add(twin.request(seen, longer)).status == 422
    assert witness.add(write_request(seen, [], longer)).status == 422
    assert witness.add(twin.request(0, longer)).status == 409
    assert witness.add(log.request(seen, log.grow())).status == 200  # the true one goes on


def test_a_shorter_history_is_refused(log, witness):
    short = log.grow(2)
    long = log.grow(4)
    assert witness.add(log.request(0, long)).status == 200
    assert witness.add(write_request(2, [], short)).status == 409
    assert witness.add(write_request(6, [], short)).status == 400


def test_strangers_and_nonsense_are_refused(log, witness):
    note = log.grow()
    head = open_checkpoint(note, ORIGIN, KEY)
    forged = sign_checkpoint(head, parts.STRANGER)
    other = sign_checkpoint(Checkpoint("else.example", 1, head.root), parts.AUTHORITY)
    assert witness.add(write_request(0, [], forged)).status == 403
    assert witness.add(write_request(0, [], other)).status == 404
    for nonsense in (b"", b"old 1", b"\xff\n\n", b"old 00\n\n" + note.encode(), b"old x\n\n"):
        assert witness.add(nonsense).status == 400
    many = write_request(0, [bytes(32)] * 64, note)
    assert witness.add(many).status == 400
    assert witness.add(write_request(0, [bytes(32)], note)).status == 422


def test_a_witness_whose_memory_was_changed_cosigns_nothing(log, witness, tmp_path):
    witness.add(log.request(0, log.grow()))
    (file,) = (tmp_path / "witness").glob("*.checkpoint")
    file.write_text(file.read_text().replace("\n1\n", "\n0\n"))
    with pytest.raises(PacktrailError):
        witness.add(log.request(1, log.grow()))


def test_a_witness_key_reads_what_it_writes_and_nothing_else():
    key = WitnessKey(NAME, OWN.public)
    assert WitnessKey.from_text(key.text) == key
    for text in ("", "a+b+c", key.text.replace("w1", "w2"), key.text[:-4], OWN.public.text):
        with pytest.raises(PacktrailError):
            WitnessKey.from_text(text)


@pytest.mark.parametrize(
    ("before", "after"), [("—", "-"), (NAME, "w2"), ("\n1\n", "\n2\n"), ("=\n", "\n")]
)
def test_a_cosignature_that_was_touched_is_none(log, before, after):
    note = log.grow()
    body = note.partition("\n\n")[0] + "\n"
    line, witness = cosign(body, NAME, OWN, NOW_S), WitnessKey(NAME, OWN.public)
    assert cosigned_at(f"{body}\n{line}", witness) == NOW_S
    changed = f"{body}\n{line}"[::-1].replace(before[::-1], after[::-1], 1)[::-1]
    assert changed != f"{body}\n{line}"
    assert cosigned_at(changed, witness) is None


@pytest.fixture
def server(witness) -> Iterator[WitnessServer]:
    made = WitnessServer(witness, "127.0.0.1", 0)
    thread = made.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def asking(server: WitnessServer, log: Log) -> Asking:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    settings = [WitnessSettings(url=url, key=server.witness.public.text)]
    return Asking(settings, log.store, ORIGIN, KEY)


def test_a_bridge_gathers_cosignatures_that_a_proof_carries(log, server):
    log.authority.publish_trust([KeyRegistered(parts.STATION.public.text, "station-1", "gateway")])
    asks = asking(server, log)
    for facts in (1, 4):
        log.grow(facts)
        assert asks.ask() == {NAME: ""}
        assert asks.ask() == {NAME: ""}
    proof = prove(log.store, parts.PACK, ORIGIN, KEY)
    witnesses = [server.witness.public]
    checks = {check.name: check for check in check_proof(proof, KEY, witnesses)}
    assert not any(check.faults for check in checks.values())
    assert checks["witnessed"].count == 1
    bare = msgspec.structs.replace(proof, checkpoint=log.store.checkpoints()[-1])
    faults = {check.name: check.faults for check in check_proof(bare, KEY, witnesses)}
    assert faults["witnessed"] == (f"{NAME} did not cosign it",)
    other = WitnessKey(NAME, parts.STRANGER.public)
    assert any(check.faults for check in check_proof(proof, KEY, [other]))


def test_a_bridge_is_told_when_a_witness_saw_another_history(log, twin, server):
    log.grow(3)
    assert asking(server, log).ask() == {NAME: ""}
    for facts in (2, 1, 4):
        twin.grow(facts)
        assert "another history" in asking(server, twin).ask()[NAME]
        assert twin.store.checkpoint() == twin.store.checkpoints()[-1]


def test_a_witness_that_is_down_is_asked_again(log, server):
    nowhere = WitnessSettings(url="http://127.0.0.1:1", key=server.witness.public.text)
    log.grow()
    assert "does not answer" in Asking([nowhere], log.store, ORIGIN, KEY).ask()[NAME]
    assert asking(server, log).ask() == {NAME: ""}


def test_other_paths_and_bodies_too_large_are_refused(server):
    http = urllib3.PoolManager(retries=False)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    assert http.request("POST", f"{url}/else", body=b"x").status == 404
    headers = {"Content-Length": "70000"}
    assert http.request("POST", f"{url}/add-checkpoint", body=b"", headers=headers).status == 413
    http.clear()


def test_the_command_survives_kill_9_and_never_forgets(log, twin, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    folder = tmp_path / "w"

    def started() -> tuple[subprocess.Popen[str], str, str]:
        command = [sys.executable, "-m", "packtrail", "witness", str(folder), "--port", "0"]
        process = subprocess.Popen(
            [*command, "--log", f"{ORIGIN}={KEY.text}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ},
        )
        return process, process.stdout.readline().strip(), process.stdout.readline().strip()

    def ended(process: subprocess.Popen[str]) -> int:
        process.stdout.close()
        return process.wait(10)

    process, key, url = started()
    settings = [WitnessSettings(url=url, key=key)]
    log.grow(2)
    assert Asking(settings, log.store, ORIGIN, KEY).ask() == {"witness.example/w1": ""}
    process.kill()
    ended(process)
    process, again, url = started()
    assert again == key
    twin.grow(5)
    settings = [WitnessSettings(url=url, key=key)]
    assert "history" in Asking(settings, twin.store, ORIGIN, KEY).ask()["witness.example/w1"]
    log.grow(1)
    assert Asking(settings, log.store, ORIGIN, KEY).ask() == {"witness.example/w1": ""}
    process.terminate()
    assert ended(process) == 0
    assert until(lambda: process.returncode == 0)
    proof = tmp_path / "proof.json"
    proof.write_bytes(msgspec.json.encode(prove(log.store, parts.PACK, ORIGIN, KEY)))
    verify = ["id", "verify", str(proof), "--key", KEY.text, "--witness"]
    run_line([*verify, key])
    assert "✓ each witness asked for has cosigned the checkpoint (1)" in capsys.readouterr().out
    assert run_line([*verify, "nonsense"]) == 2
    assert run_line(["witness", str(folder), "--log", "nonsense"]) == 2
