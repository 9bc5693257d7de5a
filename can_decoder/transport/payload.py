"""What reassembly yields, and what it counts on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from can_decoder.frames import FrameBatch


class Payload(NamedTuple):
    """One whole payload.

    Attributes:
        t_ns: time of the frame that completed it.
        started_ns: time of its first frame.
        channel: bus number.
        frame_id: identifier of its first data frame.
        pgn: parameter group (J1939, NMEA 2000), -1 elsewhere.
        source: source address, -1 where the protocol has none.
        destination: destination address (255 to all), -1 where the protocol has none.
        data: the bytes.
    """

    t_ns: int
    started_ns: int
    channel: int
    frame_id: int
    pgn: int
    source: int
    destination: int
    data: bytes


@dataclass(slots=True)
class Counts:
    """How conversations ended.

    Attributes:
        complete: became a payload.
        aborted: broken off by one of the two sides.
        gaps: a frame was missing.
        timed_out: the next frame came too late.
        replaced: a new conversation began before the old one was whole.
        repeated: data frames that came twice; the second is ignored.
        orphans: data frames outside any conversation.
        malformed: control frames that contradict themselves.
        open: unfinished when the log ended.
    """

    complete: int = 0
    aborted: int = 0
    gaps: int = 0
    timed_out: int = 0
    replaced: int = 0
    repeated: int = 0
    orphans: int = 0
    malformed: int = 0
    open: int = 0


class Listener(Protocol):
    """Puts the payloads of one protocol together, frame by frame."""

    counts: Counts

    def wants(self, batch: FrameBatch) -> NDArray[np.bool_]:
        """Which frames of a batch can belong to the protocol, bool [n]."""
        ...

    def feed(self, t_ns: int, channel: int, frame_id: int, data: bytes) -> Payload | None:
        """Take one frame; the payload that it completes, if any."""
        ...

    def close(self) -> None:
        """Count what is still open."""
        ...


@dataclass(slots=True)
class Reassembly:
    """Iterator over the payloads of batches; `counts` is up to date while iterating."""

    listener: Listener
    batches: Iterable[FrameBatch] | FrameBatch
    _payloads: Iterator[Payload] | None = field(default=None, init=False)

    @property
    def counts(self) -> Counts:
        """How conversations ended so far."""
        return self.listener.counts

    def __iter__(self) -> Iterator[Payload]:
        return self

    def __next__(self) -> Payload:
        if self._payloads is None:
            self._payloads = self._run()
        return next(self._payloads)

    def _run(self) -> Iterator[Payload]:
        batches = [self.batches] if isinstance(self.batches, FrameBatch) else self.batches
        for batch in batches:
            yield from self._batch(batch)
        self.listener.close()

    def _batch(self, batch: FrameBatch) -> Iterator[Payload]:
        part = batch.select(self.listener.wants(batch))
        columns = zip(
            part.t_ns.tolist(),
            part.channel.tolist(),
            part.ids.tolist(),
            part.length.tolist(),
            part.data,
            strict=True,
        )
        for t_ns, channel, frame_id, length, row in columns:
            payload = self.listener.feed(t_ns, channel, frame_id, row[:length].tobytes())
            if payload is not None:
                yield payload
