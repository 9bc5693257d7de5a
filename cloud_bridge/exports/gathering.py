"""What a passport is made of: facts and their fold, statements on the model, telemetry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cloud_bridge.appraisal.pack_type import registered_type
from cloud_bridge.exports.heard import Heard, stations_in
from cloud_bridge.exports.rests import Rested, Rests
from cloud_bridge.exports.usage import Use, days_told, use_of
from cloud_bridge.fold import PackState, Told, as_it_was, fold
from cloud_bridge.fold.settled import Settlement
from cloud_bridge.fold.told import in_order
from cloud_bridge.ledger.key_lines import key_lines
from cloud_bridge.store import Store, StoredChunk
from cloud_bridge.view.batches import samples_of
from cloud_bridge.view.packs import Packs
from cloud_bridge.view.stories import told_of, with_roles
from packtrail.event import (
    ModelRef,
    ModelSheetPublished,
    PassportStated,
    Subject,
    UnitRef,
    UnitRegistered,
)
from packtrail.sample import SampleBatch

MOST_CHUNKS: Final = 20_000
"""Of the newest telemetry, two weeks at a chunk a minute; days before count by their counters."""
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a passport of one unit is made of.

    Attributes:
        unit: its first code.
        told: every fact that names it, in order.
        facts: those of them that stand.
        state: their fold.
        sheet: the newest sheet of its model, or None.
        stated: statements on the unit, then on its model, each newest first.
        use: what telemetry and counters tell.
        rested: the newest rest that tells what the unit loses by itself, or None.
        heard: whose readings and statements these are.
    """

    unit: UnitRef
    told: Sequence[Told]
    facts: Sequence[Told]
    state: PackState
    sheet: Told | None
    stated: Sequence[Told]
    use: Use
    rested: Rested | None = None
    heard: Heard = field(default_factory=Heard)


def gather(
    store: Store, unit: UnitRef, at_ns: int | None = None, most_chunks: int = MOST_CHUNKS
) -> Gathered:
    """Read what is known of `unit`, or had happened by `at_ns`, at one moment of the store."""
    with store.reading():
        first, facts = Packs(store).story(unit)
        if at_ns is not None:
            facts = as_it_was(facts, at_ns)
        state = fold(first, facts)
        ordered = in_order(facts)
        standing = Settlement(ordered).standing
        model = model_of(state)
        of_model = _of_model(store, model, at_ns) if model else []
        rests = Rests(registered_type(state))
        heard = Heard(
            roles=dict(key_lines(store).roles),
            stations=stations_in(ordered),
            days=[(day.event.from_ns, day.event.to_ns) for day in days_told(standing)],
        )
        pieces = _telemetry(store, first, at_ns, most_chunks)
        batches = rests.watching(heard.watching(pieces))
        use = use_of(standing, batches, _rated_ah(state))
    sheets = [told for told in of_model if isinstance(told.event.body, ModelSheetPublished)]
    own = [told for told in standing if isinstance(told.event.body, PassportStated)]
    shared = [told for told in of_model if isinstance(told.event.body, PassportStated)]
    return Gathered(
        unit=first,
        told=ordered,
        facts=standing,
        state=state,
        sheet=sheets[-1] if sheets else None,
        stated=[*reversed(own), *reversed(shared)],
        use=use,
        rested=rests.told,
        heard=heard,
    )


def model_of(state: PackState) -> ModelRef | None:
    """The model of a registered unit: named by the maker in its registration."""
    registration = state.registration
    if registration is None or not isinstance(registration.stated, UnitRegistered):
        return None
    name = registration.stated.model
    return ModelRef(registration.maker, name) if name else None


def statements_of(store: Store, model: ModelRef, at_ns: int | None = None) -> list[Told]:
    """Sheets and statements on a model by its own maker, in order; corrected ones are replaced."""
    facts: list[Told] = []
    after, subject = -1, Subject("model", str(model))
    while page := store.entries_about(subject, after, PAGE):
        facts += [told_of(entry) for entry in page]
        after = page[-1].leaf
    for told in list(facts):
        said = store.entries_about(Subject("event", told.event_id))
        facts += [told_of(entry) for entry in said]
    if at_ns is not None:
        facts = as_it_was(facts, at_ns)
    standing = Settlement(in_order(with_roles(store, facts))).standing
    # Anybody may write a sheet; only the one of the model's own maker speaks of it.
    return [told for told in standing if told.event.author == model.maker]


def _of_model(store: Store, model: ModelRef, at_ns: int | None) -> list[Told]:
    return [told for told in statements_of(store, model, at_ns) if told.event.unit is None]


def _rated_ah(state: PackState) -> float | None:
    return state.registration.stated.rated_capacity_ah if state.registration else None


def _telemetry(
    store: Store, unit: UnitRef, at_ns: int | None, most: int
) -> Iterable[tuple[StoredChunk, SampleBatch]]:
    """Chunks with their samples, oldest first, of the newest `most`."""
    chunks = store.latest_chunks(unit, most)
    for chunk in reversed(chunks):
        if not chunk.data:
            continue
        batch = samples_of(chunk)
        if at_ns is not None:
            batch = batch.window(0, int(np.searchsorted(batch.t_ns, at_ns + 1)))
        yield chunk, batch
