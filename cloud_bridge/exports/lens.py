"""Lenses: one table writes data points into a foreign document and reads them back.

A target path is dotted (`a.b.c`). A source path is a point and then keys of its value
(`manufacturer.address.country`); `point@as_of` is the moment of the datum. Targets that have no
source are left out of the document and told; constants are never read back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from cloud_bridge.exports.datum import Datum, Source
from cloud_bridge.exports.points import POINTS

ABSENT: Final = object()

Json = dict[str, Any]
Change = Callable[[Any], Any]


def same(value: Any) -> Any:
    """The value as it is."""
    return value


def chosen(table: Mapping[str, str]) -> Change:
    """By a table of words; what it does not know cannot be held."""
    return lambda value: table.get(value, ABSENT)


def url_of(paper: Json) -> Any:
    """Of a document, only where it is."""
    return paper["url"]


def from_url(url: str) -> Json:
    """A document of which only the address is known."""
    return {"url": url}


@dataclass(frozen=True, slots=True)
class Pair:
    """One value here, one value there.

    Attributes:
        target: path in the document.
        source: path of the value.
        out: our value -> theirs; `ABSENT` where theirs cannot hold it.
        back: their value -> ours.
        read: whether it is read back; False where it repeats what stands elsewhere.
        write: whether it is written; False where another row has written it.
        asks: the point that is missing where theirs is left out; by default the source's.
    """

    target: str
    source: str
    out: Change = same
    back: Change = same
    read: bool = True
    write: bool = True
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Each:
    """A list of objects here, a list of objects there; sources are relative to one of ours."""

    target: str
    source: str
    pairs: tuple[Pair | Each | Same, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """A constant of theirs, such as a unit; written where its neighbour `beside` is."""

    target: str
    value: Any
    beside: str


@dataclass(frozen=True, slots=True)
class Pick:
    """Of a list of ours, the ones of a kind: `out` makes theirs, `back` a list of ours.

    Attributes:
        kind: value of `by` that is picked.
        by: key that tells the kind.
        many: whether theirs is a list, else the first one only.
    """

    target: str
    source: str
    kind: str | int
    out: Change
    back: Change
    by: str = "kind"
    many: bool = False


Row = Pair | Each | Same | Pick


@dataclass(slots=True)
class Written:
    """A document and the targets that found no source, each with the source it asks for."""

    document: Json = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def write(rows: Sequence[Row], data: Mapping[str, Datum]) -> Written:
    """Fill a document from data points."""
    plain = {key: datum.value for key, datum in data.items()}
    plain |= {f"{key}@as_of": datum.as_of for key, datum in data.items() if datum.as_of}
    written = Written()
    _fill(rows, plain, written.document, written.absent)
    return written


def read(rows: Sequence[Row], document: Json) -> dict[str, Datum]:
    """Data points of a document: static ones as stated, dynamic ones as claimed."""
    plain: Json = {}
    _take(rows, document, plain)
    moments = {key[:-6]: plain.pop(key) for key in list(plain) if key.endswith("@as_of")}
    return {
        key: Datum(
            value=_pruned(value),
            unit=POINTS[key].unit,
            as_of=str(moments.get(key, "")),
            source=Source.CLAIMED if POINTS[key].dynamic else Source.STATED,
        )
        for key, value in plain.items()
        if key in POINTS and value not in (None, "", [], {})
    }


def _fill(rows: Sequence[Row], plain: Json, document: Json, absent: dict[str, str]) -> None:
    for row in rows:
        match row:
            case Pick():
                _fill_pick(row, plain, document, absent)
            case Each():
                _fill_each(row, plain, document, absent)
            case Pair(write=True):
                value = look(plain, row.source)
                value = value if value is ABSENT else row.out(value)
                if value is ABSENT:
                    absent[row.target] = row.asks or row.source
                else:
                    put(document, row.target, value)

    # Constants last: their neighbours may stand after them in the table.
    for row in rows:
        if isinstance(row, Same) and look(document, row.beside) is not ABSENT:
            put(document, row.target, row.value)


def _fill_each(row: Each, plain: Json, document: Json, absent: dict[str, str]) -> None:
    items = look(plain, row.source)
    if items is ABSENT:
        absent[row.target] = row.source
        return
    found = []
    for at, item in enumerate(items):
        one: Json = {}
        inside: dict[str, str] = {}
        _fill(row.pairs, item, one, inside)
        absent.update({f"{row.target}.{at}.{path}": row.source for path in inside})
        found.append(one)
    put(document, row.target, found)


def _fill_pick(row: Pick, plain: Json, document: Json, absent: dict[str, str]) -> None:
    items = look(plain, row.source)
    picked = [] if items is ABSENT else [one for one in items if one.get(row.by) == row.kind]
    if not picked:
        absent[row.target] = row.source
    elif row.many:
        put(document, row.target, [row.out(one) for one in picked])
    else:
        put(document, row.target, row.out(picked[0]))


def _take(rows: Sequence[Row], document: Json, plain: Json) -> None:
    for row in rows:
        if isinstance(row, Same) or (isinstance(row, Pair) and not row.read):
            continue
        value = look(document, row.target)
        if value is ABSENT or value is None:
            continue
        match row:
            case Pair():
                ours = row.back(value)
                if ours is not ABSENT:
                    _set(plain, row.source, ours)
            case Pick():
                _take_pick(row, value, plain)
            case Each() if isinstance(value, list):
                items = []
                for one in value:
                    item: Json = {}
                    _take(row.pairs, one, item)
                    items.append(item)
                put(plain, row.source, items)


def _take_pick(row: Pick, value: Any, plain: Json) -> None:
    """Add what was picked to its list; two picks of one kind are parts of one item."""
    found = look(plain, row.source)
    items = [] if found is ABSENT else list(found)
    for one in value if row.many else [value]:
        ours = {row.by: row.kind, **row.back(one)}
        same_kind = [item for item in items if item.get(row.by) == row.kind]
        if same_kind and not row.many:
            same_kind[0].update(ours)
        else:
            items.append(ours)
    put(plain, row.source, items)


def _set(plain: Json, path: str, ours: Any) -> None:
    if path:
        put(plain, path, ours)
    else:
        plain.update(ours)


def look(value: Any, path: str) -> Any:
    """What stands at a dotted path, or `ABSENT`; at "" the value itself."""
    if not path:
        return value
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return ABSENT
    return value


def put(document: Json, path: str, value: Any) -> None:
    """Set a dotted path, objects made on the way; `list.0.key` makes a list."""
    names = path.split(".")
    at: Any = document
    for name, after in pairwise(names):
        fresh: Any = [] if after.isdigit() else {}
        at = _step(at, name, fresh)
    _step(at, names[-1], value, over=True)


def _step(at: Any, name: str, fresh: Any, *, over: bool = False) -> Any:
    if isinstance(at, list):
        index = int(name)
        while len(at) <= index:
            at.append({})
        if over or not at[index]:
            at[index] = fresh
        return at[index]
    if over or name not in at:
        at[name] = fresh
    return at[name]


def _pruned(value: Any) -> Any:
    """Without empty parts, as our own values are kept."""
    if isinstance(value, dict):
        kept = {name: _pruned(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [_pruned(one) for one in value]
    return value
