"""The steps of `stepping` as loops for numba; see `compiled`, the only importer.

One cell at a time and the same operations in the same order, so every bit is the same: numba
neither fuses nor reorders unless asked to.
"""

from __future__ import annotations

import numba
import numpy as np

from simulators.arithmetic import Floats
from simulators.ensemble.tables import CHARGE_PLACES, COLDEST_C, LAST_PLACE, LAST_WARMTH, PER_KELVIN

Arrays = tuple[Floats, ...]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _potential(level: Floats, rise: Floats, filling: float) -> float:
    place = min(max(filling, 0.0), 1.0) * LAST_PLACE
    index = int(place)
    return float(level[index] + (place - index) * rise[index])


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _nearest(table: Floats, place: float, last: float) -> float:
    return float(table[int(min(max(place, 0.0), last))])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def advance(
    tables: Arrays,
    cells: Arrays,
    packs: Arrays,
    numbers: tuple[float, ...],
    weight: Floats,
    state: Arrays,
    demand_a: Floats,
    current_a: Floats,
    pack_v: Floats,
) -> None:
    """Step a block in place.

    Args:
        tables: the fields of `Tables`.
        cells: the fields of `Parameters` of [cells, packs], then `full_ah` of `Limits`.
        packs: the fields of `Parameters` of [packs], the other two of `Limits`, the coolant.
        numbers: hysteresis, what steps leave of the two RC pairs, hours.
        weight: cells in series that each row stands for.
        state: the fields of `BlockState`.
        demand_a: [steps, packs].
        current_a: [steps, packs], written.
        pack_v: [steps, packs], written.
    """
    shape = state[0].shape
    factor, ohm, volts, anode_v = (
        np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    )  # fmt: skip
    work = (factor, ohm, volts, anode_v)
    room, least = np.empty(shape[1]), np.empty(shape[1])
    for step in range(len(demand_a)):
        room[:], least[:] = np.inf, -np.inf
        for cell in range(shape[0]):
            _read(cell, tables, cells, packs, numbers, state, work, room, least)
        for pack in range(shape[1]):
            upper = max(room[pack], 0.0)
            lower = min(least[pack], 0.0)
            current_a[step, pack] = max(min(demand_a[step, pack], upper), lower)
        for cell in range(shape[0]):
            row = pack_v[step]
            _change(cell, weight[cell], cells, packs, numbers, state, work, current_a[step], row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _read(
    cell: int,
    tables: Arrays,
    cells: Arrays,
    packs: Arrays,
    numbers: tuple[float, ...],
    state: Arrays,
    work: Arrays,
    room: Floats,
    least: Floats,
) -> None:
    """Resistance and relaxed voltage of a row of cells, and what current they leave room for."""
    positive_v, positive_rise_v, negative_v, negative_rise_v, warmth, emptiness = tables
    per_positive, per_negative, lithium_ah, empty_ah, per_capacity, scale, joint, _, _, _, full = (
        cells
    )
    ohm_of, _, _, _, _, highest_v, lowest_v, _ = packs
    lithium, branch, fast_v, slow_v, temperature, _ = state
    factor, ohm, volts, anode_v = work
    for pack in range(len(room)):
        held = lithium[cell, pack]
        soc = (held - empty_ah[cell, pack]) * per_capacity[cell, pack]
        wide = _nearest(emptiness, soc * CHARGE_PLACES, CHARGE_PLACES)
        warm = _nearest(warmth, (temperature[cell, pack] - COLDEST_C) * PER_KELVIN, LAST_WARMTH)
        factor[cell, pack] = wide * warm * scale[cell, pack]
        resistance = factor[cell, pack] * ohm_of[pack] + joint[cell, pack]
        low = _potential(negative_v, negative_rise_v, held * per_negative[cell, pack])
        filling = (lithium_ah[cell, pack] - held) * per_positive[cell, pack]
        relaxed = _potential(positive_v, positive_rise_v, filling) - low
        if numbers[0] != 0.0:
            relaxed += branch[cell, pack] * numbers[0]
        relaxed = relaxed + fast_v[cell, pack] + slow_v[cell, pack]
        ohm[cell, pack], volts[cell, pack], anode_v[cell, pack] = resistance, relaxed, low
        room[pack] = min(room[pack], (highest_v[pack] - relaxed) / resistance)
        room[pack] = min(room[pack], (full[cell, pack] - held) / numbers[3])
        least[pack] = max(least[pack], (lowest_v[pack] - relaxed) / resistance)
        least[pack] = max(least[pack], (empty_ah[cell, pack] - held) / numbers[3])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _change(
    cell: int,
    weight: float,
    cells: Arrays,
    packs: Arrays,
    numbers: tuple[float, ...],
    state: Arrays,
    work: Arrays,
    current_a: Floats,
    pack_v: Floats,
) -> None:
    """Voltage, plating, heat, polarisation, hysteresis and charge of a row of cells."""
    per_cooling, keep_heat, leak_a = cells[7], cells[8], cells[9]
    _, fast_ohm, slow_ohm, anode_ohm, branch_rate, _, _, coolant_c = packs
    lithium, branch, fast_v, slow_v, temperature, plated = state
    factor, ohm, volts, anode_v = work
    hysteresis, keep_fast, keep_slow, hours = numbers
    for pack in range(len(current_a)):
        current, wide = current_a[pack], factor[cell, pack]
        terminal = (volts[cell, pack] + ohm[cell, pack] * current) * weight
        pack_v[pack] = terminal if cell == 0 else pack_v[pack] + terminal
        if current > 0.0:
            excess = current - anode_v[cell, pack] / (wide * anode_ohm[pack])
            plated[cell, pack] += max(excess, 0.0) * hours
        heat = abs((fast_v[cell, pack] + slow_v[cell, pack]) * current)
        heat = ohm[cell, pack] * (current * current) + heat
        balance = heat * per_cooling[cell, pack] + coolant_c[pack]
        rest = temperature[cell, pack] - balance
        temperature[cell, pack] = rest * keep_heat[cell, pack] + balance
        target = wide * (current * fast_ohm[pack])
        fast_v[cell, pack] = (fast_v[cell, pack] - target) * keep_fast + target
        target = wide * (current * slow_ohm[pack])
        slow_v[cell, pack] = (slow_v[cell, pack] - target) * keep_slow + target
        if hysteresis != 0.0:
            turn = abs(current) * branch_rate[pack]
            square = turn * turn / 12.0
            keep = (1.0 - 0.5 * turn + square) / (1.0 + 0.5 * turn + square)
            toward = np.sign(current)
            branch[cell, pack] = (branch[cell, pack] - toward) * keep + toward
        lithium[cell, pack] += (current - leak_a[cell, pack]) * hours
