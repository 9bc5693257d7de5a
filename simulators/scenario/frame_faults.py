"""Faults on the buses and in the sensors of a station, carried out at the station's ticks.

They lie between the truth and the gateway: a reading is altered before its BMS sends it, a frame
before it reaches the bus. Equal seeds and scripts give equal frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from simulators.arithmetic import exponential
from simulators.bms import BmsReading
from simulators.broadcast import TimedFrame
from simulators.clock import TICKS_PER_S
from simulators.draws import Draws
from simulators.frames import PackFrame
from simulators.scenario.script import (
    BusOff,
    CutTransport,
    Deed,
    DriftingSensor,
    Flood,
    Runaway,
    SilentBus,
    StuckSensor,
    WrongBitRate,
)

FLOOD_STREAM: Final = 51
DATA_PACKETS: Final = 0xEB
"""PDU format of TP.DT, SAE J1939-21 clause 5.10.2.1."""
FALL_V_PER_MIN: Final = 0.04
INSULATION_PER_MIN: Final = 0.4
ERROR: Final = PackFrame(0x88, extended=True, data=b"", error=True)
"""A protocol violation (CAN_ERR_PROT) that the bus has seen (CAN_ERR_BUSERROR)."""
TRIES: Final = 32
"""The transmit error counter rises by 8 each, and beyond 255 is bus-off (ISO 11898-1, 12.1.4)."""
TRY_NS: Final = 500_000
ON_SLOT: Final = (
    StuckSensor,
    DriftingSensor,
    Runaway,
    SilentBus,
    Flood,
    CutTransport,
    BusOff,
    WrongBitRate,
)


@dataclass
class BusFaults:
    """The deeds of a script that happen on slots.

    Attributes:
        deeds: of the script; those on processes and the network are left alone.
        seed: of the flood's frames.
        speed: station seconds per real second.
    """

    deeds: Sequence[Deed]
    seed: int
    speed: float
    _tick: int = 0
    _kept: dict[int, object] = field(default_factory=dict)
    _packets: int = 0

    def begin(self, tick: int) -> None:
        """A tick begins."""
        self._tick = tick

    def alter(self, slot: str, reading: BmsReading) -> BmsReading:
        """What the BMS of a slot says instead of what it measured."""
        for number, deed in self._due(slot):
            minutes = (self._tick / TICKS_PER_S - deed.at_s) * self.speed / 60.0
            match deed:
                case StuckSensor(quantity=name):
                    kept = self._kept.setdefault(number, getattr(reading, name))
                    reading = _with(reading, name, kept)
                case DriftingSensor(quantity=name, per_min=rate):
                    reading = _with(reading, name, getattr(reading, name) + rate * minutes)
                case Runaway(kelvin_per_min=rate):
                    reading = _run_away(reading, rate * minutes, minutes)
                case _:
                    continue
        return reading

    def pass_on(self, timed: Sequence[TimedFrame]) -> Iterator[TimedFrame]:
        """The frames of a tick as they reach the buses."""
        for one in timed:
            due = [deed for _, deed in self._due(one.slot)]
            if any(isinstance(deed, WrongBitRate) for deed in due):
                yield one._replace(frame=ERROR)
            elif not any(self._swallows(deed, one) for deed in due):
                yield one
        t_ns = timed[0].t_ns if timed else 0
        yield from self._attempts(t_ns)
        yield from self._floods(t_ns)

    def _due(self, slot: str) -> Iterator[tuple[int, Deed]]:
        now_s = self._tick / TICKS_PER_S
        for number, deed in enumerate(self.deeds):
            if isinstance(deed, ON_SLOT) and deed.slot == slot:
                if deed.at_s <= now_s < deed.at_s + deed.for_s:
                    yield number, deed
                else:
                    self._kept.pop(number, None)

    def _swallows(self, deed: Deed, timed: TimedFrame) -> bool:
        if isinstance(deed, SilentBus | BusOff):
            return True
        if not isinstance(deed, CutTransport):
            return False
        frame = timed.frame
        if not frame.extended or frame.frame_id >> 16 & 0xFF != DATA_PACKETS:
            return False
        self._packets += 1
        return self._packets % 3 == 0

    def _attempts(self, t_ns: int) -> Iterator[TimedFrame]:
        """What others see of controllers that try to come back to their buses."""
        for number, deed in enumerate(self.deeds):
            if not isinstance(deed, BusOff) or (number, deed) not in self._due(deed.slot):
                continue
            ticks = self._tick - round(deed.at_s * TICKS_PER_S)
            if t_ns and ticks % max(1, round(deed.restart_s * TICKS_PER_S)) == 0:
                for n in range(TRIES):
                    yield TimedFrame(t_ns + n * TRY_NS, deed.slot, ERROR)

    def _floods(self, t_ns: int) -> Iterator[TimedFrame]:
        for slot in {deed.slot for deed in self.deeds if isinstance(deed, Flood)}:
            for number, deed in self._due(slot):
                if isinstance(deed, Flood) and t_ns:
                    count = deed.frames_per_s // TICKS_PER_S
                    draws = Draws(self.seed, FLOOD_STREAM, number, self._tick)
                    payload = (draws.uniform(count * 8) * 256).astype(np.uint8).tobytes()
                    for n in range(count):
                        data = payload[8 * n : 8 * n + 8]
                        yield TimedFrame(t_ns + n * 250_000, slot, PackFrame(0, False, data))


def _with(reading: BmsReading, name: str, value: Any) -> BmsReading:
    return replace(reading, **{name: value})


def _run_away(reading: BmsReading, kelvin: float, minutes: float) -> BmsReading:
    """The first probe warms, the first cell falls, and the insulation goes with them."""
    volts, warmth = reading.cell_voltage_v.copy(), reading.temperature_c.copy()
    volts[0] = max(volts[0] - FALL_V_PER_MIN * minutes, 0.0)
    warmth[0] = min(warmth[0] + kelvin, 200.0)
    return replace(
        reading,
        cell_voltage_v=volts,
        temperature_c=warmth,
        pack_voltage_v=float(volts.sum()),
        insulation_ohm=reading.insulation_ohm * float(exponential(-INSULATION_PER_MIN * minutes)),
    )
