"""Registers in the store that commands write and bridges read, on both databases."""

from __future__ import annotations


def test_an_entry_is_found_under_its_register_and_id_and_exchanged_by_the_next(store):
    store.put_registered("keys", "b", "1")
    store.put_registered("keys", "a", "2")
    store.put_registered("stations", "a", "3")
    store.put_registered("keys", "b", "4")
    assert (store.registered("keys", "b"), store.registered("stations", "a")) == ("4", "3")
    assert store.all_registered("keys") == ["2", "4"]
    assert (store.registered("keys", "c"), store.all_registered("none")) == (None, [])


def test_what_is_only_added_exchanges_nothing(store):
    store.put_registered("keys", "a", "new")
    store.add_registered("keys", {"a": "old", "b": "more"})
    assert store.all_registered("keys") == ["new", "more"]


def test_what_one_connection_writes_another_reads(database, store):
    other = database.open()
    store.put_registered("keys", "a", "1")
    assert other.registered("keys", "a") == "1"
    other.close()
