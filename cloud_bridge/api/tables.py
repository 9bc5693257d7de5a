"""Lists as tables: packs, a pack's events, its samples. Names of columns carry their units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from cloud_bridge.access.fields import Field
from cloud_bridge.access.gate import Sight
from cloud_bridge.access.redact import OF_A_PACK, redacted_glance
from cloud_bridge.api.context import Context
from cloud_bridge.files import Column, Kind, Page, Rows
from cloud_bridge.store import Entry, Store
from cloud_bridge.view import PackGlance, Reading
from cloud_bridge.view.telemetry import Span, chunk_pages, quantities_of, samples_within
from packtrail.estimate import Interval
from packtrail.event import UnitRef
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch
from packtrail.times import parse_time

PACKS: Final = 50
EVENTS: Final = 500
CHUNKS: Final = 120

NEWEST: Final = tuple(name for name, quantity in QUANTITIES.items() if not quantity.array)
"""Quantities of a reading: of cells and probes, their extremes."""


def _quantity(name: str, width: int = 0) -> Column:
    known = QUANTITIES[name]
    return Column(name, Kind.NUMBER, known.unit, known.vss_path, width)


OF_PACKS: Final = (
    Column("code"),
    Column("verdict"),
    Column("lifecycle"),
    Column("safety"),
    Column("standing"),
    Column("soh_pct", Kind.NUMBER, "%"),
    Column("soh_low_pct", Kind.NUMBER, "%"),
    Column("soh_high_pct", Kind.NUMBER, "%"),
    Column("seen_at", Kind.MOMENT),
    Column("hidden"),
    Column("reading_at", Kind.MOMENT),
    *(Column(f"reading_{name}", Kind.NUMBER, QUANTITIES[name].unit) for name in NEWEST),
)
OF_EVENTS: Final = (
    Column("leaf", Kind.INTEGER),
    Column("event_id"),
    Column("recorded_at", Kind.MOMENT),
    Column("type"),
    Column("author"),
    Column("pack"),
    Column("occurred_from", Kind.MOMENT),
    Column("occurred_to", Kind.MOMENT),
    Column("signed"),
)


def packs_table(bridge: Context, sight: Sight, units: Sequence[UnitRef]) -> Rows:
    """A line per pack, as far as the reader may see it; `hidden` names what is empty therefore."""

    def pages() -> Iterator[Page]:
        for start in range(0, len(units), PACKS):
            packs = bridge.packs.glances(units[start : start + PACKS])
            lines = [_pack(pack, sight.of(unit) & OF_A_PACK) for unit, pack in packs.items()]
            yield list(zip(*lines, strict=True))

    return Rows(OF_PACKS, pages())


def events_table(store: Store, unit: UnitRef, after: int, last: int) -> Rows:
    """A pack's lines of the ledger with leaves in (after, last]; `signed` is what proofs cover."""

    def pages() -> Iterator[Page]:
        begin = after
        while begin < last:
            entries = [one for one in store.entries_of(unit, begin, EVENTS) if one.leaf <= last]
            if not entries:
                return
            begin = entries[-1].leaf
            yield list(zip(*map(_line, entries), strict=True))

    return Rows(OF_EVENTS, pages())


def samples_table(store: Store, unit: UnitRef, span: Span) -> Rows:
    """A line per sample. What columns there are is looked up first, in every chunk's head."""
    found: dict[str, int] = {}
    for chunks in chunk_pages(store, unit, span, CHUNKS):
        for name, width in quantities_of(chunks).items():
            found[name] = max(width, found.get(name, 0))
    columns = tuple(_quantity(name, width) for name, width in found.items())

    def pages() -> Iterator[Page]:
        for chunks in chunk_pages(store, unit, span, CHUNKS):
            batch = samples_within(chunks, span)
            times = batch.t_ns.tolist()
            yield [times, times, *(_values(batch, column) for column in columns)]

    times = Column("time", Kind.MOMENT), Column("t_ns", Kind.INTEGER, "ns")
    return Rows((*times, *columns), pages())


def _pack(whole: PackGlance, seen: frozenset[Field]) -> list[Any]:
    view = redacted_glance(whole, seen)
    return [
        str(view.unit),
        view.verdict.level.value,
        view.told.lifecycle.value,
        view.told.safety.value,
        view.told.standing.value,
        *_health(view.told.soh),
        view.seen_ns or None,
        " ".join(sorted(OF_A_PACK - seen)),
        *_reading(view.reading),
    ]


def _health(soh: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (soh.value * 100, soh.low * 100, soh.high * 100) if soh else (None, None, None)


def _reading(reading: Reading | None) -> list[float | None]:
    values = reading.values if reading else {}
    return [reading.t_ns if reading else None, *(values.get(name) for name in NEWEST)]


def _line(entry: Entry) -> tuple[Any, ...]:
    event = entry.event
    return (
        entry.leaf,
        entry.event_id,
        entry.recorded_ns,
        event.type,
        event.author,
        str(event.unit) if event.unit else None,
        parse_time(event.occurred_from),
        parse_time(event.occurred_to),
        entry.data.decode(),
    )


def _values(batch: SampleBatch, column: Column) -> Any:
    """A column in the file's width; NaN where this page has fewer, or none."""
    shape = (len(batch), column.width) if column.width else (len(batch),)
    found = batch.values.get(column.name)
    if found is not None and found.shape == shape:
        return found.tolist() if not column.width else found
    whole = np.full(shape, np.nan)
    if found is not None and found.ndim == len(shape):
        whole[:, : found.shape[1]] = found
    return whole.tolist() if not column.width else whole
