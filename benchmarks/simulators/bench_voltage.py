"""Voltage of our cells against PyBaMM's Doyle-Fuller-Newman model of published cells.

For each set the circuit's five resistances and times are identified from pulses, as one does
with a cell on a test bench, and the error is taken on a drive that was not used for it: the
WLTP-like cycle of `simulators.ensemble.cycle`, repeated. Ecker2015 runs with the half-cell curves
that `simulators` ships; Prada2013 has others than our LFP, so its own are tabulated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks.simulators.peer import PeerCell
from benchmarks.timing import table
from simulators.ageing import with_window
from simulators.cells import CellBank
from simulators.chemistry import LFP, NMC, Chemistry
from simulators.curves import POINTS, Curve
from simulators.ensemble.block import BlockState, Limits, Parameters
from simulators.ensemble.compiled import stepper
from simulators.ensemble.cycle import current_rate

Floats = NDArray[np.float64]
PULSES_FROM, DRIVE_FROM = 0.9, 0.85
DRIVES = 2


def pulses() -> Floats:
    """Charge rates of a pulse test: at every 10 % a discharge and a charge pulse, then on."""
    one = np.concatenate(
        [np.full(30, -1.0), np.zeros(120), np.full(30, 0.75), np.zeros(120), np.full(338, -1.0),
         np.zeros(300)]
    )  # fmt: skip
    return np.tile(one, 5)


def chemistry_of(cell: PeerCell, base: Chemistry) -> Chemistry:
    """Our chemistry with the electrode balance of the set, per ampere-hour of rating."""
    chosen = base
    if cell.name != "Ecker2015":
        x = np.linspace(0.0, 1.0, 2049)
        dense = np.linspace(0.0, 1.0, POINTS)
        sides = [np.interp(dense, x, cell.potential(s, x)) for s in ("Positive", "Negative")]
        positive, negative = (Curve(side, np.diff(side)) for side in sides)
        chosen = replace(base, positive=positive, negative=negative)
    return replace(chosen, empty_v=cell.limits_v[0], full_v=cell.limits_v[1], hysteresis_v=0.0)


def voltage(cell: PeerCell, chemistry: Chemistry, rate: Floats, soc: float) -> Floats:
    """Our cell under the same current, held at 25 degC as the peer's is."""
    one = np.ones((1, 1))
    bank = with_window(
        CellBank(
            chemistry=chemistry,
            rated_ah=one * cell.rated_ah,
            positive_ah=one * cell.positive_ah,
            negative_ah=one * cell.negative_ah,
            lithium_ah=one * cell.lithium_ah,
            empty_ah=one * 0.0,
            full_ah=one * 0.0,
            resistance_scale=one,
            joint_ohm=one * 0.0,
            cooling_w_per_k=one * 1e6,
            leak_a=one * 0.0,
        )
    )
    state = BlockState.at_rest(bank, np.zeros(1), np.full(1, 25.0))
    state.lithium_ah[:] = cell.filling(soc) * cell.negative_ah
    limits = Limits(np.full(1, 9.0), np.full(1, -9.0), bank.full_ah * 9.0)
    parameters = Parameters.of(bank, 1.0, np.ones(1))
    demand = np.ascontiguousarray(rate[:, None] * cell.rated_ah)
    trace = stepper(1, 1).advance(parameters, state, limits, demand, np.full(1, 25.0))
    return trace.pack_v[:, 0]


def identified(cell: PeerCell, chemistry: Chemistry, rate: Floats, truth: Floats) -> Chemistry:
    """The chemistry with the circuit that fits the pulses best."""

    def with_circuit(x: Floats) -> Chemistry:
        ohmic, fast, fast_s, slow, slow_s = np.exp(x[:5]).tolist()
        return replace(
            chemistry, ohmic=ohmic, fast=fast, fast_s=fast_s, slow=slow, slow_s=slow_s,
            empty_rise=float(x[5]),
        )  # fmt: skip

    def error(x: Floats) -> Floats:
        return voltage(cell, with_circuit(x), rate, PULSES_FROM) - truth

    begin = np.append(np.log([0.03, 0.02, 5.0, 0.03, 120.0]), 0.5)
    low = np.append(np.log([1e-4, 1e-4, 1.0, 1e-4, 30.0]), 0.0)
    high = np.append(np.log([0.3, 0.3, 30.0, 0.5, 2000.0]), 5.0)
    return with_circuit(least_squares(error, begin, bounds=(low, high)).x)


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for name, base in (("Ecker2015", NMC), ("Prada2013", LFP)):
        cell = PeerCell.load(name)
        test, drive = pulses(), np.tile(current_rate(), DRIVES)
        chemistry = chemistry_of(cell, base)
        chemistry = identified(cell, chemistry, test, cell.voltage(test, PULSES_FROM))
        error = voltage(cell, chemistry, drive, DRIVE_FROM) - cell.voltage(drive, DRIVE_FROM)
        rows.append(
            (
                f"{base.name.upper()}, {name}",
                f"{1e3 * np.sqrt(np.mean(error**2)):.1f} mV",
                f"{1e3 * np.abs(error).max():.0f} mV",
                "15 mV",
            )
        )
        print(  # the circuit that was found, per ampere-hour
            f"{name}: ohmic {chemistry.ohmic:.4f}, fast {chemistry.fast:.4f} "
            f"({chemistry.fast_s:.0f} s), slow {chemistry.slow:.4f} ({chemistry.slow_s:.0f} s), "
            f"empty {chemistry.empty_rise:.2f}\n"
        )
    table(("cell", "RMSE on two WLTP-like drives", "largest", "limit"), rows)
