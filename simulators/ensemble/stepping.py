"""Steps of a block, in numpy alone: the same operations as `kernels`, in the same order.

Every operation writes into a buffer made once, and the buffers of a block fit the processor's
cache, so a step costs no allocation and little memory traffic. What is one number a pack is spread
over its cells before the steps begin: numpy takes half as long for arrays of equal shape.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.arithmetic import Floats, sum_of_rows
from simulators.ensemble.block import BlockState, Limits, Parameters, Trace
from simulators.ensemble.tables import CHARGE_PLACES, COLDEST_C, LAST_PLACE, LAST_WARMTH, PER_KELVIN


class Stepper:
    """Steps blocks of one shape.

    Args:
        cells: cells of a pack.
        packs: packs of a block.
    """

    def __init__(self, cells: int, packs: int) -> None:
        shape = (cells, packs)
        self._factor, self._ohm, self._volts, self._anode_v = (np.empty(shape) for _ in range(4))
        self._a, self._b = np.empty(shape), np.empty(shape)
        self._short: NDArray[np.int32] = np.empty(shape, np.int32)
        self._place: NDArray[np.intp] = np.empty(shape, np.intp)
        self._row, self._other, self._current = (np.empty(packs) for _ in range(3))
        self._flow = np.empty(shape)

    def advance(
        self,
        parameters: Parameters,
        state: BlockState,
        limits: Limits,
        demand_a: Floats,
        coolant_c: Floats,
    ) -> Trace:
        """Step `state` in place.

        Args:
            parameters: of the block and the length of a step.
            state: changed.
            limits: that the currents keep.
            demand_a: [steps, packs], what charger or vehicle would have, charge positive.
            coolant_c: [packs], temperature of the coolant.
        """
        trace = Trace(np.empty_like(demand_a), np.empty_like(demand_a))
        parameters = self._spread(parameters)
        limits = Limits(self._full(limits.highest_v), self._full(limits.lowest_v), limits.full_ah)
        coolant_c = self._full(coolant_c)
        for step, demand in enumerate(demand_a):
            self._read(parameters, state)
            trace.current_a[step] = self._limited(parameters, state, limits, demand)
            current = self._flow
            np.copyto(current, trace.current_a[step])
            self._terminal(parameters, current, trace.pack_v[step])
            self._plate(parameters, state, current)
            self._warm(parameters, state, current, coolant_c)
            self._relax(state.fast_v, parameters.fast_ohm, parameters.keep_fast, current)
            self._relax(state.slow_v, parameters.slow_ohm, parameters.keep_slow, current)
            if parameters.hysteresis_v:
                self._turn(parameters, state.branch)
            np.subtract(current, parameters.leak_a, out=self._a)
            np.multiply(self._a, parameters.hours, out=self._a)
            np.add(state.lithium_ah, self._a, out=state.lithium_ah)
        return trace

    def _full(self, row: Floats) -> Floats:
        """One number a pack, or a cell, as one a cell and pack."""
        return np.ascontiguousarray(np.broadcast_to(row, self._flow.shape))

    def _spread(self, parameters: Parameters) -> Parameters:
        """Full arrays; places in tables instead of shares: powers of two, so every bit stays."""
        return replace(
            parameters,
            ohm=self._full(parameters.ohm),
            per_capacity=parameters.per_capacity * CHARGE_PLACES,
            per_negative=parameters.per_negative * LAST_PLACE,
            per_positive=parameters.per_positive * LAST_PLACE,
            fast_ohm=self._full(parameters.fast_ohm),
            slow_ohm=self._full(parameters.slow_ohm),
            anode_ohm=self._full(parameters.anode_ohm),
            weight=self._full(parameters.weight[:, None]),
        )

    def _read(self, parameters: Parameters, state: BlockState) -> None:
        """Resistance factor, ohmic resistance and relaxed voltage of every cell."""
        tables, a, factor, volts = parameters.tables, self._a, self._factor, self._volts
        np.subtract(state.lithium_ah, parameters.empty_ah, out=a)
        np.multiply(a, parameters.per_capacity, out=a)
        self._nearest(tables.emptiness, a, CHARGE_PLACES, factor)
        np.subtract(state.temperature_c, COLDEST_C, out=a)
        np.multiply(a, PER_KELVIN, out=a)
        self._nearest(tables.warmth, a, LAST_WARMTH, self._b)
        np.multiply(factor, self._b, out=factor)
        np.multiply(factor, parameters.scale, out=factor)
        np.multiply(factor, parameters.ohm, out=self._ohm)
        np.add(self._ohm, parameters.joint_ohm, out=self._ohm)
        np.multiply(state.lithium_ah, parameters.per_negative, out=a)
        self._potential(tables.negative_v, tables.negative_rise_v, self._anode_v)
        np.subtract(parameters.lithium_ah, state.lithium_ah, out=a)
        np.multiply(a, parameters.per_positive, out=a)
        self._potential(tables.positive_v, tables.positive_rise_v, volts)
        np.subtract(volts, self._anode_v, out=volts)
        if parameters.hysteresis_v:
            np.multiply(state.branch, parameters.hysteresis_v, out=a)
            np.add(volts, a, out=volts)
        np.add(volts, state.fast_v, out=volts)
        np.add(volts, state.slow_v, out=volts)

    def _nearest(self, table: Floats, place: Floats, last: float, out: Floats) -> None:
        np.clip(place, 0.0, last, out=place)
        self._whole(place)
        table.take(self._place, out=out, mode="clip")

    def _whole(self, place: Floats) -> None:
        """Whole places to look up; by way of 32 bits, which processors convert in one go."""
        np.copyto(self._short, place, casting="unsafe")
        np.copyto(self._place, self._short)

    def _potential(self, level: Floats, rise: Floats, out: Floats) -> None:
        """A half-cell curve at the places in the first buffer."""
        a, b = self._a, self._b
        np.clip(a, 0.0, LAST_PLACE, out=a)
        self._whole(a)
        np.floor(a, out=b)
        np.subtract(a, b, out=a)
        rise.take(self._place, out=b, mode="clip")
        level.take(self._place, out=out, mode="clip")
        np.multiply(a, b, out=a)
        np.add(out, a, out=out)

    def _limited(
        self, parameters: Parameters, state: BlockState, limits: Limits, demand: Floats
    ) -> Floats:
        """The demand within what voltage and charge of every cell allow, [packs]."""
        current = self._current
        np.copyto(current, demand)
        # Where nobody charges, no limit of charging is met, and the other way round.
        if demand.max() > 0.0:
            np.minimum(demand, self._room(parameters, state, limits), out=current)
        if demand.min() < 0.0:
            np.maximum(current, self._drain(parameters, state, limits), out=current)
        return current

    def _room(self, parameters: Parameters, state: BlockState, limits: Limits) -> Floats:
        """The greatest current that may charge, [packs]."""
        a, row, other = self._a, self._row, self._other
        np.subtract(limits.highest_v, self._volts, out=a)
        np.divide(a, self._ohm, out=a)
        np.minimum.reduce(a, axis=0, out=row)
        np.subtract(limits.full_ah, state.lithium_ah, out=a)
        np.minimum.reduce(a, axis=0, out=other)
        np.divide(other, parameters.hours, out=other)
        np.minimum(row, other, out=row)
        return np.maximum(row, 0.0, out=row)

    def _drain(self, parameters: Parameters, state: BlockState, limits: Limits) -> Floats:
        """The greatest current that may discharge, negative, [packs]."""
        a, row, other = self._a, self._row, self._other
        np.subtract(limits.lowest_v, self._volts, out=a)
        np.divide(a, self._ohm, out=a)
        np.maximum.reduce(a, axis=0, out=row)
        np.subtract(parameters.empty_ah, state.lithium_ah, out=a)
        np.maximum.reduce(a, axis=0, out=other)
        np.divide(other, parameters.hours, out=other)
        np.maximum(row, other, out=row)
        return np.minimum(row, 0.0, out=row)

    def _terminal(self, parameters: Parameters, current: Floats, pack_v: Floats) -> None:
        np.multiply(self._ohm, current, out=self._a)
        np.add(self._volts, self._a, out=self._a)
        np.multiply(self._a, parameters.weight, out=self._a)
        pack_v[:] = sum_of_rows(self._a)

    def _plate(self, parameters: Parameters, state: BlockState, current: Floats) -> None:
        """Current beyond what brings the negative electrode to the potential of lithium."""
        if not self._current.max() > 0.0:
            return
        a = self._a
        np.multiply(self._factor, parameters.anode_ohm, out=a)
        np.divide(self._anode_v, a, out=a)
        np.subtract(current, a, out=a)
        np.maximum(a, 0.0, out=a)
        np.multiply(a, parameters.hours, out=a)
        np.add(state.plated_ah, a, out=state.plated_ah)

    def _warm(
        self, parameters: Parameters, state: BlockState, current: Floats, coolant_c: Floats
    ) -> None:
        """Irreversible heat less cooling, as in `cells`."""
        a, b = self._a, self._b
        np.multiply(current, current, out=a)
        np.multiply(self._ohm, a, out=a)
        np.add(state.fast_v, state.slow_v, out=b)
        np.multiply(b, current, out=b)
        np.absolute(b, out=b)
        np.add(a, b, out=a)
        np.multiply(a, parameters.per_cooling, out=a)
        np.add(a, coolant_c, out=a)
        self._blend(a, state.temperature_c, parameters.keep_heat)

    def _relax(self, value: Floats, ohm: Floats, keep: float, current: Floats) -> None:
        np.multiply(current, ohm, out=self._a)
        np.multiply(self._factor, self._a, out=self._a)
        self._blend(self._a, value, keep)

    def _turn(self, parameters: Parameters, branch: Floats) -> None:
        """Hysteresis toward the branch of the current; the exponential by its Pade form."""
        row, current = self._row, self._current
        np.absolute(current, out=row)
        np.multiply(row, parameters.branch_rate, out=row)
        square = row * row / 12.0
        keep = (1.0 - 0.5 * row + square) / (1.0 + 0.5 * row + square)
        self._a[:] = np.sign(current)
        self._blend(self._a, branch, keep)

    def _blend(self, target: Floats, value: Floats, keep: Any) -> None:
        np.subtract(value, target, out=value)
        np.multiply(value, keep, out=value)
        np.add(value, target, out=value)
