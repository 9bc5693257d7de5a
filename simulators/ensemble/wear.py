"""Ageing while a simulation runs: what each cell loses in days of a given use.

Sources:
    Ternary cells: Schmalstieg, Kaebitz, Ecker and Sauer, J. Power Sources 257 (2014) 325:
        calendar loss with time to 0.75, cyclic loss with the root of the charge throughput.
    LFP, calendar: Naumann, Schimpe, Keil, Hesse and Jossen, J. Energy Storage 17 (2018) 153.
    LFP, cyclic: Naumann, Spingler and Jossen, J. Power Sources 451 (2020) 227666.
    Plating: what comes down as metal is found in `stepping`; most of it dissolves again
        (Petzl and Danzer, J. Power Sources 254 (2014) 80), the rest is lost.

The laws were fitted to capacity; here they drive the lithium inventory and, with the shares of
`ageing`, the active material, from which capacity follows. Loss under changing use adds up
along each law's own curve (time and throughput are turned into those of the present use).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from simulators.ageing import ACTIVE_SHARE, NEGATIVE_SHARE, Modes, with_window
from simulators.arithmetic import Floats, exponential, power
from simulators.cells import KELVIN, CellBank
from simulators.ensemble.block import BlockState

GAS_J_PER_K: Final = 8.314
DAY_S: Final = 86_400.0
SCHMALSTIEG_AH: Final = 2.05
"""Rating of the cells of Schmalstieg et al., whose law counts ampere-hours."""
STAYS_METAL: Final = 0.25
"""Share of the plated lithium that does not dissolve again."""


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """How cells were used; [cells, packs], or [packs] where said.

    Attributes:
        days: how long.
        temperature_c: mean.
        soc: mean state of charge.
        open_v: mean open-circuit voltage.
        depth: mean daily swing of the state of charge, [packs].
        cycles: full equivalent cycles, [packs].
        rate: mean current over the rating while it flows, 1/h, [packs].
    """

    days: float
    temperature_c: Floats
    soc: Floats
    open_v: Floats
    depth: Floats
    cycles: Floats
    rate: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Wear:
    """What ageing has done so far, as fractions of fresh, [cells, packs].

    Attributes:
        born: the losses and the spread that the cells began with.
        calendar: lithium lost with time.
        cyclic: lithium lost by cycling.
        plated: lithium lost as metal.
        resistance: growth since the beginning.
    """

    born: Modes
    calendar: Floats
    cyclic: Floats
    plated: Floats
    resistance: Floats

    @classmethod
    def begin(cls, born: Modes) -> Self:
        """Of cells as they come into the simulation."""
        zero = np.zeros_like(born.lithium)
        return cls(born, zero, zero, zero, zero)

    def after(self, bank: CellBank, use: Use, plated_ah: Floats) -> Wear:
        """After more use, with what came down as metal meanwhile, Ah."""
        law = _ternary if bank.chemistry.letter == "E" else _iron_phosphate
        fresh_ah = bank.lithium_ah / (1.0 - self.modes().lithium)
        worn = law(self, use)
        return replace(worn, plated=self.plated + STAYS_METAL * plated_ah / fresh_ah)

    def modes(self) -> Modes:
        """As modes of degradation."""
        lost = self.calendar + self.cyclic + self.plated
        active = ACTIVE_SHARE * self.cyclic
        return Modes(
            self.born.lithium + lost,
            self.born.positive + active,
            self.born.negative + NEGATIVE_SHARE * active,
            self.born.resistance + self.resistance,
        )


def aged(bank: CellBank, before: Wear, after: Wear, state: BlockState) -> CellBank:
    """The bank after more wear; lithium that is lost leaves the negative electrode of `state`.

    Raises:
        SimulationError: a cell is left without capacity.
    """
    old, new = before.modes(), after.modes()
    fresh_ah = bank.lithium_ah / (1.0 - old.lithium)
    state.lithium_ah -= fresh_ah * (new.lithium - old.lithium)
    return with_window(
        replace(
            bank,
            lithium_ah=fresh_ah * (1.0 - new.lithium),
            positive_ah=bank.positive_ah * ((1.0 - new.positive) / (1.0 - old.positive)),
            negative_ah=bank.negative_ah * ((1.0 - new.negative) / (1.0 - old.negative)),
            resistance_scale=1.0 + new.resistance,
        )
    )


def _ternary(wear: Wear, use: Use) -> Wear:
    kelvin = use.temperature_c + KELVIN
    volts = use.open_v
    calendar = np.maximum(7.543 * volts - 23.75, 0.0) * 1e6 * exponential(-6976.0 / kelvin)
    resist = np.maximum(5.270 * volts - 16.32, 0.0) * 1e5 * exponential(-5986.0 / kelvin)
    throughput_ah = 2.0 * SCHMALSTIEG_AH * use.cycles
    cyclic = 7.348e-3 * (volts - 3.667) ** 2 + 7.600e-4 + 4.081e-3 * use.depth
    grown = 2.153e-4 * (volts - 3.725) ** 2 - 1.521e-5 + 2.798e-4 * use.depth
    begun_days = power(wear.calendar / np.maximum(calendar, 1e-12), 4.0 / 3.0)
    until = power(begun_days + use.days, 0.75)
    return replace(
        wear,
        calendar=calendar * until,
        cyclic=np.sqrt(wear.cyclic * wear.cyclic + cyclic * cyclic * throughput_ah),
        resistance=wear.resistance
        + resist * (until - power(begun_days, 0.75))
        + np.maximum(grown, 0.0) * throughput_ah,
    )


def _iron_phosphate(wear: Wear, use: Use) -> Wear:
    inverse_k = 1.0 / (use.temperature_c + KELVIN) - 1.0 / 298.15
    away = use.soc - 0.5
    calendar = (
        1.2571e-5
        * exponential(-17126.0 / GAS_J_PER_K * inverse_k)
        * np.maximum(2.8575 * away * away * away + 0.60225, 0.0)
    )
    resist = 3.4194e-10 * exponential(-71827.0 / GAS_J_PER_K * inverse_k)
    resist = resist * np.maximum(-3.3903 * away * away + 1.5604, 0.0)
    deep, half = use.depth - 0.6, use.depth - 0.5
    cyclic = (0.0630 * use.rate + 0.0971) * (4.0253 * deep * deep * deep + 1.0923) / 100.0
    grown = np.maximum(-0.0020 * use.rate + 0.0021, 0.0) * (6.8477 * half * half * half + 0.91882)
    seconds = use.days * DAY_S
    return replace(
        wear,
        calendar=np.sqrt(wear.calendar * wear.calendar + calendar * calendar * seconds),
        cyclic=np.sqrt(wear.cyclic * wear.cyclic + cyclic * cyclic * use.cycles),
        resistance=wear.resistance + resist * seconds + grown * use.cycles / 100.0,
    )
