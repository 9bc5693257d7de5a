"""What lists show of each unit, kept beside the ledger: rows that tell which lines they are of.

A projection: it may be emptied at any time, and no backup holds it. `Shown` is the contract,
`GlanceRows` keeps it over whatever database stands below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from cloud_bridge.store.rows import Rows, Values
from cloud_bridge.store.values import Chunk, StoredChunk
from packtrail.event import UnitRef
from packtrail.topics import RecordAddress


class GlanceRow(NamedTuple):
    """A unit's row.

    Attributes:
        leaf: the unit's newest line when it was made.
        others: further codes that were read then, with the newest line of each; JSON, "" for none.
        keys: the newest key line then, -1 where no key line matters.
        shown: what lists show, as whoever made it packs it.
    """

    leaf: int
    others: str
    keys: int
    shown: bytes


class NewestSamples(NamedTuple):
    """Where the newest samples of a unit lie.

    Attributes:
        position: of the newest chunk that was sealed for it, None for none.
        attributed: whether chunks of it were told to be another's, or another's to be its.
    """

    position: int | None
    attributed: bool


@dataclass(frozen=True, slots=True)
class GlanceState:
    """How far the projection is.

    Attributes:
        leaf: lines up to here are taken in.
        made: names the version of the fold that made the rows.
        sweep: whether all units are being gone through.
        scheme: with `unit`, the last that the sweep has done.
        unit: see `scheme`.
    """

    leaf: int = -1
    made: str = ""
    sweep: bool = False
    scheme: str = ""
    unit: str = ""


class Shown(Protocol):
    """See the module."""

    def glances(self, units: Sequence[UnitRef], made: str) -> dict[UnitRef, tuple[GlanceRow, int]]:
        """Rows that the version `made` has written, each with the unit's newest line now."""

    def newest_samples(self, units: Sequence[UnitRef]) -> dict[UnitRef, NewestSamples]:
        """Where the newest samples of each unit lie."""

    def chunks_at(self, positions: Collection[int]) -> dict[int, StoredChunk]:
        """Chunks by their positions, those that retention has emptied left out."""

    def glance_state(self) -> GlanceState:
        """How far the rows are."""

    def units_between(self, after: int, through: int) -> set[UnitRef]:
        """Units that lines with leaves in (after, through] touch."""

    def units_before_keys(self, keys: int, limit: int) -> set[UnitRef]:
        """Units whose rows rest on an older key line than `keys`."""

    def move_glances(
        self,
        old: GlanceState,
        new: GlanceState,
        rows: Iterable[tuple[UnitRef, GlanceRow]],
        *,
        clear: bool = False,
    ) -> bool:
        """Write rows and move on; nothing happens where others have moved on meanwhile."""


class GlanceRows(ABC):
    """`Shown` over a database."""

    @abstractmethod
    def _run(self, name: str, values: Values | None, /) -> Rows:
        """Run a named statement outside or inside `reading`."""

    @abstractmethod
    def run_statements(self, steps: Sequence[tuple[str, Sequence[Values]]]) -> bool:
        """See `Store.run_statements`."""

    def glances(self, units: Sequence[UnitRef], made: str) -> dict[UnitRef, tuple[GlanceRow, int]]:
        """See `Shown.glances`."""
        rows = self._run("glances_of", {"units": _names(units), "made": made})
        return {
            units[place]: (GlanceRow(leaf, others, keys, bytes(shown)), newest)
            for place, leaf, others, keys, shown, newest in rows
        }

    def newest_samples(self, units: Sequence[UnitRef]) -> dict[UnitRef, NewestSamples]:
        """See `Shown.newest_samples`."""
        rows = self._run("newest_samples", {"units": _names(units)})
        return {units[place]: NewestSamples(at, bool(told)) for place, at, told in rows}

    def chunks_at(self, positions: Collection[int]) -> dict[int, StoredChunk]:
        """See `Shown.chunks_at`."""
        if not positions:
            return {}
        rows = self._run("chunks_at", {"positions": _json(sorted(positions))})
        return {row[0]: _chunk(row[1:]) for row in rows}

    def glance_state(self) -> GlanceState:
        """See `Shown.glance_state`."""
        leaf, made, sweep, scheme, unit = self._run("glance_state", None).fetchone()
        return GlanceState(leaf, made, bool(sweep), scheme, unit)

    def units_between(self, after: int, through: int) -> set[UnitRef]:
        """See `Shown.units_between`."""
        rows = self._run("listed_between", {"first": after + 1, "last": through + 1})
        return {UnitRef(scheme, name) for _, scheme, name in rows}

    def units_before_keys(self, keys: int, limit: int) -> set[UnitRef]:
        """See `Shown.units_before_keys`."""
        rows = self._run("glances_before_keys", {"keys": keys, "limit": limit})
        return {UnitRef(*row) for row in rows}

    def move_glances(
        self,
        old: GlanceState,
        new: GlanceState,
        rows: Iterable[tuple[UnitRef, GlanceRow]],
        *,
        clear: bool = False,
    ) -> bool:
        """See `Shown.move_glances`."""
        move = _state(new) | {f"old_{name}": value for name, value in _state(old).items()}
        kept = [
            {"scheme": unit.scheme, "unit": unit.id, **row._asdict()}
            for unit, row in sorted(rows, key=lambda one: str(one[0]))
        ]
        steps: list[tuple[str, Sequence[Values]]] = [("move_glances", [move])]
        steps += [("clear_glances", [{}])] if clear else []
        return self.run_statements([*steps, ("upsert_glance", kept)])


def _state(state: GlanceState) -> dict[str, Any]:
    return asdict(state) | {"sweep": int(state.sweep)}


def _names(units: Sequence[UnitRef]) -> str:
    return _json([(unit.scheme, unit.id) for unit in units])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _chunk(row: tuple[Any, ...]) -> StoredChunk:
    unit = UnitRef(row[3], row[4]) if row[3] and row[4] else None
    return StoredChunk(RecordAddress(*row[:3]), Chunk(unit, *row[5:9]), row[9], row[10])
