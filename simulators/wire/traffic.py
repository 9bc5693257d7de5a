"""What other control units send: filling up a bus to a wished load.

Identifiers are spread over those of a vehicle, above and below a BMS's, so that a BMS now loses
and now wins. Payloads change from frame to frame, as real ones do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulators.draws import Draws
from simulators.frames import PackFrame
from simulators.wire.bits import length_of
from simulators.wire.line import Line

UNITS: Final = 40
"""How many messages the other units have."""
NODE: Final = "others"
SHORTEST_BITS: Final = 100.0
"""Less than a frame of eight bytes has, so that enough payloads are drawn."""


@dataclass(slots=True)
class Traffic:
    """Keeps a line at a load.

    Attributes:
        line: the bus.
        load: wished share of the time in which it is busy, own frames included, 0 to 1.
        extended: whether the units use 29 bits.
        draws: payloads and moments.
    """

    line: Line
    load: float
    extended: bool
    draws: Draws
    _turn: int = 0
    _owed_ns: float = 0.0

    def fill(self, begin_ns: int, until_ns: int, own_ns: int) -> None:
        """Submit frames for a stretch in which own frames take `own_ns`."""
        span = until_ns - begin_ns
        self._owed_ns += self.load * span - own_ns
        most = max(0, int(self._owed_ns * self.line.bit_rate / SHORTEST_BITS / 1e9))
        rows = self.draws.uniform(most, 9)
        frames = []
        for row in rows:
            frame = self._frame(bytes((row[1:] * 256.0).astype("u1").tolist()))
            bits = length_of(frame.frame_id, extended=frame.extended, data=frame.data)
            taken = bits.duration_ns(self.line.bit_rate, self.line.bit_rate)
            if taken > self._owed_ns:
                break
            self._owed_ns -= taken
            frames.append((begin_ns + int(row[0] * span), frame))
        for moment, frame in frames:
            self.line.submit(moment, frame, NODE, ordered=False)

    def _frame(self, data: bytes) -> PackFrame:
        self._turn = (self._turn + 1) % UNITS
        frame_id = 0x040 + 0x2B * self._turn
        if self.extended:
            frame_id = 0x08F00000 + (0x00400000 * self._turn) | 0x21
        return PackFrame(frame_id, self.extended, data)
