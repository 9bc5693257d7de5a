"""Logs of a CAN bus: frames, understood by a profile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import can_decoder
from can_decoder import FrameBatch
from gateway.bus import Burst, Mailbox
from gateway.listening import make_listener
from gateway.pipeline import Pipeline
from gateway.playback.recording import Piece, ReplayPlan
from gateway.settings import GatewaySettings, SlotSettings
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.times import NS_PER_S

LOG_BUS: Final = "log"
BURST: Final = 500
_FIRST_DATE_NS: Final = 1_000_000_000 * NS_PER_S
"""2001: times below count from a recording's start."""


class CanLog:
    """A log of any format that `can_decoder` reads; see `gateway.playback.Recording`.

    Raises:
        PacktrailError: the plan names no profile or no pack, which frames alone do not tell.
    """

    def __init__(self, plan: ReplayPlan, settings: GatewaySettings) -> None:
        _refuse_untold(plan)
        self.pack = plan.pack
        self.slot = SlotSettings(
            name=plan.slot, bus=LOG_BUS, profiles=(plan.profile,), dbc=plan.dbc
        )
        self.vehicle = None
        self._plan, self._settings = plan, settings
        self._reader = can_decoder.read_log(plan.log)

    @property
    def fraction(self) -> float:
        """The share of the log that was read."""
        return self._reader.fraction

    @property
    def skipped(self) -> int:
        """Lines that were no frame."""
        return self._reader.source.skipped

    def check(self) -> None:
        """Read on until the profile has understood something."""
        listener = make_listener(self.slot, self._settings)
        reader = can_decoder.read_log(self._plan.log)
        frames = 0
        for burst in bursts(reader):
            listener.feed(burst)
            frames += len(burst)
            if listener.decoded and listener.snapshot(int(burst.t_ns[-1])).values:
                return
        if not frames:
            reader.refuse_empty()
        raise PacktrailError(
            Text(
                f"the profile understands none of {frames} frames",
                f"该配置无法识别 {frames} 帧中的任何一帧",
            ),
            where=f"{self._plan.log} ({self._plan.profile})",
            hint=Text("choose the vehicle's profile and DBC", "请选择该车型的配置与 DBC"),
        )

    def pieces(self) -> Iterator[Piece]:
        """Bursts of frames; the mailbox makes them wait."""
        for frames in bursts(self._reader):
            put = partial(_hand_over, frames=frames)
            yield Piece(int(frames.t_ns[0]), int(frames.t_ns[-1]), len(frames), put)


def _hand_over(_pipeline: Pipeline, mailbox: Mailbox, *, frames: FrameBatch) -> None:
    mailbox.put(Burst(LOG_BUS, frames))


def bursts(batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
    """Frames in the order of the log, some hundred at a time, with dates."""
    shift_ns: int | None = None
    for batch in batches:
        if not len(batch):
            continue
        if shift_ns is None:
            first_ns = int(batch.t_ns[0])
            shift_ns = time.time_ns() - first_ns if first_ns < _FIRST_DATE_NS else 0
        for start in range(0, len(batch), BURST):
            part = batch.select(slice(start, start + BURST))
            yield replace(part, t_ns=part.t_ns + shift_ns)


def _refuse_untold(plan: ReplayPlan) -> None:
    missing = [
        name for name, told in (("--profile", plan.profile), ("--pack", plan.pack)) if not told
    ]
    if missing:
        raise PacktrailError(
            Text("frames alone do not tell {what}", "仅凭报文无法得知 {what}").fill(
                what=", ".join(missing)
            ),
            where=str(plan.log),
            hint=Text(
                "name the vehicle's profile and the pack's code",
                "请给出车型配置与电池编码",
            ),
        )
