"""Packs over processes or machines by Dask, results in order, memory flat.

Packs are independent. Only a few orders per worker are under way at once; a result is handed on and
forgotten before the next order is sent. Workers read the lake themselves: on several machines it
must stand under the same path on all.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any, Final

from packtrail.language import Text
from soh_model.errors import ModelError
from soh_model.fleet.work import PackOrder, PackResult, estimate_pack

PER_WORKER: Final = 4

WORKER_SETTINGS: Final = {
    # the statistical profiler keeps an hour of call trees: memory that grows with the fleet
    "distributed.worker.profile.enabled": False,
    # set before a worker loads numpy: its threads would fight over cores that all have a worker
    "distributed.nanny.pre-spawn-environ.OMP_NUM_THREADS": 1,
    "distributed.nanny.pre-spawn-environ.OPENBLAS_NUM_THREADS": 1,
    "distributed.nanny.pre-spawn-environ.MKL_NUM_THREADS": 1,
}


def carry_out(
    orders: Iterable[PackOrder], workers: int = 0, scheduler: str = ""
) -> Iterator[PackResult]:
    """Results in the order of the orders.

    Args:
        orders: what to do.
        workers: processes; 0 for one per processor, 1 for this process alone.
        scheduler: address of a Dask scheduler; local processes where empty.

    Raises:
        ModelError: Dask is missing or its scheduler does not answer.
    """
    count = workers or os.cpu_count() or 1
    if count == 1 and not scheduler:
        yield from map(estimate_pack, orders)
        return
    with ExitStack() as stack:
        client = _client(count, scheduler, stack)
        most = PER_WORKER * max(count, len(client.scheduler_info()["workers"]))
        waiting: deque[Any] = deque()
        for order in orders:
            if len(waiting) >= most:
                yield waiting.popleft().result()
            waiting.append(client.submit(estimate_pack, order, pure=False))
        while waiting:
            yield waiting.popleft().result()


def _client(count: int, scheduler: str, stack: ExitStack) -> Any:
    """A client of the given scheduler, or of a cluster of this machine alone."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise ModelError(
            Text("Dask is not installed", "未安装 Dask"), hint="pip install 'packtrail[fleet]'"
        ) from error
    if not scheduler:
        stack.enter_context(import_module("dask").config.set(WORKER_SETTINGS))
        cluster = distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        )
        return stack.enter_context(distributed.Client(stack.enter_context(cluster)))
    try:
        return stack.enter_context(distributed.Client(scheduler, timeout="10s"))
    except (OSError, ValueError) as error:
        raise ModelError(
            Text("the Dask scheduler does not answer", "Dask 调度器没有应答"),
            where=scheduler,
            hint=Text("start one: dask scheduler", "请先启动：dask scheduler"),
            retryable=True,
        ) from error
