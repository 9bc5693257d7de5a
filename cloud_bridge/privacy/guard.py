"""What may not enter the ledger, where nothing is ever erased: personal data in the clear.

An event's unknown fields are signed and kept as they came, so a name or a position in one of them
would stay for ever: fields of such names are refused. Pure: no clock, no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from packtrail.codes import Vin
from packtrail.event import Event
from packtrail.personal import SUBJECT, VIN, Opening, is_clear, references, vehicle_of

PERSONAL: Final = "personal"
"""Reason of a refusal; the bytes of what was refused for it are not kept."""
UNOPENED: Final = "opening"

_NAMES: Final = re.compile(
    r"(vin|(licen[cs]e|number)?_?plate|owner|driver|holder|keeper)(_?(name|id|address|phone|mobile))?"
    r"|(id|identity)_?(card|number)|phone|mobile|e_?mail|(home_?)?address|person|customer|user"
    r"|lat(itude)?(_?deg)?|(lon|lng|long|longitude)(_?deg)?|gps|gnss|geo(hash)?|coordinates?"
    r"|position|location|place_of_residence",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(rf"(?<![A-Za-z0-9]){VIN.pattern}(?![A-Za-z0-9])")
_PROSE: Final = frozenset(
    {"remark", "description", "grounds", "detail", "reason", "message", "evidence", "condition"}
)
"""Fields that a person writes; numbers of orders and packs may look like a VIN by chance."""


def fault(content: dict[str, Any], event: Event, *, refuse_clear: bool) -> str:
    """What in an event is personal and not committed to, or "".

    Args:
        content: the event as it was signed, unknown fields and all.
        event: the same, typed.
        refuse_clear: also vehicles, owners and readings in the clear, and VINs within texts.
    """
    field = next(_unknown(content, msgspec.to_builtins(event)), "")
    if field:
        return f"{field[:40]} is personal and no field of {event.type}: leave it out"
    clear = is_clear(event.body) if refuse_clear else ""
    if clear:
        return f"{clear} in the clear: sign a commitment, send its opening beside"
    if refuse_clear and (place := next(_vins(content.get("body")), "")):
        return f"{place[:40]} holds a vehicle's number in the clear: leave it out"
    return ""


def borrows(event: Event) -> bool:
    """Whether it names a vehicle by a bridge's own random name, which is the bridge's to use."""
    vehicle = vehicle_of(event.body)
    return vehicle is not None and vehicle.scheme == SUBJECT


def fitting(event: Event, openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    """Those of `openings` that open a commitment of `event`; the others are nothing."""
    wanted = set(references(event.body)) if openings else set()
    return tuple(one for one in openings if one.sound and one.reference in wanted)


def unopened(event: Event, openings: tuple[Opening, ...]) -> tuple[str, ...]:
    """Commitments of `event` that none of `openings` opens."""
    opened = {one.reference for one in openings}
    return tuple(name for name in references(event.body) if name not in opened)


def _unknown(content: object, known: object, beyond: bool = False) -> Iterator[str]:
    """Fields of personal names that the type does not have; a type's own may be called anything."""
    if isinstance(content, list):
        rows = known if isinstance(known, list | tuple) else ()
        for place, item in enumerate(content):
            yield from _unknown(item, rows[place] if place < len(rows) else None, beyond)
    elif isinstance(content, dict):
        there = known if isinstance(known, dict) else {}
        for name, value in content.items():
            foreign = beyond or name not in there
            if foreign and value and _NAMES.fullmatch(str(name)):
                yield str(name)
            yield from _unknown(value, there.get(name), foreign)


def _vins(content: object, name: str = "") -> Iterator[str]:
    """Fields whose text holds a VIN by itself, with a check digit that fits."""
    if isinstance(content, str):
        if name in _PROSE and any(map(_fits, _ALONE.findall(content))):
            yield name
    elif isinstance(content, list):
        for item in content:
            yield from _vins(item, name)
    elif isinstance(content, dict):
        for inner, value in content.items():
            yield from _vins(value, inner)


def _fits(text: str) -> bool:
    return not Vin.parse(text).findings
