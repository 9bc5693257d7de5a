"""Suggestions: which signals of an unknown database may be which quantities.

A database enters; a profile in TOML leaves, each line with its reason, for a person to
correct. Names and units decide; nothing is certain, the sign of the current least of all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from can_decoder.database import Database
from can_decoder.layout import MessageLayout, SignalLayout
from packtrail.quantities import QUANTITIES

SMALLEST_FAMILY: Final = 4
"""Fewer numbered signals are no cell list."""


class Hint(NamedTuple):
    """How a quantity's signals are usually called.

    Attributes:
        quantity: canonical name.
        units: units that fit, lower case; "" fits too, at a lower score.
        must: every one of these expressions must be found in the name.
        prefer: each of these that is found makes it likelier.
        never: none of these may be found.
    """

    quantity: str
    units: tuple[str, ...]
    must: tuple[str, ...]
    prefer: tuple[str, ...] = ()
    never: str = r"^$"


_CELL: Final = r"cell|brick|单体"
_NO_PACK: Final = r"cell|brick|lim|max|min|12v|motor|inv|set|target|req|aux|grid|mains|\bac|charger"
HINTS: Final = (
    Hint(
        "pack_voltage_v",
        ("v", "volt"),
        (r"volt|(^|_)[uv]($|_)",),
        (r"pack|batt|hv|bms|dc|total",),
        _NO_PACK,
    ),
    Hint(
        "pack_current_a",
        ("a", "amp"),
        (r"curr|amp|(^|_)i($|_)",),
        (r"pack|batt|hv|bms|dc|total",),
        _NO_PACK,
    ),
    Hint(
        "soc_pct",
        ("%",),
        (r"soc|state_?of_?charge",),
        (r"bms|pack|batt|real|ave",),
        r"display|ui|dash|soh|lim|min|max|target|error",
    ),
    Hint("soc_displayed_pct", ("%",), (r"soc|state_?of_?charge", r"display|ui|dash")),
    Hint("soh_pct", ("%",), (r"soh|state_?of_?health",)),
    Hint(
        "cell_voltage_max_v",
        ("v", "mv"),
        (r"volt|(^|_)[uv]($|_)", _CELL, r"max|high"),
        (),
        r"num|id|lim|index",
    ),
    Hint(
        "cell_voltage_min_v",
        ("v", "mv"),
        (r"volt|(^|_)[uv]($|_)", _CELL, r"min|low"),
        (),
        r"num|id|lim|index",
    ),
    Hint(
        "temperature_max_c",
        ("degc", "c", "°c", "deg c"),
        (r"temp", r"max|high"),
        (r"batt|cell|pack|bms",),
        r"motor|inv|num|id|coolant|inlet|target",
    ),
    Hint(
        "temperature_min_c",
        ("degc", "c", "°c", "deg c"),
        (r"temp", r"min|low"),
        (r"batt|cell|pack|bms",),
        r"motor|inv|num|id|coolant|inlet|target",
    ),
    Hint("capacity_ah", ("ah",), (r"capacity|(^|_)cap($|_)",), (r"full|actual",)),
    Hint("insulation_ohm", ("ohm", "kohm", "mohm"), (r"insul|isol",)),
    Hint(
        "charge_limit_a",
        ("a",),
        (r"ch(ar)?ge?|regen", r"lim|max|allow", r"curr|(^|_)i($|_)|amp"),
        (),
        r"dis",
    ),
    Hint("discharge_limit_a", ("a",), (r"dis_?ch", r"lim|max|allow", r"curr|(^|_)i($|_)|amp")),
)
_FAMILIES: Final = (
    ("cell_voltage_v", ("v", "mv"), rf"{_CELL}|volt|(^|_)[uv]\d", 0.5),
    ("temperature_c", ("degc", "c", "°c", "deg c"), r"temp|probe|ntc", None),
)
_FACTORS: Final = {"mv": 0.001, "kohm": 1000.0, "mohm": 1e6, "ma": 0.001, "kv": 1000.0}


class Candidate(NamedTuple):
    """A signal that may be a quantity."""

    score: int
    message: MessageLayout
    signal: SignalLayout


def suggest(database: Database, name: str) -> str:
    """A profile in TOML for a database.

    Args:
        database: the vehicle's layouts.
        name: identifier of the new profile.
    """
    lines = [
        "# Proposed from names and units; check every line against a recorded drive.",
        "# Charge current is positive: when it is not on this bus, give it scale = -1.",
        f'name = "{name}"',
        f'title = {{ en = "{name}", zh = "{name}" }}',
    ]
    for hint in HINTS:
        found = sorted(_candidates(hint, database), key=lambda c: -c.score)
        if found:
            lines += _quantity(hint.quantity, found)
    for quantity, units, words, low in _FAMILIES:
        lines += _family(quantity, units, words, low, database)
    return "\n".join(lines) + "\n"


def _candidates(hint: Hint, database: Database) -> Iterator[Candidate]:
    for message in database.messages:
        for signal in message.signals:
            name = _spaced(signal.name)
            unit = signal.unit.strip().lower()
            if re.search(hint.never, name) or (unit and unit not in hint.units):
                continue
            if all(re.search(word, name) for word in hint.must) and signal.size > 1:
                liked = sum(bool(re.search(word, name)) for word in hint.prefer)
                yield Candidate(2 * bool(unit) + liked, message, signal)


def _spaced(name: str) -> str:
    """Lower case with underscores at humps, so that `BattVoltage` has two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _quantity(quantity: str, found: list[Candidate]) -> list[str]:
    best = found[0]
    unit = best.signal.unit
    lines = [
        "",
        "[[quantity]]",
        f'quantity = "{quantity}"  # unit in the file: "{unit}"',
        f'message = "{best.message.name}"',
        f'signal = "{best.signal.name}"',
        *_scale(unit),
    ]
    others = [f"{c.message.name}.{c.signal.name}" for c in found[1:4]]
    return [*lines, f"# or {', '.join(others)}"] if others else lines


def _scale(unit: str) -> list[str]:
    factor = _FACTORS.get(unit.strip().lower())
    return [f"scale = {factor}"] if factor else []


def _family(
    quantity: str, units: tuple[str, ...], words: str, low: float | None, database: Database
) -> list[str]:
    """The largest family of numbered signals that fits."""
    families: dict[tuple[str, str], list[tuple[int, SignalLayout]]] = {}
    for message in database.messages:
        for signal in message.signals:
            match = re.fullmatch(r"(.*?)(\d+)(\D*)", signal.name)
            unit = signal.unit.strip().lower()
            if match and re.search(words, _spaced(signal.name)) and (not unit or unit in units):
                families.setdefault((match[1], match[3]), []).append((int(match[2]), signal))
    if not families:
        return []
    (head, tail), members = max(families.items(), key=lambda item: len(item[1]))
    if len(members) < SMALLEST_FAMILY:
        return []
    pattern = f"{re.escape(head)}(\\d+){re.escape(tail)}"
    lines = [
        "",
        "[[quantity]]",
        f'quantity = "{quantity}"  # {len(members)} numbered signals',
        f"pattern = '{pattern}'",
        f"first = {min(number for number, _ in members)}",
        *_scale(members[0][1].unit),
    ]
    assert QUANTITIES[quantity].array, "families are per cell or probe"
    return lines if low is None else [*lines, f"low = {low}  # zero means no cell"]
