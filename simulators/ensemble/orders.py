"""A fleet as block orders, and who carries them out: this process, others, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from importlib import import_module
from multiprocessing import get_context
from typing import Any, Final

from packtrail.language import Text
from simulators.ensemble.compiled import is_available
from simulators.ensemble.year import BlockOrder, BlockResult, run_block
from simulators.errors import SimulationError
from simulators.models import ALL_MODELS

COMPILED_BLOCK: Final = 256
"""Packs of a block for the compiled loops: rows stay in the cache."""
PLAIN_BLOCK: Final = 2500
"""Packs of a block for numpy: long rows, so that calls do not count."""
CELL_BLOCK: Final = 128
"""Packs of a block whose every cell is stepped."""
WATCH_S: Final = 0.5
"""How often processes are asked what they have done."""


def fleet_orders(
    models: Sequence[str], packs: int, seed: int, days: int, workers: int, **options: int | bool
) -> list[BlockOrder]:
    """Orders for a fleet; pack n is of model n modulo their number, and its life is its own.

    Args:
        models: names of the models.
        packs: how many in all.
        seed: of the fleet.
        days: how long.
        workers: who will share the work.
        options: further fields of `BlockOrder`.

    Raises:
        SimulationError: no packs, or a model that is not known.
    """
    known = [model.name for model in ALL_MODELS]
    wrong = [name for name in models if name not in known]
    if packs < 1 or wrong:
        raise SimulationError(
            Text("no such fleet", "不存在这样的车队"),
            where=", ".join(wrong) or f"{packs} packs",
            hint=Text(f"models: {', '.join(known)}", f"可选型号：{', '.join(known)}"),
        )
    largest = COMPILED_BLOCK if is_available() else PLAIN_BLOCK
    largest = CELL_BLOCK if options.get("cells") else largest
    orders = []
    for place, model in enumerate(models):
        numbers = tuple(range(place, packs, len(models)))
        parts = max(-(-len(numbers) // largest), min(workers, len(numbers)), 1)
        size = -(-len(numbers) // parts) if numbers else 1
        orders += [
            BlockOrder(model, numbers[first : first + size], seed, days, **options)  # type: ignore[arg-type]
            for first in range(0, len(numbers), size)
        ]
    return orders


def carry_out(
    orders: Sequence[BlockOrder],
    workers: int = 0,
    scheduler: str = "",
    watch: Callable[[int], None] | None = None,
) -> Iterator[BlockResult]:
    """Results as they come.

    Args:
        orders: blocks.
        workers: processes; 0 for one per processor; 1 keeps to this process.
        scheduler: address of a Dask scheduler, such as `tcp://10.0.0.5:8786`; "" for none.
        watch: told how many more pack-days are done.

    Raises:
        SimulationError: a block failed, or the scheduler is not there.
    """
    told = watch or (lambda _: None)
    count = min(workers or os.cpu_count() or 1, len(orders))
    if scheduler:
        for result in _by_dask(orders, scheduler):
            told(len(result.order.packs) * result.order.days)
            yield result
    elif count > 1:
        yield from _by_processes(orders, count, told)
    else:
        for order in orders:
            yield run_block(order, told)


def _by_processes(
    orders: Sequence[BlockOrder], count: int, told: Callable[[int], None]
) -> Iterator[BlockResult]:
    """Each process tells of every week that it has done; results are handed on and not kept."""
    context = get_context("spawn")
    weeks = context.SimpleQueue()
    with ProcessPoolExecutor(count, context, _listen, (weeks,)) as pool:
        waiting = {pool.submit(_run_told, order) for order in orders}
        try:
            while waiting:
                done, waiting = wait(waiting, WATCH_S, FIRST_COMPLETED)
                while not weeks.empty():
                    told(weeks.get())
                while done:
                    yield done.pop().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_weeks: Any = None
"""In a worker: where it tells of what it has done."""


def _listen(weeks: Any) -> None:
    global _weeks  # noqa: PLW0603 — an executor has no other way to give its workers a queue
    _weeks = weeks


def _run_told(order: BlockOrder) -> BlockResult:
    return run_block(order, _weeks.put)


def _by_dask(orders: Sequence[BlockOrder], scheduler: str) -> Iterator[BlockResult]:
    try:
        distributed: Any = import_module("distributed")  # for more than one machine only
    except ImportError as error:
        raise SimulationError(
            Text("Dask is not installed", "未安装 Dask"), hint="pip install 'packtrail[fleet]'"
        ) from error
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise SimulationError(
            Text("the Dask scheduler does not answer", "Dask 调度器没有应答"),
            where=scheduler,
            hint=Text("start one: dask scheduler", "请先启动：dask scheduler"),
            retryable=True,
        ) from error
    with client:
        futures = client.map(run_block, list(orders), pure=False)
        for future in distributed.as_completed(futures):
            yield future.result()
            future.release()
