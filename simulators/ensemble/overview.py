"""What a fleet came to, for the table and the picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from packtrail.language import Text
from simulators.arithmetic import Floats
from simulators.drawing import Line, Panel, write_overview
from simulators.ensemble.population import Population
from simulators.ensemble.year import BlockResult

Columns = dict[str, Floats]
SHOWN: Final = ("soh", "hottest_c", "charged_kwh")
"""Columns of the days that the picture shows."""


class Overview:
    """Collects results by chemistry and kind of vehicle.

    Args:
        days: keep every day for the picture; a fleet's year of them fills memory.
    """

    def __init__(self, *, days: bool = True) -> None:
        self._keep_days = days
        self._packs: dict[str, list[Columns]] = {}
        self._days: dict[str, list[Columns]] = {}

    def take(self, result: BlockResult) -> None:
        """One block."""
        order = result.order
        fleet = Population.draw(order.model, order.packs, order.seed, cells=False)
        kinds = np.array([kind.name for kind in fleet.kinds])
        for kind in sorted(set(kinds.tolist())):
            name = f"{fleet.model.chemistry.name.upper()} {kind}"
            mine = kinds == kind
            self._packs.setdefault(name, []).append(
                {key: values[mine] for key, values in result.summary.items()}
            )
            if self._keep_days:
                self._days.setdefault(name, []).append(
                    {key: values[:, mine] for key, values in result.daily.items() if key in SHOWN}
                )

    def groups(self) -> Iterator[tuple[str, Columns]]:
        """Each group's name and its columns, [packs]."""
        for name in sorted(self._packs):
            parts = self._packs[name]
            yield name, {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    def write(self, path: Path) -> None:
        """The picture.

        Raises:
            SimulationError: the file cannot be written.
        """
        days = {
            name: {key: np.concatenate([p[key] for p in parts], axis=1) for key in parts[0]}
            for name, parts in sorted(self._days.items())
        }
        title = Text("Fleet of simulated packs", "仿真电池包车队").say()
        write_overview(path, title, [*self._over_days(days), self._spread()])

    def _over_days(self, days: dict[str, Columns]) -> list[Panel]:
        label = Text("day", "天").say()
        told = (
            ("soh", 100.0, Text("state of health, %: median, 5 to 95 % of the packs",
                                "健康状态 %：中位数与 5–95 % 区间")),
            ("hottest_c", 1.0, Text("hottest cell of the day, degC", "当日最高电芯温度 degC")),
            ("charged_kwh", 1.0, Text("charged per pack and day, kWh", "每包每日充电量 kWh")),
        )  # fmt: skip
        return [
            Panel(text.say(), label, [_line(name, d[key] * by) for name, d in days.items()])
            for key, by, text in told
        ]

    def _spread(self) -> Panel:
        groups = dict(self.groups())
        every = np.concatenate([100.0 * rows["soh"] for rows in groups.values()])
        edges = np.linspace(float(every.min()) - 0.05, float(every.max()) + 0.05, 25)
        middle = 0.5 * (edges[1:] + edges[:-1])
        bars = [
            (name, middle, np.histogram(100.0 * rows["soh"], edges)[0].astype(np.float64))
            for name, rows in groups.items()
        ]
        title = Text("packs over state of health at the end", "期末健康状态分布（包数）").say()
        return Panel(title, "SoH %", bars=bars)


def _line(name: str, values: Floats) -> Line:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    return Line(name, np.arange(1.0, len(values) + 1.0), middle, low, high)
