"""What an event names: units, vehicles, lots, models, sites, parties and other events.

Found by walking the body's fields, so that a new type of event is indexed without a line of code.
How an identity was *read* (`Reading`) names nothing: a misread code is no subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from packtrail.estimate import Estimate
from packtrail.event.refs import LotRef, ModelRef, PlaceRef, Reading, UnitRef, VehicleRef
from packtrail.event.signed import Event

_EVENT_FIELDS: Final = ("target", "replacement", "dispute", "confirms")
_PARTY_FIELDS: Final = ("party", "to_party", "from_party", "holder")


class Subject(NamedTuple):
    """`kind` is `unit`, `vehicle`, `lot`, `model`, `site`, `party` or `event`."""

    kind: str
    id: str


def units_named(event: Event) -> tuple[UnitRef, ...]:
    """Every unit that `event` says something about, its own first, each once."""
    found = dict.fromkeys([event.unit] if event.unit else [])
    found.update(dict.fromkeys(one for one in _walk(event.body) if isinstance(one, UnitRef)))
    return tuple(found)


def subjects(event: Event) -> tuple[Subject, ...]:
    """Everything that `event` names, except units (see `units_named`), each once."""
    found: dict[Subject, None] = {}
    for one in _walk(event.body):
        subject = _subject(one)
        if subject:
            found[subject] = None
    for name in _EVENT_FIELDS:
        target = getattr(event.body, name, "")
        # A repaired pack's `replacement` is a unit, an explanation's too.
        if isinstance(target, str) and target:
            found[Subject("event", target)] = None
    for name in _PARTY_FIELDS:
        party = getattr(event.body, name, "")
        if party:
            found[Subject("party", party)] = None
    site = getattr(event.body, "site", "")
    if site:
        found[Subject("site", site)] = None
    return tuple(found)


def _subject(one: msgspec.Struct) -> Subject | None:
    match one:
        case VehicleRef():
            return Subject("vehicle", str(one))
        case LotRef():
            return Subject("lot", str(one))
        case ModelRef():
            return Subject("model", str(one))
        case PlaceRef():
            return Subject("site", one.site)
    return None


def _walk(value: object) -> Iterator[msgspec.Struct]:
    """Every struct inside `value`, depth first."""
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, msgspec.Struct) and not isinstance(value, Reading | Estimate):
        yield value
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if isinstance(inner, tuple | msgspec.Struct):
                yield from _walk(inner)
