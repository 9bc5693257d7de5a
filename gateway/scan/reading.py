"""Reads one pack: frames of a bus or a log become samples, findings and an estimate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import can_decoder
import soh_model
from can_decoder import FrameBatch, profiles
from can_decoder.errors import DecoderError
from gateway.alarms import Watch, load_thresholds
from gateway.bus import BusOptions, Frame, batch_of
from gateway.errors import GatewayError
from gateway.pipeline import Listener
from gateway.pipeline.slot import chemistry_of
from packtrail.codes import LabelReading, read_label
from packtrail.errors import PacktrailError
from packtrail.estimate import Estimate
from packtrail.event import IncidentRecorded
from packtrail.language import Text
from packtrail.sample import Sample, SampleBatch
from packtrail.times import NS_PER_S
from soh_model import PackSpec

STEP_NS: Final = NS_PER_S
GATHER_S: Final = 0.5
_FIRST_DATE_NS: Final = 1_000_000_000 * NS_PER_S


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What to read.

    Attributes:
        options: the bus, None for a log.
        log: the recording.
        seconds: how long to listen.
        profile: name or path, "" for whichever fits best.
        dbc: further layouts.
        label: as scanned.
        spec: the pack's type, None where it is not known.
    """

    options: BusOptions | None
    log: Path | None
    seconds: float
    profile: str
    dbc: tuple[Path, ...]
    label: str
    spec: PackSpec | None


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was read.

    Attributes:
        label: what the label says.
        profile: the one that understood most.
        frames: heard.
        decoded: of these, understood.
        latest: the newest sample.
        samples: one a second.
        incidents: limits that are passed, by chemistry.
        estimate: the state of health, None where the type is not known.
    """

    label: LabelReading
    profile: str
    frames: int
    decoded: int
    latest: Sample
    samples: SampleBatch
    incidents: tuple[IncidentRecorded, ...]
    estimate: Estimate | None


class _Candidate:
    """One profile that may be the pack's."""

    def __init__(self, name: str, listener: Listener) -> None:
        self.name, self.listener = name, listener
        self.samples: list[Sample] = []


def read_pack(plan: ScanPlan) -> Scanned:
    """Listen, decode, look for faults, estimate.

    Raises:
        PacktrailError: bus or log cannot be read, or no profile understands anything.
    """
    candidates, frames, next_ns = _candidates(plan), 0, 0
    for batch in _batches(plan):
        frames += len(batch)
        for candidate in candidates:
            candidate.listener.feed(batch)
        t_ns = int(batch.t_ns[-1])
        if t_ns >= next_ns:
            next_ns = t_ns + STEP_NS
            _sample(candidates, t_ns)
    best = max(candidates, key=lambda one: (one.listener.decoded, len(one.samples)))
    if not best.samples:
        raise _nothing(plan, frames)
    label = read_label(plan.label)
    samples = SampleBatch.from_samples(best.samples)
    return Scanned(
        label,
        best.name,
        frames,
        best.listener.decoded,
        best.samples[-1],
        samples,
        _incidents(best.samples, label),
        soh_model.estimate(samples, plan.spec) if plan.spec else None,
    )


def _candidates(plan: ScanPlan) -> list[_Candidate]:
    """The wanted profile, or every shipped one that needs no other layouts than there are."""
    database = can_decoder.load(plan.dbc, for_use=True) if plan.dbc else None
    names = [plan.profile] if plan.profile else profiles.names()
    found = []
    for name in names:
        profile = profiles.find(name)
        try:
            profile.tracker(database)
        except DecoderError:
            if plan.profile:
                raise
            continue
        listener = Listener([lambda one=profile: one.tracker(database)], 300.0)  # type: ignore[misc]
        found.append(_Candidate(name, listener))
    return found


def _sample(candidates: list[_Candidate], t_ns: int) -> None:
    for candidate in candidates:
        if candidate.listener.decoded:
            sample = candidate.listener.snapshot(t_ns)
            later = not candidate.samples or t_ns > candidate.samples[-1].t_ns
            if sample.values and later:
                candidate.samples.append(sample)


def _batches(plan: ScanPlan) -> Iterator[FrameBatch]:
    if plan.log:
        yield from _logged(plan.log)
        return
    assert plan.options is not None
    try:
        with plan.options.open() as bus:
            end = time.monotonic() + plan.seconds
            while (left_s := end - time.monotonic()) > 0:
                gathered = []
                until = time.monotonic() + min(GATHER_S, left_s)
                while (wait_s := until - time.monotonic()) > 0:
                    message = bus.recv(wait_s)
                    if message and not (message.is_error_frame or message.is_remote_frame):
                        number, data = message.arbitration_id, bytes(message.data)
                        frame = Frame(time.time_ns(), number, message.is_extended_id, data)
                        gathered.append(frame)
                if gathered:
                    yield batch_of(gathered)
    except PacktrailError:
        raise
    except Exception as error:
        raise GatewayError(
            Text(f"the bus cannot be read: {error}", f"无法读取总线：{error}"),
            where=f"{plan.options.interface} {plan.options.channel}",
            hint=Text(
                "check --interface, --channel, --bitrate and the plug",
                "请检查 --interface、--channel、--bitrate 与插头",
            ),
        ) from error


def _logged(log: Path) -> Iterator[FrameBatch]:
    """Pieces of about half a second, with dates."""
    for batch in can_decoder.read_log(log):
        start = 0
        while start < len(batch):
            end_ns = int(batch.t_ns[start]) + STEP_NS // 2
            stop = max(start + 1, int(batch.t_ns.searchsorted(end_ns)))
            yield batch.select(slice(start, stop))
            start = stop


def _incidents(samples: list[Sample], label: LabelReading) -> tuple[IncidentRecorded, ...]:
    watch = Watch(load_thresholds(None))
    watch.know(chemistry_of(label.unit))
    for sample in samples:
        watch.look(sample)
    return tuple(watch.active.values())


def _nothing(plan: ScanPlan, frames: int) -> GatewayError:
    where = str(plan.log) if plan.log else f"{plan.options.channel}" if plan.options else ""
    if not frames:
        return GatewayError(
            Text("nothing was heard", "未收到任何报文"),
            where=where,
            hint=Text(
                "switch the vehicle on, check plug and bit rate", "请上电，并检查插头与波特率"
            ),
        )
    return GatewayError(
        Text("no profile understands these {n} frames", "没有配置能识别这 {n} 帧报文").fill(
            n=frames
        ),
        where=where,
        hint=Text("give --profile and --dbc of the vehicle", "请用 --profile 与 --dbc 指定车型"),
    )
