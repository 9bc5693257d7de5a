"""Who is told a number, and where numbers and their keys lie: pages, files, backups, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_bridge.access import Field
from cloud_bridge.errors import BridgeError, StoreError
from cloud_bridge.exports.formats import FORMATS
from cloud_bridge.exports.making import prepared
from cloud_bridge.keeping.backup import backup, restore
from cloud_bridge.keeping.whole import verify_whole
from cloud_bridge.ledger.offline import verify_file
from cloud_bridge.ledger.own_word import OwnWord, Statement
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.settings import StoreSettings
from cloud_bridge.store import SqliteStore
from cloud_bridge.view.vehicles import vehicle_state
from packtrail import event as e
from packtrail.command import run_line
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN, Desk
from tests.cloud_bridge.parts import CAR, OTHER_CAR, OTHER_PACK, PACK
from tests.cloud_bridge.privacy_parts import (
    VAULT,
    VIN,
    everything,
    forget,
    sound,
    subject_of,
    told,
)

__all__ = ["told"]


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
    car = subject_of(told)
    before, subject = everything(told, car), car.id
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
    assert everything(told, car) == before
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
