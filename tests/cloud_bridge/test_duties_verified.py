"""Rows of the lists of open duties that no line calls for, or that are gone, are located."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cloud_bridge.keeping.duties import check_duties
from cloud_bridge.keeping.workers import working
from cloud_bridge.rules.book import DutyBook
from cloud_bridge.rules.duties import DAY_NS
from tests.cloud_bridge import parts
from tests.cloud_bridge.conftest import ORIGIN
from tests.cloud_bridge.stored import KEY, Kept, place
from tests.cloud_bridge.test_open_duties import Told

__all__ = ["place"]

LINES = 120
NOW = parts.T0 + 60 * DAY_NS
"""Some facts lie ahead of it."""


@pytest.fixture
def listed(place) -> Kept:
    """A store whose list of duties has seen every line."""
    store, told = place.open(), Told(7)
    for _ in range(LINES // 10):
        store.append([told.fact() for _ in range(10)], NOW)
        DutyBook().advance(store, NOW)
    store.close()
    return place


def faults(kept: Kept, now_ns: int = NOW) -> tuple[str, ...]:
    store = kept.open()
    try:
        with working(store, ORIGIN, KEY, 1) as workers:
            found = check_duties(workers, now_ns)
    finally:
        store.close()
    assert found.count > 0
    return found.faults


def test_a_list_as_the_bridge_keeps_it_is_sound_now_and_later(listed):
    assert faults(listed) == ()
    for days in (1, 10, 40):  # clocks are reached, nobody has looked yet
        assert faults(listed, NOW + days * DAY_NS) == ()
    store = listed.open()
    store.append([Told(8).fact()], NOW)  # a list that is behind is left alone
    store.close()
    assert faults(listed) == ()


PLACES = {
    "duty": ("list due_ns rule event_id", "list due_ns rule event_id holder units"),
    "duty_day": ("list due_ns", "count"),
    "duty_report": ("author platform report leaf", "author platform report leaf"),
    "duty_covered": ("event_id leaf", "event_id leaf"),
    "duty_waiting": ("list event_id", "list event_id wake_ns"),
}


@pytest.mark.parametrize("table", PLACES)
def test_a_row_that_was_changed_or_removed_is_located(listed, table):
    key, columns = (names.split() for names in PLACES[table])
    hand, chance, mark = listed.hand(), random.Random(3), listed.mark
    names = list(dict.fromkeys([*key, *columns]))
    rows = hand.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    where = " AND ".join(f"{name} = {mark}" for name in key)
    for column in columns:
        row = dict(zip(names, chance.choice(rows), strict=True))
        changed = {**row, column: other(row[column])}
        update = f"UPDATE {table} SET {column} = {mark} WHERE {where}"
        hand.execute(update, [changed[column], *(row[name] for name in key)])
        told = faults(listed)
        assert any(named(row, table) & words(fault) for fault in told), (column, told)
        hand.execute(update, [row[column], *(changed[name] for name in key)])
    row = dict(zip(names, chance.choice(rows), strict=True))
    hand.execute(f"DELETE FROM {table} WHERE {where}", [row[name] for name in key])
    hand.close()
    assert any(named(row, table) & words(fault) for fault in faults(listed))


def named(row: dict[str, Any], table: str) -> set[str]:
    """Words of which one names the row."""
    if table == "duty_day":
        return {str(row["due_ns"])}
    if table in ("duty_report", "duty_covered"):
        return {str(row["leaf"])}
    return {row["event_id"]}


def words(fault: str) -> set[str]:
    return {word.rstrip(":") for word in fault.split()}


def other(value: Any) -> Any:
    """Another value of the same type."""
    return (
        f"{value[:-1]}{'x' if value[-1:] != 'x' else 'y'}" if isinstance(value, str) else value + 1
    )
