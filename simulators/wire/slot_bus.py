"""The bus of one slot: the pack's burst, the other units, and what goes out in a tick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulators.clock import TICKS_PER_S
from simulators.dialects import DialectFile
from simulators.draws import Draws
from simulators.frames import PackFrame
from simulators.wire.bits import length_of
from simulators.wire.line import Line
from simulators.wire.traffic import Traffic

TICK_NS = 1_000_000_000 // TICKS_PER_S
PACK, LATER = "pack", "pack, later"


@dataclass(slots=True)
class SlotBus:
    """A line with a pack on it.

    Attributes:
        pack: number of the pack.
        line: the bus.
        traffic: other units, None where the pack is alone.
    """

    pack: int
    line: Line
    traffic: Traffic | None
    _first_tick: int = -1

    @classmethod
    def of(cls, pack: int, dialect: DialectFile, load: float, draws: Draws) -> SlotBus:
        """A bus at the dialect's bit rate and at `load`, 0 to 1."""
        line = Line(dialect.bit_rate, dialect.data_bit_rate)
        extended = dialect.profile == "sim_sxb"
        return cls(pack, line, Traffic(line, load, extended, draws) if load else None)

    def tick(
        self, tick: int, burst: Iterable[PackFrame], late_ns: int
    ) -> list[tuple[int, PackFrame]]:
        """Frames of a tick with their nanoseconds after its beginning.

        Args:
            tick: its number.
            burst: what the pack wants to send.
            late_ns: how late its task begins.
        """
        if self._first_tick < 0:
            self._first_tick = tick
        begin = (tick - self._first_tick) * TICK_NS
        own_ns = 0
        for frame in burst:
            release = begin + late_ns + frame.delay_ms * 1_000_000
            self.line.submit(release, frame, LATER if frame.delay_ms else PACK)
            own_ns += self._duration_ns(frame)
        if self.traffic is not None:
            self.traffic.fill(begin, begin + TICK_NS, own_ns)
        return [(done.t_ns - begin, done.frame) for done in self.line.carry(begin + TICK_NS)]

    @property
    def load(self) -> float:
        """Share of the time so far in which the bus was busy."""
        return self.line.busy_ns / max(self.line.now_ns, 1)

    def _duration_ns(self, frame: PackFrame) -> int:
        bits = length_of(frame.frame_id, extended=frame.extended, data=frame.data, fd=frame.fd)
        return bits.duration_ns(self.line.bit_rate, self.line.data_bit_rate or self.line.bit_rate)
