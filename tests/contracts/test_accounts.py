"""People, logins and guesses: every store keeps them alike, on SQLite and a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from cloud_bridge.store.accounts import MOST_KEPT, PersonRow, SessionRow
from cloud_bridge.store.factors import FactorRow

ANNE = PersonRow("anne", "$argon2id$x", '{"role":"recycler"}', 1)


def session(digest: str, name: str = "anne", via: str = "password", ends_ns: int = 100):
    return SessionRow(digest, name, via, "{}", "triage", 10, 10, ends_ns)


def test_people_are_kept_changed_and_listed_by_name(store):
    assert store.person("anne") is None
    store.save_person(msgspec.structs.replace(ANNE, name="李雷"))
    store.save_person(ANNE)
    closed = msgspec.structs.replace(ANNE, closed_ns=7, password="other")
    store.save_person(closed)
    assert store.person("anne") == closed
    assert [one.name for one in store.people()] == ["anne", "李雷"]


def test_a_changed_person_has_no_login_left_that_his_password_opened(store):
    for one in (session("a"), session("b", via="oidc"), session("c", name="bob")):
        store.open_session(one, 0)
    store.save_person(ANNE)
    assert store.session("a") is None
    assert store.session("b") == session("b", via="oidc")
    assert store.session("c") == session("c", name="bob")


def test_a_login_is_touched_ended_and_forgotten_when_it_is_over(store):
    store.open_session(session("a"), 0)
    store.touch_session("a", "trace", 55)
    assert store.session("a") == msgspec.structs.replace(session("a"), purpose="trace", seen_ns=55)
    store.open_session(session("b", ends_ns=200), 100)
    assert store.session("a") is None
    store.end_session("b")
    assert store.session("b") is None


def test_guesses_are_counted_taken_back_and_forgotten(store):
    assert store.guesses("x") == (0, 0)
    for now in (1, 2, 3):
        store.add_guess("x", now, 0)
    assert store.guesses("x") == (3, 3)
    store.undo_guess("x")
    assert store.guesses("x") == (2, 3)
    store.add_guess("y", 9, 3)
    assert store.guesses("x") == (0, 0)
    store.forget_guesses("y")
    store.undo_guess("y")
    assert store.guesses("y") == (0, 0)


def test_an_errand_serves_once_and_not_for_ever(store):
    store.put_errand("a", "told", 10, 0)
    assert store.take_errand("a", 10) is None
    assert store.take_errand("a", 9) == "told"
    assert store.take_errand("a", 9) is None
    store.put_errand("b", "old", 10, 0)
    store.put_errand("c", "new", 20, 10)
    assert store.take_errand("b", 0) is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_flood_of_names_pushes_out_the_oldest(database, store):
    with store._transaction() as rows:
        for number in range(MOST_KEPT):
            rows.run("add_guess", {"digest": f"{number:05}", "now": number + 1})
    store.add_guess("last", MOST_KEPT + 1, 0)
    assert store.guesses("00000") == (0, 0)
    assert store.guesses("00001") == (1, 2)
    assert store.guesses("last") == (1, MOST_KEPT + 1)


def test_a_factor_is_kept_taken_up_once_a_step_and_removed_with_its_codes(store):
    assert store.factor("anne") is None
    for one in (session("a"), session("b", via="password+code"), session("c", via="oidc")):
        store.open_session(one, 0)
    store.save_factor(FactorRow("anne", b"sealed", 5, 7), ["x", "y"])
    assert [store.session(digest) is None for digest in "abc"] == [True, True, False]
    assert store.factor("anne") == FactorRow("anne", b"sealed", 5, 7)
    assert [store.take_step("anne", step) for step in (7, 6, 8, 8, 9)] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert not store.take_step("bob", 8)
    assert [store.take_recovery("anne", "x") for _ in range(2)] == [True, False]
    assert not store.take_recovery("bob", "y")
    store.save_factor(FactorRow("anne", b"other", 6, 0), ["z"])
    assert (store.recovery_left("anne"), store.factors()[0].sealed) == (1, b"other")
    store.save_recovery("anne", ["p", "q"])
    assert store.recovery_left("anne") == 2
    store.remove_factor("anne")
    assert (store.factor("anne"), store.recovery_left("anne"), store.factors()) == (None, 0, [])


def test_of_many_who_use_one_code_at_once_one_gets_in(store):
    store.save_factor(FactorRow("anne", b"sealed", 5, 0), ["x"])
    with ThreadPoolExecutor(8) as threads:
        steps = list(threads.map(lambda _: store.take_step("anne", 9), range(16)))
        codes = list(threads.map(lambda _: store.take_recovery("anne", "x"), range(16)))
    assert (steps.count(True), codes.count(True)) == (1, 1)
