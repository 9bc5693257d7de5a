"""Sources: an open adapter as the reader sees it, whatever reads it.

Both sources give the same frames in the same columns for the same traffic; one contract suite
runs on both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

from can_decoder import FrameBatch, IdFilter
from gateway.bus.error_frames import condition_of
from gateway.bus.frame import Frame, batch_of
from gateway.bus.python_can import can
from gateway.bus.state import BusOptions, Condition

BURST: Final = 1000
GATHER_S: Final = 0.1
"""Bursts end when the monotonic clock passes a multiple of this. Every bus then wakes its thread,
and the pipeline, at the same moment: eight packs cost a third of what they cost one by one."""
_OLDEST_S: Final = 1_000_000_000
"""2001: adapters that count from their own start stamp frames with less."""
_NEWEST_S: Final = 4_102_444_800
"""2100: adapters that stamp frames with more make no sense, and the bridge would refuse it."""


@dataclass(frozen=True, slots=True)
class Haul:
    """What came within a moment.

    Attributes:
        frames: data frames; remote frames carry nothing and are left out.
        error_frames: how many error frames came.
        conditions: changes of fault confinement, in order.
        overflowed: frames that the kernel has dropped since the source was opened.
    """

    frames: FrameBatch
    error_frames: int = 0
    conditions: tuple[Condition, ...] = ()
    overflowed: int = 0


NOTHING: Final = Haul(FrameBatch.empty())


def until_the_next_burst_s() -> float:
    """Seconds until bursts end, on all buses at once."""
    return GATHER_S - time.monotonic() % GATHER_S


class Source(Protocol):
    """An open adapter; its errors are exceptions of any kind."""

    def gather(self, patience_s: float) -> Haul:
        """Wait for a frame, then take what follows within a moment."""
        ...

    def close(self) -> None:
        """Let go of the adapter."""
        ...

    def __enter__(self) -> Self:
        """A source closes itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close."""
        ...


OpenSource = Callable[[], Source]


@dataclass(slots=True)
class PythonCanSource:
    """Any adapter of python-can."""

    bus: can.BusABC
    is_socketcan: bool = False
    _condition: Condition = field(default=Condition.ACTIVE)

    @classmethod
    def open(cls, options: BusOptions) -> Self:
        """Open the adapter that the options name."""
        is_socketcan = options.interface == "socketcan"
        bus = options.open()
        if is_socketcan and options.filters is not None:
            bus.set_filters([python_can_filter(one) for one in options.filters])
        return cls(bus, is_socketcan)

    def gather(self, patience_s: float) -> Haul:
        """Wait for a frame, then take what follows within a moment."""
        first = self.bus.recv(patience_s)
        conditions = self._changes()
        if first is None:
            return Haul(NOTHING.frames, conditions=conditions) if conditions else NOTHING
        messages = [first]
        deadline = time.monotonic() + until_the_next_burst_s()
        while len(messages) < BURST and (left := deadline - time.monotonic()) > 0:
            message = self.bus.recv(left)
            if message is None:
                break
            messages.append(message)
        frames = list(_data_frames(messages, time.time_ns()))
        errors = [message for message in messages if message.is_error_frame]
        if self.is_socketcan:  # other adapters number their errors as they like
            told = (condition_of(e.arbitration_id, bytes(e.data)) for e in errors)
            conditions += tuple(condition for condition in told if condition)
        return Haul(batch_of(frames), len(errors), conditions)

    def close(self) -> None:
        """Let go of the adapter."""
        self.bus.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _changes(self) -> tuple[Condition, ...]:
        """What the adapter itself says of the controller, if it says anything."""
        try:
            now = _CONDITIONS[self.bus.state]
        except (NotImplementedError, KeyError):
            return ()
        if now is self._condition:
            return ()
        self._condition = now
        return (now,)


def python_can_filter(wanted: IdFilter) -> can.typechecking.CanFilter:
    """A filter as python-can writes it."""
    return can.typechecking.CanFilter(
        can_id=wanted.frame_id, can_mask=wanted.mask, extended=wanted.extended
    )


_CONDITIONS: Final = {
    can.BusState.ACTIVE: Condition.ACTIVE,
    can.BusState.ERROR: Condition.BUS_OFF,
}
"""PASSIVE is left out: some adapters call their listen-only mode so."""


def _data_frames(messages: Iterable[can.Message], arrival_ns: int) -> Iterable[Frame]:
    for message in messages:
        if message.is_error_frame or message.is_remote_frame:
            continue
        stamped = _OLDEST_S <= message.timestamp < _NEWEST_S
        # python-can gives float seconds: good for microseconds, noise below
        t_ns = round(message.timestamp * 1e6) * 1000 if stamped else arrival_ns
        yield Frame(t_ns, message.arbitration_id, message.is_extended_id, bytes(message.data))
