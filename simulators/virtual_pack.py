"""One simulated pack on a bus of its own: what a test of a gateway or a charger talks to.

A model, an age and a current enter; frames, the BMS's readings and the truth behind them leave.
Nobody waits unless asked to: equal arguments and equal calls give equal frames.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from typing import Final

import can
import numpy as np

import can_decoder
from packtrail.codes import PackCode
from packtrail.language import Text
from packtrail.times import parse_time
from simulators.ageing import refuse_impossible
from simulators.bms import Bms, BmsReading
from simulators.broadcast import TimedFrame
from simulators.buses import SlotBuses, bus_arguments
from simulators.clock import StationClock, count_ticks, wait_ticks
from simulators.dialects import DIALECTS
from simulators.draws import Draws
from simulators.errors import SimulationError
from simulators.models import PackModel, find_model
from simulators.pack import Pack, Packs
from simulators.wire.diagnosis import DiagnosticNode, identity_of
from simulators.wire.slot_bus import SlotBus

LONGEST_STEP_S: Final = 2.0
SLOT: Final = "1"
INSTRUMENTS, TRAFFIC = 51, 52
JITTER_NS: Final = 400_000
MADE_ON: Final = date(2025, 6, 1)


class VirtualPack:
    """A pack, its BMS and its bus.

    Args:
        channel: of the python-can bus that `open` makes.
        model: a pack model or the name of one, see `simulators.models`.
        soc: true state of charge to begin with, fraction.
        lithium_loss: age, as the fraction of lithium lost, 0 for a fresh pack.
        temperature_c: of its cells to begin with.
        seed: of cells, instruments and other units on the bus.
        speed: pack seconds per bus second.
        load: share of the time in which the bus is busy; 0 for the pack alone.
        interface: of python-can.
        start: UTC of the first frame, RFC 3339.

    Raises:
        SimulationError: no such model, or a pack that cannot be.
    """

    def __init__(
        self,
        channel: str,
        *,
        model: PackModel | str = "SXA-96N150",
        soc: float = 0.5,
        lithium_loss: float = 0.05,
        temperature_c: float = 25.0,
        seed: int = 7,
        speed: float = 1.0,
        load: float = 0.0,
        interface: str = "virtual",
        start: str = "2026-04-01T00:00:00Z",
    ) -> None:
        self.model = find_model(model) if isinstance(model, str) else model
        self.interface, self.channel = interface, channel
        self.clock = StationClock(parse_time(start), speed)
        self._check(soc, lithium_loss)
        self._pack = Pack.draw(_code(self.model, seed), self.model, lithium_loss, seed)
        self._packs = Packs([self._pack], [soc], [temperature_c])
        self._bms = Bms(self.model, self._pack.true_soh, soc, seed + INSTRUMENTS)
        dialect = DIALECTS[self.model.dialect]
        self._voice = dialect.make(self.model, can_decoder.load(dialect.path))
        self._line = SlotBus.of(0, dialect, load, Draws(seed, TRAFFIC))
        self._jitter = Draws(seed, INSTRUMENTS)
        self._tick = 0
        self._buses: SlotBuses | None = None
        self._listeners: list[can.BusABC] = []
        self._diagnosis: DiagnosticNode | None = None
        self.reading = self._read(0.0)

    @property
    def code(self) -> str:
        """Its GB/T 34014 code."""
        return self._pack.code

    @property
    def profile(self) -> str:
        """Name of the decoder profile that understands its frames."""
        return DIALECTS[self.model.dialect].profile

    @property
    def true_soh(self) -> float:
        """Mean cell capacity over the rating, fraction."""
        return self._pack.true_soh

    @property
    def true_soc(self) -> float:
        """True mean state of charge, fraction."""
        return self._packs.mean_soc(0)

    @property
    def bus_load(self) -> float:
        """Share of the time so far in which the bus was busy."""
        return self._line.load

    def open(self) -> None:
        """Put the pack on its bus: what `run` and `live` make is sent there from now on.

        Raises:
            SimulationError: the bus cannot be opened.
        """
        if self._buses is None:
            self._buses = SlotBuses(self.interface, self.channel, [SLOT])

    def listen(self) -> can.BusABC:
        """Another node on the pack's bus, shut down with the pack; opens the pack's own."""
        self.open()
        bus = can.Bus(**bus_arguments(self.interface, self.channel, SLOT))
        self._listeners.append(bus)
        return bus

    def diagnose(self, vin: str = "") -> DiagnosticNode:
        """Let the BMS answer UDS (requests 0x7E4, answers 0x7EC) until the pack is closed.

        Args:
            vin: of the vehicle that it says to be in.
        """
        if self._diagnosis is not None:
            self._diagnosis.close()
        self.open()
        bus = can.Bus(**bus_arguments(self.interface, self.channel, SLOT))
        told = identity_of(self.code, self.model, vin)
        self._diagnosis = DiagnosticNode(bus, lambda: told)
        return self._diagnosis

    def run(
        self, seconds: float, current_a: float = 0.0, coolant_c: float = 25.0
    ) -> list[TimedFrame]:
        """Let time pass as fast as it can be computed.

        Args:
            seconds: of the bus; the pack lives `speed` times as long.
            current_a: charge positive.
            coolant_c: temperature of what cools it.

        Returns:
            What the bus carried, in order of time; sent as well where the pack is open.

        Raises:
            SimulationError: the pack left what is physical; says which cell and quantity.
        """
        frames: list[TimedFrame] = []
        for _ in count_ticks(seconds):
            frames += self._pass(current_a, coolant_c)
        return frames

    def live(
        self,
        seconds: float | None = None,
        current_a: float = 0.0,
        coolant_c: float = 25.0,
        stop: threading.Event | None = None,
    ) -> int:
        """The same by the clock, until `seconds` have passed or `stop` is set; frames sent."""
        self.open()
        ticks = wait_ticks(seconds, stop or threading.Event())
        return sum(len(self._pass(current_a, coolant_c)) for _ in ticks)

    def close(self) -> None:
        """Leave the bus, and shut every listener down."""
        if self._diagnosis is not None:
            self._diagnosis.close()
            self._diagnosis = None
        for bus in self._listeners:
            bus.shutdown()
        if self._buses is not None:
            self._buses.close()
        self._listeners, self._buses = [], None

    def _pass(self, current_a: float, coolant_c: float) -> list[TimedFrame]:
        """One tick: physics, measurement, frames."""
        tick_s = self.clock.tick_s
        parts = max(1, int(np.ceil(tick_s / LONGEST_STEP_S)))
        for _ in range(parts):
            current, coolant = np.array([current_a]), np.array([coolant_c])
            self._packs.step(current, coolant, tick_s / parts)
            self._bms.count(current_a, tick_s / parts)
        self._packs.check()
        self.reading = self._read(current_a)
        frames = list(self._frames())
        self._tick += 1
        if self._buses is not None:
            for timed in frames:
                self._buses.send(timed)
        return frames

    def _frames(self) -> Iterator[TimedFrame]:
        begin_ns = self.clock.tick_ns(self._tick)
        late_ns = int(float(self._jitter.uniform(1)[0]) * JITTER_NS)
        burst = self._voice.burst(self.reading, self._tick)
        for after_ns, frame in self._line.tick(self._tick, burst, late_ns):
            yield TimedFrame(begin_ns + after_ns, SLOT, frame)

    def _read(self, current_a: float) -> BmsReading:
        return self._bms.read(self._packs.observe(np.array([current_a]))[0])

    def _check(self, soc: float, lithium_loss: float) -> None:
        refuse_impossible(self.model.cells, np.array([self.model.rated_ah]))
        for name, value, high in (("soc", soc, 1.0), ("lithium_loss", lithium_loss, 0.6)):
            if not 0.0 <= value <= high:
                what = Text("{name} {value:g} cannot be", "{name} 不可能为 {value:g}")
                raise SimulationError(
                    what.fill(name=name, value=value),
                    where=self.model.name,
                    hint=Text(f"give 0 to {high:g}", f"请给出 0 至 {high:g}"),
                )
        if not 1 <= self.model.probes <= self.model.cells:
            raise SimulationError(
                Text(
                    "a pack has 1 probe or more, and no more than cells",
                    "温度探头数应在 1 与电芯数之间",
                ),
                where=f"{self.model.name}: {self.model.probes}",
            )


def _code(model: PackModel, seed: int) -> str:
    return PackCode.make(
        maker=model.maker,
        chemistry=model.chemistry.letter,
        made_on=MADE_ON,
        serial=seed % 99_998 + 1,
        specification=model.specification,
        traceability="7K20A00",
    ).text
