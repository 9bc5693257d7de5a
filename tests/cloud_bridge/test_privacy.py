"""Vehicles' numbers: committed to by reporters, joined by the bridge, shown to some, forgotten."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cloud_bridge.access import Field
from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.exports.making import prepared
from cloud_bridge.fold import digest
from cloud_bridge.ingest.judge import judge, judge_event
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.offline import verify_file
from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import Fact, Refused, SqliteStore, Stranger
from cloud_bridge.view import Packs
from cloud_bridge.view.findings import findings_about
from cloud_bridge.view.vehicles import vehicle_state
from packtrail import event as e
from packtrail.command import run_line
from packtrail.event import VehicleRef
from packtrail.personal import Opening, conceal
from packtrail.personal import digest as digest_of
from packtrail.record import unseal
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN, Desk
from tests.cloud_bridge.parts import CAR, OTHER_CAR, OTHER_PACK, PACK, SLOT

VIN = CAR.id
SOUND_VIN = "LSVAA4187E2100005"
VAULT = KeyVault(parts.AUTHORITY)
SWAP = e.SwapPerformed(CAR, "north", OTHER_PACK, "order-1")


def swaps(gateway: parts.PlayedGateway, tell: str = "conceal") -> list[tuple[str, bytes]]:
    """A car comes with one pack, leaves with the other, and brings that back later."""
    say = getattr(gateway, tell)
    t0 = parts.T0
    return [
        say(e.PackInstalled(vehicle=CAR), unit=OTHER_PACK, t_ns=t0 - parts.HOUR),
        say(SWAP, unit=PACK, t_ns=t0),
        say(e.PackRemoved(vehicle=CAR), unit=PACK, t_ns=t0 + parts.HOUR),
        say(e.PackInstalled(place=SLOT), unit=PACK, t_ns=t0 + parts.HOUR),
    ]


@pytest.fixture
def told(desk: Desk) -> Desk:
    """The bridge's own key speaks, and a gateway told of one car."""
    body = e.KeyRegistered(parts.AUTHORITY.public.text, ORIGIN, "system")
    own = parts.fact(body, key=parts.AUTHORITY, unit=None, author="bridge-1")
    desk.store.append([own, parts.registered(), parts.registered(OTHER_PACK, 2)], NOW)
    desk.receive(*swaps(parts.PlayedGateway()))
    return desk


def subject_of(desk: Desk, car: VehicleRef = CAR) -> VehicleRef:
    return Subjects(desk.store).vehicle(car)


def forget(desk: Desk, subject: str | None = None) -> object:
    forgetting = Forgetting(desk.store, parts.AUTHORITY, ORIGIN)
    return forgetting.forget(subject or subject_of(desk).id, "request 7", "clerk", NOW)


def everything(desk: Desk) -> tuple[object, ...]:
    """Every fold that knows of the car, as bytes."""
    packs = Packs(desk.store)
    car = vehicle_state(desk.store, FOUND[0])
    folds = tuple(digest(packs.state(unit)) for unit in (PACK, OTHER_PACK))
    found = findings_about(desk.store, packs, PACK)
    return (*folds, msgspec.json.encode(car), msgspec.json.encode(found))


FOUND: list[VehicleRef] = []


def test_one_vehicle_in_many_commitments_is_one_to_the_fold(told: Desk) -> None:
    lines = [entry.data for entry in told.store.entries_of(PACK)]
    named = {e.decode_event(line).read().body.vehicle for line in lines[1:3]}
    assert {one.scheme for one in named} == {"commitment"}
    assert len(named) == 2
    state = vehicle_state(told.store, subject_of(told))
    assert (state.swaps, state.served, state.packs, state.contests) == (1, 2, (), ())
    pack = Packs(told.store).state(PACK)
    assert (pack.swaps, pack.contests, pack.gaps) == (1, (), ())
    assert pack.stays[0].vehicle == state.vehicle


def test_the_fold_is_that_of_numbers_in_the_clear_but_for_the_name(
    told: Desk, tmp_path: Path
) -> None:
    clear = SqliteStore(tmp_path / "clear.sqlite")
    gateway = parts.PlayedGateway()
    trust = told.context.trust()
    clear.commit([judge(*one, trust, NOW) for one in swaps(gateway, "tell")], [], NOW)
    ours, theirs = (
        vehicle_state(store, car) for store, car in ((told.store, subject_of(told)), (clear, CAR))
    )
    clear.close()
    bare = [msgspec.structs.replace(one, vehicle=CAR) for one in (ours, theirs)]
    assert bare[0] == bare[1]


def test_nothing_that_is_kept_holds_the_number(told: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "copy.backup"
    backup(told.store, copy, tmp_path / "keys.backup")
    for form in (VIN.encode(), VIN.lower().encode(), VIN.encode().hex().encode()):
        for file in tmp_path.iterdir():
            assert form not in unpacked(file), file
    assert told.store.entries_about(e.Subject("vehicle", VIN)) == []


def unpacked(file: Path) -> bytes:
    import zstandard

    data = file.read_bytes()
    if file.suffix == ".backup":
        return data + zstandard.ZstdDecompressor().stream_reader(data).read()
    return data


def test_forgetting_changes_no_fold_and_leaves_no_way_back(told: Desk, tmp_path: Path) -> None:
    FOUND[:] = [subject_of(told)]
    before = everything(told)
    proof = told.get(f"/api/v1/packs/{PACK.id}/proof").content
    held = told.store.openings(FOUND[0].id)
    salts = [VAULT.open(one).salt for one in held]
    outcome = forget(told)
    assert (outcome.before, outcome.clear, outcome.scrubbed) == (False, 0, True)
    told.authority.seal()
    assert everything(told) == before
    assert told.store.openings(FOUND[0].id) == []
    assert subject_of(told) == CAR
    (stated,) = told.store.entries_of_type("SubjectForgotten")
    shut = digest_of(one.reference for one in held)
    said = e.SubjectForgotten(FOUND[0].id, "vehicle", 3, shut, "request 7", "clerk")
    assert stated.event.body == said
    assert sound(told.store)
    file = tmp_path / "proof.json"
    file.write_bytes(proof)
    assert verify_file(file, parts.AUTHORITY.public.text, as_json=False)[1]
    backup(told.store, tmp_path / "after.backup", tmp_path / "keys.backup")
    there = b"".join(unpacked(one) for one in tmp_path.iterdir())
    wrapped = {one.wrapped for one in held}
    assert not any(secret in there for secret in (VIN.encode(), *wrapped, *salts))


def sound(store: SqliteStore) -> bool:
    checks = verify_whole(store, ORIGIN, parts.AUTHORITY.public, 1)
    assert [one for one in checks if one.faults] == []
    return True


def test_the_same_number_reported_again_is_somebody_new(told: Desk) -> None:
    old = subject_of(told)
    forget(told)
    again = parts.PlayedGateway(epoch="ff" * 8)
    told.receive(again.conceal(e.PackInstalled(vehicle=CAR), unit=PACK, t_ns=NOW))
    new = subject_of(told)
    assert new.scheme == old.scheme == "subject"
    assert new != old
    assert vehicle_state(told.store, new).events == 1
    assert vehicle_state(told.store, old).events == 3


def test_forgetting_twice_states_it_once(told: Desk) -> None:
    subject = subject_of(told).id
    forget(told, subject)
    assert forget(told, subject).before
    assert len(told.store.entries_of_type("SubjectForgotten")) == 1
    with pytest.raises(BridgeError, match="no such subject"):
        forget(told, "0" * 32)
    for telling in (f"owner of {VIN.lower()}", "x" * 300):
        with pytest.raises(BridgeError, match="for ever"):
            Forgetting(told.store, parts.AUTHORITY, ORIGIN).forget(subject, telling, "")


def test_guessing_finds_nothing_without_the_salt(told: Desk) -> None:
    """Every VIN of a model year and plant in the small: none gives what the ledger holds."""
    event = told.store.entries_of(PACK)[1].event.body.vehicle.id.removeprefix("v1-")
    guesses = [f"{VIN[:13]}{serial:04d}" for serial in range(4_000, 6_000)]
    assert VIN in guesses
    plain = {hashlib.sha256(guess.encode()).hexdigest() for guess in guesses}
    empty = {Opening("vehicle", b"\0" * 32, guess).commitment for guess in guesses}
    assert event not in plain
    assert f"v1-{event}" not in empty
    blinds = {KeyVault(SigningKey.generate()).blind("vehicle", guess) for guess in guesses}
    kept = {row[4] for row in told.store.stream("all_commitments")}
    assert blinds.isdisjoint(kept)
    assert VAULT.blind("vehicle", VIN) in kept


def test_openings_that_were_taken_off_on_the_way_are_waited_for(told: Desk) -> None:
    trust, gateway = told.context.trust(), parts.PlayedGateway(epoch="aa" * 8)
    topic, data = gateway.conceal(e.PackInstalled(vehicle=CAR))
    bare = judge(topic, unseal(data).bare, trust, NOW)
    assert isinstance(bare, Stranger)
    assert bare.reason == "opening"
    forged = replace_opening(data, value=OTHER_CAR.id)
    assert judge(topic, forged, trust, NOW).reason == "opening"
    assert isinstance(judge(topic, data, trust, NOW).content, Fact)


def replace_opening(data: bytes, **changes: object) -> bytes:
    sealed = unseal(data)
    openings = tuple(msgspec.structs.replace(one, **changes) for one in sealed.openings)
    return msgspec.structs.replace(sealed, openings=openings).data


def test_openings_of_nothing_are_nothing(told: Desk) -> None:
    topic, data = parts.PlayedGateway(epoch="bb" * 8).conceal(e.PackInstalled(vehicle=CAR))
    sealed = unseal(data)
    noise = (Opening("vehicle", b"\0" * 32, "LSVAA4182E2184888"), Opening("vehicle", b"", VIN))
    more = msgspec.structs.replace(sealed, openings=(*noise, *sealed.openings)).data
    told.receive((topic, more))
    assert subject_of(told, VehicleRef("vin", "LSVAA4182E2184888")).scheme == "vin"
    assert sound(told.store)


def test_what_is_refused_for_a_number_is_not_kept(told: Desk) -> None:
    trust, gateway = told.context.trust(), parts.PlayedGateway(epoch="cc" * 8)
    clear = judge(*gateway.tell(e.PackInstalled(vehicle=CAR)), trust, NOW, refuse_clear=True)
    assert (clear.content.reason, clear.data) == ("personal", b"")
    hidden = judge(*gateway.conceal(e.PackInstalled(vehicle=CAR)), trust, NOW, refuse_clear=True)
    told.store.commit([clear, hidden], [], NOW)
    told.authority.seal()
    assert sound(told.store)
    (kept,) = told.store.refusals()
    assert VIN not in kept.detail


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner_name": "Li Lei"}, "owner_name"),
        ({"place": {"site": "north", "slot": "3", "latitude": 30.2}}, "latitude"),
        ({"extension": {"deep": [{"gps": "30.2,120.1"}]}}, "gps"),
        ({"VIN": VIN}, "VIN"),
        ({"licence_plate": "浙A12345"}, "licence_plate"),
    ],
)
def test_unknown_fields_with_personal_names_are_refused(told, changes, said) -> None:
    content = msgspec.to_builtins(parts.event(e.PackInstalled(place=SLOT)))
    content["body"] |= changes
    found = judged(told, content)
    assert isinstance(found, Refused)
    assert (found.reason, found.detail.split()[0]) == ("personal", said)


def judged(desk: Desk, content: dict[str, object], **more: object) -> Fact | Refused:
    import base64

    from packtrail.signing import canonical

    signature = base64.b64encode(parts.STATION.sign("event", canonical(content))).decode()
    signed = e.SignedEvent(content, parts.STATION.key_id, signature)
    return judge_event(signed, desk.context.trust(), NOW, **more)


@pytest.mark.parametrize(
    "body",
    [
        e.PackInstalled(vehicle=VehicleRef("plate", "A12345")),
        e.PackInstalled(place=SLOT, readings=(e.Reading("uds_vin", VIN, "2026-04-01T08:00:00Z"),)),
        e.PackRemoved(place=SLOT, reason=f"came out of {SOUND_VIN}"),
    ],
    ids=["plate", "reading", "prose"],
)
def test_numbers_in_the_clear_are_refused_where_that_is_set(told, body) -> None:
    content = msgspec.to_builtins(parts.event(body))
    assert isinstance(judged(told, content), Fact)
    assert judged(told, content, refuse_clear=True).reason == "personal"


def test_a_subject_is_the_bridge_s_to_name(told: Desk) -> None:
    content = msgspec.to_builtins(parts.event(e.PackInstalled(vehicle=subject_of(told))))
    assert judged(told, content).reason == "event"


def test_what_commits_is_unlike_each_time_and_opens_alike() -> None:
    raw = (e.Reading("brm", VIN, "2026-04-01T08:00:00Z", f"0a{VIN.encode().hex()}0b"),)
    body = e.PackInstalled(vehicle=CAR, readings=raw)
    (one, openings), (other, _) = conceal(body), conceal(body)
    assert one.vehicle != other.vehicle
    assert one.readings[0].raw == str(one.vehicle) == openings[0].reference
    assert one.readings[0].data == f"0a{'00' * 17}0b"
    assert VIN not in str(one)
    assert conceal(one, openings) == (one, openings)
    code = e.Reading("scanner", PACK.id, "2026-04-01T08:00:00Z", PACK.id.encode().hex())
    assert conceal(e.PackInstalled(place=SLOT, readings=(code,)))[1] == ()
    sold = conceal(e.VehicleSold(CAR, "330100", "Li Lei"))
    assert {one.kind for one in sold[1]} == {"vehicle", "owner"}


def test_old_facts_in_the_clear_are_the_same_vehicle_s(told: Desk) -> None:
    old = parts.PlayedGateway(epoch="dd" * 8)
    told.receive(old.tell(e.PackInstalled(vehicle=CAR), unit=PACK, t_ns=NOW - parts.HOUR))
    state = vehicle_state(told.store, subject_of(told))
    assert state.events == 4
    assert [unit for unit, _ in state.packs] == [PACK]
    FOUND[:] = [subject_of(told)]
    before = everything(told)
    assert forget(told).clear == 1
    assert everything(told) == before
    assert sound(told.store)


def test_a_clear_number_that_came_first_is_joined_when_a_commitment_comes(desk: Desk) -> None:
    old, new = parts.PlayedGateway(), parts.PlayedGateway(epoch="ee" * 8)
    desk.receive(old.tell(e.PackInstalled(vehicle=CAR), unit=PACK))
    assert vehicle_state(desk.store, subject_of(desk)).vehicle == CAR
    desk.receive(new.conceal(e.PackRemoved(vehicle=CAR), unit=PACK, t_ns=parts.T0 + parts.HOUR))
    state = vehicle_state(desk.store, subject_of(desk))
    assert (state.vehicle.scheme, state.events, state.contests) == ("subject", 2, ())


def test_owners_are_joined_and_forgotten_alike(told: Desk) -> None:
    for counter, at in ((11, 1), (12, 2)):
        body, openings = conceal(e.OwnerChanged("Li Lei 330102", CAR))
        fact = replace(parts.fact(body, unit=None, counter=counter, t_ns=at), openings=openings)
        told.store.append([fact], NOW)
    owner = Subjects(told.store).by_value("owner", "Li Lei 330102")
    state = vehicle_state(told.store, subject_of(told))
    assert state.owner == f"subject:{owner}"
    assert forget(told, owner).kind == "owner"
    assert vehicle_state(told.store, subject_of(told)) == state
    assert Subjects(told.store).by_value("owner", "Li Lei 330102") is None


def test_parties_send_openings_beside_their_events(told: Desk) -> None:
    body, openings = conceal(e.PackInstalled(vehicle=OTHER_CAR))
    signed = parts.signed(body, counter=50, t_ns=NOW)
    sent = msgspec.to_builtins(signed) | {"openings": msgspec.to_builtins(list(openings))}
    shut = told.client.post("/api/v1/events", json=msgspec.to_builtins(signed))
    assert shut.status_code == 422
    assert shut.json()["outcomes"][0]["reason"] == "opening"
    bad = told.client.post("/api/v1/events", json=sent | {"openings": 7})
    assert bad.json()["outcomes"][0]["reason"] == "json"
    assert told.client.post("/api/v1/events", json=sent).status_code == 200
    assert subject_of(told, OTHER_CAR).scheme == "subject"
    more = parts.signed(body, counter=51, t_ns=NOW + 1)
    assert told.submit(more).json()["outcomes"][0]["outcome"] == "recorded"


def test_a_number_is_told_to_who_asks_and_never_by_the_way(told: Desk, tmp_path: Path) -> None:
    subject = subject_of(told)
    plain = told.get(f"/api/v1/vehicles/{VIN}")
    assert VIN not in plain.text
    assert plain.json()["vehicle"] == str(subject)
    asked = told.get(f"/api/v1/vehicles/{subject}?number=true").json()
    assert (asked["number"], asked["forgotten_at"]) == (VIN, "")
    for path in ("", "/events", "/proof", "/findings"):
        assert VIN not in told.get(f"/api/v1/packs/{PACK.id}{path}").text
    events = told.get(f"/api/v1/packs/{PACK.id}/events").json()
    assert set(events["subjects"].values()) == {subject.id}
    openings = told.get(f"/api/v1/vehicles/{subject}/openings")
    assert {one["value"] for one in openings.json()["openings"]} == {VIN}
    checked = opened_offline(told, tmp_path, openings.json())
    assert "✓ each opening" in checked[0]
    assert checked[1]
    wrong = openings.json()
    wrong["openings"][0]["value"] = OTHER_CAR.id
    assert not opened_offline(told, tmp_path, wrong)[1]


def opened_offline(desk: Desk, folder: Path, openings: object) -> tuple[str, bool]:
    proof, file = folder / "proof.json", folder / "openings.json"
    proof.write_bytes(desk.get(f"/api/v1/packs/{PACK.id}/proof").content)
    file.write_text(json.dumps(openings))
    os.environ["LANG"] = "C"
    return verify_file(proof, parts.AUTHORITY.public.text, as_json=False, openings=file)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "forgotten on 2026-04-01"), ("zh", "已于 2026-04-01 遗忘")]
)
def test_pages_and_answers_say_that_it_is_forgotten(told: Desk, language: str, said: str) -> None:
    told.receive(
        parts.PlayedGateway(epoch="ab" * 8).conceal(
            e.PackInstalled(vehicle=CAR), unit=OTHER_PACK, t_ns=NOW - parts.HOUR
        )
    )
    subject = subject_of(told)
    page = f"/packs/{OTHER_PACK.id}?lang={language}"
    assert VIN[-4:] in told.get(page).text
    assert VIN not in told.get(page).text
    forget(told)
    assert said in told.get(page).text
    assert said in told.get(f"/packs/{OTHER_PACK.id}/vehicle?lang={language}").text
    assert VIN[-4:] not in told.get(page).text
    detail = told.get(f"/api/v1/vehicles/{subject}?number=true").json()
    assert (detail["number"], detail["forgotten_at"][:10]) == ("", "2026-04-01")
    assert list(told.get(f"/api/v1/packs/{OTHER_PACK.id}").json()["forgotten"]) == [str(subject)]
    assert told.get(f"/api/v1/vehicles/{subject}/openings").status_code == 404


def test_keys_go_into_a_file_of_their_own(told: Desk, tmp_path: Path) -> None:
    gone, stays = subject_of(told), OTHER_CAR
    told.receive(parts.PlayedGateway(epoch="ba" * 8).conceal(e.PackInstalled(vehicle=stays)))
    backup(told.store, tmp_path / "whole", tmp_path / "old.keys")
    forget(told)
    backup(told.store, tmp_path / "after")
    for keys, found in (("old.keys", "subject"), (None, "vin")):
        place = StoreSettings(path=tmp_path / f"{found}.sqlite")
        restore(place, tmp_path / "after", keys and tmp_path / keys, without_keys=keys is None)
        store = SqliteStore(place.path, vault=VAULT)
        assert Subjects(store).vehicle(stays).scheme == found
        assert Subjects(store).vehicle(CAR) == CAR
        assert store.openings(gone.id) == []
        assert sound(store)
        store.close()
    with pytest.raises(BridgeError, match="no keys"):
        restore(StoreSettings(path=tmp_path / "n"), tmp_path / "after", tmp_path / "whole")


def test_without_keys_nothing_is_put_back_unless_it_is_said_that_they_are_lost(
    told: Desk,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "C")
    backup(told.store, tmp_path / "early", tmp_path / "early.keys")
    told.receive(parts.PlayedGateway(epoch="ba" * 8).conceal(e.PackInstalled(vehicle=OTHER_CAR)))
    backup(told.store, tmp_path / "whole", tmp_path / "whole.keys")
    (tmp_path / "place").mkdir()
    parts.AUTHORITY.save(tmp_path / "place" / "bridge.pem")
    settings = tmp_path / "place" / "bridge.toml"
    settings.write_text('key_file = "bridge.pem"\n[store]\npath = "new.sqlite"\n')
    line = ["bridge", "restore", str(tmp_path / "whole"), "--settings", str(settings)]
    assert run_line(line) == 2
    told_why = capsys.readouterr().err
    assert "2 vehicles or owners" in told_why
    assert "its history is in two for good" in told_why
    assert "--keys FILE" in told_why
    assert run_line([*line, "--keys", str(tmp_path / "early.keys")]) == 2
    assert "holds no key of 1 vehicles or owners" in capsys.readouterr().err
    assert list((tmp_path / "place").glob("*sqlite*")) == [], "nothing was written"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh")
    assert run_line(line) == 2
    assert "其历史永久分为两段" in capsys.readouterr().err
    monkeypatch.setenv("LANGUAGE", "en")
    assert run_line([*line, "--keys", str(tmp_path / "whole.keys")]) == 0
    assert "2 keys are back;" in capsys.readouterr().out
    (tmp_path / "place" / "new.sqlite").unlink()
    assert run_line([*line, "--without-keys"]) == 0
    assert "2 vehicles or owners stay closed" in capsys.readouterr().out


def test_what_was_forgotten_needs_no_key_to_be_put_back(told: Desk, tmp_path: Path) -> None:
    forget(told)
    backup(told.store, tmp_path / "after")
    restore(StoreSettings(path=tmp_path / "back.sqlite"), tmp_path / "after")
    store = SqliteStore(tmp_path / "back.sqlite", vault=VAULT)
    assert sound(store)
    store.close()


def test_another_bridge_s_key_opens_nothing(told: Desk) -> None:
    (held, *_) = told.store.openings(subject_of(told).id)
    with pytest.raises(StoreError, match="another bridge"):
        KeyVault(SigningKey.generate()).open(held)
    with pytest.raises(StoreError, match="changed"):
        VAULT.open(held._replace(sealed=held.sealed[:-1] + b"\0"))


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_link_that_was_changed_is_found(told: Desk, forgotten: bool) -> None:
    told.receive(parts.PlayedGateway(epoch="ad" * 8).conceal(e.PackInstalled(vehicle=OTHER_CAR)))
    mine, other = subject_of(told).id, subject_of(told, OTHER_CAR).id
    reference = told.store.openings(mine)[0].reference
    if forgotten:
        forget(told)
        told.authority.seal()
    raw(
        told.store,
        "DROP TRIGGER commitment_no_update;"
        f"UPDATE commitment SET subject = '{other}' WHERE reference = '{reference}'",
    )
    checks = verify_whole(told.store, ORIGIN, parts.AUTHORITY.public, 1)
    (bad,) = [one for one in checks if one.faults]
    assert bad.name == "personal"
    assert any(one.startswith(reference) for one in bad.faults)
    assert any(mine in one for one in bad.faults) == forgotten


def raw(store: SqliteStore, script: str) -> None:
    import sqlite3

    connection = sqlite3.connect(store._path)
    connection.executescript(script)
    connection.close()


KILLED = """
import os, signal, sys
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import SqliteStore
from cloud_bridge.store.batch import Batch
from tests.cloud_bridge import parts
moment, path, subject, origin, now = sys.argv[1:]
store = SqliteStore(path, vault=KeyVault(parts.AUTHORITY))
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "inside":
    record = Batch.record
    Batch.record = lambda *told: (record(*told), die())
else:
    SqliteStore.scrub = die
Forgetting(store, parts.AUTHORITY, origin).forget(subject, "", "", int(now))
"""


@pytest.mark.parametrize("moment", ["inside", "after"])
def test_killed_while_forgetting_all_happened_or_nothing(told: Desk, moment: str) -> None:
    FOUND[:] = [subject_of(told)]
    before, subject = everything(told), FOUND[0].id
    script = [
        sys.executable,
        "-c",
        KILLED,
        moment,
        str(told.store._path),
        subject,
        ORIGIN,
        str(NOW),
    ]
    ended = subprocess.run(script, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    assert ended.returncode == -signal.SIGKILL
    done = moment == "after"
    assert bool(told.store.openings(subject)) != done
    assert bool(told.store.entries_of_type("SubjectForgotten")) == done
    assert forget(told, subject).before == done
    assert everything(told) == before
    assert sound(told.store)


def test_who_may_not_see_vehicles_is_exported_no_fact_that_names_one(told: Desk) -> None:
    but_vehicles = frozenset(Field) - {Field.VEHICLES}
    whole, part = (
        prepared(told.store, PACK, NOW, seen=seen) for seen in (frozenset(Field), but_vehicles)
    )
    for name in ("epcis", "national"):
        documents = [FORMATS[name].write(one).decode() for one in (whole, part)]
        assert "subject" in documents[0]
        assert not any(word in documents[1] for word in ("subject", "commitment", VIN))
        assert VIN not in documents[0]
    forget(told)
    document = json.loads(FORMATS["national"].write(prepared(told.store, PACK, NOW)))
    assert document["forgotten"][0]["en"] == "forgotten on 2026-04-01"
    assert document["forgotten"][0]["zh"] == "已于 2026-04-01 遗忘"


def test_a_person_forgets_from_the_terminal_and_everything_verifies(
    told: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "C")
    parts.AUTHORITY.save(tmp_path / "bridge.pem")
    settings = tmp_path / "bridge.toml"
    settings.write_text(
        f'key_file = "bridge.pem"\n[store]\npath = "bridge.sqlite"\n[ledger]\norigin = "{ORIGIN}"\n'
    )
    told.receive(
        parts.PlayedGateway(epoch="ac" * 8).conceal(
            e.PackInstalled(vehicle=CAR), unit=PACK, t_ns=NOW - parts.HOUR
        )
    )
    more = ["--settings", str(settings)]
    assert run_line(["id", "show", PACK.id, *more]) == 0
    assert f"vehicle {VIN[:3]}··········{VIN[-4:]}" in capsys.readouterr().out
    assert run_line(["bridge", "forget", "--vehicle", VIN.lower(), "--reason", "r", *more]) == 0
    assert "is forgotten since" in capsys.readouterr().out
    assert run_line(["bridge", "forget", "--vehicle", VIN, *more]) == 2
    assert "no subject that can be opened has it" in capsys.readouterr().err
    assert run_line(["id", "show", PACK.id, *more]) == 0
    assert "vehicle (forgotten on " in capsys.readouterr().out
    told.authority.seal()
    assert run_line(["bridge", "verify", "--jobs", "1", *more]) == 0
    assert run_line(["id", "verify", PACK.id, *more]) == 0


def test_what_the_bridge_states_itself_is_committed_to_as_well(told: Desk) -> None:
    subject = subject_of(told)
    word = OwnWord(told.store, parts.AUTHORITY, ORIGIN, "own", lambda: NOW)
    word.state([Statement(PACK, e.ConflictDetected("I1", "two_places", (), vehicle=CAR))])
    (entry,) = told.store.entries_of_type("ConflictDetected")
    assert entry.event.body.vehicle.scheme == "commitment"
    assert told.store.links([str(entry.event.body.vehicle)]) == {
        str(entry.event.body.vehicle): subject.id
    }
    word.state([Statement(PACK, e.ConflictDetected("I1", "two_places", (), vehicle=subject))])
    assert told.store.entries_of_type("ConflictDetected")[-1].event.body.vehicle == subject
    state = vehicle_state(told.store, subject)
    assert state.events == 5
