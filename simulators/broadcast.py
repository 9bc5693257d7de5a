"""What the buses of a station carry: frames of every pack in a slot, with station times.

A station and a tick enter, timed frames leave in order of time. Frames of a burst follow each
other as fast as arbitration and bit rate let them, whatever the speed, so that a burst is one
moment of a pack; what a full bus does not carry within a tick goes out in the next.
Slots talk in different phases, so that bursts of cell voltages do not fall together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import can_decoder
from can_decoder import Database
from simulators.bms import BmsReading
from simulators.cadence import STATUS_PER_S
from simulators.clock import StationClock
from simulators.dialects import DIALECTS, Dialect
from simulators.draws import Draws
from simulators.frames import PackFrame
from simulators.models import PackModel
from simulators.station import Station
from simulators.wire.slot_bus import SlotBus

JITTER_STREAM, TRAFFIC_STREAM = 41, 42
JITTER_NS: Final = 400_000
"""Most that a BMS's task begins later than its period says."""


Alter = Callable[[str, BmsReading], BmsReading]


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

    Every slot has a bus of its own, with the bit rate of the pack's dialect and, where `load` is
    given, with other units that fill it up.

    Args:
        station: whose packs speak.
        clock: gives the times.
        seed: of jitter and of the other units.
        load: share of the time in which a bus is to be busy; 0 for the pack alone.

    Attributes:
        alter: what a BMS says instead of what it read, given its slot; for faults by script.
    """

    def __init__(
        self, station: Station, clock: StationClock, seed: int = 0, load: float = 0.0
    ) -> None:
        self.alter: Alter = lambda _slot, reading: reading
        self._station = station
        self._clock = clock
        self._seed = seed
        self._load = load
        self._databases: dict[str, Database] = {}
        self._voices: dict[int, Dialect] = {}
        self._buses: dict[str, SlotBus] = {}
        self._jitter = Draws(seed, JITTER_STREAM)

    @property
    def buses(self) -> dict[str, SlotBus]:
        """The buses by slot, those on which something was sent."""
        return self._buses

    def frames(self, tick: int) -> list[TimedFrame]:
        """Everything that is sent in a tick, in order of time."""
        return sorted(self._frames(tick), key=lambda timed: timed.t_ns)

    def _frames(self, tick: int) -> Iterator[TimedFrame]:
        begin_ns = self._clock.tick_ns(tick)
        jitter = (self._jitter.uniform(len(self._station.slots)) * JITTER_NS).tolist()
        for phase, slot in enumerate(self._station.slots):
            reading = self._station.reading(slot)
            if reading is None or slot.pack is None:
                self._buses.pop(slot.name, None)
                continue
            bus = self._bus(slot.name, slot.pack, phase)
            burst = self._voice(slot.pack).burst(
                self.alter(slot.name, reading), tick + phase * 3 % STATUS_PER_S
            )
            for after_ns, frame in bus.tick(tick, burst, int(jitter[phase])):
                yield TimedFrame(begin_ns + after_ns, slot.name, frame)

    def _bus(self, slot: str, pack: int, phase: int) -> SlotBus:
        known = self._buses.get(slot)
        if known is None or known.pack != pack:
            dialect = DIALECTS[self._station.fleet.packs.packs[pack].model.dialect]
            draws = Draws(self._seed, TRAFFIC_STREAM, phase, pack)
            known = self._buses[slot] = SlotBus.of(pack, dialect, self._load, draws)
        return known

    def _voice(self, pack: int) -> Dialect:
        if pack not in self._voices:
            model = self._station.fleet.packs.packs[pack].model
            self._voices[pack] = DIALECTS[model.dialect].make(model, self._database(model))
        return self._voices[pack]

    def _database(self, model: PackModel) -> Database:
        if model.dialect not in self._databases:
            self._databases[model.dialect] = can_decoder.load(DIALECTS[model.dialect].path)
        return self._databases[model.dialect]
