"""Damage planted in a store on SQLite: bits flipped, rows removed, lines changed round.

Each piece knows how it is undone, and in which words a verification that finds it names its place.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packtrail.event import UnitRef
from packtrail.proof.stories import DEPTH, bucket_of, key_of

LINES_PER_CAR: Final = 20
Row = dict[str, Any]
Step = tuple[str, tuple[Any, ...]]


@dataclass
class Damage:
    """One piece.

    Attributes:
        kind: what was done to what.
        places: words of which one names the place, as regular expressions.
        undo: statements that put everything back.
    """

    kind: str
    places: tuple[str, ...]
    undo: list[Step] = field(default_factory=list)

    def names(self, fault: str) -> bool:
        """Whether a fault is about this."""
        return any(re.search(place, fault) for place in self.places)


class Planter:
    """Plants and undoes.

    Args:
        connection: that no trigger and no reference stops.
        chance: what is hit.
        size: lines of the ledger.
    """

    def __init__(self, connection: sqlite3.Connection, chance: random.Random, size: int) -> None:
        self._connection = connection
        self._chance = chance
        self._size = size
        self._taken: set[int] = set()

    def leaf(self) -> int:
        """A line, far from every other that was hit."""
        while True:
            # The keys come first: without them a thousand lines have no author.
            leaf = self._chance.randrange(self._size // 100, self._size - 2)
            if self._take(leaf):
                return leaf

    def _take(self, leaf: int) -> bool:
        free = not self._taken & set(range(leaf - 2, leaf + 3))
        if free:
            self._taken.add(leaf)
        return free

    def row(self, table: str, where: str, *values: Any) -> Row:
        """One row of a table, nothing where there is none."""
        cursor = self._connection.execute(f"SELECT * FROM {table} WHERE {where} LIMIT 1", values)
        names, found = [one[0] for one in cursor.description], cursor.fetchone()
        return dict(zip(names, found, strict=True)) if found else {}

    def units_of(self, leaf: int) -> list[UnitRef]:
        """Packs that a line is listed under."""
        asked = "SELECT scheme, unit FROM ledger_unit WHERE leaf = ?"
        return [UnitRef(*row) for row in self._connection.execute(asked, (leaf,))]

    def like(self, table: str, where: str) -> Row:
        """A row of a line that was not hit."""
        while True:
            leaf = self._chance.randrange(self._size // 100, self._size - 2)
            row = self.row(table, f"leaf = ? AND {where}", leaf)
            if row and self._take(row["leaf"]):
                return row

    def chunk(self) -> Row:
        """A chunk of telemetry that was not hit."""
        ((most,),) = self._connection.execute("SELECT max(position) FROM chunk")
        row = self.row("chunk", "position = ?", self._chance.randrange(1, most + 1))
        place = -row["position"]
        if place in self._taken:
            return self.chunk()
        self._taken.add(place)
        return row

    def flip(self, kind: str, table: str, key: Sequence[str], row: Row, column: str) -> Damage:
        """Flip a bit of one column."""
        changed = {**row, column: flipped(row[column], self._chance)}
        done = Damage(kind, ())
        self._update(table, key, row, changed, column)
        done.undo.append(_update(table, key, changed, row, column))
        return done

    def _update(self, table: str, key: Sequence[str], row: Row, to: Row, column: str) -> None:
        assert self._connection.execute(*_update(table, key, row, to, column)).rowcount == 1

    def remove(self, kind: str, table: str, key: Sequence[str], row: Row) -> Damage:
        """Delete a row."""
        where = " AND ".join(f"{name} IS ?" for name in key)
        values = tuple(row[name] for name in key)
        deleted = self._connection.execute(f"DELETE FROM {table} WHERE {where}", values)
        assert deleted.rowcount == 1
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return Damage(kind, (), [(insert, tuple(row.values()))])

    def run(self, statements: Sequence[Step]) -> None:
        """Run statements."""
        for statement, values in statements:
            self._connection.execute(statement, values)


def _update(table: str, key: Sequence[str], row: Row, to: Row, column: str) -> Step:
    where = " AND ".join(f"{name} IS ?" for name in key)
    values = (to[column], *(row[name] for name in key))
    return f"UPDATE {table} SET {column} = ? WHERE {where}", values


def flipped(value: Any, chance: random.Random) -> Any:
    """With one bit changed, of the same type."""
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str):
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(4)) + value[at + 1 :]
    return value ^ 1 << chance.randrange(30)


def in_map(bucket: int) -> str:
    """How a fault names a bucket of the map, or what lies above it."""
    nodes = "|".join(f"{level}/{bucket >> level}" for level in range(DEPTH + 1))
    return rf"node ({nodes}) of the map"


def about_story(unit: UnitRef) -> tuple[str, ...]:
    """How a fault names a pack's story, or its part of the map."""
    return re.escape(f"story of {unit.scheme}:{unit.id} "), in_map(bucket_of(key_of(unit)))


def about_node(planter: Planter, row: Row) -> tuple[str, ...]:
    """How a fault names a node; from those of lines, stories are told."""
    level, position = row["level"], row["position"]
    units = planter.units_of(position) if level == 0 else []
    stories = [place for unit in units for place in about_story(unit)]
    return (rf"node {level}/{position} ", *stories)


def about_line(leaf: int) -> tuple[str, ...]:
    """How a fault names a line."""
    return (rf"\b(leaf|line) {leaf}\b",)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may do anything; triggers are back at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(asked).fetchall()
        connection.execute("PRAGMA foreign_keys = OFF")
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        try:
            yield connection
        finally:
            for _, statement in triggers:
                connection.execute(statement)


def line_flipped(planter: Planter) -> Damage:
    """A bit of a signed line."""
    leaf = planter.leaf()
    row = planter.row("ledger", "leaf = ?", leaf)
    done = planter.flip("bit flipped: line", "ledger", ["leaf"], row, "signed")
    done.places = about_line(leaf)
    return done


def column_flipped(planter: Planter) -> Damage:
    """A bit of what stands beside a line."""
    leaf = planter.leaf()
    row = planter.row("ledger", "leaf = ?", leaf)
    column = ("event_id", "type", "author", "counter", "stream")[leaf % 5]
    done = planter.flip("bit flipped: column of a line", "ledger", ["leaf"], row, column)
    done.places = about_line(leaf)
    return done


def line_removed(planter: Planter) -> Damage:
    """A line gone."""
    leaf = planter.leaf()
    row = planter.row("ledger", "leaf = ?", leaf)
    done = planter.remove("removed: line", "ledger", ["leaf"], row)
    between = rf"between line {leaf - 1} and line {leaf + 1} others are missing"
    done.places = (between, *about_line(leaf))
    return done


def lines_reordered(planter: Planter) -> Damage:
    """Two lines that have changed places."""
    leaf = planter.leaf()
    steps: list[Step] = [
        ("UPDATE ledger SET leaf = -1 WHERE leaf = ?", (leaf,)),
        ("UPDATE ledger SET leaf = ? WHERE leaf = ?", (leaf, leaf + 1)),
        ("UPDATE ledger SET leaf = ? WHERE leaf = -1", (leaf + 1,)),
    ]
    planter.run(steps)
    return Damage("reordered: two lines", about_line(leaf) + about_line(leaf + 1), steps)


def node_flipped(planter: Planter) -> Damage:
    """A bit of a node of the tree."""
    leaf = planter.leaf()
    level = leaf % 14
    row = planter.row("tree", "level = ? AND position = ?", level, max(0, (leaf >> level) - 1))
    done = planter.flip("bit flipped: node", "tree", ["level", "position"], row, "hash")
    done.places = about_node(planter, row)
    return done


def node_removed(planter: Planter) -> Damage:
    """A node of the tree gone."""
    leaf = planter.leaf()
    level = leaf % 14
    row = planter.row("tree", "level = ? AND position = ?", level, max(0, (leaf >> level) - 1))
    done = planter.remove("removed: node", "tree", ["level", "position"], row)
    done.places = about_node(planter, row)
    return done


def unit_entry_removed(planter: Planter) -> Damage:
    """A line that is no longer listed under its pack."""
    row = planter.like("ledger_unit", "scheme <> ''")
    done = planter.remove(
        "removed: entry of the index of packs", "ledger_unit", ["scheme", "unit", "leaf"], row
    )
    done.places = about_line(row["leaf"]) + about_story(UnitRef(row["scheme"], row["unit"]))
    return done


def subject_entry_flipped(planter: Planter) -> Damage:
    """A line that is listed under another vehicle, site or party."""
    installed = "type = 'PackInstalled' AND instr(CAST(signed AS TEXT), '\"vehicle\":{') > 0"
    line = planter.like("ledger", installed)
    vehicle = json.loads(line["signed"])["event"]["body"]["vehicle"]["id"]
    row = {"kind": "vehicle", "id": vehicle, "leaf": line["leaf"]}
    done = planter.flip(
        "bit flipped: entry of the index of vehicles",
        "ledger_subject",
        ["kind", "id", "leaf"],
        row,
        "id",
    )
    done.places = about_line(row["leaf"])
    return done


def story_flipped(planter: Planter) -> Damage:
    """A bit of what the map holds of a pack."""
    bucket = planter.leaf() % 65_536
    row = planter.row("story", "bucket >= ?", bucket)
    column = ("head", "count")[bucket % 2]
    done = planter.flip("bit flipped: story", "story", ["bucket", "key"], row, column)
    done.places = (re.escape(f"story of {row['scheme']}:{row['unit']} "),)
    return done


def story_removed(planter: Planter) -> Damage:
    """A pack that is no longer in the map."""
    bucket = planter.leaf() % 65_536
    row = planter.row("story", "bucket >= ?", bucket)
    done = planter.remove("removed: story", "story", ["bucket", "key"], row)
    done.places = about_story(UnitRef(row["scheme"], row["unit"]))
    return done


def map_node_flipped(planter: Planter) -> Damage:
    """A bit of a node of the map."""
    bucket = planter.leaf() % 65_536
    row = planter.row("story_node", "level = ? AND position >= ?", bucket % 6, bucket >> 6)
    done = planter.flip(
        "bit flipped: node of the map", "story_node", ["level", "position"], row, "hash"
    )
    done.places = (rf"node {row['level']}/{row['position']} of the map",)
    return done


def vehicle_flipped(planter: Planter) -> Damage:
    """A vehicle that is said to hold its pack since another moment, or by another line."""
    at = planter.leaf()
    row = planter.row("vehicle", "scheme = 'vin' AND id >= ?", f"LB1{at // LINES_PER_CAR:014d}")
    done = planter.flip(
        "bit flipped: vehicle", "vehicle", ["scheme", "id"], row, ("from_ns", "leaf")[at % 2]
    )
    done.places = (re.escape(f"vehicle {row['scheme']} {row['id']}"),)
    return done


def chunk_flipped(planter: Planter) -> Damage:
    """A bit of sealed telemetry."""
    row = planter.chunk()
    done = planter.flip("bit flipped: telemetry", "chunk", ["position"], row, "data")
    done.places = (re.escape(f"chunk {row['gateway']}/{row['epoch']}/{row['seq']}:"),)
    return done


def record_removed(planter: Planter) -> Damage:
    """A record that is no longer known to have come."""
    chunk = planter.chunk()
    row = planter.row(
        "record",
        "gateway = ? AND epoch = ? AND seq = ?",
        chunk["gateway"],
        chunk["epoch"],
        chunk["seq"],
    )
    done = planter.remove("removed: record", "record", ["gateway", "epoch", "seq"], row)
    where = re.escape(f"{row['gateway']}/{row['epoch']}")
    done.places = (rf"chunk {where}/{row['seq']}:", rf"^{where}:")
    return done


def unit_removed(planter: Planter) -> Damage:
    """A pack that is no longer among the packs."""
    bucket = planter.leaf() % 65_536
    story = planter.row("story", "bucket >= ?", bucket)
    row = planter.row("unit", "scheme = ? AND id = ?", story["scheme"], story["unit"])
    done = planter.remove("removed: pack", "unit", ["scheme", "id"], row)
    done.places = (re.escape(f"unit {row['scheme']}:{row['id']}:"), r"^tally unit ")
    return done


KINDS: Final[tuple[Callable[[Planter], Damage], ...]] = (
    line_flipped,
    column_flipped,
    line_removed,
    lines_reordered,
    node_flipped,
    node_removed,
    unit_entry_removed,
    subject_entry_flipped,
    story_flipped,
    story_removed,
    map_node_flipped,
    vehicle_flipped,
    chunk_flipped,
    record_removed,
    unit_removed,
)
