"""How fast packs are stepped: against a plain loop over PyBaMM's Thevenin model, and real time.

The peer solves one equivalent circuit (PyBaMM's own parameters, one RC pair, lumped temperature)
for each pack through the drive of `simulators.ensemble.cycle`, built once, IDAKLU as PyBaMM
recommends: each second's current met; coarsely, where the solver may stride over seconds; and
step by step, as a co-simulation has to. Ours steps the same seconds of the same drive with two
RC pairs, hysteresis, plating and half-cell curves. Both on one core.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import pybamm
from numpy.typing import NDArray

from benchmarks.timing import compared, table
from simulators.ensemble.block import BlockState, Limits, Parameters
from simulators.ensemble.compiled import is_available, stepper
from simulators.ensemble.cycle import current_rate
from simulators.ensemble.population import Population

Floats = NDArray[np.float64]
MODEL = "SXA-96N150"
BLOCK, STEP_BY_STEP = 256, 20
LARGE, CELLS, LARGE_S, ROUNDS = 1000, 96, 120, 5
LIMIT_RATIO, LIMIT_REAL_TIME = 100, 200


class Peer:
    """One Thevenin model, solved again for each pack."""

    def __init__(self, rate: Floats) -> None:
        pybamm.set_logging_level("ERROR")
        values = pybamm.equivalent_circuit.Thevenin().default_parameter_values
        self._amperes = -rate * float(values["Cell capacity [A.h]"])
        self._seconds = np.arange(len(rate), dtype=np.float64)
        drive = pybamm.Interpolant(self._seconds, self._amperes, pybamm.t)
        self._whole = self._simulation(drive)
        self._stepped = self._simulation("[input]")

    def solve(self) -> None:
        """The whole drive in one call, each second's current met."""
        self._whole.solve()

    def solve_coarsely(self) -> None:
        """The same, the solver free to stride over seconds, of which it warns."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pybamm.SolverWarning)
            self._whole.solve([0.0, self._seconds[-1]], t_interp=self._seconds)

    def step(self) -> None:
        """The first seconds one by one."""
        for current in self._amperes[:STEP_BY_STEP].tolist():
            self._stepped.step(1.0, inputs={"Current function [A]": current}, save=False)

    def _simulation(self, current: object) -> pybamm.Simulation:
        model = pybamm.equivalent_circuit.Thevenin()
        values = model.default_parameter_values.copy()
        values["Current function [A]"] = current
        return pybamm.Simulation(model, parameter_values=values, solver=pybamm.IDAKLUSolver())


class Ours:
    """A block of packs; the cells of each side by side.

    Args:
        packs: how many.
        cells: True for every cell, False for the mean and the weakest one.
        demand: charge rate of each second, 1/h.
        compiled: with numba.
    """

    def __init__(self, packs: int, rate: Floats, *, cells: bool, compiled: bool) -> None:
        self._fleet = Population.draw(MODEL, tuple(range(packs)), 7, cells=cells)
        bank = self._fleet.bank
        self._parameters = Parameters.of(bank, 1.0, self._fleet.weight)
        self._limits = Limits(np.full(packs, 9.0), np.full(packs, -9.0), bank.full_ah * 9.0)
        self._demand = np.ascontiguousarray(rate[:, None] * bank.rated_ah[0])
        self._stepper = stepper(len(self._fleet.weight), packs, compiled=compiled)
        self._air = np.full(packs, 25.0)
        self.state: BlockState | None = None

    def run(self) -> None:
        """All seconds, from rest at half charge."""
        begin = BlockState.at_rest(self._fleet.bank, np.full(len(self._air), 0.5), self._air.copy())
        self._stepper.advance(self._parameters, begin, self._limits, self._demand, self._air)
        self.state = begin


def against_the_peer() -> None:
    """Packs x steps a second."""
    rate = current_rate()
    steps = len(rate)
    peer = Peer(rate)
    compiled = [False, True] if is_available() else [False]
    rows: list[tuple[object, ...]] = []
    contenders: dict[str, Callable[[], None]] = {
        "Thevenin, solved": peer.solve,
        "Thevenin, solved coarsely": peer.solve_coarsely,
        "Thevenin, stepped": peer.step,
    }
    work = dict.fromkeys(contenders, steps) | {"Thevenin, stepped": STEP_BY_STEP}
    for fast in compiled:
        how = "numba" if fast else "numpy"
        pair = f"mean and weakest cell, {how}"
        contenders[pair] = Ours(BLOCK, rate, cells=False, compiled=fast).run
        work[pair] = BLOCK * steps
        every = f"every one of 96 cells, {how}"
        contenders[every] = Ours(BLOCK, rate[:60], cells=True, compiled=fast).run
        work[every] = BLOCK * 60
    taken = compared(contenders, "Thevenin, solved", rounds=3)
    peers = [work[name] / taken[name][0] for name in list(contenders)[:3]]
    for name, (us, _) in taken.items():
        done = work[name] / us
        rows.append((name, f"{1e6 * done:,.0f}", *(f"{done / theirs:,.1f} x" for theirs in peers)))
    head = (f"over solved (limit {LIMIT_RATIO} x)", "over solved coarsely", "over stepped")
    table(("packs x steps", "a second", *head), rows)


def against_real_time() -> None:
    """1,000 packs of 96 cells at steps of a second, on one core, in blocks as a fleet runs."""
    rate = current_rate()[:LARGE_S]
    rows: list[tuple[object, ...]] = []
    for fast in [False, True] if is_available() else [False]:
        blocks = [Ours(125, rate, cells=True, compiled=fast) for _ in range(LARGE // 125)]
        blocks[0].run()
        ratios = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            for block in blocks:
                block.run()
            ratios.append(LARGE_S / (time.process_time() - begin))
        ratio = float(np.median(ratios))
        rows.append(
            (
                "numba" if fast else "numpy",
                f"{ratio:,.0f} x",
                f"{LIMIT_REAL_TIME} x",
                f"{ratio * LARGE * CELLS / 1e6:.1f} million",
            )
        )
    table(("1,000 packs x 96 cells, 1 s", "real time", "limit", "cell steps/s"), rows)


def main() -> None:
    """Print both tables."""
    against_the_peer()
    print()
    against_real_time()
