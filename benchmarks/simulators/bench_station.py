"""What a simulated station costs: processor time per second of real time, at three speeds.

The whole work of a tick is counted: physics of 23 packs, BMS, encoding of some 330 frames a
second and sending them on virtual buses. The time of a live run is its ticks; nobody waits.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.timing import processor_us, table
from simulators import cells
from simulators.ageing import draw_modes, make_bank
from simulators.buses import SlotBuses
from simulators.chemistry import NMC
from simulators.clock import TICKS_PER_S
from simulators.draws import Draws
from simulators.run import StationRun
from simulators.settings import StationSettings

REAL_SECONDS = 30


def share_of_a_core(speed: float) -> tuple[float, float]:
    """Percent of one core, and frames a second."""
    channel = f"bench-{speed:g}-{{slot}}"
    run = StationRun(StationSettings.model_validate({"speed": speed, "bus": {"channel": channel}}))
    buses = SlotBuses("virtual", channel, [slot.name for slot in run.station.slots])
    begin = time.process_time()
    for tick in range(REAL_SECONDS * TICKS_PER_S):
        run.tick(tick, buses)
    taken = time.process_time() - begin
    buses.close()
    return 100.0 * taken / REAL_SECONDS, run.frames / REAL_SECONDS


def cell_steps_per_s(packs: int) -> float:
    """Cells x steps a second of the physics alone."""
    draws = Draws(1)
    count = 96 * packs
    bank = make_bank(NMC, 150.0, draw_modes(count, 0.1, draws), draws)
    state = cells.at_rest(bank, np.full(count, 0.4), np.full(count, 25.0))
    current, coolant = np.full(count, 60.0), np.full(count, 25.0)
    taken = processor_us(
        {"step": lambda: cells.step(bank, state, current, coolant, 1.0)}, repeat=20
    )
    return count / taken["step"] * 1e6


def main() -> None:
    """Print both tables."""
    rows: list[tuple[object, ...]] = []
    for speed in (1.0, 60.0, 240.0):
        share, frames = share_of_a_core(speed)
        rows.append((f"{speed:g} x", f"{share:.0f} %", f"{frames:.0f}"))
    table(("station time", "of one core", "frames/s"), rows)
    print()
    steps: list[tuple[object, ...]] = [
        (packs, f"{cell_steps_per_s(packs) / 1e6:.1f} million") for packs in (1, 23, 1000)
    ]
    table(("packs of 96 cells", "cell steps/s"), steps)
