"""The post itself: pack, vehicle, charger and the bus between them, moment by moment.

Time is that of the dialogue. The loop goes from one thing that is due to the next, so a frame is
answered when it has ended and not before; the pack's physics runs in steps of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from simulators.arithmetic import Floats
from simulators.bms import Bms, BmsReading
from simulators.chargepost.charger import Charger, Rating
from simulators.chargepost.faults import Faults
from simulators.chargepost.payloads import Identity
from simulators.chargepost.side import MS, S, Side
from simulators.chargepost.vehicle import FULL_SOC_PCT, Vehicle
from simulators.charging import CHARGE_RATE
from simulators.frames import PackFrame
from simulators.pack import Pack, Packs
from simulators.wire.line import Line

BIT_RATE: Final = 250_000
COOLANT_C: Final = 25.0
RAMP_A_PER_S: Final = 20.0
FOREIGN: Final = PackFrame(0x18FF50E5, True, bytes.fromhex("0102030405060708"))
"""A vendor's frame between other addresses."""
PARTED_S: Final = 30.0
LONGEST_S: Final = 6 * 3600.0


@dataclass(slots=True)
class Record:
    """What happened, second by second, for the overview."""

    seconds: list[float] = field(default_factory=list)
    current_a: list[float] = field(default_factory=list)
    pack_v: list[float] = field(default_factory=list)
    soc_pct: list[float] = field(default_factory=list)
    hottest_c: list[float] = field(default_factory=list)

    def columns(self) -> dict[str, Floats]:
        """As arrays."""
        names = ("seconds", "current_a", "pack_v", "soc_pct", "hottest_c")
        return {name: np.array(getattr(self, name)) for name in names}


class Post:
    """One charging session.

    Args:
        pack: what is charged.
        vin: of the vehicle, or "".
        soc: true state of charge at the beginning, fraction.
        seed: of the BMS's errors.
        start_ns: UTC of the beginning.
        faults: what goes wrong.
        full_soc_pct: where the BMS stops by its own count.
        rating: of the charger.
    """

    def __init__(
        self,
        pack: Pack,
        vin: str,
        soc: float,
        seed: int,
        start_ns: int,
        faults: Faults,
        full_soc_pct: float = FULL_SOC_PCT,
        rating: Rating | None = None,
    ) -> None:
        self.pack = pack
        self.record = Record()
        self.line = Line(BIT_RATE)
        self._packs = Packs([pack], [soc], [COOLANT_C])
        self._bms = Bms(pack.model, pack.true_soh, soc, seed)
        self._current_a = 0.0
        self._parted_ns = 0
        self._reading = self._read()
        identity = Identity(pack, vin, charges=100 + seed % 900)
        self.vehicle = Vehicle(identity, self._present, full_soc_pct, faults)
        self.charger = Charger(rating or Rating(), faults, start_ns)
        self._foreign = "foreign_frames" in faults.quirks

    @property
    def errors(self) -> list[str]:
        """Timeouts that either side named, `BEM.` or `CEM.` before each."""
        told = [f"BEM.{name}" for name in self.vehicle.errors]
        return told + [f"CEM.{name}" for name in self.charger.errors]

    def run(self, watch: Callable[[float], None] | None = None) -> Iterator[tuple[int, PackFrame]]:
        """Frames with their nanoseconds after the beginning, until the dialogue is over.

        Args:
            watch: told every simulated second.

        Raises:
            SimulationError: the pack left physical bounds.
        """
        now, physics = 0, S
        while not self._is_over(now) and now < LONGEST_S * S:
            for side in (self.vehicle, self.charger):
                if side.next_ns <= now and not side.over:
                    side.poll(now)
            self._submit(now)
            until = min(self._next(now), physics)
            carried = self.line.carry_one(until)
            if carried is not None:
                now = carried.t_ns
                yield now, carried.frame
                self._deliver(carried.frame, now)
                continue
            now = until
            if now >= physics:
                physics += S
                self._step(now)
                if watch is not None:
                    watch(now / S)

    def _is_over(self, now: int) -> bool:
        """Both have done, or one has and the other does not notice."""
        if self.vehicle.over and self.charger.over:
            return True
        if not (self.vehicle.over or self.charger.over):
            return False
        self._parted_ns = self._parted_ns or now
        return now - self._parted_ns > PARTED_S * S

    def _next(self, now: int) -> int:
        times = [side.next_ns for side in (self.vehicle, self.charger) if not side.over]
        return max(min(times, default=now + S), now + MS)

    def _submit(self, now: int) -> None:
        for name, side in (("vehicle", self.vehicle), ("charger", self.charger)):
            while side.port.outbox:
                self.line.submit(now, side.port.outbox.popleft(), name)

    def _deliver(self, frame: PackFrame, now: int) -> None:
        side: Side = self.vehicle if frame.frame_id & 0xFF == self.charger.port.source else (
            self.charger
        )  # fmt: skip
        side.hear(frame, now)

    def _step(self, now: int) -> None:
        """A second of the pack, and what the charger's meter and both watchdogs make of it."""
        limit = np.full(1, self.pack.model.chemistry.full_v - 0.005)
        regulated = float(self._packs.voltage_current(limit)[0])
        wanted = min(self.charger.demand_a, self.vehicle.demand_a, max(regulated, 0.0))
        wanted = wanted if self.charger.is_on else 0.0
        self._current_a = min(wanted, self._current_a + RAMP_A_PER_S)
        self._packs.step(np.full(1, self._current_a), np.full(1, COOLANT_C), 1.0)
        self._packs.check()
        self._bms.count(self._current_a, 1.0)
        self._reading = self._read()
        self.charger.deliver(self._reading.pack_voltage_v, self._current_a, 1.0)
        self.vehicle.now_ns = self.charger.now_ns = now
        if self._charged(regulated):
            self.vehicle.stop_full()
        self.vehicle.watch()
        self.charger.watch()
        if self._foreign:
            self.line.submit(now, FOREIGN, "others")
        record = self.record
        record.seconds.append(now / S)
        record.current_a.append(self._current_a)
        record.pack_v.append(self._reading.pack_voltage_v)
        record.soc_pct.append(self._reading.soc_pct)
        record.hottest_c.append(float(self._reading.temperature_c.max()))

    def _charged(self, regulated_a: float) -> bool:
        """The highest cell is full: hardly any current flows at its limit."""
        model = self.pack.model
        return regulated_a < 0.05 * CHARGE_RATE[model.chemistry.name] * model.rated_ah

    def _read(self) -> BmsReading:
        return self._bms.read(self._packs.observe(np.full(1, self._current_a))[0])

    def _present(self) -> BmsReading:
        return self._reading
