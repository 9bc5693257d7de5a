"""A simulated vehicle: driven, rested and charged, and what it reports every half minute.

Equal seeds give equal messages. The truth (capacity over the rating) is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle
from typing import Final

import numpy as np

from can_decoder.gbt32960 import (
    Command,
    Edition,
    Login,
    Unit,
    build,
    build_login,
    build_report,
)
from packtrail.codes import PackCode
from packtrail.codes.identifiers import Vin
from packtrail.times import NS_PER_S
from simulators.bms import Bms, BmsReading
from simulators.draws import Draws
from simulators.models import ALL_MODELS, PackModel
from simulators.pack import Pack, Packs

REPORT_S: Final = 30
STEP_S: Final = 5.0
MADE_ON: Final = date(2025, 6, 1)
REST_S: Final = 1_800.0
DRIVE_RATE, CHARGE_RATE = 0.45, 0.45
EMPTY_PCT, FULL_PCT = 12.0, 95.0
COOLANT_C: Final = 25.0
CHECK_DIGITS: Final = "0123456789X"
ALARM_LEVELS: Final = 3


class SimulatedVehicle:
    """One vehicle with one pack.

    Args:
        number: tells it from others of one seed.
        edition: that it speaks.
        seed: of its pack, its BMS and its driver.
    """

    def __init__(self, number: int, edition: Edition, seed: int) -> None:
        draws = Draws(seed, number)
        self.edition, self.vin = edition, _vin(number)
        model = ALL_MODELS[number % len(ALL_MODELS)]
        loss = 0.02 + 0.18 * float(draws.uniform(1)[0])
        self.pack = Pack.draw(_code(model, number), model, loss, seed + number)
        start = 0.35 + 0.3 * float(draws.uniform(1)[0])
        self._packs = Packs([self.pack], [start], [COOLANT_C])
        self._bms = Bms(model, self.pack.true_soh, start, seed + number)
        self._draws, self._session = draws, 0
        self._phases = cycle(("rest", "drive", "rest", "charge"))
        self._phase, self._left_s = next(self._phases), REST_S
        self._metres = 12_000_000.0

    @property
    def code(self) -> str:
        """Of its pack."""
        return self.pack.code

    def login(self, t_ns: int) -> bytes:
        """The message with which it comes online."""
        self._session += 1
        said = Login(t_ns, self._session, "89860000000000000001", (self.code,))
        data = build_login(said, self.edition)
        return build(Command.LOGIN, self.vin, data, edition=self.edition)

    def logout(self, t_ns: int) -> bytes:
        """The message with which it goes."""
        data = build_login(Login(t_ns, self._session, "", ()), self.edition)[:8]
        return build(Command.LOGOUT, self.vin, data, edition=self.edition)

    def reports(self, begin_ns: int, count: int) -> Iterator[bytes]:
        """What it reports from a moment on, each half minute."""
        for number in range(count):
            reading = self._live()
            t_ns = begin_ns + number * REPORT_S * NS_PER_S
            data = build_report(t_ns, self._units(reading), self.edition)
            yield build(Command.REALTIME, self.vin, data, edition=self.edition)

    def _live(self) -> BmsReading:
        """Half a minute of its life, and what its BMS measures then."""
        current_a = self._current()
        for _ in range(round(REPORT_S / STEP_S)):
            self._packs.step(np.array([current_a]), np.array([COOLANT_C]), STEP_S)
            self._bms.count(current_a, STEP_S)
        self._packs.check()
        reading = self._bms.read(self._packs.observe(np.array([current_a]))[0])
        self._go_on(reading)
        return reading

    def _current(self) -> float:
        """Charge positive."""
        rated = self.pack.model.rated_ah
        if self._phase == "drive":
            return -rated * DRIVE_RATE * (0.4 + 1.2 * float(self._draws.uniform(1)[0]))
        return rated * CHARGE_RATE if self._phase == "charge" else 0.0

    def _go_on(self, reading: BmsReading) -> None:
        self._left_s -= REPORT_S
        soc = 100.0 * self._packs.mean_soc(0)
        rested = self._phase == "rest" and self._left_s <= 0
        empty = self._phase == "drive" and soc <= EMPTY_PCT
        full = self._phase == "charge" and (soc >= FULL_PCT or reading.charge_limit_a <= 0)
        if rested or empty or full:
            self._phase, self._left_s = next(self._phases), REST_S

    def _units(self, reading: BmsReading) -> list[Unit]:
        flow = -reading.pack_current_a
        moving = self._phase == "drive"
        self._metres += 400.0 * moving
        vehicle = {
            "state": 1 if moving else 2,
            "charging": 1 if self._phase == "charge" else 3,
            "mode": 1,
            "speed_kmh": 48.0 * moving,
            "odometer_km": self._metres / 1000.0,
            "voltage_v": reading.pack_voltage_v,
            "current_a": flow,
            "soc_pct": round(reading.soc_pct),
            "dcdc": 1,
            "gear": 0,
            "insulation_kohm": reading.insulation_ohm / 1000.0,
            "accelerator_pct": 0,
            "brake_pct": 0,
        }
        system = {"voltage_v": reading.pack_voltage_v, "current_a": flow}
        level = min(reading.alarm_level, ALARM_LEVELS)
        position = {"state": 0, "coordinate_system": 1, "longitude": 120.1, "latitude": 30.2}
        return [
            Unit("vehicle", 0x01, vehicle),
            Unit("position", 0x05, position),
            Unit("alarms", 0x07, {"level": level, "flags": (1 << 1) * (level > 0)}),
            Unit("cells", 0x08, system, {"cell_voltage_v": reading.cell_voltage_v}),
            Unit("probes", 0x09, lists={"temperature_c": reading.temperature_c}),
        ]


def _vin(number: int) -> str:
    """A VIN whose check digit fits."""
    texts = (f"LPTFEED2{digit}S{number:07d}" for digit in CHECK_DIGITS)
    return next(text for text in texts if not Vin.parse(text).findings)


def _code(model: PackModel, number: int) -> str:
    return PackCode.make(
        maker=model.maker,
        chemistry=model.chemistry.letter,
        made_on=MADE_ON,
        serial=number % 99_998 + 1,
        specification=model.specification,
        traceability="7K20A00",
    ).text
