"""What the buses of a station carry: frames of every pack in a slot, with station times.

A station and a tick enter, timed frames leave in order of time. Frames of a burst follow each
other as fast as a bus carries them, whatever the speed, so that a burst is one moment of a pack.
Slots talk in different phases, so that bursts of cell voltages do not fall together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import can_decoder
from can_decoder import Database
from packtrail.times import NS_PER_S
from simulators.cadence import STATUS_PER_S
from simulators.clock import StationClock
from simulators.dialects import DIALECTS, Dialect, PackFrame
from simulators.models import PackModel
from simulators.station import Station

FRAME_GAP_S: Final = {False: 0.0003, True: 0.0006}
"""Time that a frame takes: 8 bytes at 500 kbit/s with 11 bits, at 250 kbit/s with 29 bits."""


class TimedFrame(NamedTuple):
    """A frame on the bus of a slot.

    Attributes:
        t_ns: UTC, station time.
        slot: whose bus.
        frame: what is on it.
    """

    t_ns: int
    slot: str
    frame: PackFrame


class Broadcast:
    """The BMSs' voices; each keeps its counter while its pack is away.

    Args:
        station: whose packs speak.
        clock: gives the times.
    """

    def __init__(self, station: Station, clock: StationClock) -> None:
        self._station = station
        self._clock = clock
        self._databases: dict[str, Database] = {}
        self._voices: dict[int, Dialect] = {}

    def frames(self, tick: int) -> list[TimedFrame]:
        """Everything that is sent in a tick, in order of time."""
        return sorted(self._frames(tick), key=lambda timed: timed.t_ns)

    def _frames(self, tick: int) -> Iterator[TimedFrame]:
        begin_ns = self._clock.tick_ns(tick)
        for phase, slot in enumerate(self._station.slots):
            reading = self._station.reading(slot)
            if reading is None or slot.pack is None:
                continue
            gap_ns = 0
            for frame in self._voice(slot.pack).burst(reading, tick + phase * 3 % STATUS_PER_S):
                yield TimedFrame(begin_ns + gap_ns, slot.name, frame)
                gap_ns += round(FRAME_GAP_S[frame.extended] * NS_PER_S)

    def _voice(self, pack: int) -> Dialect:
        if pack not in self._voices:
            model = self._station.fleet.packs.packs[pack].model
            self._voices[pack] = DIALECTS[model.dialect].make(model, self._database(model))
        return self._voices[pack]

    def _database(self, model: PackModel) -> Database:
        if model.dialect not in self._databases:
            self._databases[model.dialect] = can_decoder.load(DIALECTS[model.dialect].path)
        return self._databases[model.dialect]
