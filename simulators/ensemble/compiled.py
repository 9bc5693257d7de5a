"""The compiled steps, where numba is installed (extra `fast`); the same bits as `stepping`."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from simulators.arithmetic import Floats
from simulators.ensemble.block import BlockState, Limits, Parameters, Trace
from simulators.ensemble.stepping import Stepper


def is_available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


class CompiledStepper:
    """Steps blocks as `stepping.Stepper` does.

    Raises:
        ImportError: numba is not installed.
    """

    def __init__(self) -> None:
        from simulators.ensemble import kernels  # noqa: PLC0415 — numba is an extra and slow to import

        self._advance = kernels.advance

    def advance(
        self,
        parameters: Parameters,
        state: BlockState,
        limits: Limits,
        demand_a: Floats,
        coolant_c: Floats,
    ) -> Trace:
        """Step `state` in place; see `stepping.Stepper.advance`."""
        p, t = parameters, parameters.tables
        trace = Trace(np.empty_like(demand_a), np.empty_like(demand_a))
        self._advance(
            (t.positive_v, t.positive_rise_v, t.negative_v, t.negative_rise_v, t.warmth,
             t.emptiness),
            (p.per_positive, p.per_negative, p.lithium_ah, p.empty_ah, p.per_capacity, p.scale,
             p.joint_ohm, p.per_cooling, p.keep_heat, p.leak_a, limits.full_ah),
            (p.ohm, p.fast_ohm, p.slow_ohm, p.anode_ohm, p.branch_rate, limits.highest_v,
             limits.lowest_v, coolant_c),
            (p.hysteresis_v, p.keep_fast, p.keep_slow, p.hours),
            p.weight,
            (state.lithium_ah, state.branch, state.fast_v, state.slow_v, state.temperature_c,
             state.plated_ah),
            demand_a,
            trace.current_a,
            trace.pack_v,
        )  # fmt: skip
        return trace


def stepper(cells: int, packs: int, *, compiled: bool | None = None) -> Stepper | CompiledStepper:
    """The faster stepper that is installed, or the one asked for.

    Args:
        cells: cells of a pack.
        packs: packs of a block.
        compiled: True for numba, False for numpy, None for whichever is there.
    """
    wanted = is_available() if compiled is None else compiled
    return CompiledStepper() if wanted else Stepper(cells, packs)
