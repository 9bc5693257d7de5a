"""What a performance looked like over time: records, slots and alarms, with the deeds marked."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np

from packtrail.language import Text
from simulators.demo.observed import Snapshot
from simulators.drawing import Line, Panel, Span, write_overview
from simulators.scenario.script import Deed, Scenario

_SECONDS: Final = Text("s after the first frame", "首帧之后的秒数")
_RECORDS: Final = Text("Records", "记录")
_SEALED: Final = Text("sealed", "已封存")
_STORED: Final = Text("stored by the bridge", "云桥已存")
_WAITING: Final = Text("waiting", "待回执")
_SOC: Final = Text("State of charge, %", "荷电状态，%")
_CURRENT: Final = Text("Charge current, A", "充电电流，A")
_WARMTH: Final = Text("Highest temperature, °C", "最高温度，°C")
_ALARMS: Final = Text("Slots that alarm", "报警仓位数")
_SLOT: Final = Text("slot {name}", "仓位 {name}")

Series = dict[str, list[tuple[float, float]]]


class Album:
    """Collects looks at a house."""

    def __init__(self) -> None:
        self._records: Series = defaultdict(list)
        self._soc: Series = defaultdict(list)
        self._current: Series = defaultdict(list)
        self._warmth: Series = defaultdict(list)
        self._alarms: Series = defaultdict(list)

    def take(self, at_s: float, seen: Snapshot) -> None:
        """Keep one look, `at_s` real seconds after the first frame."""
        path = seen.path
        if path.sealed:  # a gateway that is being restarted answers nothing
            self._records[_SEALED.say()].append((at_s, path.sealed))
            self._records[_WAITING.say()].append((at_s, path.waiting))
        if path.through:
            self._records[_STORED.say()].append((at_s, path.through))
        for slot in seen.slots:
            name = _SLOT.say(name=slot.name)
            # What a gap leaves out is not drawn over.
            known = slot.state != "empty"
            for series, value in (
                (self._soc, slot.soc_pct),
                (self._current, slot.current_a),
                (self._warmth, slot.temperature_c),
            ):
                told = np.nan if value is None or not known else value
                series[name].append((at_s, told))
        self._alarms[_ALARMS.say()].append((at_s, sum(bool(slot.alarms) for slot in seen.slots)))

    def write(self, path: Path, scenario: Scenario, verdict: str) -> None:
        """Draw everything as SVG.

        Raises:
            SimulationError: the file cannot be written.
        """
        spans = [_span(deed) for deed in scenario.deeds]
        panels = [
            Panel(title.say(), _SECONDS.say(), _lines(series), spans=spans)
            for title, series in (
                (_RECORDS, self._records),
                (_SOC, self._soc),
                (_CURRENT, self._current),
                (_WARMTH, self._warmth),
                (_ALARMS, self._alarms),
            )
            if series
        ]
        write_overview(path, f"{scenario.title.text.say()}: {verdict}", panels)


def _lines(series: Series) -> list[Line]:
    return [Line(name, *np.array(points, float).T) for name, points in series.items()]


def _span(deed: Deed) -> Span:
    where = getattr(deed, "slot", "") or getattr(deed, "on", "")
    return Span(f"{deed.do} {where}".strip(), deed.at_s, deed.at_s + deed.for_s)
