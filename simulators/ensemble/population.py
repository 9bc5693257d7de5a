"""Packs of a fleet as they come into a simulation, drawn one by one by their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from simulators.ageing import (
    HOURS_PER_MONTH,
    LEAK_PER_MONTH,
    Modes,
    assemble,
    cooling_over_cells,
    draw_modes,
    refuse_impossible,
)
from simulators.arithmetic import Floats
from simulators.cells import CellBank
from simulators.draws import Draws
from simulators.ensemble.usage import CLIMATES, KINDS, Kind
from simulators.models import PackModel, find_model

WEAK_SHARE: Final = 0.02
"""Packs with a cell that was weak from the beginning."""
WEAK_LOSS: Final = 0.06
"""Lithium that a weak cell has lost more than the others."""
WEAK_LEAK: Final = 4.0
"""Its self-discharge over that of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The packs of a block.

    Attributes:
        model: their type.
        seed: of the fleet.
        bank: their cells, [cells, packs].
        weight: cells in series that each row stands for, [cells].
        born: modes that the cells begin with, [cells, packs].
        kinds: what each pack's vehicle is.
        climates: January and July where it lives, degC [packs, 2].
        places: names of the climates.
    """

    model: PackModel
    seed: int
    bank: CellBank
    weight: Floats
    born: Modes
    kinds: tuple[Kind, ...]
    climates: Floats
    places: tuple[str, ...]

    @classmethod
    def draw(cls, model: str, packs: tuple[int, ...], seed: int, *, cells: bool) -> Self:
        """The packs of these numbers.

        Raises:
            SimulationError: a pack that cannot be.
        """
        kind = find_model(model)
        refuse_impossible(kind.cells, np.array([kind.rated_ah]))
        rows = kind.cells if cells else 2
        weight = np.ones(rows) if cells else np.array([kind.cells - 1.0, 1.0])
        drawn = [_draw(Draws(seed, pack, 0), kind, cells=cells) for pack in packs]
        modes = Modes(*(np.stack([d[0][n] for d in drawn], axis=1) for n in range(4)))
        rated = np.full((rows, len(packs)), kind.rated_ah)
        place = cooling_over_cells(kind.cells) if cells else np.array([0.98, 0.90])
        cooling = kind.chemistry.cooling_w_per_k * rated * place[:, None]
        leak = rated * LEAK_PER_MONTH / HOURS_PER_MONTH * np.stack([d[1] for d in drawn], axis=1)
        homes = [CLIMATES[d[3]] for d in drawn]
        return cls(
            model=kind,
            seed=seed,
            bank=assemble(kind.chemistry, rated, modes, cooling, leak),
            weight=weight,
            born=modes,
            kinds=tuple(KINDS[d[2]] for d in drawn),
            climates=np.array([[home.january_c, home.july_c] for home in homes]),
            places=tuple(home.name for home in homes),
        )

    def code(self, pack: int) -> str:
        """Name of a pack in results and errors."""
        return f"{self.model.name}-{pack:06d}"


def _draw(draws: Draws, model: PackModel, *, cells: bool) -> tuple[list[Floats], Floats, int, int]:
    """Modes and leak of a pack's rows, its kind of vehicle and its climate."""
    uniform = draws.uniform(5).tolist()
    shares = np.cumsum([kind.share for kind in KINDS])
    kind = int(np.searchsorted(shares, uniform[0] * shares[-1]))
    home = int(uniform[1] * len(CLIMATES))
    begun = 0.01 + 0.02 * uniform[2]
    weak = uniform[3] < WEAK_SHARE
    modes = draw_modes(model.cells, begun, draws)
    columns = [modes.lithium, modes.positive, modes.negative, modes.resistance]
    leak = draws.lognormal(0.35, model.cells)
    if weak:
        worst = int(uniform[4] * model.cells)
        columns[0][worst] += WEAK_LOSS
        leak[worst] *= WEAK_LEAK
    if not cells:
        weakest = int(columns[0].argmax())
        columns = [_mean_and_weakest(column, weakest) for column in columns]
        leak = _mean_and_weakest(leak, weakest)
    return columns, leak, kind, home


def _mean_and_weakest(values: Floats, weakest: int) -> Floats:
    rest = np.delete(values, weakest)
    return np.array([float(sum(rest.tolist())) / len(rest), float(values[weakest])])
