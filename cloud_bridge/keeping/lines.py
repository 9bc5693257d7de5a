"""Ledger lines, looked at one by one: form, place, columns, signature, entitlement, index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.voices import Voices
from cloud_bridge.store.recorder import Facts, facts_of
from cloud_bridge.store.values import Fact
from packtrail.errors import CodecError, PacktrailError
from packtrail.event import (
    Event,
    SignedEvent,
    decode_with_canonical,
    encode_line,
    subjects,
    units_named,
)

Name = tuple[str, str]
"""Scheme and id of a unit, or kind and id of another subject."""


class Line(NamedTuple):
    """A row of the ledger with the units under which the index lists it."""

    leaf: int
    event_id: str
    type: str
    author: str
    stream: str
    counter: int
    data: bytes
    units: frozenset[Name]


class Statement(NamedTuple):
    """A line that speaks of other events: it belongs to the stories of whatever they touch."""

    leaf: int
    targets: frozenset[str]
    named: frozenset[Name]
    listed: frozenset[Name]


@dataclass(slots=True)
class Looked:
    """What some lines gave.

    Attributes:
        lines: faults of the lines themselves.
        index: faults of the units under which they are listed.
        statements: to be seen together with what they speak of.
        subjects: leaf, kind and id of whatever else they name.
        facts: places, vehicles and attributions that they state.
    """

    lines: Findings = field(default_factory=lambda: Findings("lines"))
    index: Findings = field(default_factory=lambda: Findings("index"))
    statements: list[Statement] = field(default_factory=list)
    subjects: list[tuple[int, str, str]] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)


def look(lines: Sequence[Line], voices: Voices) -> Looked:
    """Look at some lines."""
    found = Looked()
    for line in lines:
        try:
            _look_at(line, voices, found)
        except (CodecError, PacktrailError, msgspec.ValidationError, UnicodeError) as error:
            found.lines.fault(f"leaf {line.leaf} cannot be read: {error}")
    found.lines.count = found.index.count = len(lines)
    return found


def _look_at(line: Line, voices: Voices, found: Looked) -> None:
    signed, canonical = decode_with_canonical(line.data)
    event = signed.read()
    for fault in _form_faults(line, signed, event, canonical):
        found.lines.fault(f"leaf {line.leaf}: {fault}")
    fault = voices.fault(signed, event, line.leaf, canonical)
    if fault:
        found.lines.fault(f"leaf {line.leaf}: {fault}")
    _look_at_index(line, event, found)
    found.facts.add(facts_of(Fact(signed, event), line.leaf))


def _form_faults(line: Line, signed: SignedEvent, event: Event, canonical: bytes) -> list[str]:
    faults = []
    if encode_line(signed, canonical) != line.data:
        faults.append("not in canonical form")
    if hashlib.sha256(canonical).hexdigest() != line.event_id:
        faults.append("listed under another id")
    if line[2:6] == (event.type, event.author, event.stream, event.counter):
        return faults
    told: dict[str, Any] = {"type": event.type, "author": event.author}
    told |= {"stream": event.stream, "counter": event.counter}
    faults += [
        f"its column {name} says {getattr(line, name)!r:.80}, the line {value!r:.80}"
        for name, value in told.items()
        if getattr(line, name) != value
    ]
    return faults


def _look_at_index(line: Line, event: Event, found: Looked) -> None:
    named = frozenset((unit.scheme, unit.id) for unit in units_named(event))
    targets = []
    for kind, name in subjects(event):
        found.subjects.append((line.leaf, kind, name))
        if kind == "event":
            targets.append(name)
    if targets:
        found.statements.append(Statement(line.leaf, frozenset(targets), named, line.units))
    elif named != line.units:
        _tell_units(found.index, line.leaf, "names", named, line.units)


def check_statement(found: Findings, said: Statement, spoken_of: frozenset[Name]) -> None:
    """A statement is listed under what it names and under what its targets are listed under."""
    _tell_units(found, said.leaf, "speaks of", said.named | spoken_of, said.listed)


def _tell_units(
    found: Findings, leaf: int, does: str, wanted: frozenset[Name], listed: frozenset[Name]
) -> None:
    for one in sorted(wanted - listed):
        found.fault(f"leaf {leaf} {does} {':'.join(one)} and is not listed")
    for one in sorted(listed - wanted):
        found.fault(f"leaf {leaf} is listed under {':'.join(one)} and does not name it")
