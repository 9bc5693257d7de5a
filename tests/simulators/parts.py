"""Small packs and stations that the tests of this room share."""

from __future__ import annotations

from datetime import date

import numpy as np

from simulators.ageing import Modes, draw_modes, make_bank
from simulators.cells import CellBank
from simulators.chemistry import Chemistry
from simulators.draws import Draws
from simulators.fleet import Fleet
from simulators.station import Station


def fresh_bank(chemistry: Chemistry, cells: int = 4, rated_ah: float = 100.0) -> CellBank:
    zero = np.zeros(cells)
    modes = Modes(zero, zero, zero, zero)
    return make_bank(chemistry, rated_ah, modes, Draws(0))


def aged_bank(chemistry: Chemistry, lithium_loss: float, cells: int = 12) -> CellBank:
    draws = Draws(3)
    return make_bank(chemistry, 100.0, draw_modes(cells, lithium_loss, draws), draws)


def station(seed: int = 7, misread_share: float = 0.01) -> Station:
    fleet = Fleet.draw(seed, 8, date(2026, 4, 1))
    return Station(fleet, seed, 420e3, misread_share)
