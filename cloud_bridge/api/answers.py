"""What the API answers with: the shapes, and how they are made of what the rooms give."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from fastapi import Response

from cloud_bridge.api.columns_json import column_json
from cloud_bridge.fold import PackState, VehicleState
from cloud_bridge.inquiry import Finding
from cloud_bridge.rules import Duty
from cloud_bridge.store import Entry
from cloud_bridge.view import PackGlance, PackView, Reading, SlotView, StationView
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


class HiddenAnswer(msgspec.Struct, frozen=True):
    """A part of the answer that the access rules hide, and who may ask for it."""

    field: str
    en: str
    zh: str
    who_en: str
    who_zh: str


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


class LedgerGrowth(msgspec.Struct, frozen=True):
    """How many lines the ledger has."""

    size: int


class Newer(msgspec.Struct, frozen=True):
    """There is something new of this pack, its `state` or its `reading`: a read tells what."""

    code: str
    what: str


class SlotAnswer(msgspec.Struct, frozen=True):
    """One slot: the pack in it, or why that is not known."""

    slot: str
    code: str | None
    problem: str
    verdict: VerdictAnswer | None
    reading: ReadingAnswer | None


class RefusalAnswer(msgspec.Struct, frozen=True):
    """One refused record."""

    epoch: str
    seq: int
    reason: str
    detail: str
    at: str


class TwinAnswer(msgspec.Struct, frozen=True):
    """A number that came with two contents; the digest is that of the second."""

    epoch: str
    seq: int
    digest: str
    at: str


class StationAnswer(msgspec.Struct, frozen=True):
    """One gateway: what was received of it and what is in its slots."""

    gateway: str
    sites: tuple[str, ...]
    trusted: bool
    online: bool | None
    epoch: str | None
    through: int
    missing: int
    receipt_at: str | None
    lag_s: float | None
    slots: list[SlotAnswer]
    refusals: list[RefusalAnswer]
    equivocations: list[TwinAnswer]


class StationList(msgspec.Struct, frozen=True):
    """One page of stations, by name; `next` is the cursor of the page after it.

    `hidden` names the fields that are empty because they are hidden.
    """

    stations: list[StationAnswer]
    next: str | None = None
    hidden: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """What became of one submitted event: `recorded`, `known` or `refused`."""

    event_id: str
    outcome: str
    leaf: int | None = None
    reason: str = ""
    detail: str = ""


class Outcomes(msgspec.Struct, frozen=True):
    """One outcome per submitted event, in the order of submission."""

    outcomes: list[Outcome]


class CheckpointAnswer(msgspec.Struct, frozen=True):
    """The newest signed tree head and the key that signed it."""

    origin: str
    verifier: str
    public_key: str
    note: str


class DutyAnswer(msgspec.Struct, frozen=True):
    """One open duty, what has to be done in both languages, and its last day where it binds."""

    duty: Duty
    en: str
    zh: str
    overdue: bool
    day: str
    utc_offset: str


class DutyList(msgspec.Struct, frozen=True):
    """One page of open duties by due date; how many there are in all, and how many are late.

    `behind` facts are so new that they are not looked at yet; `rules` and `digest` name the table
    of rules in force.
    """

    duties: list[DutyAnswer]
    total: int
    overdue: int
    next: str | None = None
    behind: int = 0
    rules: str = ""
    digest: str = ""


class TakebackGroup(msgspec.Struct, frozen=True):
    """What one group took back.

    Attributes:
        group: its name, `-` where nobody said.
        packs: coded packs, and those counted where none was named.
        kg: mass on record or as received.
        kwh: rated energy of those that tell it.
        recoverable_kg: element -> kg, of packs with a stated composition.
        packs_with_composition: how many these are.
    """

    group: str
    packs: int
    kg: float
    kwh: float
    recoverable_kg: dict[str, float]
    packs_with_composition: int


class TakebackList(msgspec.Struct, frozen=True):
    """One page of groups in their order, and everything together, each pack once.

    `behind` facts and shares are not counted in yet.
    """

    by: str
    groups: list[TakebackGroup]
    total: TakebackGroup
    next: str | None = None
    behind: int = 0


class VehicleDetail(msgspec.Struct, frozen=True):
    """One vehicle: its packs, and the account of them once it is scrapped.

    Attributes:
        vehicle: `subject:ID`, or as facts name it that commit to nothing.
        state: its fold.
        number: in the clear, where the reader asked for it and it can be opened.
        forgotten_at: when its number was erased, "" while it was not.
    """

    vehicle: str
    state: VehicleState
    number: str = ""
    forgotten_at: str = ""


class OpeningAnswer(msgspec.Struct, frozen=True):
    """What opens one commitment; `salt` is base64 of 32 bytes."""

    commitment: str
    kind: str
    salt: bytes
    value: str


class OpeningList(msgspec.Struct, frozen=True):
    """What opens every commitment of a subject; `packtrail id verify FILE --openings` checks it."""

    subject: str
    openings: list[OpeningAnswer]


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


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether everything works, and each fault."""

    ok: bool
    faults: tuple[str, ...]


def answer(value: msgspec.Struct, status: int = 200) -> Response:
    """`value` as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


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


def station_answer(view: StationView) -> StationAnswer:
    """One station."""
    progress, lag_ns = view.progress, view.lag_ns
    return StationAnswer(
        gateway=view.gateway,
        sites=view.sites,
        trusted=view.trusted,
        online=view.online,
        epoch=progress.epoch if progress else None,
        through=progress.through if progress else 0,
        missing=view.missing,
        receipt_at=format_time(progress.committed_ns) if progress else None,
        lag_s=None if lag_ns is None else lag_ns / 1e9,
        slots=[slot_answer(slot) for slot in view.slots],
        refusals=[
            RefusalAnswer(
                one.address.epoch,
                one.address.seq,
                one.reason,
                one.detail,
                format_time(one.recorded_ns),
            )
            for one in view.refusals
        ],
        equivocations=[
            TwinAnswer(
                one.address.epoch, one.address.seq, one.digest.hex(), format_time(one.recorded_ns)
            )
            for one in view.equivocations
        ],
    )


def slot_answer(slot: SlotView) -> SlotAnswer:
    """One slot."""
    pack = slot.pack
    return SlotAnswer(
        slot.slot,
        str(pack.unit) if pack else None,
        slot.problem,
        verdict_answer(pack) if pack else None,
        reading_answer(pack) if pack else None,
    )


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
