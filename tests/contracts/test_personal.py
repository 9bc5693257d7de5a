"""Commitments, subjects and forgetting: every store keeps them alike, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from cloud_bridge.errors import StoreError
from cloud_bridge.privacy.vault import KeyVault
from cloud_bridge.store import Fact
from cloud_bridge.view.vehicles import vehicle_state
from packtrail.event import (
    ConflictDetected,
    PackInstalled,
    PackRemoved,
    Subject,
    SubjectForgotten,
    VehicleRef,
)
from packtrail.personal import conceal, digest
from tests.cloud_bridge import parts
from tests.contracts.stores import NOW, Database

VAULT = KeyVault(parts.AUTHORITY)
PUT_IN, TAKEN = PackInstalled(vehicle=parts.CAR), PackRemoved(vehicle=parts.CAR)


@pytest.fixture
def store(database: Database):
    made = database.open(vault=VAULT)
    yield made
    made.close()


def hidden(body, counter: int = 1, **about) -> Fact:
    body, openings = conceal(body)
    about = {"t_ns": parts.T0 + counter, **about}
    return replace(parts.fact(body, counter=counter, **about), openings=openings)


def subject_of(store, car: VehicleRef = parts.CAR) -> str | None:
    return store.subject_by(VAULT.blind("vehicle", car.id))


def statement(counter: int, shut: list[str]) -> Fact:
    body = SubjectForgotten("s", "vehicle", len(shut), digest(shut))
    about = {"unit": None, "author": "log", "stream": "privacy", "counter": counter}
    return parts.fact(body, key=parts.AUTHORITY, **about)


def test_commitments_to_one_value_are_one_subject_s_over_batches(store):
    facts = [hidden(PUT_IN, 1), hidden(TAKEN, 2), hidden(PUT_IN, 3)]
    store.append(facts[:2], NOW)
    store.append(facts[2:], NOW + 1)
    found = subject_of(store)
    references = [one.openings[0].reference for one in facts]
    assert store.links([*references, "commitment:v1-00"]) == dict.fromkeys(references, found)
    row = store.subjects_of_data([found, "none"])[found]
    assert (row.kind, row.made_ns, row.forgotten_ns) == ("vehicle", NOW, 0)
    assert {VAULT.open(held).value for held in store.openings(found)} == {parts.CAR.id}
    assert len(store.openings(found, 2)) == 2
    car = VehicleRef("subject", found)
    about = store.entries_about(Subject("vehicle", str(car)))
    assert [entry.leaf for entry in about] == [0, 1, 2]
    assert [e.leaf for e in store.entries_about(Subject("vehicle", str(car)), 0, 1)] == [1]
    assert store.vehicle_fact(car).leaf == 2
    store.append([parts.fact(ConflictDetected("I1", "x", (), vehicle=car), counter=9)], NOW)
    assert len(store.entries_about(Subject("vehicle", str(car)))) == 4
    assert store.vehicle_fact(VehicleRef("subject", "none")) is None


def test_a_fact_that_was_known_brings_nothing_twice(store):
    fact = hidden(PUT_IN)
    assert store.append([fact, fact], NOW) == (0, None)
    assert store.append([fact], NOW) == (None,)
    assert len(store.openings(subject_of(store))) == 1


def test_what_is_forgotten_is_shut_and_its_links_stay(store):
    store.append([hidden(PUT_IN, 1), hidden(PackInstalled(vehicle=parts.OTHER_CAR), 2)], NOW)
    found, other = subject_of(store), subject_of(store, parts.OTHER_CAR)
    car = VehicleRef("subject", found)
    before = vehicle_state(store, car)
    assert store.forget(found, "log", "privacy", statement, NOW + 5)
    assert not store.forget(found, "log", "privacy", statement, NOW + 6)
    assert not store.forget("none", "log", "privacy", statement, NOW + 6)
    assert store.scrub()
    assert (subject_of(store), store.openings(found)) == (None, [])
    assert store.subjects_of_data([found])[found].forgotten_ns == NOW + 5
    assert len(store.entries_of_type("SubjectForgotten")) == 1
    assert vehicle_state(store, car) == before
    assert (subject_of(store, parts.OTHER_CAR), len(store.openings(other))) == (other, 1)
    store.append([hidden(TAKEN, 3)], NOW + 7)
    assert subject_of(store) not in (None, found)


def test_a_statement_that_cannot_be_made_forgets_nothing(store):
    store.append([hidden(PUT_IN)], NOW)
    found = subject_of(store)

    def broken(*_):
        raise ValueError("no pen")

    with pytest.raises(ValueError, match="no pen"):
        store.forget(found, "log", "privacy", broken, NOW)
    assert subject_of(store) == found
    assert len(store.openings(found)) == 1


def test_subjects_and_commitments_stay_whatever_somebody_tries(store, database):
    store.append([hidden(PUT_IN)], NOW)
    store.forget(subject_of(store), "log", "privacy", statement, NOW)
    for statement_ in (
        "DELETE FROM commitment",
        "UPDATE commitment SET subject = 'x'",
        "DELETE FROM subject",
        "UPDATE subject SET forgotten_ns = 0",
    ):
        with pytest.raises(Exception, match=r"stays|append-only|once|violates"):
            database.execute(statement_)


def test_openings_need_a_vault(database):
    store = database.open()
    with pytest.raises(StoreError, match="key"):
        store.append([hidden(PUT_IN)], NOW)
    store.append([parts.fact(PUT_IN)], NOW)
    assert store.size() == 1
    store.close()


def test_two_who_report_one_car_at_once_make_one_subject(database):
    stores = [database.open(vault=VAULT) for _ in range(2)]
    start = threading.Barrier(2)

    def report(store, base: int) -> None:
        start.wait()
        for counter in range(base, base + 5):
            store.append([hidden(PUT_IN, counter)], NOW)

    threads = [
        threading.Thread(target=report, args=(store, 10 * number))
        for number, store in enumerate(stores, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].openings(subject_of(stores[1]))) == 10
    assert len(list(stores[0].stream("all_subjects_of_data"))) == 1
    for store in stores:
        store.close()
