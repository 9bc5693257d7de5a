"""The vehicle's side: the BMS of the pack that is being charged (GB/T 27930-2015, chapter 9)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from can_decoder.gbt27930.messages import BMS, CHARGER
from simulators.bms import BmsReading
from simulators.chargepost.faults import Faults
from simulators.chargepost.payloads import (
    Identity,
    bcp,
    bcs,
    bmt,
    bmv,
    bsd,
    bsm,
    current,
    demand_limit,
    padded,
    say,
    states,
)
from simulators.chargepost.port import Port, Told
from simulators.chargepost.side import ATTEMPTS, GENERAL_S, READY_S, SHORT_S, Side

READY_AFTER_S: Final = 1.0
"""Contactors close."""
FULL_SOC_PCT: Final = 96.0
ANSWER_S: Final = 0.5
"""How long BST is repeated after the charger has stopped by itself."""
HANDSHAKE_S: Final = 10.0
"""Patience for the charger's insulation test."""


class Stage(Enum):
    """Where the vehicle is."""

    WAITING = auto()
    RECOGNISED = auto()
    CONFIGURED = auto()
    READY = auto()
    CHARGING = auto()
    STOPPING = auto()
    COUNTING = auto()
    ERROR = auto()


class Vehicle(Side):
    """Speaks for a pack.

    Args:
        identity: who it is.
        reading: the BMS's present reading, whenever it is asked for.
        full_soc_pct: where it stops charging, by its own count.
        faults: what goes wrong.
    """

    error_code = "BEM"

    def __init__(
        self,
        identity: Identity,
        reading: Callable[[], BmsReading],
        full_soc_pct: float,
        faults: Faults,
    ) -> None:
        port = Port(BMS, CHARGER)
        port.aborts_first = "aborted_transfer" in faults.quirks
        port.repeats_rts = "repeated_rts" in faults.quirks
        super().__init__(port, faults)
        self._handlers: dict[tuple[Stage, str], Callable[[bytes], None]] = {
            (Stage.WAITING, "CHM"): self._chm,
            (Stage.WAITING, "CRM"): self._crm,
            (Stage.RECOGNISED, "CRM"): self._crm_aa,
            (Stage.CONFIGURED, "CML"): self._cml,
            (Stage.READY, "CRO"): self._cro,
            (Stage.CHARGING, "CCS"): self._ccs,
            (Stage.CHARGING, "CST"): self._cst,
            (Stage.STOPPING, "CST"): self._cst,
            (Stage.COUNTING, "CSD"): self._csd,
        }
        self._identity = identity
        self._model = identity.pack.model
        self._reading = reading
        self._full_soc_pct = full_soc_pct
        self._charging_since_ns = 0
        self.stage = Stage.WAITING
        self.stop_reason = ""
        self.expect("crm_00_timeout", HANDSHAKE_S)

    def keeps_back(self, mark: str) -> bool:
        """In charging a silence begins after a while only."""
        if self.stage is Stage.CHARGING and not self._for_long():
            return False
        return super().keeps_back(mark)

    def told(self, told: Told) -> None:
        """Follow the charger."""
        if told.code == "CEM" and self.stage not in (Stage.ERROR, Stage.WAITING):
            self._restart()
        elif handler := self._handlers.get((self.stage, told.code)):
            handler(told.data)

    def ran_out(self, name: str) -> None:
        """A message has not come in time, or a pause is over."""
        if name == "ready":
            self.repeat("BRO", lambda: say("BRO", {"ready": 0xAA}), "AA")
        elif name == "answered":
            self._count()
        elif name == "again":
            self._restart()
        elif name == "end":
            self.over = True
            self.silence()
        else:
            self.stage = Stage.ERROR
            self.fail(name, lambda: states("BEM", name))

    def watch(self) -> None:
        """Look at the pack; called after every step of its physics."""
        if self.stage is not Stage.CHARGING:
            return
        reading = self._reading()
        if self.faults.bst and self._for_long():
            self._stop(self.faults.bst)
        elif reading.soc_pct >= self._full_soc_pct:
            self._stop("soc_reached")
        elif reading.alarm_level >= 3:
            hot = float(reading.temperature_c.max()) >= 55.0
            self._stop("pack_hot" if hot else "cell_voltage_reached")

    def stop_full(self) -> None:
        """The highest cell takes hardly more: charging is done."""
        if self.stage is Stage.CHARGING:
            self._stop("cell_voltage_reached")

    def demand(self) -> bytes:
        """BCL: what the pack asks for."""
        volts = self._model.chemistry.full_v * self._model.cells
        amperes = current(self.demand_a, self.faults.quirks)
        values = {"voltage_demand_v": volts, "current_demand_a": amperes, "mode": 2}
        return padded(say("BCL", values), self.faults.quirks)

    @property
    def demand_a(self) -> float:
        """Charge current asked for."""
        if self.stage is not Stage.CHARGING:
            return 0.0
        return min(demand_limit(self._model), self._reading().charge_limit_a)

    def _chm(self, _: bytes) -> None:
        if not self.repeats("BHM"):
            volts = self._model.chemistry.full_v * self._model.cells
            self.repeat("BHM", lambda: say("BHM", {"highest_permitted_voltage_v": volts}))

    def _crm(self, data: bytes) -> None:
        if data[0] == 0xAA:
            return
        self.silence("BHM")
        self.got("crm_00_timeout")
        self.stage = Stage.RECOGNISED
        self.repeat("BRM", lambda: self._identity.brm(self.faults.quirks))
        self.expect("crm_aa_timeout", GENERAL_S)

    def _crm_aa(self, data: bytes) -> None:
        if data[0] != 0xAA:
            return
        self.silence("BRM")
        self.got("crm_aa_timeout")
        self.stage = Stage.CONFIGURED
        self.repeat("BCP", lambda: bcp(self._model, self._reading()))
        self.expect("cts_cml_timeout", GENERAL_S)

    def _cml(self, _: bytes) -> None:
        self.silence("BCP")
        self.got("cts_cml_timeout")
        self.stage = Stage.READY
        self.repeat("BRO", lambda: say("BRO", {"ready": 0}))
        self.expect("ready", READY_AFTER_S)
        self.expect("cro_timeout", READY_S)

    def _cro(self, data: bytes) -> None:
        if data[0] != 0xAA:
            return
        self.got("cro_timeout", "ready")
        self.silence("BRO")
        self.stage = Stage.CHARGING
        self._charging_since_ns = self.now_ns
        quirks = self.faults.quirks
        self.repeat("BCL", self.demand)
        self.repeat("BCS", lambda: bcs(self._reading(), self._remaining_min(), quirks))
        self.expect("ccs_timeout", SHORT_S)

    def _ccs(self, _: bytes) -> None:
        self.expect("ccs_timeout", SHORT_S)
        if not self.repeats("BSM"):
            quirks = self.faults.quirks
            self.repeat("BSM", lambda: padded(bsm(self._reading()), quirks))
            self.repeat("BMV", lambda: bmv(self._reading()))
            self.repeat("BMT", lambda: bmt(self._reading()))
            self.repeat("BSP", lambda: bytes(16))

    def _cst(self, _: bytes) -> None:
        if self.stage is Stage.CHARGING:
            self._stop("charger_stopped")
            self.got("cst_timeout")
            self.expect("answered", ANSWER_S)
        elif self.stop_reason != "charger_stopped":
            self._count()

    def _count(self) -> None:
        self.got("cst_timeout")
        self.silence("BST")
        self.stage = Stage.COUNTING
        quirks = self.faults.quirks
        self.repeat("BSD", lambda: padded(bsd(self._reading()), quirks))
        self.expect("csd_timeout", GENERAL_S)

    def _csd(self, _: bytes) -> None:
        self.got("csd_timeout")
        self.expect("end", 1.0)

    def _stop(self, reason: str) -> None:
        self.stop_reason = reason
        self.silence()
        self.got()
        self.stage = Stage.STOPPING
        self.repeat("BST", lambda: states("BST", reason))
        self.expect("cst_timeout", GENERAL_S)

    def _restart(self) -> None:
        self.attempts += 1
        self.silence()
        self.got()
        self.port.clear()
        self.stage = Stage.WAITING
        if self.attempts > ATTEMPTS:
            self.over = True
        else:
            self.expect("crm_00_timeout", HANDSHAKE_S)

    def _for_long(self) -> bool:
        return self.now_ns - self._charging_since_ns >= self.faults.after_s * 1e9

    def _remaining_min(self) -> float:
        reading = self._reading()
        missing_ah = (self._full_soc_pct - reading.soc_pct) / 100.0 * reading.capacity_ah
        return 60.0 * max(missing_ah, 0.0) / max(reading.pack_current_a, 1.0)
