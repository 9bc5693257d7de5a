"""Stations and their slots."""

from __future__ import annotations

import msgspec

from cloud_bridge.api.answers.of_packs import (
    ReadingAnswer,
    VerdictAnswer,
    reading_answer,
    verdict_answer,
)
from cloud_bridge.view import SlotView, StationView
from packtrail.times import format_time


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
