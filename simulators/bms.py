"""The battery management system: what a pack says of itself, which is not the truth.

The truth of a pack enters, a `BmsReading` leaves: measured with a gain error, an offset, noise
and coarse steps, and a state of charge counted over the capacity that the BMS believes in.
Alarms and limits follow from the readings, as in a real pack, and not from the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.arithmetic import Floats
from simulators.draws import Draws
from simulators.models import PackModel
from simulators.pack import PackTruth

WARM_C: Final = 50.0
HOT_C: Final = 55.0
STOP_C: Final = 60.0
STOP_RELEASE_C: Final = 45.0
CHARGE_RATE: Final = 1.5
DISCHARGE_RATE: Final = 3.0
SPREAD_WARNING_V: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Sensors:
    """Errors of one pack's instruments, fixed when it was made.

    Attributes:
        current_gain: measured over true current.
        current_offset_a: what the sensor shows at no current.
        current_noise_a: standard deviation of one reading.
        cell_offset_v: [cells].
        cell_noise_v: standard deviation of one reading.
        probe_offset_c: [probes].
        insulation_ohm: of the pack against the chassis.
    """

    current_gain: float
    current_offset_a: float
    current_noise_a: float
    cell_offset_v: Floats
    cell_noise_v: float
    probe_offset_c: Floats
    insulation_ohm: float

    @classmethod
    def draw(cls, model: PackModel, draws: Draws) -> Sensors:
        """Errors of the size usual in vehicles: 0.5 % gain, 0.1 % of the rating offset."""
        return cls(
            current_gain=1.0 + 0.005 * float(draws.normal()),
            current_offset_a=0.001 * model.rated_ah * float(draws.normal()),
            current_noise_a=0.0005 * model.rated_ah,
            cell_offset_v=0.0005 * draws.normal(model.cells),
            cell_noise_v=0.0006,
            probe_offset_c=0.4 * draws.normal(model.probes),
            insulation_ohm=2e6 * float(draws.lognormal(0.2)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class BmsReading:
    """What goes on the bus; charge current positive, whatever the dialect makes of it.

    Attributes:
        pack_voltage_v: sum of the measured cells.
        pack_current_a: measured.
        soc_pct: what the BMS believes.
        soh_pct: what the BMS believes.
        capacity_ah: what the BMS believes.
        cell_voltage_v: [cells], measured.
        temperature_c: [probes], measured.
        charge_limit_a: what the BMS lets a charger give.
        discharge_limit_a: what it lets a vehicle take.
        charge_voltage_limit_v: highest pack voltage it allows.
        insulation_ohm: measured.
        alarm_level: 0 none, 1 warning, 2 serious, 3 stop.
        charge_throughput_ah: charged since it was made, as counted.
    """

    pack_voltage_v: float
    pack_current_a: float
    soc_pct: float
    soh_pct: float
    capacity_ah: float
    cell_voltage_v: Floats
    temperature_c: Floats
    charge_limit_a: float
    discharge_limit_a: float
    charge_voltage_limit_v: float
    insulation_ohm: float
    alarm_level: int
    charge_throughput_ah: float


class Bms:
    """One pack's BMS: its instruments, its beliefs and what it has latched.

    Args:
        model: the pack's type.
        true_soh: what the pack is really worth; the BMS believes something near it.
        true_soc: state of charge to begin with, fraction; believed with an error too.
        seed: of its instruments' errors and of their noise.
    """

    def __init__(self, model: PackModel, true_soh: float, true_soc: float, seed: int) -> None:
        self._draws = Draws(seed)
        self.model = model
        self.sensors = Sensors.draw(model, self._draws)
        believed = true_soh + 0.025 * float(self._draws.normal())
        self.soh = float(np.clip(believed, 0.5, 1.0))
        self.soc = float(np.clip(true_soc + 0.015 * float(self._draws.normal()), 0.0, 1.0))
        self.throughput_ah = model.rated_ah * (40.0 + 860.0 * float(self._draws.uniform()))
        self.stopped = False
        self._probes = np.array(model.probe_cells, np.intp)

    @property
    def capacity_ah(self) -> float:
        """The capacity that the BMS counts over."""
        return self.soh * self.model.rated_ah

    def count(self, current_a: float, seconds: float) -> None:
        """Count the charge of a step as the current sensor saw it."""
        seen_a = current_a * self.sensors.current_gain + self.sensors.current_offset_a
        moved_ah = seen_a * seconds / 3600.0
        self.soc = min(max(self.soc + moved_ah / self.capacity_ah, 0.0), 1.0)
        self.throughput_ah += max(moved_ah, 0.0)

    def read(self, truth: PackTruth) -> BmsReading:
        """Measure, judge and report; resets the state of charge when the pack is full."""
        current, volts, warmth = self._measure(truth)
        hottest = float(warmth.max())
        self._judge_full(current, float(volts.max()))
        self.stopped = hottest >= STOP_C or (self.stopped and hottest >= STOP_RELEASE_C)
        return BmsReading(
            pack_voltage_v=float(volts.sum()),
            pack_current_a=current,
            soc_pct=100.0 * self.soc,
            soh_pct=100.0 * self.soh,
            capacity_ah=self.capacity_ah,
            cell_voltage_v=volts,
            temperature_c=warmth,
            charge_limit_a=self._charge_limit_a(hottest, float(warmth.min())),
            discharge_limit_a=0.0 if self.stopped else DISCHARGE_RATE * self.model.rated_ah,
            charge_voltage_limit_v=self.model.cells * self.model.chemistry.full_v,
            insulation_ohm=self.sensors.insulation_ohm,
            alarm_level=self._alarm_level(hottest, volts),
            charge_throughput_ah=self.throughput_ah,
        )

    def _measure(self, truth: PackTruth) -> tuple[float, Floats, Floats]:
        sensors = self.sensors
        noise = self._draws.normal(self.model.cells + 1)
        current = truth.current_a * sensors.current_gain + sensors.current_offset_a
        current += sensors.current_noise_a * float(noise[-1])
        volts = truth.cell_v + sensors.cell_offset_v + sensors.cell_noise_v * noise[:-1]
        warmth = truth.cell_c[self._probes] + sensors.probe_offset_c
        return float(current), np.round(volts, 3), np.round(2.0 * warmth) / 2.0

    def _judge_full(self, current_a: float, highest_v: float) -> None:
        """Full is when the highest cell is at its limit and hardly takes more."""
        tapered = 0.0 < current_a < 0.08 * self.model.rated_ah
        if tapered and highest_v >= self.model.chemistry.full_v - 0.006:
            self.soc = 1.0

    def _charge_limit_a(self, hottest: float, coldest: float) -> float:
        """Full rate up to 50 degC, 80 % of it just below the stop, nothing below freezing."""
        if self.stopped or coldest < 0.0:
            return 0.0
        warm = min(max((hottest - WARM_C) / (STOP_C - WARM_C), 0.0), 1.0)
        return CHARGE_RATE * self.model.rated_ah * (1.0 - 0.2 * warm)

    def _alarm_level(self, hottest: float, volts: Floats) -> int:
        chemistry = self.model.chemistry
        over = float(volts.max()) > chemistry.full_v + 0.05
        under = float(volts.min()) < chemistry.empty_v
        if self.stopped or over:
            return 3
        if hottest >= HOT_C or under:
            return 2
        return int(hottest >= WARM_C or float(np.ptp(volts)) > SPREAD_WARNING_V)
