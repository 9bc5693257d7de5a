"""Ageing as modes: what a cell has lost, from which its capacity follows.

Loss of lithium inventory (LLI) and of active material in either electrode (LAM) shift and shrink
the half-cell curves against each other (Birkl et al., J. Power Sources 341 (2017) 373; Dubarry
et al., J. Power Sources 219 (2012) 204). The true capacity is then read off the aged curves
between the cell's voltage limits; nowhere is it set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from packtrail.language import Text
from simulators.arithmetic import Floats
from simulators.cells import CellBank, open_circuit_v
from simulators.chemistry import Chemistry
from simulators.draws import Draws
from simulators.errors import SimulationError

FRESH_SPREAD: Final = 0.004
"""Standard deviation of capacity in a new pack, after Rumpf et al., J. Energy Storage 14 (2017)."""
LEAK_PER_MONTH: Final = 0.015
"""Share of the rating that a cell loses in a month, order of Zilberman et al.,
J. Energy Storage 26 (2019) 100900."""
HOURS_PER_MONTH: Final = 730.0
ACTIVE_SHARE: Final = 0.35
"""Loss of positive material over loss of lithium, order of Birkl et al. 2017, table 3."""
NEGATIVE_SHARE: Final = 0.6
"""Loss of negative over loss of positive material."""
JOINT_OHM: Final = 2e-5
"""A sound welded joint."""


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """What each cell has lost, as fractions of fresh; all arrays are [cells].

    Attributes:
        lithium: loss of lithium inventory, that in lost material included.
        positive: loss of active material in the positive electrode.
        negative: loss of active material in the negative electrode.
        resistance: growth of resistance; 0.3 is 30 % more than fresh.
    """

    lithium: Floats
    positive: Floats
    negative: Floats
    resistance: Floats


def draw_modes(cells: int, lithium_loss: float, draws: Draws) -> Modes:
    """Modes of a pack that has lost about `lithium_loss` of its lithium, spread over cells.

    The spread grows with age, as Schuster et al. found in used vehicles (J. Power Sources
    297 (2015) 242).
    """
    spread = FRESH_SPREAD + 0.05 * lithium_loss
    lithium = lithium_loss + spread * draws.normal(cells)
    active = ACTIVE_SHARE * lithium_loss
    positive = active * (1.0 + 0.15 * draws.normal(cells))
    negative = NEGATIVE_SHARE * active * (1.0 + 0.15 * draws.normal(cells))
    resistance = 2.2 * lithium_loss + (0.02 + 0.2 * lithium_loss) * draws.normal(cells)
    return Modes(lithium, positive, negative, resistance)


def make_bank(chemistry: Chemistry, rated_ah: float, modes: Modes, draws: Draws) -> CellBank:
    """Cells of one pack as the modes left them, ready to be stepped.

    Raises:
        SimulationError: no cells, a rating that is not positive, or modes that leave no capacity.
    """
    cells = len(modes.lithium)
    rated = np.full(cells, rated_ah)
    refuse_impossible(cells, rated)
    cooling = chemistry.cooling_w_per_k * rated * cooling_over_cells(cells)
    leak = rated * LEAK_PER_MONTH / HOURS_PER_MONTH * draws.lognormal(0.35, cells)
    return assemble(chemistry, rated, modes, cooling, leak)


def refuse_impossible(cells: int, rated_ah: Floats) -> None:
    """Refuse a pack without cells or with a rating that is not positive.

    Raises:
        SimulationError: naming both.
    """
    if cells < 1 or not np.all(rated_ah > 0.0):
        rating = float(np.min(rated_ah, initial=np.inf)) if np.size(rated_ah) else np.nan
        raise SimulationError(
            Text(
                "a pack of {cells} cells of {ah:g} Ah cannot be",
                "不存在 {cells} 芯 {ah:g} Ah 的电池包",
            ).fill(cells=cells, ah=rating),
            hint=Text(
                "give at least one cell and a positive rating", "电芯数至少为 1，额定容量须为正"
            ),
        )


def cooling_over_cells(cells: int) -> Floats:
    """Cooling of each cell over the mean: the middle of a pack is cooled worse, [cells]."""
    place = np.linspace(0.0, 1.0, cells)
    return 1.15 - place * (1.0 - place)


def assemble(
    chemistry: Chemistry, rated_ah: Floats, modes: Modes, cooling: Floats, leak_a: Floats
) -> CellBank:
    """Cells of any number of packs; all arrays are of one shape.

    Args:
        chemistry: what they are made of.
        rated_ah: capacity on the label.
        modes: what they have lost.
        cooling: heat given to the coolant, W/K.
        leak_a: self-discharge.

    Raises:
        SimulationError: modes that leave no capacity.
    """
    size = rated_ah / fresh_capacity(chemistry)
    return with_window(
        CellBank(
            chemistry=chemistry,
            rated_ah=rated_ah,
            positive_ah=size * chemistry.positive_ah * (1.0 - modes.positive),
            negative_ah=size * chemistry.negative_ah * (1.0 - modes.negative),
            lithium_ah=size * chemistry.lithium_ah * (1.0 - modes.lithium),
            empty_ah=np.zeros_like(rated_ah),
            full_ah=np.zeros_like(rated_ah),
            resistance_scale=1.0 + modes.resistance,
            joint_ohm=np.full_like(rated_ah, JOINT_OHM),
            cooling_w_per_k=cooling,
            leak_a=leak_a,
        )
    )


@cache
def fresh_capacity(chemistry: Chemistry) -> float:
    """Ah between the voltage limits of a fresh cell whose electrodes are sized for 1 Ah."""
    one = np.ones(1)
    bank = CellBank(
        chemistry=chemistry,
        rated_ah=one,
        positive_ah=one * chemistry.positive_ah,
        negative_ah=one * chemistry.negative_ah,
        lithium_ah=one * chemistry.lithium_ah,
        empty_ah=one,
        full_ah=one,
        resistance_scale=one,
        joint_ohm=one,
        cooling_w_per_k=one,
        leak_a=one,
    )
    return float(with_window(bank).capacity_ah[0])


def with_window(bank: CellBank) -> CellBank:
    """The bank with its empty and full points found on its own curves.

    Raises:
        SimulationError: a cell has nothing between them.
    """
    empty = _charge_at(bank, bank.chemistry.empty_v)
    full = _charge_at(bank, bank.chemistry.full_v)
    if np.any(full <= empty):
        raise SimulationError(
            Text("these losses leave a cell without capacity", "这些损失使电芯失去全部容量"),
            hint=Text("lower the losses of the modes", "请减小各退化模式的损失"),
        )
    return replace(bank, empty_ah=empty, full_ah=full)


def _charge_at(bank: CellBank, voltage: float) -> Floats:
    """Lithium in the negative electrode at an open-circuit voltage, by bisection, Ah [cells]."""
    low = np.maximum(bank.lithium_ah - bank.positive_ah, 0.0)
    high = np.minimum(bank.lithium_ah, bank.negative_ah)
    for _ in range(50):  # 2**-50 of an electrode is far below what floats resolve
        middle = 0.5 * (low + high)
        below = open_circuit_v(bank, middle) < voltage
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
