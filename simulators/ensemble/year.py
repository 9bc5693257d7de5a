"""A fleet through the seasons: blocks of packs, each from its order to its result alone.

A `BlockOrder` says everything, so a block may run in this process, in another one or on another
machine, and gives the same bits everywhere. Without `cells`, a pack is two rows: its mean cell,
and its weakest one drawn as the least of all cells; with `cells`, every cell is stepped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from packtrail.language import Text
from simulators.arithmetic import Floats, exponential, sum_of_rows
from simulators.ensemble.block import BlockState, Limits, Parameters, refuse_unphysical
from simulators.ensemble.compiled import stepper
from simulators.ensemble.diary import Today, Week, weighted
from simulators.ensemble.population import Population
from simulators.ensemble.usage import DAY_MINUTES, ambient_c, cold_limit, day_plan, minute_rates
from simulators.ensemble.wear import Wear, aged
from simulators.errors import SimulationError

WEAR_DAYS: Final = 7
"""Ageing is applied once a week."""
COOLANT_MINUTES: Final = 40.0
"""Time in which a pack at rest takes on the temperature of the air, through its coolant."""
BALANCING_AH_PER_DAY: Final = 0.5
"""Passive balancing of 0.1 A over five hours of charging."""
COOLANT_C: Final = (12.0, 32.0)
"""Between these, thermal management holds the coolant of vehicles that charge fast."""


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """What to simulate.

    Attributes:
        model: name of the pack model.
        packs: numbers of the packs in the fleet.
        seed: of the fleet.
        days: how long.
        step_s: length of a step.
        cells: whether every cell is stepped.
        cold_protection: whether the BMS holds charging back when it is cold.
        compiled: True for numba, False for numpy, None for whichever is there.
    """

    model: str
    packs: tuple[int, ...]
    seed: int
    days: int
    step_s: int = 60
    cells: bool = False
    cold_protection: bool = True
    compiled: bool | None = None


@dataclass(slots=True, eq=False)
class BlockResult:
    """What came of it; summary arrays are [packs], daily ones [days, packs].

    Attributes:
        order: what was asked.
        summary: column -> value at the end.
        daily: column -> value of each day.
    """

    order: BlockOrder
    summary: dict[str, Floats]
    daily: dict[str, Floats] = field(default_factory=dict)


def run_block(order: BlockOrder, watch: Callable[[int], None] | None = None) -> BlockResult:
    """Simulate one block.

    Args:
        order: what.
        watch: told how many pack-days are done, once a week.

    Raises:
        SimulationError: an impossible order, or a state outside physical bounds.
    """
    if order.days < 1 or not order.packs or DAY_MINUTES * 60 % order.step_s or order.step_s > 3600:
        raise SimulationError(
            Text(
                "a block needs packs, days and a step that divides an hour",
                "须给出电池包、天数以及能整除一小时的步长",
            ),
            where=f"{len(order.packs)} packs, {order.days} d, {order.step_s} s",
        )
    life = _Life(order)
    for day in range(order.days):
        life.day(day)
        if (day + 1) % WEAR_DAYS == 0 or day + 1 == order.days:
            life.age(day + 1)
            if watch is not None:
                watch(len(order.packs) * ((day % WEAR_DAYS) + 1))
    return life.result()


class _Life:
    """The packs of a block while they live."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._fleet = Population.draw(order.model, order.packs, order.seed, cells=order.cells)
        self._bank, self._weight = self._fleet.bank, self._fleet.weight
        packs = len(order.packs)
        self._stepper = stepper(len(self._weight), packs, compiled=order.compiled)
        air = ambient_c(self._fleet.climates, 0, 0)
        self._state = BlockState.at_rest(self._bank, np.full(packs, 0.6), air)
        self._coolant_c = air.copy()
        self._wear = Wear.begin(self._fleet.born)
        self._minutes = minute_rates()
        self._plan = np.empty((packs, DAY_MINUTES))
        self._rated = self._bank.rated_ah[0]
        self._heated = np.array([kind.heated for kind in self._fleet.kinds])
        self._keep_air = float(exponential(-60.0 / COOLANT_MINUTES))
        self._daily: dict[str, list[Floats]] = {}
        self._plated_ah = np.zeros(packs)
        self._fresh_ah = self._bank.capacity_ah.copy()
        self._week = Week(self._bank.rated_ah, 0)
        self._prepare()

    def day(self, day: int) -> None:
        """One day, hour by hour."""
        for row, pack in enumerate(self._order.packs):
            kind = self._fleet.kinds[row]
            day_plan(pack, self._order.seed, day, kind, self._minutes, self._plan[row])
        steps = np.repeat(self._plan.T, 60 // min(60, self._order.step_s), axis=0)
        if self._order.step_s > 60:
            steps = steps[:: self._order.step_s // 60]
        demand = np.ascontiguousarray(steps * self._rated)
        today = Today(self._state, self._soc())
        for hour, part in enumerate(np.split(demand, 24)):
            self._hour(day, hour, part, today)
        self._keep(today)

    def age(self, until_day: int) -> None:
        """Apply what the days since the last time have done."""
        use = self._week.use(until_day)
        after = self._wear.after(self._bank, use, self._state.plated_ah)
        self._plated_ah += self._state.plated_ah[0]
        self._bank = aged(self._bank, self._wear, after, self._state)
        self._wear = after
        self._state.plated_ah[:] = 0.0
        self._balance(use.days)
        self._week = Week(self._bank.rated_ah, until_day)
        self._prepare()

    def result(self) -> BlockResult:
        """The block at the end of its days."""
        share = self._bank.capacity_ah / self._rated
        daily = {name: np.stack(values) for name, values in self._daily.items()}
        modes = self._wear.modes()
        mean = weighted(share, self._weight)
        summary = {
            "soh": mean,
            "soh_weakest": share.min(axis=0),
            "soh_begin": weighted(self._fresh_ah / self._rated, self._weight),
            "lithium_lost": weighted(modes.lithium, self._weight),
            "positive_lost": weighted(modes.positive, self._weight),
            "negative_lost": weighted(modes.negative, self._weight),
            "resistance_growth": weighted(modes.resistance, self._weight),
            "plated_ah": self._plated_ah,
            "cycles": sum_of_rows(daily["cycles"]),
            "charged_kwh": sum_of_rows(daily["charged_kwh"]),
            "coldest_c": daily["coldest_c"].min(axis=0),
            "hottest_c": daily["hottest_c"].max(axis=0),
            "unserved": sum_of_rows(daily["unserved"]) / self._order.days,
        }
        return BlockResult(self._order, summary, daily)

    def _hour(self, day: int, hour: int, demand: Floats, today: Today) -> None:
        air = ambient_c(self._fleet.climates, day, hour)
        warmth = weighted(self._state.temperature_c, self._weight)
        coolant = 0.5 * (warmth + air)
        coolant = coolant + (self._coolant_c - coolant) * self._keep_air
        held = np.minimum(np.maximum(coolant, COOLANT_C[0]), COOLANT_C[1])
        self._coolant_c = np.where(self._heated, held, coolant)
        if self._order.cold_protection:
            allowed = cold_limit(self._state.temperature_c.min(axis=0)) * self._rated
            demand = np.minimum(demand, allowed)
        trace = self._stepper.advance(
            self._parameters, self._state, self._limits, demand, self._coolant_c
        )
        names = [self._fleet.code(pack) for pack in self._order.packs]
        refuse_unphysical(self._bank, self._state, names)
        hours, soc = self._parameters.hours, self._soc()
        moved_ah = self._week.add(self._bank, self._state, soc, trace, hours)
        charge_w = np.maximum(trace.current_a, 0.0) * trace.pack_v
        today.add(moved_ah, sum_of_rows(charge_w) * hours / 1000.0, soc, self._state)
        asked = -sum_of_rows(np.minimum(demand, 0.0))
        given = -sum_of_rows(np.minimum(trace.current_a, 0.0))
        today.short(asked, given)

    def _keep(self, today: Today) -> None:
        self._week.depth += today.highest_soc - today.lowest_soc
        columns = {
            "cycles": today.moved_ah / (2.0 * self._rated),
            "charged_kwh": today.charged_kwh,
            "soc_min": today.lowest_soc,
            "soc_max": today.highest_soc,
            "coldest_c": today.coldest_c,
            "hottest_c": today.hottest_c,
            "soh": weighted(self._bank.capacity_ah / self._rated, self._weight),
            "unserved": np.where(
                today.asked > 0.0, 1.0 - today.given / np.maximum(today.asked, 1e-9), 0.0
            ),
        }
        for name, values in columns.items():
            self._daily.setdefault(name, []).append(values)

    def _balance(self, days: float) -> None:
        """Resistors take charge from the cells that would be full first."""
        room = self._bank.full_ah - self._state.lithium_ah
        bled = np.minimum(room.max(axis=0) - room, BALANCING_AH_PER_DAY * days)
        self._state.lithium_ah -= bled

    def _soc(self) -> Floats:
        held = self._state.lithium_ah - self._bank.empty_ah
        return np.asarray(held / self._bank.capacity_ah)

    def _prepare(self) -> None:
        chemistry, packs = self._bank.chemistry, len(self._order.packs)
        self._parameters = Parameters.of(self._bank, self._order.step_s, self._weight)
        full_soc = np.array([kind.full_soc for kind in self._fleet.kinds])
        self._limits = Limits(
            highest_v=np.full(packs, chemistry.full_v),
            lowest_v=np.full(packs, chemistry.empty_v),
            full_ah=self._bank.empty_ah + full_soc * self._bank.capacity_ah,
        )
