"""Places, vehicles and attributions against what the lines state, and counts against the rows.

A row is right where its line states it and no line states anything newer: the one is seen from
the row, the other from each line, so that nobody has to remember every vehicle.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.workers import Hand, Workers, portions
from cloud_bridge.store import Store
from cloud_bridge.store.recorder import Facts, facts_of
from cloud_bridge.store.values import Fact
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import decode_event
from packtrail.proof.pack import Check

Key = tuple[str, ...]
Moment = tuple[int, int]
"""From when on, UTC ns, and by which line."""
Rows = Mapping[tuple[Any, ...], tuple[Any, ...]]


def check_stated(store: Store, first: int, last: int, facts: Facts, found: Findings) -> None:
    """What a span of lines states: nothing that is kept is older, attributions are the same."""
    _check_newest(store, "place", _places(facts), found)
    _check_newest(store, "vehicle", _vehicles(facts), found)
    wanted = {(row["leaf"],): tuple(row.values())[1:] for row in facts.attributions}
    between = {"first": first, "last": last}
    stored = {row[:1]: row[1:] for row in store.stream("attributions_between", between)}
    compare(found, "attribution", wanted, stored)
    found.count += len(wanted)


def _places(facts: Facts) -> dict[Key, Moment]:
    return {
        (row["author"], row["site"], row["slot"]): (row["from_ns"], row["leaf"])
        for row in facts.places.values()
    }


def _vehicles(facts: Facts) -> dict[Key, Moment]:
    return {
        (row["scheme"], row["vehicle"]): (row["from_ns"], row["leaf"])
        for row in facts.vehicles.values()
    }


def _check_newest(store: Store, what: str, stated: Mapping[Key, Moment], found: Findings) -> None:
    if not stated:
        return
    keys = {"keys": json.dumps(list(stated), ensure_ascii=False)}
    stored = {tuple(row[:-2]): tuple(row[-2:]) for row in store.stream(f"{what}s_of", keys)}
    for key, moment in stated.items():
        there = stored.get(key)
        if there is None:
            found.fault(f"{_named(what, key)} is missing; leaf {moment[1]} states it")
        elif there < moment:
            found.fault(f"{_named(what, key)} says {there}, leaf {moment[1]} is newer: {moment}")


def check_now(workers: Workers, found: Findings) -> Check:
    """Every place and vehicle against the line that it names, and how many there are of all."""
    store = workers.own.store
    for name, check in (("place_lines", look_at_places), ("vehicle_lines", look_at_vehicles)):
        for part in workers.answers(check, portions(store.stream(name))):
            found.add(part)
    counted = {row[:1]: row[1:] for row in store.stream("counted_anew")}
    compare(found, "tally", counted, {row[:1]: row[1:] for row in store.stream("all_tallies")})
    found.count += len(counted)
    return found.check()


def look_at_places(rows: Sequence[tuple[Any, ...]], _hand: Hand) -> Findings:
    """Whether the line of each place states it."""
    return _look("place", rows)


def look_at_vehicles(rows: Sequence[tuple[Any, ...]], _hand: Hand) -> Findings:
    """Whether the line of each vehicle states it."""
    return _look("vehicle", rows)


def _look(what: str, rows: Sequence[tuple[Any, ...]]) -> Findings:
    found = Findings("now", len(rows))
    for *key, from_ns, leaf, signed in rows:
        stated = _stated(what, signed, leaf)
        if stated is not None and stated.get(tuple(key)) != (from_ns, leaf):
            found.fault(f"{_named(what, key)}: line {leaf} does not state it from {from_ns} on")
    return found


def _stated(what: str, signed: bytes | None, leaf: int) -> dict[Key, Moment] | None:
    """What a line states; None for one that cannot be read, which is told elsewhere."""
    if signed is None:
        return {}
    try:
        line = decode_event(signed)
        facts = facts_of(Fact(line, line.read()), leaf)
    except (CodecError, PacktrailError, msgspec.ValidationError, UnicodeError):
        return None
    return _places(facts) if what == "place" else _vehicles(facts)


def compare(found: Findings, what: str, wanted: Rows, stored: Rows) -> None:
    """Rows that should be there against rows that are."""
    for key in sorted(wanted.keys() | stored.keys(), key=str):
        name = _named(what, key)
        if key not in stored:
            found.fault(f"{name} is missing")
        elif key not in wanted:
            found.fault(f"{name}: no line states it")
        elif wanted[key] != stored[key]:
            found.fault(f"{name} says {stored[key]}, the lines {wanted[key]}")


def _named(what: str, key: Iterable[Any]) -> str:
    return f"{what} {' '.join(map(str, key))}"
