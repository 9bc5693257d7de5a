"""Facts become ledger lines: numbered, hashed into the tree, found under their units.

Works on many at once: a batch asks for the ledger's size and for known events once, and keeps
the tree nodes that it makes at hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cloud_bridge.store.linking import Linking, Vault
from cloud_bridge.store.rows import Transaction
from cloud_bridge.store.values import Fact
from packtrail.event import (
    Event,
    PackInstalled,
    PackRemoved,
    PlaceRef,
    SwapPerformed,
    TelemetryAttributed,
    UnitRef,
    VehicleRef,
    encode_line,
    subjects,
    units_named,
)
from packtrail.proof.merkle import grow, leaf_hash

Row = dict[str, Any]


@dataclass(slots=True)
class Facts:
    """What stands where now, as a run of lines states it: the newest of each, by its own time."""

    places: dict[tuple[str, PlaceRef], Row] = field(default_factory=dict)
    vehicles: dict[VehicleRef, Row] = field(default_factory=dict)
    attributions: list[Row] = field(default_factory=list)

    def add(self, later: Facts) -> None:
        """Take what later lines state."""
        _keep_newest(self.places, later.places)
        _keep_newest(self.vehicles, later.vehicles)
        self.attributions += later.attributions


Key = TypeVar("Key")


def _keep_newest(kept: dict[Key, Row], later: dict[Key, Row]) -> None:
    for key, row in later.items():
        before = kept.get(key)
        if before is None or row["from_ns"] >= before["from_ns"]:
            kept[key] = row


@dataclass(slots=True)
class Recorder:
    """Appends facts within a transaction that holds the ledger."""

    rows: Transaction
    now_ns: int
    vault: Vault | None = None
    units: set[UnitRef] = field(default_factory=set)
    _nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _grown: list[dict[str, Any]] = field(default_factory=list)
    _lines: list[dict[str, Any]] = field(default_factory=list)
    _touched: list[dict[str, Any]] = field(default_factory=list)
    _subjects: list[dict[str, Any]] = field(default_factory=list)
    _facts: Facts = field(default_factory=Facts)
    _new: list[Fact] = field(default_factory=list)

    def record(self, facts: Sequence[Fact]) -> tuple[int | None, ...]:
        """Append facts; the new leaf of each, None for one that is there already."""
        canonicals = [fact.signed.canonical for fact in facts]
        ids = [hashlib.sha256(canonical).hexdigest() for canonical in canonicals]
        asked = {"event_ids": json.dumps(ids)}
        found, edge, spoken = self.rows.ask(
            ("find_events", asked), ("tree_edge", None), ("spoken_of", asked)
        )
        known = {row[0] for row in found}
        self._nodes = {(level, position): value for level, position, value in edge}
        size = sum(1 << level for level, _ in self._nodes)
        leaves: list[int | None] = []
        for fact, canonical, event_id in zip(facts, canonicals, ids, strict=True):
            if event_id in known:
                leaves.append(None)
                continue
            known.add(event_id)
            leaves.append(size)
            self._add(fact, size, event_id, encode_line(fact.signed, canonical))
            size += 1
        self._write()
        targets = [row["id"] for row in self._subjects if row["kind"] == "event"]
        if targets or spoken.fetchone():
            self._adopt([*ids, *targets])
        return tuple(leaves)

    def _adopt(self, targets: Sequence[str]) -> None:
        """Corrections and disputes belong to the story of whatever their target speaks of.

        Either may come first, and there may be statements about statements: whatever was given
        to a story by being said of one of `targets` may have statements about it in turn.
        """
        while targets:
            given = self.rows.run("adopt_statements", {"event_ids": json.dumps(targets)})
            leaves = json.dumps(sorted({row[0] for row in given}))
            targets = [row[0] for row in self.rows.run("ids_of_leaves", {"leaves": leaves})]

    def _add(self, fact: Fact, leaf: int, event_id: str, data: bytes) -> None:
        event = fact.event
        row = {"leaf": leaf, "event_id": event_id, "type": event.type, "author": event.author}
        row |= {"stream": event.stream, "counter": event.counter}
        self._lines.append({**row, "now": self.now_ns, "signed": data})
        for node in grow(leaf, leaf_hash(data), lambda *place: self._nodes[place]):
            self._nodes[node.level, node.position] = node.hash
            row = {"level": node.level, "position": node.position, "hash": node.hash}
            self._grown.append(row)
        self._new.append(fact)
        self._index(fact, leaf)

    def _index(self, fact: Fact, leaf: int) -> None:
        for unit in units_named(fact.event):
            self.units.add(unit)
            self._touched.append({"scheme": unit.scheme, "unit": unit.id, "leaf": leaf})
        self._subjects += [
            {"kind": kind, "id": name, "leaf": leaf} for kind, name in subjects(fact.event)
        ]
        self._facts.add(facts_of(fact, leaf))

    def _write(self) -> None:
        self.rows.run_many("insert_ledger", self._lines)
        self.rows.run_many("insert_node", self._grown)
        self.rows.run_many("insert_ledger_unit", self._touched)
        self.rows.run_many("insert_ledger_subject", self._subjects)
        self.rows.run_many("upsert_place", list(self._facts.places.values()))
        self.rows.run_many("upsert_vehicle", list(self._facts.vehicles.values()))
        self.rows.run_many("insert_attribution", self._facts.attributions)
        Linking(self.rows, self.vault, self.now_ns).link(self._new)


def facts_of(fact: Fact, leaf: int) -> Facts:
    """What one line states of places, vehicles and earlier telemetry."""
    event, found = fact.event, Facts()
    if isinstance(event.body, TelemetryAttributed) and event.unit:
        row = _attribution(event, event.unit, event.body)
        found.attributions.append({"leaf": leaf, **row})
    place, moment = place_of(fact), {"from_ns": event.from_ns, "leaf": leaf}
    if place:
        where = {"author": event.author, "site": place.site, "slot": place.slot}
        found.places[event.author, place] = where | moment
    if isinstance(event.body, PackInstalled | PackRemoved | SwapPerformed) and event.body.vehicle:
        vehicle = event.body.vehicle
        found.vehicles[vehicle] = {"scheme": vehicle.scheme, "vehicle": vehicle.id} | moment
    return found


def place_of(fact: Fact) -> PlaceRef | None:
    """The slot that a fact says something of now, if it does."""
    if isinstance(fact.event.body, TelemetryAttributed):
        return None  # it speaks of what was sealed, not of who stands there
    place = getattr(fact.event.body, "place", None)
    return place if isinstance(place, PlaceRef) else None


def _attribution(event: Event, unit: UnitRef, body: TelemetryAttributed) -> dict[str, Any]:
    old = body.instead_of
    return {
        "gateway": event.author,
        "slot": body.place.slot,
        "scheme": unit.scheme,
        "unit": unit.id,
        "old_scheme": old.scheme if old else "",
        "old_unit": old.id if old else "",
        "from_ns": event.from_ns,
        "to_ns": event.to_ns,
    }
