"""Cells, many at once: one step of current, heat and charge for all of them.

`CellBank` holds what does not change while a simulation runs (sizes, ageing, resistances),
`CellState` what does; `step` makes the next state from the last. Every part is integrated
exactly for constant current, so a step of many seconds is as stable as one of a second.
A state outside physical bounds is refused by `check`, which says which cell and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.arithmetic import Floats, exponential
from simulators.chemistry import Chemistry
from simulators.errors import SimulationError

KELVIN: Final = 273.15
REFERENCE_K: Final = KELVIN + 25.0
BOUNDS_C: Final = (-45.0, 150.0)


@dataclass(frozen=True, slots=True, eq=False)
class CellBank:
    """Cells of one chemistry; all arrays are [cells].

    Attributes:
        chemistry: what they are made of.
        rated_ah: capacity on the label.
        positive_ah: host capacity of the positive electrode as aged.
        negative_ah: the same of the negative electrode.
        lithium_ah: lithium left to move.
        empty_ah: lithium in the negative electrode when the cell is empty.
        full_ah: the same when it is full.
        resistance_scale: resistance over that of a fresh cell of this rating.
        joint_ohm: resistance of the cell's connections; a bad joint is large.
        cooling_w_per_k: heat given to the coolant per kelvin.
        leak_a: self-discharge.
    """

    chemistry: Chemistry
    rated_ah: Floats
    positive_ah: Floats
    negative_ah: Floats
    lithium_ah: Floats
    empty_ah: Floats
    full_ah: Floats
    resistance_scale: Floats
    joint_ohm: Floats
    cooling_w_per_k: Floats
    leak_a: Floats

    def __len__(self) -> int:
        return len(self.rated_ah)

    @property
    def capacity_ah(self) -> Floats:
        """True capacity between the empty and the full open-circuit voltage, [cells]."""
        return self.full_ah - self.empty_ah


@dataclass(frozen=True, slots=True, eq=False)
class CellState:
    """What changes; all arrays are [cells].

    Attributes:
        lithium_ah: lithium in the negative electrode: what the cell's charge is.
        branch: place between discharge (-1) and charge (+1) branch of the hysteresis.
        fast_v: voltage over the fast RC pair, positive while charging.
        slow_v: voltage over the slow RC pair.
        temperature_c: temperature of the cell.
    """

    lithium_ah: Floats
    branch: Floats
    fast_v: Floats
    slow_v: Floats
    temperature_c: Floats


def at_rest(bank: CellBank, soc: Floats, temperature_c: Floats) -> CellState:
    """Cells long at rest at true state of charge `soc`, fraction [cells]; degC [cells]."""
    zero = np.zeros(len(bank))
    lithium = bank.empty_ah + soc * bank.capacity_ah
    return CellState(lithium, zero - 1.0, zero, zero, temperature_c)


def soc(bank: CellBank, state: CellState) -> Floats:
    """True state of charge, fraction of the true capacity, [cells]."""
    return (state.lithium_ah - bank.empty_ah) / bank.capacity_ah


def open_circuit_v(bank: CellBank, lithium_ah: Floats) -> Floats:
    """Open-circuit voltage between the branches, V [cells]."""
    positive = bank.chemistry.positive.at((bank.lithium_ah - lithium_ah) / bank.positive_ah)
    return positive - bank.chemistry.negative.at(lithium_ah / bank.negative_ah)


def resistance_factor(bank: CellBank, state: CellState) -> Floats:
    """Resistance over that at 25 degC and half charge, ageing included, [cells]."""
    chemistry = bank.chemistry
    inverse_k = 1.0 / (state.temperature_c + KELVIN) - 1.0 / REFERENCE_K
    empty = chemistry.empty_rise * exponential(-10.0 * np.clip(soc(bank, state), 0.0, 1.0))
    return np.asarray(
        bank.resistance_scale * exponential(chemistry.activation_k * inverse_k) * (1.0 + empty)
    )


def ohmic_ohm(bank: CellBank, state: CellState) -> Floats:
    """Resistance that answers at once, connections included, ohm [cells]."""
    chemical = bank.chemistry.ohmic / bank.rated_ah * resistance_factor(bank, state)
    return np.asarray(chemical + bank.joint_ohm)


def relaxed_v(bank: CellBank, state: CellState) -> Floats:
    """Terminal voltage if the current stopped this instant, V [cells]."""
    ocv = open_circuit_v(bank, state.lithium_ah)
    return ocv + bank.chemistry.hysteresis_v * state.branch + state.fast_v + state.slow_v


def terminal_v(bank: CellBank, state: CellState, current_a: Floats) -> Floats:
    """Terminal voltage at `current_a` [cells], charge positive, V [cells]."""
    return relaxed_v(bank, state) + current_a * ohmic_ohm(bank, state)


def step(
    bank: CellBank, state: CellState, current_a: Floats, coolant_c: Floats, seconds: float
) -> CellState:
    """The state after `seconds` of constant current.

    Args:
        bank: the cells.
        state: how they are now.
        current_a: [cells], charge positive.
        coolant_c: [cells], temperature of what cools them.
        seconds: length of the step.
    """
    chemistry = bank.chemistry
    factor = resistance_factor(bank, state)
    fast_ohm = chemistry.fast / bank.rated_ah * factor
    slow_ohm = chemistry.slow / bank.rated_ah * factor
    moved_ah = (current_a - bank.leak_a) * seconds / 3600.0
    return CellState(
        lithium_ah=state.lithium_ah + moved_ah,
        branch=_branch(bank, state.branch, current_a, moved_ah),
        fast_v=_toward(current_a * fast_ohm, state.fast_v, seconds / chemistry.fast_s),
        slow_v=_toward(current_a * slow_ohm, state.slow_v, seconds / chemistry.slow_s),
        temperature_c=_warmed(bank, state, current_a, coolant_c, seconds),
    )


def check(bank: CellBank, state: CellState, where: str) -> None:
    """Refuse a state that no cell can be in.

    Raises:
        SimulationError: naming `where`, the cell and the quantity.
    """
    low_c, high_c = BOUNDS_C
    for name, values, low, high in (
        ("temperature_c", state.temperature_c, low_c, high_c),
        ("negative stoichiometry", state.lithium_ah / bank.negative_ah, 0.0, 1.0),
        ("positive stoichiometry", _positive_filling(bank, state), 0.0, 1.0),
    ):
        outside = ~((values >= low) & (values <= high))
        if outside.any():
            cell = int(np.argmax(outside))
            raise SimulationError(
                f"cell {cell + 1}: {name} {values[cell]:.4g} is not within {low:g} to {high:g}",
                where=where,
                hint="shorten the step or lower the current",
            )


def _positive_filling(bank: CellBank, state: CellState) -> Floats:
    return (bank.lithium_ah - state.lithium_ah) / bank.positive_ah


def _toward(target: Floats, value: Floats, time_constants: float) -> Floats:
    """First-order approach, exact for a constant target."""
    return np.asarray(target + (value - target) * exponential(-time_constants))


def _branch(bank: CellBank, branch: Floats, current_a: Floats, moved_ah: Floats) -> Floats:
    """Charge moves the state toward its branch and rest leaves it (Plett, section 2.4)."""
    rate = bank.chemistry.hysteresis_rate
    if not rate:
        return branch
    fade = exponential(-rate * np.abs(moved_ah) / bank.rated_ah)
    return np.where(current_a == 0.0, branch, _blend(np.sign(current_a), branch, fade))


def _blend(target: Floats, value: Floats, keep: Floats) -> Floats:
    return target + (value - target) * keep


def _warmed(
    bank: CellBank, state: CellState, current_a: Floats, coolant_c: Floats, seconds: float
) -> Floats:
    """Irreversible heat (Bernardi et al., J. Electrochem. Soc. 132 (1985) 5) less cooling."""
    ohmic_w = current_a**2 * ohmic_ohm(bank, state)
    polarised_w = np.abs(current_a * (state.fast_v + state.slow_v))
    balance_c = coolant_c + (ohmic_w + polarised_w) / bank.cooling_w_per_k
    heat_j_per_k = bank.chemistry.heat_j_per_k * bank.rated_ah
    keep = exponential(-seconds * bank.cooling_w_per_k / heat_j_per_k)
    return _blend(balance_c, state.temperature_c, keep)
