"""The tracker of a GB/T 27930 charging bus: no database needed, transport undone inside.

Quantities: pack voltage and current of BCS (charge positive), SOC of BCP and BCS, cell and
probe lists of BMV and BMT, extremes of BCS and BSM, limits of BCP. `bms_alarm_level` is 0
when all states of BSM are normal, 1 when one is not trustworthy, 2 when one is abnormal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from can_decoder.frames import FrameBatch, IdFilter
from can_decoder.gbt27930.draft import NOT_SET_A
from can_decoder.gbt27930.intake import Heard
from can_decoder.gbt27930.layouts import cell_voltages, temperatures
from can_decoder.gbt27930.messages import BMS, CHARGER
from can_decoder.gbt27930.monitor import ChargeMonitor
from can_decoder.gbt27930.session import ChargeSession
from can_decoder.profiles.bursts import columns_of
from can_decoder.profiles.tracker import PackState, TrackerCounts
from packtrail.quantities import QUANTITIES
from packtrail.sample import Sample

QUANTITIES_OF_CHARGING: Final = (
    "pack_voltage_v",
    "pack_current_a",
    "soc_pct",
    "cell_voltage_v",
    "cell_voltage_max_v",
    "cell_voltage_min_v",
    "cell_voltage_max_index",
    "temperature_c",
    "temperature_max_c",
    "temperature_min_c",
    "charge_limit_a",
    "charge_voltage_limit_v",
    "bms_alarm_level",
)
LEFT_OUT: Final = ("foreign", "unknown", "category_b")
_STATES: Final = (
    "cell_voltage",
    "soc",
    "over_current",
    "over_temperature",
    "insulation",
    "connector",
)
_PAIRS: Final = np.array([BMS << 8 | CHARGER, CHARGER << 8 | BMS], np.uint32)
"""Destination and source, the low 16 bits of an identifier."""
_SEVERITY: Final = MappingProxyType({1: 2.0, 2: 1.0})
_TAKEN: Final = MappingProxyType(
    {
        "BCP": {
            "pack_voltage_v": "pack_voltage_v",
            "soc_pct": "soc_pct",
            "charge_voltage_limit_v": "charge_voltage_limit_v",
        },
        "BCS": {
            "voltage_v": "pack_voltage_v",
            "soc_pct": "soc_pct",
            "cell_voltage_max_v": "cell_voltage_max_v",
        },
        "BSM": {
            "cell_voltage_max_number": "cell_voltage_max_index",
            "temperature_max_c": "temperature_max_c",
            "temperature_min_c": "temperature_min_c",
        },
        "BSD": {
            "soc_pct": "soc_pct",
            "cell_voltage_min_v": "cell_voltage_min_v",
            "cell_voltage_max_v": "cell_voltage_max_v",
            "temperature_min_c": "temperature_min_c",
            "temperature_max_c": "temperature_max_c",
        },
    }
)


class ChargeTracker:
    """Follows the BMS on a charging bus; see `can_decoder.profiles.tracker.Tracker`.

    Attributes:
        monitor: the dialogue's state machine.
        sessions: dialogues that have ended so far.
        handshake: the last BRM, which says whom the charger has before it.
    """

    def __init__(self) -> None:
        self.counts = TrackerCounts()
        self.monitor = ChargeMonitor()
        self.sessions: list[ChargeSession] = []
        self.handshake: Heard | None = None
        self._state = PackState(QUANTITIES_OF_CHARGING)

    def feed(self, t_ns: int, frame_id: int, is_extended: bool, data: bytes) -> None:
        """Take one frame."""
        intake = self.monitor.intake
        heard = intake.feed(t_ns, frame_id, is_extended, data)
        self.counts.unknown = sum(intake.counts[why] for why in LEFT_OUT)
        self.counts.short = intake.counts["short"]
        if heard is not None:
            self.counts.decoded += 1
            finished = self.monitor.hear(heard)
            if finished:
                self.sessions.append(finished)
            self._take(heard)

    def feed_batch(self, batch: FrameBatch) -> None:
        """Take a burst; frames between other addresses are counted and left alone."""
        pair = batch.ids & np.uint32(0xFFFF)
        ours = batch.extended & np.isin(pair, _PAIRS)
        others = len(batch) - int(np.count_nonzero(ours))
        self.counts.unknown += others
        self.monitor.intake.counts["foreign"] += others
        for frame in columns_of(batch.select(ours) if others else batch):
            self.feed(*frame)

    @property
    def filters(self) -> tuple[IdFilter, ...]:
        """Everything between charger and BMS."""
        return tuple(IdFilter(pair, 0xFFFF, extended=True) for pair in _PAIRS.tolist())

    def snapshot(self, t_ns: int) -> Sample:
        """All quantities of the charging bus as of `t_ns`; NaN for what was never seen."""
        return self._state.sample(t_ns)

    def _take(self, heard: Heard) -> None:
        for name, quantity in _TAKEN.get(heard.message.code, {}).items():
            if (value := heard.values.get(name)) is not None:
                self._put(quantity, value, heard.t_ns)
        if heard.message.code == "BRM":
            self.handshake = heard
        if special := _SPECIAL.get(heard.message.code):
            special(self, heard)

    def _put(self, quantity: str, value: float, t_ns: int) -> None:
        bounds = QUANTITIES[quantity]
        if bounds.low <= value <= bounds.high:
            self._state.put(quantity, value, t_ns)
        else:
            self.counts.invalid += 1

    def parameters(self, heard: Heard) -> None:
        """BCP: the current limit, whose sign is turned."""
        limit = heard.values.get("charge_current_limit_a")
        if limit is not None and limit > NOT_SET_A:
            self._put("charge_limit_a", 0.0 - limit, heard.t_ns)

    def status(self, heard: Heard) -> None:
        """BCS: the current, whose sign is turned; a raw 0 means "not set"."""
        current = heard.values.get("current_a")
        if current is None:
            return
        if current <= NOT_SET_A:
            self.counts.invalid += 1
        else:
            self._put("pack_current_a", 0.0 - current, heard.t_ns)

    def alarms(self, heard: Heard) -> None:
        """BSM: the worst of its states."""
        worst = max(_SEVERITY.get(int(heard.values.get(name, 0)), 0.0) for name in _STATES)
        self._put("bms_alarm_level", worst, heard.t_ns)

    def cells(self, heard: Heard) -> None:
        """BMV: one voltage per cell."""
        for index, value in enumerate(cell_voltages(heard.data).tolist()):
            self._cell("cell_voltage_v", index, value, heard.t_ns)

    def probes(self, heard: Heard) -> None:
        """BMT: one temperature per probe."""
        for index, value in enumerate(temperatures(heard.data).tolist()):
            self._cell("temperature_c", index, value, heard.t_ns)

    def _cell(self, quantity: str, index: int, value: float, t_ns: int) -> None:
        if not math.isnan(value):
            self._state.put_cell(quantity, index, value, t_ns)


_SPECIAL: Final[Mapping[str, Callable[[ChargeTracker, Heard], None]]] = MappingProxyType(
    {
        "BCP": ChargeTracker.parameters,
        "BCS": ChargeTracker.status,
        "BSM": ChargeTracker.alarms,
        "BMV": ChargeTracker.cells,
        "BMT": ChargeTracker.probes,
    }
)
