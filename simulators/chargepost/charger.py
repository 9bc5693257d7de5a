"""The charger's side (GB/T 27930-2015, chapter 9): asks, follows the demand, counts energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from can_decoder.gbt27930.layouts import charge_database
from can_decoder.gbt27930.messages import BMS, CHARGER, MESSAGES
from simulators.chargepost.faults import Faults
from simulators.chargepost.payloads import SHORT_CCS, SHORT_CML, VERSION_2015, say, states
from simulators.chargepost.port import Port, Told
from simulators.chargepost.side import ATTEMPTS, ERROR_S, GENERAL_S, READY_S, SHORT_S, Side

INSULATION_TEST_S: Final = 2.0
PRECHARGE_S: Final = 2.0
COUNTS_S: Final = 10.0
"""Patience for BSD."""
ANSWER_S: Final = 1.0
"""How long CST is repeated after the BMS has stopped by itself."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a charger can do.

    Attributes:
        number: on its plate.
        highest_v: highest output voltage.
        lowest_v: lowest.
        highest_a: highest output current.
        lowest_a: lowest.
    """

    number: int = 1
    highest_v: float = 750.0
    lowest_v: float = 200.0
    highest_a: float = 250.0
    lowest_a: float = 1.0


class Stage(Enum):
    """Where the charger is."""

    HANDSHAKE = auto()
    RECOGNISING = auto()
    CONFIGURING = auto()
    MATCHING = auto()
    PRECHARGING = auto()
    CHARGING = auto()
    STOPPING = auto()
    COUNTING = auto()
    ERROR = auto()


class Charger(Side):
    """A charger and its meter.

    Args:
        rating: what it can do.
        faults: what goes wrong.
        start_ns: UTC at which it is switched on, for CTS.
    """

    error_code = "CEM"

    def __init__(self, rating: Rating, faults: Faults, start_ns: int) -> None:
        super().__init__(Port(CHARGER, BMS), faults)
        self._handlers: dict[tuple[Stage, str], Callable[[bytes], None]] = {
            (Stage.RECOGNISING, "BRM"): self._brm,
            (Stage.CONFIGURING, "BCP"): self._bcp,
            (Stage.MATCHING, "BRO"): self._bro,
            (Stage.PRECHARGING, "BCL"): self._bcl,
            (Stage.PRECHARGING, "BCS"): self._bcs,
            (Stage.CHARGING, "BCL"): self._bcl,
            (Stage.CHARGING, "BCS"): self._bcs,
            (Stage.CHARGING, "BST"): self._bst,
            (Stage.STOPPING, "BST"): self._bst,
            (Stage.COUNTING, "BSD"): self._bsd,
        }
        self.rating = rating
        self.stage = Stage.HANDSHAKE
        self.stop_reason = ""
        self.demand_a = 0.0
        self.output_v = self.output_a = 0.0
        self.energy_kwh = 0.0
        self._start_ns = start_ns
        self._charging_since_ns = 0
        self._database = charge_database()
        if "edition_2011" in faults.quirks:
            self._recognise()
        else:
            self.repeat("CHM", lambda: say("CHM", VERSION_2015))
            self.expect("insulation", INSULATION_TEST_S)

    def deliver(self, volts: float, amperes: float, seconds: float) -> None:
        """Take note of what flowed in a step of the physics."""
        self.output_v, self.output_a = volts, amperes
        self.energy_kwh += volts * amperes * seconds / 3.6e6

    def watch(self) -> None:
        """Stop by fault; called after every step of the physics."""
        if self.stage is Stage.CHARGING and self.faults.cst and self._for_long():
            self._stop(self.faults.cst)

    @property
    def is_on(self) -> bool:
        """Whether current may flow."""
        return self.stage is Stage.CHARGING

    def keeps_back(self, mark: str) -> bool:
        """In charging a silence begins after a while only."""
        if self.stage is Stage.CHARGING and not self._for_long():
            return False
        return super().keeps_back(mark)

    def told(self, told: Told) -> None:
        """Follow the vehicle."""
        if told.code == "BEM" and self.stage not in (Stage.ERROR, Stage.RECOGNISING):
            self._yield()
        elif handler := self._handlers.get((self.stage, told.code)):
            handler(told.data)

    def ran_out(self, name: str) -> None:
        """A message has not come in time, or a pause is over."""
        if name == "insulation":
            self.silence("CHM")
            self._recognise()
        elif name == "precharged":
            self.repeat("CRO", lambda: say("CRO", {"ready": 0xAA}), "AA")
            if not self.keeps_back("CRO AA"):
                self._expect_charging()
        elif name == "again":
            self._restart()
        elif name == "answered":
            self._count()
        elif name == "end":
            self.over = True
            self.silence()
        else:
            self.stage = Stage.ERROR
            self.fail(name, lambda: states("CEM", name))

    def _recognise(self) -> None:
        self.stage = Stage.RECOGNISING
        self.repeat("CRM", lambda: self._crm(0), "00")
        if not self.keeps_back("CRM 00"):
            self.expect("brm_timeout", GENERAL_S)

    def _crm(self, recognised: int) -> bytes:
        values = {"recognised": recognised, "charger_number": self.rating.number}
        return say("CRM", values)[:5] + b"PTS"

    def _brm(self, _: bytes) -> None:
        self.got("brm_timeout")
        self.stage = Stage.CONFIGURING
        self.repeat("CRM", lambda: self._crm(0xAA), "AA")
        self.expect("bcp_timeout", GENERAL_S)

    def _bcp(self, _: bytes) -> None:
        self.got("bcp_timeout")
        self.silence("CRM")
        self.stage = Stage.MATCHING
        self.repeat("CTS", self._clock)
        self.repeat("CML", self._limits)
        self.expect("bro_timeout", READY_S)

    def _bro(self, data: bytes) -> None:
        if data[0] != 0xAA:
            return
        self.got("bro_timeout")
        self.silence()
        self.stage = Stage.PRECHARGING
        self.repeat("CRO", lambda: say("CRO", {"ready": 0}), "00")
        self.expect("precharged", PRECHARGE_S)

    def _expect_charging(self) -> None:
        self.expect("bcl_timeout", GENERAL_S)
        self.expect("bcs_timeout", GENERAL_S)

    def _bcl(self, data: bytes) -> None:
        values = self._database.decode(MESSAGES["BCL"].frame_id, True, data)
        said = values.get("current_demand_a", 0.0)
        missing = "no_offset" in self.faults.quirks
        self.demand_a = min(said + 400.0 if missing else -said, self.rating.highest_a)
        if self.stage is Stage.PRECHARGING:
            if self.repeats("CRO") and "precharged" not in self._deadlines:
                self._begin()
            return
        self.expect("bcl_timeout", SHORT_S)

    def _begin(self) -> None:
        self.silence("CRO")
        self.stage = Stage.CHARGING
        self._charging_since_ns = self.now_ns
        self.repeat("CCS", self._status)
        self.expect("bcl_timeout", SHORT_S)

    def _bcs(self, _: bytes) -> None:
        self.expect("bcs_timeout", GENERAL_S)

    def _bst(self, _: bytes) -> None:
        if self.stage is Stage.CHARGING:
            self._stop("bms_stopped")
        self.got()
        self.expect("answered", ANSWER_S)
        self.stage = Stage.COUNTING

    def _count(self) -> None:
        self.silence("CST")
        self.repeat("CSD", self._statistics)
        self.expect("bsd_timeout", COUNTS_S)

    def _bsd(self, _: bytes) -> None:
        self.got("bsd_timeout", "answered")
        if not self.repeats("CSD"):
            self._count()
            self.got("bsd_timeout")
        if "end" not in self._deadlines:
            self.expect("end", GENERAL_S + 2.0 if self.keeps_back("CSD") else 2.0)

    def _stop(self, reason: str) -> None:
        self.stop_reason = reason
        self.silence()
        self.got()
        self.stage = Stage.STOPPING
        self.demand_a = 0.0
        self.repeat("CST", lambda: states("CST", reason))
        self.expect("bst_timeout", GENERAL_S)

    def _yield(self) -> None:
        """Say nothing while the vehicle tells of an error; then begin again."""
        self.silence()
        self.got()
        self.port.clear()
        self.stage = Stage.ERROR
        self.expect("again", ERROR_S + 0.3)

    def _restart(self) -> None:
        self.attempts += 1
        self.silence()
        self.got()
        self.port.clear()
        if self.attempts > ATTEMPTS:
            self.over = True
        else:
            self._recognise()

    def _for_long(self) -> bool:
        return self.now_ns - self._charging_since_ns >= self.faults.after_s * 1e9

    def _elapsed_min(self) -> int:
        return int((self.now_ns - self._charging_since_ns) / 60e9) if self._charging_since_ns else 0

    def _clock(self) -> bytes:
        if "blank_clock" in self.faults.quirks:
            return b"\xff" * 7
        now = datetime.fromtimestamp((self._start_ns + self.now_ns) // 10**9, UTC)
        digits = f"{now:%S%M%H%d%m}{now.year % 100:02d}{now.year // 100:02d}"
        return bytes.fromhex(digits)

    def _limits(self) -> bytes:
        rating = self.rating
        data = say(
            "CML",
            {
                "highest_voltage_v": rating.highest_v,
                "lowest_voltage_v": rating.lowest_v,
                "highest_current_a": -rating.highest_a,
                "lowest_current_a": -rating.lowest_a,
            },
        )
        return data[:SHORT_CML] if "edition_2011" in self.faults.quirks else data

    def _status(self) -> bytes:
        values = {
            "voltage_v": self.output_v,
            "current_a": -self.output_a,
            "elapsed_min": self._elapsed_min(),
            "permitted": 1,
        }
        data = say("CCS", values)
        return data[:SHORT_CCS] if "edition_2011" in self.faults.quirks else data

    def _statistics(self) -> bytes:
        values = {
            "elapsed_min": self._elapsed_min(),
            "energy_kwh": self.energy_kwh,
            "charger_number": self.rating.number,
        }
        return say("CSD", values)
