"""A charging session while it is being heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np

from can_decoder.gbt27930.intake import Heard
from can_decoder.gbt27930.layouts import (
    BRM_MAKER,
    BRM_VIN,
    CURRENT_OFFSET_A,
    cell_voltages,
    temperatures,
    text,
)
from can_decoder.gbt27930.session import ChargeSession, Floats, Phase, Series

NOT_SET_A: Final = float(CURRENT_OFFSET_A)
"""A raw 0 in a current field: seen as "not set", since -400 A is beyond any 2015 charger."""
LIKELY_YEARS: Final = range(2005, 2080)
OFFSET_TOLERANCE_A: Final = 20.0
_FLAGS: Final = (
    "cell_voltage",
    "soc",
    "over_current",
    "over_temperature",
    "insulation",
    "connector",
)

Points = list[tuple[int, float]]


@dataclass(slots=True)
class SessionDraft:
    """Collects messages; `finish` makes the frozen session."""

    started_ns: int
    ended_ns: int = 0
    phases: list[tuple[int, Phase]] = field(default_factory=list)
    latest: dict[str, Heard] = field(default_factory=dict)
    first: dict[str, Heard] = field(default_factory=dict)
    series: dict[str, Points] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)
    cells: Floats = field(default_factory=lambda: np.empty(0))
    probes: Floats = field(default_factory=lambda: np.empty(0))
    messages: Counter[str] = field(default_factory=Counter)

    def add(self, heard: Heard) -> None:
        """Take one message of this dialogue."""
        code = heard.message.code
        self.ended_ns = heard.t_ns
        self.messages[code] += 1
        self.latest[code] = heard
        self.first.setdefault(code, heard)
        if special := _SPECIAL.get(code):
            special(self, heard)

    def status(self, heard: Heard) -> None:
        """BCS and CCS: series of voltage, current and SOC."""
        for name in ("voltage_v", "current_a", "soc_pct"):
            value = heard.values.get(name)
            if value is not None and not (name == "current_a" and value <= NOT_SET_A):
                points = self.series.setdefault(f"{heard.message.code}.{name}", [])
                points.append((heard.t_ns, value))

    def state(self, heard: Heard) -> None:
        """BSM: states that are not normal."""
        for name in _FLAGS:
            if heard.values.get(name) == 1:
                self.alarms.setdefault(name, heard.t_ns)

    def volts(self, heard: Heard) -> None:
        """BMV."""
        self.cells = cell_voltages(heard.data)

    def degrees(self, heard: Heard) -> None:
        """BMT."""
        self.probes = temperatures(heard.data)

    def stop(self, heard: Heard) -> None:
        """BST and CST: the bits that are set."""
        for name, value in heard.values.items():
            if value == 1:
                self.reasons.setdefault(f"{heard.message.code}.{name}")

    def error(self, heard: Heard) -> None:
        """BEM and CEM: the timeouts that are named."""
        for name, value in heard.values.items():
            if value == 1:
                self.errors.setdefault(f"{heard.message.code}.{name}")

    def finish(self) -> ChargeSession:
        """The session as it was heard."""
        brm, bcp = self._values("BRM"), self._values("BCP")
        serial, kind, count = (brm.get(n) for n in ("pack_serial", "battery_type", "charge_count"))
        missing = self._offset_missing()
        limit = bcp.get("charge_current_limit_a")
        return ChargeSession(
            started_ns=self.started_ns,
            ended_ns=self.ended_ns,
            edition=self._edition(),
            phases=tuple(self.phases),
            vin=self._text(BRM_VIN),
            maker=self._text(BRM_MAKER),
            battery_type=None if kind is None else int(kind),
            rated_capacity_ah=brm.get("rated_capacity_ah"),
            rated_voltage_v=brm.get("rated_voltage_v"),
            pack_serial=None if serial is None else int(serial),
            production=self._production(brm),
            charge_count=None if count is None else int(count),
            nominal_energy_kwh=bcp.get("nominal_energy_kwh"),
            cell_voltage_limit_v=bcp.get("cell_voltage_limit_v"),
            charge_voltage_limit_v=bcp.get("charge_voltage_limit_v"),
            charge_current_limit_a=None if limit is None or limit <= NOT_SET_A else -limit,
            temperature_limit_c=bcp.get("temperature_limit_c"),
            soc_start_pct=self._soc_start(),
            soc_end_pct=self._soc_end(),
            voltage_v=self._series("BCS.voltage_v"),
            current_a=self._current(missing=missing),
            soc_pct=self._series("BCS.soc_pct"),
            charger_voltage_v=self._series("CCS.voltage_v"),
            charger_current_a=self._series("CCS.current_a", -1.0),
            cell_voltage_v=self.cells,
            temperature_c=self.probes,
            alarms=tuple((t_ns, name) for name, t_ns in self.alarms.items()),
            end_reasons=tuple(self.reasons),
            errors=tuple(self.errors),
            energy_kwh=self._values("CSD").get("energy_kwh"),
            current_offset_missing=missing,
            messages=dict(self.messages),
        )

    def _values(self, code: str) -> Mapping[str, float]:
        heard = self.latest.get(code)
        return heard.values if heard else {}

    def _text(self, part: slice) -> str:
        heard = self.latest.get("BRM")
        return text(heard.data[part]) if heard else ""

    def _edition(self) -> int:
        """2011 knows no CHM and BHM and writes V1.0 into BRM."""
        if "CHM" in self.latest or "BHM" in self.latest:
            return 2015
        brm = self.latest.get("BRM")
        if brm is None:
            ccs = self.latest.get("CCS")
            return 2011 if ccs and len(ccs.data) == SIZE_2011["CCS"] else 2015
        return 2011 if len(brm.data) <= SIZE_2011["BRM"] or brm.data[0] == 0 else 2015

    def _production(self, brm: Mapping[str, float]) -> date | None:
        names = ("production_year", "production_month", "production_day")
        year, month, day = (int(brm.get(name, 0)) for name in names)
        if year not in LIKELY_YEARS:
            return None
        try:
            return date(year, month, day)
        except ValueError:
            return None

    def _soc_start(self) -> float | None:
        bcp = self.first.get("BCP")
        soc = bcp.values.get("soc_pct") if bcp else None
        if soc is not None and soc <= 100:
            return soc
        points = self.series.get("BCS.soc_pct")
        return points[0][1] if points else None

    def _soc_end(self) -> float | None:
        soc = self._values("BSD").get("soc_pct")
        points = self.series.get("BCS.soc_pct")
        return soc if soc is not None else points[-1][1] if points else None

    def _series(self, name: str, sign: float = 1.0) -> Series:
        return Series.of([(t_ns, sign * value) for t_ns, value in self.series.get(name, [])])

    def _current(self, *, missing: bool) -> Series:
        """Pack current, charge positive."""
        shift = CURRENT_OFFSET_A if missing else 0
        points = self.series.get("BCS.current_a", [])
        if missing:  # the number on the bus was the bare magnitude
            return Series.of([(t_ns, value - shift) for t_ns, value in points])
        return Series.of([(t_ns, -value) for t_ns, value in points])

    def _offset_missing(self) -> bool:
        """Whether BCS without its offset fits what the charger measured, and with it does not."""
        pack = np.array([value for _, value in self.series.get("BCS.current_a", [])])
        charger = np.array([value for _, value in self.series.get("CCS.current_a", [])])
        if len(pack) < 3 or len(charger) < 3:
            return False
        told, measured = float(np.median(pack)), float(np.median(charger))
        bare = told - CURRENT_OFFSET_A
        fits = abs(bare - abs(measured)) < OFFSET_TOLERANCE_A
        return fits and abs(told - measured) > 5 * OFFSET_TOLERANCE_A


SIZE_2011: Final = MappingProxyType({"BRM": 41, "CCS": 6})

_SPECIAL: Final[Mapping[str, Callable[[SessionDraft, Heard], None]]] = MappingProxyType(
    {
        "BCS": SessionDraft.status,
        "CCS": SessionDraft.status,
        "BSM": SessionDraft.state,
        "BMV": SessionDraft.volts,
        "BMT": SessionDraft.degrees,
        "BST": SessionDraft.stop,
        "CST": SessionDraft.stop,
        "BEM": SessionDraft.error,
        "CEM": SessionDraft.error,
    }
)
