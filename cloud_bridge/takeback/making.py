"""Shares made anew from their whole stories, and by how much that moves the sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cloud_bridge.exports.gathering import statements_of
from cloud_bridge.fold import Told, names_of
from cloud_bridge.store import Store
from cloud_bridge.takeback.shares import (
    Share,
    added,
    metals_of,
    share_of_pack,
    share_of_receipt,
)
from cloud_bridge.takeback.waiting import MODEL, RECEIPT, UNIT, Waiting
from cloud_bridge.view.stories import Stories, Story, told_of, with_roles
from packtrail.event import ModelRef, Subject, UnitRef
from packtrail.shapes import from_json

Steps = list[tuple[str, Sequence[dict[str, Any]]]]


@dataclass(slots=True)
class Made:
    """Made inside `reading`; `steps` writes it.

    Attributes:
        store: where.
        stories: reads packs.
        regions: site -> region.
        gone: shares that are in the sums now.
        come: shares that take their place.
        codes: every code of a pack that has a share.
        models: milligrams of each element in a pack of a model.
    """

    store: Store
    stories: Stories
    regions: Mapping[str, str]
    gone: dict[Waiting, Share] = field(default_factory=dict)
    come: dict[Waiting, Share] = field(default_factory=dict)
    codes: dict[Waiting, list[UnitRef]] = field(default_factory=dict)
    models: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _done: set[Waiting] = field(default_factory=set)

    def make(self, one: Waiting) -> None:
        """Of one who waits."""
        if one.kind == MODEL:
            self._model(one.part, one.name)
        elif one.kind == RECEIPT:
            self._drop(one)
            facts = closure(self.store, one.name)
            self._keep(one, share_of_receipt(one.name, facts, self.regions))
        else:
            self._unit(UnitRef(one.part, one.name))

    def _unit(self, unit: UnitRef) -> None:
        story = self.stories.of(unit)
        first = Waiting(UNIT, story.unit.scheme, story.unit.id)
        if first in self._done:
            return
        self._done.add(first)
        names = codes_of(self.stories, story)
        before = {one for name in {*names, unit} for one in self._firsts(name)}
        for one in before | {first}:
            self._drop(one)
        share = share_of_pack(names, story.facts, story.state, self.regions)
        self._keep(first, share)
        if share is not None:
            self.codes[first] = names
        # Codes that were one pack's before and are told apart now: the others have their own.
        for one in sorted(before - {first}):
            self._unit(UnitRef(one.part, one.name))

    def _firsts(self, unit: UnitRef) -> list[Waiting]:
        """First codes of the packs under which a code is kept."""
        row = {"scheme": unit.scheme, "unit": unit.id}
        return [Waiting(UNIT, *found) for found in self.store.stream("takeback_firsts", row)]

    def _drop(self, one: Waiting) -> None:
        for (content,) in self.store.stream("takeback_share", one._asdict()):
            self.gone[one] = from_json(content, Share)

    def _keep(self, one: Waiting, share: Share | None) -> None:
        if share is None:
            return
        self.come[one] = share
        model = {"part": share.maker, "name": share.model}
        if share.model and not list(self.store.stream("takeback_model_known", model)):
            self._model(share.maker, share.model)

    def _model(self, maker: str, name: str) -> None:
        if (maker, name) not in self.models:
            self.models[maker, name] = model_metals(self.store, maker, name)

    def steps(self) -> Steps:
        """What has to be written."""
        gone = [one._asdict() for one in self.gone]
        sums = self._moved()
        return [
            ("takeback_unshare", gone),
            ("takeback_uncode", gone),
            ("insert_takeback_share", [_row(*one) for one in self.come.items()]),
            ("insert_takeback_code", [row for one in self.codes.items() for row in _codes(*one)]),
            ("add_takeback", sums),
            ("drop_empty_takeback", [row for row in sums if row["shares"] < 0]),
            ("put_takeback_model", self._metals()),
        ]

    def _moved(self) -> list[dict[str, Any]]:
        moved = added(self.come.values())
        for key, values in added(self.gone.values(), -1).items():
            now = moved.setdefault(key, [0, 0, 0, 0])
            moved[key] = [a + b for a, b in zip(now, values, strict=True)]
        names = ("kind", "name", "maker", "model", "shares", "packs", "mg", "mwh")
        return [
            dict(zip(names, (*key, *row), strict=True))
            for key, row in sorted(moved.items())
            if any(row)
        ]

    def _metals(self) -> list[dict[str, Any]]:
        return [
            {"maker": maker, "model": name, "content": _json(metals)}
            for (maker, name), metals in sorted(self.models.items())
        ]


def codes_of(stories: Stories, story: Story) -> list[UnitRef]:
    """Codes that mean this pack; a label that two packs were given means the first of them."""
    names = names_of(story.unit, story.facts) - {story.unit}
    own = [name for name in names if stories.of(name).unit == story.unit]
    return [story.unit, *sorted(own, key=str)]


def closure(store: Store, event_id: str) -> list[Told]:
    """A fact, what was said of it, and of that in turn."""
    found: dict[str, Told] = {}
    entry = store.entry(event_id)
    fresh = [told_of(entry)] if entry is not None else []
    while fresh:
        found |= {told.event_id: told for told in fresh}
        said = [told_of(one) for told in fresh
                for one in store.entries_about(Subject("event", told.event_id))]  # fmt: skip
        fresh = [told for told in said if told.event_id not in found]
    return with_roles(store, list(found.values()))


def model_metals(store: Store, maker: str, name: str) -> dict[str, int]:
    """Milligrams of each element in a pack of a model, as the ledger has it."""
    return metals_of(statements_of(store, ModelRef(maker, name)))


def _row(one: Waiting, share: Share) -> dict[str, Any]:
    return one._asdict() | {"content": _json(share)}


def _codes(first: Waiting, names: Sequence[UnitRef]) -> list[dict[str, Any]]:
    to = {"first_scheme": first.part, "first_code": first.name}
    return [{"scheme": name.scheme, "code": name.id} | to for name in names]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
