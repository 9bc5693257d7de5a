"""What the store is asked, the same for every database: rows become values here."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any

from cloud_bridge.errors import StoreError
from cloud_bridge.store.attribution import Span, clip
from cloud_bridge.store.numbers import reach
from cloud_bridge.store.places import packed
from cloud_bridge.store.rows import Rows, Values
from cloud_bridge.store.stories import completeness_of
from cloud_bridge.store.values import (
    ALL,
    Chunk,
    Counts,
    Cursor,
    DayChunk,
    DayRecord,
    Emptied,
    Equivocation,
    GatewayProgress,
    PlaceFact,
    Progress,
    RefusedRecord,
    SlotNow,
    StoredChunk,
    Stranger,
    TelemetryDay,
)
from packtrail.event import PlaceRef, Subject, UnitRef, VehicleRef
from packtrail.personal import SUBJECT, VEHICLE
from packtrail.proof.entry import Entry
from packtrail.proof.paths import Place
from packtrail.proof.stories import Completeness
from packtrail.receipt import MAX_AHEAD, Refusal
from packtrail.topics import RecordAddress


class Reads(ABC):
    """The reading half of `Store` over `_run`; see there."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement outside or inside `reading`."""

    def progress(self, gateway: str, epoch: str) -> Progress:
        """See `Store.progress`."""
        key = {"gateway": gateway, "epoch": epoch}
        row = self._run("find_receipt", key).fetchone()
        through, ahead = reach(self._run, gateway, epoch, row[0] if row else 0)
        refused = self._run("refused_of_epoch", {**key, "limit": MAX_AHEAD})
        named = tuple(Refusal(*row) for row in refused)[::-1]
        return Progress(gateway, epoch, through, ahead, named)

    def size(self) -> int:
        """See `Store.size`."""
        size: int = self._run("ledger_size", None).fetchone()[0]
        return size

    def node(self, level: int, position: int) -> bytes:
        """See `Store.node`."""
        row = self._run("find_node", {"level": level, "position": position}).fetchone()
        if row is None:
            raise StoreError(f"the ledger's tree lacks node {level}/{position}")
        value: bytes = row[0]
        return value

    def nodes(self, places: Collection[Place]) -> dict[Place, bytes]:
        """See `Store.nodes`."""
        found = {
            (level, position): bytes(value)
            for level, position, value in self._run("find_nodes", packed(places))
        }
        if len(found) < len(set(places)):
            level, position = min(set(places) - found.keys())
            raise StoreError(f"the ledger's tree lacks node {level}/{position}")
        return found

    def entries_at(self, leaves: Collection[int]) -> list[Entry]:
        """See `Store.entries_at`."""
        wanted = {"leaves": json.dumps(sorted(leaves))}
        return [_entry(row) for row in self._run("entries_at", wanted)]

    def leaves_of(self, unit: UnitRef, before: int = ALL) -> list[int]:
        """See `Store.leaves_of`."""
        return [leaf for (leaf,) in self._run("listed_of", {**_name(unit), "last": before})]

    def entries(self, after: int = -1, limit: int = 1000) -> list[Entry]:
        """See `Store.entries`."""
        return [_entry(row) for row in self._run("entries", {"after": after, "limit": limit})]

    def entries_of(self, unit: UnitRef, after: int = -1, limit: int = ALL) -> list[Entry]:
        """See `Store.entries_of`."""
        row = {**_name(unit), "after": after, "limit": limit}
        return [_entry(one) for one in self._run("entries_of", row)]

    def entries_about(self, subject: Subject, after: int = -1, limit: int = 10_000) -> list[Entry]:
        """See `Store.entries_about`."""
        row = {**subject._asdict(), "after": after, "limit": limit}
        if subject.kind == VEHICLE and subject.id.startswith(f"{SUBJECT}:"):
            row["subject"] = subject.id.partition(":")[2]
            return [_entry(one) for one in self._run("entries_about_subject", row)]
        return [_entry(row) for row in self._run("entries_about", row)]

    def entries_of_type(self, kind: str, after: int = -1, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_of_type`."""
        row = {"type": kind, "after": after, "limit": limit}
        return [_entry(row) for row in self._run("entries_of_type", row)]

    def entry(self, event_id: str) -> Entry | None:
        """See `Store.entry`."""
        row = self._run("find_entry", {"event_id": event_id}).fetchone()
        return _entry(row) if row else None

    def subjects(self, kind: str, after: str = "", limit: int = 1000) -> list[str]:
        """See `Store.subjects`."""
        row = {"kind": kind, "after": after, "limit": limit}
        return [row[0] for row in self._run("subjects_after", row)]

    def key_entries(self, after: int = -1) -> list[Entry]:
        """See `Store.key_entries`."""
        return [_entry(row) for row in self._run("key_entries", {"after": after})]

    def next_counter(self, author: str, stream: str) -> int:
        """See `Store.next_counter`."""
        row = self._run("next_counter", {"author": author, "stream": stream}).fetchone()
        counter: int = row[0]
        return counter

    def conflicting(self, author: str, stream: str, counter: int) -> list[Entry]:
        """See `Store.conflicting`."""
        key = {"author": author, "stream": stream, "counter": counter}
        return [_entry(row) for row in self._run("conflicting", key)]

    def completeness(self, unit: UnitRef) -> tuple[int, Completeness]:
        """See `Store.completeness`."""
        size: int = self._run("story_size", None).fetchone()[0]
        return size, completeness_of(self._run, unit)

    def checkpoint(self) -> str | None:
        """See `Store.checkpoint`."""
        row = self._run("newest_checkpoint", None).fetchone()
        if row is None:
            return None
        note, size = row
        lines = self._run("cosignatures", {"size": size})
        return "".join([note, *(f"{line}\n" for (line,) in lines)])

    def checkpoints(self) -> list[str]:
        """See `Store.checkpoints`."""
        return [row[0] for row in self._run("checkpoints", None)]

    def units(self, after: UnitRef | None = None, limit: int = 50) -> list[UnitRef]:
        """See `Store.units`."""
        name, key = ("units_after", _name(after)) if after else ("first_units", {})
        return [UnitRef(*row) for row in self._run(name, {**key, "limit": limit})]

    def has_unit(self, unit: UnitRef) -> bool:
        """See `Store.has_unit`."""
        return self._run("find_unit", _name(unit)).fetchone() is not None

    def chunks_of(
        self, unit: UnitRef, from_ns: int, to_ns: int, limit: int = 100
    ) -> list[StoredChunk]:
        """See `Store.chunks_of`."""
        span = {"from_ns": from_ns, "to_ns": to_ns, "limit": limit}
        found = [_chunk(row) for row in self._run("chunks_of", {**_name(unit), **span})]
        return self._clipped(unit, found)

    def latest_chunks(self, unit: UnitRef, limit: int = 1) -> list[StoredChunk]:
        """See `Store.latest_chunks`."""
        rows = self._run("latest_chunks", {**_name(unit), "limit": limit})
        return self._clipped(unit, [_chunk(row) for row in rows])

    def vehicle_fact(self, vehicle: VehicleRef) -> Entry | None:
        """See `Store.vehicle_fact`."""
        key = {"scheme": vehicle.scheme, "vehicle": vehicle.id, "subject": vehicle.id}
        name = "find_vehicle_of_subject" if vehicle.scheme == SUBJECT else "find_vehicle"
        row = self._run(name, key).fetchone()
        return _entry(row) if row else None

    def _clipped(self, unit: UnitRef, chunks: list[StoredChunk]) -> list[StoredChunk]:
        """Attributed chunks narrowed to what was attributed of them."""
        if all(chunk.chunk.unit == unit for chunk in chunks):
            return chunks
        spans = [Span(*row) for row in self._run("attributions_of", _name(unit))]
        return [chunk if chunk.chunk.unit == unit else clip(chunk, spans) for chunk in chunks]

    def chunks_after(
        self, position: int, through: int, limit: int = 100
    ) -> list[tuple[int, StoredChunk]]:
        """See `Store.chunks_after`."""
        span = {"after": position, "through": through, "limit": limit}
        return [(row[11], _chunk(row)) for row in self._run("chunks_after", span)]

    def chunk_spans_after(
        self, position: int, through: int, limit: int = 100
    ) -> list[tuple[int, StoredChunk]]:
        """See `Store.chunk_spans_after`."""
        span = {"after": position, "through": through, "limit": limit}
        rows = self._run("chunk_spans_after", span)
        return [(row[11], _chunk((*row[:9], b"", row[10]))) for row in rows]

    def chunks_attributed(self, begin: Cursor, end: Cursor) -> list[StoredChunk]:
        """See `Store.chunks_attributed`."""
        span = {"after": begin.chunk, "through": end.chunk}
        leaves = {"after_leaf": begin.leaf, "leaf": end.leaf}
        return [_chunk(row) for row in self._run("chunks_attributed", {**span, **leaves})]

    def day_records(self, unit: UnitRef, from_ns: int, to_ns: int) -> list[DayRecord]:
        """See `Store.day_records`."""
        span = {"from_ns": from_ns, "to_ns": to_ns}
        rows = self._run("day_records", {**_name(unit), **span})
        return [DayRecord(RecordAddress(*row[:3]), bytes(row[3]), row[4], row[5]) for row in rows]

    def day_chunks(self, unit: UnitRef, from_ns: int, to_ns: int) -> list[DayChunk]:
        """See `Store.day_chunks`."""
        rows = self._run("day_chunks", {**_name(unit), "from_ns": from_ns, "to_ns": to_ns})
        return [
            DayChunk._make((RecordAddress(*row[:3]), bytes(row[3]), *row[4:11], bool(row[11])))
            for row in rows
        ]

    def telemetry_days(self, unit: UnitRef, limit: int) -> list[TelemetryDay]:
        """See `Store.telemetry_days`."""
        rows = self._run("telemetry_days", {**_name(unit), "limit": limit})
        return [TelemetryDay(*row) for row in rows]

    def emptied_of(
        self, unit: UnitRef, from_ns: int, to_ns: int, limit: int = 1000
    ) -> list[Emptied]:
        """See `Store.emptied_of`."""
        span = {"from_ns": from_ns, "to_ns": to_ns, "limit": limit}
        rows = self._run("emptied_of", {**_name(unit), **span})
        return [Emptied(RecordAddress(*row[:3]), *row[3:]) for row in rows]

    def newest_line(self, unit: UnitRef) -> int:
        """See `Store.newest_line`."""
        leaf: int = self._run("newest_line_of", _name(unit)).fetchone()[0]
        return leaf

    def units_of_day(self, from_ns: int, to_ns: int) -> list[UnitRef]:
        """See `Store.units_of_day`."""
        rows = self._run("units_of_day", {"from_ns": from_ns, "to_ns": to_ns})
        return [UnitRef(*row) for row in rows]

    def first_sample_ns(self) -> int | None:
        """See `Store.first_sample_ns`."""
        found: int | None = self._run("first_sample", None).fetchone()[0]
        return found

    def cursor(self, projection: str) -> Cursor:
        """See `Store.cursor`."""
        row = self._run("find_cursor", {"projection": projection}).fetchone()
        return Cursor(*row) if row else Cursor()

    def gateways(self) -> list[GatewayProgress]:
        """See `Store.gateways`."""
        return [GatewayProgress(*row) for row in self._run("gateways", None)]

    def gateway_names(self) -> list[str]:
        """See `Store.gateway_names`."""
        return [row[0] for row in self._run("gateway_names", None)]

    def lines_of(self, unit: UnitRef, before: int) -> int:
        """See `Store.lines_of`."""
        row = self._run("count_listed", {**_name(unit), "last": before}).fetchone()
        count: int = row[0]
        return count

    def newest_line_about(self, subject: Subject) -> int:
        """See `Store.newest_line_about`."""
        leaf: int = self._run("newest_line_about", subject._asdict()).fetchone()[0]
        return leaf

    def newest_line_of(self, unit: UnitRef) -> int:
        """See `Store.newest_line_of`."""
        leaf: int = self._run("newest_line_of", _name(unit)).fetchone()[0]
        return leaf

    def slots(self, gateway: str) -> list[SlotNow]:
        """See `Store.slots`."""
        return [
            SlotNow(row[0], row[1], _unit(row[2], row[3]), RecordAddress(row[0], *row[4:6]), row[6])
            for row in self._run("slots", {"gateway": gateway})
        ]

    def places(self, author: str) -> list[PlaceFact]:
        """See `Store.places`."""
        rows = self._run("places", {"author": author})
        return [PlaceFact(PlaceRef(row[4], row[5]), _entry(row)) for row in rows]

    def alarms(self, author: str, limit: int = 20) -> list[Entry]:
        """See `Store.alarms`."""
        return [_entry(row) for row in self._run("alarms", {"author": author, "limit": limit})]

    def equivocations(self, gateway: str | None = None, limit: int = 100) -> list[Equivocation]:
        """See `Store.equivocations`."""
        key = {"limit": limit} if gateway is None else {"limit": limit, "gateway": gateway}
        rows = self._run("equivocations" if gateway is None else "equivocations_of", key)
        return [Equivocation(RecordAddress(*row[:3]), row[3], row[4]) for row in rows]

    def refusals(self, gateway: str | None = None, limit: int = 20) -> list[RefusedRecord]:
        """See `Store.refusals`."""
        key = {"limit": limit} if gateway is None else {"limit": limit, "gateway": gateway}
        rows = self._run("refusals" if gateway is None else "refusals_of", key)
        return [RefusedRecord(RecordAddress(*row[:3]), *row[3:]) for row in rows]

    def refused(self, address: RecordAddress) -> tuple[RefusedRecord, bytes] | None:
        """See `Store.refused`."""
        row = self._run("refused_data", address._asdict()).fetchone()
        return (RefusedRecord(RecordAddress(*row[:3]), *row[3:6]), row[6]) if row else None

    def strangers(self, limit: int = 20) -> list[tuple[Stranger, int]]:
        """See `Store.strangers`."""
        return [(Stranger(*row[:3]), row[3]) for row in self._run("strangers", {"limit": limit})]

    def counts(self) -> Counts:
        """See `Store.counts`."""
        return Counts(*self._run("counts", None).fetchone())


def _name(unit: UnitRef) -> dict[str, Any]:
    return {"scheme": unit.scheme, "unit": unit.id}


def _unit(scheme: str | None, name: str | None) -> UnitRef | None:
    return UnitRef(scheme, name) if scheme and name else None


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(*row[:4])


def _chunk(row: tuple[Any, ...]) -> StoredChunk:
    chunk = Chunk(_unit(row[3], row[4]), *row[5:9])
    return StoredChunk(RecordAddress(*row[:3]), chunk, row[9], row[10])
