"""Runs a recording through the same path as a live source, to the last receipt.

A file and a pack's code enter; samples, records and signed events arrive in the digital ID as
if the pack had stood in a slot. Times are the recording's; where it knows no date, it begins
now. Not everything receipted in time is no loss: it waits in the outbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Final

from can_decoder.gbt32960 import is_capture
from can_decoder.logs.source import Source
from gateway.binding.judgement import OPERATOR
from gateway.clock import RecordedClock
from gateway.errors import GatewayError
from gateway.main import Gateway
from gateway.playback.can_log import CanLog
from gateway.playback.capture import VehicleCapture
from gateway.playback.recording import Recording, ReplayPlan
from gateway.settings import BindingSettings, GatewaySettings
from packtrail.times import NS_PER_S

HEALTH_PATIENCE_S: Final = 120.0


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


def open_recording(settings: GatewaySettings, plan: ReplayPlan) -> Recording:
    """The file as what it is: a capture of GB/T 32960 by its first bytes, else a log of frames.

    Raises:
        PacktrailError: it cannot be read, or the plan leaves open what the file does not tell.
    """
    if not plan.profile and is_capture(Source(plan.log).head()):
        return VehicleCapture(plan)
    return CanLog(plan, settings)


def replay(settings: GatewaySettings, plan: ReplayPlan, progress: Progress) -> Replayed:
    """Replay a recording.

    Raises:
        PacktrailError: file, profile, DBC, key or outbox cannot be used, or the file holds
            nothing that can be understood.
    """
    told = settings.model_copy(update={"binding": BindingSettings(controller=True)})
    recording = open_recording(told, plan)
    recording.check()
    pack = recording.pack
    gateway = Gateway(told, slots=[recording.slot], clock=RecordedClock())
    before = gateway.outbox.counters().added
    gateway.start()
    frames = 0
    try:
        frames = _feed(gateway, recording, pack, _Pace(plan.speed), progress)
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
        skipped=recording.skipped,
    )


def _feed(
    gateway: Gateway, recording: Recording, pack: str, pace: _Pace, progress: Progress
) -> int:
    """Pieces into the pipeline at the wanted speed; the pack arrives before and leaves after.

    A pack that came out of a vehicle that is known goes back into it.
    """
    count, last_ns = 0, 0
    slot, vehicle = recording.slot.name, recording.vehicle
    for piece in recording.pieces():
        if not count:
            _arrive(gateway, recording, pack, piece.first_ns)
        if gateway.running.stop.is_set():
            break
        pace.wait_for(piece.first_ns)
        piece.put(gateway.pipeline, gateway.mailbox)
        count, last_ns = count + piece.count, max(last_ns, piece.last_ns)
        progress(recording.fraction, gateway.outbox.counters().waiting)
    if count:
        gateway.pipeline.act(lambda book: book.remove(slot, last_ns + 1, vehicle)).result()
    return count


def _arrive(gateway: Gateway, recording: Recording, pack: str, t_ns: int) -> None:
    """The operator's word for the code counts as its label, his command as the arrival."""
    act, slot, vehicle = gateway.pipeline.act, recording.slot.name, recording.vehicle
    act(lambda book: book.remove(slot, t_ns, None)).result()
    act(lambda book: book.scan(slot, pack, OPERATOR, t_ns)).result()
    act(lambda book: book.insert(slot, t_ns, vehicle)).result()


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
