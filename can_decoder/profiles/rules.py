"""The TOML of a profile, as typed values.

Text enters; rules leave, or one `DecoderError` that lists every fault with its place. What a
rule means is written at its attribute.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from can_decoder.errors import DecoderError
from can_decoder.profiles.checksums import ALGORITHMS
from packtrail.errors import reason_of
from packtrail.language import Text
from packtrail.quantities import QUANTITIES
from packtrail.shapes import convert

_CORRECT = Text("correct the profile", "请更正该配置")


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for people."""

    en: str
    zh: str


class QuantityRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One canonical quantity.

    Attributes:
        quantity: its name in `packtrail.QUANTITIES`.
        message: message name; "" looks through all messages.
        signal: signal name, for one value per pack.
        pattern: regular expression of signal names, for one value per cell; its group is the
            cell's number.
        signals: signal names in the order of the cells, where names do not count them.
        first: number of the first cell in those names.
        scale: quantity = signal * scale + offset; -1 turns a discharge-positive current.
        offset: see `scale`.
        low: values below are invalid; the quantity's own bounds hold anyway.
        high: values above are invalid.
        invalid: signal values (before `scale`) that mean "not known".
    """

    quantity: str
    message: str = ""
    signal: str = ""
    pattern: str = ""
    signals: tuple[str, ...] = ()
    first: int = 1
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    invalid: tuple[float, ...] = ()


class CheckRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counter and checksum of one message; a frame that fails updates nothing.

    Attributes:
        message: message name.
        counter: signal that rises by one with each frame.
        modulo: where the counter starts again.
        checksum: signal that holds the checksum.
        algorithm: see `can_decoder.profiles.checksums`.
        covers: bytes [from, to) that the checksum covers.
    """

    message: str
    counter: str = ""
    modulo: int = 16
    checksum: str = ""
    algorithm: str = ""
    covers: tuple[int, int] = (0, 7)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole profile file.

    Attributes:
        name: its identifier; the file is `<name>.toml`.
        title: its name for people.
        dbc: database file beside the profile; used for what a given database lacks.
        protocol: `gbt27930` for the charging bus; then nothing else is needed.
        quantity: what is read.
        check: what is verified first.
        source: where the layout is publicly described.
    """

    name: str
    title: Title
    dbc: str = ""
    protocol: Literal["", "gbt27930"] = ""
    quantity: tuple[QuantityRule, ...] = ()
    check: tuple[CheckRule, ...] = ()
    source: str = ""


def read_rules(path: Path) -> Rules:
    """Read and check a profile file.

    Raises:
        DecoderError: unreadable, no TOML, or faulty; all faults at once.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = convert(table, Rules)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        why = reason_of(error) if isinstance(error, OSError) else error
        raise DecoderError(
            Text("the profile cannot be read: {why}", "无法读取配置：{why}").fill(why=why),
            where=str(path),
            hint=_CORRECT,
        ) from error
    if found := list(_faults(rules)):
        raise DecoderError(
            "; ".join(found),
            where=str(path),
            hint=_CORRECT,
        )
    return rules


def _faults(rules: Rules) -> list[str]:
    faults = []
    for rule in rules.quantity:
        quantity = QUANTITIES.get(rule.quantity)
        if quantity is None:
            faults.append(f"{rule.quantity!r} is no canonical quantity")
        elif (bool(rule.signal), bool(rule.pattern) + bool(rule.signals)) != _ways(quantity.array):
            faults.append(
                f"{rule.quantity} needs "
                + ("`pattern` or `signals`" if quantity.array else "`signal`")
            )
        if rule.pattern and not _has_one_group(rule.pattern):
            faults.append(f"{rule.quantity}: {rule.pattern!r} needs one group for the number")
    for check in rules.check:
        if check.checksum and check.algorithm not in ALGORITHMS:
            faults.append(f"{check.message}: no checksum algorithm {check.algorithm!r}")
        if not check.checksum and not check.counter:
            faults.append(f"{check.message}: a check needs a counter or a checksum")
    if not rules.protocol and not rules.quantity:
        faults.append("the profile maps no quantity")
    return faults


def _ways(array: bool) -> tuple[bool, int]:
    """Whether `signal` is given, and how many of the ways to name cells."""
    return (False, 1) if array else (True, 0)


def _has_one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except re.error:
        return False
