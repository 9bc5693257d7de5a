"""Vehicles' numbers: committed to by reporters, joined by the bridge, shown to some, forgotten."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cloud_bridge.errors import BridgeError
from cloud_bridge.ingest.judge import judge, judge_event
from cloud_bridge.keeping.backup import backup
from cloud_bridge.ledger.offline import verify_file
from cloud_bridge.privacy.forgetting import Forgetting
from cloud_bridge.privacy.subjects import Subjects
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import Fact, Refused, SqliteStore, Stranger
from cloud_bridge.view import Packs
from cloud_bridge.view.vehicles import vehicle_state
from packtrail import event as e
from packtrail.event import VehicleRef
from packtrail.personal import Opening, conceal
from packtrail.personal import digest as digest_of
from packtrail.record import unseal
from packtrail.signing import SigningKey
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import NOW, ORIGIN, Desk
from tests.cloud_bridge.parts import CAR, OTHER_CAR, PACK, SLOT
from tests.cloud_bridge.privacy_parts import (
    SOUND_VIN,
    VAULT,
    VIN,
    everything,
    forget,
    sound,
    subject_of,
    swaps,
    told,
    unpacked,
)

__all__ = ["told"]


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


def test_forgetting_changes_no_fold_and_leaves_no_way_back(told: Desk, tmp_path: Path) -> None:
    subject = subject_of(told)
    before = everything(told, subject)
    proof = told.get(f"/api/v1/packs/{PACK.id}/proof").content
    held = told.store.openings(subject.id)
    salts = [VAULT.open(one).salt for one in held]
    outcome = forget(told)
    assert (outcome.before, outcome.clear, outcome.scrubbed) == (False, 0, True)
    told.authority.seal()
    assert everything(told, subject) == before
    assert told.store.openings(subject.id) == []
    assert subject_of(told) == CAR
    (stated,) = told.store.entries_of_type("SubjectForgotten")
    shut = digest_of(one.reference for one in held)
    said = e.SubjectForgotten(subject.id, "vehicle", 3, shut, "request 7", "clerk")
    assert stated.event.body == said
    assert sound(told.store)
    file = tmp_path / "proof.json"
    file.write_bytes(proof)
    assert verify_file(file, parts.AUTHORITY.public.text, as_json=False)[1]
    backup(told.store, tmp_path / "after.backup", tmp_path / "keys.backup")
    there = b"".join(unpacked(one) for one in tmp_path.iterdir())
    wrapped = {one.wrapped for one in held}
    assert not any(secret in there for secret in (VIN.encode(), *wrapped, *salts))


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
    subject = subject_of(told)
    before = everything(told, subject)
    assert forget(told).clear == 1
    assert everything(told, subject) == before
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
