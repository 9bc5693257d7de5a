"""Packs, their facts, samples and findings."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from cloud_bridge.api.answers.sending import HiddenAnswer
from cloud_bridge.api.columns_json import column_json
from cloud_bridge.fold import PackState
from cloud_bridge.inquiry import Finding
from cloud_bridge.store import Entry
from cloud_bridge.view import PackGlance, PackView, Reading
from packtrail.event import SignedEvent
from packtrail.quantities import QUANTITIES
from packtrail.sample import SampleBatch
from packtrail.times import format_time


class VerdictAnswer(msgspec.Struct, frozen=True):
    """Colour and sentence, in both languages."""

    level: str
    en: str
    zh: str


class ReadingAnswer(msgspec.Struct, frozen=True):
    """The newest sample; values by canonical quantity, in its unit."""

    at: str
    values: dict[str, float]


class PackAnswer(msgspec.Struct, frozen=True):
    """One pack of a list; `hidden` names the fields that are empty because they are hidden."""

    code: str
    verdict: VerdictAnswer
    lifecycle: str
    safety: str
    standing: str
    soh: float | None
    soh_low: float | None
    soh_high: float | None
    reading: ReadingAnswer | None
    seen_at: str
    hidden: tuple[str, ...] = ()


class PackList(msgspec.Struct, frozen=True):
    """One page of packs; `next` is the cursor of the page after it, or null."""

    packs: list[PackAnswer]
    next: str | None


class PackDetail(msgspec.Struct, frozen=True):
    """One pack: its digital ID, the digest of the ID's bytes, and the newest reading.

    What `hidden` names is empty in `state`; the digest of an ID of which parts are hidden is "".
    `forgotten` names those vehicles of `state` whose numbers were erased, and when.
    """

    code: str
    verdict: VerdictAnswer
    state: PackState
    digest: str
    reading: ReadingAnswer | None
    seen_at: str
    hidden: list[HiddenAnswer] = []
    forgotten: dict[str, str] = {}


class EventAnswer(msgspec.Struct, frozen=True):
    """One line of the ledger."""

    leaf: int
    event_id: str
    recorded_at: str
    signed: SignedEvent


class EventList(msgspec.Struct, frozen=True):
    """One page of ledger lines, rising by leaf; `next` is the cursor of the page after it.

    `subjects` joins commitments that these lines hold: which of them are one vehicle's or owner's.
    """

    events: list[EventAnswer]
    next: str | None = None
    subjects: dict[str, str] = {}


class ColumnAnswer(msgspec.Struct, frozen=True):
    """One quantity; null is "not known", per-cell quantities have a list per sample."""

    unit: str
    vss: str
    values: list[Any]


class TelemetryAnswer(msgspec.Struct, frozen=True):
    """Samples as columns; `next` is the cursor of the page after it, or null."""

    code: str
    t_ns: list[int]
    columns: dict[str, ColumnAnswer]
    next: str | None


class FindingAnswer(msgspec.Struct, frozen=True):
    """What the reports of many packs show together: a fault, its proof, and who is to blame.

    `invariant` names the rule that broke, `culprits` the reports among `events` that are wrong;
    `blame` is the reporter that erred or owes a report, "" if that cannot be told.
    """

    fault: str
    invariant: str
    en: str
    zh: str
    subject: str
    events: tuple[str, ...]
    culprits: tuple[str, ...]
    blame: str


class FindingList(msgspec.Struct, frozen=True):
    """Findings about one pack; `facts` counts the reports that were read together."""

    findings: list[FindingAnswer]
    facts: int


def verdict_answer(view: PackView | PackGlance) -> VerdictAnswer:
    """The verdict on a pack."""
    return VerdictAnswer(view.verdict.level.value, *view.verdict.text)


def reading_answer(view: PackView | PackGlance) -> ReadingAnswer | None:
    """The newest reading of a pack."""
    return reading_answer_of(view.reading) if view.reading else None


def reading_answer_of(reading: Reading) -> ReadingAnswer:
    """The newest sample."""
    return ReadingAnswer(format_time(reading.t_ns), reading.values)


def pack_answer(view: PackGlance, hidden: tuple[str, ...] = ()) -> PackAnswer:
    """One line of the list of packs."""
    told, soh = view.told, view.told.soh
    return PackAnswer(
        code=str(view.unit),
        verdict=verdict_answer(view),
        lifecycle=told.lifecycle.value,
        safety=told.safety.value,
        standing=told.standing.value,
        soh=soh.value if soh else None,
        soh_low=soh.low if soh else None,
        soh_high=soh.high if soh else None,
        reading=reading_answer(view),
        seen_at=format_time(view.seen_ns) if view.seen_ns else "",
        hidden=hidden,
    )


def event_answer(entry: Entry) -> EventAnswer:
    """One line of the ledger."""
    return EventAnswer(entry.leaf, entry.event_id, format_time(entry.recorded_ns), entry.signed)


def telemetry_answer(code: str, batch: SampleBatch, cursor: str | None) -> TelemetryAnswer:
    """Samples as columns, already in JSON; NaN becomes null."""
    columns = {
        name: ColumnAnswer(
            QUANTITIES[name].unit,
            QUANTITIES[name].vss_path,
            cast("list[Any]", column_json(name, column)),
        )
        for name, column in batch.values.items()
    }
    return TelemetryAnswer(code, batch.t_ns.tolist(), columns, cursor)


def finding_answer(finding: Finding) -> FindingAnswer:
    """One finding of the inquiry, with its sentence."""
    fault = finding.fault
    return FindingAnswer(
        fault.value,
        fault.invariant,
        *fault.text,
        finding.subject,
        finding.events,
        finding.culprits,
        finding.blame,
    )
