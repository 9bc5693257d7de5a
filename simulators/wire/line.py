"""One bus: nodes ask, arbitration decides, frames leave one after the other.

Time is that of the bus, integer nanoseconds from its beginning. A node that loses waits and
asks again at the end of the frame that won; nothing is lost however full the bus is, it is late.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from simulators.frames import PackFrame
from simulators.wire.bits import arbitration_key, length_of


class Carried(NamedTuple):
    """A frame that went over the bus.

    Attributes:
        t_ns: bus time of its end, when receivers have it.
        frame: what it was.
        waited_ns: from the wish to send to the start of the frame.
    """

    t_ns: int
    frame: PackFrame
    waited_ns: int


class _Wish(NamedTuple):
    key: tuple[int, int, int]
    number: int
    release_ns: int
    frame: PackFrame


@dataclass(slots=True)
class Line:
    """A bus and what waits for it.

    A node with `submit(..., ordered=True)` has one queue and sends in its order (as a driver with
    a software queue does); otherwise every frame of it competes by its identifier.

    Attributes:
        bit_rate: of arbitration, bit/s.
        data_bit_rate: of CAN FD payloads, bit/s.
        busy_ns: time in which frames were on the bus, intermissions included.
        frames: how many there were.
        longest_wait_ns: of any frame.
        now_ns: up to where it has been carried.
    """

    bit_rate: int
    data_bit_rate: int = 0
    busy_ns: int = 0
    frames: int = 0
    longest_wait_ns: int = 0
    now_ns: int = 0
    _free_ns: int = 0
    _number: int = 0
    _queues: dict[str, deque[_Wish]] = field(default_factory=dict)
    _later: list[tuple[int, int, _Wish]] = field(default_factory=list)
    _asking: list[_Wish] = field(default_factory=list)

    def submit(self, release_ns: int, frame: PackFrame, node: str, *, ordered: bool = True) -> None:
        """A node wants to send `frame` from `release_ns` on."""
        key = arbitration_key(frame.frame_id, extended=frame.extended)
        self._number += 1
        wish = _Wish(key, self._number, release_ns, frame)
        if ordered:
            self._queues.setdefault(node, deque()).append(wish)
        else:
            heapq.heappush(self._later, (release_ns, self._number, wish))

    def drop(self, node: str) -> int:
        """A node has left; how many of its frames were still waiting."""
        return len(self._queues.pop(node, ()))

    @property
    def waiting(self) -> int:
        """Frames that have not been sent."""
        return len(self._later) + len(self._asking) + sum(map(len, self._queues.values()))

    def carry(self, until_ns: int) -> list[Carried]:
        """The frames that end before `until_ns`, in order of time."""
        carried = []
        while (done := self.carry_one(until_ns)) is not None:
            carried.append(done)
        return carried

    def carry_one(self, until_ns: int) -> Carried | None:
        """The next frame that ends before `until_ns`, None if there is none."""
        self.now_ns = max(self.now_ns, until_ns)
        start = self._next_start()
        if start is None or start >= until_ns:
            return None
        self._free_ns = start  # idle until somebody asked
        wish, queue = self._winner(start)
        frame = wish.frame
        bits = length_of(frame.frame_id, extended=frame.extended, data=frame.data, fd=frame.fd)
        end = start + bits.duration_ns(self.bit_rate, self.data_bit_rate or self.bit_rate)
        if end > until_ns:
            return None
        if queue is None:
            heapq.heappop(self._asking)
        else:
            queue.popleft()
        self._free_ns = end
        self.busy_ns += end - start
        self.frames += 1
        waited = start - wish.release_ns
        self.longest_wait_ns = max(self.longest_wait_ns, waited)
        return Carried(end, frame, waited)

    def _next_start(self) -> int | None:
        """When the next frame can begin, None if nobody asks."""
        if self._asking:
            return self._free_ns
        first = [queue[0].release_ns for queue in self._queues.values() if queue]
        first += [self._later[0][0]] if self._later else []
        return max(min(first), self._free_ns) if first else None

    def _winner(self, start: int) -> tuple[_Wish, deque[_Wish] | None]:
        """Who asks at `start` with the lowest identifier, and its queue if it has one."""
        while self._later and self._later[0][0] <= start:
            heapq.heappush(self._asking, heapq.heappop(self._later)[2])
        best = self._asking[0] if self._asking else None
        source: deque[_Wish] | None = None
        for queue in self._queues.values():
            if queue and queue[0].release_ns <= start and (best is None or queue[0] < best):
                best, source = queue[0], queue
        assert best is not None, "somebody asked for this moment"
        return best, source
