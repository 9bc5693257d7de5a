"""One slot: frames in; samples, chunks, incidents and requests for estimates out.

Everything happens in the pipeline's thread, by the frames' time. The slot knows its pack only
when the station's book says so; until then its data travel under the slot alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, cast

from can_decoder import FrameBatch
from can_decoder.gbt27930 import ChargeSession
from gateway.alarms import Alarm, Warn, Watch, tell_nobody
from gateway.charging import brm_reading, charge_recorded
from gateway.clock import Clock
from gateway.health import Request, Session
from gateway.outbox import Fact, Held, Outbox
from gateway.pipeline.chunk import Chunk, chunks_of
from gateway.pipeline.closeup import CloseUp, CloseUpShelf
from gateway.pipeline.ring import Ring, joined
from gateway.pipeline.sampling import Sampler, SamplingRule
from gateway.pipeline.tracking import Listener
from gateway.pipeline.usage import Usage
from packtrail.codes import PackCode
from packtrail.errors import CodeError
from packtrail.event import IncidentRecorded, PlaceRef, Reading, UnitRef, UsageRecorded
from packtrail.record import Kind
from packtrail.sample import Sample
from soh_model import PackSpec

MOST_UNATTRIBUTED: Final = 100
"""Alarms of a pack that is not known yet that are told again, with its name, once it is."""

FindSpec = Callable[[UnitRef], PackSpec | None]
Ask = Callable[[Request], None]

CHARGE_OVER_S: Final = 60.0
"""A charger that has been silent for so long has nothing more to say to this vehicle."""
IDLE_S: Final = 0.2
"""A bus that pauses for so long has its last frames judged at once."""


@dataclass(frozen=True, slots=True)
class SlotRule:
    """How a slot is sampled.

    Attributes:
        sampling: when a sample is taken.
        chunk_s: about how much time one record holds.
        rest_s: how long a charge must have ended until health is estimated.
    """

    sampling: SamplingRule = field(default_factory=SamplingRule)
    chunk_s: float = 60.0
    rest_s: float = 900.0


class Slot:
    """One slot of a station, or the one plug of a workshop.

    Args:
        name: as in events and records.
        rule: how it is sampled.
        listener: understands its frames.
        watch: its alarms.
        outbox: where records go.
        clock: how good times are.
        find_spec: the type of a pack, if known.
        ask: asks for an estimate.
        warn: the local outputs.
        site: where the slot is, as facts name it.
        shelf: keeps what was on the bus around an alarm; None keeps nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        rule: SlotRule,
        listener: Listener,
        watch: Watch,
        outbox: Outbox,
        clock: Clock,
        find_spec: FindSpec,
        ask: Ask,
        warn: Warn = tell_nobody,
        shelf: CloseUpShelf | None = None,
        site: str = "site",
    ) -> None:
        self.name = name
        self.unit: UnitRef | None = None
        self.latest: Sample | None = None
        self.samples = 0
        self.sealed_until_ns = 0
        self._unattributed: deque[Fact] = deque(maxlen=MOST_UNATTRIBUTED)
        self._rule, self._listener, self._watch = rule, listener, watch
        self._outbox, self._clock, self._shelf = outbox, clock, shelf
        self._warn, self._site = warn, site
        self._ring, self._closeup = Ring(), cast("CloseUp | None", None)
        self._unseen: list[FrameBatch] = []
        self._fed = 0.0
        self._heard = 0.0
        self._alarm_note, self._usage_note = f"alarms/{name}", f"usage/{name}"
        self._usage = Usage()
        self._find_spec, self._ask = find_spec, ask
        self._sampler = Sampler(rule.sampling)
        self._session = Session(rule.rest_s, rule.sampling.flowing_a)
        self._chunk = self._new_chunk()

    @property
    def quiet_s(self) -> float | None:
        """Seconds since anything was heard here, None for never."""
        return time.monotonic() - self._heard if self._heard else None

    @property
    def alarms(self) -> list[IncidentRecorded]:
        """What is wrong now."""
        return list(self._watch.active.values())

    def resume(self, unit: UnitRef | None, since_ns: int) -> None:
        """The pack that stood here when the last run ended, with what was wrong with it."""
        if unit:
            self.know(unit, since_ns)
            self._usage.resume(self._outbox.note(self._usage_note))
        if since_ns:  # what the last run sealed is on disk, and may be anybody's
            self.sealed_until_ns = self._clock.now_ns()
        self._watch.resume(self._outbox.note(self._alarm_note))

    def feed(self, batch: FrameBatch) -> None:
        """Take frames of the slot's bus; what came up to a look is decoded in one go."""
        self._ring.add(batch)
        if self._closeup:
            self._collect(self._closeup, batch)
        start = 0
        while (row := self._sampler.next_look(batch.t_ns[start:])) is not None:
            stop = start + row + 1
            self._unseen.append(batch.select(slice(start, stop)))
            now_ns = int(batch.t_ns[stop - 1])
            self._sampler.look(now_ns)
            if self._decode():
                self._look(self._listener.snapshot(now_ns))
            start = stop
        if start < len(batch):
            self._unseen.append(batch.select(slice(start, None)))
        self._fed = self._heard = time.monotonic()

    def _decode(self) -> bool:
        """Decode what waits for a look; whether anything was ever understood."""
        if self._unseen:
            self._listener.feed(joined(self._unseen))
            self._unseen.clear()
            self._tell_charges(self._listener.take_charges())
        return self._listener.decoded > 0

    def hear(self, samples: list[Sample]) -> None:
        """Take samples that somebody else made, such as a vehicle's own reports."""
        self._heard = time.monotonic()
        for sample in samples:
            self._sampler.look(sample.t_ns)
            self._look(sample)

    def take_hint(self) -> Reading | None:
        """What a charging dialogue says of the pack; a hint that decides nothing."""
        heard = self._listener.take_handshake()
        return brm_reading(heard) if heard else None

    def estimate_now(self) -> bool:
        """Estimate from all that this visit has said so far; whether there was anything to ask."""
        self.flush()
        unit = self.unit
        spec = self._find_spec(unit) if unit else None
        if unit is None or spec is None or not self._session.chunks:
            return False
        chunks, claim = self._session.chunks, self._session.claimed_soh_pct
        self._ask(Request(unit, self.name, spec, chunks, claim))
        return True

    def hear_soc(self, since_ns: int) -> float | None:
        """The state of charge of the latest sample, if that is not older."""
        sample = self.latest
        if sample is None or sample.t_ns < since_ns:
            return None
        soc = sample.values.get("soc_pct")
        return soc if isinstance(soc, float) else None

    def arrive(self, t_ns: int) -> None:
        """Another pack; what came since then is already its own."""
        self._end_visit()
        self._part(t_ns, None)
        self._forget()

    def leave(self, t_ns: int) -> None:
        """The pack is gone; its session is over."""
        self._end_visit()
        unit = self.unit
        self._part(t_ns, None)
        self._estimate(unit)
        self._forget()

    def know(self, unit: UnitRef | None, since_ns: int) -> None:
        """It is settled which pack stands here since when, or no longer settled."""
        self._part(since_ns, unit)
        self._watch.know(chemistry_of(unit))
        while unit and self._unattributed:
            self._outbox.put(replace(self._unattributed.popleft(), unit=unit))

    def tick(self) -> None:
        """What must happen although no frame comes: judge the last ones, end the minute."""
        if self._unseen and time.monotonic() - self._fed >= IDLE_S:
            last_ns = int(self._unseen[-1].t_ns[-1])
            if self._decode():
                self._watch_over(self._listener.snapshot(last_ns))
        if self._fed and time.monotonic() - self._fed >= CHARGE_OVER_S:
            self._fed = 0.0
            self._tell_charges(self._listener.take_charges(end=True))
        if self._chunk.is_full(self._rule.chunk_s):
            self.flush()

    def flush(self) -> None:
        """Put what is open."""
        if self._chunk.samples:
            self._put()
            self._outbox.record((), {self._usage_note: self._usage.remember()})
        self._chunk = self._new_chunk()

    def finish(self, *, with_estimate: bool) -> None:
        """No more frames: put what is open and, if wanted, estimate what was charged."""
        self._end_closeup()
        self._tell_charges(self._listener.take_charges(end=True))
        self.flush()
        if with_estimate:
            self._estimate(self.unit)

    def _look(self, sample: Sample) -> None:
        if not sample.values:
            return
        self._watch_over(sample)
        if self._sampler.keep(sample):
            self._keep(sample)
        if self._session.look(sample):
            self.flush()
            self._estimate(self.unit)

    def _watch_over(self, sample: Sample) -> None:
        """Alarms: to the local outputs and the outbox, and a close-up of what led to them."""
        self.latest = sample
        for incident in self._watch.look(sample):
            self._warn(Alarm(self.name, self.unit, sample.t_ns, incident))
            active = {self._alarm_note: self._watch.remember()}
            fact = self._fact(sample, incident)
            self._outbox.record([fact], active)
            if self.unit is None:
                self._unattributed.append(fact)
            if not (incident.cleared or self._closeup):
                self._closeup = CloseUp(sample.t_ns, incident.kind, self._ring.frames())

    def _collect(self, closeup: CloseUp, batch: FrameBatch) -> None:
        closeup.batches.append(batch)
        if closeup.is_over(int(batch.t_ns[-1])):
            self._end_closeup()

    def _end_closeup(self) -> None:
        """The close-up's samples travel as chunks of their own, its frames stay here."""
        closeup, self._closeup = self._closeup, None
        if closeup and self._shelf:
            unit, clock = self.unit, self._clock.quality()

            def put(samples: Iterator[Sample]) -> None:
                for draft in chunks_of(samples, self.name, unit, clock):
                    self._outbox.put(draft)

            self._shelf.keep(closeup, self.name, self._listener.fresh(), put)

    def _keep(self, sample: Sample) -> None:
        if not self._chunk.accepts(sample):
            self.flush()
        self._outbox.hold(self._chunk.add(sample))
        span_ns = self._usage.span_ns
        self._tell_usage(self._usage.add(sample), span_ns)
        self.samples += 1
        if self._chunk.is_full(self._rule.chunk_s):
            self.flush()

    def _put(self, still_open: tuple[Held, ...] = ()) -> None:
        draft = replace(self._chunk.close(), still_open=still_open)
        self._session.keep(draft.columns)
        self.sealed_until_ns = self._chunk.samples[-1].t_ns
        self._outbox.put(draft)

    def _part(self, t_ns: int, unit: UnitRef | None) -> None:
        """From `t_ns` on, samples are `unit`'s."""
        later, held = self._chunk.split(t_ns, unit)
        if later is not self._chunk:
            self._put(still_open=tuple(held))
        self.unit, self._chunk = unit, later

    def _forget(self) -> None:
        """What the last pack said does not hold for the next."""
        self._ring.clear()
        self._unseen.clear()
        self._listener.reset()
        if self._watch.active:
            self._outbox.record((), {self._alarm_note: b""})
        self._watch.reset("")
        self._session.reset()
        self._sampler = Sampler(self._rule.sampling)
        self._unattributed.clear()
        self.latest = None
        self.sealed_until_ns = 0

    def _tell_charges(self, sessions: list[ChargeSession]) -> None:
        """Dialogues that were overheard become facts of the pack that stands here."""
        for session in sessions:
            body = charge_recorded(session, PlaceRef(self._site, self.name))
            times = (session.started_ns, max(session.started_ns, session.ended_ns))
            quality = self._clock.quality()
            self._outbox.put(Fact(Kind.EVENT, self.unit, self.name, *times, quality, body))

    def _tell_usage(self, recorded: UsageRecorded | None, span_ns: tuple[int, int]) -> None:
        """A day, or what was seen of it, of a pack that is known."""
        if recorded and self.unit:
            quality = self._clock.quality()
            fact = Fact(Kind.EVENT, self.unit, self.name, *span_ns, quality, recorded)
            self._outbox.record([fact], {self._usage_note: self._usage.remember()})

    def _end_visit(self) -> None:
        """What the visit leaves behind: close-up, charge under way, the day so far."""
        self._end_closeup()
        self._tell_charges(self._listener.take_charges(end=True))
        span_ns = self._usage.span_ns
        self._tell_usage(self._usage.finish(), span_ns)
        self._usage = Usage()

    def _estimate(self, unit: UnitRef | None) -> None:
        """Ask for an estimate if there was a charge and it is known of which pack."""
        if unit is None or not self._session.charged:
            return
        self._session.estimated()
        spec = self._find_spec(unit)
        if spec is not None:
            chunks, claim = self._session.chunks, self._session.claimed_soh_pct
            self._ask(Request(unit, self.name, spec, chunks, claim))

    def _fact(self, sample: Sample, incident: IncidentRecorded) -> Fact:
        times = (sample.t_ns, sample.t_ns)
        return Fact(Kind.ALARM, self.unit, self.name, *times, self._clock.quality(), incident)

    def _new_chunk(self) -> Chunk:
        return Chunk(self.name, self.unit, self._clock.quality())


def chemistry_of(unit: UnitRef | None) -> str:
    """The chemistry that a pack's code tells, "" where it tells none."""
    if unit is None or unit.scheme != "gbt34014":
        return ""
    try:
        return PackCode.parse(unit.id).chemistry.key
    except CodeError:
        return ""
