"""What lists show of packs: read from rows beside the ledger wherever those still hold.

A row tells which lines it was made of. It counts only while the ledger has no newer one of the
same codes; else the pack is folded, so that a list is always what the ledger says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from cloud_bridge.fold import (
    Verdict,
    fold,
    judge_pack,
)
from cloud_bridge.store import Store
from cloud_bridge.store.glances import GlanceRow
from cloud_bridge.view.glance import Glance, glance_of, made
from cloud_bridge.view.readings import Reading, Readings
from cloud_bridge.view.stories import Stories, Whole, gathered_whole, newest_key_line
from packtrail.codes import PackCode
from packtrail.errors import CodeError
from packtrail.event import UnitRef
from packtrail.shapes import from_json, from_msgpack


@dataclass(frozen=True, slots=True)
class PackGlance:
    """One pack of a list.

    Attributes:
        unit: whose.
        code: the decoded code, or None for another scheme.
        told: what its fold comes to.
        reading: the newest sample, or None.
    """

    unit: UnitRef
    code: PackCode | None
    told: Glance
    reading: Reading | None

    @property
    def verdict(self) -> Verdict:
        """What to do with it."""
        return self.told.verdict

    @property
    def seen_ns(self) -> int:
        """When anything was last heard of it, UTC ns; 0 for never."""
        return max(self.told.heard_ns, self.reading.t_ns if self.reading else 0)


class Glances:
    """Reads what lists show. Safe to call from any thread.

    Args:
        store: where.
        stories: folds what has no row that holds.
        readings: newest samples.
    """

    def __init__(self, store: Store, stories: Stories, readings: Readings) -> None:
        self._store = store
        self._stories = stories
        self._readings = readings

    def of(self, units: Sequence[UnitRef]) -> dict[UnitRef, PackGlance]:
        """Each unit as it is now, all of one moment."""
        units = list(dict.fromkeys(units))
        if not units:
            return {}
        with self._store.reading():
            rows = self._store.glances(units, made())
            told = {unit: self._told(unit, *rows.get(unit, (None, -1))) for unit in units}
            read = self._readings.of(units)
        return {unit: PackGlance(unit, code_of(unit), told[unit], read.get(unit)) for unit in units}

    def _told(self, unit: UnitRef, row: GlanceRow | None, newest: int) -> Glance:
        told = told_by(row) if row and holds(self._store, row, newest) else None
        if told is not None:
            return told
        story = self._stories.of(unit)
        return glance_of(story.state, story.verdict, story.heard_ns)


def told_by(row: GlanceRow) -> Glance | None:
    """What a row shows; None for one that was changed by somebody."""
    try:
        return from_msgpack(row.shown, Glance)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def holds(store: Store, row: GlanceRow, newest: int) -> bool:
    """Whether nothing that a row was made of has changed since.

    Args:
        store: where it lies.
        row: of a unit.
        newest: the unit's newest line now.
    """
    if row.leaf != newest or (row.keys >= 0 and row.keys != newest_key_line(store)):
        return False
    if not row.others:
        return True
    try:
        others = from_json(row.others, list[tuple[str, str, int]])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return all(store.newest_line_of(UnitRef(*name)) == leaf for *name, leaf in others)


def row_of(store: Store, unit: UnitRef) -> tuple[GlanceRow, Whole]:
    """The row of a unit as the ledger has it now, and what it was made of."""
    whole = gathered_whole(store, unit)
    newest = _newest_lines(store, whole)
    state = fold(whole.unit, whole.facts)
    shown = msgspec.msgpack.encode(glance_of(state, judge_pack(state), whole.heard_ns))
    others = sorted((one.scheme, one.id, leaf) for one, leaf in newest.items() if one != unit)
    text = msgspec.json.encode(others).decode() if others else ""
    return GlanceRow(newest[unit], text, whole.keys, shown), whole


def _newest_lines(store: Store, whole: Whole) -> Mapping[UnitRef, int]:
    if len(whole.codes) == 1:  # its facts are the lines of its one code
        (unit,) = whole.codes
        return {unit: whole.facts[-1].leaf if whole.facts else -1}
    return {code: store.newest_line_of(code) for code in whole.codes}


@lru_cache(maxsize=8192)
def code_of(unit: UnitRef) -> PackCode | None:
    """The decoded code of a unit that has one."""
    if unit.scheme != "gbt34014":
        return None
    try:
        return PackCode.parse(unit.id)
    except CodeError:
        return None
