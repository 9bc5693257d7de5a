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
    Part,
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
APART: Final = 1_000_003
"""Between the seeds of a vehicle's packs."""


class SimulatedVehicle:
    """One vehicle with one pack, or with several side by side that share its load evenly.

    Args:
        number: tells it from others of one seed.
        edition: that it speaks.
        seed: of its packs, their BMS and its driver.
        packs: how many it has.
    """

    def __init__(self, number: int, edition: Edition, seed: int, packs: int = 1) -> None:
        draws = Draws(seed, number)
        self.edition, self.vin = edition, _vin(number)
        model = ALL_MODELS[number % len(ALL_MODELS)]
        losses = [0.02 + 0.18 * float(draws.uniform(1)[0])]
        start = 0.35 + 0.3 * float(draws.uniform(1)[0])
        losses += [
            0.02 + 0.18 * float(one) for one in Draws(seed, number, packs).uniform(packs - 1)
        ]
        self.packs = [
            Pack.draw(_code(model, number, place), model, loss, seed + number + APART * place)
            for place, loss in enumerate(losses)
        ]
        self._cells = Packs(self.packs, [start] * packs, [COOLANT_C] * packs)
        self._bms = [
            Bms(model, one.true_soh, start, seed + number + APART * place)
            for place, one in enumerate(self.packs)
        ]
        self._draws, self._session = draws, 0
        self._phases = cycle(("rest", "drive", "rest", "charge"))
        self._phase, self._left_s = next(self._phases), REST_S
        self._metres = 12_000_000.0

    @property
    def codes(self) -> tuple[str, ...]:
        """Of its packs, in the order of their places."""
        return tuple(one.code for one in self.packs)

    def login(self, t_ns: int) -> bytes:
        """The message with which it comes online."""
        self._session += 1
        said = Login(t_ns, self._session, "89860000000000000001", self.codes)
        data = build_login(said, self.edition)
        return build(Command.LOGIN, self.vin, data, edition=self.edition)

    def logout(self, t_ns: int) -> bytes:
        """The message with which it goes."""
        data = build_login(Login(t_ns, self._session, "", ()), self.edition)[:8]
        return build(Command.LOGOUT, self.vin, data, edition=self.edition)

    def reports(self, begin_ns: int, count: int) -> Iterator[bytes]:
        """What it reports from a moment on, each half minute."""
        for number in range(count):
            readings = self._live()
            t_ns = begin_ns + number * REPORT_S * NS_PER_S
            data = build_report(t_ns, self._units(readings), self.edition)
            yield build(Command.REALTIME, self.vin, data, edition=self.edition)

    def _live(self) -> list[BmsReading]:
        """Half a minute of its life, and what the BMS of each pack measures then."""
        current_a, count = self._current(), len(self.packs)
        for _ in range(round(REPORT_S / STEP_S)):
            self._cells.step(np.full(count, current_a), np.full(count, COOLANT_C), STEP_S)
            for bms in self._bms:
                bms.count(current_a, STEP_S)
        self._cells.check()
        truths = self._cells.observe(np.full(count, current_a))
        readings = [bms.read(truth) for bms, truth in zip(self._bms, truths, strict=True)]
        self._go_on(readings)
        return readings

    def _current(self) -> float:
        """Of each pack, charge positive."""
        rated = self.packs[0].model.rated_ah
        if self._phase == "drive":
            return -rated * DRIVE_RATE * (0.4 + 1.2 * float(self._draws.uniform(1)[0]))
        return rated * CHARGE_RATE if self._phase == "charge" else 0.0

    def _go_on(self, readings: list[BmsReading]) -> None:
        """The first pack that is empty or full ends the drive or the charge."""
        self._left_s -= REPORT_S
        charged = [100.0 * self._cells.mean_soc(place) for place in range(len(self.packs))]
        limited = any(one.charge_limit_a <= 0 for one in readings)
        rested = self._phase == "rest" and self._left_s <= 0
        empty = self._phase == "drive" and min(charged) <= EMPTY_PCT
        full = self._phase == "charge" and (max(charged) >= FULL_PCT or limited)
        if rested or empty or full:
            self._phase, self._left_s = next(self._phases), REST_S

    def _units(self, readings: list[BmsReading]) -> list[Unit]:
        reading, flow = readings[0], -sum(one.pack_current_a for one in readings)
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
            "soc_pct": round(sum(one.soc_pct for one in readings) / len(readings)),
            "dcdc": 1,
            "gear": 0,
            "insulation_kohm": min(one.insulation_ohm for one in readings) / 1000.0,
            "accelerator_pct": 0,
            "brake_pct": 0,
        }
        level = min(max(one.alarm_level for one in readings), ALARM_LEVELS)
        position = {"state": 0, "coordinate_system": 1, "longitude": 120.1, "latitude": 30.2}
        return [
            Unit("vehicle", 0x01, vehicle),
            Unit("position", 0x05, position),
            Unit("alarms", 0x07, {"level": level, "flags": (1 << 1) * (level > 0)}),
            Unit(
                "cells", 0x08, parts=tuple(_cells_of(n, one) for n, one in enumerate(readings, 1))
            ),
            Unit(
                "probes", 0x09, parts=tuple(_probes_of(n, one) for n, one in enumerate(readings, 1))
            ),
        ]


def _cells_of(number: int, reading: BmsReading) -> Part:
    volts, flow = reading.cell_voltage_v, -reading.pack_current_a
    return Part(number, 0, volts, reading.pack_voltage_v, flow)


def _probes_of(number: int, reading: BmsReading) -> Part:
    return Part(number, 0, reading.temperature_c)


def _vin(number: int) -> str:
    """A VIN whose check digit fits."""
    texts = (f"LPTFEED2{digit}S{number:07d}" for digit in CHECK_DIGITS)
    return next(text for text in texts if not Vin.parse(text).findings)


def _code(model: PackModel, number: int, place: int) -> str:
    return PackCode.make(
        maker=model.maker,
        chemistry=model.chemistry.letter,
        made_on=MADE_ON,
        serial=number % 99_998 + 1,
        specification=model.specification,
        traceability=f"7K20A{place:02}",
    ).text
