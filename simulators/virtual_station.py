"""A simulated swap station in the hands of a test: time passes when the test says so.

Settings enter; frames of all slots, the controller's acts and the truth leave. It is the station
of `packtrail simulate station`, on a virtual bus, in a log file, or told to a gateway.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import can

from simulators.acts import Act, Swapped
from simulators.broadcast import TimedFrame
from simulators.buses import SlotBuses, bus_arguments
from simulators.clock import count_ticks
from simulators.run import StationRun
from simulators.settings import StationSettings


class VirtualStation:
    """A station and its buses.

    Args:
        settings: see `simulators.settings`.
    """

    def __init__(self, settings: StationSettings) -> None:
        self.settings = settings
        self.simulation = StationRun(settings)
        self.frames: list[TimedFrame] = []
        self._tick = 0
        self._buses: SlotBuses | None = None
        self._listeners: list[can.BusABC] = []
        self.simulation.acts += self.simulation.station.opening()

    @property
    def slots(self) -> list[str]:
        """Names of its slots."""
        return [slot.name for slot in self.simulation.station.slots]

    @property
    def acts(self) -> list[Act]:
        """What its controller would have told a gateway so far."""
        return self.simulation.acts

    @property
    def swaps(self) -> int:
        """Swaps that are done."""
        return sum(isinstance(act, Swapped) for act in self.acts)

    @property
    def now_s(self) -> float:
        """Station seconds since its start."""
        return self.simulation.station.now_s

    def truth(self) -> dict[str, Any]:
        """What a perfect observer would know: packs with their true health, and all acts."""
        return self.simulation.truth()

    def channel(self, slot: str) -> str:
        """Channel of a slot's bus."""
        return self.settings.bus.channel.format(slot=slot)

    def open(self) -> None:
        """Open a bus for each slot: what `run` makes is sent there from now on.

        Raises:
            SimulationError: a bus cannot be opened.
        """
        if self._buses is None:
            bus = self.settings.bus
            self._buses = SlotBuses(bus.interface, bus.channel, self.slots)

    def listen(self, slot: str) -> can.BusABC:
        """Another node on the bus of a slot, shut down with the station; opens all buses."""
        self.open()
        bus = self.settings.bus
        listener = can.Bus(**bus_arguments(bus.interface, bus.channel, slot))
        self._listeners.append(listener)
        return listener

    def run(self, minutes: float) -> list[TimedFrame]:
        """Let so many station minutes pass as fast as they can be computed; their frames.

        Raises:
            SimulationError: a pack left what is physical; says which pack, cell and quantity.
        """
        begun = len(self.frames)
        for _ in count_ticks(minutes * 60.0 / self.simulation.clock.speed):
            self.simulation.tick(self._tick, self)
            self._tick += 1
        return self.frames[begun:]

    def send(self, timed: TimedFrame) -> None:
        """Keep a frame, and send it where the buses are open."""
        self.frames.append(timed)
        if self._buses is not None:
            self._buses.send(timed)

    @contextmanager
    def live(self) -> Iterator[StationRun]:
        """A station of its own by the clock, in a thread, for the length of a `with`.

        It drives the buses and tells the gateway of `controller`, as the settings say.

        Raises:
            SimulationError: what stopped the station, raised at the end of the `with`.
        """
        run, stop = StationRun(self.settings), threading.Event()
        failures: list[Exception] = []

        def work() -> None:
            try:
                run.go_live(stop)
            except Exception as error:  # noqa: BLE001 - raised again in the test's own thread
                failures.append(error)

        thread = threading.Thread(target=work, name="station", daemon=True)
        thread.start()
        try:
            yield run
        finally:
            stop.set()
            thread.join()
        if failures:
            raise failures[0]

    def write_log(self, path: Path, seconds: float) -> None:
        """Write `seconds` of the buses from the beginning to a log; see `StationRun.write_log`."""
        StationRun(self.settings).write_log(path, seconds)

    def close(self) -> None:
        """Shut the buses and every listener down."""
        for bus in self._listeners:
            bus.shutdown()
        if self._buses is not None:
            self._buses.close()
        self._listeners, self._buses = [], None
