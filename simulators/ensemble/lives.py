"""A whole fleet's lives in one value: columns over packs, and over days and packs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from simulators.arithmetic import Floats
from simulators.ensemble.lake import Lake
from simulators.ensemble.orders import carry_out, fleet_orders
from simulators.ensemble.year import BlockResult
from simulators.models import ALL_MODELS


@dataclass(frozen=True, slots=True, eq=False)
class FleetLives:
    """What became of a fleet; columns are those of `ensemble.year.BlockResult`.

    Attributes:
        models: name of each pack's model, [packs].
        summary: column -> value at the end, [packs].
        daily: column -> value of each day, [days, packs].
        digest: of all values; equal on every machine, however the work was divided.
    """

    models: list[str]
    summary: dict[str, Floats]
    daily: dict[str, Floats]
    digest: str

    @classmethod
    def simulate(
        cls,
        packs: int = 10,
        days: int = 30,
        *,
        models: list[str] | None = None,
        seed: int = 7,
        step_s: int = 300,
        cells: bool = False,
        cold_protection: bool = True,
        workers: int = 1,
    ) -> Self:
        """Simulate a fleet from 1 January.

        Args:
            packs: how many.
            days: how long.
            models: names of pack models, all if None.
            seed: equal seeds, equal lives.
            step_s: length of a step, s.
            cells: step every cell instead of the mean and the weakest one.
            cold_protection: whether the BMS holds charging back when it is cold.
            workers: processes; 1 keeps to this one.

        Raises:
            SimulationError: no such fleet, or a pack that left what is physical.
        """
        names = models or [model.name for model in ALL_MODELS]
        orders = fleet_orders(
            names, packs, seed, days, workers,
            step_s=step_s, cells=cells, cold_protection=cold_protection,
        )  # fmt: skip
        lake, results = Lake(None), []
        for result in carry_out(orders, workers):
            lake.take(result)
            results.append(result)
        return cls.joined(results, lake.digest)

    @classmethod
    def joined(cls, results: list[BlockResult], digest: str) -> Self:
        """Blocks side by side, in order of the packs' numbers."""
        order = np.argsort([pack for result in results for pack in result.order.packs])
        kinds = [result.order.model for result in results for _ in result.order.packs]
        first = results[0]
        return cls(
            models=[kinds[place] for place in order],
            summary={
                name: np.concatenate([r.summary[name] for r in results])[order]
                for name in first.summary
            },
            daily={
                name: np.concatenate([r.daily[name] for r in results], axis=1)[:, order]
                for name in first.daily
            },
            digest=digest,
        )
