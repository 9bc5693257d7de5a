"""A block: packs of one type side by side, as arrays of cells times packs.

Cells run along the first axis and packs along the second, so that a sum over the cells of a pack
is made in one order, row by row, by every machine and with or without the compiled loops.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from packtrail.language import Text
from simulators.arithmetic import Floats, exponential
from simulators.cells import BOUNDS_C, CellBank
from simulators.ensemble.tables import Tables, tables_of
from simulators.errors import SimulationError

ANODE_SHARE: Final = 0.5
"""Share of the polarisation without the connections that stands at the negative electrode, order
of the three-electrode measurements of Petzl and Danzer, J. Power Sources 254 (2014) 80."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """What does not change in steps of one length; [cells, packs] unless said.

    Attributes:
        tables: of the chemistry.
        per_positive: 1 over the host capacity of the positive electrode, 1/Ah.
        per_negative: the same of the negative.
        lithium_ah: lithium left to move.
        empty_ah: lithium in the negative electrode when empty.
        per_capacity: 1 over the true capacity, 1/Ah.
        scale: resistance over that of a fresh cell.
        joint_ohm: connections.
        per_cooling: 1 over the cooling, K/W.
        keep_heat: what a step leaves of a temperature difference.
        leak_a: self-discharge.
        ohm: ohmic resistance of a fresh cell, [packs].
        fast_ohm: of the fast RC pair, [packs].
        slow_ohm: of the slow RC pair, [packs].
        anode_ohm: of the negative electrode, [packs].
        branch_rate: hysteresis branch change per ampere and step, [packs].
        weight: how many cells in series each row stands for, [cells].
        hysteresis_v: half the distance of the branches.
        keep_fast: what a step leaves of the fast RC pair's distance.
        keep_slow: the same of the slow one.
        hours: length of a step.
    """

    tables: Tables
    per_positive: Floats
    per_negative: Floats
    lithium_ah: Floats
    empty_ah: Floats
    per_capacity: Floats
    scale: Floats
    joint_ohm: Floats
    per_cooling: Floats
    keep_heat: Floats
    leak_a: Floats
    ohm: Floats
    fast_ohm: Floats
    slow_ohm: Floats
    anode_ohm: Floats
    branch_rate: Floats
    weight: Floats
    hysteresis_v: float
    keep_fast: float
    keep_slow: float
    hours: float

    @classmethod
    def of(cls, bank: CellBank, seconds: float, weight: Floats) -> Self:
        """For steps of `seconds` of a bank whose arrays are [cells, packs]."""
        chemistry, rated = bank.chemistry, bank.rated_ah[0]
        heat = chemistry.heat_j_per_k * bank.rated_ah
        polarised = 0.5 * chemistry.ohmic + chemistry.fast + chemistry.slow
        return cls(
            tables=tables_of(chemistry),
            per_positive=1.0 / bank.positive_ah,
            per_negative=1.0 / bank.negative_ah,
            lithium_ah=bank.lithium_ah,
            empty_ah=bank.empty_ah,
            per_capacity=1.0 / bank.capacity_ah,
            scale=bank.resistance_scale,
            joint_ohm=bank.joint_ohm,
            per_cooling=1.0 / bank.cooling_w_per_k,
            keep_heat=exponential(-seconds * bank.cooling_w_per_k / heat),
            leak_a=bank.leak_a,
            ohm=chemistry.ohmic / rated,
            fast_ohm=chemistry.fast / rated,
            slow_ohm=chemistry.slow / rated,
            anode_ohm=ANODE_SHARE * polarised / rated,
            branch_rate=chemistry.hysteresis_rate * seconds / 3600.0 / rated,
            weight=weight,
            hysteresis_v=chemistry.hysteresis_v,
            keep_fast=float(exponential(-seconds / chemistry.fast_s)),
            keep_slow=float(exponential(-seconds / chemistry.slow_s)),
            hours=seconds / 3600.0,
        )


@dataclass(slots=True, eq=False)
class BlockState:
    """What changes, written in place; [cells, packs].

    Attributes:
        lithium_ah: lithium in the negative electrode.
        branch: place between discharge (-1) and charge (+1) branch.
        fast_v: voltage over the fast RC pair.
        slow_v: voltage over the slow RC pair.
        temperature_c: of the cells.
        plated_ah: lithium that came down as metal while charging, summed.
    """

    lithium_ah: Floats
    branch: Floats
    fast_v: Floats
    slow_v: Floats
    temperature_c: Floats
    plated_ah: Floats

    @classmethod
    def at_rest(cls, bank: CellBank, soc: Floats, temperature_c: Floats) -> Self:
        """Cells long at rest after a discharge; `soc` and `temperature_c` are [packs]."""
        zero = np.zeros_like(bank.rated_ah)
        lithium = bank.empty_ah + soc * bank.capacity_ah
        return cls(lithium, zero - 1.0, zero.copy(), zero.copy(), zero + temperature_c, zero.copy())

    def copy(self) -> BlockState:
        """The same, to be stepped apart."""
        return BlockState(*(getattr(self, field.name).copy() for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What the BMS holds its cells to.

    Attributes:
        highest_v: no cell is charged beyond, [packs].
        lowest_v: no cell is discharged below, [packs].
        full_ah: no cell takes more lithium into its negative electrode, [cells, packs].
    """

    highest_v: Floats
    lowest_v: Floats
    full_ah: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What flowed; both are [steps, packs].

    Attributes:
        current_a: as the limits let it flow, charge positive.
        pack_v: pack voltage at that current.
    """

    current_a: Floats
    pack_v: Floats


def refuse_unphysical(bank: CellBank, state: BlockState, where: list[str]) -> None:
    """Refuse a state that no cell can be in.

    Args:
        bank: the cells, [cells, packs].
        state: how they are.
        where: names of the packs.

    Raises:
        SimulationError: naming the pack, the cell and the quantity.
    """
    low_c, high_c = BOUNDS_C
    for name, values, low, high in (
        ("temperature_c", state.temperature_c, low_c, high_c),
        ("negative stoichiometry", state.lithium_ah / bank.negative_ah, 0.0, 1.0),
        (
            "positive stoichiometry",
            (bank.lithium_ah - state.lithium_ah) / bank.positive_ah,
            0.0,
            1.0,
        ),
    ):
        outside = ~((values >= low) & (values <= high))
        if outside.any():
            cell, pack = (int(place[0]) for place in np.nonzero(outside))
            raise SimulationError(
                Text(
                    "cell {cell}: {name} {value:.4g} is not within {low:g} to {high:g}",
                    "电芯 {cell}：{name} {value:.4g} 超出 {low:g} 至 {high:g}",
                ).fill(cell=cell + 1, name=name, value=values[cell, pack], low=low, high=high),
                where=where[pack],
                hint=Text("shorten the step or lower the current", "请缩短步长或减小电流"),
            )
