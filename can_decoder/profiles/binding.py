"""Bindings: a profile's rules tied to the messages of a database.

Rules and a database enter; one binding per message leaves. Rules that name what no database
has are a caller's mistake and are all named at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from can_decoder.database import Database
from can_decoder.errors import DecoderError
from can_decoder.layout import MessageLayout
from can_decoder.live import LiveMessage
from can_decoder.profiles.bursts import Pages, pages_of
from can_decoder.profiles.checksums import ALGORITHMS
from can_decoder.profiles.rules import CheckRule, QuantityRule, Rules
from packtrail.language import Text
from packtrail.quantities import QUANTITIES

PACK = -1
"""Slot index of a quantity that has one value per pack."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one signal goes.

    Attributes:
        quantity: canonical name.
        index: cell or probe from 0, or `PACK`.
        scale: quantity = signal * scale + offset.
        offset: see `scale`.
        low: lowest valid value of the quantity.
        high: highest valid value.
        invalid: signal values that mean "not known".
    """

    quantity: str
    index: int
    scale: float
    offset: float
    low: float
    high: float
    invalid: frozenset[float]

    def admits(self, signal: float) -> bool:
        """Whether a signal's value is a valid value of the quantity."""
        value = signal * self.scale + self.offset
        return self.low <= value <= self.high and signal not in self.invalid


@dataclass(slots=True)
class Binding:
    """What a profile wants of one message.

    Attributes:
        layout: the message.
        live: its decoding functions.
        database: where the message comes from.
        slots: signal name -> where it goes.
        counter: counter signal, "" if unchecked.
        modulo: where the counter starts again.
        checksum: checksum signal, "" if unchecked.
        sum_of: the checksum function.
        covers: payload slice that it covers.
        last_count: counter of the last frame, -1 before the first.
        page: tells frames apart of which a later one does not make up for an earlier one.
    """

    layout: MessageLayout
    live: LiveMessage
    database: Database
    slots: dict[str, Slot] = field(default_factory=dict)
    counter: str = ""
    modulo: int = 16
    checksum: str = ""
    sum_of: Callable[[bytes], int] = ALGORITHMS["sum"]
    covers: slice = field(default_factory=lambda: slice(0, 7))
    last_count: int = -1
    page: Pages = len


def bind(rules: Rules, databases: list[Database]) -> list[Binding]:
    """Tie rules to databases; for each message the first database that has it serves.

    Raises:
        DecoderError: a rule names a message or signal that no database has.
    """
    binder = _Binder(databases, _required(rules))
    for rule in rules.quantity:
        binder.quantity(rule)
    for check in rules.check:
        binder.check(check)
    if binder.missing:
        raise DecoderError(
            Text(
                "the database lacks {names}",
                "数据库中缺少 {names}",
            ).fill(names=", ".join(dict.fromkeys(binder.missing))),
            where=rules.name,
            hint=Text("use the DBC that the profile was written for", "请使用与该配置对应的 DBC"),
        )
    return list(binder.bindings.values())


def _required(rules: Rules) -> dict[str, set[str]]:
    """Signals that a database must have in a message to serve for it at all."""
    required: dict[str, set[str]] = {}
    for rule in rules.quantity:
        required.setdefault(rule.message, set()).update({rule.signal} - {""})
    for check in rules.check:
        required.setdefault(check.message, set()).update({check.counter, check.checksum} - {""})
    required[""] = set()
    return required


@dataclass(slots=True)
class _Binder:
    databases: list[Database]
    required: Mapping[str, set[str]]
    bindings: dict[tuple[int, bool], Binding] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def quantity(self, rule: QuantityRule) -> None:
        if not any(self._bind(rule, database) for database in self.databases):
            self.missing.append(f"{rule.message or '*'}.{rule.signal or rule.pattern}")

    def check(self, rule: CheckRule) -> None:
        found = [b for b in self.bindings.values() if b.layout.name == rule.message]
        for binding in found:
            binding.counter, binding.modulo = rule.counter, rule.modulo
            binding.checksum = rule.checksum
            if rule.checksum:
                binding.sum_of = ALGORITHMS[rule.algorithm]
            binding.covers = slice(*rule.covers)
        if not found:
            self.missing.append(rule.message)

    def _bind(self, rule: QuantityRule, database: Database) -> bool:
        matched = False
        for layout in database.messages:
            if rule.message and layout.name != rule.message:
                continue
            names = {signal.name for signal in layout.signals}
            slots = _slots(rule, layout) if self.required[rule.message] <= names else {}
            if slots:
                matched = True
                self._binding(layout, database).slots.update(slots)
        return matched

    def _binding(self, layout: MessageLayout, database: Database) -> Binding:
        key = (layout.frame_id, layout.extended)
        binding = self.bindings.get(key)
        if binding is None:
            live = database.live(layout.frame_id, extended=layout.extended)
            assert live is not None, "a database routes its own messages"
            binding = self.bindings[key] = Binding(layout, live, database, page=pages_of(live.plan))
        return binding


def _slots(rule: QuantityRule, layout: MessageLayout) -> Mapping[str, Slot]:
    if rule.signal:
        return {s.name: _slot(rule, PACK) for s in layout.signals if s.name == rule.signal}
    if rule.signals:
        places = {name: index for index, name in enumerate(rule.signals)}
        return {s.name: _slot(rule, places[s.name]) for s in layout.signals if s.name in places}
    numbered = [(s.name, re.fullmatch(rule.pattern, s.name)) for s in layout.signals]
    return {name: _slot(rule, int(match[1]) - rule.first) for name, match in numbered if match}


def _slot(rule: QuantityRule, index: int) -> Slot:
    quantity = QUANTITIES[rule.quantity]
    return Slot(
        quantity=rule.quantity,
        index=index,
        scale=rule.scale,
        offset=rule.offset,
        low=quantity.low if rule.low is None else max(rule.low, quantity.low),
        high=quantity.high if rule.high is None else min(rule.high, quantity.high),
        invalid=frozenset(rule.invalid),
    )
