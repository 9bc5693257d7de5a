"""Chunks: samples of one pack gather for about a minute and leave as columns.

While a chunk is open its samples are held in the outbox, so that a killed gateway loses no
more than the last second. A chunk belongs to one slot and one pack; when a pack leaves or is
recognised late, the chunk is divided at that moment.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec
import numpy as np

from gateway.outbox import Held, Telemetry
from packtrail.columns import encode_columns
from packtrail.errors import PacktrailError
from packtrail.event import UnitRef
from packtrail.sample import Sample, SampleBatch
from packtrail.shapes import from_msgpack
from packtrail.times import NS_PER_S, ClockQuality

MOST_NUMBERS: Final = 60_000
"""Numbers in a chunk: two bytes each at worst keep a record well below its limit."""


class HeldSample(msgspec.Struct, frozen=True, array_like=True):
    """A sample as it lies in the outbox: arrays as little-endian float64."""

    slot: str
    unit: UnitRef | None
    clock: ClockQuality
    t_ns: int
    values: dict[str, float | bytes]
    age_s: dict[str, float]


class Chunk:
    """The open chunk of a slot."""

    def __init__(self, slot: str, unit: UnitRef | None, clock: ClockQuality) -> None:
        self.slot, self.unit, self.clock = slot, unit, clock
        self.name = uuid.uuid4().hex
        self.opened = time.monotonic()
        self.samples: list[Sample] = []
        self._numbers = 0

    def add(self, sample: Sample) -> Held:
        """Take a sample; returns it as it is to be held."""
        self.samples.append(sample)
        self._numbers += sum(np.size(value) for value in sample.values.values())
        return self._hold(sample)

    def accepts(self, sample: Sample) -> bool:
        """Whether time goes on: after a clock step back a chunk has to end."""
        return not self.samples or sample.t_ns >= self.samples[-1].t_ns

    @property
    def is_crowded(self) -> bool:
        """Whether a record holds no more."""
        return self._numbers >= MOST_NUMBERS

    def is_full(self, seconds: float) -> bool:
        """Whether it holds about a minute, by the frames' time or by ours, or very much."""
        if not self.samples:
            return False
        if self.is_crowded:
            return True
        span_ns = self.samples[-1].t_ns - self.samples[0].t_ns
        return span_ns >= seconds * NS_PER_S or time.monotonic() - self.opened >= seconds

    def split(self, t_ns: int, unit: UnitRef | None) -> tuple[Chunk, list[Held]]:
        """Samples at and after `t_ns` go to a chunk of `unit`; they are to be held there.

        When none is earlier, the chunk as a whole is `unit`'s and stays as it is held.
        """
        if not self.samples or self.samples[0].t_ns >= t_ns:
            self.unit = unit
            return self, []
        later = Chunk(self.slot, unit, self.clock)
        held = [later.add(sample) for sample in self.samples if sample.t_ns >= t_ns]
        self.samples = [sample for sample in self.samples if sample.t_ns < t_ns]
        return later, held

    def close(self) -> Telemetry:
        """What travels, of at least one sample; its commit releases what was held."""
        batch = SampleBatch.from_samples(self.samples)
        t_ns = self.samples[0].t_ns
        return Telemetry(self.unit, self.slot, t_ns, self.clock, encode_columns(batch), self.name)

    def _hold(self, sample: Sample) -> Held:
        values = {
            name: float(value) if isinstance(value, float) else value.astype("<f8").tobytes()
            for name, value in sample.values.items()
        }
        content = HeldSample(
            self.slot, self.unit, self.clock, sample.t_ns, values, dict(sample.age_s)
        )
        return Held(self.name, msgspec.msgpack.encode(content))


def chunks_of(
    samples: Iterable[Sample], slot: str, unit: UnitRef | None, clock: ClockQuality
) -> Iterator[Telemetry]:
    """Samples as finished chunks that were never held; for what can be told again."""
    chunk = Chunk(slot, unit, clock)
    for sample in samples:
        if chunk.samples and (chunk.is_crowded or not chunk.accepts(sample)):
            yield chunk.close()
            chunk = Chunk(slot, unit, clock)
        if sample.values:
            chunk.add(sample)
    if chunk.samples:
        yield chunk.close()


def recover(held: Iterable[Held]) -> tuple[list[Telemetry], list[str]]:
    """The chunks that a killed gateway had open, from the samples that the outbox held.

    Returns:
        Chunks to put, and names of those that cannot be read and are to be forgotten.
    """
    drafts: list[Telemetry] = []
    unreadable: list[str] = []
    for name, group in groupby(sorted(held, key=_chunk_of), key=_chunk_of):
        try:
            drafts.append(_reopened(name, [_decode(one.sample) for one in group]).close())
        except (msgspec.DecodeError, ValueError, PacktrailError):
            unreadable.append(name)
    return drafts, unreadable


def _reopened(name: str, found: list[HeldSample]) -> Chunk:
    chunk = Chunk(found[0].slot, found[-1].unit, found[0].clock)
    chunk.name = name
    chunk.samples = [_sample(one) for one in found]
    return chunk


def _decode(data: bytes) -> HeldSample:
    return from_msgpack(data, HeldSample)


def _chunk_of(held: Held) -> str:
    return held.chunk


def _sample(held: HeldSample) -> Sample:
    values: dict[str, Any] = {
        name: value if isinstance(value, float) else np.frombuffer(value, "<f8")
        for name, value in held.values.items()
    }
    return Sample(held.t_ns, values, held.age_s)
