"""One charging dialogue, as it was overheard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from packtrail.language import Text

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Phase(Enum):
    """Stage of the dialogue (GB/T 27930-2015, chapter 9)."""

    HANDSHAKE = Text("handshake", "握手阶段")
    CONFIGURATION = Text("configuration", "参数配置阶段")
    CHARGING = Text("charging", "充电阶段")
    END = Text("end", "充电结束阶段")
    ERROR = Text("error", "错误处理")


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind over time.

    Attributes:
        t_ns: int64 [n].
        values: float64 [n].
    """

    t_ns: Times
    values: Floats

    @classmethod
    def of(cls, points: list[tuple[int, float]]) -> Series:
        """From (time, value) pairs."""
        return cls(
            np.array([t for t, _ in points], np.int64), np.array([v for _, v in points], np.float64)
        )

    def __len__(self) -> int:
        return len(self.t_ns)


@dataclass(frozen=True, slots=True)
class ChargeSession:
    """What one dialogue said. Charge current is positive; absent values are None or empty.

    Attributes:
        started_ns: first frame.
        ended_ns: last frame.
        edition: 2011 or 2015 (which the 2023 edition's category A resembles).
        phases: (time, phase) at each change.
        vin: 17 characters of BRM, or "".
        maker: battery maker of BRM, or "".
        battery_type: code of BRM (3 LFP, 6 ternary, ...), or None.
        rated_capacity_ah: of BRM.
        rated_voltage_v: of BRM.
        pack_serial: four bytes of BRM; too short for a GB/T 34014 code.
        production: date of BRM, None where absent or impossible.
        charge_count: of BRM.
        nominal_energy_kwh: of BCP.
        cell_voltage_limit_v: of BCP.
        charge_voltage_limit_v: of BCP.
        charge_current_limit_a: of BCP, positive.
        temperature_limit_c: of BCP.
        soc_start_pct: of BCP, in steps of 0.1 %.
        soc_end_pct: of BSD, or the last of BCS.
        voltage_v: pack voltage of BCS.
        current_a: pack current of BCS, charge positive.
        soc_pct: of BCS, in steps of 1 %.
        charger_voltage_v: output of CCS.
        charger_current_a: output of CCS, charge positive.
        cell_voltage_v: the last BMV, [cells].
        temperature_c: the last BMT, [probes].
        alarms: (time, BSM state that is not normal), each once.
        end_reasons: bits set in BST and CST.
        errors: timeouts named by BEM and CEM.
        energy_kwh: delivered energy of CSD.
        current_offset_missing: the BMS left out the -400 A offset; `current_a` allows for it.
        messages: how often each message came.
    """

    started_ns: int
    ended_ns: int
    edition: int
    phases: tuple[tuple[int, Phase], ...]
    vin: str
    maker: str
    battery_type: int | None
    rated_capacity_ah: float | None
    rated_voltage_v: float | None
    pack_serial: int | None
    production: date | None
    charge_count: int | None
    nominal_energy_kwh: float | None
    cell_voltage_limit_v: float | None
    charge_voltage_limit_v: float | None
    charge_current_limit_a: float | None
    temperature_limit_c: float | None
    soc_start_pct: float | None
    soc_end_pct: float | None
    voltage_v: Series
    current_a: Series
    soc_pct: Series
    charger_voltage_v: Series
    charger_current_a: Series
    cell_voltage_v: Floats
    temperature_c: Floats
    alarms: tuple[tuple[int, str], ...]
    end_reasons: tuple[str, ...]
    errors: tuple[str, ...]
    energy_kwh: float | None
    current_offset_missing: bool
    messages: dict[str, int] = field(default_factory=dict)

    @property
    def charged_ah(self) -> float:
        """Integral of `current_a`, trapezoidal, ampere-hours."""
        return _integral(self.current_a.t_ns, self.current_a.values) / 3600

    @property
    def charged_kwh(self) -> float:
        """Integral of power from `current_a` and `voltage_v`, kilowatt-hours."""
        if not len(self.current_a) or not len(self.voltage_v):
            return 0.0
        volts = np.interp(self.current_a.t_ns, self.voltage_v.t_ns, self.voltage_v.values)
        return _integral(self.current_a.t_ns, self.current_a.values * volts) / 3.6e6


def _integral(t_ns: Times, values: Floats) -> float:
    """Trapezoidal integral over seconds."""
    if len(t_ns) < 2:
        return 0.0
    return float(np.sum((values[1:] + values[:-1]) / 2 * np.diff(t_ns) / 1e9))
