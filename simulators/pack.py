"""Packs: many of them, stepped together, each with its truth known.

`Pack` says which pack it is and how aged; `Packs` lays the cells of all of them side by side, one
bank per chemistry, so that one numpy call serves the whole fleet. Currents enter per pack, cell
voltages and temperatures leave per pack. What leaves physical bounds stops with the pack's code.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulators import cells
from simulators.ageing import draw_modes, make_bank
from simulators.arithmetic import Floats
from simulators.cells import CellBank, CellState
from simulators.chemistry import CHEMISTRIES
from simulators.draws import Draws
from simulators.errors import SimulationError
from simulators.models import PackModel

LOOSE_JOINT_OHM: Final = 6e-4
"""A welded joint that came loose: about half the cell's own resistance."""
BLOCKED_COOLING: Final = 0.08
"""What is left of the cooling where a channel is blocked."""
BLOCKED_CELLS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One pack as made and aged.

    Attributes:
        code: its GB/T 34014 code.
        model: its type.
        bank: its cells.
    """

    code: str
    model: PackModel
    bank: CellBank

    @classmethod
    def draw(cls, code: str, model: PackModel, lithium_loss: float, seed: int) -> Self:
        """A pack that has lost about `lithium_loss` of its lithium; equal seeds, equal packs."""
        draws = Draws(seed)
        modes = draw_modes(model.cells, lithium_loss, draws)
        return cls(code, model, make_bank(model.chemistry, model.rated_ah, modes, draws))

    def with_blocked_cooling(self, cell: int) -> Pack:
        """The same pack, cooling blocked around `cell`, from 0, and its joint loose.

        It heats without end while current flows, which a station has to notice.
        """
        joint, cooling = self.bank.joint_ohm.copy(), self.bank.cooling_w_per_k.copy()
        joint[cell] = LOOSE_JOINT_OHM
        first = max(0, cell - BLOCKED_CELLS // 2)
        cooling[first : first + BLOCKED_CELLS] *= BLOCKED_COOLING
        bank = replace(self.bank, joint_ohm=joint, cooling_w_per_k=cooling)
        return replace(self, bank=bank)

    @property
    def true_soh(self) -> float:
        """Mean cell capacity over the rating, fraction, between open-circuit limits."""
        return float(self.bank.capacity_ah.mean()) / self.model.rated_ah

    @property
    def true_soh_weakest(self) -> float:
        """The same of the weakest cell."""
        return float(self.bank.capacity_ah.min()) / self.model.rated_ah


@dataclass(frozen=True, slots=True, eq=False)
class PackTruth:
    """What a pack's instruments try to see.

    Attributes:
        cell_v: terminal voltages, V [cells].
        cell_c: temperatures, degC [cells].
        soc: true states of charge, fraction [cells].
        current_a: pack current, charge positive.
    """

    cell_v: Floats
    cell_c: Floats
    soc: Floats
    current_a: float


class Packs:
    """All packs of a simulation.

    Args:
        packs: the packs; their order numbers them.
        soc: true mean state of charge each starts at, fraction.
        temperature_c: temperature of its cells.
    """

    def __init__(self, packs: list[Pack], soc: list[float], temperature_c: list[float]) -> None:
        self.packs = packs
        self._groups = _group(packs, soc, temperature_c)
        self._home = {
            pack: (group, place)
            for group in self._groups
            for place, pack in enumerate(group.members)
        }

    def step(self, current_a: Floats, coolant_c: Floats, seconds: float) -> None:
        """Advance all packs.

        Args:
            current_a: [packs], charge positive.
            coolant_c: [packs].
            seconds: length of the step.
        """
        for group in self._groups:
            group.step(current_a, coolant_c, seconds)

    def check(self) -> None:
        """Refuse a state outside physical bounds.

        Raises:
            SimulationError: naming the pack, the cell and the quantity.
        """
        for group in self._groups:
            for pack, where in zip(group.members, group.slices, strict=True):
                cells.check(*group.part(where), self.packs[pack].code)

    def observe(self, current_a: Floats) -> list[PackTruth]:
        """The truth of every pack at these currents [packs]."""
        truths: dict[int, PackTruth] = {}
        for group in self._groups:
            truths.update(group.observe(current_a))
        return [truths[number] for number in range(len(self.packs))]

    def voltage_current(self, cell_limit_v: Floats) -> Floats:
        """The charge current that brings the highest cell of each pack to a limit, A [packs].

        What an ideal constant-voltage regulator would let flow; negative above the limit.
        """
        current = np.zeros(len(self.packs))
        for group in self._groups:
            current[group.members] = group.voltage_current(cell_limit_v[group.members])
        return current

    def state(self, number: int) -> tuple[CellBank, CellState]:
        """Cells of one pack, as they are."""
        group, place = self._home[number]
        return group.part(group.slices[place])

    def mean_soc(self, number: int) -> float:
        """True mean state of charge of one pack, fraction."""
        return float(cells.soc(*self.state(number)).mean())


class _Group:
    """The packs of one chemistry, their cells side by side."""

    def __init__(
        self, members: list[int], packs: list[Pack], soc: list[float], temperature_c: list[float]
    ) -> None:
        chosen = [packs[number] for number in members]
        lengths = [len(pack.bank) for pack in chosen]
        self.members = np.array(members, np.intp)
        self.starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
        self.slices = [slice(s, s + n) for s, n in zip(self.starts, lengths, strict=True)]
        self.owner: NDArray[np.intp] = np.repeat(self.members, lengths)
        self.bank = _joined([pack.bank for pack in chosen])
        share = np.array(soc)[self.owner]
        self.state = cells.at_rest(self.bank, share, np.array(temperature_c)[self.owner])

    def step(self, current_a: Floats, coolant_c: Floats, seconds: float) -> None:
        self.state = cells.step(
            self.bank, self.state, current_a[self.owner], coolant_c[self.owner], seconds
        )

    def observe(self, current_a: Floats) -> dict[int, PackTruth]:
        volts = cells.terminal_v(self.bank, self.state, current_a[self.owner])
        soc = cells.soc(self.bank, self.state)
        return {
            int(pack): PackTruth(
                volts[where], self.state.temperature_c[where], soc[where], float(current_a[pack])
            )
            for pack, where in zip(self.members, self.slices, strict=True)
        }

    def voltage_current(self, cell_limit_v: Floats) -> Floats:
        limit = np.repeat(cell_limit_v, [s.stop - s.start for s in self.slices])
        room_v = limit - cells.relaxed_v(self.bank, self.state)
        room_a = room_v / cells.ohmic_ohm(self.bank, self.state)
        return np.minimum.reduceat(room_a, self.starts)

    def part(self, where: slice) -> tuple[CellBank, CellState]:
        return _cut(self.bank, where), CellState(
            *(getattr(self.state, field.name)[where] for field in fields(CellState))
        )


def _group(packs: list[Pack], soc: list[float], temperature_c: list[float]) -> list[_Group]:
    if not len(packs) == len(soc) == len(temperature_c):
        raise SimulationError(
            f"{len(packs)} packs, {len(soc)} states of charge, {len(temperature_c)} temperatures"
        )
    groups = []
    for chemistry in CHEMISTRIES.values():
        members = [n for n, pack in enumerate(packs) if pack.model.chemistry is chemistry]
        if members:
            groups.append(_Group(members, packs, soc, temperature_c))
    return groups


def _joined(banks: list[CellBank]) -> CellBank:
    columns = {name: np.concatenate([getattr(bank, name) for bank in banks]) for name in _COLUMNS}
    return CellBank(chemistry=banks[0].chemistry, **columns)


def _cut(bank: CellBank, where: slice) -> CellBank:
    columns = {name: getattr(bank, name)[where] for name in _COLUMNS}
    return CellBank(chemistry=bank.chemistry, **columns)


_COLUMNS = tuple(field.name for field in fields(CellBank) if field.name != "chemistry")
