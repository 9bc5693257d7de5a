"""Estimates on the edge: asked for by the pipeline, made elsewhere, told as signed events.

A thread takes one request after the other and starts a worker process for each. A worker that
dies, hangs or talks nonsense is ended and counted, and costs that estimate only; the pipeline
never waits for any of it.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from packtrail import logs
from packtrail.estimate import Estimate
from packtrail.event import UnitRef
from packtrail.shapes import from_msgpack
from soh_model import PackSpec

MOST_WAITING: Final = 32
WORKER: Final = (sys.executable, "-m", "gateway.health.worker")


@dataclass(frozen=True, slots=True)
class Request:
    """One estimate to be made.

    Attributes:
        unit: of which pack.
        slot: where it stands or stood.
        spec: its type.
        chunks: its column chunks, in order.
        claimed_soh_pct: what its BMS says.
    """

    unit: UnitRef
    slot: str
    spec: PackSpec
    chunks: list[bytes]
    claimed_soh_pct: float | None


@dataclass(frozen=True, slots=True)
class DeskState:
    """What became of the requests.

    Attributes:
        made: estimates, "cannot tell" included.
        failed: workers that died or answered nonsense.
        timed_out: workers that were ended because they took too long.
        dropped: requests that came while too many waited.
    """

    made: int = 0
    failed: int = 0
    timed_out: int = 0
    dropped: int = 0


class Answer(msgspec.Struct, frozen=True):
    """What the worker answers.

    Attributes:
        estimate: "cannot tell" included.
        coverage_pct: share of the span that has samples, %.
        throughput_ah: charge that moved within it, Ah.
    """

    estimate: Estimate
    coverage_pct: float | None = None
    throughput_ah: float | None = None


Deliver = Callable[[Request, Answer], None]


class HealthDesk:
    """Makes estimates one at a time.

    Args:
        deliver: takes each estimate, in the desk's thread.
        timeout_s: how long a worker may take.
        worker: the command that answers one question.
    """

    def __init__(
        self, deliver: Deliver, timeout_s: float = 120.0, worker: Sequence[str] = WORKER
    ) -> None:
        self._deliver, self._timeout_s, self._worker = deliver, timeout_s, tuple(worker)
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._running: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._state = DeskState()
        self._failure: BaseException | None = None
        self._log = logs.get("gateway.health")
        self._thread = threading.Thread(target=self._work, name="health")

    @property
    def state(self) -> DeskState:
        """What became of the requests."""
        return self._state

    @property
    def failure(self) -> BaseException | None:
        """Why no estimate is made any more; None while all is well."""
        return self._failure

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Ask for an estimate; never blocks."""
        if self._requests.qsize() >= MOST_WAITING:
            self._note(dropped=self._state.dropped + 1)
            self._log.warning("estimate_dropped", unit=str(request.unit))
            return
        self._requests.put(request)

    def stop(self, patience_s: float = 0.0) -> None:
        """Finish what waits within `patience_s`, then end whatever still runs."""
        self._requests.put(None)
        if self._thread.ident is None:
            return
        self._thread.join(patience_s)
        self._stopping.set()
        worker = self._running
        if worker is not None:
            worker.kill()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._answer_requests()
        except BaseException as error:  # noqa: BLE001 - main asks for it and ends the gateway
            self._failure = error
            self._log.exception("health_failed")

    def _answer_requests(self) -> None:
        while (request := self._requests.get()) is not None and not self._stopping.is_set():
            answer = self._estimate(request)
            if answer is not None:
                self._note(made=self._state.made + 1)
                self._deliver(request, answer)

    def _estimate(self, request: Request) -> Answer | None:
        question = msgspec.msgpack.encode({"spec": request.spec, "chunks": request.chunks})
        try:
            return from_msgpack(self._run_worker(question), Answer)
        except subprocess.TimeoutExpired:
            self._note(timed_out=self._state.timed_out + 1)
            self._log.error("estimate_timed_out", unit=str(request.unit), limit_s=self._timeout_s)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            self._note(failed=self._state.failed + 1)
            self._log.error("estimate_failed", unit=str(request.unit), why=_last_line(error))
        return None

    def _run_worker(self, question: bytes) -> bytes:
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            self._worker,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as worker:
            self._running = worker
            try:
                output, errors = worker.communicate(question, self._timeout_s)
            except BaseException:
                worker.kill()
                raise
            finally:
                self._running = None
        if worker.returncode:
            raise subprocess.CalledProcessError(worker.returncode, self._worker, output, errors)
        return output

    def _note(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)


def _last_line(error: Exception) -> str:
    """How the worker ended and what it said last, which is the exception's own line."""
    if not isinstance(error, subprocess.CalledProcessError):
        return str(error)
    lines = error.stderr.decode(errors="replace").strip().splitlines()
    return f"exit code {error.returncode}: {lines[-1][:300] if lines else 'nothing said'}"
