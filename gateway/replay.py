"""Runs a recorded log through the same path as a live bus, to the last receipt.

A log, a profile and a pack's code enter; samples, records and signed events arrive in the
digital ID as if the pack had stood in a slot. Times are the recording's; where it knows no
date, it begins now. Not everything receipted in time is no loss: it waits in the outbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import can_decoder
from can_decoder import FrameBatch
from gateway.binding.judgement import OPERATOR
from gateway.bus import Burst
from gateway.clock import RecordedClock
from gateway.errors import GatewayError
from gateway.listening import make_listener
from gateway.main import Gateway
from gateway.settings import BindingSettings, GatewaySettings, SlotSettings
from packtrail.errors import PacktrailError
from packtrail.language import Text
from packtrail.times import NS_PER_S

LOG_BUS: Final = "log"
BURST: Final = 500
HEALTH_PATIENCE_S: Final = 120.0
_FIRST_DATE_NS: Final = 1_000_000_000 * NS_PER_S
"""2001: times below count from a recording's start."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay and how.

    Attributes:
        log: the file.
        slot: name of the slot that the pack seems to stand in.
        profile: name or path of the profile.
        dbc: further layouts.
        pack: the pack's code as on its label.
        speed: recorded seconds per second; 0 for as fast as possible.
        patience_s: how long to wait for receipts when none comes any more.
    """

    log: Path
    slot: str
    profile: str
    dbc: tuple[Path, ...]
    pack: str
    speed: float = 0.0
    patience_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay."""

    frames: int
    samples: int
    records: int
    unanswered: int
    skipped: int


Progress = Callable[[float, int], None]
"""Told the share of the log that was read, and how many records wait for receipts."""


def replay(settings: GatewaySettings, plan: ReplayPlan, progress: Progress) -> Replayed:
    """Replay a log.

    Raises:
        PacktrailError: log, profile, DBC, key or outbox cannot be used, or the log holds
            nothing that the profile understands.
    """
    slot = SlotSettings(name=plan.slot, bus=LOG_BUS, profiles=(plan.profile,), dbc=plan.dbc)
    told = settings.model_copy(update={"binding": BindingSettings(controller=True)})
    check_understood(slot, told, plan)
    reader = can_decoder.read_log(plan.log)
    gateway = Gateway(told, slots=[slot], clock=RecordedClock())
    before = gateway.outbox.counters().added
    gateway.start()
    frames = 0
    try:
        frames = _feed(gateway, reader, plan, progress)
        _finish(gateway, plan.patience_s, progress)
    except CancelledError:
        gateway.running.stop.set()
    finally:
        gateway.stop()
    if gateway.running.failure:
        raise GatewayError(f"{gateway.running.failure!r}", where=str(plan.log))
    counters = gateway.outbox.counters()
    return Replayed(
        frames=frames,
        samples=gateway.pipeline.slots[plan.slot].samples,
        records=counters.added - before,
        unanswered=counters.waiting,
        skipped=reader.source.skipped,
    )


def _feed(
    gateway: Gateway, reader: can_decoder.logs.LogReader, plan: ReplayPlan, progress: Progress
) -> int:
    """Frames into the mailbox at the wanted speed; the pack arrives before and leaves after."""
    count, last_ns = 0, 0
    pace = _Pace(plan.speed)
    for frames in bursts(reader):
        if not count:
            _arrive(gateway, plan, int(frames.t_ns[0]))
        if gateway.running.stop.is_set():
            break
        pace.wait_for(int(frames.t_ns[0]))
        gateway.mailbox.put(Burst(LOG_BUS, frames))
        count, last_ns = count + len(frames), int(frames.t_ns[-1])
        progress(reader.fraction, gateway.outbox.counters().waiting)
    if count:
        gateway.pipeline.act(lambda book: book.remove(plan.slot, last_ns + 1, None)).result()
    return count


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


def _arrive(gateway: Gateway, plan: ReplayPlan, t_ns: int) -> None:
    """The operator's word for the code counts as its label, his command as the arrival."""
    act = gateway.pipeline.act
    act(lambda book: book.remove(plan.slot, t_ns, None)).result()
    act(lambda book: book.scan(plan.slot, plan.pack, OPERATOR, t_ns)).result()
    act(lambda book: book.insert(plan.slot, t_ns, None)).result()


def _finish(gateway: Gateway, patience_s: float, progress: Progress) -> None:
    """Work everything off, then wait while receipts keep coming."""
    gateway.pipeline.stop(with_estimates=True)
    gateway.health.stop(HEALTH_PATIENCE_S)
    gateway.outbox.record((), {}).result()  # everything put before is on disk and counted now
    waiting, deadline = -1, time.monotonic() + patience_s
    while (left := gateway.outbox.counters().waiting) and time.monotonic() < deadline:
        if left != waiting:
            waiting, deadline = left, time.monotonic() + patience_s
            progress(1.0, left)
        if gateway.running.stop.wait(0.05):
            return
    progress(1.0, left)


class _Pace:
    """Holds frames back so that the recording's time runs at a speed."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._origin: tuple[int, float] | None = None

    def wait_for(self, t_ns: int) -> None:
        """Until the frame's time has come."""
        if not self._speed:
            return
        if self._origin is None:
            self._origin = (t_ns, time.monotonic())
        due_s = (t_ns - self._origin[0]) / NS_PER_S / self._speed
        left_s = self._origin[1] + due_s - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)


def check_understood(slot: SlotSettings, settings: GatewaySettings, plan: ReplayPlan) -> None:
    """Read on until the profile has understood something; nothing is recorded meanwhile.

    Raises:
        PacktrailError: it understands nothing in the whole log, or the log holds no frame.
    """
    listener = make_listener(slot, settings)
    reader = can_decoder.read_log(plan.log)
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
        where=f"{plan.log} ({plan.profile})",
        hint=Text("choose the vehicle's profile and DBC", "请选择该车型的配置与 DBC"),
    )
